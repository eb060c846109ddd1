"""The desk as an ASGI application: its routes, and the headers of every response."""

from importlib import import_module
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nagorik_portal.desk.cases import CASE_ROUTES
from nagorik_portal.desk.citizen_acts import CITIZEN_ACT_ROUTES
from nagorik_portal.desk.correction import CORRECTION_ROUTES
from nagorik_portal.desk.filing import FILING_ROUTES
from nagorik_portal.desk.home import HOME_ROUTES
from nagorik_portal.desk.paying import PAYING_ROUTES
from nagorik_portal.desk.sign_in import SIGN_IN_ROUTES
from nagorik_portal.desk.standing import STANDING_ROUTES
from nagorik_portal.desk.static_files import STATIC_ROUTE
from nagorik_portal.desk.visits import HAS_COUNTER, Visit, language_of
from nagorik_portal.desk.work import WORK_ROUTES
from nagorik_portal.portal import Portal

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
_COUNTER: Final = import_module("nagorik_portal.desk.counter").COUNTER_ROUTES if HAS_COUNTER else ()
_BEFORE: Final = (STATIC_ROUTE, *SIGN_IN_ROUTES, *HOME_ROUTES, *FILING_ROUTES)
_AFTER: Final = (*WORK_ROUTES, *STANDING_ROUTES, *PAYING_ROUTES, *CITIZEN_ACT_ROUTES)
ROUTES: Final[tuple[BaseRoute, ...]] = (*_BEFORE, *_AFTER, *CORRECTION_ROUTES, *CASE_ROUTES, *_COUNTER)
"""All routes of the desk, in the order in which they are matched."""


def create_desk(portal: Portal) -> Starlette:
    """Make the desk's application on an open portal; it needs no lifespan of its own."""
    handlers = {HTTPException: _show_error, Exception: _show_error}
    desk = Starlette(routes=ROUTES, middleware=[Middleware(_ResponseHeaders)], exception_handlers=handlers)
    desk.state.portal = portal
    return desk


class _ResponseHeaders:
    """Adds what a response does not say itself: nothing is kept in a cache, loaded from elsewhere, or framed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def _show_error(request: Request, error: Exception) -> Response:
    visit = Visit(request, request.app.state.portal, language_of(request))
    status = error.status_code if isinstance(error, HTTPException) else 500
    codes = {404: "not-found", 405: "not-found", 413: "too-large", 500: "fault"}
    return visit.problem(codes.get(status, "not-understood"), status)
