import re
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st
from pydantic_core import PydanticCustomError

from nagorik.values import to_ascii_digits, to_bangla_digits
from nagorik_brta.identifiers import read_learner_number, read_licence_number, read_registration_number

AREAS = ["ঢাকা মেট্রো", "চট্ট মেট্রো", "ময়মনসিংহ", "সিলেট", "কুষ্টিয়া", "বগুড়া", "চাঁদপুর"]
LETTERS = list("কখগঘচছজঝটঠডঢথদনপফবভমযরলশসহঅই")
JUNK = st.text(max_size=80) | st.integers() | st.none() | st.binary(max_size=8) | st.lists(st.integers(), max_size=3)

registrations = st.builds(
    "{}-{}-{:02}-{:04}".format,
    st.sampled_from(AREAS),
    st.sampled_from(LETTERS),
    st.integers(0, 99),
    st.integers(0, 9999),
).map(read_registration_number)


@given(number=registrations)
def test_registration_number_survives_how_people_write_it(number: str) -> None:
    for written in (
        number,
        to_ascii_digits(number),
        number.replace("-", " - "),
        number.replace("-", "\u2013"),
        f"  {number}\u200c ",
        number.replace(" ", "\u00a0"),
        number.replace("-", " "),
        number.replace("-", " ", 1),
        " ".join(number.rsplit("-", 2)[:2]) + "-" + number.rsplit("-", 1)[1],
    ):
        assert read_registration_number(written) == number
    assert to_bangla_digits(number) == number


def test_sample_number() -> None:
    assert read_registration_number("ঢাকা মেট্রো-গ-12-3456") == "ঢাকা মেট্রো-গ-১২-৩৪৫৬"


@pytest.mark.parametrize(
    "written", ["ঢাকা মেট্রো-গ ১২-৩৪৫৬", "ঢাকা মেট্রো গ ১২-৩৪৫৬", "ঢাকা মেট্রো গ ১২ ৩৪৫৬", "ঢাকা মেট্রো - গ  12-3456"]
)
def test_plate_of_two_lines_is_written_with_blanks(written: str) -> None:
    assert read_registration_number(written) == "ঢাকা মেট্রো-গ-১২-৩৪৫৬"


def test_english_letters_stand_for_several_bangla_letters_and_are_not_guessed() -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_registration_number("DHAKA METRO-GA-12-3456")
    assert "more than one Bangla letter" in (refused.value.context or {})["en"]


def test_both_encodings_of_one_letter_are_one_number() -> None:
    one, other = "কুষ্টি\u09dfা-ল-১১-২২৩৩", "কুষ্টি\u09af\u09bcা-ল-১১-২২৩৩"
    assert one != other
    assert read_registration_number(one) == read_registration_number(other)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ঢাকা মেট্রো-গ-১২-৩৪৫",
        "ঢাকা মেট্রো-গ-১২-৩৪৫৬৭",
        "ঢাকা মেট্রো-গগ-১২-৩৪৫৬",
        "ঢাকা মেট্রো-১২-৩৪৫৬",
        "-গ-১২-৩৪৫৬",
        "Dhaka Metro-Ga-12-3456",
        "ঢাকা মেট্রো-গ-१२-३४५६",
        "ঢাকা মেট্রো-গ-১২-৩৪৫৬\nx",
        "ঢ" + "\u09bc" * 50,
        "ঢাকা " * 20 + "-গ-১২-৩৪৫৬",
    ],
)
def test_what_is_no_registration_number_is_refused(written: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_registration_number(written)
    assert refused.value.type == "form.registration-number"


licences = st.from_regex(re.compile(r"[A-Z]{2}[0-9]{7}[A-Z]{2}[0-9]{4}"), fullmatch=True)


@given(number=licences)
def test_licence_number_survives_how_people_write_it(number: str) -> None:
    for written in (number.lower(), to_bangla_digits(number), f" {number[:2]} {number[2:9]}-{number[9:]} "):
        assert read_licence_number(written) == number


@pytest.mark.parametrize("written", ["DK123456CL0001", "DK1234567CL00011", "1K1234567CL0001", "DK१234567CL0001"])
def test_what_is_no_licence_number_is_refused(written: str) -> None:
    with pytest.raises(PydanticCustomError):
        read_licence_number(written)


@given(number=st.from_regex(re.compile(r"[A-Z0-9]{4,12}(-[A-Z0-9]{1,6})?"), fullmatch=True))
def test_learner_number_is_taken_as_it_is(number: str) -> None:
    assert read_learner_number(f" {number.lower()} ") == number


def taken(read: Callable[[object], str], junk: object) -> str | PydanticCustomError:
    try:
        return read(junk)
    except PydanticCustomError as refused:
        return refused


@pytest.mark.parametrize("read", [read_registration_number, read_licence_number, read_learner_number])
@given(junk=JUNK)
def test_whatever_is_typed_is_refused_without_being_repeated_or_read_for_good(
    read: Callable[[object], str], junk: object
) -> None:
    kept = taken(read, junk)
    if isinstance(kept, PydanticCustomError):
        assert set(kept.context or {}) == {"bn", "en"}
    else:
        assert read(kept) == kept
