"""A visit: one request of one operator, and the page or the redirect that it ends with.

A page is two functions, ``show`` for GET and ``send`` for POST, and ``page`` makes a route of them: it finds the
session, refuses a POST without the session's token, changes the language, and shows what went wrong as a page.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from nagorik import NagorikError, Text
from nagorik_portal.actors import PortalActor
from nagorik_portal.casework import Casework
from nagorik_portal.desk.static_files import static_files
from nagorik_portal.desk.wording import OWN_NAMES, Language, catalogue, text, written
from nagorik_portal.portal import Portal
from nagorik_toolkit.texts import Fill

CSRF: Final = "csrf"
"""The hidden field of each form that holds the session's token."""
LANGUAGE: Final = "language"
SESSION: Final = "session"
VISITOR: Final = "visitor"
KEPT: Final = "kept."
"""Begins the names of fields that a page of signing in carries on for a form whose session had ended."""
HAS_COUNTER: Final = find_spec("nagorik_counter") is not None
"""Whether there are tills and receipts."""
_MENU: Final = (("/", "home", "apply"), ("/work", "work", "view"), ("/search", "search", "view"))
_MORE: Final = (("/outbox", "outbox", "view"), ("/cases", "cases", "decide"))
_TILLS: Final = (("/tills", "tills", "apply"),) if HAS_COUNTER else ()
"""The menu of every page: an address, the end of its text's code, and the scope that its page needs."""
_MOST_FIELDS: Final = 1_000
_MACROS: Final = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
_LOADER: Final = ChoiceLoader([PackageLoader("nagorik_portal.desk"), _MACROS])
# The macros ask for members that may be absent, so an undefined name is empty here.
_TEMPLATES: Final = Environment(loader=_LOADER, autoescape=True, trim_blocks=True, lstrip_blocks=True)


class SignInNeeded(Exception):
    """There is no session, or it has ended."""


class FormOutdated(Exception):
    """A form came without the token of its session. Nothing was changed."""


class PageError(NamedTuple):
    """What is wrong; ``field`` is the id of the input, or the path of the page, where it is put right."""

    field: str
    text: Text


@dataclass
class Visit:
    """One request; ``typed`` holds the fields of a POST, and ``cookies`` what the response sets or takes away."""

    request: Request
    portal: Portal
    language: Language
    actor: PortalActor | None = None
    token: str | None = None
    typed: FormData = field(default_factory=FormData)
    cookies: dict[str, str | None] = field(default_factory=dict)

    @property
    def operator(self) -> PortalActor:
        """The operator who signed in; raises ``SignInNeeded`` where there is no session."""
        if self.actor is None:
            raise SignInNeeded
        return self.actor

    @cached_property
    def casework(self) -> Casework:
        """What this operator may do."""
        return self.portal.casework(self.operator)

    @property
    def is_language_change(self) -> bool:
        """Whether the form was sent by the button of the language switch."""
        return LANGUAGE in self.typed

    @property
    def csrf(self) -> str:
        """The token that each form carries: of the session, or before signing in of this browser."""
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
        return f"__Host-nagorik-{name}" if self.portal.secure_cookies else f"nagorik-{name}"

    def say(self, value: object) -> str:
        """A value in the page's language."""
        return written(value, self.language)

    def t(self, code: str, **fills: Fill | str) -> str:
        """A text of the desk in the page's language; a fill that is a string stands in both languages."""
        filled = {name: Text(bn=fill, en=fill) if isinstance(fill, str) else fill for name, fill in fills.items()}
        return written(text(code, **filled), self.language)

    def page(
        self, template: str, title: str, *, errors: Sequence[PageError] = (), status: int = 200, **context: Any
    ) -> HTMLResponse:
        """Render a template of ``templates/``; ``title`` is the code of its heading, or the heading itself."""
        said, prefix = [(one.field, {"text": self.say(one.text)}) for one in errors], self.t("layout.error-prefix")
        known = {
            "language": self.language,
            "other": (other := "en" if self.language == "bn" else "bn"),
            "other_name": OWN_NAMES[other],
            "actor": self.actor,
            "has_counter": HAS_COUNTER,
            "csrf": self.csrf,
            "t": self.t,
            "say": self.say,
            "static": lambda name: static_files()[name][0],
            "typed": self.typed,
            "path": self.request.url.path,
            "form": "language-form",
            "navigation": [one[:2] for one in _MENU + _MORE + _TILLS if self.actor and one[2] in self.actor.scopes],
            "title": self.t(title) if title in catalogue() else title,
            "errors": [{"href": at if at.startswith("/") else f"#{at}", **one} for at, one in said],
            "error_at": {at: {**one, "visuallyHiddenText": prefix} for at, one in reversed(said)},
        }
        status = 422 if errors and status == 200 else status  # noqa: PLR2004 - what was sent is refused
        return HTMLResponse(_TEMPLATES.get_template(template).render({**known, **context}), status_code=status)

    def problem(self, code: str, status: int) -> HTMLResponse:
        """A page that says what happened, what it means and what to do next."""
        return self.page("problem.html", f"problem.{code}", text=text(f"problem.{code}-text"), status=status)

    def go(self, path: str) -> Response:
        """Redirect to a page of this desk, which the browser then gets."""
        return RedirectResponse(path, status_code=303)


PageHandler = Callable[[Visit], Awaitable[Response]]


def page(path: str, name: str, show: PageHandler, send: PageHandler | None = None, **flags: bool) -> Route:
    """Make the route of a page; with the flag ``public`` it is shown without a session.

    ``send`` takes its form in and redirects, or renders it with errors. A change of language calls ``show`` with what
    was typed in ``visit.typed``; with the flag ``keeps_typed`` it calls ``send``, which saves that first.
    """
    change_language = send if flags.get("keeps_typed") else show

    async def endpoint(request: Request) -> Response:
        visit = Visit(request, request.app.state.portal, language_of(request))
        try:
            await _enter(visit, public=flags.get("public", False))
            handler = show if request.method != "POST" else change_language if visit.is_language_change else send
            if handler is None:
                raise HTTPException(405)
            response = await handler(visit)
        except SignInNeeded:
            response = _sign_in(visit)
        except FormOutdated:
            response = visit.problem("form-outdated", 403)
        except NagorikError as error:
            response = visit.page("problem.html", "problem.title", text=error.message, status=error.status)
        finally:
            await request.close()
        how: Any = {"secure": visit.portal.secure_cookies, "httponly": True, "samesite": "lax"}
        for cookie, value in visit.cookies.items():
            response.set_cookie(visit.cookie(cookie), value or "", max_age=0 if value is None else None, **how)
        return response

    return Route(path, endpoint, methods=["GET", "POST"], name=name)


async def _enter(visit: Visit, *, public: bool) -> None:
    token = visit.request.cookies.get(visit.cookie(SESSION))
    visit.actor = await visit.portal.accounts.session(token) if token is not None else None
    # The token of a session that has ended still shows that a form is this desk's own.
    visit.token = token if visit.actor is not None or not public else None
    if visit.request.method == "POST":
        typed = await visit.request.form(max_fields=_MOST_FIELDS)
        if not hmac.compare_digest(str(typed.get(CSRF)).encode(), visit.csrf.encode()):
            raise FormOutdated if visit.actor is not None or public else SignInNeeded
        visit.typed = typed
        if visit.is_language_change:
            visit.cookies[LANGUAGE] = visit.typed_text(LANGUAGE)
            visit.language = "en" if visit.typed_text(LANGUAGE) == "en" else "bn"
    if visit.actor is None and not public:
        raise SignInNeeded


def _sign_in(visit: Visit) -> Response:
    # A form whose session had ended is carried on, and sent again afterwards.
    visit.token, typed = None, visit.typed.multi_items()
    kept = [(f"{KEPT}{name}", one) for name, one in typed if isinstance(one, str) and name not in {CSRF, LANGUAGE}]
    shown: Any = {"form": "page", "kept": kept, "next": visit.request.url.path, "status": 401}
    return visit.page("sign-in.html", "sign-in.again", **shown) if kept else visit.go("/sign-in")


def language_of(request: Request) -> Language:
    """The language that this browser chose; Bangla if it chose none."""
    chosen = (request.cookies.get(f"{prefix}nagorik-language") for prefix in ("__Host-", ""))
    return "en" if "en" in chosen else "bn"
