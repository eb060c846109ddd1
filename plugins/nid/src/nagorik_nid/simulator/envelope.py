"""The envelope that the partner service's answers come in, and its keys with blanks around them."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse

from nagorik_testing import Refusal, content_of


def success(data: Mapping[str, JsonValue], **beside: JsonValue) -> JSONResponse:
    """The partner service's envelope of a success."""
    return JSONResponse({"status": "OK", "statusCode": "SUCCESS", "success": {"data": dict(data)}, **beside})


def partner_envelope(refusal: Refusal) -> JsonValue:
    """A refusal as the Commission's document has it: the word in ``status``, ``ERROR`` in ``statusCode``."""
    return {"status": refusal.word, "statusCode": "ERROR", "error": refusal.error, **refusal.beside}


async def trimmed_content_of(request: Request) -> dict[str, Any]:
    """The request's JSON object, blanks trimmed off its keys, since the document's own samples have them.

    Raises:
        Refusal: 400, where it is anything else.
    """
    return cast("dict[str, Any]", _trimmed(await content_of(request)))


def _trimmed(content: JsonValue) -> JsonValue:
    if isinstance(content, dict):
        return {key.strip(): _trimmed(value) for key, value in content.items()}
    return [_trimmed(item) for item in content] if isinstance(content, list) else content
