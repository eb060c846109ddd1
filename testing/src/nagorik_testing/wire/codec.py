"""The codec of a simulator: how its requests are read, how its answers are written, and how faults change those.

A simulator works with plain values, whatever its agency's wire is. A ``Format`` turns them into bytes and back, and
knows what a fault of the matrix means in its bytes: a renamed field, a broken document, a value of another shape.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import JsonValue
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nagorik.values import to_bangla_digits
from nagorik_testing.faults.kinds import Shape
from nagorik_testing.simulator.json_bodies import read_json

CODEC: Final = "nagorik.codec"
"""The key of the ASGI scope that holds the simulator's ``Codec``."""

BODY: Final = "nagorik.body"
"""The key of the ASGI scope that holds the request's body, as bytes."""

ERROR_STATUS: Final = 400
"""The first status of an error."""


@dataclass(frozen=True, slots=True, repr=False)
class ReceivedFile:
    """A file within a request.

    Attributes:
        name: What the request calls it: the name of its part, never that of the file on a citizen's device.
        media_type: Its declared media type; empty where none is.
        content: Its bytes.
    """

    name: str
    media_type: str
    content: bytes


class RequestFormat(ABC):
    """One way in which an agency takes requests."""

    name: ClassVar[str]
    """As reports name it: ``JSON``."""

    @abstractmethod
    def takes(self, media_type: str) -> bool:
        """Whether a request that is labelled so, in lower case and without parameters, is in this format."""

    @abstractmethod
    def read(self, body: bytes, content_type: str) -> JsonValue:
        """What a request holds.

        Raises:
            ValueError: It is not in this format.
        """

    def files(self, body: bytes, content_type: str) -> tuple[ReceivedFile, ...]:  # noqa: ARG002 - for subclasses
        """The files that a request brings; none in formats that have none.

        Raises:
            ValueError: It is not in this format.
        """
        return ()

    def is_called(self, body: bytes, headers: Mapping[str, str], name: str) -> bool:  # noqa: ARG002 - for subclasses
        """Whether a request is what the agency calls ``name``; any is in formats that have no names for it.

        Args:
            body: The request's.
            headers: The request's, by their names in lower case.
            name: What it should be called.

        Raises:
            ValueError: It is not in this format.
        """
        return True


class Format(RequestFormat):
    """One way to write a document, answers too.

    A method that takes an answer's body raises ``ValueError`` if that is in another format.
    """

    has_end: ClassVar[bool] = True
    """Whether a document that was cut short can be told from a whole one."""

    @property
    @abstractmethod
    def media_type(self) -> str:
        """What an answer is labelled as, without its character set."""

    @abstractmethod
    def write(self, document: JsonValue, *, name: str | None = None, error: bool = False) -> bytes:
        """An answer, in UTF-8.

        Args:
            document: What it says.
            name: What the document is called, where the format has a name for it.
            error: Whether it says no, where the format has a form of its own for that.
        """

    def content_type(self, charset: str = "utf-8") -> str:
        """The label of an answer."""
        return f"{self.media_type}; charset={charset}"

    @abstractmethod
    def places(self, body: bytes) -> list[tuple[str, str]]:
        """Every text of an answer with its dotted place, as ``altered`` takes it."""

    @abstractmethod
    def altered(
        self, body: bytes, remove: Iterable[str], put: dict[str, JsonValue], rename: dict[str, str] | None = None
    ) -> bytes:
        """An answer with places renamed, then removed, then put in."""

    @abstractmethod
    def reshaped(self, body: bytes, how: Shape) -> bytes:
        """An answer in another shape; as it was where the format has no such shape."""

    def spoiled(self, body: bytes) -> bytes:
        """An answer that cannot be parsed and is as long as it says."""
        return body[:-1] + b"'}]"

    @abstractmethod
    def with_broken_text(self, body: bytes) -> bytes:
        """An answer with bytes that are no UTF-8, inside its last text.

        A reader that puts signs in place of what it cannot decode would not notice them there.
        """


BROKEN: Final = b"\xff\xfe"
"""No UTF-8, wherever it stands."""


class JsonFormat(Format):
    """JSON in UTF-8 (RFC 8259)."""

    name = "JSON"

    @property
    def media_type(self) -> str:
        """``application/json``."""
        return "application/json"

    def takes(self, media_type: str) -> bool:  # noqa: ARG002 - many an agency never looks
        """Whatever it is labelled as."""
        return True

    def read(self, body: bytes, content_type: str) -> JsonValue:  # noqa: ARG002 - it is UTF-8 in any case
        """As ``Format.read``."""
        return read_json(body)

    def write(self, document: JsonValue, *, name: str | None = None, error: bool = False) -> bytes:  # noqa: ARG002
        """As ``Format.write``; a document has no name, and an error no form of its own."""
        return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    def places(self, body: bytes) -> list[tuple[str, str]]:
        """As ``Format.places``."""
        return [(place, value) for place, value in _texts(json.loads(body))]

    def altered(
        self, body: bytes, remove: Iterable[str], put: dict[str, JsonValue], rename: dict[str, str] | None = None
    ) -> bytes:
        """As ``Format.altered``."""
        document: JsonValue = json.loads(body)
        for place, name in (rename or {}).items():
            holder = _at(document, place.split(".")[:-1])
            if isinstance(holder, dict) and (last := place.rpartition(".")[2]) in holder:
                holder[name] = holder.pop(last)
        for place in remove:
            _change(document, place.split("."), None, remove=True)
        for place, value in put.items():
            _change(document, place.split("."), value, remove=False)
        return self.write(document)

    def reshaped(self, body: bytes, how: Shape) -> bytes:
        """As ``Format.reshaped``."""
        document: JsonValue = json.loads(body)
        return self.write(_reshaped(document, how))

    def with_broken_text(self, body: bytes) -> bytes:
        """As ``Format.with_broken_text``."""
        before, quote, after = body.rpartition(b'"')
        return before + BROKEN + quote + after


def _reshaped(document: JsonValue, how: Shape) -> JsonValue:
    match how:
        case "null":
            return None
        case "no-fields":
            return {}
        case "nulls":
            return _each(document, lambda _: None)
        case "in-list":
            return [document]
        case "double-encoded":
            return json.dumps(document, ensure_ascii=False)
        case "numbers-as-text":
            return _each(
                document, lambda value: json.dumps(value) if isinstance(value, bool | int | float) else value
            )
        case "bangla-digits":
            return _each(document, lambda value: to_bangla_digits(value) if isinstance(value, str) else value)


def _texts(document: JsonValue, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(document, str):
        yield place, document
    elif isinstance(document, dict | list):
        parts = document.items() if isinstance(document, dict) else enumerate(document)
        for name, part in parts:
            yield from _texts(part, f"{place}.{name}" if place else str(name))


def _each(document: JsonValue, change: Callable[[JsonValue], JsonValue]) -> JsonValue:
    if isinstance(document, dict):
        return {key: _each(value, change) for key, value in document.items()}
    if isinstance(document, list):
        return [_each(value, change) for value in document]
    return change(document)


def _at(document: JsonValue, place: list[str]) -> JsonValue:
    here = document
    for step in place:
        here = here[int(step)] if isinstance(here, list) else here.get(step) if isinstance(here, dict) else None
    return here


def _change(document: JsonValue, place: list[str], value: JsonValue, *, remove: bool) -> None:
    here, last = _at(document, place[:-1]), place[-1]
    if isinstance(here, dict):
        if remove:
            here.pop(last, None)
        else:
            here[last] = value
    elif isinstance(here, list) and int(last) < len(here):
        if remove:
            del here[int(last)]
        else:
            here[int(last)] = value


class Codec:
    """What one simulated agency speaks, chosen once.

    Attributes:
        answers: What its answers are written in.
        requests: What it takes requests in; the first that takes a request's label reads it.
        named_by: The field of a request that holds the name of the method.
    """

    __slots__ = ("answers", "named_by", "requests")

    def __init__(
        self, answers: Format, *, requests: Sequence[RequestFormat] = (), named_by: str | None = None
    ) -> None:
        """Choose.

        Args:
            answers: What answers are written in.
            requests: What requests are taken in; as ``answers`` if nothing is given.
            named_by: The field of a request that holds the name of the method, at an agency with one address for all,
                where the format itself has no names.
        """
        self.answers = answers
        self.requests = tuple(requests) or (answers,)
        self.named_by = named_by

    def read(self, body: bytes, content_type: str) -> JsonValue:
        """What a request holds.

        Raises:
            ValueError: It is in none of the formats that the agency takes; the text names those.
        """
        return self._format(content_type).read(body, content_type)

    def is_called(self, body: bytes, headers: Mapping[str, str], name: str) -> bool:
        """Whether a request is what the agency calls ``name``; any is where nothing of it is a name.

        Raises:
            ValueError: It is in none of the formats that the agency takes; the text names those.
        """
        label = headers.get("content-type", "")
        if self.named_by is not None:
            content = self.read(body, label)
            return isinstance(content, dict) and content.get(self.named_by) == name
        return self._format(label).is_called(body, headers, name)

    def files(self, body: bytes, content_type: str) -> tuple[ReceivedFile, ...]:
        """The files that a request brings; none where it cannot be read."""
        try:
            return self._format(content_type).files(body, content_type) if body else ()
        except ValueError:
            return ()

    @property
    def expected(self) -> str:
        """What a request should be, such as ``JSON`` or ``SOAP or a form``."""
        return " or ".join(each.name for each in self.requests)

    def _format(self, content_type: str) -> RequestFormat:
        label = media_type_of(content_type)
        found = next((each for each in self.requests if each.takes(label)), None)
        if found is None:
            raise ValueError(f"{self.expected} is expected")
        return found


JSON: Final = Codec(JsonFormat())
"""What most agencies speak, and a simulator that chooses nothing."""


def media_type_of(content_type: str) -> str:
    """A label without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def codec_of(scope: Scope) -> Codec:
    """The codec of the simulator that a request came to."""
    found = scope.get(CODEC, JSON)
    return found if isinstance(found, Codec) else JSON


class DocumentResponse(Response):
    """An answer of plain values, written by the codec of the simulator that it is sent from."""

    def __init__(
        self,
        document: JsonValue,
        status_code: int = 200,
        *,
        name: str | None = None,
        headers: dict[str, str] | None = None,
        error: bool | None = None,
    ) -> None:
        """Answer.

        Args:
            document: What the answer says.
            status_code: Its HTTP status.
            name: What the document is called, where the format has a name for it: the root element in XML.
            headers: Besides the label.
            error: Whether it says no, in the form that the format has for that; from status 400 on if not given.
        """
        super().__init__(status_code=status_code, headers=headers)
        self.document = document
        self.name = name
        self.is_error = status_code >= ERROR_STATUS if error is None else error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write it, and send it."""
        answers = codec_of(scope).answers
        body = answers.write(self.document, name=self.name, error=self.is_error)
        headers = {name: value for name, value in Headers(raw=self.raw_headers).items() if name != "content-length"}
        # As Starlette labels its own answers in JSON, which need no character set (RFC 8259, 11).
        label = answers.media_type if isinstance(answers, JsonFormat) else answers.content_type()
        written = Response(body, self.status_code, {**headers, "content-type": label})
        await written(scope, receive, send)
