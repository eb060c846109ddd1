"""Bodies: a response within its size and into the type expected; a request as JSON."""

from collections.abc import AsyncGenerator, AsyncIterable
from functools import lru_cache
from typing import Any, Final, TypeVar, cast, get_args

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, core_schema

from nagorik.http import AgencyResponse
from nagorik.privacy import MASK, MOST_PROBLEMS
from nagorik_platform.agency_client.retry_table import Failure

T = TypeVar("T")

_SHOWN: Final = 10
"""Problems named in one error."""


class Unreadable(Exception):
    """A body that cannot be read to its end.

    Attributes:
        failure: What follows from it.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


async def limited(parts: AsyncIterable[bytes], limit: int) -> AsyncGenerator[bytes]:
    """Pass a body's parts on, at most ``limit`` bytes of them, counted after decompression.

    Raises:
        Unreadable: As soon as the limit is passed.
    """
    taken = 0
    async for part in parts:
        taken += len(part)
        if taken > limit:
            raise Unreadable(Failure.TOO_LARGE)
        yield part


class ResponseMismatch(Exception):
    """A response that is not what was expected; ``detail`` is a code and places, never a value."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def parse_response(answer: AgencyResponse, adapter: TypeAdapter[T]) -> T:
    """Read a response's JSON as the expected type.

    Raises:
        ResponseMismatch: ``empty``, ``not-json``, ``html``, ``charset``, ``model-raised``, or ``does-not-fit`` with
            the places and kinds of the first ten problems, or with their number where there are hundreds.
    """
    value, problems = _validated(answer.body, adapter)
    if _is_syntax(problems):
        text = answer.text
        if text is None:
            raise ResponseMismatch("charset")
        if not text.strip():
            raise ResponseMismatch("empty")
        # A byte order mark, or UTF-16, which the validator does not take as bytes.
        value, problems = _validated(text, adapter)
        if _is_syntax(problems):
            raise ResponseMismatch("html" if text.lstrip()[:1] == "<" else "not-json")
    if problems is not None:
        raise ResponseMismatch(describe(problems, adapter) if problems else "model-raised")
    return cast("T", value)


def _validated(document: bytes | str, adapter: TypeAdapter[Any]) -> tuple[object, list[ErrorDetails] | int | None]:
    """The value and no problems, or no value and the problems, or how many; an empty list when a validator raised."""
    try:
        return adapter.validate_json(document), None
    except ValidationError as error:
        return None, problems_of(error)
    except Exception:  # noqa: BLE001 - a plugin's validator may raise anything, with values in its text
        return None, []


def _is_syntax(problems: list[ErrorDetails] | int | None) -> bool:
    return isinstance(problems, list) and [(one["type"], one["loc"]) for one in problems] == [("json_invalid", ())]


def problems_of(error: ValidationError) -> list[ErrorDetails] | int:
    """List what is wrong, or count it where there are hundreds of problems."""
    count = error.error_count()
    if count > MOST_PROBLEMS:  # pydantic would make a dict for each
        return count
    return error.errors(include_url=False, include_input=False, include_context=False)


def describe(found: list[ErrorDetails] | int, model: Any) -> str:
    """Name the places and kinds of problems.

    A key that no model declares may be a citizen's number: it is masked. A kind that is not pydantic's own may have
    been made of a value: it reads ``not_accepted``.
    """
    if isinstance(found, int):
        return f"does-not-fit: in {found} places"
    declared = _declared_names(model)
    places = [
        ".".join(("$", *(str(p) if isinstance(p, int) or p in declared else MASK for p in problem["loc"])))
        + f" {problem['type'] if problem['type'] in _KINDS else 'not_accepted'}"
        for problem in found[:_SHOWN]
    ]
    more = len(found) - _SHOWN
    return f"does-not-fit: {', '.join(places)}{f' and {more} more' if more > 0 else ''}"


_KINDS: Final = frozenset(get_args(core_schema.ErrorType)) | {"too_many_problems"}


def _declared_names(model: Any) -> frozenset[str]:
    try:
        return _names_of(model) if isinstance(model, TypeAdapter) else _names_of.__wrapped__(TypeAdapter(model))
    except Exception:  # noqa: BLE001 - a type without a schema, or whose own hook raises
        return frozenset()


@lru_cache(maxsize=256)
def _names_of(adapter: TypeAdapter[Any]) -> frozenset[str]:
    """Names that a type's JSON Schema declares; to write it takes longer than to read a response."""
    names: set[str] = set()
    pending: list[Any] = [adapter.json_schema(mode="validation")]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            names.update(part.get("properties", ()))
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return frozenset(names)


def to_json(value: object) -> bytes:
    """Write a value as JSON in UTF-8, Bangla unescaped, models by their aliases, or raise ``TypeError``."""
    if isinstance(value, BaseModel):
        return value.__pydantic_serializer__.to_json(value, by_alias=True)
    try:
        return pydantic_core.to_json(value, by_alias=True)
    except pydantic_core.PydanticSerializationError:
        raise TypeError(f"{type(value).__name__} has no JSON form") from None
