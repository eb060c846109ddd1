"""The envelopes that the Election Commission's answers come in, and the refusals inside them."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Handler = Callable[[Request], Awaitable[Response]]

_WORDS: Final = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
}


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, field: str, message: str | None = None, **beside: JsonValue) -> None:
        """Refuse.

        Args:
            status: The HTTP status.
            field: What is wrong, or the Commission's word for the reason.
            message: In words; the Commission leaves it out at times.
            beside: What stands beside the error.
        """
        super().__init__(field)
        self.status = status
        self.error = {"field": field} if message is None else {"field": field, "message": message}
        self.beside = beside


def access_denied() -> Refusal:
    """What is said to a dead token and to an expired password alike."""
    return Refusal(401, "authorization", "Access is denied")


def success(data: Mapping[str, JsonValue], **beside: JsonValue) -> JSONResponse:
    """The partner service's envelope of a success."""
    return JSONResponse({"status": "OK", "statusCode": "SUCCESS", "success": {"data": dict(data)}, **beside})


def partner_service(handler: Handler) -> Handler:
    """Render refusals as the Commission's document has them: the word in ``status``, ``ERROR`` in ``statusCode``."""
    return _refusing(handler, lambda word: {"status": word, "statusCode": "ERROR"})


def application_service(handler: Handler) -> Handler:
    """Render refusals as the modelled application interface has them: the two the other way round."""
    return _refusing(handler, lambda word: {"status": "ERROR", "statusCode": word})


def _refusing(handler: Handler, words: Callable[[str], dict[str, str]]) -> Handler:
    async def answering(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            document = {**words(_WORDS[refusal.status]), "error": refusal.error, **refusal.beside}
            return JSONResponse(document, status_code=refusal.status)

    return answering


async def content_of(request: Request) -> dict[str, Any]:
    """The request's JSON object, blanks trimmed off its keys, since the document's own samples have them.

    Raises:
        Refusal: 400, where it is anything else.
    """
    try:
        content = json.loads(await request.body() or b"{}")
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Refusal(400, "body", "a JSON object is expected")
    return cast("dict[str, Any]", trimmed(content))


def trimmed(content: JsonValue) -> JsonValue:
    """The same with blanks trimmed off every key."""
    if isinstance(content, dict):
        return {key.strip(): trimmed(value) for key, value in content.items()}
    return [trimmed(item) for item in content] if isinstance(content, list) else content


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
