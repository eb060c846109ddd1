"""Who reads a response: the client's own reader of JSON, and those that a plugin brings, which may do anything."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from nagorik.errors import PluginFault
from nagorik.http import AgencyResponse, AnswerReader, Expected
from nagorik.privacy import is_code
from nagorik_platform.agency_client.bodies import ResponseMismatch, describe, parse_response, problems_of

T = TypeVar("T")


class JsonReader(Generic[T]):
    """Reads responses that should be JSON of one type; without a type, no body matters."""

    format: Final = "json"
    accept: Final = "application/json"

    def __init__(self, adapter: TypeAdapter[T] | None) -> None:
        self.model: Any = adapter

    def read(self, answer: AgencyResponse) -> T:
        """As ``AnswerReader.read``."""
        return cast("T", None if self.model is None else parse_response(answer, self.model))

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``."""
        return answer.document is not None


def reader_of(expect: Expected[T], plugin: str) -> AnswerReader[T]:
    """Find what reads ``expect``; raises ``PluginFault`` ``expect-not-usable`` where nothing can."""
    reader: Any = expect
    try:
        if isinstance(expect, TypeAdapter):  # which may be another for each call
            return JsonReader(expect)
        if isinstance(expect, type) or not hasattr(expect, "recognises"):
            reader = _reader_of(cast("Hashable", expect))
        is_usable = isinstance(reader.format, str) and is_code(reader.format)  # which errors name
    except Exception:  # noqa: BLE001 - a plugin's type may raise anything where its schema is made
        is_usable = False
    if not is_usable:
        raise PluginFault("expect-not-usable", plugin=plugin)
    return cast("AnswerReader[T]", reader)


@lru_cache(maxsize=256)
def _reader_of(expect: Any) -> Any:
    if expect is type(None):
        return JsonReader(None)
    return expect.answer_reader() if hasattr(expect, "answer_reader") else JsonReader(TypeAdapter(expect))


def read_answer(answer: AgencyResponse, reader: AnswerReader[T]) -> T:
    """Read a response by a reader that may be a plugin's own.

    Raises:
        ResponseMismatch: As ``parse_response``, with the reader's format in place of ``json``.
    """
    try:
        return reader.read(answer)
    except ResponseMismatch as mismatch:
        # A plugin's could say anything by it.
        detail = mismatch.detail if isinstance(reader, JsonReader) else "model-raised"
    except ValidationError as error:
        detail = describe(problems_of(error), reader.model)
    except ValueError:
        beginning = answer.body.lstrip()[:14].lower()
        is_page = beginning.startswith((b"<!doctype html", b"<html"))
        detail = "html" if is_page else f"not-{reader.format}" if beginning else "empty"
    except Exception:  # noqa: BLE001 - a plugin's reader may raise anything, with values in its text
        detail = "model-raised"
    raise ResponseMismatch(detail)
