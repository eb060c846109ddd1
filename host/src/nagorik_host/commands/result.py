"""What a command found: one JSON document for programs; lines, facts and tables for people."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    Document,
    print_error,
    print_facts,
    print_json,
    print_lines,
    print_table,
    print_unbroken,
)

Headings = Mapping[str, str | Callable[[Document], object]]
"""A table's headings. A cell is a value of the row's document, or what a function makes of the document."""


class Table(NamedTuple):
    """Rows under headings."""

    columns: Headings
    rows: Sequence[Document]


class NameValues(NamedTuple):
    """Names and values, one pair a line; a value that is absent is left out."""

    values: Mapping[str, object]


class Unbroken(str):
    """A line that a person copies whole."""

    __slots__ = ()


Part = str | Table | NameValues
"""What is shown to people."""


class CommandResult(NamedTuple):
    """What a command found: a document with stable keys; the same for people, ``problems`` on standard error."""

    document: Document
    shown: Sequence[Part] = ()
    code: ExitCode = ExitCode.OK
    problems: Sequence[str] = ()

    def print(self, *, as_json: bool) -> None:
        """Print it for a program or for people."""
        if as_json:
            print_json(self.document)
            return
        for problem in self.problems:
            print_error(problem)
        for part in self.shown:
            match part:
                case Table(columns, rows):
                    print_table(tuple(columns), [[_cell(row, of) for of in columns.values()] for row in rows])
                case NameValues(values):
                    print_facts((name, _text(value)) for name, value in values.items() if value is not None)
                case Unbroken():
                    print_unbroken(part)
                case str():
                    print_lines(part)


def when(at: str | datetime) -> str:
    """A time on the clocks in Dhaka, to the minute."""
    from nagorik.values import dhaka_time

    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{dhaka_time(instant):%d %b %Y %H:%M}"


def _cell(row: Document, of: str | Callable[[Document], object]) -> str:
    return _text(row[of] if isinstance(of, str) else of(row))


def _text(value: object) -> str:
    return "" if value is None else when(value) if isinstance(value, datetime) else str(value)
