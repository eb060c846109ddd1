from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from nagorik.values import Money, NationalDataError, format_taka, to_bangla_digits
from nagorik.values.money import MAX_POISHA

AMOUNTS = st.integers(min_value=0, max_value=MAX_POISHA // 4)


def _code(function, *arguments: object) -> str:
    with pytest.raises(NationalDataError) as caught:
        function(*arguments)
    return caught.value.code


class Fee(BaseModel):
    amount: Money


@pytest.mark.parametrize(
    "amount", ["518.00", "518", "518.0", 518, Decimal(518), Decimal("518.00"), Decimal("5.18E+2")]
)
def test_taka_are_read_exactly(amount: str | int | Decimal):
    assert Money.taka(amount) == Money(poisha=51800)


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (518.0, "money.not-exact-type"),
        (True, "money.not-exact-type"),
        (None, "money.not-exact-type"),
        (Decimal("NaN"), "money.not-exact-type"),
        (Decimal("Infinity"), "money.not-exact-type"),
        (Decimal("0.005"), "money.too-precise"),
        (Decimal("1E-999999"), "money.too-precise"),
        (Decimal("1E+999999"), "money.too-large"),
        (Decimal("-1"), "money.negative"),
        (-1, "money.negative"),
        (10**13, "money.too-large"),
        ("0.005", "money.too-precise"),
        ("-5", "money.text"),
        ("1e3", "money.text"),
        ("", "money.text"),
    ],
)
def test_inexact_or_impossible_amounts_are_refused(amount: object, code: str):
    assert _code(Money.taka, amount) == code


@pytest.mark.parametrize("poisha", [1.0, True, "100", None, -1, MAX_POISHA + 1, Decimal(1)])
def test_model_takes_whole_poisha_only(poisha: object):
    with pytest.raises(ValidationError):
        Money.model_validate({"poisha": poisha})


def test_bare_number_is_never_taken_for_money():
    for bare in (518, "518", Decimal(518)):
        with pytest.raises(ValidationError):
            Fee.model_validate({"amount": bare})


def test_unknown_currency_is_refused():
    with pytest.raises(ValidationError):
        Money.model_validate({"poisha": 1, "currency": "EUR"})


@given(AMOUNTS, AMOUNTS)
def test_sum_and_rest_undo_each_other(a: int, b: int):
    one, other = Money(poisha=a), Money(poisha=b)
    assert (one + other) - other == one
    assert one + other == other + one
    assert (one < other) == (a < b)
    assert (one >= other) == (a >= b)


@given(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=1000))
def test_times_is_repeated_sum(poisha: int, count: int):
    assert Money(poisha=poisha) * count == count * Money(poisha=poisha) == Money(poisha=poisha * count)


def test_rest_below_zero_is_refused():
    assert _code(lambda: Money.taka(1) - Money.taka(2)) == "money.negative"


def test_sum_beyond_the_bound_is_refused():
    assert _code(lambda: Money(poisha=MAX_POISHA) + Money(poisha=1)) == "money.too-large"


@pytest.mark.parametrize("factor", [1.5, True, Decimal(2), -1])
def test_money_is_multiplied_by_a_count_only(factor: object):
    assert _code(lambda: Money.taka(1) * factor) in {"money.not-exact-type", "money.negative"}  # type: ignore[operator]


def test_currencies_never_mix():
    taka, dollar = Money.taka(100), Money.of(100, "USD")
    assert taka != dollar
    for mix in (taka.__add__, taka.__sub__, taka.__lt__, taka.__ge__):
        assert _code(mix, dollar) == "money.currency"
    assert _code(format_taka, dollar) == "money.currency"
    assert str(dollar) == "100.00 USD"
    assert (dollar + dollar).currency == "USD"


@pytest.mark.parametrize("other", [100, 1.0, "1", None])
def test_money_meets_money_only(other: object):
    assert _code(Money.taka(1).__add__, other) == "money.not-money"
    assert _code(Money.taka(1).__lt__, other) == "money.not-money"


@pytest.mark.parametrize(
    ("amount", "en", "bn"),
    [
        ("12345678.50", "1,23,45,678.50", "১,২৩,৪৫,৬৭৮.৫০ ৳"),
        ("0", "0.00", "০.০০ ৳"),
        ("999.99", "999.99", "৯৯৯.৯৯ ৳"),
        ("4025", "4,025.00", "৪,০২৫.০০ ৳"),
        ("99999", "99,999.00", "৯৯,৯৯৯.০০ ৳"),
        ("100000", "1,00,000.00", "১,০০,০০০.০০ ৳"),
        ("1000000000", "1,00,00,00,000.00", "১,০০,০০,০০,০০০.০০ ৳"),
    ],
)
def test_grouping_is_three_digits_then_pairs(amount: str, en: str, bn: str):
    assert format_taka(Money.taka(amount)) == format_taka(Money.taka(amount), lang="en") == en
    assert format_taka(Money.taka(amount), lang="bn") == bn


@given(st.integers(min_value=0, max_value=MAX_POISHA), st.sampled_from(["en", "bn"]))
def test_formatted_amount_reads_back(poisha: int, lang):
    assert Money.parse(format_taka(Money(poisha=poisha), lang=lang)) == Money(poisha=poisha)
    assert Money.parse(f"{poisha // 100:,}.{poisha % 100:02d}") == Money(poisha=poisha)
    assert Money.parse(to_bangla_digits(Money(poisha=poisha).plain())) == Money(poisha=poisha)
    assert Money.taka(Money(poisha=poisha).as_decimal()) == Money(poisha=poisha)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("৳ ১,২৩৪.৫০", "1234.50"),
        ("Tk. 500", "500"),
        ("500/-", "500"),
        ("BDT 1,234,567", "1234567"),
        ("১২৫ টাকা", "125"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount: str):
    assert Money.parse(text) == Money.taka(amount)


@pytest.mark.parametrize(
    "text",
    ["1,2,3", "12,3456", "1,23,456,789", ",500", "500,", "1.2.3", ".50", "5.", "$5", "5 lakh", "٥٠٠", "+5", "1 000"],
)
def test_amounts_that_need_a_guess_are_refused(text: str):
    assert _code(Money.parse, text) == "money.text"


def test_dollars_have_their_own_marks():
    assert Money.parse("US$ 30", "USD") == Money.of("30.00", "USD")
    assert _code(Money.parse, "৳ 30", "USD") == "money.text"


def test_money_is_plain_for_machines():
    assert Money.taka(100).plain() == "100.00"
    assert Money.taka("0.05").plain() == "0.05"
    assert Money.taka("518.5").as_decimal() == Decimal("518.50")
    assert Money.taka(5).model_dump() == {"poisha": 500, "currency": "BDT"}
    assert Money.model_validate_json(Money.taka(5).model_dump_json()) == Money.taka(5)
