"""Form fields, and requests in several parts, for simulators."""

from collections.abc import Iterable, Iterator, Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from functools import lru_cache
from typing import cast
from urllib.parse import parse_qs, urlencode

from pydantic import JsonValue

from nagorik.values import to_bangla_digits
from nagorik_testing.faults.kinds import Shape
from nagorik_testing.wire.codec import BROKEN, Format, JsonFormat, ReceivedFile, RequestFormat, media_type_of

MOST_FIELDS = 1_000
"""Fields of one form, at most."""


class FormFormat(Format):
    """``application/x-www-form-urlencoded`` in UTF-8; a field that comes several times is a list."""

    name = "a form"
    has_end = False

    @property
    def media_type(self) -> str:
        """``application/x-www-form-urlencoded``."""
        return "application/x-www-form-urlencoded"

    def takes(self, media_type: str) -> bool:
        """Its own label."""
        return media_type == self.media_type

    def read(self, body: bytes, content_type: str) -> JsonValue:  # noqa: ARG002 - it is ASCII in any case
        """As ``Format.read``."""
        return {name: values[0] if len(values) == 1 else [*values] for name, values in _fields(body).items()}

    def write(self, document: JsonValue, *, name: str | None = None, error: bool = False) -> bytes:  # noqa: ARG002
        """As ``Format.write``; a field within a field has a dotted name."""
        return urlencode(list(_flat(document, ""))).encode()

    def places(self, body: bytes) -> list[tuple[str, str]]:
        """As ``Format.places``: the names of the fields."""
        return [(name, value) for name, values in _fields(body).items() for value in values]

    def altered(
        self, body: bytes, remove: Iterable[str], put: dict[str, JsonValue], rename: dict[str, str] | None = None
    ) -> bytes:
        """As ``Format.altered``."""
        renamed, gone = rename or {}, set(remove)
        fields: dict[str, JsonValue] = {
            renamed.get(name, name): [*values] for name, values in _fields(body).items() if name not in gone
        }
        return self.write({**fields, **put})

    def reshaped(self, body: bytes, how: Shape) -> bytes:
        """As ``Format.reshaped``; a form has neither types, nor a null, nor lists of forms."""
        fields = _fields(body)
        match how:
            case "no-fields":
                return b""
            case "nulls":
                return self.write(dict.fromkeys(fields, ""))
            case "double-encoded":
                return urlencode({"": body.decode()})[1:].encode()
            case "bangla-digits":
                return self.write({name: [to_bangla_digits(each) for each in fields[name]] for name in fields})
            case "null" | "in-list" | "numbers-as-text":
                return body

    def spoiled(self, body: bytes) -> bytes:
        """As ``Format.spoiled``: no field has a value."""
        return body.replace(b"=", b":")

    def with_broken_text(self, body: bytes) -> bytes:
        """As ``Format.with_broken_text``."""
        return body + BROKEN


def _fields(body: bytes) -> dict[str, list[str]]:
    return parse_qs(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)


def _flat(value: JsonValue, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for part in value:
            yield from _flat(part, name)
    elif value is not None:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


class MultipartFormat(RequestFormat):
    """``multipart/form-data`` (RFC 7578), for requests alone: text, documents of other formats, and files.

    A part with a file's name is a file. Any other is a document if one of ``parts`` takes its label, text if it has
    none or that of plain text, and else passed over: to most servers a paper without a file's name is no paper.
    """

    name = "multipart"

    def __init__(self, *parts: Format) -> None:
        """Choose.

        Args:
            parts: The formats of documents within a part; JSON if not given.
        """
        self._parts: Sequence[Format] = parts or (JsonFormat(),)

    def takes(self, media_type: str) -> bool:
        """Its own label."""
        return media_type == "multipart/form-data"

    def read(self, body: bytes, content_type: str) -> JsonValue:
        """As ``Format.read``: the texts and documents, by the names of their parts."""
        content: dict[str, JsonValue] = {}
        for name, part in parts_of(body, content_type):
            label, held = media_type_of(str(part.get("content-type", ""))), _content(part)
            written = self._format(part, label)
            if written is not None:
                content[name] = written.read(held, str(part.get("content-type", "")))
            elif _is_text(part, label):
                content[name] = held.decode("utf-8")
        return content

    def files(self, body: bytes, content_type: str) -> tuple[ReceivedFile, ...]:
        """As ``Format.files``."""
        return tuple(
            ReceivedFile(name, media_type_of(str(part.get("content-type", ""))), _content(part))
            for name, part in parts_of(body, content_type)
            if part.get_filename() is not None
        )

    def _format(self, part: Message, label: str) -> Format | None:
        if part.get_filename() is not None or label in {"", "text/plain"}:
            return None
        # Of JSON only its own label: it takes any as a whole request.
        return next(
            (
                each
                for each in self._parts
                if (label == each.media_type if isinstance(each, JsonFormat) else each.takes(label))
            ),
            None,
        )


class _PlainHeaders(Compat32):
    """Headers as text: the grammar of mail addresses, which ``email.policy.HTTP`` parses, takes ten times as long."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the library's signature
        return value.encode("ascii", "surrogateescape").decode("utf-8", "replace")


@lru_cache(maxsize=8)
def parts_of(body: bytes, content_type: str) -> Sequence[tuple[str, Message]]:
    """The parts of a multipart body, each with its name; they are only read.

    A request is looked at by the simulator and by whoever listens, and parsed for the first of them.

    Raises:
        ValueError: It is in no parts, or one has no name.
    """
    head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    whole = BytesParser(policy=_PlainHeaders()).parsebytes(head + body)
    if not whole.is_multipart() or whole.defects:
        raise ValueError("the request is in no parts")
    parts = []
    for part in cast("list[Message]", whole.get_payload()):
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise ValueError("a part has no name")  # noqa: TRY004 - the request is wrong, and no type
        parts.append((name, part))
    return tuple(parts)


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _is_text(part: Message, label: str) -> bool:
    return part.get_filename() is None and label in {"", "text/plain"}
