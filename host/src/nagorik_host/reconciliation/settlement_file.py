"""Read a gateway's settlement file: CSV, by columns that a dated data file names.

Each line is read by itself; a file is refused with the number and column of each line that cannot be read. A
byte-order mark, each end of line, quoted cells, Bangla digits and amounts in groups are read.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

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
_STATUSES: Final = ("taken", "refunded", "not_taken")
_NAMED: Final = 20
"""Lines that cannot be read that are named."""

_Heading = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]
_Headings = Annotated[tuple[_Heading, ...], Field(min_length=1)]
_Currency = Literal["BDT", "USD"]
_CURRENCIES: Final[Mapping[str, _Currency]] = {"BDT": "BDT", "USD": "USD"}

SettlementColumn = Literal["reference", "amount", "taken_at", "payment", "currency", "refunded", "status"]
"""What a column holds: the gateway's number of the payment, what was taken in whole units of the currency, when; and
where the file has them the platform's id of the payment, a currency that may not be BDT, what was given back of it,
and whether it was taken at all."""
_REQUIRED: Final[tuple[SettlementColumn, ...]] = ("reference", "amount", "taken_at")


class SettlementLayout(ManifestModel):
    """How one gateway's settlement file is laid out."""

    gateway: _Heading
    source: Source
    columns: Mapping[SettlementColumn, _Headings]
    """Each column by all the headings that it is known to have; the first three of a ``SettlementColumn`` have to be
    there."""
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


def read_layouts(file: Path) -> tuple[SettlementLayout, ...]:
    """Read the layouts in a data file.

    Raises:
        DataFileInvalid: Naming what is wrong.
    """
    return parse_model(read_file(file), file.name, SettlementLayouts).layouts


def parse_settlement(content: bytes, name: str, layout: SettlementLayout) -> list[BookEntry]:
    """Parse the content of a settlement file into the payments that were taken.

    Raises:
        DataFileInvalid: It is no such file, lacks columns, or has lines that cannot be read; they are named.
    """
    lines = enumerate(io.StringIO(_text(content, name), newline=None), 1)
    rows = [(line, cells) for line, text in lines if (cells := _cells(text, layout.delimiter)) is None or any(cells)]
    if not rows or not rows[0][1]:
        raise DataFileInvalid(name, [FileProblem("", "it is empty; a file without payments has its heading")])
    heading = rows[0][1]
    places = _places(heading, layout, name)
    meaning = {_folded(word): kind for kind in _STATUSES for word in getattr(layout, kind)}
    entries: list[BookEntry] = []
    problems: list[FileProblem] = []
    for line, cells in rows[1:]:
        try:
            entries += _entries(line, _by_column(cells, len(heading), places), layout, meaning)
        except _Unreadable as problem:
            problems.append(FileProblem(f"line {line}", str(problem)))
    if problems:
        raise DataFileInvalid(name, problems[:_NAMED])
    return entries


def _text(content: bytes, name: str) -> str:
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise DataFileInvalid(name, [FileProblem("", "save the file as UTF-8")]) from None


def _cells(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line; ``None`` where its quotes do not match, so that one stray quote spoils its line alone."""
    try:
        (cells,) = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    return [cell.strip() for cell in cells]


def _folded(word: str) -> str:
    """A heading, or a word of a status, as it is compared."""
    return " ".join(unicodedata.normalize("NFC", word).replace("_", " ").casefold().split())


class _Unreadable(Exception):
    """Why a line cannot be read: a column, and a reason that quotes no cell."""


def _places(heading: Sequence[str], layout: SettlementLayout, name: str) -> dict[str, int]:
    """Where each column of a layout stands in the file."""
    there = [_folded(cell) for cell in heading]
    found: dict[str, int] = {}
    problems = []
    for column in dict.fromkeys((*_REQUIRED, *layout.columns)):
        headings = layout.columns.get(column, ())
        at = [place for place, cell in enumerate(there) if cell in map(_folded, headings)]
        if len(at) == 1:
            found[column] = at[0]
        else:
            number = "more than one" if at else "no"
            problems.append(FileProblem("", f"{number} column is headed {' or '.join(headings) or column}"))
    if problems:
        raise DataFileInvalid(name, problems)
    return found


def _by_column(cells: Sequence[str] | None, width: int, places: Mapping[str, int]) -> dict[str, str]:
    if cells is None:
        raise _Unreadable("the quotation marks do not match; each payment stands in one line")
    if len(cells) != width:
        raise _Unreadable("more or fewer cells than the heading; an amount with commas has to be quoted")
    return {column: cells[place] for column, place in places.items()}


def _entries(
    line: int, cell: Mapping[str, str], layout: SettlementLayout, meaning: Mapping[str, str]
) -> list[BookEntry]:
    """Read a line; no entry where the payment was not taken."""
    status = meaning.get(_folded(cell["status"])) if "status" in cell else "taken"
    if status is None:
        raise _Unreadable("status: a word that the layout does not know; add it there")
    if status == "not_taken":
        return []
    currency = _CURRENCIES.get(cell.get("currency", "BDT").upper())
    if currency is None:
        raise _Unreadable("currency: neither BDT nor USD")
    if not cell["reference"]:
        raise _Unreadable("reference: empty")
    amount = _amount(cell, "amount", currency)
    # What was given back, by its sum or by the word alone; nothing is said where the layout has neither.
    back = Money(poisha=0, currency=currency) if layout.refunded else None
    if cell.get("refunded"):
        back = _amount(cell, "refunded", currency)
    if status == "refunded" and not (back and back.poisha):
        back = amount
    payment = to_ascii_digits(cell.get("payment", "")).lower() or None
    return [BookEntry(cell["reference"], amount, _day(cell["taken_at"], layout.times), payment, back, line)]


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
