"""Signing in and out."""

from typing import Any, Final

from starlette.responses import Response

from nagorik_portal.accounts import SignInRefused, SignInThrottled
from nagorik_portal.desk.visits import KEPT, SESSION, VISITOR, PageError, Visit, page
from nagorik_portal.desk.wording import text


async def _show(visit: Visit, refused: SignInRefused | SignInThrottled | None = None) -> Response:
    if visit.actor is not None:
        return visit.go("/")
    shown: dict[str, Any] = {"kept": [one for one in visit.typed.multi_items() if one[0].startswith(KEPT)]}
    shown |= {"form": "page", "name": visit.typed_text("name"), "next": visit.typed_text("next")}
    wait = refused.retry_after if isinstance(refused, SignInThrottled) else None
    if refused is not None:
        said = text("sign-in.wrong") if wait is None else text("sign-in.throttled", minutes=-(-wait // 60))
        shown |= {"errors": [PageError("name", said)], "status": 422 if wait is None else 429}
    response = visit.page("sign-in.html", "sign-in.title", **shown)
    response.headers.update({"retry-after": str(wait)} if wait is not None else {})
    return response


async def _send(visit: Visit) -> Response:
    accounts = visit.portal.accounts
    try:
        token = await accounts.sign_in(visit.typed_text("name"), str(visit.typed.get("password", "")))
    except (SignInRefused, SignInThrottled) as refused:
        return await _show(visit, refused)
    visit.cookies |= {SESSION: token, VISITOR: None}
    kept = [(name.removeprefix(KEPT), one) for name, one in visit.typed.multi_items() if name.startswith(KEPT)]
    visit.token, visit.actor = token, await accounts.session(token)
    resumed = visit.page("resume.html", "sign-in.resume", kept=kept, next=visit.typed_text("next"))
    return resumed if kept else visit.go("/")


async def _sign_out(visit: Visit) -> Response:
    if visit.token is not None:
        await visit.portal.accounts.sign_out(visit.token)
    visit.cookies[SESSION] = None
    return visit.go("/sign-in")


SIGN_IN_ROUTES: Final = (
    page("/sign-in", "sign-in", _show, _send, public=True),
    page("/sign-out", "sign-out", _show, _sign_out, public=True),
)
