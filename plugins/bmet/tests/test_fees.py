"""Cell by cell against the pages and the ministry's letter, on both sides of each day."""

from datetime import date, datetime, time, timedelta

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
FEES = "GET /sim/bmet/v1/prices"


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


@pytest.mark.parametrize(
    ("day", "new", "corrected"),
    [
        (date(2024, 11, 1), "4750.00", "250.00"),
        (LETTER - DAY, "4750.00", "250.00"),
        (LETTER, "4500.00", "0.00"),
        (TODAY, "4500.00", "0.00"),
    ],
)
def test_the_card_is_free_from_the_letter_on_and_a_clearance_is_not(
    schedules: dict[str, FeeSchedule], day: date, new: str, corrected: str
) -> None:
    clearance, correction = (schedules["clearance"].price(day, card=card) for card in ("new", "correction"))
    assert (clearance.total.plain(), correction.total.plain()) == (new, corrected)
    assert [cost.en for cost in clearance.unpriced] == ["Advance income tax", "Service charge"]
    assert correction.unpriced == ()


def test_figures_that_pages_dispute_are_kept_and_not_charged(schedules: dict[str, FeeSchedule]) -> None:
    disputed = [
        (name, tariff.id, [(row.code, row.model_dump()["amount"]) for row in tariff.rows])
        for name, schedule in schedules.items()
        for tariff in schedule.tariffs
        if tariff.standing is TariffStanding.DISPUTED
    ]
    assert disputed == [
        ("registration", "upper-end", [("registration", 300_00)]),
        ("registration", "nominal-fee", [("nominal-fee", 50_00)]),
        ("orientation", "lower-end", [("orientation", 200_00)]),
        ("clearance", "hearsay", [("income-tax", 500_00)]),
    ]


@pytest.mark.parametrize(
    ("card", "lines"),
    [
        (
            "new",
            [
                ("smart-card", "Smart card, free"),
                ("welfare-fund", "Wage Earners' Welfare Fund"),
                ("insurance", "Insurance for five years"),
            ],
        ),
        ("correction", [("smart-card-correction", "Correction of a smart card, free")]),
    ],
)
def test_each_line_is_called_by_its_code(
    schedules: dict[str, FeeSchedule], card: str, lines: list[tuple[str, str]]
) -> None:
    assert [(line.code, line.text.en) for line in schedules["clearance"].price(TODAY, card=card).lines] == lines


def test_since_when_the_card_cost_something_is_not_claimed(schedules: dict[str, FeeSchedule]) -> None:
    with pytest.raises(NoTariff):
        schedules["clearance"].price(date(2024, 10, 31), card="new")


@pytest.mark.parametrize(
    ("service", "taka"),
    [("bmet.registration", "200.00"), ("bmet.orientation", "300.00"), ("bmet.clearance", "4500.00")],
)
async def test_fees_are_due_after_filing(desk: ServiceDesk[BmetSimulator], service: str, taka: str) -> None:
    quote = await desk.platform.quote_fees(desk.draft(service))
    assert (quote.total.plain(), quote.due) == (taka, FeeDue.AFTER_SUBMISSION)
    assert quote.expires_at - quote.issued_at == timedelta(hours=24)


@pytest.mark.parametrize(
    ("day", "card", "taka"),
    [
        (LETTER - DAY, "new", "4750.00"),
        (LETTER - DAY, "correction", "250.00"),
        (LETTER, "new", "4500.00"),
        (LETTER, "correction", "0.00"),
    ],
)
async def test_the_quote_depends_on_the_day_in_dhaka(
    desk: ServiceDesk[BmetSimulator], day: date, card: str, taka: str
) -> None:
    for hour in (time(0, 0), time(23, 59)):
        desk.simulator.clock.set(datetime.combine(day, hour, dhaka_zone()))
        more = {"card": card, "correction": "নামের বানান"} if card == "correction" else {}
        quote = await desk.platform.quote_fees(desk.draft("bmet.clearance", **more))
        assert quote.total.plain() == taka


async def test_what_bmet_asks_for_beside_the_known_is_a_line(desk: ServiceDesk[BmetSimulator]) -> None:
    known = await desk.platform.quote_fees(desk.draft("bmet.clearance"))
    assert [cost.bn for cost in known.unpriced] == ["অগ্রিম আয়কর", "সার্ভিস চার্জ"]
    desk.simulator.faults.add(FEES, Altered(put={"total": "5800.00"}))
    asked = await desk.platform.quote_fees(desk.draft("bmet.clearance"))
    assert (asked.total.plain(), asked.unpriced) == ("5800.00", ())
    assert (asked.lines[-1].text.en, asked.lines[-1].amount.plain()) == (
        "Advance income tax; Service charge",
        "1300.00",
    )
    desk.simulator.faults.add(FEES, Altered(put={"total": "4499.00"}))
    with pytest.raises(ContractViolation):
        await desk.platform.quote_fees(desk.draft("bmet.clearance"))


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
