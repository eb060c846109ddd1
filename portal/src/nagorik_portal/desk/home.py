"""The first page: what this operator's centre has begun, and where everything else is."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from nagorik_host.store.listings import PageCursor, PlaceInvalid
from nagorik_portal.desk.visits import Visit, page
from nagorik_portal.desk.wording import age_text, text
from nagorik_portal.drafts import Draft

_MOST: Final = 100


def cursor_of(visit: Visit) -> PageCursor | None:
    """The place in a list at which the page of the address begins; ``None`` for the top."""
    written = visit.request.query_params.get("after")
    try:
        return PageCursor.read(written) if written is not None else None
    except PlaceInvalid:
        raise HTTPException(404) from None


async def draft_rows(visit: Visit, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    """Drafts as the lists draw them."""
    now, names = visit.portal.host.clock.now(), await visit.portal.accounts.names(visit.operator.centre)
    known = {service.id: service.name for service in visit.casework.services()}
    return [
        {
            "id": draft.id,
            "reference": draft.reference,
            "operator": names.get(draft.operator, draft.operator),
            "service": known.get(draft.service or "", text("home.no-service")),
            "age": age_text(draft.updated_at, now),
        }
        for draft in drafts
    ]


async def _show(visit: Visit) -> Response:
    casework, me = visit.casework, visit.operator.id
    found, own = await casework.drafts(after=cursor_of(visit), limit=_MOST), await casework.drafts(operator=me)
    mine = await draft_rows(visit, own.rows)
    others = await draft_rows(visit, [one for one in found.rows if one.operator != me])
    more = f"/?after={found.next}" if found.next is not None else None
    return visit.page("home.html", "home.title", mine=mine, others=others, more=more, nothing=not mine and not others)


HOME_ROUTES: Final = (page("/", "home", _show),)
