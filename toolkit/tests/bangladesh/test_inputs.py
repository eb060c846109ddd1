"""What people write, and what is read of it: the files in ``inputs``, each line a case of its own."""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from nagorik.values import (
    BirthRegistrationNumber,
    MobileNumber,
    Money,
    NationalDataError,
    Nid,
    PersonName,
    format_taka,
)
from nagorik_toolkit.bangladesh import (
    FiscalYear,
    LandArea,
    PassportNumber,
    WorkingCalendar,
    amount_in_words,
    find_district,
    find_upazila,
    possibly_same,
    read_postcode,
)

FILES = {
    path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted((Path(__file__).parent / "inputs").iterdir())
}
READERS: dict[str, Callable[[str], str]] = {
    "districts": lambda text: find_district(text).en,
    "money": lambda text: Money.parse(text).plain(),
    "fiscal-year": lambda text: FiscalYear.parse(text).label,
    "mobiles": lambda text: MobileNumber.parse(text).e164,
    "nids": lambda text: Nid.parse(text).value,
    "births": lambda text: BirthRegistrationNumber.parse(text).value,
    "passports": lambda text: PassportNumber.parse(text).value,
    "postcodes": read_postcode,
    "land-areas": lambda text: LandArea.parse(text).plain(),
}
"""The groups of inputs by what they are read as."""
NO_VALUE = ("refused", "unknown")
"""What lists of inputs that cannot be read stand under."""


def _of(group: str) -> Iterator[tuple[str, Any]]:
    for name, groups in FILES.items():
        if group in groups:
            yield name, groups[group]


def _cases(group: str, *keys: str) -> list[Any]:
    """Every value of the lists ``keys`` of a group, from all files, each with an id that names the file."""
    return [
        pytest.param(key, value, id=f"{name}-{key}-{number}")
        for name, lists in _of(group)
        for key in keys
        for number, value in enumerate(lists.get(key, ()))
    ]


WRITTEN = [
    pytest.param(
        group, None if meant in ("refused", "unknown") else meant, text, id=f"{name}-{group}-{meant}-{number}"
    )
    for group in READERS
    for name, lists in _of(group)
    for meant, texts in lists.items()
    for number, text in enumerate(texts)
]
UPAZILAS = [
    pytest.param(district, upazila, text, id=f"{name}-{upazila}-{number}")
    for name, districts in _of("upazilas")
    for district, upazilas in districts.items()
    for upazila, texts in upazilas.items()
    for number, text in enumerate(texts)
]
IN_WORDS = [
    pytest.param(language, amount, words, id=f"{name}-{language}-{amount}")
    for name, languages in _of("words")
    for language, amounts in languages.items()
    for amount, words in amounts.items()
]


def _name(text: str) -> PersonName:
    return PersonName(bn=text) if re.search("[ক-হ]", text) else PersonName(en=text)


@pytest.mark.parametrize(("group", "meant", "text"), WRITTEN)
def test_input_is_read_as_it_is_meant(group: str, meant: str | None, text: str):
    if meant is not None:
        assert READERS[group](text) == meant
        return
    with pytest.raises(NationalDataError):
        READERS[group](text)


@pytest.mark.parametrize(("district", "upazila", "text"), UPAZILAS)
def test_upazila_is_found_in_its_district(district: str, upazila: str, text: str):
    assert find_upazila(text, district=find_district(district)).en == upazila


@pytest.mark.parametrize(
    ("kind", "text"),
    _cases(
        "identifiers",
        "zero-width-space",
        "zero-width-non-joiner",
        "zero-width-joiner",
        "byte-order-mark",
        "direction",
        "soft-hyphen",
    ),
)
def test_invisible_character_is_told_by_its_name(kind: str, text: str):
    for read in (Nid.parse, BirthRegistrationNumber.parse, MobileNumber.parse, PassportNumber.parse, Money.parse):
        with pytest.raises(NationalDataError) as caught:
            read(text)
        assert caught.value.code == f"invisible.{kind}"


@pytest.mark.parametrize(("hint", "pair"), _cases("names", "same", "different"))
def test_honorifics_are_known(hint: str, pair: list[str]):
    one, other = (_name(text) for text in pair)
    assert possibly_same(one, other) is possibly_same(other, one) is (hint == "same")


@pytest.mark.parametrize(("verdict", "given"), _cases("names", "refused", "taken"))
def test_name_is_in_its_script_alone(verdict: str, given: list[str]):
    language, text = given
    if verdict == "taken":
        assert getattr(PersonName(**{language: text}), language)
        return
    with pytest.raises(ValidationError):
        PersonName(**{language: text})


@pytest.mark.parametrize(("language", "amount", "words"), IN_WORDS)
def test_amount_is_written_in_words(language: Any, amount: str, words: str):
    assert amount_in_words(Money.taka(amount), language) == words


@pytest.mark.parametrize(("amount", "written"), [pair for _, amounts in _of("grouped") for pair in amounts.items()])
def test_amount_is_grouped_by_lakh(amount: str, written: str):
    assert format_taka(Money.taka(amount), "bn") == written


@pytest.mark.parametrize(("answer", "day"), _cases("days", "open", "closed", "unknown"))
def test_day_is_open_closed_or_unknown(answer: str, day: date):
    if answer != "unknown":
        assert WorkingCalendar.national().is_working_day(day) is (answer == "open")
        return
    with pytest.raises(NationalDataError) as caught:
        WorkingCalendar.national().is_working_day(day)
    assert caught.value.code == "calendar.unknown-year"


@pytest.mark.parametrize(("_key", "reckoning"), _cases("days", "after"))
def test_working_days_are_counted_over_days_closed_at_short_notice(_key: str, reckoning: list[Any]):
    start, count, end = reckoning
    assert WorkingCalendar.national().add_working_days(start, count) == end
