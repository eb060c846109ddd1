"""Printing for people, and for machines.

rich is imported when something is laid out: help and JSON need none of it.
"""

import argparse
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Document: TypeAlias = dict[str, Any]
"""A JSON object."""

MOST_ROWS: Final = 1000
"""The most rows that a command lists at once."""
_PIPE_WIDTH: Final = 140
"""Columns for output that no terminal bounds, unless COLUMNS says another number."""
_FEW_DIGITS: Final = 4
"""Digits of a year or of a number of rows, which are nobody's."""
_HEIGHT: Final = 25
"""Lines of a terminal; nothing is laid out by them."""
_DIGITS: Final = 4
"""Of a number of columns; of one with more, nobody sees the rest."""
_FOLDED: Final = 8
"""Letters of a word that a column has room for at least; a longer one may be folded."""
_BETWEEN: Final = 3
"""Columns between two columns of a table."""


_DAY_MONTH_YEAR: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_FIRST_YEAR: Final = 1800
_LAST_YEAR: Final = 2199
"""Of the days that a question may be asked for: reckoning some years from one of them always ends at a day."""


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document with stable keys")


def add_limit_argument(parser: argparse.ArgumentParser, *, default: int) -> None:
    """``--limit``: from 1 to ``MOST_ROWS``."""
    parser.add_argument(
        "--limit",
        type=_limit,
        default=default,
        metavar="N",
        help=f"the most rows, at most {MOST_ROWS:,} (default: {default})",
    )


def add_day_argument(parser: argparse.ArgumentParser) -> None:
    """``--on``; its absence means today in Dhaka."""
    parser.add_argument(
        "--on",
        type=read_day,
        metavar="DATE",
        help="the day on which the question is asked, YYYY-MM-DD or DD/MM/YYYY; today in Dhaka",
    )


def day_of(arguments: argparse.Namespace) -> date:
    """The day that ``--on`` names, or today's date in Dhaka."""
    from nagorik.values import dhaka_date

    given: date | None = arguments.on
    return given or dhaka_date(datetime.now(UTC))


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document, without colours, on standard output."""
    sys.stdout.write(f"{json.dumps(document, ensure_ascii=not _takes_bangla(), indent=2)}\n")


def print_error(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"nagorik: {plain(text)}\n")


def console() -> "Console":
    """A console on the present standard output that takes no text for markup."""
    from rich.console import Console

    # With a height as well, rich asks neither the terminal nor the environment.
    return Console(
        file=sys.stdout,
        width=_width(),
        height=_HEIGHT,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
    )


def _width() -> int:
    """Columns to print within. What ``COLUMNS`` says is heeded where it is a number of at least 1."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdecimal() and (columns := int(given[:_DIGITS])):
        return columns
    with suppress(OSError, ValueError):  # a terminal that does not know tells 0
        if sys.stdout.isatty() and (columns := os.get_terminal_size(sys.stdout.fileno()).columns):
            return columns
    return _PIPE_WIDTH


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table; the first column is never broken, the others wrap where the window is narrow.

    Where the window is too narrow for that, each row is a few lines, the first column's on a line of its own.
    """
    target = console()
    cells = [[plain(cell) for cell in row] for row in rows]
    if _fits(headings, cells, target.width):
        target.print(_table(headings, cells, title))
        return
    if title is not None:
        target.print(title)
    for first, *others in cells:
        target.print(first, no_wrap=True, overflow="ignore", crop=False)
        for heading, cell in zip(headings[1:], others, strict=True):
            if cell:
                target.print(f"  {heading}: {cell}")


def _fits(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether every column has room for a word of a few letters beside a first column that is whole."""
    from rich.cells import cell_len

    columns = list(zip(headings, *rows, strict=True))
    first = max(map(cell_len, columns[0]))
    words = (max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in columns[1:])
    return first + sum(min(word, _FOLDED) + _BETWEEN for word in words) <= width


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str | None) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(plain(name), plain(value))
    console().print(grid)


def print_lines(*lines: str) -> None:
    """Text, wrapped at the window's width."""
    target = console()
    for line in lines:
        target.print(plain(line))


def print_unbroken(text: str) -> None:
    """A line that a person will copy: whole, however narrow the window."""
    console().print(plain(text), no_wrap=True, overflow="ignore", crop=False)


def print_plain(lines: Iterable[str]) -> None:
    """Very many lines, for another program or a pager: as they are, neither laid out nor wrapped."""
    sys.stdout.writelines(f"{plain(line)}\n" for line in lines)


def may_be_somebodys(word: str) -> bool:
    """Whether a word that somebody typed may be a person's number: a passport's has seven digits."""
    return sum(char.isdecimal() for char in word) > _FEW_DIGITS


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
        ArgumentTypeError: It is none, or of no year in which anybody asks.
    """
    from nagorik.values import to_ascii_digits

    digits = to_ascii_digits(text)
    written = _DAY_MONTH_YEAR.fullmatch(digits)
    try:
        day = date(int(written[3]), int(written[2]), int(written[1])) if written else date.fromisoformat(digits)
    except ValueError:
        # Not what is written: it may be somebody's number.
        raise argparse.ArgumentTypeError("not a date such as 2026-11-24 or 24/11/2026") from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise argparse.ArgumentTypeError(f"the year does not lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return day


def _takes_bangla() -> bool:
    # backslashreplace would write escapes that JSON does not know.
    return (sys.stdout.encoding or "").replace("-", "").lower().startswith("utf")
