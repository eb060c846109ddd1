"""Printing for people, and for machines.

rich is imported when something is laid out: help and JSON do without it.
"""

import argparse
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console

Document: TypeAlias = dict[str, Any]
"""A JSON object."""

MOST_ROWS: Final = 1000
"""The most rows that a command lists at once."""
_PIPE: Final = (140, 25)
"""Columns and lines of output that no terminal bounds, unless COLUMNS says another number."""
_FEW_DIGITS: Final = 4
"""Digits of a year or of a number of rows, which identify no person."""
_DAY_MONTH_YEAR: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_YEARS: Final = range(1800, 2200)
"""Of the days that a question may be asked for: reckoning some years from one of them always ends at a day."""


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document with stable keys")


def add_limit_argument(parser: argparse.ArgumentParser, *, default: int) -> None:
    """``--limit``: from 1 to ``MOST_ROWS``."""
    most = f"the most rows, at most {MOST_ROWS:,} (default: {default})"
    parser.add_argument("--limit", type=_limit, default=default, metavar="N", help=most)


def add_day_argument(parser: argparse.ArgumentParser) -> None:
    """``--on``; its absence means today in Dhaka."""
    asked = "the day on which the question is asked, YYYY-MM-DD or DD/MM/YYYY; today in Dhaka"
    parser.add_argument("--on", type=read_day, metavar="DATE", help=asked)


def day_of(arguments: argparse.Namespace) -> date:
    """The day that ``--on`` names, or today's date in Dhaka."""
    from nagorik.values import dhaka_date

    given: date | None = arguments.on
    return given or dhaka_date(datetime.now(UTC))


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document, without colours, on standard output."""
    # backslashreplace would write escapes that JSON does not know.
    is_ascii = not (sys.stdout.encoding or "").replace("-", "").lower().startswith("utf")
    sys.stdout.write(f"{json.dumps(document, ensure_ascii=is_ascii, indent=2, default=datetime.isoformat)}\n")


def print_error(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"nagorik: {plain(text)}\n")


def console() -> "Console":
    """A console on the present standard output that takes no text for markup."""
    from rich.console import Console

    width, height = shutil.get_terminal_size(_PIPE)
    return Console(file=sys.stdout, width=width, height=height, markup=False, highlight=False, emoji=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; the first column is never broken, the others wrap."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*map(plain, row))
    console().print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(plain(name), plain(value))
    console().print(grid)


def print_document(document: Document) -> None:
    """A document: names and values, then each list of records as a table. What is absent is left out."""
    nested = {name: held for name, held in document.items() if _is_nested(held)}
    print_facts(
        (_named(name), text) for name, held in document.items() if name not in nested and (text := _cell(held))
    )
    for name, held in nested.items():
        records = held if isinstance(held, list) else [held]
        print_lines("", f"{_named(name)}:")
        if any(_is_nested(value) for record in records for value in record.values()):
            for record in records:
                print_document(record)
            continue
        columns = [column for column in records[0] if any(_cell(record[column]) for record in records)]
        rows = [[_cell(record[column]) for column in columns] for record in records]
        print_table([_named(column) for column in columns], rows)


def _is_nested(held: object) -> bool:
    """Whether a value is a list of records, or a record that holds one."""
    if isinstance(held, dict):
        return any(map(_is_nested, held.values()))
    return isinstance(held, list) and bool(held) and isinstance(held[0], dict)


def _named(name: str) -> str:
    return name.replace("_", " ")


def _cell(held: object) -> str:
    match held:
        case None:
            return ""
        case bool():
            return "yes" if held else "no"
        case {"en": str(english), "bn": str(bangla)}:
            return f"{english} · {bangla}"
        case dict():
            return "; ".join(f"{_named(name)} {text}" for name, value in held.items() if (text := _cell(value)))
        case list():
            return ", ".join(map(_cell, held))
    return str(held)


def print_lines(*lines: str) -> None:
    """Text, wrapped at the window's width."""
    target = console()
    for line in lines:
        target.print(plain(line))


def may_be_somebodys(word: str) -> bool:
    """Whether a typed word may be a person's number: a passport's has seven digits."""
    return sum(char.isdecimal() for char in word) > _FEW_DIGITS


def unknown(kind: str, word: str, known: Iterable[str], otherwise: str) -> str:
    """Say that nothing has a name, and which one may be meant; does not repeat what may be a person's number."""
    named = f"such {kind}" if may_be_somebodys(word) else f"{kind} {word}"
    likely = get_close_matches(word, list(known), n=1)
    return f"there is no {named}; " + (f"did you mean {likely[0]}?" if likely else otherwise)


def plain(text: str) -> str:
    """``text`` without control characters: what a plugin declares must not steer a terminal."""
    return "".join(char for char in text if char in "\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cf"})


def _limit(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_ROWS)) else 0
    if not 1 <= number <= MOST_ROWS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_ROWS}")
    return number


def read_day(text: str) -> date:
    """The date of an argument, YYYY-MM-DD or DD/MM/YYYY, in either language's digits.

    Raises:
        ArgumentTypeError: It is no date, or of a year out of range. The text does not repeat it.
    """
    from nagorik.values import to_ascii_digits

    digits = to_ascii_digits(text)
    written = _DAY_MONTH_YEAR.fullmatch(digits)
    try:
        day = date(int(written[3]), int(written[2]), int(written[1])) if written else date.fromisoformat(digits)
    except ValueError:
        raise argparse.ArgumentTypeError("not a date such as 2026-11-24 or 24/11/2026") from None
    if day.year not in _YEARS:
        raise argparse.ArgumentTypeError(f"the year does not lie between {_YEARS[0]} and {_YEARS[-1]}")
    return day
