"""Holding an agency's answer against the model that a plugin expects."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar, cast

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic_core import ErrorDetails

from nagorik.http import Answer, Expected
from nagorik.privacy import MASK

T = TypeVar("T")
_SHOWN: Final = 10
"""Problems named in one error."""


class Misfit(Exception):
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


def fit(answer: Answer, adapter: TypeAdapter[T]) -> T:
    """The answer's document as the expected type.

    Raises:
        Misfit: ``empty``, ``not-json``, ``html``, ``charset``, ``model-raised``, or ``does-not-fit`` with the
            places and kinds of the first ten problems.
    """
    value, problems = _validated(answer.body, adapter)
    if problems is None:
        return cast("T", value)
    if _is_syntax(problems):
        text = answer.text
        if text is None:
            raise Misfit("charset")
        if not text.strip():
            raise Misfit("empty")
        # A byte order mark, or UTF-16, which the validator does not take as bytes.
        value, problems = _validated(text, adapter)
        if problems is None:
            return cast("T", value)
        if _is_syntax(problems):
            raise Misfit("html" if text.lstrip()[:1] == "<" else "not-json")
    raise Misfit(_describe(problems, adapter) if problems else "model-raised")


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
