"""The same styles with one fault each, so that what lets a style be lets no fault pass."""

from typing import Any

from nagorik import DefinitelyAbsent, FormPart, Found, NagorikError, Pending, hookimpl
from plugin_styles.plugin import Context, Filed, Stalls, status_of
from plugin_styles.reads import Page
from plugin_styles.writes import DraftsFirst, Kept, UploadsFirst


class TakesDraftForFiled(DraftsFirst):
    """Says that the application is taken in, once there is a draft of it."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_submit(request, context)
        except NagorikError:
            return Pending()


class UploadsAgain(UploadsFirst):
    """Uploads everything once more where the filing is refused, and files under another step."""

    async def file(self, request: Any, context: Context) -> Filed:
        try:
            return await super().file(request, context)
        except NagorikError:
            return await self.file_again(request, context)

    async def file_again(self, request: Any, context: Context) -> Filed:
        parts = [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
        kept = await context.http.write("upload-again", "POST", "/papers", parts=parts, expect=Kept)
        content = {**self.content(request), "papers": [kept.id]}
        return await context.http.write("file-again", "POST", "/applications", json=content, expect=Filed)


class StopsAtTrouble(Stalls):
    """Takes a page that does not come for the end of the list."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, page = context.clock.now(), 1
        while page:
            try:
                found = await context.http.read("search", "GET", "/applications", params={"page": page}, expect=Page)
            except NagorikError:
                break
            for row in found.items:
                if row.reference == request.client_reference:
                    return Found(reference=row.number, status=status_of(row))
            page = found.following or 0
        return DefinitelyAbsent(as_of=asked)


class ReadsEachPageTwice(Stalls):
    """Reads the list again from its beginning, to be sure."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, rows = context.clock.now(), []
        for _ in range(2):
            page = 1
            while page:
                found = await context.http.read("search", "GET", "/applications", params={"page": page}, expect=Page)
                rows += found.items
                page = found.following or 0
        for row in rows:
            if row.reference == request.client_reference:
                return Found(reference=row.number, status=status_of(row))
        return DefinitelyAbsent(as_of=asked)


class NeverNumbered(Stalls):
    """Files nothing, and says that it is pending."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        return Pending(check_after=60)


takes_draft_for_filed, uploads_again, stops_at_trouble = TakesDraftForFiled(), UploadsAgain(), StopsAtTrouble()
reads_each_page_twice, never_numbered = ReadsEachPageTwice(), NeverNumbered()
