"""One leaf of an agency's answer, and what else it could say: another text, word, number, amount or instant."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Final

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


@dataclass(frozen=True, slots=True)
class LongText:
    """A text that begins and ends with words of its own.

    Attributes:
        text: The whole.
        words: Those at its ends: where one of them is told, the whole has to be.
    """

    text: str
    words: tuple[str, ...]


def is_bangla(text: str) -> bool:
    """Whether a text holds a Bangla letter or digit."""
    return _BANGLA.search(text) is not None


def long_text(genuine: str) -> LongText:
    """A text around the genuine one, in its script; one in Bangla has an ASCII word in it, which no font loses."""
    bangla = is_bangla(genuine)
    first, last = _BANGLA_WORDS if bangla else _ASCII_WORDS
    inner = f"{first} {_ASCII_WORDS[0]} {genuine}" if bangla else f"{first} {genuine}"
    filling = _FILLING[bangla][: max(0, LENGTH - len(inner) - len(last) - 1)].rstrip()
    words = (first, last, _ASCII_WORDS[0]) if bangla else (first, last)
    return LongText(f"{inner}{filling} {last}", words)


def with_signs(genuine: str) -> LongText:
    """A text in the genuine one's script, with the signs at which sentences, lists and addresses are parted."""
    bangla = is_bangla(genuine)
    first, last = _BANGLA_WORDS if bangla else _ASCII_WORDS
    stop = "।" if bangla else "."
    return LongText(f"{first}: {genuine} 12/3-4, ({first}); {first}{stop} {first} - {last}", (first, last))


def in_another_script(genuine: str) -> LongText:
    """A Bangla text in place of one in ASCII."""
    first, last = _BANGLA_WORDS
    return LongText(f"{_ASCII_WORDS[0]} {first} {genuine} {last}", (_ASCII_WORDS[0],))


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
    if not digits:
        return None
    at = digits[-1].start()
    digit = str((int(to_ascii_digits(genuine[at])) + 1) % 10)
    return genuine[:at] + (to_bangla_digits(digit) if is_bangla(genuine[at]) else digit) + genuine[at + 1 :]


def other_number(genuine: str) -> str:
    """A number or a reference of which every digit is another."""
    plain = to_ascii_digits(genuine)
    other = "".join(str((int(sign) + 1) % 10) if sign.isascii() and sign.isdigit() else sign for sign in plain)
    return to_bangla_digits(other) if is_bangla(genuine) else other


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
    if isinstance(genuine, str):
        places = max(len(genuine.rpartition(".")[2]) if "." in genuine else 0, _places(number))
        text = f"{number:.{places}f}"
        return to_bangla_digits(text) if is_bangla(genuine) else text
    return int(number) if number == number.to_integral_value() and isinstance(genuine, int) else float(number)


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


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
    plain, bangla = to_ascii_digits(value), is_bangla(value)
    if not _DATED.fullmatch(plain):
        return None

    def spell(text: str) -> str:
        return to_bangla_digits(text) if bangla else text

    if (named := _WITH_OFFSET.fullmatch(plain)) is not None:
        return _with_offset(named, spell)
    if _ISO.fullmatch(plain):
        return _iso(plain, spell)
    for style in _STYLES:
        try:
            wall = datetime.strptime(plain, style)  # noqa: DTZ007 - its zone is not written
        except ValueError:
            continue
        if wall.strftime(style).lower() == plain.lower():
            return WrittenInstant(wall, timed="%M" in style, has_zone=False, write=_writer(style, spell))
    return None


def _with_offset(named: re.Match[str], spell: Callable[[str], str]) -> WrittenInstant | None:
    hours, minutes = int(named["hours"]), int(named["minutes"] or 0)
    style = f"%Y-%m-%d{named['between']}%H:%M:%S"
    try:
        offset = timezone(timedelta(hours=hours, minutes=-minutes if named["hours"].startswith("-") else minutes))
        wall = datetime.strptime(named["local"], style).replace(tzinfo=offset)
    except ValueError:
        return None
    ending = named["ending"]

    def write(other: datetime) -> str:
        return spell(f"{other.astimezone(offset).strftime(style)}{ending}")

    return WrittenInstant(wall, timed=True, has_zone=True, write=write)


def _writer(style: str, spell: Callable[[str], str]) -> Callable[[datetime], str]:
    return lambda other: spell(other.strftime(style))


def _iso(plain: str, spell: Callable[[str], str]) -> WrittenInstant | None:
    try:
        wall = datetime.fromisoformat(plain)
    except ValueError:
        return None
    finest = "minutes" if plain.count(":", 0, 19) == 1 else "microseconds" if "." in plain else "seconds"
    ending = "Z" if plain.endswith("Z") else ""

    def write(other: datetime) -> str:
        text = other.isoformat(timespec=finest)
        return spell(text.replace("+00:00", ending) if ending else text)

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

    def leaves(self) -> Iterator[tuple[Location, JsonValue]]:
        """Every value that holds no other; of a list's entries the last alone, since all are read alike."""
        return ((at, value) for at, value in leaves(self.content) if self._is_last(at))

    def _is_last(self, at: Location) -> bool:
        here = self.content
        for step in at:
            if isinstance(here, list):
                if step != len(here) - 1:
                    return False
                here = here[int(step)]
            elif isinstance(here, dict):
                here = here[str(step)]
        return True

    def lists(self) -> Iterator[tuple[Location, Sequence[JsonValue]]]:
        """Every list that has an entry."""
        return _lists(self.content, ())

    def put(self, at: Location, value: JsonValue) -> bytes:
        """The answer with another value in one place."""
        if isinstance(self.format, JsonFormat):
            return self.format.write(with_value(self.content, at, value))
        if isinstance(value, list):  # several elements of one name, which only their parent can be given
            above = self._value(at[:-1])
            if not isinstance(above, dict) or not at[:-1]:
                raise ValueError("the list stands in the outermost element")
            return self.format.altered(self.body, (), {written(at[:-1]): {**above, str(at[-1]): value}})
        return self.format.altered(self.body, (), {written(at): value})

    def without(self, at: Location) -> bytes:
        """The answer without one place."""
        return self.format.altered(self.body, (written(at),), {})

    def _value(self, at: Location) -> JsonValue:
        return value_at(self.content, at)


def value_at(document: JsonValue, at: Location) -> JsonValue:
    """What stands in one place of a document; ``None`` where it has no such place."""
    here = document
    for step in at:
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        elif isinstance(here, dict) and str(step) in here:
            here = here[str(step)]
        else:
            return None
    return here


def _lists(document: JsonValue, at: Location) -> Iterator[tuple[Location, Sequence[JsonValue]]]:
    if isinstance(document, dict):
        for name, part in document.items():
            yield from _lists(part, (*at, name))
    elif isinstance(document, list) and document:
        yield at, document
        yield from _lists(document[-1], (*at, len(document) - 1))


def copies(entry: JsonValue, number: int) -> list[JsonValue]:
    """Further entries like one, each with references of its own; its instants, amounts and words are as they were."""
    return [_renumbered(entry, copy) for copy in range(1, number + 1)]


def _renumbered(value: JsonValue, by: int) -> JsonValue:
    if isinstance(value, Mapping):
        return {name: _renumbered(part, by) for name, part in value.items()}
    if isinstance(value, list):
        return [_renumbered(part, by) for part in value]
    if not isinstance(value, str) or instant_of(value) or number_of(value) is not None:
        return value
    runs = list(re.finditer(r"[0-9]+", value))
    if not runs:
        return value
    run = runs[-1]
    size = len(run[0])
    return f"{value[: run.start()]}{int(run[0]) + by:0{size}d}{value[run.end() :]}"
