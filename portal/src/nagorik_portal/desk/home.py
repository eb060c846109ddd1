"""The first page: what this operator's centre has begun, and where everything else is."""

from typing import Final

from starlette.responses import Response

from nagorik_portal.desk.visits import Visit, page
from nagorik_portal.desk.wording import age_text, text

_MOST: Final = 100


async def _show(visit: Visit) -> Response:
    now, names = visit.portal.host.clock.now(), await visit.portal.accounts.names(visit.operator.centre)
    known = {service.id: service.name for service in visit.casework.services()}
    drafts = [
        {
            "id": draft.id,
            "reference": draft.reference,
            "operator": names.get(draft.operator, draft.operator),
            "service": known.get(draft.service or "", text("home.no-service")),
            "age": age_text(draft.updated_at, now),
            "is_mine": draft.operator == visit.operator.id,
        }
        for draft in await visit.casework.drafts(limit=_MOST)
    ]
    mine = [draft for draft in drafts if draft["is_mine"]]
    others = [draft for draft in drafts if not draft["is_mine"]]
    return visit.page("home.html", "home.title", mine=mine, others=others, nothing=not drafts)


HOME_ROUTES: Final = (page("/", "home", _show),)
