"""Bodies: an answer within its size, out of its compression and into the expected type; a request as JSON."""

import zlib
from collections.abc import AsyncIterable, Iterable
from typing import Any, Final, TypeVar, cast

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic_core import ErrorDetails

from nagorik.http import AgencyResponse, Expected
from nagorik.privacy import MASK

_GZIP: Final = 16 + zlib.MAX_WBITS


class TooLarge(Exception):
    """The answer is larger than may be read."""


class Undecodable(Exception):
    """The answer is not in the content encoding that it claims."""


async def read_body(chunks: AsyncIterable[bytes], limit: int, encoding: str | None) -> bytes:
    """The whole body, at most ``limit`` bytes of it, counted after decompression.

    Only gzip is undone, as nothing else is asked for. It is undone here and not by httpx, which inflates a chunk
    as a whole and so lets sixty kilobytes grow to sixty megabytes before anyone counts.

    Raises:
        TooLarge: As soon as the limit is passed.
        Undecodable: When the compression is another than gzip, or broken.
    """
    if encoding is None or encoding in {"", "identity"}:
        return await _plain(chunks, limit)
    if encoding not in {"gzip", "x-gzip"}:
        raise Undecodable
    return await _gunzip(chunks, limit)


async def _plain(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _gunzip(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        pending = chunk
        while pending:
            if inflater.eof:  # a further gzip member follows
                inflater = zlib.decompressobj(_GZIP)
            try:
                part = inflater.decompress(pending, limit - size + 1)
            except zlib.error:
                part = None
            if part is None:
                raise Undecodable
            size += len(part)
            if size > limit:
                raise TooLarge
            parts.append(part)
            pending = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        raise Undecodable
    return b"".join(parts)


T = TypeVar("T")
_SHOWN: Final = 10
"""Problems named in one error."""


class ResponseMismatch(Exception):
    """An answer that is not what was expected; ``detail`` is a code and places, never a value."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Adapters:
    """The validators of the types that one client's plugin expects, each built once."""

    def __init__(self) -> None:
        self._built: dict[object, TypeAdapter[Any]] = {}

    def of(self, expect: Expected[T]) -> TypeAdapter[T]:
        """The validator of ``expect``."""
        if isinstance(expect, TypeAdapter):
            return expect
        adapter = self._built.get(expect)
        if adapter is None:
            adapter = self._built[expect] = TypeAdapter(expect)
        return cast("TypeAdapter[T]", adapter)


def parse_response(answer: AgencyResponse, adapter: TypeAdapter[T]) -> T:
    """The answer's document as the expected type.

    Raises:
        ResponseMismatch: ``empty``, ``not-json``, ``html``, ``charset``, ``model-raised``, or ``does-not-fit`` with
            the places and kinds of the first ten problems.
    """
    value, problems = _validated(answer.body, adapter)
    if problems is None:
        return cast("T", value)
    if _is_syntax(problems):
        text = answer.text
        if text is None:
            raise ResponseMismatch("charset")
        if not text.strip():
            raise ResponseMismatch("empty")
        # A byte order mark, or UTF-16, which the validator does not take as bytes.
        value, problems = _validated(text, adapter)
        if problems is None:
            return cast("T", value)
        if _is_syntax(problems):
            raise ResponseMismatch("html" if text.lstrip()[:1] == "<" else "not-json")
    raise ResponseMismatch(_describe(problems, adapter) if problems else "model-raised")


def is_empty_type(expect: object) -> bool:
    """Whether no body is expected at all."""
    return expect is type(None)


def _validated(document: bytes | str, adapter: TypeAdapter[Any]) -> tuple[object, list[ErrorDetails] | None]:
    """The value and no problems, or no value and the problems; an empty list when a validator raised."""
    try:
        return adapter.validate_json(document), None
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False, include_context=False)
    except Exception:  # noqa: BLE001 - a plugin's validator may raise anything, with values in its text
        return None, []


def _is_syntax(problems: list[ErrorDetails]) -> bool:
    return len(problems) == 1 and problems[0]["type"] == "json_invalid" and not problems[0]["loc"]


def _describe(problems: Iterable[ErrorDetails], adapter: TypeAdapter[Any]) -> str:
    """The places and kinds of problems. A key that no model declares may be a citizen's number: it is masked."""
    found = list(problems)
    declared = _declared_names(adapter)
    places = [
        ".".join(("$", *(str(p) if isinstance(p, int) or p in declared else MASK for p in problem["loc"])))
        + f" {problem['type']}"
        for problem in found[:_SHOWN]
    ]
    more = len(found) - _SHOWN
    return f"does-not-fit: {', '.join(places)}{f' and {more} more' if more > 0 else ''}"


def _declared_names(adapter: TypeAdapter[Any]) -> frozenset[str]:
    names: set[str] = set()
    try:
        pending: list[object] = [adapter.json_schema(mode="validation")]
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        return frozenset()
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            properties = part.get("properties")
            if isinstance(properties, dict):
                names.update(properties)
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return frozenset(names)


def to_body(value: object) -> bytes:
    """A value as JSON in UTF-8, Bangla unescaped; models by their aliases.

    Raises:
        TypeError: When the value, or something in it, has no JSON form.
    """
    if isinstance(value, BaseModel):
        return value.__pydantic_serializer__.to_json(value, by_alias=True)
    try:
        return pydantic_core.to_json(value, by_alias=True)
    except pydantic_core.PydanticSerializationError:
        kind = type(value).__name__
    raise TypeError(f"{kind} has no JSON form")
