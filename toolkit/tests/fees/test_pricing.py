from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.model.fee import LineNature
from nagorik.values import Money, Text
from nagorik_toolkit.fees import DimensionRejected, NotPriced, Rounding, parse_schedules, vat_on
from nagorik_toolkit.fees.rounding import rounded_parts

DAY = date(2026, 1, 15)
ADDED = '{{ rate = "0.15", included = false, per = "{per}" }}'
INCLUDED = '{{ rate = "0.15", included = true, per = "{per}" }}'
ROUNDED = st.sampled_from([Rounding.WHOLE_TAKA_HALF_UP, Rounding.POISHA_HALF_UP])


def told(price: Any) -> list[tuple[str, str, str]]:
    return [(line.code, line.amount.plain(), line.vat.plain()) for line in price.lines]


@pytest.mark.parametrize(
    ("delivery", "attempt", "total"),
    [
        ("regular", 1, "230.00"),
        ("regular", 2, "345.00"),
        ("regular", 3, "575.00"),
        ("regular", 4, "575.00"),
        ("regular", 999, "575.00"),
        ("urgent", 1, "345.00"),
        ("urgent", 2, "575.00"),
        ("urgent", 3, "1150.00"),
    ],
)
def test_published_reissue_fees(reissue: Any, delivery: str, attempt: int, total: str) -> None:
    price = reissue.price(DAY, delivery=delivery, attempt=attempt)
    assert price.total.plain() == total
    assert price.tariff.id == "gazette-2015"


def test_517_50_becomes_518(fees: Any) -> None:
    schedule = fees.schedule(fees.tariff(fees.row("450")), vat=ADDED.format(per="line"))
    assert told(schedule.price(DAY)) == [("fee", "450.00", "68.00")]
    assert schedule.price(DAY).total == Money.taka(518)


def test_tax_of_650_is_98_whether_rounded_by_line_or_in_total(fees: Any) -> None:
    tariff = fees.tariff(fees.row("250", "learner"), fees.row("400", "second-category"))
    in_total = fees.schedule(tariff, vat=ADDED.format(per="total")).price(DAY)
    assert told(in_total) == [("learner", "250.00", "38.00"), ("second-category", "400.00", "60.00")]
    assert in_total.total == Money.taka(748)


def test_rounding_by_line_and_in_total_can_differ(fees: Any) -> None:
    tariff = fees.tariff(fees.row("450", "a"), fees.row("450", "b"))
    assert fees.schedule(tariff, vat=ADDED.format(per="line")).price(DAY).total == Money.taka(1036)
    in_total = fees.schedule(tariff, vat=ADDED.format(per="total")).price(DAY)
    assert in_total.total == Money.taka(1035)
    assert told(in_total) == [("a", "450.00", "68.00"), ("b", "450.00", "67.00")]


def test_poisha_are_kept_where_the_agency_keeps_them(fees: Any) -> None:
    schedule = fees.schedule(
        fees.tariff(fees.row("450"), fees.row("0.03", "b")),
        vat=ADDED.format(per="line"),
        rounding="poisha-half-up",
    )
    assert told(schedule.price(DAY)) == [("fee", "450.00", "67.50"), ("b", "0.03", "0.00")]


@pytest.mark.parametrize(("gross", "net"), [("4025", "3500.00"), ("6325", "5500.00"), ("13800", "12000.00")])
def test_included_tax_is_taken_out(fees: Any, gross: str, net: str) -> None:
    price = fees.schedule(fees.tariff(fees.row(gross)), vat=INCLUDED.format(per="line")).price(DAY)
    assert price.total.plain() == f"{gross}.00"
    assert price.lines[0].amount.plain() == net


def test_included_tax_of_518_is_68(fees: Any) -> None:
    price = fees.schedule(fees.tariff(fees.row("518")), vat=INCLUDED.format(per="line")).price(DAY)
    assert told(price) == [("fee", "450.00", "68.00")]


def test_exempt_row_carries_no_tax(fees: Any) -> None:
    tariff = fees.tariff(fees.row("450"), fees.row("60", "postage", "vat_exempt = true"))
    for vat in (ADDED, INCLUDED):
        for per in ("line", "total"):
            price = fees.schedule(tariff, vat=vat.format(per=per)).price(DAY)
            assert told(price)[1] == ("postage", "60.00", "0.00")


def test_line_has_the_nature_and_the_payee_of_its_row(fees: Any) -> None:
    bank = 'payee = { en = "The bank", bn = "ব্যাংক" }'
    tariff = fees.tariff(fees.row("450"), fees.row("60", "late", f'nature = "penalty", {bank}'))
    first, second = fees.schedule(tariff).price(DAY).lines
    assert (first.nature, first.payee) == (LineNature.FEE, None)
    assert (second.nature, second.payee) == (LineNature.PENALTY, Text(en="The bank", bn="ব্যাংক"))


def test_nature_that_there_is_not_is_refused_by_its_place(fees: Any) -> None:
    with pytest.raises(DataFileInvalid, match=r"fees\.tariffs\.0\.rows\.0\.nature: write one of 'fee', 'tax'"):
        fees.schedule(fees.tariff(fees.row("450", extra='nature = "fine"')))


def test_schedule_without_tax_rounds_the_amount(fees: Any) -> None:
    schedule = fees.schedule(fees.tariff(fees.row("10.50"), fees.row("10.49", "b")))
    assert told(schedule.price(DAY)) == [("fee", "11.00", "0.00"), ("b", "10.00", "0.00")]


def test_dollars_are_priced_as_dollars(fees: Any) -> None:
    text = fees.written().replace("[fees]", '[fees]\ncurrency = "USD"', 1)
    assert parse_schedules(text.encode())["fees"].price(DAY).total == Money.of(100, "USD")


def test_amount_is_multiplied_by_its_dimension(fees: Any) -> None:
    schedule = fees.schedule(
        fees.tariff(fees.row("4212", "renewal"), fees.row("518", "late", 'times = "years_late"')),
        dimensions='{ years_late = ["0+"] }',
    )
    assert schedule.price(DAY, years_late=3).total == Money.taka(4212 + 3 * 518)
    assert [line.code for line in schedule.price(DAY, years_late=0).lines] == ["renewal"]


def test_stages_are_priced_apart(fees: Any) -> None:
    schedule = fees.schedule(fees.tariff(fees.row("70", "filing"), fees.row("1100", "record", 'stage = "approval"')))
    assert schedule.stages == ("application", "approval")
    assert schedule.price(DAY).total == Money.taka(70)
    assert schedule.price(DAY, stage="approval").total == Money.taka(1100)
    with pytest.raises(NotPriced, match="at the stage delivery on 2026-01-15"):
        schedule.price(DAY, stage="delivery")


def test_choice_without_a_row_is_not_free(fees: Any) -> None:
    schedule = fees.schedule(
        fees.tariff(fees.row("0", extra='when = { delivery = "regular" }')),
        dimensions='{ delivery = ["regular", "urgent"] }',
    )
    assert schedule.price(DAY, delivery="regular").total == Money.taka(0)
    with pytest.raises(NotPriced) as caught:
        schedule.price(DAY, delivery="urgent")
    assert (caught.value.schedule, caught.value.tariff, caught.value.day) == ("fees", "one", DAY)


@pytest.mark.parametrize(
    ("given", "dimension", "because"),
    [
        ({"delivery": "urgent"}, "attempt", "missing"),
        ({"delivery": "urgent", "attempt": 1, "pages": 48}, "pages", "undeclared"),
        ({"delivery": "4601234567", "attempt": 1}, "delivery", "not-allowed"),
        ({"delivery": "urgent", "attempt": 0}, "attempt", "not-allowed"),
        ({"delivery": "urgent", "attempt": True}, "attempt", "not-allowed"),
        ({"delivery": "urgent", "attempt": "1"}, "attempt", "not-allowed"),
        ({"delivery": "urgent", "attempt": 1.0}, "attempt", "not-allowed"),
    ],
)
def test_wrong_dimension_is_named_and_its_value_is_not(
    reissue: Any, given: dict[str, Any], dimension: str, because: str
) -> None:
    with pytest.raises(DimensionRejected) as caught:
        reissue.price(DAY, **given)
    assert (caught.value.dimension, caught.value.because) == (dimension, because)
    assert dimension in str(caught.value)
    assert "reissue" in str(caught.value)
    assert "4601234567" not in f"{caught.value}{caught.value!r}"


@given(
    parts=st.lists(st.fractions(min_value=0, max_value=10**9, max_denominator=10**4), min_size=1, max_size=8),
    rounding=ROUNDED,
)
def test_parts_add_up_to_the_rounded_sum_and_none_is_off_by_a_unit(parts: list[Fraction], rounding: Rounding) -> None:
    unit = 100 if rounding is Rounding.WHOLE_TAKA_HALF_UP else 1
    whole = rounded_parts(parts, rounding)
    assert sum(whole) == floor(sum(parts) / unit + Fraction(1, 2)) * unit
    assert all(abs(near - part) < unit for near, part in zip(whole, parts, strict=True))
    assert all(near == part for near, part in zip(whole, parts, strict=True) if part % unit == 0)


@given(
    amounts=st.lists(st.integers(0, 10**9), min_size=1, max_size=5),
    included=st.booleans(),
    per=st.sampled_from(["line", "total"]),
    exempt=st.booleans(),
    rounding=ROUNDED,
)
def test_lines_always_add_up_to_what_is_paid(
    fees: Any, amounts: list[int], included: bool, per: str, exempt: bool, rounding: Rounding
) -> None:
    rows = [
        fees.row(Money(poisha=poisha).plain(), f"row-{number}", "vat_exempt = true" if exempt and not number else "")
        for number, poisha in enumerate(amounts)
    ]
    vat = (INCLUDED if included else ADDED).format(per=per)
    price = fees.schedule(fees.tariff(*rows), vat=vat, rounding=rounding.value).price(DAY)
    assert sum(line.amount.poisha + line.vat.poisha for line in price.lines) == price.total.poisha
    factor = Fraction(1) if included else Fraction(115, 100)
    exact = [poisha * (Fraction(1) if exempt and not number else factor) for number, poisha in enumerate(amounts)]
    groups = [[part] for part in exact] if per == "line" else [exact]
    unit = 100 if rounding is Rounding.WHOLE_TAKA_HALF_UP else 1
    assert price.total.poisha == sum(floor(sum(group) / unit + Fraction(1, 2)) * unit for group in groups)
    values = [part for line in price.lines for part in (line.amount.poisha, line.vat.poisha)]
    assert {type(value) for value in values} == {int}


@given(taka=st.integers(0, 10**7))
def test_one_line_agrees_with_the_tax_of_money(fees: Any, taka: int) -> None:
    schedule = fees.schedule(fees.tariff(fees.row(str(taka))), vat=ADDED.format(per="line"))
    amount = Money.taka(taka)
    assert schedule.price(DAY).total == amount + vat_on(amount, Decimal("0.15"), Rounding.WHOLE_TAKA_HALF_UP)
