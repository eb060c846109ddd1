"""Printing for people, and for machines."""

import argparse
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Document: TypeAlias = dict[str, Any]
"""A JSON object."""

_PIPE_WIDTH: Final = 140
"""Columns for output that no terminal bounds, unless COLUMNS says another number."""


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document with stable keys")


def add_day_argument(parser: argparse.ArgumentParser) -> None:
    """``--on``; its absence means today in Dhaka."""
    parser.add_argument(
        "--on", type=_day, metavar="DATE", help="the day on which the question is asked, YYYY-MM-DD; today in Dhaka"
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


class CommandConsole(Console):
    """A console whose reader may leave early, as ``head`` does; how a command then ends is not its to say."""

    def on_broken_pipe(self) -> None:
        """Let the error through; rich would end the process with a code that says that something was found."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def console() -> Console:
    """A console on the present standard output that takes no text for markup."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return CommandConsole(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table; the first column is never broken, the others wrap where the window is narrow."""
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    console().print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line."""
    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(plain(name), plain(value))
    console().print(grid)


def print_lines(*lines: str) -> None:
    """Text, wrapped at the window's width."""
    target = console()
    for line in lines:
        target.print(plain(line))


def plain(text: str) -> str:
    """``text`` without control characters: what a plugin declares must not steer a terminal."""
    return "".join(char for char in text if char in "\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cf"})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-24") from None


def _takes_bangla() -> bool:
    # backslashreplace would write escapes that JSON does not know.
    return (sys.stdout.encoding or "").replace("-", "").lower().startswith("utf")
