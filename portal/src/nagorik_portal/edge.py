"""The outermost layer of the API and of the desk: bounds of bodies, headers, metrics, a log line, remaining errors.

A line and a label have the route's template, never the path: a path may hold anything, and a query is not logged at
all. An error that nothing answers is logged by its type and place, since its text may quote anything.
"""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nagorik_platform.logs import get_logger
from nagorik_platform.logs.exceptions import describe_exception

UNMATCHED: Final = "unmatched"
"""Stands for a path that is no route's."""
LARGEST_JSON: Final = 1_000_000
"""Bytes of a body that is read as a whole; a document is streamed, and has bounds of its own."""
METRICS: Final = CollectorRegistry()
"""What this process measures."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ABOUT: Final = "Seconds from a request to the end of its response."
_LABELS: Final = ("method", "route", "status")
_SECONDS: Final = Histogram("nagorik_portal_request_seconds", _ABOUT, _LABELS, registry=METRICS)
_log = get_logger("nagorik.portal")


class Edge:
    """An ASGI layer around all routes of an application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: Mapping[str, str],
        failed: Callable[[Request, Exception], Awaitable[Response]],
        body_limit: int = 25_000_000,
    ) -> None:
        """Wrap ``app``: no body is larger than ``body_limit`` bytes, no response without ``headers``.

        ``failed`` makes the response for an error that nothing answers.
        """
        self._app, self._body_limit, self._headers, self._failed = app, body_limit, headers, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.pop("route", None)  # of the application that mounts this one
        began, status = perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status, headers = message["status"], MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        is_json = dict(scope["headers"]).get(b"content-type", b"").split(b";")[0].strip().endswith(b"json")
        incoming = bounded(scope, receive, LARGEST_JSON if is_json else self._body_limit)
        try:
            await self._app(scope, incoming, answer)
        except Exception as error:  # noqa: BLE001 - a server would log its text
            _log.error("request_failed", route=template(scope), failure=describe_exception(error))
            if status:
                # What was sent cannot be taken back; the server closes the connection, so that it is seen.
                raise ConnectionAbortedError("a response was broken off") from None
            await (await self._failed(Request(scope), error))(scope, receive, answer)
        finally:
            seconds, method = perf_counter() - began, scope["method"] if scope["method"] in _METHODS else UNMATCHED
            _SECONDS.labels(method, template(scope), str(status)).observe(seconds)
            line = {"method": method, "route": template(scope), "status": status}
            _log.info("request_served", **line, milliseconds=round(1000 * seconds, 1))


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
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return UNMATCHED
    return f"{scope.get('root_path', '')}{path}".replace("{", "<").replace("}", ">")
