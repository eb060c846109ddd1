"""A plugin's sentences, every one in Bangla and English, with places to fill.

::

    ["brta.too-young"]
    en = "You are younger than {years}."
    bn = "আপনার বয়স {years} বছরের কম।"
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from pydantic_core import PydanticCustomError

from nagorik.data_files import read_data_file
from nagorik.errors import FieldProblem
from nagorik.values import (
    Money,
    NationalDataError,
    Text,
    dhaka_time,
    dhaka_zone,
    format_taka,
    normalise,
    to_ascii_digits,
    to_bangla_digits,
)
from nagorik.values.sentences import LONGEST_TEXT, MESSAGES_FILE, PLACEHOLDER, cut, parse_sentences

Fill = Text | Money | date | Decimal | int
"""What may stand in a sentence: numbers in the digits of the language, days, instants and amounts as ``day_text``,
``moment_text`` and ``money_text`` write them."""


class TextCatalogue:
    """The sentences of one file, by their codes."""

    def __init__(self, texts: Mapping[str, Text], *, file: str = MESSAGES_FILE) -> None:
        self._texts = MappingProxyType(dict(texts))
        self._file = file

    def text(self, code: str, **fills: Fill) -> Text:
        """The sentence for ``code``, with each ``{name}`` in it filled in both languages; cut where it gets too long.

        Raises:
            KeyError: There is no such sentence, or the fills are not those that it has places for; a fault of the
                plugin. The error names the file and the code.
        """
        sentence = self._texts.get(code)
        if sentence is None:
            raise KeyError(f"{self._file} has no sentence {code}")
        wanted = self.placeholders(code)
        if wanted != fills.keys():
            raise KeyError(f"{self._file}, {code}: fill {', '.join(sorted(wanted)) or 'nothing'}")
        written = {name: _written(fill) for name, fill in fills.items()}
        return Text(
            bn=cut(PLACEHOLDER.sub(lambda place: written[place[1]].bn, sentence.bn), LONGEST_TEXT),
            en=cut(PLACEHOLDER.sub(lambda place: written[place[1]].en, sentence.en), LONGEST_TEXT),
        )

    def problem(self, code: str, **fills: Fill) -> PydanticCustomError:
        """A form's complaint about a field, for a validator to raise; the field's label will stand before it."""
        sentence = self.text(code, **fills)
        return PydanticCustomError(code, "{en}", {"bn": sentence.bn, "en": sentence.en})

    def field_problem(self, pointer: str, code: str, **fills: Fill) -> FieldProblem:
        """What is wrong with the field at ``pointer`` once the form as such is right, for an ``InputRejected``."""
        return FieldProblem(pointer=pointer, code=code, text=self.text(code, **fills))

    def placeholders(self, code: str) -> frozenset[str]:
        """The names that have to be filled in a sentence."""
        return frozenset(PLACEHOLDER.findall(self._texts[code].en))

    def __contains__(self, code: object) -> bool:
        return code in self._texts

    def codes(self) -> frozenset[str]:
        """Every code."""
        return frozenset(self._texts)


def read_texts(package: str, file: str = MESSAGES_FILE) -> TextCatalogue:
    """The sentences in a file of ``package``; a plugin's module gives its own ``__package__``.

    Raises:
        DataFileInvalid: Naming every code that lacks a language, has an empty text, or has places to fill that
            are not the same in both languages.
    """
    return parse_texts(read_data_file(package, file), file)


def parse_texts(content: bytes, file: str = MESSAGES_FILE) -> TextCatalogue:
    """The sentences in the content of a file; errors as ``read_texts``."""
    return TextCatalogue(parse_sentences(content, file), file=file)


_MONTHS: Final = (
    Text(en="January", bn="জানুয়ারি"),
    Text(en="February", bn="ফেব্রুয়ারি"),
    Text(en="March", bn="মার্চ"),
    Text(en="April", bn="এপ্রিল"),
    Text(en="May", bn="মে"),
    Text(en="June", bn="জুন"),
    Text(en="July", bn="জুলাই"),
    Text(en="August", bn="আগস্ট"),
    Text(en="September", bn="সেপ্টেম্বর"),
    Text(en="October", bn="অক্টোবর"),
    Text(en="November", bn="নভেম্বর"),
    Text(en="December", bn="ডিসেম্বর"),
)


def day_text(day: date) -> Text:
    """A day as it is read aloud: ``31 January 2027``, ``৩১ জানুয়ারি ২০২৭``."""
    month = _MONTHS[day.month - 1]
    return Text(
        bn=f"{to_bangla_digits(str(day.day))} {month.bn} {to_bangla_digits(str(day.year))}",
        en=f"{day.day} {month.en} {day.year}",
    )


_PARTS_OF_THE_DAY: Final = ((4, "রাত"), (6, "ভোর"), (12, "সকাল"), (15, "দুপুর"), (18, "বিকাল"), (20, "সন্ধ্যা"), (24, "রাত"))
"""What the hours before each of these are called."""


def moment_text(moment: datetime) -> Text:
    """An aware instant on the clocks in Dhaka, to the minute, as it is read aloud.

    ``24 November 2026, 10:01 am``, ``২৪ নভেম্বর ২০২৬, সকাল ১০:০১``.

    Raises:
        NationalDataError: ``time.naive`` for an instant without an offset.
    """
    at = dhaka_time(moment)
    day, clock = day_text(at.date()), f"{at.hour % 12 or 12}:{at.minute:02}"
    part = next(name for before, name in _PARTS_OF_THE_DAY if at.hour < before)
    return Text(
        bn=f"{day.bn}, {part} {to_bangla_digits(clock)}",
        en=f"{day.en}, {clock} {'am' if at.hour < 12 else 'pm'}",  # noqa: PLR2004 - noon
    )


_DIGITS: Final = {"en": "0-9", "bn": "0-9০-৯"}
_DAYS: Final = {
    language: re.compile(
        rf"(?P<day>[{digits}]{{1,2}}) (?P<month>{'|'.join(getattr(month, language) for month in _MONTHS)}) "
        rf"(?P<year>[{digits}]{{1,4}})"
    )
    for language, digits in _DIGITS.items()
}


def read_day(written: str) -> date:
    """Read a day as ``day_text`` writes it, in either language; a Bangla day may have digits of either script.

    Raises:
        NationalDataError: ``date.style`` where it is written otherwise, ``date.no-such-day`` where the calendar has
            no such day.
    """
    text = normalise(written)
    found = next((found for style in _DAYS.values() if (found := style.fullmatch(text))), None)
    day, year = (to_ascii_digits(found[part]) for part in ("day", "year")) if found is not None else ("0", "0")
    if found is None or "0" in (day[0], year[0]):
        raise NationalDataError("date.style")
    month = next(number for number, name in enumerate(_MONTHS, start=1) if found["month"] in {name.bn, name.en})
    try:
        return date(int(year), month, int(day))
    except ValueError:
        raise NationalDataError("date.no-such-day") from None


def read_moment(written: str) -> datetime:
    """Read an instant as ``moment_text`` writes it, in UTC; of two that are written alike, the first.

    Raises:
        NationalDataError: As ``read_day``; ``date.style`` also for an hour that is in another part of the day.
    """
    text = normalise(written)
    day = read_day(text.partition(", ")[0])
    found = re.search(r"([0-9০-৯]{1,2}):([0-9০-৯]{2})\b", text)
    hour, minute = (int(part) for part in found.groups()) if found is not None else (0, 0)
    for half in (0, 12):
        at = datetime.combine(day, time(hour % 12 + half, minute % 60), dhaka_zone())
        with suppress(OverflowError):  # the first hours of the calendar are before it in UTC
            shown, moment = moment_text(at), at.astimezone(UTC)
            if text == shown.en or to_ascii_digits(text) == to_ascii_digits(shown.bn):
                return moment
    raise NationalDataError("date.style")


def money_text(money: Money) -> Text:
    """An amount as it is read aloud: ``Tk 1,170``, ``১,১৭০ টাকা``; hundredths only where there are any."""
    if money.currency == "BDT":
        written = format_taka(money).removesuffix(".00")
        return Text(bn=f"{to_bangla_digits(written)} টাকা", en=f"Tk {written}")
    written = f"{money.as_decimal():,}".removesuffix(".00")
    return Text(bn=f"{to_bangla_digits(written)} মার্কিন ডলার", en=f"{written} US dollar{'' if written == '1' else 's'}")


def _written(fill: Fill) -> Text:
    if isinstance(fill, Text):
        return fill
    if isinstance(fill, Money):
        return money_text(fill)
    if isinstance(fill, datetime):
        return moment_text(fill)
    if isinstance(fill, date):
        return day_text(fill)
    en = f"{fill:f}" if isinstance(fill, Decimal) else str(fill)
    return Text(bn=to_bangla_digits(en), en=en)
