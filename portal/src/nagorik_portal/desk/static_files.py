"""Styles, fonts and the script, named by the hash of their content, so that browsers keep them for good."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "woff2": "font/woff2"}
_FONTS: Final = ("noto-sans-bengali-400.woff2", "noto-sans-bengali-700.woff2")
_FOR_GOOD: Final = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
_packed = cache(gzip.compress)


@cache
def static_files() -> Mapping[str, tuple[str, bytes]]:
    """The address and the content of each file, by the name that templates use, such as ``desk.css``."""
    folder = files("nagorik_portal.desk").joinpath("static")
    found = {name: _named(name, folder.joinpath(name).read_bytes()) for name in (*_FONTS, "desk.js", "icon.svg")}
    style = b"\n".join(folder.joinpath(name).read_bytes() for name in ("govuk-frontend.css", "desk.css"))
    for font in _FONTS:
        style = style.replace(f"url({font})".encode(), f"url({found[font][0]})".encode())
    return {**found, "desk.css": _named("desk.css", style)}


def _named(name: str, content: bytes) -> tuple[str, bytes]:
    stem, _, ending = name.rpartition(".")
    return f"/static/{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{ending}", content


async def _send(request: Request) -> Response:
    path = f"/static/{request.path_params['name']}"
    content = next((content for address, content in static_files().values() if address == path), None)
    if content is None:
        return Response(status_code=404)
    media_type, headers = _MEDIA_TYPES[path.rpartition(".")[2]], dict(_FOR_GOOD)
    if media_type.startswith("text/") and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["content-encoding"] = _packed(content), "gzip"
    return Response(content, media_type=media_type, headers=headers)


STATIC_ROUTE: Final = Route("/static/{name}", _send, name="static")
