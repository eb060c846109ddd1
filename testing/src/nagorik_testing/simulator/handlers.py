"""What an agency's operations are written with: routes, strict reading, refusals, native idempotency keys.

A request is read as a strict agency does: the first field that is wrong is refused by its name, in whatever envelope
the agency says no.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from copy import copy
from datetime import UTC, date, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, request_response
from starlette.types import Scope

from nagorik.values import Money, NationalDataError, dhaka_zone
from nagorik_testing.wire.codec import BODY, DocumentResponse, codec_of

RouteHandler = Callable[[Request], Awaitable[Response]]
"""Handles one operation; raises ``Refusal`` for whatever is no success."""


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, field: str, message: str | None = None, **beside: JsonValue) -> None:
        """Refuse.

        Args:
            status: The HTTP status.
            field: What is wrong, or the agency's word for the reason.
            message: In words; some agencies leave it out at times.
            beside: What stands beside the error.
        """
        super().__init__(field)
        self.status = status
        self.field = field
        self.message = message
        self.beside = beside

    @property
    def word(self) -> str:
        """The status in words, such as ``NOT_FOUND``."""
        return HTTPStatus(self.status).name

    @property
    def error(self) -> dict[str, JsonValue]:
        """Field and message; no message where there is none."""
        return {"field": self.field} if self.message is None else {"field": self.field, "message": self.message}


Envelope = Callable[[Refusal], JsonValue]
"""Wraps a refusal as the agency writes it."""


def plain_envelope(refusal: Refusal) -> JsonValue:
    """``{"status": "ERROR", "statusCode": "NOT_FOUND", "error": {"field", "message"}}``."""
    return {"status": "ERROR", "statusCode": refusal.word, "error": refusal.error, **refusal.beside}


def routes_of(
    handlers: Mapping[str, RouteHandler],
    *,
    prefix: str = "",
    envelope: Envelope = plain_envelope,
    refused_with: int | None = None,
    guard: Callable[[Request], None] | None = None,
) -> tuple[Route, ...]:
    """Routes by what the ledger and the faults call them: ``{"POST /applications": file}``.

    At an agency with one address for all its methods, the name of the method stands behind the address:
    ``{"POST /service File": file, "POST /service Status": show}``. ``Codec.is_called`` goes by it: the element
    of an XML document or of a SOAP body, with its action, or else the field that the codec is ``named_by``.

    Args:
        handlers: By method and path template below ``prefix``, and what the request is called.
        prefix: What every path begins with.
        envelope: How refusals are written.
        refused_with: The HTTP status of all refusals, at an agency that says no in its document alone: 200, or 500 as
            SOAP 1.1 has it. Without it, that of the refusal.
        guard: Looks at every request first, such as ``TokenEndpoint.check``; it raises ``Refusal``.
    """

    def answering(handler: RouteHandler) -> RouteHandler:
        async def answer(request: Request) -> Response:
            try:
                if guard is not None:
                    guard(request)
                return await handler(request)
            except Refusal as refusal:
                return DocumentResponse(envelope(refusal), refused_with or refusal.status, error=True)

        return answer

    return tuple(
        _route(prefix + path, method, called[0] if called else None, answering(handler))
        for (method, path, *called), handler in ((name.split(" ", 2), handler) for name, handler in handlers.items())
    )


class CalledRoute(Route):
    """A route that takes the requests at its address that are called as it says.

    Attributes:
        called: The name; ``None`` for any request.
    """

    called: str | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As starlette's, and the request has to be called so."""
        match, found = super().matches(scope)
        if self.called is None or match is not Match.FULL:
            return match, found
        try:
            is_called = codec_of(scope).is_called(scope[BODY], Headers(scope=scope), self.called)
        except ValueError:
            is_called = False
        return (match, found) if is_called else (Match.NONE, {})


@lru_cache(maxsize=1024)
def _compiled(path: str, method: str) -> CalledRoute:
    async def answer(_: Request) -> Response:
        raise NotImplementedError("only its copies are served")

    return CalledRoute(path, answer, methods=[method])


def _route(path: str, method: str, called: str | None, handler: RouteHandler) -> Route:
    """A route as starlette makes it. Its pattern is compiled once, however often the agency is opened anew."""
    route = copy(_compiled(path, method))
    route.endpoint, route.app, route.called = handler, request_response(handler), called
    return route


ISO_DAY: Final = "%Y-%m-%d"
_WORDS_OF_FORMATS: Final = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM"}


async def content_of(request: Request, name: str | None = None) -> dict[str, Any]:
    """What a request says, read by the simulator's codec; an empty object where there is no body.

    Args:
        request: The request.
        name: What the agency calls it, where the format has names: the root element in XML, in the codec's namespace.

    Raises:
        Refusal: 400, where it is anything else.
    """
    body, codec = await request.body(), codec_of(request.scope)
    try:
        called = name is None or codec.is_called(body, request.headers, name)
        content = codec.read(body, request.headers.get("content-type", "")) if body else {}
    except ValueError:
        called, content = False, None
    if not (called and isinstance(content, dict)):
        raise Refusal(400, "body", f"{codec.expected} is expected" if name is None else f"{name} is expected")
    return content


def text_in(content: Mapping[str, Any], field: str, *, required: bool = True) -> str:
    """A field's text, trimmed; empty where it is absent and need not be there.

    Raises:
        Refusal: 400, where it is missing or no text.
    """
    value = content.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not (value.strip() or not required):
        raise Refusal(400, field, "text is expected")
    return value.strip()


def choice_in(content: Mapping[str, Any], field: str, choices: Collection[str], default: str | None = None) -> str:
    """A word out of a closed list.

    Raises:
        Refusal: 400.
    """
    word = text_in(content, field, required=default is None) or default
    if word is None or word not in choices:
        raise Refusal(400, field, f"one of {', '.join(choices)} is expected")
    return word


def day_in(content: Mapping[str, Any], field: str, form: str = ISO_DAY) -> date:
    """A day, written as ``form`` says: ``%d/%m/%Y`` and the like.

    Raises:
        Refusal: 400.
    """
    written = text_in(content, field)
    try:
        day = datetime.strptime(written, form).date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        day = None
    if day is None or f"{day:{form}}" != written:
        raise Refusal(400, field, f"{_in_words(form)} is expected")
    return day


def instant_in(content: Mapping[str, Any], field: str, *local: str) -> datetime:
    """An instant, in UTC: RFC 3339 with an offset, or one of the ``local`` forms on the clocks in Dhaka.

    Raises:
        Refusal: 400.
    """
    written = text_in(content, field)
    for form in local:
        try:
            return datetime.strptime(written, form).replace(tzinfo=dhaka_zone()).astimezone(UTC)
        except ValueError:
            continue
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        raise Refusal(400, field, " or ".join(["RFC 3339", *map(_in_words, local)]) + " is expected") from None
    if instant.utcoffset() is None:
        raise Refusal(400, field, "an offset from UTC is expected")
    return instant.astimezone(UTC)


def amount_in(content: Mapping[str, Any], field: str = "amount") -> Money:
    """An amount in taka, as text with two places.

    Raises:
        Refusal: 400.
    """
    try:
        return Money.taka(text_in(content, field))
    except NationalDataError:
        raise Refusal(400, field, "taka with two places are expected") from None


def rows_in(content: Mapping[str, Any], field: str, *texts: str) -> list[dict[str, Any]]:
    """A list of objects that each hold the named ``texts``; an empty one where the field is absent.

    Raises:
        Refusal: 400.
    """
    rows = content.get(field) or []
    if isinstance(rows, dict):
        rows = [rows]  # in XML, one row is no list
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and all(isinstance(row.get(text), str) for text in texts) for row in rows
    ):
        raise Refusal(400, field, f"a list of {{{', '.join(texts)}}} is expected")
    return rows


def _in_words(form: str) -> str:
    for sign, word in _WORDS_OF_FORMATS.items():
        form = form.replace(sign, word)
    return form


CONFLICT: Final = 409


class IdempotencyStore:
    """Answers by key: the same request with a key seen before gets the first answer, and nothing is done again."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, int, Mapping[str, JsonValue]]] = {}

    def once(
        self,
        key: str | None,
        operation: str,
        content: JsonValue,
        act: Callable[[], tuple[int, Mapping[str, JsonValue]]],
    ) -> DocumentResponse:
        """Act, unless this key was used: then repeat the first answer, or refuse a different request with 409.

        A request without a key is acted on each time. Answers that are errors are not kept, so that a corrected
        request may use the key of the refused one.
        """
        digest = hashlib.sha256(to_json([operation, content])).hexdigest()
        if key is not None and key in self._answers:
            seen, status, answer = self._answers[key]
            if seen != digest:
                problem: dict[str, JsonValue] = {
                    "field": "Idempotency-Key",
                    "message": "the key was used for another request",
                }
                return DocumentResponse({"error": problem}, CONFLICT)
            return DocumentResponse(dict(answer), status, headers={"Idempotent-Replayed": "true"})
        status, answer = act()
        if key is not None and status < 400:  # noqa: PLR2004 - the first status that is an error
            self._answers[key] = (digest, status, answer)
        return DocumentResponse(dict(answer), status)
