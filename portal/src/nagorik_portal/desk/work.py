"""Lists of a centre's work: what waits for whom, what has not reached its agency, and what a search finds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from nagorik import ApplicationState
from nagorik_host.store.listings import ApplicationFilter, Page
from nagorik_host.view_reader import service_of
from nagorik_platform.lifecycle import state_label
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY
from nagorik_portal.casework import NOT_AT_THE_AGENCY
from nagorik_portal.desk.home import cursor_of, draft_rows
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import age_text, text

_FEW: Final = 10
_MANY: Final = 50
_OUTBOX: Final = "outbox"
_PAYING: Final = frozenset({ApplicationState.AWAITING_PAYMENT.value})
_AGENCY: Final = frozenset(one.value for one in AT_THE_AGENCY)
_OVER: Final = frozenset(one.value for one in ApplicationState) - NOT_AT_THE_AGENCY - _AGENCY


def _open(states: frozenset[str] = frozenset(), *waits_for: str) -> ApplicationFilter:
    return ApplicationFilter(waits_for=waits_for, states=states, open_only=True, oldest_first=True)


_GROUPS: Final[Mapping[str, ApplicationFilter]] = {
    "citizen": _open(frozenset(), "citizen"),
    "payment": _open(_PAYING, ""),
    "person": _open(frozenset(), "person"),
    "agency": _open(_AGENCY, "agency", ""),
    "host": _open(NOT_AT_THE_AGENCY - _PAYING, ""),
    "over": _open(_OVER, "", "agency"),
}
"""Parts of the queue by whom their applications wait for; ``""`` is the host itself."""
_LISTS: Final = {**_GROUPS, _OUTBOX: _open(NOT_AT_THE_AGENCY)}


def list_row(visit: Visit, application: str, service: str, state: str, since: datetime) -> dict[str, object]:
    """A line of a list, with how many days ago ``since`` was."""
    known = service_of(visit.portal.host, service)
    return {
        "id": application,
        "service": known.name if known is not None else service,
        "means": state_label(ApplicationState(state)),
        "age": age_text(since, visit.portal.host.clock.now()),
    }


async def _rows(visit: Visit, found: Any) -> list[dict[str, Any]]:
    briefs, now = await visit.casework.briefs(found), visit.portal.host.clock.now()
    late = {one for one, brief in briefs.items() if (at := brief.get("expected_by")) is not None and at < now}
    return [
        {
            **list_row(visit, one.id, one.service, one.state, one.opened_at),
            "brief": briefs[one.id],
            "overdue": one.id in late and one.closed_at is None,
        }
        for one in found
    ]


async def _work(visit: Visit) -> Response:
    groups = []
    for name, wanted in _GROUPS.items():
        found = await visit.casework.queue(wanted, limit=_FEW)
        if found.rows:
            more = f"/work/{name}" if found.next is not None else None
            groups.append({"name": text(f"work.{name}"), "rows": await _rows(visit, found.rows), "more": more})
    return visit.page("work.html", "work.title", groups=groups, nothing=not groups)


async def _list(visit: Visit) -> Response:
    name = visit.request.path_params.get("group", _OUTBOX)
    if name not in _LISTS:
        raise HTTPException(404)
    found: Page = await visit.casework.queue(_LISTS[name], after=cursor_of(visit), limit=_MANY)
    more = f"{visit.request.url.path}?after={found.next}" if found.next is not None else None
    title, is_outbox = ("outbox.title", True) if name == _OUTBOX else (f"work.{name}", False)
    rows = [one for one in await _rows(visit, found.rows) if not (is_outbox and one["brief"].get("agency_reference"))]
    said: dict[str, Any] = {"explained": text("outbox.explained")} if is_outbox else {}
    return visit.page("work-list.html", title, rows=rows, more=more, back="/work", **said)


async def _search(visit: Visit) -> Response:
    wanted = visit.typed_text("wanted")
    shown: dict[str, Any] = {"form": "page", "wanted": wanted}
    if wanted:
        found = await visit.casework.search(wanted)
        rows, drafts = await _rows(visit, found), await draft_rows(visit, await visit.casework.find_drafts(wanted))
        shown |= {"rows": rows, "drafts": drafts, "nothing": not rows and not drafts}
    elif "wanted" in visit.typed and not visit.is_language_change:
        shown["errors"] = [PageError("wanted", text("search.empty"))]
    return visit.page("search.html", "search.title", **shown)


WORK_ROUTES: Final = [
    page("/work", "work", _work),
    page("/work/{group}", "work-group", _list),
    page("/outbox", "outbox", _list),
    page("/search", "search", _search, _search),
]
