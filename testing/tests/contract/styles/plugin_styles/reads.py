"""Styles of asking: page by page, several addresses side by side, answers that may be empty in every part."""

import asyncio
from typing import Any

from nagorik import AgencyStatus, DefinitelyAbsent, Found, WireModel, hookimpl
from plugin_styles.plugin import Context, Filed, Stalls, status_of


class Row(Filed):
    reference: str = ""


class Page(WireModel):
    items: tuple[Row, ...]
    following: int | None = None


class Remark(WireModel):
    text: str | None


class Officer(WireModel):
    officer: str | None = None
    room: str | None = None


class ReadsPages(Stalls):
    """The search lists all applications of the partner, a few on a page."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, page = context.clock.now(), 1
        while page:
            found = await context.http.read("search", "GET", "/applications", params={"page": page}, expect=Page)
            for row in found.items:
                if row.reference == request.client_reference:
                    return Found(reference=row.number, status=status_of(row))
            page = found.following or 0
        return DefinitelyAbsent(as_of=asked)


class AsksSideBySide(Stalls):
    """State and remark stand at two addresses, which are asked at once; a remark may be null."""

    async def ask(self, number: str, context: Context) -> Filed:
        async with asyncio.TaskGroup() as group:
            state = group.create_task(super().ask(number, context))
            remark = group.create_task(
                context.http.read("remark", "GET", f"/applications/{number}/remark", expect=Remark)
            )
        return state.result().model_copy(update={"remark": remark.result().text})


class Gathers(Stalls):
    """As ``AsksSideBySide``, with ``asyncio.gather``, and one part more that may be absent altogether."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/applications/{request.agency_reference}"
        filed, remark, _ = await asyncio.gather(
            self.ask(request.agency_reference, context),
            context.http.read("remark", "GET", f"{path}/remark", expect=Remark),
            context.http.read_or_none("officer", "GET", f"{path}/officer", expect=Officer),
        )
        return status_of(filed.model_copy(update={"remark": remark.text}))


reads_pages, asks_side_by_side, gathers = ReadsPages(), AsksSideBySide(), Gathers()
