"""What a command found: one JSON document for programs; lines, facts and tables for people."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, plain, print_error, print_facts, print_json, print_table

Headings = Mapping[str, str | Callable[[Document], object]]
"""A table's headings. A cell is a value of the row's document, or what a function makes of the document."""


class Table(NamedTuple):
    """Rows under headings."""

    columns: Headings
    rows: Sequence[Document]


def same_names(*names: str) -> Headings:
    """Headings that are the keys of the document."""
    return {name.replace("_", " "): name for name in names}


class NameValues(NamedTuple):
    """Names and values, one pair a line; a value that is absent is left out."""

    values: Mapping[str, object]


Part = str | Table | NameValues
"""What is shown to people; a text is a line, whole, so that it can be copied."""


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
                    cells = [[row[of] if isinstance(of, str) else of(row) for of in columns.values()] for row in rows]
                    print_table(tuple(columns), [list(map(_text, row)) for row in cells])
                case NameValues(values):
                    print_facts((name, _text(value)) for name, value in values.items() if value is not None)
                case str():
                    sys.stdout.write(f"{plain(part)}\n")


def when(at: datetime) -> str:
    """A time on the clocks in Dhaka, to the minute."""
    from nagorik.values import dhaka_time

    return f"{dhaka_time(at):%d %b %Y %H:%M}"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return when(value)
    return "" if value is None else "yes" if value is True else "no" if value is False else str(value)
