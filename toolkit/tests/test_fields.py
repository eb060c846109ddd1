"""The fields that most agencies have, from what a citizen writes to the problem that is told."""

import json
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, strategies as st
from pydantic import field_validator
from pydantic_core import PydanticCustomError

from nagorik.errors import InputRejected
from nagorik.forms import Choices, Label
from nagorik.privacy import Form
from nagorik.values import NationalDataError
from nagorik.values.sentences import Text
from nagorik.values.text import to_bangla_digits
from nagorik_toolkit import NidOfBirthYear
from nagorik_toolkit.bangladesh import DateStyle, DayMonthYear, format_date
from nagorik_toolkit.fields import (
    LARGEST_NUMBER,
    LAST_DAY,
    AcreArea,
    Address,
    BirthDate,
    BirthRegistration,
    DecimalArea,
    FatherName,
    GeneralDiary,
    Mobile,
    Name,
    NidNumber,
    OneLine,
    Passport,
    PostalAddress,
    TaxYear,
    WholeNumber,
    day_by_hand,
)
from nagorik_toolkit.form_validation import form_schema, label_of, validate_form

HOME = {"division": "ঢাকা", "district": "Dhaka", "upazila": "সাভার", "home": "বাসা ১", "postcode": "১২০৭"}
KINDS = {"car": Text(en="Car", bn="গাড়ি"), "bus": Text(en="Bus", bn="বাস")}


class BornOn(Form):
    born: BirthDate


class Everything(Form):
    nid: NidNumber | None = None
    brn: BirthRegistration | None = None
    passport: Passport | None = None
    born: BirthDate | None = None
    issued: DayMonthYear | None = None
    name: Name | None = None
    father: FatherName | None = None
    mobile: Mobile | None = None
    home: PostalAddress | None = None
    year: TaxYear | None = None
    acres: AcreArea | None = None
    decimals: DecimalArea | None = None
    short: Annotated[str, OneLine(5)] = "-"
    kind: Annotated[Literal["car", "bus"], Choices(KINDS), Label(en="Vehicle", bn="যান")] = "car"
    deed: Annotated[BirthDate, Label(en="Day of the deed", bn="দলিলের তারিখ")] | None = None

    @field_validator("kind")
    @classmethod
    def _no_bus_for_one(cls, kind: str) -> str:
        if kind == "bus":
            raise NationalDataError("area.ambiguous")
        return kind


def filled(**data: Any) -> Any:
    return validate_form(Everything, data)


def problem(**data: Any) -> tuple[str, str]:
    with pytest.raises(InputRejected) as caught:
        validate_form(Everything, data)
    [found] = caught.value.fields
    return found.pointer, found.code


def test_everything_is_read_and_read_again_from_what_is_kept() -> None:
    form = filled(
        nid="১৯৯০ ৯৯১০০১২ ০০০০০১",
        brn="19909910000000001",
        passport="a ০০০০০০০১",
        born="১৯৯০-০১-৩১",
        issued="৩১/০১/২০২০",
        name={"bn": "নমুনা নাগরিক"},
        father=" নমুনা  পিতা ",
        mobile="০১৩০০০০০০০১",
        home=HOME,
        year="২০২৫-২৬",
        acres="০.১২৫০",
        decimals="12.5",
        deed="2020-02-29",
    )
    assert (form.passport.value, form.born, form.issued) == ("A00000001", date(1990, 1, 31), date(2020, 1, 31))
    assert (form.father, form.year.start, form.home.postcode) == ("নমুনা পিতা", 2025, "1207")
    assert form.acres == form.decimals
    assert validate_form(Everything, json.loads(form.model_dump_json())) == form


@pytest.mark.parametrize(
    "written",
    [
        *("31/1/1990", "31/01/1990", "৩১/১/১৯৯০", " ৩১/০১/১৯৯০ ", "1990-01-31", "১৯৯০-০১-৩১", date(1990, 1, 31)),
        *("31-01-1990", "31.1.1990", "৩১.০১.১৯৯০", "31 Jan 1990", "৩১  JAN  ১৯৯০", "31-jan-1990", "31.Jan.1990"),
    ],
)
def test_day_is_taken_as_people_write_it_and_as_json_does(written: object) -> None:
    form = validate_form(BornOn, {"born": written})
    assert form.model_dump_json() == '{"born":"1990-01-31"}'
    assert form_schema(BornOn)["properties"]["born"]["format"] == "date"


@given(
    day=st.dates(date(1900, 1, 1), LAST_DAY),
    between=st.sampled_from("/-."),
    named=st.booleans(),
    padded=st.booleans(),
    bangla=st.booleans(),
)
def test_every_day_is_read_as_it_was_meant_and_never_with_a_short_year(
    day: date, between: str, named: bool, padded: bool, bangla: bool
) -> None:
    first = f"{day.day:02d}" if padded else str(day.day)
    number = f"{day.month:02d}" if padded else str(day.month)
    month = format_date(day, DateStyle.DAY_NAME_YEAR)[3:6] if named else number
    between = " " if named and between == "/" else between
    short, whole = (between.join((first, month, year)) for year in (f"{day.year % 100:02d}", str(day.year)))
    assert day_by_hand(to_bangla_digits(whole) if bangla else whole) == day
    with pytest.raises(NationalDataError) as refused:
        day_by_hand(short)
    assert refused.value.code == "date.day-month-year"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("passport", "12345678", "passport.shape"),
        ("passport", 12345678, "passport.not-text"),
        ("born", "1990-31-01", "date.no-such-day"),
        ("born", "31-01.1990", "date.day-month-year"),
        ("born", "1990.01.31", "date.day-month-year"),
        ("born", "31 01 1990", "date.day-month-year"),
        ("born", "31 Jan 90", "date.day-month-year"),
        ("born", "Jan 31 1990", "date.day-month-year"),
        ("born", "31 Jum 1990", "date.no-such-day"),
        ("born", "31.1.90", "date.day-month-year"),
        ("born", "31/1/90", "date.day-month-year"),
        ("born", "31/13/1990", "date.no-such-day"),
        ("born", "31/1/1990" + " " * 40 + "5", "date.day-month-year"),
        ("born", "31/1/\u200b1990", "invisible.zero-width-space"),
        ("born", 7, "date.not-text"),
        ("issued", "1990-01-31", "date.day-month-year"),
        ("issued", "31/02/1990", "date.no-such-day"),
        ("father", " ", "text.empty"),
        ("father", "নমু\x00না", "invisible.control"),
        ("father", "????", "text.unreadable"),
        ("father", "ক" * 201, "string_too_long"),
        ("short", "abcdef", "string_too_long"),
        ("year", "2025-27", "fiscal-year.text"),
        ("year", 2025, "fiscal-year.text"),
        ("acres", "0.12505", "land-area.too-precise"),
        ("acres", "-1", "land-area.text"),
        ("acres", 0.125, "land-area.text"),
        ("decimals", "9" * 30, "land-area.bounds"),
        ("kind", "van", "literal_error"),
        ("kind", "bus", "area.ambiguous"),
    ],
)
def test_what_is_wrong_is_told_by_code_and_place(field: str, value: object, code: str) -> None:
    assert problem(**{field: value}) == (f"/form/{field}", code)


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"division": "Atlantis"}, "division", "area.unknown"),
        ({"district": "Sylhet"}, "district", "area.unknown"),
        ({"postcode": "120"}, "postcode", "postcode.shape"),
        ({"postcode": f"1207{' ' * 12}9"}, "postcode", "postcode.shape"),
        ({"postcode": 1207}, "postcode", "postcode.shape"),
    ],
)
def test_address_is_looked_up(change: dict[str, object], place: str, code: str) -> None:
    assert problem(home=HOME | change) == (f"/form/home/{place}", code)


def test_upazila_is_found_and_a_thana_is_kept() -> None:
    found = Address(division="Dhaka", district="ঢাকা", upazila="Savar")
    assert (found.district_area.en, found.upazila_area and found.upazila_area.bn) == ("Dhaka", "সাভার")
    thana = Address(division="Dhaka", district="Dhaka", upazila="Gulshan")
    assert (thana.upazila, thana.upazila_area) == ("Gulshan", None)


def test_error_of_national_data_is_told_in_its_own_words() -> None:
    with pytest.raises(InputRejected) as caught:
        validate_form(Everything, {"kind": "bus"})
    [found] = caught.value.fields
    sentence = NationalDataError("area.ambiguous").text
    assert found.text == Text(bn=f"যান: {sentence.bn}", en=f"Vehicle: {sentence.en}")


def test_label_inside_a_union_is_the_fields() -> None:
    assert label_of(Everything, "passport").en == "Passport number"
    assert label_of(Everything, "deed").bn == "দলিলের তারিখ"
    drawn = form_schema(Everything)["properties"]
    assert (drawn["passport"]["title"], drawn["passport"]["x-title-bn"]) == ("Passport number", "পাসপোর্ট নম্বর")
    assert drawn["father"]["x-description-bn"] == "কার্ড বা সনদে যেমন আছে।"


def test_outer_label_takes_the_place_of_the_inner_one_with_its_help() -> None:
    drawn = form_schema(Everything)["properties"]["deed"]
    assert drawn["title"] == "Day of the deed"
    assert not {"description", "x-description-bn"} & drawn.keys()


def test_options_have_their_titles() -> None:
    drawn = form_schema(Everything)["properties"]["kind"]
    assert drawn["enum"] == ["car", "bus"]
    assert drawn["oneOf"][1] == {"const": "bus", "title": "Bus", "x-title-bn": "বাস"}


def test_options_of_a_field_that_may_be_left_out_have_their_titles() -> None:
    class Optional(Form):
        kind: Annotated[Literal["car", "bus"], Choices(KINDS)] | None = None

    drawn = form_schema(Optional)["properties"]["kind"]["anyOf"][0]
    assert [option["title"] for option in drawn["oneOf"]] == ["Car", "Bus"]


def test_option_without_a_title_is_refused_when_the_form_is_written() -> None:
    with pytest.raises(TypeError, match="each option"):

        class Lacking(Form):
            kind: Annotated[Literal["car", "van"], Choices(KINDS)]


@given(st.text(max_size=40))
def test_line_is_clean_or_refused(written: str) -> None:
    codes: set[str] = set()
    try:
        line = filled(father=written).father
        assert line
        assert filled(father=line).father == line
    except InputRejected as error:
        codes = {found.code for found in error.fields}
    assert all(
        code in {"text.empty", "text.unreadable", "text.marks"} or code.startswith("invisible.") for code in codes
    )


class Person(Form):
    birth_date: BirthDate
    nid: NidOfBirthYear | None = None


@pytest.mark.parametrize("nid", ["19902617239423141", "1234567890", None])
def test_nid_number_of_the_birth_year_is_taken(nid: str | None) -> None:
    assert validate_form(Person, {"birth_date": "1990-01-31", "nid": nid})


def test_nid_number_of_another_year_is_refused_at_its_field() -> None:
    with pytest.raises(InputRejected) as caught:
        validate_form(Person, {"birth_date": "1991-01-31", "nid": "19902617239423141"})
    assert [(found.pointer, found.code) for found in caught.value.fields] == [
        ("/form/nid", "nid.birth-year-mismatch")
    ]


def test_nid_number_is_not_blamed_for_a_birth_date_that_is_none() -> None:
    with pytest.raises(InputRejected) as caught:
        validate_form(Person, {"birth_date": "31.1.", "nid": "19902617239423141"})
    assert [found.pointer for found in caught.value.fields] == ["/form/birth_date"]


def test_address_is_written_as_on_an_envelope() -> None:
    address = PostalAddress(division="Dhaka", district="Dhaka", upazila="Savar", home="House 1", postcode="1340")
    assert address.one_line == "House 1, Savar, Dhaka, Dhaka, 1340"


class Loan(Form):
    amount: Annotated[int, WholeNumber(1, 500_000), Label(en="Loan", bn="ঋণ")]
    members: Annotated[int, WholeNumber(), Label(en="Members", bn="সদস্য")] | None = None


def loan_problem(amount: Any) -> Any:
    with pytest.raises(InputRejected) as caught:
        validate_form(Loan, {"amount": amount})
    [found] = caught.value.fields
    assert found.pointer == "/form/amount"
    return found


def by_lakh(number: int) -> str:
    head, tail = divmod(number, 1000)
    pairs = []
    while head:
        head, pair = divmod(head, 100)
        pairs.append(f"{pair:02}" if head else str(pair))
    return ",".join([*reversed(pairs), f"{tail:03}" if pairs else str(tail)])


NUMBERS = st.integers(0, LARGEST_NUMBER)
WAYS = st.sampled_from([str, by_lakh, "{:,}".format, "  {} ".format, "{:09}".format])
BANGLA = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


@given(number=NUMBERS, write=WAYS, bangla=st.booleans())
def test_a_whole_number_is_read_as_people_write_it(number: int, write: Any, bangla: bool) -> None:
    written = write(number)
    assert WholeNumber().read(written.translate(BANGLA) if bangla else written) == number
    assert WholeNumber().read(number) == number


@pytest.mark.parametrize("written", ["1,20,000", "১,২০,০০০", "120,000", "১২০০০০", "১২0000", 120_000, " 120000 "])
def test_the_same_number_however_it_is_written(written: object) -> None:
    form: Any = validate_form(Loan, {"amount": written})
    assert form.amount == 120_000
    assert form.model_dump(mode="json")["amount"] == 120_000


def reading_of(written: str) -> int | str:
    """The number, or the code of why it is none."""
    try:
        return WholeNumber().read(written)
    except PydanticCustomError as refused:
        return refused.type


@given(written=st.text("0123456789০১২,.-+ ৳lakh", max_size=40))
def test_what_is_no_number_is_refused_and_never_guessed_at(written: str) -> None:
    found = reading_of(written)
    if isinstance(found, int):
        assert (
            int(written.replace(",", "")) == found
        )  # int() reads the digits of every script, and blanks around them
        assert not set(written) & set(".-+")
    else:
        assert found in {"whole-number.text", "whole-number.grouping", "whole-number.bounds"}


@given(
    least=NUMBERS,
    most=NUMBERS,
    number=st.one_of(NUMBERS, st.integers(), st.integers(0, 300).map(lambda far: 10**far)),
)
def test_only_what_is_within_the_bounds_is_accepted(least: int, most: int, number: int) -> None:
    if least > most:
        with pytest.raises(ValueError, match="in order"):
            WholeNumber(least, most)
        return
    field = WholeNumber(least, most)
    if least <= number <= most:
        assert field.read(number) == number
    else:
        with pytest.raises(ValueError, match="Enter a number from"):
            field.read(number)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "whole-number.text"),
        ("এক লাখ", "whole-number.text"),
        ("1.5", "whole-number.text"),
        ("-5", "whole-number.text"),
        (",", "whole-number.text"),
        ("9" * 40, "whole-number.text"),
        (1.0, "whole-number.text"),
        (True, "whole-number.text"),
        (None, "whole-number.text"),
        (["5"], "whole-number.text"),
        ("1,5", "whole-number.grouping"),
        ("1,2,000", "whole-number.grouping"),
        ("12,34", "whole-number.grouping"),
        ("1,20,00", "whole-number.grouping"),
        ("1,200,00,000", "whole-number.grouping"),
        (",120", "whole-number.grouping"),
        ("0", "whole-number.bounds"),
        ("৫,০০,০০১", "whole-number.bounds"),
    ],
)
def test_a_refusal_names_the_field_and_says_what_to_do(written: object, code: str) -> None:
    found = loan_problem(written)
    assert found.code == code
    assert found.text.en.startswith("Loan: ")
    assert found.text.bn.startswith("ঋণ: ")
    if code == "whole-number.bounds":
        assert found.text.en == "Loan: Enter a number from 1 to 5,00,000."
        assert found.text.bn == "ঋণ: ১ থেকে ৫,০০,০০০ পর্যন্ত একটি সংখ্যা দিন।"


def test_whoever_draws_a_page_learns_the_bounds() -> None:
    described = form_schema(Loan)["properties"]["amount"]
    assert (described["type"], described["minimum"], described["maximum"]) == ("integer", 1, 500_000)
    assert described["x-title-bn"] == "ঋণ"


class Diary(Form):
    born: BirthDate | None = None
    diary: GeneralDiary | None = None


@pytest.mark.parametrize(
    ("field", "written", "code"),
    [
        ("born", "1899-12-31", "birth-date.too-early"),
        ("born", "1800-01-01", "birth-date.too-early"),
        ("diary", "x", "general-diary.shape"),
        ("diary", "123", "general-diary.shape"),
        ("diary", "নমুনা থানা", "general-diary.shape"),
        ("diary", "GD 55", "general-diary.shape"),
        ("diary", "G.D. No. 55/2026", "general-diary.shape"),
        ("diary", "জিডি নং-৫৫", "general-diary.shape"),
        ("diary", "সাধারণ ডায়েরি নম্বর ৫৫ তারিখ", "general-diary.shape"),
    ],
)
def test_what_no_birth_and_no_diary_is_refused_in_both_languages(field: str, written: str, code: str) -> None:
    with pytest.raises(InputRejected) as caught:
        validate_form(Diary, {field: written})
    (problem,) = caught.value.fields
    assert (problem.pointer, problem.code) == (f"/form/{field}", code)
    assert "{" not in problem.text.en + problem.text.bn


@pytest.mark.parametrize(
    "written",
    ["GD 55, 01/11/2026", "GD 55, Namuna", "55 of 1 November 2026", "জিডি নং ৫৫, নমুনা", "জি.ডি. ৫৫ তারিখ ০১-১১-২০২৬"],
)
def test_diary_is_named_by_its_number_and_either_its_date_or_its_station(written: str) -> None:
    form: Any = validate_form(Diary, {"diary": written})
    assert form.diary == written


def test_birth_and_diary_as_people_have_them() -> None:
    form: Any = validate_form(Diary, {"born": "১৯০০-০১-০১", "diary": "জিডি ১২৩, নমুনা থানা, ০১/১১/২০২৬"})
    assert (form.born, form.diary) == (date(1900, 1, 1), "জিডি ১২৩, নমুনা থানা, ০১/১১/২০২৬")
