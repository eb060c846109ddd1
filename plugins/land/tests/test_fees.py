"""Cell by cell against the published figures, on both sides of every day."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from nagorik_toolkit.fees import FeeSchedule, NoTariff, NotPriced, TariffStanding, read_schedules

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def schedules() -> Mapping[str, FeeSchedule]:
    return read_schedules("nagorik_land")


def paid(schedule: FeeSchedule, day: date, stage: str) -> list[tuple[str, str]]:
    return [(line.code, line.amount.plain()) for line in schedule.price(day, stage=stage).lines]


@pytest.mark.parametrize("day", [date(2015, 6, 30), date(2023, 11, 30), date(2023, 12, 1), TODAY])
def test_mutation_costs_1170_in_all(schedules: Mapping[str, FeeSchedule], day: date) -> None:
    mutation, since = schedules["mutation"], date(2023, 12, 1)
    stages = ("application", "notice", "dcr") if day >= since else ("application", "dcr")
    assert sum(mutation.price(day, stage=stage).total.poisha for stage in stages) == 117_000
    assert paid(mutation, day, "dcr") == [("record-correction", "1000.00"), ("khatian", "100.00")]
    if day >= since:
        assert paid(mutation, day, "application") == [("court-fee", "20.00")]
        assert paid(mutation, day, "notice") == [("notice", "50.00")]
    else:
        assert paid(mutation, day, "application") == [("court-fee", "20.00"), ("notice", "50.00")]
        with pytest.raises(NotPriced):
            mutation.price(day, stage="notice")


def test_mutation_has_no_price_before_its_circular(schedules: Mapping[str, FeeSchedule]) -> None:
    with pytest.raises(NoTariff):
        schedules["mutation"].price(date(2015, 6, 29))


@pytest.mark.parametrize("day", [date(2021, 11, 2), TODAY])
@pytest.mark.parametrize(("delivery", "total"), [("counter", "50.00"), ("post", "90.00")])
def test_certified_copy(schedules: Mapping[str, FeeSchedule], day: date, delivery: str, total: str) -> None:
    assert schedules["khatian-copy"].price(day, delivery=delivery).total.plain() == total


def test_certified_copy_has_no_price_on_the_day_before_its_circular(schedules: Mapping[str, FeeSchedule]) -> None:
    with pytest.raises(NoTariff):
        schedules["khatian-copy"].price(date(2021, 11, 1), delivery="counter")


def test_what_is_only_said_stands_in_the_data_and_is_not_charged(schedules: Mapping[str, FeeSchedule]) -> None:
    kept = {
        (name, tariff.id): (tariff.standing, tariff.rows[0].amount // 100)
        for name, schedule in schedules.items()
        for tariff in schedule.tariffs
        if tariff.standing is not TariffStanding.EFFECTIVE
    }
    assert kept == {
        ("mutation", "before-2015"): (TariffStanding.SUPERSEDED, 250),
        ("khatian-copy", "before-2021"): (TariffStanding.SUPERSEDED, 45),
        ("khatian-copy", "hearsay"): (TariffStanding.DISPUTED, 100),
        ("mouza-map", "hearsay-low"): (TariffStanding.DISPUTED, 500),
        ("mouza-map", "hearsay-high"): (TariffStanding.DISPUTED, 520),
        ("development-tax", "newer-set"): (TariffStanding.DISPUTED, 2),
        ("development-tax", "old-dhaka-table"): (TariffStanding.DISPUTED, 22),
        ("development-tax", "farmland-in-a-municipality"): (TariffStanding.DISPUTED, 1),
        ("development-tax", "old-waiver-receipt"): (TariffStanding.SUPERSEDED, 2),
    }


def test_map_has_no_price_on_any_day(schedules: Mapping[str, FeeSchedule]) -> None:
    for day in (date(2021, 11, 1), date(2021, 11, 2), TODAY):
        with pytest.raises(NoTariff):
            schedules["mouza-map"].price(day)


@pytest.mark.parametrize("day", [date(1995, 5, 30), date(2026, 6, 30), date(2026, 7, 1), TODAY])
@pytest.mark.parametrize(
    ("land", "ten_and_a_half_decimals"),
    [
        ("agricultural-to-limit", "5.25"),
        ("agricultural-above-limit", "10.50"),
        ("rural-residential", "52.50"),
        ("rural-commercial", "157.50"),
        ("rural-industrial", "157.50"),
        ("rural-orchard-or-tea", "11.55"),
        ("district-town-residential", "73.50"),
        ("district-town-commercial", "231.00"),
        ("district-town-industrial", "231.00"),
        ("municipality-residential", "63.00"),
        ("municipality-commercial", "178.50"),
        ("municipality-industrial", "178.50"),
    ],
)
def test_rates(schedules: Mapping[str, FeeSchedule], day: date, land: str, ten_and_a_half_decimals: str) -> None:
    assert schedules["development-tax"].price(day, land=land, parts=1050).total.plain() == ten_and_a_half_decimals


@pytest.mark.parametrize("land", ["municipality-agricultural", "dhaka-residential", "dhaka-commercial"])
def test_rate_on_which_pages_disagree_is_not_charged(schedules: Mapping[str, FeeSchedule], land: str) -> None:
    with pytest.raises(NotPriced):
        schedules["development-tax"].price(TODAY, land=land, parts=100)


def test_receipt_for_exempt_land_has_a_price_from_the_fiscal_year_in_which_it_was_noted(
    schedules: Mapping[str, FeeSchedule],
) -> None:
    tax, first = schedules["development-tax"], date(2026, 7, 1)
    assert tax.price(first, land="exempt", parts=1).total.plain() == "10.00"
    with pytest.raises(NotPriced):
        tax.price(first - DAY, land="exempt", parts=1)


def test_no_rate_is_taken_for_a_day_before_the_memo_was_out(schedules: Mapping[str, FeeSchedule]) -> None:
    with pytest.raises(NoTariff):
        schedules["development-tax"].price(date(1995, 5, 29), land="rural-residential", parts=1)


def test_nothing_is_said_to_be_verified(schedules: Mapping[str, FeeSchedule]) -> None:
    sources = [tariff.source for schedule in schedules.values() for tariff in schedule.tariffs]
    assert not any(source.verified for source in sources)
