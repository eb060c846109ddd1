"""Styles of filing: in two writes, with a ticket, taken in for later, with a number that comes later, or doubly."""

import asyncio
import json
import uuid
from datetime import timedelta
from typing import Any

from nagorik import (
    AgencyResponse,
    Body,
    DefinitelyAbsent,
    DuplicateApplication,
    FormPart,
    Found,
    NagorikError,
    Pending,
    WireModel,
    hookimpl,
)
from plugin_styles.plugin import Context, Filed, Matches, Stalls, status_of

BEFORE_ITS_NUMBER = timedelta(minutes=10)
"""After which an application that was taken in has a number."""


class Kept(WireModel):
    id: str


class UploadsFirst(Stalls):
    """Uploads each paper, then files with what they are called there."""

    async def file(self, request: Any, context: Context) -> Filed:
        names = []
        for paper in request.documents:
            part = FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf")
            kept = await context.http.write(f"upload-{paper.kind}", "POST", "/papers", parts=[part], expect=Kept)
            names.append(kept.id)
        content = {**self.content(request), "papers": names}
        return await context.http.write("file", "POST", "/applications", json=content, expect=Filed)


class UploadsAtOnce(Stalls):
    """Uploads all papers side by side, then files."""

    async def file(self, request: Any, context: Context) -> Filed:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.upload(paper, context)) for paper in request.documents]
        content = {**self.content(request), "papers": [task.result() for task in tasks]}
        return await context.http.write("file", "POST", "/applications", json=content, expect=Filed)

    async def upload(self, paper: Any, context: Context) -> str:
        part = FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf")
        step = f"upload-{paper.kind}"
        return (await context.http.write(step, "POST", "/papers", parts=[part], expect=Kept)).id


class ReadsWhatItFiled(Stalls):
    """Is told a number, and reads the state of the application before it returns."""

    async def file(self, request: Any, context: Context) -> Filed:
        filed = await super().file(request, context)
        return await self.ask(filed.number, context)


class DraftsFirst(Stalls):
    """Saves a draft, then lodges it: the agency has its number before it has the application."""

    async def file(self, request: Any, context: Context) -> Filed:
        texts = [FormPart(name, text) for name, text in self.content(request).items()]
        papers = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        draft = await context.http.write("draft", "POST", "/drafts", parts=[*texts, *papers], expect=Kept)
        return await context.http.write("lodge", "POST", f"/drafts/{draft.id}/lodging", expect=Filed)


class PreparesDraft(Stalls):
    """Saves a draft, as often as need be, then lodges the last."""

    async def file(self, request: Any, context: Context) -> Filed:
        texts = [FormPart(name, text) for name, text in self.content(request).items()]
        papers = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        draft = await context.http.prepare("draft", "POST", "/drafts", parts=[*texts, *papers], expect=Kept)
        return await context.http.write("lodge", "POST", f"/drafts/{draft.id}/lodging", expect=Filed)


class StampsFilings(Stalls):
    """Says when each attempt is sent, gives it a number of its own, and draws a word for it."""

    async def file(self, request: Any, context: Context) -> Filed:
        now = context.clock.now()
        fresh = {"sent": now.isoformat(), "epoch": str(int(now.timestamp())), "requestId": str(uuid.uuid4())}
        texts = {**self.content(request), **fresh, "nonce": uuid.uuid4().hex}
        parts = [FormPart(name, text) for name, text in texts.items()]
        papers = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        return await context.http.write("file", "POST", "/applications", parts=[*parts, *papers], expect=Filed)


class LooksFirst(Stalls):
    """Asks whether it is there already, and does not rely on it."""

    async def file(self, request: Any, context: Context) -> Filed:
        query = {"clientReference": request.client_reference}
        found = await context.http.read("first", "GET", "/applications", params=query, expect=Matches)
        return found.items[0] if found.items else await super().file(request, context)


class WritesJsonItself(Stalls):
    """Has the bytes of its bodies from another library, which writes them in ASCII and in another order."""

    async def file(self, request: Any, context: Context) -> Filed:
        content = json.dumps(self.content(request), sort_keys=True, separators=(",", ":"))
        body = Body(content.encode("ascii"), "application/json")
        return await context.http.write("file", "POST", "/applications", body=body, expect=Filed)


class ReadsTicket(Stalls):
    """Reads a ticket, and files with it."""

    async def file(self, request: Any, context: Context) -> Filed:
        ticket = await context.http.read("ticket", "GET", "/ticket", expect=Kept)
        texts = [FormPart(name, text) for name, text in {**self.content(request), "ticket": ticket.id}.items()]
        papers = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        return await context.http.write("file", "POST", "/applications", parts=[*texts, *papers], expect=Filed)


class TakenIn(Stalls):
    """Is told a number, and no state until later."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        return Pending(reference=(await self.file(request, context)).number, check_after=120)


class NumberedLater(Stalls):
    """Is told 202 and no number; the number is found by our reference, after a while."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        texts = [FormPart(name, text) for name, text in self.content(request).items()]
        papers = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        await context.http.write(
            "file", "POST", "/applications", parts=[*texts, *papers], expect=Kept, accept=frozenset({202})
        )
        return Pending(check_after=BEFORE_ITS_NUMBER.total_seconds())

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked = context.clock.now()
        query = {"clientReference": request.client_reference}
        found = await context.http.read("search", "GET", "/applications", params=query, expect=Matches)
        for filed in found.items:
            return Found(reference=filed.number, status=status_of(filed))
        return DefinitelyAbsent(as_of=asked - BEFORE_ITS_NUMBER)


class AdoptsDoubles(Stalls):
    """Before an agency that has no keys, and tells the number that an application has already."""


def read_double(answer: AgencyResponse) -> NagorikError | None:
    document = answer.document
    number = document.get("filedAs") if isinstance(document, dict) and answer.status == 409 else None
    return DuplicateApplication(number) if isinstance(number, str) else None


uploads_first, uploads_at_once, drafts_first = UploadsFirst(), UploadsAtOnce(), DraftsFirst()
reads_ticket, reads_what_it_filed = ReadsTicket(), ReadsWhatItFiled()
prepares_draft, stamps_filings, looks_first = PreparesDraft(), StampsFilings(), LooksFirst()
writes_json_itself = WritesJsonItself()
taken_in, numbered_later, adopts_doubles = TakenIn(), NumberedLater(), AdoptsDoubles()
