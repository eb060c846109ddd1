"""The desk as an ASGI application: its routes, and the headers of every response."""

from importlib import import_module
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

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
from nagorik_portal.edge import Edge
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
    desk = Starlette(routes=ROUTES, exception_handlers={HTTPException: _show_error})
    desk.add_middleware(Edge, headers=_HEADERS, failed=_show_error)
    desk.router.redirect_slashes = False  # it would send a browser to the host that a request names
    desk.state.portal = portal
    return desk


async def _show_error(request: Request, error: Exception) -> Response:
    visit = Visit(request, request.app.state.portal, language_of(request))
    status = error.status_code if isinstance(error, HTTPException) else 500
    codes = {404: "not-found", 405: "not-found", 413: "too-large", 500: "fault"}
    return visit.problem(codes.get(status, "not-understood"), status)
