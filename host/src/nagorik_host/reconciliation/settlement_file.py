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
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

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

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        named = [{_folded(heading) for heading in headings} for _, headings in self]
        if len(set[str]().union(*named)) < sum(map(len, named)):
            raise ValueError("one heading is given to two columns")
        return self


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

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        words = [_folded(word) for word in (*self.taken, *self.refunded, *self.not_taken)]
        if bool(self.columns.status) != bool(self.taken) or bool(words) != bool(self.taken):
            raise ValueError("a column status and words in it go together")
        if len(words) != len(set(words)):
            raise ValueError("a word of the column status has two meanings")
        return self


class SettlementLayouts(ManifestModel):
    """A data file of layouts."""

    layouts: Annotated[tuple[SettlementLayout, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _are_of_one_gateway_each(self) -> Self:
        if len({layout.gateway for layout in self.layouts}) < len(self.layouts):
            raise ValueError("a gateway has two layouts")
        return self


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
    lines = io.StringIO(_text(content, name), newline=None)
    rows = [(number, _cells(line, layout.delimiter)) for number, line in enumerate(lines, 1)]
    rows = [(number, cells) for number, cells in rows if cells is None or any(cells)]
    if not rows or not rows[0][1]:
        raise DataFileInvalid(name, [FileProblem("", "it is empty; a file without payments has its heading")])
    reader = _LineReader(layout, rows[0][1], name)
    entries: list[BookEntry] = []
    problems: list[FileProblem] = []
    for number, cells in rows[1:]:
        try:
            entry = reader.read(number, cells)
        except _Unreadable as problem:
            problems.append(FileProblem(f"line {number}", str(problem)))
        else:
            entries += [entry] if entry is not None else []
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


def _folded(heading: str) -> str:
    return " ".join(unicodedata.normalize("NFC", _visible(heading)).replace("_", " ").casefold().split())


class _Unreadable(Exception):
    """Why a line cannot be read: a column, and a reason that quotes no cell."""


class _LineReader:
    """Reads the lines below one heading."""

    def __init__(self, layout: SettlementLayout, heading: Sequence[str], name: str) -> None:
        folded = [_folded(cell) for cell in heading]
        found = {
            column: [at for at, cell in enumerate(folded) if cell in {_folded(one) for one in headings}]
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
        self._layout = layout
        self._width = len(heading)
        self._at = {column: places[0] for column, places in found.items()}
        self._not_taken = {_folded(word) for word in layout.not_taken}
        self._given_back = {_folded(word) for word in layout.refunded}
        self._words = self._not_taken | self._given_back | {_folded(word) for word in layout.taken}

    def read(self, line: int, cells: Sequence[str] | None) -> BookEntry | None:
        """Read a line; ``None`` where the payment was not taken."""
        if cells is None:
            raise _Unreadable("the quotation marks do not match; each payment stands in one line")
        if len(cells) != self._width:
            raise _Unreadable("more or fewer cells than the heading; an amount with commas has to be quoted")
        cell = {column: cells[place] for column, place in self._at.items()}
        word = _folded(cell.get("status", ""))
        if "status" in cell and word not in self._words:
            raise _Unreadable("status: a word that the layout does not know; add it there")
        if word in self._not_taken:
            return None
        currency = _CURRENCIES.get(cell.get("currency", "BDT").upper())
        if currency is None:
            raise _Unreadable("currency: neither BDT nor USD")
        if not 0 < len(cell["reference"]) <= _LONGEST_REFERENCE:
            raise _Unreadable("reference: empty or too long")
        amount = _amount(cell, "amount", currency)
        payment = to_ascii_digits(cell.get("payment", "")).lower() or None
        back = self._refunded(cell, word, amount)
        return BookEntry(cell["reference"], amount, self._day(cell["taken_at"]), payment, back, line)

    def _refunded(self, cell: Mapping[str, str], word: str, amount: Money) -> Money | None:
        """What was given back, by its sum or by the word alone; ``None`` where the line has neither."""
        if cell.get("refunded"):
            back = _amount(cell, "refunded", amount.currency)
            if word in self._given_back and not back.poisha:
                raise _Unreadable("refunded: zero, though the status says that money was given back")
            return back
        if not self._given_back:
            return None
        return amount if word in self._given_back else Money(poisha=0, currency=amount.currency)

    def _day(self, written: str) -> date:
        for style in self._layout.times:
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
