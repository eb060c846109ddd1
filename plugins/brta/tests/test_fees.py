"""Cell by cell against what is published, and what happens where nothing is."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik import FeeDue
from nagorik.errors import ContractViolation, InputRejected
from nagorik.values import Money
from nagorik_brta.conditions import years_late
from nagorik_brta.simulator import BrtaSimulator
from nagorik_platform import GivenRejected
from nagorik_testing import InjectedResponse, ServiceDesk
from nagorik_toolkit.fees import FeeSchedule, NoTariff, NotPriced, read_schedules

TODAY = date(2026, 11, 24)
FIRST = date(2026, 1, 1)
QUOTE = "GET /sim/brta/bsp/api/prices"


@pytest.fixture(scope="module")
def schedules() -> dict[str, FeeSchedule]:
    return dict(read_schedules("nagorik_brta"))


def agencys_price(asked: dict[str, str], on: date) -> Money:
    """What the simulated calculator says of a renewal."""
    return BrtaSimulator().price("renewals", "application", asked, on)


def totals(schedule: FeeSchedule, day: date, **dimensions: Any) -> str:
    return schedule.price(day, **dimensions).total.plain()


@pytest.mark.parametrize("day", [FIRST, TODAY])
@pytest.mark.parametrize(("categories", "total"), [(1, "518.00"), (2, "748.00")])
def test_learner(schedules: dict[str, FeeSchedule], day: date, categories: int, total: str) -> None:
    assert totals(schedules["learner"], day, categories=categories) == total


def test_vat_is_rounded_half_up_to_whole_taka(schedules: dict[str, FeeSchedule]) -> None:
    one = schedules["learner"].price(TODAY, categories=1)
    assert [(line.amount.plain(), line.vat.plain()) for line in one.lines] == [("450.00", "68.00")]  # 67.50
    two = schedules["learner"].price(TODAY, categories=2)
    assert [line.amount.plain() for line in two.lines] == ["250.00", "400.00"]
    assert sum(line.vat.poisha for line in two.lines) == 9_800  # 97.50


def test_smart_card(schedules: dict[str, FeeSchedule]) -> None:
    price = schedules["smart-card"].price(TODAY, kind="non-professional")
    assert price.total.plain() == "4557.00"
    card, postage = price.lines
    assert (card.amount + card.vat).plain() == "4497.00"
    assert (postage.amount.plain(), postage.vat.plain()) == ("60.00", "0.00")


def test_professional_card_has_two_figures_and_no_price(schedules: dict[str, FeeSchedule]) -> None:
    with pytest.raises(NotPriced):
        schedules["smart-card"].price(TODAY, kind="professional")
    disputed = [tariff for tariff in schedules["smart-card"].tariffs if tariff.standing.value == "disputed"]
    assert sorted(sum(row.amount // 100 for row in tariff.rows) for tariff in disputed) == [2832, 2869]


@pytest.mark.parametrize(
    ("late", "total"), [(0, "4212.00"), (1, "4730.00"), (2, "5248.00"), (3, "5766.00"), (10, "9392.00")]
)
def test_renewal(schedules: dict[str, FeeSchedule], late: int, total: str) -> None:
    assert totals(schedules["renewal"], TODAY, kind="non-professional", years_late=late) == total


def test_late_years_of_a_professional_are_no_price_by_themselves(schedules: dict[str, FeeSchedule]) -> None:
    for late in (0, 3):
        with pytest.raises(NotPriced):
            schedules["renewal"].price(TODAY, kind="professional", years_late=late)


def test_motorcycle_over_100_cc_line_by_line(schedules: dict[str, FeeSchedule]) -> None:
    for cc in (101, 150, 350):
        price = schedules["registration"].price(TODAY, engine_cc=cc)
        assert [(line.code, line.amount.poisha // 100) for line in price.lines] == [
            ("registration", 3000),
            ("inspection", 450),
            ("registration-vat", 518),
            ("number-plate", 2200),
            ("number-plate-addition", 60),
            ("registration-certificate", 540),
            ("registration-certificate-addition", 15),
            ("tax-token", 2000),
            ("tax-token-vat", 300),
            ("supplementary-duty", 929),
            ("supplementary-duty-addition", 140),
        ]
        assert price.total.plain() == "10152.00"


def test_motorcycle_up_to_100_cc_has_a_total_that_nobody_charges(schedules: dict[str, FeeSchedule]) -> None:
    for cc in (50, 100):
        with pytest.raises(NotPriced):
            schedules["registration"].price(TODAY, engine_cc=cc)
    kept = {tariff.id: [row.amount // 100 for row in tariff.rows] for tariff in schedules["registration"].tariffs}
    assert (sum(kept["small-2021"]), kept["gazette-2021"]) == (7679, [2000, 3000])


def test_transfer_of_125_cc_is_the_one_that_is_published(schedules: dict[str, FeeSchedule]) -> None:
    price = schedules["transfer"].price(TODAY, vehicle="motorcycle", engine_cc=125)
    assert [line.amount.poisha // 100 for line in price.lines] == [1668, 555, 345, 396]
    assert price.total.plain() == "2964.00"
    assert not price.tariff.source.verified
    for vehicle, engine_cc in (("motorcycle", 124), ("motorcycle", 126), ("car", 125), ("other", 4000)):
        with pytest.raises(NotPriced):
            schedules["transfer"].price(TODAY, vehicle=vehicle, engine_cc=engine_cc)


@pytest.mark.parametrize(
    ("weight", "plan", "total"),
    [
        (89, "two-years", "1150.00"),
        (91, "two-years", "2300.00"),
        (89, "after-ten-years", "0.00"),
        (90, "after-ten-years", "0.00"),
    ],
)
def test_tax_token_of_a_motorcycle(schedules: dict[str, FeeSchedule], weight: int, plan: str, total: str) -> None:
    assert totals(schedules["tax-token"], TODAY, vehicle="motorcycle", plan=plan, weight_kg=weight) == total


@pytest.mark.parametrize(
    ("vehicle", "plan", "weight"),
    [
        ("motorcycle", "two-years", 90),
        ("motorcycle", "ten-years", 89),
        ("motorcycle", "ten-years", 91),
        ("other", "other", 0),
    ],
)
def test_tax_token_that_is_published_nowhere(
    schedules: dict[str, FeeSchedule], vehicle: str, plan: str, weight: int
) -> None:
    with pytest.raises(NotPriced):
        schedules["tax-token"].price(TODAY, vehicle=vehicle, plan=plan, weight_kg=weight)


@pytest.mark.parametrize(
    ("schedule", "first"),
    [
        ("learner", FIRST),
        ("smart-card", FIRST),
        ("renewal", FIRST),
        ("registration", date(2024, 1, 1)),
        ("transfer", date(2023, 1, 1)),
        ("tax-token", FIRST),
    ],
)
def test_day_before_the_first_has_no_price(schedules: dict[str, FeeSchedule], schedule: str, first: date) -> None:
    assert schedules[schedule].tariff_on(first).standing.value == "effective"
    with pytest.raises(NoTariff):
        schedules[schedule].tariff_on(first - timedelta(days=1))


@pytest.mark.parametrize(
    ("schedule", "amounts"),
    [("learner", [345, 518]), ("smart-card", [2542, 1680]), ("renewal", [2427, 1565, 230])],
)
def test_stale_figures_are_kept_and_dead(
    schedules: dict[str, FeeSchedule], schedule: str, amounts: list[int]
) -> None:
    stale = next(tariff for tariff in schedules[schedule].tariffs if tariff.id == "stale")
    assert stale.standing.value == "superseded"
    assert [row.amount // 100 for row in stale.rows] == amounts


def test_only_the_agencys_own_page_is_verified(schedules: dict[str, FeeSchedule]) -> None:
    tariffs = [tariff for schedule in schedules.values() for tariff in schedule.tariffs]
    assert [tariff.id for tariff in tariffs if tariff.source.verified] == ["my-brta"]


@pytest.mark.parametrize(
    ("today", "late"),
    [
        (date(2026, 3, 10), 0),
        (date(2026, 3, 25), 0),  # the fifteenth day
        (date(2026, 3, 26), 1),
        (date(2027, 3, 10), 1),
        (date(2027, 3, 11), 2),
        (date(2029, 3, 10), 3),
    ],
)
def test_years_late_begin_after_fifteen_days_and_count_when_begun(today: date, late: int) -> None:
    assert years_late(date(2026, 3, 10), today) == late


def test_licence_that_ended_on_29_february() -> None:
    ended = date(2024, 2, 29)
    assert [years_late(ended, day) for day in (date(2024, 3, 15), date(2024, 3, 16))] == [0, 1]
    assert [years_late(ended, day) for day in (date(2025, 2, 28), date(2025, 3, 2))] == [1, 2]
    assert [years_late(ended, day) for day in (date(2028, 2, 29), date(2028, 3, 1))] == [4, 5]
    assert [years_late(ended, date(2026, 3, day)) for day in (1, 2)] == [2, 3]


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028, 2029])
@pytest.mark.parametrize(("month", "day"), [(2, 27), (2, 28), (3, 1), (3, 2), (3, 15), (3, 16)])
def test_simulated_calculator_counts_the_years_of_29_february_in_the_same_way(
    schedules: dict[str, FeeSchedule], year: int, month: int, day: int
) -> None:
    today = date(year, month, day)
    asked = {"kind": "NON_PROFESSIONAL", "expiresOn": "2024-02-29"}
    late = years_late(date(2024, 2, 29), today)
    price = schedules["renewal"].price(TODAY, kind="non-professional", years_late=late)
    assert agencys_price(asked, today) == price.total


@pytest.mark.parametrize(
    ("registered", "plan", "refused"),
    [
        ("2010-05-01", "two-years", True),
        ("2010-05-01", "ten-years", True),
        ("2016-11-24", "two-years", True),  # ten years today
        ("2016-11-25", "two-years", False),
        ("2010-05-01", "after-ten-years", False),
    ],
)
async def test_nobody_is_asked_to_pay_for_a_token_that_is_free(
    desk: ServiceDesk[BrtaSimulator], registered: str, plan: str, refused: bool
) -> None:
    form = {"registered_on": registered, "plan": plan}
    if not refused:
        assert (await price(desk, "brta.tax-token", **form)).total.plain() == (
            "0.00" if "after" in plan else "2300.00"
        )
        return
    with pytest.raises(InputRejected) as rejected:
        await price(desk, "brta.tax-token", **form)
    (problem,) = rejected.value.fields
    assert (problem.pointer, problem.code) == ("/form/plan", "brta.free-token")
    assert desk.simulator.ledger.requests() == ()
    given = {"vehicle": "motorcycle", "weight_kg": "91", **form}
    with pytest.raises(GivenRejected) as at_the_counter:
        await desk.platform.published_fees("brta.tax-token", given, on=TODAY)
    (told,) = at_the_counter.value.problems
    assert problem.text.en in told.en


async def test_counter_says_that_the_price_of_a_token_hangs_on_the_day_of_registration(
    desk: ServiceDesk[BrtaSimulator],
) -> None:
    given = {"vehicle": "motorcycle", "weight_kg": "91", "plan": "two-years"}
    told = await desk.platform.published_fees("brta.tax-token", given, on=TODAY)
    assert [stage.price.total.plain() for stage in told.stages] == ["2300.00"]
    assert ([one.name for one in told.unchecked], told.missing) == (["registered_on"], ())


def test_total_of_a_token_is_not_divided_by_a_tax_that_no_page_names(schedules: dict[str, FeeSchedule]) -> None:
    price = schedules["tax-token"].price(TODAY, vehicle="motorcycle", plan="two-years", weight_kg=91)
    assert [(line.amount.plain(), line.vat.plain()) for line in price.lines] == [("2300.00", "0.00")]


@given(ended=st.dates(date(2000, 1, 1), date(2030, 1, 1)), days=st.integers(-400, 4000))
def test_a_day_more_costs_no_year_less(ended: date, days: int) -> None:
    today = ended + timedelta(days=days)
    late, tomorrow = years_late(ended, today), years_late(ended, today + timedelta(days=1))
    assert 0 <= late <= tomorrow <= late + 1


async def price(desk: ServiceDesk[BrtaSimulator], service: str, **form: Any) -> Any:
    return await desk.platform.quote_fees(desk.draft(service, desk.form(service, **form)))


@pytest.mark.parametrize(
    ("service", "form", "total"),
    [
        ("brta.learner", {"categories": ["light"]}, "518.00"),
        ("brta.learner", {}, "748.00"),
        ("brta.smart-card", {}, "4557.00"),
        ("brta.renewal", {}, "4212.00"),
        ("brta.renewal", {"expires_on": "2025-11-24"}, "4730.00"),
        ("brta.renewal", {"expires_on": "2025-11-23"}, "5248.00"),
        ("brta.registration", {"engine_cc": "১০১"}, "10152.00"),
        ("brta.transfer", {"engine_cc": "১২৫"}, "2964.00"),
        ("brta.tax-token", {"weight_kg": 91}, "2300.00"),
        ("brta.tax-token", {"weight_kg": 89}, "1150.00"),
        ("brta.tax-token", {"plan": "after-ten-years", "registered_on": "2010-01-01"}, "0.00"),
    ],
)
async def test_published_price_that_the_calculator_confirms(
    desk: ServiceDesk[BrtaSimulator], service: str, form: dict[str, Any], total: str
) -> None:
    quote = await price(desk, service, **form)
    assert (quote.total.plain(), quote.due) == (total, FeeDue.AFTER_SUBMISSION)
    assert quote.lines[0].code != "brta-calculator"
    assert quote.expires_at.isoformat() == "2026-11-24T18:00:00+00:00"  # midnight in Dhaka


@pytest.mark.parametrize(
    ("service", "form"),
    [
        ("brta.smart-card", {"kind": "professional", "dope_test_negative": True}),
        ("brta.renewal", {"kind": "professional"}),
        ("brta.registration", {"engine_cc": 100}),
        ("brta.transfer", {"engine_cc": 150}),
        ("brta.transfer", {"vehicle": "car"}),
        ("brta.duplicate", {}),
        ("brta.tax-token", {"weight_kg": 90}),
        ("brta.tax-token", {"plan": "ten-years"}),
        ("brta.tax-token", {"vehicle": "car", "plan": "other"}),
        ("brta.fitness", {}),
    ],
)
async def test_where_nothing_sure_is_published_the_calculator_alone_decides_and_the_quote_says_so(
    desk: ServiceDesk[BrtaSimulator], service: str, form: dict[str, Any]
) -> None:
    desk.simulator.faults.add(QUOTE, InjectedResponse(status=200, body='{"total": "1234.00"}'))
    quote = await price(desk, service, **form)
    assert (quote.total, quote.due) == (Money.taka(1234), FeeDue.AFTER_SUBMISSION)
    (line,) = quote.lines
    assert (line.code, line.amount, quote.source.verified) == ("brta-calculator", Money.taka(1234), False)
    assert "no published figure" in line.text.en
    assert "প্রকাশিত ফি নেই" in line.text.bn


async def test_price_on_which_schedule_and_calculator_differ_is_nobodys_to_pay(
    desk: ServiceDesk[BrtaSimulator],
) -> None:
    desk.simulator.faults.add(QUOTE, InjectedResponse(status=200, body='{"total": "749.00"}'))
    with pytest.raises(ContractViolation) as violation:
        await price(desk, "brta.learner")
    assert violation.value.detail == "fee-differs-from-schedule"


def test_simulator_reckons_for_a_licence_that_never_ends() -> None:
    asked = {"kind": "PROFESSIONAL", "expiresOn": "9999-12-31"}
    assert agencys_price(asked, TODAY) == agencys_price({**asked, "expiresOn": "2030-12-31"}, TODAY)


def test_each_charged_tariff_says_that_its_first_day_is_not_known(schedules: dict[str, FeeSchedule]) -> None:
    tariffs = [tariff for schedule in schedules.values() for tariff in schedule.tariffs]
    notes = [tariff.note for tariff in tariffs if tariff.standing.value == "effective"]
    assert len(notes) == 6
    assert all(note and "When it began is not known" in note.en and "জানা নেই; তারিখটি" in note.bn for note in notes)


def test_earlier_fee_of_a_duplicate_is_kept_and_dead(schedules: dict[str, FeeSchedule]) -> None:
    (tariff,) = schedules["earlier-duplicate"].tariffs
    assert (tariff.standing.value, [row.amount // 100 for row in tariff.rows]) == ("superseded", [875])
    with pytest.raises(NoTariff):
        schedules["earlier-duplicate"].price(TODAY)
