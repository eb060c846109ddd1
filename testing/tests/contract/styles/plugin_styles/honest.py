"""Edits that harm nobody: a line in the log, a helper in a thread, a look-up more than is needed."""

import asyncio
import json
from typing import Any

from plugin_styles.plugin import Context, Filed, Matches, Stalls


class LogsWhatItDoes(Stalls):
    async def file(self, request: Any, context: Context) -> Filed:
        filed = await super().file(request, context)
        context.log.info("market_filed", word=filed.word, papers=len(request.documents))
        return filed


class HelpsInAThread(Stalls):
    """Leaves to a thread what could take long."""

    async def file(self, request: Any, context: Context) -> Filed:
        await asyncio.to_thread(json.dumps, self.content(request))
        return await super().file(request, context)


class LooksUpFirst(Stalls):
    """Asks whether the application is there before it is filed."""

    async def file(self, request: Any, context: Context) -> Filed:
        query = {"clientReference": request.client_reference}
        await context.http.read("search", "GET", "/applications", params=query, expect=Matches)
        return await super().file(request, context)


logs_what_it_does, helps_in_a_thread, looks_up_first = LogsWhatItDoes(), HelpsInAThread(), LooksUpFirst()
