"""Each strategy gives what the core takes, or what it refuses and by which code, and reaches its edges."""

import unicodedata
from contextlib import suppress
from datetime import UTC, date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings, strategies as st
from hypothesis.errors import NoSuchExample

from nagorik.bangladesh import (
    BirthRegistrationNumber,
    DateStyle,
    MobileNumber,
    Money,
    NationalDataError,
    Nid,
    PersonName,
    Rounding,
    age_on,
    area,
    dhaka_date,
    find_district,
    find_division,
    find_upazila,
    match_key,
    normalise,
    parse_date,
)
from nagorik_testing import strategies as nst

SEARCH = settings(
    max_examples=5000, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def reached(strategy, predicate):
    """Whether the strategy gives such a value; ``find`` raises where it does not."""
    return find(strategy, predicate, settings=SEARCH) is not None


def is_reached(strategy, predicate):
    """Whether a hundred examples hold such a value."""
    with suppress(NoSuchExample):
        find(strategy, predicate, settings=settings(SEARCH, max_examples=100))
        return True
    return False


def reads(parse, written):
    assert parse(written.text) == written.value


def refuses(parse, refused):
    with pytest.raises(NationalDataError) as caught:
        parse(refused.text)
    assert caught.value.code == refused.code


# Identifiers


@given(nst.written_nids())
def test_written_nid_is_read(written):
    reads(Nid.parse, written)


@given(nst.written_birth_registration_numbers())
def test_written_birth_registration_number_is_read(written):
    reads(BirthRegistrationNumber.parse, written)


@given(nst.refused_nids())
def test_refused_nid_is_refused(refused):
    refuses(Nid.parse, refused)


@given(nst.refused_birth_registration_numbers())
def test_refused_birth_registration_number_is_refused(refused):
    refuses(BirthRegistrationNumber.parse, refused)


@given(nst.identifiers())
def test_identifier_is_of_nobody(identifier):
    assert "99" in identifier.value[:6]


@given(nst.foreign_nids())
def test_foreign_nid_contradicts_the_birth_date(drawn):
    citizen, nid = drawn
    assert nid.consistent_with(citizen.birth_date) is False


@pytest.mark.parametrize("kind", ["smart", "legacy", "full"])
def test_kind_that_is_asked_for_is_given(kind):
    assert not is_reached(nst.nids(kind), lambda nid: nid.kind != kind)
    assert reached(nst.nids(), lambda nid: nid.kind == kind)


@pytest.mark.parametrize(
    "code",
    [
        "nid.length",
        "nid.year",
        *(f"identifier.{each}" for each in ("scientific", "decimal", "characters", "empty", "too-long")),
    ],
)
def test_every_refusal_of_an_nid_is_reached(code):
    assert reached(nst.refused_nids(), lambda refused: refused.code == code)


@pytest.mark.parametrize("code", ["brn.legacy", "brn.length", "brn.year"])
def test_every_refusal_of_a_birth_registration_number_is_reached(code):
    assert reached(nst.refused_birth_registration_numbers(), lambda refused: refused.code == code)


def test_written_numbers_reach_bangla_digits_dashes_and_both_types_of_17_digits():
    assert reached(nst.written_nids(), lambda written: "৯৯" in written.text)
    assert reached(nst.written_nids(), lambda written: "-" in written.text)
    assert reached(nst.written_nids(), lambda written: "\u00a0" in written.text)
    assert reached(nst.identifiers(), lambda one: isinstance(one, Nid) and len(one.value) == 17)
    assert reached(nst.identifiers(), lambda one: isinstance(one, BirthRegistrationNumber))


# Names


@given(nst.person_names())
def test_name_is_taken_and_kept(name):
    assert PersonName(bn=name.bn, en=name.en) == name
    assert name.warnings == ()


@given(nst.honorific_pairs())
def test_honorifics_make_no_other_person_and_no_same_text(pair):
    one, other = pair
    assert one.possibly_same(other)
    assert not one.same_text(other)


@given(nst.bangla_spellings())
def test_two_encodings_meet(pair):
    one, other = pair
    assert one == normalise(one) == normalise(other)
    assert match_key(one) == match_key(other)


def test_names_reach_each_script_and_each_encoding():
    assert reached(nst.person_names(), lambda name: name.en is None)
    assert reached(nst.person_names(), lambda name: name.bn is None)
    assert reached(nst.person_names(), lambda name: name.bn is not None and name.bn.startswith("মোঃ"))
    assert reached(nst.honorific_pairs(), lambda pair: pair[0].en is not None and pair[0].en.startswith("Md."))
    for character in "\u09dc\u09dd\u09df":
        assert reached(nst.bangla_spellings(), lambda pair, sought=character: sought in pair[1])
        assert not is_reached(nst.bangla_spellings(), lambda pair, sought=character: sought in pair[0])
    for pair_of_signs in ("\u09c7\u09be", "\u09c7\u09d7"):
        assert reached(nst.bangla_spellings(), lambda pair, sought=pair_of_signs: sought in pair[1])
    assert reached(nst.bangla_spellings(), lambda pair: not unicodedata.is_normalized("NFC", pair[1]))


# Phones


@given(nst.written_mobile_numbers())
def test_written_mobile_number_is_read(written):
    reads(MobileNumber.parse, written)


@given(nst.refused_mobile_numbers())
def test_refused_mobile_number_is_refused(refused):
    refuses(MobileNumber.parse, refused)


@pytest.mark.parametrize("start", ["0130", "880130", "00880130", "+880130", "130", "+৮৮০", "(+880) 1", "০১৩০"])
def test_every_way_of_writing_a_mobile_number_is_reached(start):
    assert reached(nst.written_mobile_numbers(), lambda written: written.text.startswith(start))


@pytest.mark.parametrize("code", ["phone.not-mobile", "phone.foreign", "phone.characters"])
def test_every_refusal_of_a_mobile_number_is_reached(code):
    assert reached(nst.refused_mobile_numbers(), lambda refused: refused.code == code)


# Places


@given(nst.written_areas())
def test_written_area_is_found(written):
    found = written.value
    match found.kind:
        case "division":
            assert find_division(written.text) == found
        case "district":
            assert find_district(written.text, division=area(found.within)) == found
        case _:
            assert find_upazila(written.text, district=area(found.within)) == found


@given(nst.addresses())
def test_address_lies_where_it_says(address):
    assert address.upazila.within == address.district.id
    assert address.district.within == address.division.id
    assert "omuna" in address.house or "নমুনা" in address.house


def test_areas_reach_each_kind_and_older_spellings():
    for kind in ("division", "district", "upazila"):
        assert reached(nst.areas(), lambda one, kind=kind: one.kind == kind)
    assert reached(nst.written_areas("district"), lambda written: written.text == "Comilla")
    assert reached(nst.addresses(), lambda address: address.house.startswith("বাড়ি"))


# Money


@given(nst.written_amounts())
def test_written_amount_is_read(written):
    reads(Money.parse, written)


@given(nst.refused_amounts())
def test_refused_amount_is_refused(refused):
    refuses(Money.parse, refused)


@given(nst.amounts(Money.taka(500)))
def test_amount_keeps_to_its_limit(money):
    assert money <= Money.taka(500)


@given(st.data(), st.sampled_from(["0.15", "0.075", "0.05", "1"]), st.sampled_from(sorted(nst.money._UNITS)))
def test_amount_at_rounding_is_as_near_to_half_a_unit_as_poisha_allow(data, rate, rounding):
    rate = Decimal(rate)
    money = data.draw(nst.amounts_at_rounding(rate, rounding))
    unit = nst.money._UNITS[rounding]
    tax = money.poisha * Fraction(rate)
    distance = abs(tax % unit - Fraction(unit, 2))
    assert distance <= 2 * Fraction(rate)
    assert abs(money.vat(rate, rounding).poisha - tax) <= Fraction(unit, 2)


def test_amounts_reach_both_sides_of_a_rounding_and_the_tie_itself():
    at = nst.amounts_at_rounding()
    half = Decimal("0.5")
    for predicate in (
        lambda money: money.as_decimal() * Decimal("0.15") % 1 == half,
        lambda money: half - Decimal("0.01") < money.as_decimal() * Decimal("0.15") % 1 < half,
        lambda money: half < money.as_decimal() * Decimal("0.15") % 1 < half + Decimal("0.01"),
    ):
        assert reached(at, predicate)
    assert reached(nst.amounts(), lambda money: money.poisha % 100 != 0)
    assert reached(nst.written_amounts(), lambda written: written.value.poisha > 10_000_000 and "৳" in written.text)
    for code in ("money.text", "money.too-precise"):
        assert reached(nst.refused_amounts(), lambda refused, code=code: refused.code == code)


@pytest.mark.parametrize("wrong", [{"rate": Decimal(0)}, {"rounding": Rounding.NONE}])
def test_there_is_no_edge_where_nothing_is_rounded(wrong):
    with pytest.raises(ValueError, match="a rate above zero"):
        nst.amounts_at_rounding(**wrong)


# Days


@given(st.data(), st.integers(1, 100), st.dates(date(2000, 1, 1), date(2090, 12, 31)) | nst.leap_days(2000, 2088))
def test_birth_dates_lie_around_the_birthday(data, age, on):
    born = data.draw(nst.birth_dates_around(age, on))
    assert age_on(born, on) in {age - 1, age}
    assert any(age_on(born, on + timedelta(days=shift)) == age for shift in range(4))
    assert any(age_on(born, on - timedelta(days=shift)) == age - 1 for shift in range(5))


@pytest.mark.parametrize("on", [date(2026, 11, 24), date(2026, 2, 28), date(2026, 3, 1), date(2028, 2, 29)])
def test_both_sides_of_an_age_and_the_leap_day_are_reached(on):
    around = nst.birth_dates_around(18, on)
    assert reached(around, lambda born: age_on(born, on) == 18)
    assert reached(around, lambda born: age_on(born, on) == 17)
    if on.month in {2, 3}:
        leap = nst.birth_dates_around(18 if on.year == 2026 else 20, on)
        assert reached(leap, lambda born: (born.month, born.day) == (2, 29))


@given(nst.leap_days())
def test_leap_day_is_one(day):
    assert (day.month, day.day) == (2, 29)


@given(nst.instants_at_dhaka_midnight())
def test_instant_has_the_date_of_dhaka(drawn):
    instant, day = drawn
    assert dhaka_date(instant) == day


def test_instants_reach_both_days_and_offsets_of_another_date():
    at = nst.instants_at_dhaka_midnight()
    assert reached(at, lambda drawn: drawn[0].astimezone(UTC).strftime("%H:%M:%S.%f") == "18:00:00.000000")
    assert reached(at, lambda drawn: drawn[0].astimezone(UTC).strftime("%H:%M:%S.%f") == "17:59:59.999999")
    assert reached(at, lambda drawn: drawn[0].date() != drawn[1])


@pytest.mark.parametrize("style", DateStyle)
@given(data=st.data())
def test_written_date_is_read(style, data):
    written = data.draw(nst.written_dates(style))
    assert parse_date(written.text, style) == written.value
