"""Errors as RFC 9457 problem details, in the language that the caller asks for; never with a value that came in."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil
from typing import Any, Final, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import Response

from nagorik import InputRejected, NagorikError, Text
from nagorik.errors import FieldProblem, message_of
from nagorik.values.sentences import read_sentences
from nagorik_host import RevisionOutdated
from nagorik_host.engine.inbox import InboxFull, MessageRefused
from nagorik_host.store.application_store import AlreadyErased, AlreadyOpen, NoSuchApplication
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import NoSuchDocument
from nagorik_host.texts import text_of
from nagorik_host.vault import Erased
from nagorik_platform.lifecycle import NotPossible
from nagorik_portal.errors import refusals

PROBLEM_JSON: Final = "application/problem+json"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
ProblemLanguage = Literal["bn", "en"]

_FIRST_SENTENCE: Final = re.compile(r"[^.।]+")
_PREFERENCE: Final = re.compile(r"\s*(?P<tag>bn|en)(-[a-z0-9-]+)?\s*(;\s*q=(?P<q>[01](\.[0-9]{0,3})?))?\s*", re.I)
_WAIT: Final = "30"
"""Seconds after which a caller comes again, where nothing says better."""
_OF_HTTP: Final[Mapping[int, str]] = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_OF_HOST: Final[Mapping[type[Exception], tuple[int, str]]] = {
    AlreadyOpen: (409, "already-taken-in"),
    AlreadyErased: (410, "erased"),
    Erased: (410, "erased"),
    NoSuchDocument: (404, "no-such-document"),
    DatabaseUnavailable: (503, "unavailable"),
    InboxFull: (429, "inbox-full"),
    MessageRefused: (413, "too-large"),
}


class RequestRefused(Exception):
    """A refusal that only HTTP knows; ``problems.toml`` has the sentences of its code."""

    def __init__(
        self, code: str, status: int, *, fields: Sequence[FieldProblem] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        """Refuse with ``status`` and ``headers``; ``fields`` say where."""
        super().__init__(code)
        self.code, self.status, self.fields, self.headers = code, status, fields, headers


def add_handlers(app: FastAPI) -> None:
    """Let every error of ``app`` be a problem, those of the framework included."""
    app.add_exception_handler(NagorikError, _of_error)
    app.add_exception_handler(NotPossible, _of_not_possible)
    app.add_exception_handler(RequestRefused, _of_refusal)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    for kind in _OF_HOST:
        app.add_exception_handler(kind, _of_host)


def refusal(
    request: Request,
    code: str,
    status: int,
    *,
    message: Text | None = None,
    members: Mapping[str, JsonValue] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem. Of ``members`` with a twin in Bangla (``reason_bn``), the one in the caller's language is shown."""
    language, text = language_of(request), message or _sentences()[code]
    shown: dict[str, JsonValue] = _in_language(dict(members or {}), language)
    body = problem_of(code, status, text.bn if language == "bn" else text.en) | shown
    said = {"Content-Language": language, "Vary": "Accept-Language", **(headers or {})}
    if status in {429, 503}:
        said.setdefault("Retry-After", _WAIT)
    return Response(json.dumps(body, ensure_ascii=False), status, said, PROBLEM_JSON)


def problem_of(code: str, status: int, detail: str) -> dict[str, JsonValue]:
    """The members that every problem has."""
    title = _FIRST_SENTENCE.match(detail)
    return {
        "type": f"urn:nagorik:problem:{code}",
        "title": title[0] if title else detail,
        "status": status,
        "detail": detail,
        "code": code,
    }


def language_of(request: Request) -> ProblemLanguage:
    """The language of the two that the caller prefers; Bangla where nothing is said."""
    asked = (_PREFERENCE.fullmatch(part) for part in request.headers.get("accept-language", "").split(","))
    wanted = {found["tag"].lower(): float(found["q"] or 1) for found in asked if found is not None}
    return "en" if wanted.get("en", 0) > wanted.get("bn", 0) else "bn"


async def _of_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, NagorikError)  # noqa: S101 - so it was registered
    known = {"service": error.service, "operation": error.operation}
    members = {"retry": error.retry.value, "outcome": error.outcome.value, **error.details()}
    members |= {name: value for name, value in known.items() if value is not None}
    wait = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(max(1, ceil(wait)))} if wait is not None else None
    return refusal(request, error.code, error.status, message=error.message, members=members, headers=headers)


async def _of_host(request: Request, error: Exception) -> Response:
    status, code = next(said for kind, said in _OF_HOST.items() if isinstance(error, kind))
    return refusal(request, code, status)


async def _of_not_possible(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotPossible)  # noqa: S101 - so it was registered
    reason = text_of("not-possible", error.code)
    members = {"reason_code": error.code, "reason": reason.en, "reason_bn": reason.bn}
    return refusal(request, "not-possible", 409, members=members)


async def _of_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101 - so it was registered
    members = InputRejected(error.fields).details() if error.fields else None
    return refusal(request, error.code, error.status, members=members, headers=error.headers)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - so it was registered
    return refusal(request, _OF_HTTP[error.status_code], error.status_code, headers=error.headers)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - so it was registered
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return refusal(request, "malformed", 400)
    if any(one["loc"] == ("header", IDEMPOTENCY_KEY) and one["type"] == "missing" for one in found):
        return refusal(request, "idempotency-key-missing", 400)
    if any(one["loc"][0] == "path" for one in found):
        return refusal(request, "not-found", 404)
    if isinstance(error.body, bytes):  # the framework reads JSON alone
        return refusal(request, "media-type-unsupported", 415)
    fields = dict.fromkeys(_field(one, error.body) for one in found)
    return refusal(request, "request-invalid", 422, members=InputRejected(list(fields)).details())


def _field(one: Mapping[str, Any], body: object) -> FieldProblem:
    """Where a request is wrong, and why.

    The framework's place also has names of alternatives, which are not in the body. A field that is not asked for
    came in with the request: the place ends above it.
    """
    where, *location = one["loc"]
    place, here = ([], body) if where == "body" else ([where, *location[:1]], None)
    for part in location[:-1] if one["type"] == "extra_forbidden" else location:
        if place[-1:] == ["form"]:
            break  # its names are the caller's
        if (isinstance(here, dict) and part in here) or (isinstance(here, list) and isinstance(part, int)):
            here = here[part]
            place.append(part)
        elif isinstance(here, dict) and one["type"] == "missing":
            place.append(part)
    known, context = _form_sentences(), one.get("ctx", {})
    own = {name: context[name] for name in ("bn", "en") if isinstance(context.get(name), str)}
    text = Text.model_validate(own) if len(own) == 2 else known.get(one["type"], known["value"])  # noqa: PLR2004
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)
    return FieldProblem(pointer=pointer, code=one["type"], text=text)


def _in_language(value: Any, language: ProblemLanguage) -> Any:
    if isinstance(value, list):
        return [_in_language(one, language) for one in value]
    if not isinstance(value, dict):
        return value
    twin = "_bn" if language == "bn" else ""
    names = [name for name in value if not name.endswith("_bn")]
    return {name: _in_language(value.get(f"{name}{twin}", value[name]), language) for name in names}


def problem_text(code: str) -> Text:
    """The sentences of a problem's code, of any part of the platform.

    Raises:
        KeyError: There is no such problem.
    """
    host = {kind.code: kind().message for kind in (NoSuchApplication, RevisionOutdated)}
    return _sentences().get(code) or refusals().get(code) or host.get(code) or message_of(code)


@cache
def _sentences() -> Mapping[str, Text]:
    return read_sentences("nagorik_portal.api", "problems.toml")


@cache
def _form_sentences() -> Mapping[str, Text]:
    return read_sentences("nagorik_toolkit", "form_messages.toml")
