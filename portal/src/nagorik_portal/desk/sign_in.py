"""Signing in and out."""

from typing import Final

from starlette.responses import Response

from nagorik_portal.accounts import SignInRefused
from nagorik_portal.desk.visits import SESSION, VISITOR, PageError, Visit, page
from nagorik_portal.desk.wording import text


async def _show(visit: Visit) -> Response:
    if visit.actor is not None:
        return visit.go("/")
    return visit.page("sign-in.html", "sign-in.title", form="page", name=visit.typed_text("name"))


async def _send(visit: Visit) -> Response:
    source = visit.request.client.host if visit.request.client else ""
    password = visit.typed.get("password", "")
    try:
        token = await visit.portal.accounts.sign_in(visit.typed_text("name"), str(password), source)
    except SignInRefused as refused:
        return _refused(visit, refused)
    visit.cookies |= {SESSION: token, VISITOR: None}
    return visit.go("/")


def _refused(visit: Visit, refused: SignInRefused) -> Response:
    name = visit.typed_text("name")
    if refused.retry_after is None:
        error, status = text("sign-in.wrong"), 422
    else:
        error, status = text("sign-in.throttled", minutes=-(-int(refused.retry_after) // 60)), 429
    response = visit.page(
        "sign-in.html", "sign-in.title", errors=[PageError("name", error)], status=status, form="page", name=name
    )
    if refused.retry_after is not None:
        response.headers["retry-after"] = str(int(refused.retry_after))
    return response


async def _show_sign_out(visit: Visit) -> Response:
    return visit.go("/")


async def _sign_out(visit: Visit) -> Response:
    if visit.token is not None:
        await visit.portal.accounts.sign_out(visit.token)
    visit.cookies[SESSION] = None
    return visit.go("/sign-in")


SIGN_IN_ROUTES: Final = (
    page("/sign-in", "sign-in", _show, _send, public=True),
    page("/sign-out", "sign-out", _show_sign_out, _sign_out, public=True),
)
