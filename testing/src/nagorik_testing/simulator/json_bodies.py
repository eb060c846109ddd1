"""JSON as it comes over the wire, whoever sent it."""

import math
from typing import cast

from pydantic import JsonValue
from pydantic_core import from_json


def read_json(body: bytes | str) -> JsonValue:
    """A document that can be answered with as it came.

    Raises:
        ValueError: It is no JSON in UTF-8 (RFC 8259), nests deeper than some 200 levels, or holds half of a surrogate
            pair, an integer of more than 4,300 digits or a number beyond what a float can say.
    """
    content = cast("JsonValue", from_json(body, allow_inf_nan=False))
    if not _is_finite(content):
        raise ValueError("a number is out of range")
    return content


def _is_finite(content: JsonValue) -> bool:
    match content:
        case float():
            return math.isfinite(content)
        case dict():
            return all(map(_is_finite, content.values()))
        case list():
            return all(map(_is_finite, content))
    return True
