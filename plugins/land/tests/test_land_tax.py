"""A demand held against the published rates: what agrees is asked for, what differs stops, the unknown is said."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.errors import ContractViolation, InputRejected
from nagorik.values import Money
from nagorik_land.forms import DevelopmentTaxForm
from nagorik_land.land_tax import Demand, assess, interest_bounds, kind_of
from nagorik_land.plugin import PLUGIN
from nagorik_land.simulator import LandSimulator
from nagorik_land.simulator.holdings import HoldingRegister, read_holding
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form
from nagorik_toolkit.bangladesh import FiscalYear, LandArea
from nagorik_toolkit.fees import read_schedules

TODAY = date(2026, 11, 24)
SCHEDULE = read_schedules("nagorik_land")["development-tax"]
EXAMPLE = LandSimulator().example("land.development-tax", SyntheticCitizens().citizen(3)).form


def holding(**changes: Any) -> DevelopmentTaxForm:
    form = validate_form(DevelopmentTaxForm, {**EXAMPLE, **changes})
    assert isinstance(form, DevelopmentTaxForm)
    return form


def farm(area: str, family: str, **changes: Any) -> DevelopmentTaxForm:
    return holding(use="agricultural", area=area, family_area=family, **changes)


def demand(current: str, *, on: date = TODAY, interest: str = "0.00", **more: Any) -> Demand:
    arrears = more.pop("arrears", ())
    total = Decimal(current) + Decimal(interest) + sum(Decimal(each["amount"]) for each in arrears)
    told = {
        "fiscalYear": FiscalYear.containing(on).label,
        "asOf": f"{on:%d/%m/%Y}",
        "exempt": False,
        "current": current,
        "arrears": list(arrears),
        "interest": interest,
        "total": f"{total:.2f}",
    }
    return Demand.model_validate(told | more)


def lines(form: DevelopmentTaxForm, told: Demand, on: date = TODAY) -> list[tuple[str, str]]:
    return [(line.code, line.amount.plain()) for line in assess(form, told, SCHEDULE, on).lines]


def refused(form: DevelopmentTaxForm, told: Demand) -> str:
    with pytest.raises(InputRejected) as caught:
        assess(form, told, SCHEDULE, TODAY)
    (problem,) = caught.value.fields
    assert problem.code == "land.demand-differs"
    return problem.pointer


def violated(form: DevelopmentTaxForm, told: Demand, on: date = TODAY) -> str:
    with pytest.raises(ContractViolation) as caught:
        assess(form, told, SCHEDULE, on)
    return caught.value.detail


# Rates


@pytest.mark.parametrize(
    ("area_class", "use", "tax"),
    [
        ("rural", "residential", "62.50"),
        ("rural", "commercial", "187.50"),
        ("rural", "industrial", "187.50"),
        ("rural", "orchard-or-tea", "13.75"),
        ("district-town", "residential", "87.50"),
        ("district-town", "commercial", "275.00"),
        ("district-town", "industrial", "275.00"),
        ("municipality", "residential", "75.00"),
        ("municipality", "commercial", "212.50"),
        ("municipality", "industrial", "212.50"),
    ],
)
def test_demand_at_the_published_rate_is_asked_for(area_class: str, use: str, tax: str) -> None:
    form = holding(area_class=area_class, use=use, area="০.১২৫০")
    assert lines(form, demand(tax)) == [(use, tax)]


@pytest.mark.parametrize("tax", ["61.50", "63.50", "620.00"])
def test_another_sum_stops(tax: str) -> None:
    assert refused(holding(area="0.1250"), demand(tax)) == "/form/area"


@pytest.mark.parametrize("tax", ["61.51", "62.00", "63.00", "63.49"])
def test_less_than_a_taka_is_rounding(tax: str) -> None:
    assert lines(holding(area="0.1250"), demand(tax)) == [("residential", tax)]


@pytest.mark.parametrize(
    ("area_class", "use"), [("city", "residential"), ("city", "commercial"), ("district-town", "orchard-or-tea")]
)
def test_rate_that_has_not_been_found_is_said_and_not_guessed(area_class: str, use: str) -> None:
    assessed = assess(holding(area_class=area_class, use=use), demand("4321.00"), SCHEDULE, TODAY)
    (line,) = assessed.lines
    assert (line.code, line.amount.plain()) == ("not-compared", "4321.00")
    assert "could not be compared" in line.text.en
    assert "২০২৬-২৭" in line.text.bn
    assert "own answer" in assessed.source.title


# Exemption and slabs


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        ("0.0001", "exempt"),
        ("8.2500", "exempt"),
        ("8.2501", "agricultural-to-limit"),
        ("10.0000", "agricultural-to-limit"),
        ("10.0001", "agricultural-above-limit"),
    ],
)
def test_a_family_s_land_decides_the_slab(family: str, kind: str) -> None:
    assert kind_of(farm("0.0001", family), TODAY) == kind


def test_exemption_ends_at_25_bigha() -> None:
    assert kind_of(farm("1", LandArea.bigha(25).plain()), TODAY) == "exempt"


def test_exempt_land_costs_its_receipt() -> None:
    assert lines(farm("2.5", "2.5"), demand("10.00", exempt=True)) == [("waiver-receipt", "10.00")]
    assert refused(farm("2.5", "2.5"), demand("12.00", exempt=True)) == "/form/area"


def test_receipt_of_a_day_whose_price_is_not_known_is_said() -> None:
    day = date(2026, 6, 30)
    form = farm("2.5", "2.5", fiscal_year="2025-26")
    assessed = assess(form, demand("2.00", on=day, exempt=True), SCHEDULE, day)
    assert [line.code for line in assessed.lines] == ["not-compared"]
    assert "not known" in assessed.lines[0].text.en


def test_another_opinion_on_the_exemption_stops() -> None:
    assert refused(farm("2.5", "2.5"), demand("125.00")) == "/form/family_area"
    assert refused(farm("2.5", "9"), demand("10.00", exempt=True)) == "/form/family_area"
    assert refused(holding(), demand("10.00", exempt=True)) == "/form/use"


@pytest.mark.parametrize(
    ("area", "family", "tax"),
    [
        ("9.0000", "9.0000", "450.00"),
        ("10.0000", "10.0000", "500.00"),
        ("12.0000", "12.0000", "1200.00"),
        ("3.0000", "12.0000", "300.00"),  # one holding of several
        ("8.2501", "8.2501", "412.51"),
    ],
)
def test_above_the_exemption_all_the_land_is_taxed(area: str, family: str, tax: str) -> None:
    form = farm(area, family)
    assert lines(form, demand(tax)) == [("agricultural", tax)]
    for poisha in (-101, 101):
        other = Money(poisha=Money.taka(tax).poisha + poisha)
        assert refused(form, demand(other.plain())) == "/form/area"


@pytest.mark.parametrize("told", ["37.00", "200.00", "449.00"])
def test_tax_on_what_lies_above_the_exemption_alone_stops(told: str) -> None:
    assert refused(farm("9", "9"), demand(told)) == "/form/area"


@pytest.mark.parametrize("area_class", ["district-town", "municipality", "city"])
@pytest.mark.parametrize("exempt", [True, False])
def test_farmland_in_a_town_is_not_compared_since_pages_disagree(area_class: str, exempt: bool) -> None:
    form = farm("0.1250", "0.1250", area_class=area_class)
    assert lines(form, demand("12.50", exempt=exempt)) == [("not-compared", "12.50")]


# Arrears


def arrear(year: str, amount: str) -> dict[str, str]:
    return {"fiscalYear": year, "amount": amount}


def test_arrears_and_interest_are_lines_of_their_own() -> None:
    # 1,000 taka overdue since 30 June 2025 and 2026: 512 and 147 days, by the day.
    told = demand("25.00", arrears=[arrear("2024-25", "1000"), arrear("2025-26", "1000")], interest="112.84")
    found = assess(holding(area="0.05"), told, SCHEDULE, TODAY)
    assert [(line.code, line.amount.plain()) for line in found.lines] == [
        ("residential", "25.00"),
        ("arrears", "2000.00"),
        ("interest", "112.84"),
    ]
    assert "24 November 2026" in found.lines[2].text.en
    assert "২৪ নভেম্বর ২০২৬" in found.lines[2].text.bn


@pytest.mark.parametrize(
    ("day", "years"),
    [
        (date(2025, 6, 29), 0),
        (date(2025, 6, 30), 0),
        (date(2025, 7, 1), 0),
        (date(2026, 6, 29), 0),
        (date(2026, 6, 30), 1),
        (date(2026, 7, 1), 1),
        (date(2027, 6, 30), 2),
    ],
)
def test_years_overdue_count_from_the_last_of_june(day: date, years: int) -> None:
    told = demand("25.00", on=date(2026, 11, 24), arrears=[arrear("2024-25", "1600")])
    told = told.model_copy(update={"as_of": day})
    # 6.25 per cent of 1,600 taka are 100.
    assert interest_bounds(told, TODAY) == (years * 10_000, (years + 1) * 10_000)


@pytest.mark.parametrize("interest", ["99.01", "100.00", "140.27", "200.00", "200.99"])
def test_interest_between_the_readings_is_taken(interest: str) -> None:
    told = demand("25.00", arrears=[arrear("2024-25", "1600")], interest=interest)
    assert lines(holding(area="0.05"), told)[-1] == ("interest", interest)


@pytest.mark.parametrize("interest", ["0.00", "99.00", "201.00", "400.00"])
def test_interest_at_another_rate_stops(interest: str) -> None:
    told = demand("25.00", arrears=[arrear("2024-25", "1600")], interest=interest)
    assert violated(holding(area="0.05"), told) == "interest-differs-from-rate"


def test_interest_without_arrears_stops() -> None:
    assert violated(holding(area="0.05"), demand("25.00", interest="5.00")) == "interest-differs-from-rate"


# What contradicts itself


def test_demand_that_does_not_add_up_stops() -> None:
    assert violated(holding(area="0.05"), demand("25.00", total="26.00")) == "demand-does-not-add-up"


@pytest.mark.parametrize("change", [{"fiscalYear": "2025-26"}, {"arrears": [arrear("2026-27", "10")]}])
def test_demand_of_another_year_stops(change: dict[str, Any]) -> None:
    assert violated(holding(area="0.05"), demand("25.00", **change)) == "demand-of-another-year"


def test_demand_of_yesterday_stops() -> None:
    yesterday = TODAY - timedelta(days=1)
    assert violated(holding(area="0.05"), demand("25.00", on=yesterday)) == "demand-of-another-day"


def test_nothing_due_is_said_and_costs_nothing() -> None:
    assert lines(holding(), demand("0.00")) == [("nothing-due", "0.00")]


# The simulated office and the plugin agree


@given(
    serial=st.integers(0, 9),
    parts=st.integers(1, 300_000),
    more=st.integers(0, 300_000),
    area_class=st.sampled_from(["rural", "district-town", "municipality", "city"]),
    use=st.sampled_from(["agricultural", "orchard-or-tea", "residential", "commercial", "industrial"]),
    year=st.integers(2015, 2026),
)
def test_every_demand_of_the_simulated_office_can_be_asked_for(
    serial: int, parts: int, more: int, area_class: str, use: str, year: int
) -> None:
    form = holding(
        holding_number=f"1{serial}",
        area=LandArea(parts=parts).plain(),
        family_area=LandArea(parts=parts + more).plain(),
        area_class=area_class,
        use=use,
        fiscal_year=FiscalYear(start=year).label,
    )
    office = HoldingRegister().demand(read_holding(form.to_wire(PLUGIN.day), TODAY), TODAY)
    told = Demand.model_validate(office.as_document())
    if told.total.poisha:
        found = assess(form, told, SCHEDULE, TODAY)
        assert sum(line.amount.poisha for line in found.lines) == told.total.poisha
