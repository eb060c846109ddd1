"""Asking what became of it."""

from typing import Any

from nagorik import AgencyStatus, DefinitelyAbsent, Found, hookimpl
from plugin_styles.divided.wire import Filed, Matches, status_of
from plugin_styles.plugin import Context


@hookimpl
async def nagorik_find_submission(request: Any, context: Context) -> Found | DefinitelyAbsent:
    asked = context.clock.now()
    query = {"clientReference": request.client_reference}
    found = await context.http.read("search", "GET", "/applications", params=query, expect=Matches)
    for filed in found.items:
        return Found(reference=filed.number, status=status_of(filed))
    return DefinitelyAbsent(as_of=asked)


@hookimpl
async def nagorik_get_status(request: Any, context: Context) -> AgencyStatus:
    path = f"/applications/{request.agency_reference}"
    return status_of(await context.http.read("status", "GET", path, expect=Filed))
