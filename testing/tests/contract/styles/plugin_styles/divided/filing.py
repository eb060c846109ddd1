"""Filing."""

from typing import Any

from nagorik import Accepted, FormPart, hookimpl
from plugin_styles.divided.wire import Filed, content_of, status_of
from plugin_styles.plugin import Context


@hookimpl
async def nagorik_submit(request: Any, context: Context) -> Accepted:
    parts = [FormPart(name, text) for name, text in content_of(request).items()]
    parts += [FormPart(paper.kind, paper, filename=f"{paper.kind}.pdf") for paper in request.documents]
    filed = await context.http.write("file", "POST", "/applications", parts=parts, expect=Filed)
    return Accepted(reference=filed.number, status=status_of(filed))
