"""Errors as RFC 9457 problem details, in the language that the caller asks for; never with a value that came in."""

import json
import re
from collections.abc import Mapping
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

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
ProblemLanguage = Literal["bn", "en"]

_form_sentences: Final = cache(lambda: read_sentences("nagorik_toolkit", "form_messages.toml"))
_FIRST_SENTENCE: Final = re.compile(r"[^.।]+")
_PREFERENCE: Final = re.compile(r"\s*(?P<tag>bn|en)(-[a-z0-9-]+)?\s*(;\s*q=(?P<q>[01](\.[0-9]{0,3})?))?\s*", re.I)
_OF_HTTP: Final = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_OF_HOST: Final[Mapping[type[Exception], tuple[int, str]]] = {
    AlreadyOpen: (409, "already-taken-in"),
    AlreadyErased: (410, "erased"),
    Erased: (410, "erased"),
    NoSuchDocument: (404, "no-such-document"),
    DatabaseUnavailable: (503, "unavailable"),
    InboxFull: (429, "inbox-full"),
    MessageRefused: (413, "too-large"),
}


def add_handlers(app: FastAPI) -> None:
    """Let every error of ``app`` be a problem, those of the framework included.

    The detail of an ``HTTPException`` is a code of ``refusals.toml``, or the framework's own.
    """
    for kind in (NagorikError, NotPossible, RequestValidationError, HTTPException, *_OF_HOST):
        app.add_exception_handler(kind, problem)


async def problem(request: Request, error: Exception) -> Response:
    """An error as a problem; one that is not known says that the platform failed."""
    code, status, message, members, headers = _read(error)
    asked = (_PREFERENCE.fullmatch(part) for part in request.headers.get("accept-language", "").split(","))
    wanted = {found["tag"].lower(): float(found["q"] or 1) for found in asked if found is not None}
    language: ProblemLanguage = "en" if wanted.get("en", 0) > wanted.get("bn", 0) else "bn"
    body = problem_of(code, status, message, language) | _in_language(dict(members), language)
    later = {"Retry-After": "30"} if status in {429, 503} else {}
    said = {"Content-Language": language, "Vary": "Accept-Language", **later, **(headers or {})}
    if status == 405:  # noqa: PLR2004 - the framework names the methods of the first route alone
        said["Allow"] = ", ".join(_methods(request))
    return Response(json.dumps(body, ensure_ascii=False), status, said, "application/problem+json")


def _methods(request: Request) -> list[str]:
    """The methods that the API has at the request's path."""
    asked = request.scope["path"].removeprefix(request.scope.get("root_path", "")).split("/")
    return [
        method.upper()
        for path, item in request.app.openapi()["paths"].items()
        for method in item
        if len(parts := path.split("/")) == len(asked)
        and all(part == one or part.startswith("{") for part, one in zip(parts, asked, strict=True))
    ]


def problem_of(code: str, status: int, message: Text, language: ProblemLanguage) -> dict[str, JsonValue]:
    """The members that every problem has."""
    detail = message.bn if language == "bn" else message.en
    title = _FIRST_SENTENCE.match(detail)
    kind, title_text = f"urn:nagorik:problem:{code}", title[0] if title else detail
    return {"type": kind, "title": title_text, "status": status, "detail": detail, "code": code}


def problem_text(code: str) -> Text:
    """The sentences of a problem's code, of any part of the platform."""
    host = {kind.code: kind().message for kind in (NoSuchApplication, RevisionOutdated)}
    return refusals().get(code) or host.get(code) or message_of(code)


def _read(error: Exception) -> tuple[str, int, Text, Mapping[str, JsonValue], Mapping[str, str] | None]:
    """The code, status, text, further members and headers; a member may have a twin in Bangla (``reason_bn``)."""
    members: dict[str, JsonValue] = {}
    headers: Mapping[str, str] | None = None
    match error:
        case NagorikError():
            members = {"retry": error.retry.value, "outcome": error.outcome.value, **error.details()}
            at = {"service": error.service, "operation": error.operation}
            members |= {name: value for name, value in at.items() if value is not None}
            wait = getattr(error, "retry_after", None)
            headers = {"Retry-After": str(max(1, ceil(wait)))} if wait is not None else None
            return error.code, error.status, error.message, members, headers
        case RequestValidationError():
            status, code = _refused(error)
            if code == "request-invalid":
                fields = list(dict.fromkeys(_field(one, error.body) for one in error.errors()))
                members = dict(InputRejected(fields).details())
        case HTTPException(status_code=status, headers=headers):
            code = error.detail if error.detail in refusals() else _OF_HTTP[status]
        case NotPossible():
            code, status, reason = "not-possible", 409, text_of("not-possible", error.code)
            members = {"reason_code": error.code, "reason": reason.en, "reason_bn": reason.bn}
        case _:
            known_as = (said for kind, said in _OF_HOST.items() if isinstance(error, kind))
            status, code = next(known_as, (500, "internal"))
    return code, status, problem_text(code), members, headers


def _refused(error: RequestValidationError) -> tuple[int, str]:
    """The status and the code of a request that is not as it has to be."""
    places, kinds = [one["loc"] for one in error.errors()], [one["type"] for one in error.errors()]
    found = (
        ("json_invalid" in kinds, 400, "malformed"),
        ((("header", IDEMPOTENCY_KEY), "missing") in zip(places, kinds, strict=True), 400, "idempotency-key-missing"),
        (any(where == "path" for where, *_ in places), 404, "not-found"),
        # The framework reads JSON alone.
        (isinstance(error.body, bytes), 415, "media-type-unsupported"),
    )
    return next(((status, code) for is_so, status, code in found if is_so), (422, "request-invalid"))


def _field(one: Mapping[str, Any], body: object) -> FieldProblem:
    """Where a request is wrong, and why.

    The framework's place also has names of alternatives, which are not in the body. The names of a form's fields, and
    of a field that is not asked for, came in with the request: the place ends above them.
    """
    where, *location = one["loc"]
    place, here = ([], body) if where == "body" else ([where, *location[:1]], None)
    for part in location[:-1] if one["type"] == "extra_forbidden" else location:
        if place[-1:] == ["form"]:
            break
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
