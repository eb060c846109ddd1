"""The outermost layer of the API: bounds of bodies, headers of every response, metrics, and errors that remain."""

from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import failure
from nagorik_portal.api.problems import problem
from nagorik_portal.web import METHODS, UNMATCHED, bounded

LARGEST_JSON: Final = 1_000_000
"""Bytes of a body that is read as a whole; a document is streamed, and has bounds of its own."""
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_log = get_logger("nagorik.portal")


class ApiMetrics:
    """Counts requests by method, route template and status; no label comes from a path, a query or a body."""

    def __init__(self) -> None:
        """Begin at nothing, in a registry of its own."""
        self.registry = registry = CollectorRegistry()
        labels, about = ("method", "route"), "Requests that were answered."
        self.requests = Counter("nagorik_api_requests", about, (*labels, "status"), registry=registry)
        about = "Seconds from a request to the end of its response."
        self.seconds = Histogram("nagorik_api_request_seconds", about, labels, buckets=_SECONDS, registry=registry)
        self.in_flight = Gauge("nagorik_api_requests_in_flight", "Requests under way.", registry=registry)


class Edge:
    """An ASGI layer around the API's routes.

    An error that nothing answers becomes a problem, and a log line with its type and place: its text, which a server
    would log, may quote anything.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        """Wrap ``app`` and count in ``metrics``."""
        self._app, self._metrics = app, metrics

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
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        is_json = dict(scope["headers"]).get(b"content-type", b"").split(b";")[0].strip().endswith(b"json")
        incoming = bounded(scope, receive, LARGEST_JSON) if is_json else receive
        with self._metrics.in_flight.track_inprogress():
            try:
                await self._app(scope, incoming, answer)
            except Exception as error:  # noqa: BLE001 - a server would log its text
                _log.error("request_failed", route=_template(scope), defect=failure(error))
                if status:
                    # What was sent cannot be taken back; the server closes the connection, so that it is seen.
                    raise ConnectionAbortedError("a response was broken off") from None
                await (await problem(Request(scope), error))(scope, receive, answer)
            finally:
                labels = scope["method"] if scope["method"] in METHODS else UNMATCHED, _template(scope)
                self._metrics.requests.labels(*labels, str(status)).inc()
                self._metrics.seconds.labels(*labels).observe(perf_counter() - began)


def _template(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", None) or UNMATCHED)
