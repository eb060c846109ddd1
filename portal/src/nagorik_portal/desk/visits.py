"""A visit: one request of one operator, and the page or the redirect that it ends with.

A page is two functions, ``show`` for GET and ``send`` for POST, and ``page`` makes a route of them. The route finds
the session, refuses a POST without the session's token, changes the language, and shows what went wrong as a page.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from nagorik import NagorikError, Text
from nagorik_portal.actors import PortalActor
from nagorik_portal.casework import Casework
from nagorik_portal.desk.rendering import ENVIRONMENT
from nagorik_portal.desk.static_files import static_url
from nagorik_portal.desk.wording import Language, is_language, text, written
from nagorik_portal.portal import Portal
from nagorik_toolkit.texts import Fill

CSRF: Final = "csrf"
"""The hidden field of each form that holds the session's token."""
LANGUAGE: Final = "language"
NAVIGATION: Final = [
    {"href": "/", "text": "navigation.home", "scope": "apply"},
    {"href": "/work", "text": "navigation.work", "scope": "view"},
    {"href": "/search", "text": "navigation.search", "scope": "view"},
    {"href": "/outbox", "text": "navigation.outbox", "scope": "view"},
    {"href": "/cases", "text": "navigation.cases", "scope": "decide"},
    {"href": "/tills", "text": "navigation.tills", "scope": "apply"},
]
"""The menu, in order: an address, the code of its text, and the scope that its page needs."""
_MOST_FIELDS: Final = 1_000


@dataclass(frozen=True)
class PageError:
    """What is wrong with what was typed.

    ``field`` is the id of the input that the summary links to, or the path of a page where it is put right.
    """

    field: str
    text: Text

    @property
    def href(self) -> str:
        """Where the summary links to."""
        return self.field if self.field.startswith("/") else f"#{self.field}"


@dataclass
class Visit:
    """One request. ``typed`` holds the fields of a POST; it is empty in a GET.

    ``language`` is the page's. ``actor`` is the operator who signed in.
    """

    request: Request
    portal: Portal
    language: Language
    actor: PortalActor | None = None
    token: str | None = None
    typed: FormData = field(default_factory=FormData)
    cookies: dict[str, str | None] = field(default_factory=dict)
    """Cookies that the response sets; ``None`` takes one away."""

    @property
    def operator(self) -> PortalActor:
        """The operator who signed in.

        Raises:
            SignInNeeded: There is no session.
        """
        if self.actor is None:
            raise SignInNeeded
        return self.actor

    @cached_property
    def casework(self) -> Casework:
        """What this operator may do."""
        return self.portal.casework(self.operator)

    @property
    def is_language_change(self) -> bool:
        """Whether the form was sent by a button of the language switch."""
        return is_language(self.typed.get(LANGUAGE))

    @property
    def csrf(self) -> str:
        """The token that each form of this session carries."""
        if self.token is not None:
            return self.portal.accounts.csrf(self.token)
        if VISITOR not in self.cookies:
            self.cookies[VISITOR] = self.request.cookies.get(self.cookie(VISITOR)) or secrets.token_urlsafe(24)
        return self.cookies[VISITOR] or ""

    def typed_text(self, name: str) -> str:
        """A field of the form without blanks around it; empty where it is absent or a file."""
        value = self.typed.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def cookie(self, name: str) -> str:
        """A cookie's whole name; over HTTPS bound to this host."""
        return f"__Host-nagorik-{name}" if self.portal.settings.secure_cookies else f"nagorik-{name}"

    def say(self, value: object) -> str:
        """A value in the page's language."""
        return written(value, self.language)

    def t(self, code: str, **fills: Fill | str) -> str:
        """A text of the desk in the page's language; a fill that is a string stands in both languages."""
        filled = {name: Text(bn=fill, en=fill) if isinstance(fill, str) else fill for name, fill in fills.items()}
        return written(text(code, **filled), self.language)

    def page(
        self, template: str, title: str, *, errors: Sequence[PageError] = (), status: int = 200, **context: object
    ) -> HTMLResponse:
        """Render a template of ``templates/``; ``title`` is the code of its heading, or the heading itself."""
        other: Language = "en" if self.language == "bn" else "bn"
        known = {
            "visit": self,
            "language": self.language,
            "other": other,
            "actor": self.actor,
            "csrf": self.csrf,
            "t": self.t,
            "say": self.say,
            "static": static_url,
            "typed": self.typed,
            "path": self.request.url.path,
            "form": "language-form",
            "navigation": [one for one in NAVIGATION if self.actor and one["scope"] in self.actor.scopes],
            "title": self.t(title) if " " not in title and "." in title else title,
            "errors": [{"href": error.href, "text": self.say(error.text)} for error in errors],
            "error_at": {
                error.field: {"text": self.say(error.text), "visuallyHiddenText": self.t("layout.error-prefix")}
                for error in reversed(errors)
            },
        }
        return HTMLResponse(ENVIRONMENT.get_template(template).render({**known, **context}), status_code=status)

    def go(self, path: str) -> Response:
        """Redirect to a page of this desk, which the browser then gets."""
        return RedirectResponse(path, status_code=303)


Handler = Callable[[Visit], Awaitable[Response]]
SESSION: Final = "session"
VISITOR: Final = "visitor"


class SignInNeeded(Exception):
    """There is no session, or it has ended."""


class FormOutdated(Exception):
    """A form came without the token of its session. Nothing was changed."""


def page(path: str, name: str, show: Handler, send: Handler | None = None, *, public: bool = False) -> Route:
    """Make the route of a page.

    Args:
        path: Its path, with the placeholders of Starlette.
        name: Its name in the route table.
        show: Renders it. It also renders it when the language changes: ``visit.typed`` then holds what was typed.
        send: Takes its form in and redirects, or renders it with errors. It is called for a change of language
            too if it has the attribute ``keeps_typed``, and saves what was typed.
        public: Whether it is shown without a session.
    """

    async def endpoint(request: Request) -> Response:
        visit = Visit(request, request.app.state.portal, language_of(request))
        try:
            response = await _answer(visit, show, send, public=public)
        except SignInNeeded:
            response = visit.go("/sign-in")
        except FormOutdated:
            said = text("problem.form-outdated-text")
            response = visit.page("problem.html", "problem.form-outdated", text=said, status=403)
        except NagorikError as error:
            response = problem_page(visit, error)
        finally:
            await request.close()
        for cookie, value in visit.cookies.items():
            _set_cookie(visit, response, cookie, value)
        return response

    return Route(path, endpoint, methods=["GET", "POST"], name=name)


async def _answer(visit: Visit, show: Handler, send: Handler | None, *, public: bool) -> Response:
    token = visit.request.cookies.get(visit.cookie(SESSION))
    if token is not None:
        visit.actor = await visit.portal.accounts.session(token)
        visit.token = token if visit.actor is not None else None
    if visit.actor is None and not public:
        raise SignInNeeded
    if visit.request.method != "POST":
        return await show(visit)
    visit.typed = await visit.request.form(max_fields=_MOST_FIELDS)
    if not hmac.compare_digest(visit.typed_text(CSRF).encode(), visit.csrf.encode()):
        raise FormOutdated
    if visit.is_language_change:
        chosen = visit.typed_text(LANGUAGE)
        visit.cookies[LANGUAGE] = chosen
        visit.language = "en" if chosen == "en" else "bn"
        keeps = send is not None and getattr(send, "keeps_typed", False)
        return await (send if send is not None and keeps else show)(visit)
    if send is None:
        raise HTTPException(405)
    return await send(visit)


def problem_page(visit: Visit, error: NagorikError) -> Response:
    """A page that says what happened, what it means and what to do next."""
    return visit.page("problem.html", "problem.title", text=error.message, status=error.status)


def language_of(request: Request) -> Language:
    """The language that this browser chose; Bangla if it chose none."""
    names = ("__Host-nagorik-language", "nagorik-language")
    return next((found for name in names if is_language(found := request.cookies.get(name))), "bn")


def _set_cookie(visit: Visit, response: Response, name: str, value: str | None) -> None:
    secure = visit.portal.settings.secure_cookies
    if value is None:
        response.delete_cookie(visit.cookie(name), path="/", secure=secure, httponly=True, samesite="lax")
    else:
        response.set_cookie(visit.cookie(name), value, path="/", secure=secure, httponly=True, samesite="lax")
