"""The first page: what this operator's centre has begun, and where everything else is."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import Response

from nagorik_portal.desk.visits import Visit, page
from nagorik_portal.desk.wording import age_text, text
from nagorik_portal.drafts import Draft

_MOST: Final = 100


async def draft_rows(visit: Visit, drafts: Sequence[Draft] | None = None) -> list[dict[str, Any]]:
    """Drafts as the lists draw them: these, or those of the centre that are not handed in."""
    now, names = visit.portal.host.clock.now(), await visit.portal.accounts.names(visit.operator.centre)
    known = {service.id: service.name for service in visit.casework.services()}
    return [
        {
            "id": draft.id,
            "reference": draft.reference,
            "operator": names.get(draft.operator, draft.operator),
            "service": known.get(draft.service or "", text("home.no-service")),
            "age": age_text(draft.updated_at, now),
            "is_mine": draft.operator == visit.operator.id,
        }
        for draft in (drafts if drafts is not None else await visit.casework.drafts(limit=_MOST))
    ]


async def _show(visit: Visit) -> Response:
    drafts = await draft_rows(visit)
    mine, others = [one for one in drafts if one["is_mine"]], [one for one in drafts if not one["is_mine"]]
    return visit.page("home.html", "home.title", mine=mine, others=others, nothing=not drafts)


HOME_ROUTES: Final = (page("/", "home", _show),)
