"""Cell by cell against the stored copies of the department's page."""

from datetime import date, timedelta
from itertools import product

import pytest

from nagorik.errors import InputRejected
from nagorik.model.fee import FeeDue
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import ServiceDesk
from nagorik_toolkit.fees import DimensionRejected, FeeSchedule, NoTariff, read_schedules

FIRST_DAY = date(2022, 12, 4)
TODAY = date(2026, 11, 24)
DELIVERIES = ("regular", "express", "super-express")
TAKA = {
    (48, 5): ("4025.00", "6325.00", "8625.00"),
    (48, 10): ("5750.00", "8050.00", "10350.00"),
    (64, 5): ("6325.00", "8625.00", "12075.00"),
    (64, 10): ("8050.00", "10350.00", "13800.00"),
}
DOLLARS = {
    (48, 5): ("100.00", "150.00"),
    (48, 10): ("125.00", "175.00"),
    (64, 5): ("150.00", "200.00"),
    (64, 10): ("175.00", "225.00"),
}
DOLLARS_OF_WORKERS = {**DOLLARS, (48, 5): ("30.00", "50.00"), (48, 10): ("50.00", "75.00")}
INVENTED = {345_000, 690_000}
"""In poisha: figures of a crawler's invented fixture; its third, 13,800, stands in the real table too."""


@pytest.fixture(scope="module")
def schedules() -> dict[str, FeeSchedule]:
    return dict(read_schedules("nagorik_passport"))


@pytest.mark.parametrize("day", [FIRST_DAY, date(2025, 6, 30), date(2025, 7, 1), TODAY])
@pytest.mark.parametrize(("booklet", "delivery"), list(product(TAKA, DELIVERIES)))
def test_taka(schedules: dict[str, FeeSchedule], day: date, booklet: tuple[int, int], delivery: str) -> None:
    pages, years = booklet
    price = schedules["passport"].price(day, pages=pages, years=years, delivery=delivery, staff="none")
    assert price.total.plain() == TAKA[booklet][DELIVERIES.index(delivery)]
    assert (price.total.currency, price.lines[0].code) == ("BDT", f"{pages}-{years}-{delivery}")


@pytest.mark.parametrize(("booklet", "delivery"), list(product(TAKA, DELIVERIES)))
def test_staff_pay_what_the_next_slower_delivery_costs(
    schedules: dict[str, FeeSchedule], booklet: tuple[int, int], delivery: str
) -> None:
    pages, years = booklet
    price = schedules["passport"].price(TODAY, pages=pages, years=years, delivery=delivery, staff="noc-prl")
    assert price.total.plain() == TAKA[booklet][max(0, DELIVERIES.index(delivery) - 1)]
    fee = "express" if delivery == "super-express" else "regular"
    assert price.lines[0].code == f"{pages}-{years}-noc-{fee}-fee"


def test_vat_of_15_per_cent_is_in_the_price(schedules: dict[str, FeeSchedule]) -> None:
    price = schedules["passport"].price(TODAY, pages=48, years=5, delivery="regular", staff="none")
    assert [(line.amount.plain(), line.vat.plain()) for line in price.lines] == [("3500.00", "525.00")]


@pytest.mark.parametrize("schedule", ["passport", "mission"])
def test_no_price_before_the_first_copy(schedules: dict[str, FeeSchedule], schedule: str) -> None:
    group = {"staff": "none"} if schedule == "passport" else {"group": "general"}
    with pytest.raises(NoTariff):
        schedules[schedule].price(FIRST_DAY - timedelta(days=1), pages=48, years=5, delivery="regular", **group)


@pytest.mark.parametrize(("group", "table"), [("general", DOLLARS), ("worker-or-student", DOLLARS_OF_WORKERS)])
@pytest.mark.parametrize(("booklet", "place"), list(product(DOLLARS, (0, 1))))
def test_dollars_at_missions(
    schedules: dict[str, FeeSchedule],
    group: str,
    table: dict[tuple[int, int], tuple[str, str]],
    booklet: tuple[int, int],
    place: int,
) -> None:
    pages, years = booklet
    price = schedules["mission"].price(TODAY, pages=pages, years=years, delivery=DELIVERIES[place], group=group)
    assert (price.total.plain(), price.total.currency) == (table[booklet][place], "USD")
    assert all("mission" in line.text.en for line in price.lines)
    named = f"mission-{pages}-{years}-{DELIVERIES[place]}"
    assert price.lines[0].code == (f"{named}-{group}" if group != "general" and pages == 48 else named)


def test_missions_have_no_super_express(schedules: dict[str, FeeSchedule]) -> None:
    with pytest.raises(DimensionRejected):
        schedules["mission"].price(TODAY, pages=48, years=5, delivery="super-express", group="general")


def test_invented_figures_are_nowhere(schedules: dict[str, FeeSchedule]) -> None:
    amounts = {row.amount for one in schedules.values() for tariff in one.tariffs for row in tariff.rows}
    assert amounts & INVENTED == set()


async def test_the_fee_is_due_after_filing(desk: ServiceDesk[PassportSimulator]) -> None:
    quote = await desk.platform.quote_fees(desk.draft(form=desk.form(delivery="regular", pages="৬৪")))
    assert (quote.total.plain(), quote.due) == ("6325.00", FeeDue.AFTER_SUBMISSION)
    assert quote.expires_at - quote.issued_at == timedelta(hours=24)
    assert quote.source.verified


async def test_a_mission_is_quoted_in_dollars_that_it_takes_itself(desk: ServiceDesk[PassportSimulator]) -> None:
    form = desk.form(place="mission", office="Kuala Lumpur", mission_group="worker-or-student", delivery="regular")
    quote = await desk.platform.quote_fees(desk.draft(form=form))
    assert str(quote.total) == "30.00 USD"
    assert "pay at the mission" in quote.lines[0].text.en


async def test_a_booklet_that_the_day_does_not_allow_has_no_price(desk: ServiceDesk[PassportSimulator]) -> None:
    form = desk.form(validity_years=10, birth_date="1960-11-24", nid="19609910000000007")
    draft = desk.draft(form=form, applicant={"birth_date": date(1960, 11, 24), "identifiers": ()})
    with pytest.raises(InputRejected) as refused:
        await desk.platform.quote_fees(draft)
    assert {problem.pointer for problem in refused.value.fields} == {"/form/validity_years"}


async def test_what_is_filed_keeps_its_price_whatever_the_birthday(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft(form=desk.form(validity_years=10), applicant={"birth_date": date(1960, 11, 24)})
    quote = await desk.platform.quote_fees(draft, agency_reference="OID0000000001")
    assert quote.total.plain() == "8050.00"
