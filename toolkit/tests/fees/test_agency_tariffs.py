"""The published totals of several agencies, each from a schedule written as the publication has it.

The totals: docs/reference/agencies.md#passport-fees, docs/reference/agencies.md#brta-fees,
docs/reference/agencies.md#bmet-fees, docs/reference/agencies.md#land-fees.
"""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik_toolkit.fees import FeeSchedule, parse_schedules

DAY = date(2026, 1, 15)
SOURCE = 'source = { title = "docs/reference/agencies.md", verified = false }'
TEXT = 'text = { en = "Fee", bn = "ফি" }'


def tariff(*rows: str, name: str = "t", dates: str = "effective_from = 2020-01-01") -> str:
    return f"""
[[fees.tariffs]]
id = "{name}"
standing = "effective"
{dates}
{SOURCE}
rows = [{", ".join(f"{{ {row}, {TEXT} }}" for row in rows)}]
"""


def schedule(head: str, *tariffs: str) -> FeeSchedule:
    content = f'[fees]\ntitle = {{ en = "Fees", bn = "ফি" }}\n{head}\n{"".join(tariffs)}'
    return parse_schedules(content.encode())["fees"]


WHOLE = 'rounding = "whole-taka-half-up"'
VAT_TOTAL = f'{WHOLE}\nvat = {{ rate = "0.15", included = false, per = "total" }}'
VAT_INCLUDED = f'{WHOLE}\nvat = {{ rate = "0.15", included = true, per = "line" }}'


def test_learner_licence_rounds_the_tax_of_the_sum_half_up() -> None:
    fees = schedule(
        f"{VAT_TOTAL}\ndimensions = {{ categories = [1, 2] }}",
        tariff(
            'code = "one", amount = "450", when = { categories = 1 }',
            'code = "first", amount = "250", when = { categories = 2 }',
            'code = "second", amount = "400", when = { categories = 2 }',
        ),
    )
    assert str(fees.price(DAY, categories=1).total) == "518.00 BDT"
    assert str(fees.price(DAY, categories=2).total) == "748.00 BDT"


def test_late_renewal_adds_the_published_518_for_each_year() -> None:
    fees = schedule(
        f'{VAT_INCLUDED}\ndimensions = {{ years_late = ["0-50"] }}',
        tariff('code = "renewal", amount = "4212"', 'code = "late", amount = "518", times = "years_late"'),
    )
    assert [str(fees.price(DAY, years_late=years).total) for years in (0, 1, 3)] == [
        "4212.00 BDT",
        "4730.00 BDT",
        "5766.00 BDT",
    ]


def test_passport_price_of_pages_validity_and_delivery_holds_its_tax() -> None:
    fees = schedule(
        f'{VAT_INCLUDED}\ndimensions = {{ pages = [48, 64], years = [5, 10], delivery = ["regular", "express"] }}',
        tariff(
            'code = "booklet", amount = "4025", when = { pages = 48, years = 5, delivery = "regular" }',
            'code = "booklet", amount = "10350", when = { pages = 64, years = 10, delivery = "express" }',
        ),
    )
    price = fees.price(DAY, pages=48, years=5, delivery="regular")
    assert (str(price.lines[0].amount), str(price.lines[0].vat)) == ("3500.00 BDT", "525.00 BDT")


def test_mission_charges_dollars() -> None:
    fees = schedule('currency = "USD"\nrounding = "none"', tariff('code = "booklet", amount = "100"'))
    assert str(fees.price(DAY).total) == "100.00 USD"


def test_card_is_free_from_the_day_of_the_letter_on() -> None:
    fees = schedule(
        WHOLE,
        tariff('code = "card", amount = "250"', dates="effective_from = 2020-01-01\neffective_to = 2024-11-30"),
        tariff('code = "card", amount = "0"', name="letter", dates="effective_from = 2024-12-01"),
    )
    assert str(fees.price(date(2024, 11, 30)).total) == "250.00 BDT"
    assert str(fees.price(date(2024, 12, 1)).total) == "0.00 BDT"


def test_mutation_is_paid_in_two_moments() -> None:
    fees = schedule(
        WHOLE,
        tariff(
            'code = "court", amount = "20"',
            'code = "notice", amount = "50"',
            'code = "record", amount = "1000", stage = "approval"',
            'code = "khatian", amount = "100", stage = "approval"',
        ),
    )
    assert str(fees.price(DAY).total) == "70.00 BDT"
    assert str(fees.price(DAY, stage="approval").total) == "1100.00 BDT"


LAND = schedule(
    f'{WHOLE}\ndimensions = {{ hundredths = ["0+"], years = ["1-60"], interest_years = ["0+"] }}',
    tariff(
        'code = "tax", amount = "0.50", times = ["hundredths", "years"], per = 100',
        'code = "interest", amount = "0.50", times = ["hundredths", "interest_years"], per = 100, rate = "0.0625"',
    ),
)


def test_land_tax_is_a_rate_by_area_and_years_with_interest() -> None:
    # 900.50 decimals at 0.50 for 3 years; the two years before this one bear 1 and 2 years of 6.25 per cent.
    price = LAND.price(DAY, hundredths=90050, years=3, interest_years=3)
    assert sum(line.amount.poisha for line in price.lines) == price.total.poisha
    # 1,350.75 and 84.421875 are 1,435.171875, of which each line is rounded by itself where there is no tax.
    assert [str(line.amount) for line in price.lines] == ["1351.00 BDT", "84.00 BDT"]


@given(st.integers(1, 10**9), st.integers(1, 60), st.integers(0, 2000))
def test_no_line_of_land_tax_is_more_than_half_a_taka_from_exact(area: int, years: int, late: int) -> None:
    price = LAND.price(DAY, hundredths=area, years=years, interest_years=late)
    exact = {"tax": Fraction(50 * area * years, 100), "interest": Fraction(50 * area * late, 100) * Fraction(1, 16)}
    assert all(abs(line.amount.poisha - exact[line.code]) <= 50 for line in price.lines)
    assert {line.code for line in price.lines} == ({"tax", "interest"} if late else {"tax"})


@pytest.mark.parametrize(
    ("head", "row", "told"),
    [
        (WHOLE, 'code = "tax", amount = "1", per = 100', "per: there is nothing"),
        (WHOLE, 'code = "tax", amount = "1", rate = "6.25"', "rate in quotes"),
        (WHOLE, 'code = "tax", amount = "1", times = ["area", "years"]', "no dimension area"),
        ('rounding = "none"', 'code = "tax", amount = "1", rate = "0.5"', "parts of a poisha"),
    ],
)
def test_row_that_cannot_be_multiplied_is_refused_when_it_is_read(head: str, row: str, told: str) -> None:
    with pytest.raises(DataFileInvalid, match=told):
        schedule(head, tariff(row))


def test_reader_sees_what_a_row_is_multiplied_by() -> None:
    assert [row.multiplied for row in LAND.tariffs[0].rows] == [
        "hundredths × years / 100",
        "hundredths × interest_years × 0.0625 / 100",
    ]
