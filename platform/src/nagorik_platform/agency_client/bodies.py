"""Bodies: an answer within its size, out of its compression and into the type expected of JSON; a request as JSON."""

import io
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any, Final, Generic, TypeVar, cast, get_args

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator, core_schema

from nagorik.http import AgencyResponse
from nagorik.privacy import MASK, MOST_PROBLEMS
from nagorik_platform.agency_client.retry_table import Failure

_PLAIN: Final = frozenset({None, "", "identity"})
_GZIP: Final = 16 + zlib.MAX_WBITS
_FRAMING: Final = 65_536
"""Bytes that a compressed body may have beyond twice the limit: in small pieces, it is mostly framing."""


_INFLATED: Final = 1_000_000
"""Bytes that are inflated at once."""


class Unreadable(Exception):
    """A body that cannot be read, or sent, to its end.

    Attributes:
        failure: What follows from it.
    """

    failure = Failure.UNEXPECTED


class TooLarge(Unreadable):
    """The answer is larger than may be read."""

    failure = Failure.TOO_LARGE


class Undecodable(Unreadable):
    """The answer is not in the content encoding that it claims."""

    failure = Failure.CONTENT


async def read_body(chunks: AsyncIterable[bytes], limit: int, encoding: str | None) -> bytes:
    """The whole body, at most ``limit`` bytes of it, counted after decompression, and hardly more before it.

    Raises:
        TooLarge: As soon as the limit is passed.
        Undecodable: When the compression is another than gzip, or broken.
    """
    body = io.BytesIO()  # it grows where it is, and gives away what it holds without a copy
    async for part in body_parts(chunks, limit, encoding):
        body.write(part)
    return body.getvalue()


async def body_parts(chunks: AsyncIterable[bytes], limit: int, encoding: str | None) -> AsyncGenerator[bytes]:
    """As ``read_body``, part by part, each of a megabyte at most or as long as it came.

    gzip is undone here and not by httpx, which inflates a chunk as a whole and so lets sixty kilobytes grow to sixty
    megabytes before they are counted.
    """
    if encoding not in {*_PLAIN, "gzip", "x-gzip"}:
        raise Undecodable
    is_plain, inflater, inflated, taken = encoding in _PLAIN, zlib.decompressobj(_GZIP), 0, 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > (limit if is_plain else 2 * limit + _FRAMING):
            raise TooLarge
        if is_plain:
            yield chunk
            continue
        pending = chunk
        while pending:
            if inflater.eof:  # a further gzip member follows
                inflater = zlib.decompressobj(_GZIP)
            part = _inflated(inflater, pending, min(limit - inflated + 1, _INFLATED))
            inflated += len(part)
            if inflated > limit:
                raise TooLarge
            yield part
            pending = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not is_plain and not inflater.eof:
        raise Undecodable


def _inflated(inflater: Any, pending: bytes, most: int) -> bytes:
    with suppress(zlib.error):
        return cast("bytes", inflater.decompress(pending, most))
    raise Undecodable


T = TypeVar("T")
_SHOWN: Final = 10
"""Problems named in one error."""
_LARGE: Final = 65_536
"""Bytes of a document from which on a list is refused at its first wrong item. A validator keeps hundreds of bytes
for each that is wrong, and holds the interpreter while it does, in whatever thread."""


class ResponseMismatch(Exception):
    """An answer that is not what was expected; ``detail`` is a code and places, never a value."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ResponseValidator(Generic[T]):
    """Validates the documents that should be of one type."""

    def __init__(self, adapter: TypeAdapter[T]) -> None:
        self.adapter = adapter

    def validate(self, document: bytes | str) -> T:
        """The document as the type.

        Raises:
            ValidationError: With all problems of a small document, and few of a large one.
        """
        # A type that brings a configuration of its own keeps it to itself.
        if len(document) < _LARGE or self.adapter._config:
            return self.adapter.validate_json(document)
        return cast("T", self._hasty.validate_json(document))

    @cached_property
    def _hasty(self) -> SchemaValidator:
        self.adapter.rebuild()  # of a model that is built with its first use
        schema = _stopping_early(self.adapter.core_schema)
        try:
            # Not with the validators that the models within have already, which go on to the end.
            return SchemaValidator(schema, _use_prebuilt=False)
        except TypeError:  # a release that makes them anew in any case
            return SchemaValidator(schema)


def _stopping_early(schema: Any) -> Any:
    """A copy of a core schema in which no collection goes on after its first wrong item."""
    if type(schema) is list or type(schema) is tuple:
        return type(schema)(_stopping_early(part) for part in schema)
    if type(schema) is not dict:
        return schema
    copied = {name: part if name in _NO_SCHEMAS else _stopping_early(part) for name, part in schema.items()}
    return copied | {"fail_fast": True} if schema.get("type") in _COLLECTIONS else copied


_NO_SCHEMAS: Final = frozenset({"default", "expected", "metadata", "serialization"})
"""Members of a core schema that hold what a model's author wrote there."""
_COLLECTIONS: Final = frozenset(
    name
    for name, kind in (
        ("list", core_schema.ListSchema),
        ("tuple", core_schema.TupleSchema),
        ("set", core_schema.SetSchema),
        ("frozenset", core_schema.FrozenSetSchema),
        ("dict", core_schema.DictSchema),
    )
    if "fail_fast" in kind.__annotations__  # not every release can stop in each of them
)


def parse_response(answer: AgencyResponse, validator: ResponseValidator[T]) -> T:
    """The answer's document as the expected type.

    Raises:
        ResponseMismatch: ``empty``, ``not-json``, ``html``, ``charset``, ``repeated-name``, ``model-raised``, or
            ``does-not-fit`` with the places and kinds of the first ten problems, or with their number alone where
            there are hundreds.
    """
    document: bytes | str = answer.body
    value, problems = _validated(document, validator)
    if _is_syntax(problems):
        text = answer.text
        if text is None:
            raise ResponseMismatch("charset")
        if not text.strip():
            raise ResponseMismatch("empty")
        # A byte order mark, or UTF-16, which the validator does not take as bytes.
        value, problems = _validated(text, validator)
        if _is_syntax(problems):
            raise ResponseMismatch("html" if text.lstrip()[:1] == "<" else "not-json")
        document = text
    if problems is not None:
        raise ResponseMismatch(describe(problems, validator.adapter) if problems else "model-raised")
    if not says_each_thing_once(document):
        raise ResponseMismatch("repeated-name")
    return cast("T", value)


class _RepeatedName(Exception):
    """An object has two members of one name."""


def _look_at_names(members: list[tuple[str, object]]) -> None:
    if len(dict(members)) != len(members):
        raise _RepeatedName


_NAMES: Final = json.JSONDecoder(object_pairs_hook=_look_at_names, parse_int=str, parse_float=str, strict=False)
"""Keeps nothing of what it reads, and makes no numbers of digits, which may be thousands."""


def says_each_thing_once(document: bytes | str) -> bool:
    """Whether no object of a JSON document, which pydantic could read, has two members of one name.

    One that has says two things, and readers differ in which of them they believe (RFC 8259, section 4): pydantic
    believes the last. Finding out takes about as long as reading did.
    """
    try:
        _NAMES.decode(document if isinstance(document, str) else document.decode(errors="replace"))
    except (_RepeatedName, ValueError, RecursionError):  # what the two readers do not agree on is not clear either
        return False
    return True


def _validated(
    document: bytes | str, validator: ResponseValidator[Any]
) -> tuple[object, list[ErrorDetails] | int | None]:
    """The value and no problems, or no value and the problems, or how many; an empty list when a validator raised."""
    raw = document if isinstance(document, bytes) else document.encode(errors="replace")
    if b"NaN" in raw or b"Infinity" in raw:
        try:
            pydantic_core.from_json(document, allow_inf_nan=False)  # JSON has no such numbers; pydantic takes them
        except ValueError:
            return None, _NOT_JSON
    try:
        return validator.validate(document), None
    except ValidationError as error:
        return None, problems_of(error)
    except Exception:  # noqa: BLE001 - a plugin's validator may raise anything, with values in its text
        return None, []


_NOT_JSON: Final = [ErrorDetails(type="json_invalid", loc=(), msg="", input=None)]


def _is_syntax(problems: list[ErrorDetails] | int | None) -> bool:
    kinds = [(problem["type"], problem["loc"]) for problem in problems] if isinstance(problems, list) else []
    return kinds == [("json_invalid", ())]


def problems_of(error: ValidationError) -> list[ErrorDetails] | int:
    """What is wrong, or in how many places where there are hundreds."""
    count = error.error_count()
    if count > MOST_PROBLEMS:  # pydantic would make a dict for each
        return count
    return error.errors(include_url=False, include_input=False, include_context=False)


def describe(found: list[ErrorDetails] | int, model: Any) -> str:
    """The places and kinds of problems.

    A key that no model declares may be a citizen's number: it is masked. A kind that is not pydantic's own may have
    been made of a value: it is told as ``not_accepted``.
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
    """Found once: writing a schema takes longer than reading the answer that does not fit it."""
    names: set[str] = set()
    pending: list[object] = [adapter.json_schema(mode="validation")]
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


def to_json(value: object) -> bytes:
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
