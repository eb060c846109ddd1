"""Read a gateway's settlement file: CSV, by columns that a dated data file names.

Each line is read by itself. A file with a line that cannot be read is refused, and each such line is named by its
number and column. A byte-order mark, each end of line, quoted cells, Bangla digits and amounts in groups are read.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, StringConstraints

from nagorik import Money, NationalDataError, to_ascii_digits
from nagorik.data_files import DataFileInvalid, FileProblem, parse_model, read_file
from nagorik.manifest.fields import ManifestModel
from nagorik.model.fee import Source
from nagorik.values import dhaka_date, dhaka_zone
from nagorik_host.reconciliation.matching import BookEntry

LAYOUT_FILE: Final = "settlement.toml"
"""The file beside a plugin's ``plugin.toml`` that says how its gateways' settlement files are laid out."""
LARGEST_SETTLEMENT: Final = 200_000_000
"""Bytes of a settlement file: about a million payments."""
_LONGEST_REFERENCE: Final = 200
_STATUSES: Final = ("taken", "refunded", "not_taken")
_NAMED: Final = 20
"""Lines that cannot be read that are named."""

_Heading = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]
_Headings = Annotated[tuple[_Heading, ...], Field(min_length=1)]
_Currency = Literal["BDT", "USD"]
_CURRENCIES: Final[Mapping[str, _Currency]] = {"BDT": "BDT", "USD": "USD"}


class SettlementColumns(ManifestModel):
    """Which column holds what; each by all the headings that it is known to have."""

    reference: _Headings
    """The gateway's number of the payment."""
    amount: _Headings
    """What was taken, in whole units of the currency."""
    taken_at: _Headings
    """When, on the clocks in Dhaka unless an offset is written."""
    payment: tuple[_Heading, ...] = ()
    """The platform's id of the payment, where the gateway keeps that."""
    currency: tuple[_Heading, ...] = ()
    """BDT where there is no such column."""
    refunded: tuple[_Heading, ...] = ()
    """What was given back of it."""
    status: tuple[_Heading, ...] = ()
    """Whether it was taken at all, where the file lists others too."""


class SettlementLayout(ManifestModel):
    """How one gateway's settlement file is laid out."""

    gateway: _Heading
    source: Source
    columns: SettlementColumns
    times: _Headings
    """How times are written, as ``datetime.strptime`` reads them; the first that reads a text counts."""
    delimiter: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1)] = ","
    taken: tuple[_Heading, ...] = ()
    """With a column ``status``: the words in it that say that the money was taken and is there still."""
    refunded: tuple[_Heading, ...] = ()
    """Likewise, that it was taken and given back, all of it unless a sum stands in the column ``refunded``."""
    not_taken: tuple[_Heading, ...] = ()
    """Likewise, that it was not taken. Any other word makes its line one that cannot be read."""


class SettlementLayouts(ManifestModel):
    """A data file of layouts."""

    layouts: Annotated[tuple[SettlementLayout, ...], Field(min_length=1)]


class SettlementFile(NamedTuple):
    """What a file holds: the payments that were taken, and how many lines are of payments that were not."""

    entries: tuple[BookEntry, ...]
    not_taken: int


def read_layouts(file: Path) -> tuple[SettlementLayout, ...]:
    """Read the layouts in a data file.

    Raises:
        DataFileInvalid: Naming what is wrong.
    """
    return parse_model(read_file(file), file.name, SettlementLayouts).layouts


def read_settlement(file: Path, layout: SettlementLayout) -> SettlementFile:
    """Read a settlement file.

    Raises:
        DataFileInvalid: It is no such file, lacks columns, or has lines that cannot be read; they are named.
    """
    return parse_settlement(read_file(file, largest=LARGEST_SETTLEMENT), file.name, layout)


def parse_settlement(content: bytes, name: str, layout: SettlementLayout) -> SettlementFile:
    """Parse the content of a settlement file; raises as ``read_settlement``."""
    lines = enumerate(io.StringIO(_text(content, name), newline=None), 1)
    rows = [(line, cells) for line, text in lines if (cells := _cells(text, layout.delimiter)) is None or any(cells)]
    if not rows or not rows[0][1]:
        raise DataFileInvalid(name, [FileProblem("", "it is empty; a file without payments has its heading")])
    heading = rows[0][1]
    places = _places(heading, layout, name)
    meaning = {word: kind for kind in _STATUSES for word in _folded(*getattr(layout, kind))}
    entries: list[BookEntry] = []
    problems: list[FileProblem] = []
    for line, cells in rows[1:]:
        try:
            entry = _entry(line, _by_column(cells, len(heading), places), layout, meaning)
            entries += [entry] if entry is not None else []
        except _Unreadable as problem:
            problems.append(FileProblem(f"line {line}", str(problem)))
    if problems:
        more = [FileProblem("", f"{len(problems)} lines in all cannot be read")] if len(problems) > _NAMED else []
        raise DataFileInvalid(name, problems[:_NAMED] + more)
    return SettlementFile(tuple(entries), len(rows) - 1 - len(entries))


def _text(content: bytes, name: str) -> str:
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataFileInvalid(name, [FileProblem("", f"save the file as UTF-8: look at line {line}")]) from None


def _cells(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line; ``None`` where its quotes do not match, so that one stray quote spoils its line alone."""
    try:
        (cells,) = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    return [_visible(cell) for cell in cells]


def _visible(cell: str) -> str:
    """A cell without its margins and invisible marks, such as those for the direction of writing."""
    return "".join(char for char in cell if char.isascii() or unicodedata.category(char) != "Cf").strip()


def _folded(*words: str) -> list[str]:
    """Headings or words of a status as they are compared."""
    visible = (unicodedata.normalize("NFC", _visible(word)).replace("_", " ").casefold() for word in words)
    return [" ".join(word.split()) for word in visible]


class _Unreadable(Exception):
    """Why a line cannot be read: a column, and a reason that quotes no cell."""


def _places(heading: Sequence[str], layout: SettlementLayout, name: str) -> dict[str, int]:
    """Where each column of a layout stands in the file."""
    there = _folded(*heading)
    found = {
        column: [place for place, cell in enumerate(there) if cell in _folded(*headings)]
        for column, headings in layout.columns
        if headings
    }
    problems = [
        f"{'more than one' if places else 'no'} column is headed {' or '.join(getattr(layout.columns, column))}"
        for column, places in found.items()
        if len(places) != 1
    ]
    if problems:
        raise DataFileInvalid(name, [FileProblem("", problem) for problem in problems])
    return {column: place for column, (place,) in found.items()}


def _by_column(cells: Sequence[str] | None, width: int, places: Mapping[str, int]) -> dict[str, str]:
    if cells is None:
        raise _Unreadable("the quotation marks do not match; each payment stands in one line")
    if len(cells) != width:
        raise _Unreadable("more or fewer cells than the heading; an amount with commas has to be quoted")
    return {column: cells[place] for column, place in places.items()}


def _entry(
    line: int, cell: Mapping[str, str], layout: SettlementLayout, meaning: Mapping[str, str]
) -> BookEntry | None:
    """Read a line; ``None`` where the payment was not taken."""
    status = meaning.get(*_folded(cell["status"])) if "status" in cell else "taken"
    if status is None:
        raise _Unreadable("status: a word that the layout does not know; add it there")
    if status == "not_taken":
        return None
    currency = _CURRENCIES.get(cell.get("currency", "BDT").upper())
    if currency is None:
        raise _Unreadable("currency: neither BDT nor USD")
    if not 0 < len(cell["reference"]) <= _LONGEST_REFERENCE:
        raise _Unreadable("reference: empty or too long")
    amount = _amount(cell, "amount", currency)
    # What was given back, by its sum or by the word alone; nothing is said where the layout has neither.
    back = Money(poisha=0, currency=currency) if layout.refunded else None
    if cell.get("refunded"):
        back = _amount(cell, "refunded", currency)
        if status == "refunded" and not back.poisha:
            raise _Unreadable("refunded: zero, though the status says that money was given back")
    elif status == "refunded":
        back = amount
    payment = to_ascii_digits(cell.get("payment", "")).lower() or None
    return BookEntry(cell["reference"], amount, _day(cell["taken_at"], layout.times), payment, back, line)


def _day(written: str, styles: Sequence[str]) -> date:
    for style in styles:
        try:
            found = datetime.strptime(to_ascii_digits(written), style)  # noqa: DTZ007 - in Dhaka without an offset
            return dhaka_date(found if found.tzinfo is not None else found.replace(tzinfo=dhaka_zone()))
        except (ValueError, OverflowError, re.error):
            continue  # also what is on no date in Dhaka, and a pattern that names a part twice
    raise _Unreadable("taken_at: no time in a form that the layout names")


def _amount(cell: Mapping[str, str], column: str, currency: _Currency) -> Money:
    try:
        return Money.parse(cell[column], currency)
    except NationalDataError:
        raise _Unreadable(f"{column}: no amount, or more than two decimal places") from None
