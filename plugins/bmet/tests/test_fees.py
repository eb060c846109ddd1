"""Cell by cell against the pages and the ministry's letter, on both sides of each day."""

from datetime import date, datetime, time, timedelta
from importlib.resources import files

import pytest

from nagorik.errors import ContractViolation, InputRejected
from nagorik.model.fee import FeeDue
from nagorik.values import dhaka_zone
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import Altered, ServiceDesk
from nagorik_toolkit.fees import FeeSchedule, NoTariff, TariffStanding, read_schedules

TODAY = date(2026, 11, 24)
LETTER = date(2024, 12, 1)
PAGE = date(2025, 9, 1)
DAY = timedelta(days=1)
FEES = "GET /sim/bmet/v1/fees"


@pytest.fixture(scope="module")
def schedules() -> dict[str, FeeSchedule]:
    return dict(read_schedules("nagorik_bmet"))


@pytest.mark.parametrize(("name", "taka"), [("registration", "200.00"), ("orientation", "300.00")])
@pytest.mark.parametrize("day", [PAGE, TODAY])
def test_what_the_page_says(schedules: dict[str, FeeSchedule], name: str, taka: str, day: date) -> None:
    price = schedules[name].price(day)
    assert price.total.plain() == taka
    assert not price.tariff.source.verified


@pytest.mark.parametrize("name", ["registration", "orientation"])
def test_no_price_before_the_page(schedules: dict[str, FeeSchedule], name: str) -> None:
    with pytest.raises(NoTariff):
        schedules[name].price(PAGE - DAY)


@pytest.mark.parametrize("card", ["new", "correction"])
@pytest.mark.parametrize(
    ("day", "taka"),
    [
        (date(2024, 11, 1), "250.00"),
        (LETTER - DAY, "250.00"),
        (LETTER, "0.00"),
        (LETTER + DAY, "0.00"),
        (TODAY, "0.00"),
    ],
)
def test_the_card_is_free_from_the_letter_on(
    schedules: dict[str, FeeSchedule], card: str, day: date, taka: str
) -> None:
    assert schedules["clearance"].price(day, card=card).total.plain() == taka


def test_since_when_the_card_cost_something_is_not_claimed(schedules: dict[str, FeeSchedule]) -> None:
    with pytest.raises(NoTariff):
        schedules["clearance"].price(date(2024, 10, 31), card="new")


@pytest.mark.parametrize("day", [LETTER - DAY, LETTER, PAGE, TODAY])
def test_hearsay_stands_in_the_data_and_is_never_charged(schedules: dict[str, FeeSchedule], day: date) -> None:
    other = schedules["other-charges"]
    assert {tariff.standing for tariff in other.tariffs} == {TariffStanding.DISPUTED}
    amounts = sorted(row.amount // 100 for tariff in other.tariffs for row in tariff.rows)
    assert amounts == [490, 500, 990, 3500]
    with pytest.raises(NoTariff):
        other.price(day, insurance="lower")


def test_no_service_names_the_hearsay() -> None:
    assert "other-charges" not in files("nagorik_bmet").joinpath("plugin.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("service", "taka"),
    [("bmet.registration", "200.00"), ("bmet.orientation", "300.00"), ("bmet.clearance", "0.00")],
)
async def test_fees_are_due_after_filing(desk: ServiceDesk[BmetSimulator], service: str, taka: str) -> None:
    quote = await desk.platform.quote_fees(desk.draft(service))
    assert (quote.total.plain(), quote.due) == (taka, FeeDue.AFTER_SUBMISSION)
    assert quote.expires_at - quote.issued_at == timedelta(hours=24)


@pytest.mark.parametrize(("day", "taka"), [(LETTER - DAY, "250.00"), (LETTER, "0.00")])
@pytest.mark.parametrize("card", ["new", "correction"])
async def test_the_quote_depends_on_the_day_in_dhaka(
    desk: ServiceDesk[BmetSimulator], day: date, taka: str, card: str
) -> None:
    for hour in (time(0, 0), time(23, 59)):
        desk.simulator.clock.set(datetime.combine(day, hour, dhaka_zone()))
        more = {"card": card, "correction": "নামের বানান"} if card == "correction" else {}
        quote = await desk.platform.quote_fees(desk.draft("bmet.clearance", **more))
        assert quote.total.plain() == taka


async def test_a_free_card_says_what_is_paid_elsewhere(desk: ServiceDesk[BmetSimulator]) -> None:
    [line] = (await desk.platform.quote_fees(desk.draft("bmet.clearance"))).lines
    assert "welfare fund" in line.text.en
    assert "কল্যাণ তহবিল" in line.text.bn


async def test_nobody_pays_where_bmet_wants_another_sum(desk: ServiceDesk[BmetSimulator]) -> None:
    desk.simulator.faults.add(FEES, Altered(put={"total": "300.00"}))
    with pytest.raises(ContractViolation):
        await desk.platform.quote_fees(desk.draft("bmet.registration"))


async def test_what_the_day_does_not_allow_has_no_price(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = desk.draft("bmet.clearance", papers=["visa"])
    with pytest.raises(InputRejected) as refused:
        await desk.platform.quote_fees(draft)
    assert {problem.pointer for problem in refused.value.fields} == {"/form/papers"}
    assert len(refused.value.fields) == 4
