import copy
import json
import pickle
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from nagorik.values import BirthRegistrationNumber, Identifier, NationalDataError, Nid, to_bangla_digits

SMART = "5012345678"
LEGACY = "2691234567890"
FULL = "19902691234567890"

DIGITS_10 = st.from_regex(r"[0-9]{10}", fullmatch=True)
DIGITS_13 = st.from_regex(r"[0-9]{13}", fullmatch=True)
BIRTH_DATES = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))


class Parents(BaseModel):
    nid: Nid
    brn: BirthRegistrationNumber


def _code(function, *arguments: object) -> str:
    with pytest.raises(NationalDataError) as caught:
        function(*arguments)
    return caught.value.code


@pytest.mark.parametrize(("digits", "kind"), [(SMART, "smart"), (LEGACY, "legacy"), (FULL, "full")])
def test_nid_knows_its_kind(digits: str, kind: str):
    assert Nid.parse(digits).kind == kind


@pytest.mark.parametrize(
    "written",
    [
        "১৯৯০২৬৯১২৩৪৫৬৭৮৯০",
        " 1990 2691 2345 67890 ",
        "1990-2691-234567890",
        "1990\u00a02691\u2013234567890\n",
        "১৯৯০2691234567890",
    ],
)
def test_nid_is_read_as_people_write_it(written: str):
    assert Nid.parse(written).value == FULL


def test_leading_zeros_are_kept():
    assert Nid.parse("0012345678").value == "0012345678"
    assert Nid.parse("0191234567890").value == "0191234567890"


@pytest.mark.parametrize(
    ("given_value", "code"),
    [
        (1990269123456789, "identifier.not-text"),
        (1.99e16, "identifier.not-text"),
        (Decimal("5012345678"), "identifier.not-text"),
        (True, "identifier.not-text"),
        (b"5012345678", "identifier.not-text"),
        (None, "identifier.not-text"),
        ("1.99E+16", "identifier.scientific"),
        ("১.৯৯E+১৬", "identifier.scientific"),
        ("5012345678.0", "identifier.decimal"),
        ("5012345678.", "identifier.decimal"),
        ("", "identifier.empty"),
        (" - ", "identifier.empty"),
        ("501234567x", "identifier.characters"),
        ("٥٠١٢٣٤٥٦٧٨", "identifier.characters"),
        ("５０１２３４５６７８", "identifier.characters"),
        ("\u202e5012345678", "invisible.direction"),
        ("50123\u200b45678", "invisible.zero-width-space"),
        ("50123\u200c45678", "invisible.zero-width-non-joiner"),
        ("50123\u200d45678", "invisible.zero-width-joiner"),
        ("50123\u206045678", "invisible.word-joiner"),
        ("\ufeff5012345678", "invisible.byte-order-mark"),
        ("50123\u00ad45678", "invisible.soft-hyphen"),
        ("50123\x0045678", "invisible.control"),
        ("50123\ue00045678", "invisible.control"),
        ("5" * 65, "identifier.too-long"),
        ("501234567", "nid.length"),
        ("691234567890", "nid.length"),
        ("1" * 16, "nid.length"),
        ("18992691234567890", "nid.year"),
        ("21002691234567890", "nid.year"),
    ],
)
def test_what_is_not_a_nid_is_refused_with_its_reason(given_value: object, code: str):
    assert _code(Nid.parse, given_value) == code


def test_a_number_out_of_a_spreadsheet_is_asked_for_as_text():
    for value in (5012345678, "1.99E+16", "5012345678.0"):
        with pytest.raises(NationalDataError, match="Write it from the card"):
            Nid.parse(value)


def test_old_brn_is_sent_to_the_registrar():
    assert _code(BirthRegistrationNumber.parse, "1990269123456789") == "brn.legacy"
    with pytest.raises(NationalDataError, match="registrar"):
        BirthRegistrationNumber.parse("1990269123456789")


@pytest.mark.parametrize(("text", "code"), [("1" * 13, "brn.length"), (SMART, "brn.length"), ("0" * 17, "brn.year")])
def test_what_is_not_a_brn_is_refused(text: str, code: str):
    assert _code(BirthRegistrationNumber.parse, text) == code


@given(DIGITS_13, BIRTH_DATES)
def test_birth_year_makes_the_full_number_of_a_legacy_one(digits: str, born: date):
    full = Nid.parse(digits).with_birth_year(born)
    assert full.value == f"{born.year}{digits}"
    assert full.kind == "full"
    assert full.birth_year == born.year
    assert full.consistent_with(born) is True
    assert full.full(born) == full == Nid.parse(digits).full(born)


@given(DIGITS_10, BIRTH_DATES)
def test_smart_number_never_becomes_a_full_one(digits: str, born: date):
    assert _code(Nid.parse(digits).full, born) == "nid.smart-has-no-full"
    assert _code(Nid.parse(digits).with_birth_year, born) == "nid.not-legacy"


def test_full_number_never_takes_a_second_year():
    assert _code(Nid.parse(FULL).with_birth_year, date(1990, 1, 1)) == "nid.not-legacy"


def test_year_before_1900_is_not_put_before_a_number():
    assert _code(Nid.parse(LEGACY).with_birth_year, date(1899, 12, 31)) == "nid.year"


def test_full_number_of_another_year_is_a_mismatch():
    assert _code(Nid.parse(FULL).full, date(1991, 1, 1)) == "nid.birth-year-mismatch"
    assert Nid.parse(FULL).consistent_with(date(1991, 1, 1)) is False


def test_a_number_without_a_year_says_nothing_of_a_birth_date():
    assert Nid.parse(SMART).consistent_with(date(1990, 1, 1)) is None
    assert Nid.parse(LEGACY).consistent_with(date(1990, 1, 1)) is None
    assert Nid.parse(SMART).birth_year is None


def test_brn_is_compared_by_year_only():
    brn = BirthRegistrationNumber.parse("20159912345678901")  # 99 is no month
    assert brn.birth_year == 2015
    assert brn.consistent_with(date(2015, 3, 1))
    assert not brn.consistent_with(date(2014, 3, 1))


def test_an_instant_is_not_a_birth_date():
    instant = datetime.fromisoformat("1990-01-01T00:00:00+06:00")
    assert _code(Nid.parse(FULL).consistent_with, instant) == "date.not-a-date"


@pytest.mark.parametrize("rmo", "0123456789")
def test_unusual_area_digit_warns_and_does_not_reject(rmo: str):
    expected = [] if rmo in "123459" else ["identifier.rmo"]
    legacy = Nid.parse(f"26{rmo}1234567890")
    for identifier in (
        legacy,
        legacy.with_birth_year(date(1990, 1, 1)),
        BirthRegistrationNumber.parse(f"1990{legacy.value}"),
    ):
        assert [warning.code for warning in identifier.warnings] == expected


def test_smart_number_has_no_area_digit():
    assert Nid.parse("0000000000").warnings == ()


def test_same_digits_are_never_the_same_identifier():
    nid, brn = Nid.parse(FULL), BirthRegistrationNumber.parse(FULL)
    assert nid != brn
    assert len({nid, brn}) == 2
    assert nid == Nid.parse(FULL)


def test_one_type_is_never_taken_for_the_other():
    nid, brn = Nid.parse(FULL), BirthRegistrationNumber.parse(FULL)
    for model, other in ((Nid, brn), (BirthRegistrationNumber, nid)):
        assert _code(model.parse, other) == "identifier.other-type"
        for wrong in (other, other.model_dump(), json.loads(other.model_dump_json())):
            with pytest.raises(ValidationError):
                model.model_validate(wrong)


def test_the_field_decides_the_type():
    parents = Parents.model_validate({"nid": FULL, "brn": FULL})
    assert parents.nid == Nid.parse(FULL)
    assert parents.brn == BirthRegistrationNumber.parse(FULL)


def test_union_takes_the_type_from_the_tag_and_never_from_the_length():
    adapter: TypeAdapter[Nid | BirthRegistrationNumber] = TypeAdapter(Identifier)
    assert adapter.validate_python({"type": "brn", "value": FULL}) == BirthRegistrationNumber.parse(FULL)
    assert adapter.validate_json(json.dumps({"type": "nid", "value": FULL})) == Nid.parse(FULL)
    for untyped in (FULL, {"value": FULL}, {"type": FULL, "value": FULL}, {FULL: 1}):
        with pytest.raises(ValidationError) as caught:
            adapter.validate_python(untyped)
        assert FULL not in str(caught.value)
        assert FULL not in str(caught.value.errors())
        assert FULL not in caught.value.json()


@given(DIGITS_10 | DIGITS_13 | st.from_regex(r"(19|20)[0-9]{15}", fullmatch=True))
def test_serialised_form_is_type_and_value_and_reads_back(digits: str):
    nid = Nid.parse(to_bangla_digits(digits))
    assert nid.model_dump() == {"type": "nid", "value": digits}
    assert Nid.model_validate_json(nid.model_dump_json()) == nid
    assert pickle.loads(pickle.dumps(nid)) == copy.deepcopy(nid) == nid  # noqa: S301


def test_representations_show_four_digits_at_most():
    nid = Nid.parse("1990269123456" + "4321")
    assert repr(nid) == str(nid) == f"{nid}" == "Nid(•••4321)"
    brn = BirthRegistrationNumber.parse(FULL)
    assert repr(brn) == "BirthRegistrationNumber(•••7890)"
    for shown in (repr(Parents(nid=nid, brn=brn)), str(Parents(nid=nid, brn=brn)), repr([nid])):
        assert "64321" not in shown
        assert "1990" not in shown


def test_identifier_does_not_change():
    with pytest.raises(AttributeError) as caught:
        Nid.parse(SMART).value = FULL  # type: ignore[misc]
    assert FULL not in str(caught.value)


@pytest.mark.parametrize("value", ["9876543210123", 98765432101234567, "98765432109876543", "9.87654321E+16"])
def test_validation_error_of_an_outer_model_keeps_code_and_texts_but_no_input(value: object):
    with pytest.raises(ValidationError) as caught:
        Parents.model_validate({"nid": "5012345678", "brn": value})
    (line,) = caught.value.errors()
    assert line["loc"] == ("brn", "value")
    assert line["type"].split(".")[0] in {"brn", "identifier"}
    assert line["ctx"].keys() == {"bn", "en"}
    assert line["input"] is None
    for told in (str(caught.value), repr(caught.value), str(caught.value.errors()), caught.value.json()):
        assert "98765" not in told


def test_unknown_key_is_input_too():
    with pytest.raises(ValidationError) as caught:
        Nid.model_validate({"value": SMART, FULL: 1})
    assert FULL not in str(caught.value.errors())


def test_a_forms_schema_asks_for_text_where_bare_text_is_taken():
    schema = TypeAdapter(Nid).json_schema()
    assert schema["anyOf"][0] == {"type": "string"}
    assert TypeAdapter(Nid).json_schema(mode="serialization")["type"] == "object"
