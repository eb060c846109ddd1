"""Styles, fonts and the script, named by the hash of their content, so that browsers keep them for good."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}
_FONTS: Final = ("noto-sans-bengali-400.woff2", "noto-sans-bengali-700.woff2")
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


class StaticFile(NamedTuple):
    """A file as it is sent; ``packed`` is its content by gzip, where that is smaller."""

    name: str
    media_type: str
    content: bytes
    packed: bytes | None


@cache
def static_files() -> Mapping[str, StaticFile]:
    """All files by the names that templates use, such as ``desk.css``."""
    fonts = {name: _named(name, _read(name)) for name in _FONTS}
    style = _read("govuk-frontend.css") + b"\n" + _read("desk.css")
    for name, font in fonts.items():
        style = style.replace(f"url({name})".encode(), f"url({font.name})".encode())
    others = {"desk.css": _named("desk.css", style), "desk.js": _named("desk.js", _read("desk.js"))}
    return MappingProxyType({**fonts, **others, "icon.svg": _named("icon.svg", _read("icon.svg"))})


def static_url(name: str) -> str:
    """The address of a file on this host."""
    return f"/static/{static_files()[name].name}"


async def _send(request: Request) -> Response:
    wanted = request.path_params["name"]
    found = next((file for file in static_files().values() if file.name == wanted), None)
    if found is None:
        return Response(status_code=404, headers={"cache-control": "no-store"})
    headers = {"cache-control": _FOR_GOOD, "content-type": found.media_type, "vary": "accept-encoding"}
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "content-encoding": "gzip"})
    return Response(found.content, headers=headers)


STATIC_ROUTE: Final = Route("/static/{name}", _send, name="static")


def _named(name: str, content: bytes) -> StaticFile:
    path, digest = PurePath(name), hashlib.sha256(content).hexdigest()[:16]
    packed = gzip.compress(content, mtime=0)
    smaller = packed if len(packed) < len(content) * 0.9 else None
    return StaticFile(f"{path.stem}.{digest}{path.suffix}", _MEDIA_TYPES[path.suffix], content, smaller)


def _read(name: str) -> bytes:
    return files("nagorik_portal.desk").joinpath("static", name).read_bytes()
