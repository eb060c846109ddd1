"""Lists of a centre's work: what waits for whom, what has not reached its agency, and what a search finds."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from nagorik import ApplicationState, Text
from nagorik_host.store.listings import ApplicationFilter, Page, PageCursor, PlaceInvalid
from nagorik_platform.lifecycle import state_label
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY
from nagorik_portal.casework import NOT_AT_THE_AGENCY
from nagorik_portal.desk.home import draft_rows
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import age_text, text

_FEW: Final = 10
_MANY: Final = 50
_PAYING: Final = ApplicationState.AWAITING_PAYMENT.value
_AGENCY: Final = frozenset(one.value for one in AT_THE_AGENCY)
_OVER: Final = frozenset(one.value for one in ApplicationState) - NOT_AT_THE_AGENCY - _AGENCY


class _Group(NamedTuple):
    """Part of the queue: whom its applications wait for, and in which states they are."""

    waits_for: tuple[str, ...]
    states: frozenset[str] = frozenset()


_GROUPS: Final[Mapping[str, _Group]] = {
    "citizen": _Group(("citizen",)),
    "payment": _Group(("",), frozenset({_PAYING})),
    "person": _Group(("person",)),
    "agency": _Group(("agency", ""), _AGENCY),
    "host": _Group(("",), NOT_AT_THE_AGENCY - {_PAYING}),
    "over": _Group(("", "agency"), _OVER),
}


async def _work(visit: Visit) -> Response:
    groups = []
    for name in _GROUPS:
        found = await _group(visit, name, limit=_FEW)
        if found.rows:
            more = f"/work/{name}" if found.next is not None else None
            groups.append({"name": text(f"work.{name}"), "rows": await rows_of(visit, found.rows), "more": more})
    drafts = [one for one in await draft_rows(visit) if one["is_mine"]]
    return visit.page("work.html", "work.title", groups=groups, drafts=drafts, nothing=not groups and not drafts)


async def _group(visit: Visit, name: str, *, limit: int, after: PageCursor | None = None) -> Page:
    group = _GROUPS[name]
    wanted = ApplicationFilter(waits_for=group.waits_for, states=group.states, open_only=True, oldest_first=True)
    return await visit.casework.queue(wanted, after=after, limit=limit)


async def _whole_group(visit: Visit) -> Response:
    name = visit.request.path_params["group"]
    if name not in _GROUPS:
        raise HTTPException(404)
    found = await _group(visit, name, limit=_MANY, after=_cursor(visit))
    return await _list_page(visit, f"work.{name}", f"/work/{name}", found)


async def _outbox(visit: Visit) -> Response:
    found = await visit.casework.queue(
        ApplicationFilter(states=NOT_AT_THE_AGENCY, open_only=True, oldest_first=True),
        after=_cursor(visit),
        limit=_MANY,
    )
    return await _list_page(visit, "outbox.title", "/outbox", found, explained=text("outbox.explained"))


async def _list_page(visit: Visit, title: str, path: str, found: Page, explained: Text | None = None) -> Response:
    more = f"{path}?after={found.next}" if found.next is not None else None
    rows = await rows_of(visit, found.rows)
    return visit.page("work-list.html", title, rows=rows, more=more, explained=explained, back="/work")


def _cursor(visit: Visit) -> PageCursor | None:
    written = visit.request.query_params.get("after")
    if written is None:
        return None
    try:
        return PageCursor.read(written)
    except PlaceInvalid:
        raise HTTPException(404) from None


async def rows_of(visit: Visit, rows: Any) -> list[dict[str, object]]:
    """Rows of applications as the lists draw them."""
    now, briefs = visit.portal.host.clock.now(), await visit.casework.briefs(rows)
    names = {one.id: one.name for one in visit.portal.host.platform.services}
    return [
        {
            "id": row.id,
            "reference": briefs[row.id].reference or text("work.erased"),
            "agency_reference": briefs[row.id].agency_reference,
            "service": names.get(row.service, row.service),
            "means": state_label(ApplicationState(row.state)),
            "age": age_text(row.opened_at, now),
            "overdue": (due := briefs[row.id].expected_by) is not None and due < now and row.closed_at is None,
        }
        for row in rows
    ]


async def _search(visit: Visit) -> Response:
    return visit.page("search.html", "search.title", form="page", wanted=visit.typed_text("wanted"))


async def _find(visit: Visit) -> Response:
    wanted = visit.typed_text("wanted")
    if not wanted:
        errors = [PageError("wanted", text("search.empty"))]
        return visit.page("search.html", "search.title", form="page", errors=errors, status=422, wanted="")
    found = await visit.casework.search(wanted)
    drafts = await draft_rows(visit, found.drafts)
    rows = await rows_of(visit, found.applications)
    return visit.page(
        "search.html",
        "search.title",
        form="page",
        wanted=wanted,
        rows=rows,
        drafts=drafts,
        nothing=not rows and not drafts,
    )


WORK_ROUTES: Final[list[Route]] = [
    page("/work", "work", _work),
    page("/work/{group}", "work-group", _whole_group),
    page("/outbox", "outbox", _outbox),
    page("/search", "search", _search, _find, keeps_typed=True),
]
