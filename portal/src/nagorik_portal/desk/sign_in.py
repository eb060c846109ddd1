"""Signing in and out."""

from typing import Final

from starlette.responses import Response

from nagorik_portal.accounts import SignInRefused
from nagorik_portal.desk.visits import KEPT, SESSION, VISITOR, PageError, Visit, page
from nagorik_portal.desk.wording import text


async def _show(visit: Visit, refused: SignInRefused | None = None) -> Response:
    if visit.actor is not None:
        return visit.go("/")
    errors, status, headers = [], 200, {}
    if refused is not None:
        errors, status = [PageError("name", text("sign-in.wrong"))], 422
        if refused.retry_after is not None:
            wait = text("sign-in.throttled", minutes=-(-refused.retry_after // 60))
            errors, status, headers = [PageError("name", wait)], 429, {"retry-after": str(refused.retry_after)}
    kept = [(name, value) for name, value in visit.typed.multi_items() if name.startswith(KEPT)]
    shown = {"form": "page", "name": visit.typed_text("name"), "next": visit.typed_text("next"), "kept": kept}
    response = visit.page("sign-in.html", "sign-in.title", errors=errors, status=status, **shown)
    response.headers.update(headers)
    return response


async def _send(visit: Visit) -> Response:
    source = visit.request.client.host if visit.request.client else ""
    accounts = visit.portal.accounts
    try:
        token = await accounts.sign_in(visit.typed_text("name"), str(visit.typed.get("password", "")), source)
    except SignInRefused as refused:
        return await _show(visit, refused)
    visit.cookies |= {SESSION: token, VISITOR: None}
    kept = [(name.removeprefix(KEPT), one) for name, one in visit.typed.multi_items() if name.startswith(KEPT)]
    if not kept:
        return visit.go("/")
    visit.token, visit.actor = token, await accounts.session(token)
    return visit.page("resume.html", "sign-in.resume", kept=kept, next=visit.typed_text("next"))


async def _home(visit: Visit) -> Response:
    return visit.go("/")


async def _sign_out(visit: Visit) -> Response:
    if visit.token is not None:
        await visit.portal.accounts.sign_out(visit.token)
    visit.cookies[SESSION] = None
    return visit.go("/sign-in")


SIGN_IN_ROUTES: Final = (
    page("/sign-in", "sign-in", _show, _send, public=True),
    page("/sign-out", "sign-out", _home, _sign_out, public=True),
)
