"""One leaf of an agency's answer, and what else it could say: another text, word, number, amount or instant."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik.values import dhaka_zone, to_ascii_digits, to_bangla_digits
from nagorik_testing.contract.checks.inspection import leaves, with_value, written
from nagorik_testing.wire.codec import Format, JsonFormat
from nagorik_toolkit.form_validation import Location

_BANGLA: Final = re.compile(r"[ঀ-৿]")
_ASCII_WORDS: Final = ("Nakshikatha", "Purbakash")
_BANGLA_WORDS: Final = ("নকশিকাঁথা", "পূর্বাকাশ")
LENGTH: Final = 120
"""Signs of a long text."""
_FILLING: Final = " dirgha" * 20, " দীর্ঘ" * 20


class LongText(NamedTuple):
    """A text that begins and ends with words of its own.

    Attributes:
        text: The whole.
        words: Words in it: where one of them is reported, the whole has to be.
    """

    text: str
    words: tuple[str, ...]


def is_bangla(text: str) -> bool:
    """Whether a text holds a Bangla letter or digit."""
    return _BANGLA.search(text) is not None


def long_texts(genuine: str) -> Iterator[LongText]:
    """Texts around the genuine one: a long one, one with the signs at which texts are parted, and one in Bangla.

    A long one in Bangla has an ASCII word in it, which no font loses.
    """
    bangla = is_bangla(genuine)
    first, last = words = _BANGLA_WORDS if bangla else _ASCII_WORDS
    stop = "।" if bangla else "."
    inner = f"{first} {_ASCII_WORDS[0]} {genuine}" if bangla else f"{first} {genuine}"
    filling = _FILLING[bangla][: max(0, LENGTH - len(inner) - len(last) - 1)].rstrip()
    yield LongText(f"{inner}{filling} {last}", (*words, _ASCII_WORDS[0]))
    yield LongText(f"{first}: {genuine} 12/3-4, ({first}); {first}{stop} {first} - {last}", words)
    if not bangla:
        first, last = _BANGLA_WORDS
        yield LongText(f"{_ASCII_WORDS[0]} {first} {genuine} {last}", (_ASCII_WORDS[0],))


_WORD: Final = re.compile(r"[A-Za-zঀ-৿][A-Za-z_ঀ-৿ -]{1,39}")
_MOST_WORDS: Final = 4


def unheard_of(genuine: str) -> str | None:
    """A word that no agency uses, in the style of the genuine one; ``None`` where that is no word."""
    if not _WORD.fullmatch(genuine) or len(re.split(r"[ _-]", genuine)) > _MOST_WORDS:
        return None
    if is_bangla(genuine):
        return "অশ্রুতপূর্ব"
    if genuine.isupper():
        return "ASHRUTAPURBO"
    return "Ashrutapurbo" if genuine[0].isupper() else "ashrutapurbo"


_SHORTEST_CUT: Final = 4
"""Signs of a word that is cut in half."""


def resembling(genuine: str) -> tuple[str, ...]:
    """Words that hold a known one, at their beginning and at their end, and one that a known one begins with.

    ``PAID_BACK`` and ``HALF_PAID`` are not ``PAID``, and no more is ``PA``.
    """
    if genuine.isdigit():
        longer = (f"{genuine}7", f"7{genuine}")
    else:
        joint = " " if " " in genuine else "_"
        back, half = ("ফেরত", "অর্ধেক") if is_bangla(genuine) else ("BACK", "HALF")
        if genuine.islower():
            back, half = back.lower(), half.lower()
        longer = (f"{genuine}{joint}{back}", f"{half}{joint}{genuine}")
    return (*longer, genuine[: len(genuine) // 2]) if len(genuine) >= _SHORTEST_CUT else longer


def next_sign(genuine: str) -> str | None:
    """A number or a reference with another last digit; ``None`` where there is none."""
    digits = list(re.finditer(r"[0-9০-৯]", genuine))
    at = digits[-1].start() if digits else 0
    return f"{genuine[:at]}{other_number(genuine[at])}{genuine[at + 1 :]}" if digits else None


def other_number(genuine: str) -> str:
    """A number or a reference of which every digit is another."""
    return genuine.translate(_NEXT_DIGIT)


_NEXT_DIGIT: Final = str.maketrans("0123456789০১২৩৪৫৬৭৮৯", "1234567890১২৩৪৫৬৭৮৯০")
_NUMBER: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,2})?")


def number_of(value: JsonValue) -> Decimal | None:
    """The number that a leaf holds, as a number or in digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, str) and _NUMBER.fullmatch(plain := to_ascii_digits(value).replace(",", "")):
        return Decimal(plain)
    return None


def with_number(genuine: JsonValue, number: Decimal) -> JsonValue:
    """Another number, written as the genuine one is."""
    if not isinstance(genuine, str):
        return int(number) if number == int(number) and isinstance(genuine, int) else float(number)
    places = max(len(genuine.partition(".")[2]), len(f"{number.normalize():f}".partition(".")[2]))
    text = f"{number:.{places}f}"
    return to_bangla_digits(text) if is_bangla(genuine) else text


@dataclass(frozen=True, slots=True)
class WrittenInstant:
    """A day or an instant that a leaf holds, and how it is written.

    Attributes:
        wall: As the clock or calendar shows it.
        timed: Whether an hour is among it.
        has_zone: Whether it says its offset.
        write: Another one in the same way.
    """

    wall: datetime
    timed: bool
    has_zone: bool
    write: Callable[[datetime], str]

    @property
    def in_dhaka(self) -> datetime:
        """The instant, where what names no offset is Dhaka's time."""
        return self.wall if self.has_zone else self.wall.replace(tzinfo=dhaka_zone())

    @property
    def in_utc(self) -> datetime:
        """The instant, where what names no offset is UTC."""
        return self.wall if self.has_zone else self.wall.replace(tzinfo=UTC)


_STYLES: Final = tuple(
    f"{day}{time}"
    for day in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
)
_WITH_OFFSET: Final = re.compile(
    r"(?P<local>\d{4}-\d\d-\d\d(?P<between>[T ])\d\d:\d\d:\d\d)"
    r"(?P<ending>(?:[:.]\d{1,9})? ?(?:GMT|UTC)(?P<hours>[+-]\d{1,2}):?(?P<minutes>\d\d)?)"
)
"""``2026-01-31T09:05:00:336 GMT+0600``, as gateways write it, with or without a fraction."""
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


_DATED: Final = re.compile(r"[0-9]{1,4}[ ./-]\w{1,3}[ ./-][0-9]{2,4}(?![0-9]).{0,26}")


def instant_of(value: JsonValue) -> WrittenInstant | None:
    """The day or instant that a leaf holds; ``None`` where it holds none that is written in a known way."""
    return _instant_in(value) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _instant_in(value: str) -> WrittenInstant | None:
    plain, spell = to_ascii_digits(value), to_bangla_digits if is_bangla(value) else str
    if not _DATED.fullmatch(plain):
        return None
    try:
        if (named := _WITH_OFFSET.fullmatch(plain)) is not None:
            return _with_offset(named, spell)
        if _ISO.fullmatch(plain):
            return _iso(plain, spell)
    except ValueError:
        return None
    for style in _STYLES:
        with suppress(ValueError):
            wall = datetime.strptime(plain, style)  # noqa: DTZ007 - its zone is not written
            if wall.strftime(style).lower() == plain.lower():
                return WrittenInstant(wall, "%M" in style, has_zone=False, write=_writer(style, spell))
    return None


def _writer(style: str, spell: Callable[[str], str]) -> Callable[[datetime], str]:
    return lambda other: spell(other.strftime(style))


def _with_offset(named: re.Match[str], spell: Callable[[str], str]) -> WrittenInstant:
    minutes = int(named["minutes"] or 0) * (-1 if named["hours"].startswith("-") else 1)
    offset = timezone(timedelta(hours=int(named["hours"]), minutes=minutes))
    style, ending = f"%Y-%m-%d{named['between']}%H:%M:%S", spell(named["ending"])
    wall = datetime.strptime(named["local"], style).replace(tzinfo=offset)
    write = _writer(style, spell)
    return WrittenInstant(
        wall, timed=True, has_zone=True, write=lambda other: write(other.astimezone(offset)) + ending
    )


def _iso(plain: str, spell: Callable[[str], str]) -> WrittenInstant:
    wall = datetime.fromisoformat(plain)
    finest = "minutes" if plain.count(":", 0, 19) == 1 else "microseconds" if "." in plain else "seconds"
    zero = "Z" if plain.endswith("Z") else "+00:00"

    def write(other: datetime) -> str:
        return spell(other.isoformat(timespec=finest).replace("+00:00", zero))

    return WrittenInstant(wall, timed=True, has_zone=wall.tzinfo is not None, write=write)


DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, repr=False)
class AnswerDocument:
    """A genuine answer, read, from which others can be written.

    Attributes:
        body: As it was sent.
        format: What it is written in.
        content: What it says.
    """

    body: bytes
    format: Format
    content: JsonValue

    @classmethod
    def read(cls, body: bytes, format: Format, label: str) -> "AnswerDocument | None":  # noqa: A002 - its name
        """Read an answer; ``None`` where it is in another format."""
        try:
            return cls(body, format, format.read(body, label))
        except ValueError:
            return None

    def parts(self) -> Iterator[tuple[Location, JsonValue]]:
        """Every list that has an entry, and every value that holds no other.

        Of a list's entries the last alone, since all are read alike.
        """
        return _parts(self.content, ())

    def lists(self) -> Iterator[tuple[Location, Sequence[JsonValue]]]:
        """Every list that has an entry."""
        return ((at, value) for at, value in self.parts() if isinstance(value, list))

    def leaves(self) -> Iterator[tuple[Location, JsonValue]]:
        """The parts that are no lists."""
        return ((at, value) for at, value in self.parts() if not isinstance(value, list))

    def put(self, at: Location, value: JsonValue) -> bytes:
        """The answer with another value in one place.

        Raises:
            ValueError: The place cannot hold it in this format.
        """
        if isinstance(self.format, JsonFormat):
            return self.format.write(with_value(self.content, at, value))
        if isinstance(value, list):  # several elements of one name, which only their parent can be given
            above = value_at(self.content, at[:-1])
            if not isinstance(above, dict) or not at[:-1]:
                raise ValueError("the list stands in the outermost element")
            at, value = at[:-1], {**above, str(at[-1]): value}
        return self.format.altered(self.body, (), {written(at): value})

    def without(self, at: Location) -> bytes:
        """The answer without one place."""
        return self.format.altered(self.body, (written(at),), {})


def _parts(document: JsonValue, at: Location) -> Iterator[tuple[Location, JsonValue]]:
    if isinstance(document, dict):
        for name, part in document.items():
            yield from _parts(part, (*at, name))
    elif isinstance(document, list):
        if document:
            yield at, document
            yield from _parts(document[-1], (*at, len(document) - 1))
    else:
        yield at, document


def value_at(document: JsonValue, at: Location) -> JsonValue:
    """What stands in one place of a document; ``None`` where it has no such place."""
    for step in at:
        try:
            document = document[step]  # type: ignore[index]
        except (LookupError, TypeError):
            return None
    return document


def copies(entry: JsonValue, number: int) -> list[JsonValue]:
    """Further entries like one, each with references of its own; its instants, amounts and words are as they were."""
    copied = [entry] * number
    for at, value in leaves(entry):
        runs = list(re.finditer(r"[0-9]+", value)) if isinstance(value, str) else []
        if isinstance(value, str) and runs and not instant_of(value) and number_of(value) is None:
            numbers = numbered(value, number, int(runs[-1][0]) + 1)
            copied = [with_value(each, at, other) for each, other in zip(copied, numbers, strict=True)]
    return copied


def numbered(genuine: str, how_many: int, first: int) -> list[str]:
    """Texts with other numbers in the place of the last one, counted on from ``first``."""
    run = list(re.finditer(r"[0-9]+", genuine))[-1]
    numbers = (f"{number:0{len(run[0])}d}" for number in range(first, first + how_many))
    return [f"{genuine[: run.start()]}{number}{genuine[run.end() :]}" for number in numbers]
