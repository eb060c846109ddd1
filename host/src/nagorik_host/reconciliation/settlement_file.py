"""Reading a gateway's settlement file: CSV, by columns that a dated data file names.

Whatever people and spreadsheets do to such a file is taken: a byte-order mark, either end of line, quoted fields,
Bangla digits, amounts in groups of thousands or lakhs. What cannot be read is named by its line and column and left
out by itself; nothing else of the file is.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import permutations
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
_LONGEST_REFERENCE: Final = 200

_Heading = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]
_MOST_LINES: Final = 20
"""Lines that one row is looked for in: some people quote an address of a few lines."""
ProblemCode = Literal[
    "fields", "quotes", "lines", "empty", "amount", "refund", "currency", "time", "too-long", "status"
]


class SettlementColumns(ManifestModel):
    """Which column holds what; each by all the headings that it is known to have."""

    reference: Annotated[tuple[_Heading, ...], Field(min_length=1)]
    """The gateway's number of the payment."""
    amount: Annotated[tuple[_Heading, ...], Field(min_length=1)]
    """What was taken, in whole units of the currency."""
    taken_at: Annotated[tuple[_Heading, ...], Field(min_length=1)]
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
    times: Annotated[tuple[_Heading, ...], Field(min_length=1)]
    """How times are written, as ``datetime.strptime`` reads them; tried in order. No two differ about one text."""
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


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that could not be read.

    Attributes:
        line: Its number, from 1; the heading is a line.
        column: The column that is wrong, by its heading; empty where it is the line as a whole.
        problem: What is wrong.
        names: What it names all the same: the platform's id of the payment, the gateway's number.
        last: The number of its last line, where a quoted cell spans lines.
    """

    line: int
    column: str
    problem: ProblemCode
    names: frozenset[str] = field(default=frozenset(), repr=False)
    last: int | None = None


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """What a file holds.

    Attributes:
        entries: The payments that were taken.
        not_taken: How many lines are of payments that were not.
        unread: The lines that could not be read.
    """

    entries: tuple[BookEntry, ...]
    not_taken: int
    unread: tuple[UnreadLine, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is known of every line which payment it is of.

        Of too many cells none is in its place, and in a cell that spans lines a payment may stand that names itself
        nowhere else.
        """
        return all(one.names and one.problem not in {"fields", "lines"} for one in self.unread)

    @property
    def lines(self) -> int:
        """How many lines there are beside the heading."""
        return len(self.entries) + self.not_taken + sum((one.last or one.line) - one.line + 1 for one in self.unread)


def read_layouts(file: Path) -> tuple[SettlementLayout, ...]:
    """The layouts in a data file.

    Raises:
        DataFileInvalid: Naming everything that is wrong.
    """
    found = parse_model(read_file(file), file.name, SettlementLayouts).layouts
    problems = []
    for number, layout in enumerate(found):
        if bool(layout.columns.status) != bool(layout.taken) or (
            (layout.refunded or layout.not_taken) and not layout.taken
        ):
            problems.append(FileProblem(f"layouts.{number}.taken", "a column status and words in it go together"))
        words = [_folded(word) for word in (*layout.taken, *layout.refunded, *layout.not_taken)]
        if len(words) != len(set(words)):
            problems.append(FileProblem(f"layouts.{number}", "a word of the column status has two meanings"))
        if _shares_a_heading(layout.columns):
            problems.append(FileProblem(f"layouts.{number}.columns", "one heading is given to two columns"))
        problems += [FileProblem(f"layouts.{number}.times", said) for said in _wrong_times(layout.times)]
        if layout.gateway in {other.gateway for other in found[:number]}:
            problems.append(FileProblem(f"layouts.{number}.gateway", "this gateway has a layout already"))
    if problems:
        raise DataFileInvalid(file.name, problems)
    return found


def _shares_a_heading(columns: SettlementColumns) -> bool:
    named = [{_folded(heading) for heading in getattr(columns, column)} for column in type(columns).model_fields]
    return len(set[str]().union(*named)) < sum(map(len, named))


_SAMPLES: Final = tuple(
    datetime(*numbers, tzinfo=dhaka_zone()) for numbers in ((2026, 11, 24, 9, 5, 7), (2011, 3, 4, 9, 5, 7))
)
"""Times by which it is told what a way of writing them says: the second is another date wherever its parts change
places."""


def _wrong_times(styles: Sequence[str]) -> Iterator[str]:
    """Why times written so would be read by guessing: one of them tells no whole date, or two tell another."""
    for style in styles:
        if any(_date_by(style, _written_by(style, sample)) != sample.date() for sample in _SAMPLES):
            yield f"{style}: it tells no whole date; write day, month and year each once, such as %d/%m/%Y %H:%M"
            return
    for first, second in permutations(styles, 2):
        for sample in _SAMPLES:
            if _date_by(second, _written_by(first, sample)) not in {None, sample.date()}:
                yield f"{first} and {second} read one text as two dates: keep the one that the file is written by"
                return


def _written_by(style: str, time: datetime) -> str:
    try:
        return time.strftime(style)
    except ValueError:
        return ""


def _date_by(style: str, written: str) -> date | None:
    """The date that a way of writing times reads, on its own clock; ``None`` where it reads none."""
    try:
        return datetime.strptime(written, style).date()  # noqa: DTZ007 - the date as it stands there
    except (ValueError, re.error):
        return None  # a part that stands in it twice is an error of the pattern that it becomes


def read_settlement(file: Path, layout: SettlementLayout) -> SettlementFile:
    """What a settlement file says.

    Raises:
        DataFileInvalid: It is no such file, or another gateway's: it lacks columns, which are named.
    """
    return parse_settlement(read_file(file, largest=LARGEST_SETTLEMENT), file.name, layout)


def parse_settlement(content: bytes, name: str, layout: SettlementLayout) -> SettlementFile:
    """What the content of a settlement file says; raises as ``read_settlement``."""
    lines = io.StringIO(_text(content, name), newline=None).readlines()
    at, heading = _heading_of(lines, name, layout.delimiter)
    if not heading:
        raise DataFileInvalid(name, [FileProblem("", "it is empty; a file without payments has its heading")])
    reader = _LineReader(layout, heading, name)
    entries: list[BookEntry] = []
    unread: list[UnreadLine] = []
    not_taken = 0
    while at < len(lines):
        taken, fields = _row(lines, at, layout.delimiter, len(heading))
        line, at = at + 1, at + taken
        if fields is not None and not any(_visible(cell) for cell in fields):
            continue
        read: BookEntry | UnreadLine | None
        if fields is None:
            read = UnreadLine(line, "", "quotes")
        elif taken > 1:
            read = UnreadLine(line, "", "lines", last=at)
        else:
            read = reader.read(line, fields)
        if isinstance(read, UnreadLine):
            unread.append(read)
        elif read is None:
            not_taken += 1
        else:
            entries.append(read)
    return SettlementFile(tuple(entries), not_taken, tuple(unread))


def _text(content: bytes, name: str) -> str:
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataFileInvalid(name, [FileProblem("", f"save the file as UTF-8: look at line {line}")]) from None


def _heading_of(lines: Sequence[str], name: str, delimiter: str) -> tuple[int, list[str]]:
    """Where the first line follows, and the heading's cells; none where all lines are empty.

    An open quote in the heading would take the payments below it for its own.
    """
    at = 0
    while at < len(lines):
        taken, fields = _row(lines, at, delimiter, None)
        if taken > 1:
            where = f"lines {at + 1} to {at + taken}"
            raise DataFileInvalid(name, [FileProblem("", f"the heading has to stand in one line; look at {where}")])
        at += taken
        if fields is not None and any(_visible(cell) for cell in fields):
            return at, fields
    return at, []


def _row(lines: Sequence[str], at: int, delimiter: str, width: int | None) -> tuple[int, list[str] | None]:
    """How many lines the row that begins at ``at`` stands in, and its cells; ``None`` where its quotes do not match.

    The csv module joins all lines that follow an open quote, to the next one or to the end. Lines are joined here
    only to a row of the heading's width, so that one stray quote spoils its own line alone. What is joined is not
    read: nobody can tell whether a cell spans lines or two stray quotes met, with payments between them.
    """
    for taken in range(1, min(_MOST_LINES, len(lines) - at) + 1):
        part = lines[at : at + taken]
        if sum(line.count('"') for line in part) % 2:
            continue  # a quote is open still
        try:
            (cells,) = csv.reader(part, delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            return 1, None
        is_joined_by_chance = taken > 1 and width not in {None, len(cells)}
        return (1, None) if is_joined_by_chance else (taken, cells)
    return 1, None


def _visible(cell: str) -> str:
    """A cell without its margins and the marks that nobody sees, such as those for the direction of writing."""
    if not cell.isascii():
        cell = "".join(char for char in cell if unicodedata.category(char) != "Cf")
    return cell.strip()


def _folded(heading: str) -> str:
    return " ".join(unicodedata.normalize("NFC", _visible(heading)).replace("_", " ").casefold().split())


class _Unreadable(Exception):
    def __init__(self, column: int, problem: ProblemCode) -> None:
        super().__init__(problem)
        self.column = column
        self.problem: ProblemCode = problem


class _LineReader:
    """Reads the lines below one heading."""

    def __init__(self, layout: SettlementLayout, heading: Sequence[str], name: str) -> None:
        places: dict[str, int] = {}
        repeated: set[str] = set()
        for place, cell in enumerate(heading):
            folded = _folded(cell)
            repeated |= {folded} if folded in places else set()
            places.setdefault(folded, place)
        self._layout = layout
        self._heading = [_visible(cell) for cell in heading]
        self._at: dict[str, int] = {}
        problems = []
        known: Mapping[str, tuple[str, ...]] = {
            column: getattr(layout.columns, column) for column in type(layout.columns).model_fields
        }
        for column, headings in known.items():
            found = [_folded(one) for one in headings if _folded(one) in places]
            if len({places[one] for one in found}) > 1 or repeated.intersection(found):
                problems.append(FileProblem("", f"more than one column is headed {' or '.join(headings)}"))
            elif found:
                self._at[column] = places[found[0]]
            elif headings:
                problems.append(FileProblem("", f"no column is headed {' or '.join(headings)}"))
        if problems:
            raise DataFileInvalid(name, problems)
        self._taken = {_folded(word) for word in layout.taken}
        self._given_back = {_folded(word) for word in layout.refunded}
        self._not_taken = {_folded(word) for word in layout.not_taken}

    def read(self, line: int, fields: Sequence[str]) -> "BookEntry | UnreadLine | None":
        """What a line says; ``None`` where the payment was not taken."""
        if len(fields) != len(self._heading):
            return UnreadLine(line, "", "fields", self._names(fields))
        try:
            word = self._status(fields)
            if word in self._not_taken:
                return None
            currency = self._currency(fields)
            amount = self._amount(fields, "amount", currency)
            return BookEntry(
                reference=self._reference(fields),
                payment=self._payment(fields) or None,
                amount=amount,
                refunded=self._refunded(fields, word, amount),
                day=self._day(fields),
                line=line,
            )
        except _Unreadable as problem:
            return UnreadLine(line, self._heading[problem.column], problem.problem, self._names(fields))

    def _cell(self, fields: Sequence[str], column: str) -> str:
        place = self._at.get(column)
        return _visible(fields[place]) if place is not None and place < len(fields) else ""

    def _names(self, fields: Sequence[str]) -> frozenset[str]:
        return frozenset(filter(None, (self._payment(fields), self._cell(fields, "reference"))))

    def _payment(self, fields: Sequence[str]) -> str:
        return to_ascii_digits(self._cell(fields, "payment")).lower()

    def _reference(self, fields: Sequence[str]) -> str:
        found = self._cell(fields, "reference")
        if not found:
            raise _Unreadable(self._at["reference"], "empty")
        if len(found) > _LONGEST_REFERENCE:
            raise _Unreadable(self._at["reference"], "too-long")
        return found

    def _status(self, fields: Sequence[str]) -> str:
        """The word for how the payment stands, folded; empty where the layout has no such column."""
        word = _folded(self._cell(fields, "status"))
        if "status" in self._at and word not in self._taken | self._given_back | self._not_taken:
            raise _Unreadable(self._at["status"], "status" if word else "empty")
        return word

    def _currency(self, fields: Sequence[str]) -> "Literal['BDT', 'USD']":
        match self._cell(fields, "currency").upper() if "currency" in self._at else "BDT":
            case "BDT":
                return "BDT"
            case "USD":
                return "USD"
        raise _Unreadable(self._at["currency"], "currency")

    def _amount(self, fields: Sequence[str], column: str, currency: "Literal['BDT', 'USD']") -> Money:
        try:
            return Money.parse(self._cell(fields, column), currency)
        except NationalDataError:
            raise _Unreadable(self._at[column], "amount") from None

    def _refunded(self, fields: Sequence[str], word: str, amount: Money) -> Money | None:
        """What was given back, by its sum or by the word alone; ``None`` where the line has neither."""
        back = self._amount(fields, "refunded", amount.currency) if self._cell(fields, "refunded") else None
        if word in self._given_back and back is not None and not back.poisha:
            raise _Unreadable(self._at["refunded"], "refund")
        if back is not None or not self._given_back:
            return back
        return amount if word in self._given_back else Money(poisha=0, currency=amount.currency)

    def _day(self, fields: Sequence[str]) -> date:
        written = to_ascii_digits(self._cell(fields, "taken_at"))
        for style in self._layout.times:
            try:
                found = datetime.strptime(written, style)  # noqa: DTZ007 - the zone is Dhaka's where none is written
                return dhaka_date(found if found.tzinfo is not None else found.replace(tzinfo=dhaka_zone()))
            except (ValueError, OverflowError):
                continue  # also what is on no date in Dhaka, before the first year or after the last
        raise _Unreadable(self._at["taken_at"], "time")
