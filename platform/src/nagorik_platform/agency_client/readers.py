"""Who reads an answer: the client's own readers of JSON, and those that a plugin brings, which may do anything."""

import inspect
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from nagorik.errors import PluginFault
from nagorik.http import AgencyResponse, AnswerReader, Expected
from nagorik.privacy import is_code
from nagorik_platform.agency_client.bodies import (
    ResponseMismatch,
    ResponseValidator,
    describe,
    parse_response,
    problems_of,
    says_each_thing_once,
)

T = TypeVar("T")


class JsonReader(Generic[T]):
    """Reads answers that should be JSON of one type."""

    format: Final = "json"
    accept: Final = "application/json"

    def __init__(self, adapter: TypeAdapter[T]) -> None:
        self.model: Any = adapter
        self._validator = ResponseValidator(adapter)

    def read(self, answer: AgencyResponse) -> T:
        """As ``AnswerReader.read``."""
        return parse_response(answer, self._validator)

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``."""
        return _is_clear(answer)


class NothingReader:
    """Reads nothing: no body matters. A refusal or an absence is the agency's own if it is JSON."""

    format: Final = "json"
    accept: Final = "application/json"
    model: Any = None

    def read(self, answer: AgencyResponse) -> None:
        """As ``AnswerReader.read``."""

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``."""
        return _is_clear(answer)


def _is_clear(answer: AgencyResponse) -> bool:
    """Whether it is JSON that says each thing once."""
    return answer.document is not None and says_each_thing_once(answer.text or "")


class Readers:
    """The readers of what one client's plugin expects; those of types are made once."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._made: dict[object, AnswerReader[Any]] = {}

    def of(self, expect: Expected[T]) -> AnswerReader[T]:
        """What reads ``expect``.

        Raises:
            PluginFault: ``expect-not-usable``: it is nothing that an answer can be read by.
        """
        if isinstance(expect, TypeAdapter):  # which may be another for each call, and is kept by whoever made it
            return JsonReader(expect)
        if not isinstance(expect, type) and hasattr(expect, "recognises"):
            return self._checked(expect)
        try:
            reader = self._made.get(expect)
            if reader is None:
                reader = self._made[expect] = self._checked(_reader_of(expect))
        except Exception:  # noqa: BLE001 - a plugin's type may raise anything where its schema is made
            fault = PluginFault("expect-not-usable", plugin=self._plugin)
        else:
            return reader
        raise fault

    def _checked(self, reader: Any) -> AnswerReader[Any]:
        if not isinstance(reader.format, str) or not is_code(reader.format):  # which errors name
            raise PluginFault("expect-not-usable", plugin=self._plugin)
        made: AnswerReader[Any] = reader
        return made


def _reader_of(expect: Any) -> Any:
    if expect is type(None):
        return NothingReader()
    if isinstance(expect, type) and hasattr(expect, "answer_reader"):
        return expect.answer_reader()
    return JsonReader(_adapter_of(expect) if isinstance(expect, type) else TypeAdapter(expect))


@lru_cache(maxsize=256)
def _adapter_of(expect: type) -> TypeAdapter[Any]:
    """Made once for all clients of a process, of which a test makes many."""
    return TypeAdapter(expect)


def read_answer(answer: AgencyResponse, reader: AnswerReader[T]) -> T:
    """What an answer holds, by a reader that may be a plugin's own.

    Raises:
        ResponseMismatch: As ``parse_response``, with the reader's format in place of ``json``.
    """
    try:
        value = reader.read(answer)
        if not inspect.iscoroutine(value):
            return value
        value.close()
        detail = "model-raised"
    except ResponseMismatch as mismatch:
        # A plugin's could say anything by it.
        detail = mismatch.detail if isinstance(reader, JsonReader) else "model-raised"
    except ValidationError as error:
        detail = describe(problems_of(error), reader.model)
    except ValueError:
        detail = _why_not(answer, reader)
    except Exception:  # noqa: BLE001 - a plugin's reader may raise anything, with values in its text
        detail = "model-raised"
    raise ResponseMismatch(detail)


def _why_not(answer: AgencyResponse, reader: AnswerReader[Any]) -> str:
    if not answer.body.strip():
        return "empty"
    beginning = answer.body.lstrip()[:14].lower()
    return "html" if beginning.startswith((b"<!doctype html", b"<html")) else f"not-{reader.format}"
