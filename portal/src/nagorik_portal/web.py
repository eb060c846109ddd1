"""The whole portal as one ASGI application: the API at ``/v1``, the desk at ``/``."""

import re
from time import perf_counter
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nagorik_platform.logs import get_logger
from nagorik_portal.portal import Portal

UNMATCHED: Final = "unmatched"
"""Stands in the log for a path that is no route's: it may hold anything."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = get_logger("nagorik.portal")


def create_app(portal: Portal) -> ASGIApp:
    """Join the API, which has health, readiness and metrics, and the desk."""
    from nagorik_portal.api import create_api
    from nagorik_portal.desk import create_desk

    routes = [mount("/v1", create_api(portal)), mount("/", create_desk(portal))]
    return Frontier(Starlette(routes=routes), portal.settings.body_limit)


def mount(path: str, app: ASGIApp) -> Mount:
    """Mount ``app``, also for paths with a line break, which Starlette's own pattern leaves out."""
    mounted = Mount(path, app)
    mounted.path_regex = re.compile(mounted.path_regex.pattern, re.DOTALL)
    return mounted


class Frontier:
    """The outermost layer: the largest body, and a log line of each request.

    A line has the route's template, never the path: a path may hold anything, and a query is not logged at all.
    """

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        """Wrap ``app``; no body is larger than ``body_limit`` bytes."""
        self._app, self._body_limit = app, body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, bounded(scope, receive, self._body_limit), answer)
        finally:
            method = scope["method"] if scope["method"] in METHODS else UNMATCHED
            milliseconds = round(1000 * (perf_counter() - began), 1)
            line = {"method": method, "route": template(scope), "status": status, "milliseconds": milliseconds}
            _log.info("request_served", **line)


def bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Refuse a body above ``limit`` bytes, at its announcement where it is announced."""
    announced, size = dict(scope["headers"]).get(b"content-length", b"0"), 0
    is_too_large = not announced.isdigit() or int(announced) > limit

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if is_too_large or size > limit:
            raise HTTPException(413)
        return message

    return counted


def template(scope: Scope) -> str:
    """The template of the route that took a request, such as ``/v1/applications/<application>``."""
    route, mounted = scope.get("route"), scope.get("root_path", "")
    if route is None or (isinstance(route, Mount) and not mounted):
        return UNMATCHED
    path = mounted if isinstance(route, Mount) else mounted + str(getattr(route, "path", ""))
    return path.replace("{", "<").replace("}", ">") or "/"
