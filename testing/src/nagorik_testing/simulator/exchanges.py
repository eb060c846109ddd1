"""One request and its answer, written down: what a recording holds and what a scenario file replays.

Of a request only its shape is kept: method, path template, names of query fields, places and kinds of the fields of
its JSON. So a recording of a call about a citizen holds nothing of the citizen. An answer is kept as it came, save
that a recording of ``nagorik contract`` has the shapes of values in it, such as ``decimal(2)``. A file that cannot be
used is refused with the place in it that has to be mended.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from nagorik.data_files import DataFileInvalid, FileProblem, parse_model, read_file
from nagorik.operations import Operation
from nagorik.privacy import Model
from nagorik_testing.simulator.json_bodies import read_json

JsonKind = Literal["text", "number", "boolean", "null", "object", "list"]
"""What stands at a place of a JSON document; ``object`` and ``list`` are empty ones, else their parts are told."""

LARGEST_RECORDING: Final = 10_000_000
"""Bytes of a file of exchanges, which a run writes and not a hand."""

BYTE_ORDER_MARK: Final = "\ufeff"
"""Before the body of a recorded answer in JSON that had one, or that was in another encoding than UTF-8."""

_RECORDING_VERSION: Final = 2
_DEFAULT_CONTENT: Final = "application/json; charset=utf-8"


class Provenance(StrEnum):
    """How far an exchange can be trusted to be what the agency does."""

    RECORDED = "recorded"
    """Seen on the wire, on the day ``as_of``."""
    FROM_SPEC = "from-spec"
    """Written from the agency's own document, of which ``source`` says which."""
    ASSUMED = "assumed"
    """A guess: nobody has seen it or been told of it."""


class ExchangeRequest(Model):
    """Which requests it is about."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str = Field(pattern=r"^/[^?#\s]*$")
    """The path template below the base address, such as ``/v1/payments/{id}``; a name in braces is one segment."""
    query: tuple[str, ...] = ()
    """Names of the query fields that a request must have; it may have more."""
    fields: dict[str, JsonKind] = Field(default_factory=dict)
    """Places of the JSON body that a request must have, and what is there; it may have more. See ``fields_of``."""

    @property
    def line(self) -> str:
        """Method and path template, as the ledger, the faults and the strict router name an operation."""
        return f"{self.method} {self.path}"

    def fits(self, query: Mapping[str, str], content: JsonValue) -> bool:
        """Whether a request to this method and path is one of those, by its query and its JSON."""
        return set(self.query) <= set(query) and self.fields.items() <= fields_of(content).items()


class ExchangeResponse(Model):
    """The answer, as it came."""

    status: int = Field(default=200, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Annotated[str, Field(max_length=LARGEST_RECORDING)] = ""
    """The text of the body, JSON or not."""

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers in lower case; a body without a declared type is JSON."""
        declared = {name.lower(): value for name, value in self.headers.items()}
        return {"content-type": _DEFAULT_CONTENT, **declared} if self.body else declared


class Exchange(Model):
    """One request and its answer. Several with the same request are answered in order."""

    operation: Operation | None = None
    """The plugin's operation during which it is sent; a login or a warm-up belongs to none."""
    request: ExchangeRequest
    response: ExchangeResponse
    times: Annotated[int, Field(ge=1)] | Literal["any"] = 1
    """How often it answers before the next one's turn; ``any`` for ever, and it may also never be asked for."""
    provenance: Provenance
    source: str = Field(min_length=1)
    """Where it is from: a document, a page, ``nagorik contract ID --record``, or whose assumption it is."""
    as_of: date
    """The day on which it was recorded, or read in its source, or assumed."""


class _Exchanges(Model):
    exchange: tuple[Exchange, ...] = ()


class _Recording(_Exchanges):
    recording_version: int = 1
    """1 where it is not told: names of fields and words stand in it otherwise than they do now."""


def fields_of(content: JsonValue) -> dict[str, JsonKind]:
    """Places and kinds of a JSON document: ``{"payer.name": "text", "lines[].amount": "number"}``.

    The elements of a list count as one: where they differ in kind, the last one is told. A document that is a single
    value stands at ``$``, and nothing at all has no places.
    """
    return {} if content is None else {place: _json_kind(value) for place, value in values_of(content)}


def values_of(content: JsonValue, place: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Every value of a JSON document that holds no other, with its place."""
    if isinstance(content, dict) and content:
        for name, part in content.items():
            yield from values_of(part, f"{place}.{name}" if place else name)
    elif isinstance(content, list) and content:
        for part in content:
            yield from values_of(part, f"{place}[]")
    else:
        yield place or "$", content


def json_content(body: bytes | str) -> JsonValue:
    """A body if it is JSON, else ``None``."""
    try:
        return read_json(body)
    except ValueError:
        return None


def load_exchanges(path: Path) -> tuple[Exchange, ...]:
    """The exchanges of a TOML file that holds nothing else.

    Raises:
        DataFileInvalid: It cannot be read or does not fit; the text names file and field.
    """
    return parse_model(read_file(path, largest=LARGEST_RECORDING), path.name, _Exchanges).exchange


def load_recording(path: Path) -> tuple[Exchange, ...]:
    """The exchanges of a file that ``dump_recording`` wrote.

    Raises:
        DataFileInvalid: It cannot be read or does not fit, or is of another version and has to be recorded again.
    """
    found = parse_model(read_file(path, largest=LARGEST_RECORDING), path.name, _Recording)
    if found.recording_version != _RECORDING_VERSION:
        problem = "another version of Nagorik wrote it, and it cannot be compared: record again with --record"
        raise DataFileInvalid(path.name, [FileProblem("recording_version", problem)])
    return found.exchange


def dump_recording(exchanges: Iterable[Exchange]) -> str:
    """Exchanges of a run of ``nagorik contract ID --record`` as TOML, with the version of how they are written."""
    return f"recording_version = {_RECORDING_VERSION}\n\n{dump_exchanges(exchanges)}"


def dump_exchanges(exchanges: Iterable[Exchange]) -> str:
    """Exchanges as TOML, one ``[[exchange]]`` each, that ``load_exchanges`` and a scenario file read."""
    import tomlkit

    written = tomlkit.document()
    tables = tomlkit.aot()
    for exchange in exchanges:
        table = tomlkit.table()
        for name, value in exchange.model_dump(mode="json", exclude_defaults=True).items():
            table.add(name, value)
        table["as_of"] = exchange.as_of
        if exchange.response.body:
            table["response"]["body"] = _text(exchange.response.body)
        tables.append(table)
    written.add("exchange", tables)
    return tomlkit.dumps(written)


def _text(body: str) -> object:
    """A readable string where TOML allows it: a literal one, which escapes nothing."""
    import tomlkit

    plain = "'" not in body and all(character >= " " and character != "\x7f" for character in body)
    return tomlkit.string(body, literal=plain)


def _json_kind(value: JsonValue) -> JsonKind:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case dict():
            return "object"
        case _:
            return "list"
