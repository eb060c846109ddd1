"""Rows as their tables declare them, from rows as a database has them: SQLite keeps anything in any column."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.types import Integer, String

from nagorik_host.store.schema import Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WrongType(Exception):
    """A column holds what cannot stand there; the text names it."""


def typed(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its columns read.

    Raises:
        WrongType: One cannot be.
    """
    return {name: _read(table, name, row[name], nullable, reader) for name, nullable, reader in _readers(table)}


def wrong_columns(table: Table, row: Mapping[str, Any]) -> Iterator[str]:
    """The columns that hold what cannot stand there."""
    for name, nullable, reader in _readers(table):
        try:
            _read(table, name, row[name], nullable, reader)
        except WrongType as wrong:
            yield str(wrong)


_Reader = Callable[[Any], Any]


def _read(table: Table, name: str, value: Any, nullable: bool, reader: _Reader) -> Any:  # noqa: FBT001
    if value is None and nullable:
        return None
    try:
        return reader(value)
    except (TypeError, ValueError, OverflowError):
        raise WrongType(f"{table.name}.{name}") from None


@cache
def _readers(table: Table) -> tuple[tuple[str, bool, _Reader], ...]:
    """Each column of a table: its name, whether it may be null, and what reads it."""
    return tuple((column.name, bool(column.nullable), _reader_of(column)) for column in table.columns)


def _reader_of(column: Column[Any]) -> _Reader:
    return next(reader for kind, reader in _READERS if isinstance(column.type, kind))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _instant(value: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=_whole(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError
    return value


_READERS: Final[tuple[tuple[Any, _Reader], ...]] = (
    (Instant, _instant),
    (Integer, _whole),
    (LargeBinary, _bytes),
    (String, _text),
)
