"""Cell by cell against the published ladders."""

from datetime import date, timedelta

import pytest

from nagorik_nid.data import DATA
from nagorik_nid.forms import Change, CorrectedField, CorrectionForm
from nagorik_nid.plugin import basis
from nagorik_toolkit.fees import FeeSchedule, NoTariff, NotPriced, read_schedules

FIRST_DAY = date(2015, 9, 1)
TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def schedules() -> dict[str, FeeSchedule]:
    return dict(read_schedules("nagorik_nid"))


@pytest.mark.parametrize("day", [FIRST_DAY, TODAY])
@pytest.mark.parametrize(
    ("item", "totals"),
    [
        ("printed", ["230.00", "345.00", "460.00", "460.00", "460.00", "460.00", "460.00"]),
        ("other", ["115.00", "230.00", "345.00", "345.00", "345.00", "345.00", "345.00"]),
    ],
)
def test_correction(schedules: dict[str, FeeSchedule], day: date, item: str, totals: list[str]) -> None:
    prices = [schedules["correction"].price(day, item=item, attempt=attempt) for attempt in range(1, 8)]
    assert [price.total.plain() for price in prices] == totals
    assert {price.tariff.id for price in prices} == {"gazette-2015"}


def test_both_kinds_are_priced_as_far_as_an_office_prints_it(schedules: dict[str, FeeSchedule]) -> None:
    correction = schedules["correction"]
    totals = [correction.price(TODAY, item="both", attempt=attempt).total.plain() for attempt in (1, 2)]
    assert totals == ["345.00", "460.00"]
    for attempt in (3, 4, 7):
        with pytest.raises(NotPriced):
            correction.price(TODAY, item="both", attempt=attempt)


def test_what_contradicts_a_ladder_is_kept_and_never_charged(schedules: dict[str, FeeSchedule]) -> None:
    kept = {
        tariff.id: [row.amount // 100 for row in tariff.rows]
        for tariff in schedules["correction"].tariffs
        if tariff.standing.value == "disputed"
    }
    assert kept == {"thakurgaon": [500], "sum-of-two-ladders": [500, 700], "muladi": [200, 300, 400, 500, 600]}


@pytest.mark.parametrize(("delivery", "total"), [("regular", "115.00"), ("urgent", "172.50")])
def test_renewal_costs_the_same_each_time(schedules: dict[str, FeeSchedule], delivery: str, total: str) -> None:
    assert schedules["renewal"].price(TODAY, delivery=delivery).total.plain() == total


@pytest.mark.parametrize("day", [FIRST_DAY, TODAY])
@pytest.mark.parametrize(
    ("delivery", "totals"),
    [
        ("regular", ["230.00", "345.00", "575.00", "575.00", "575.00", "575.00", "575.00"]),
        ("urgent", ["345.00", "575.00", "1150.00", "1150.00", "1150.00", "1150.00", "1150.00"]),
    ],
)
def test_reissue(schedules: dict[str, FeeSchedule], day: date, delivery: str, totals: list[str]) -> None:
    prices = [schedules["reissue"].price(day, delivery=delivery, attempt=attempt) for attempt in range(1, 8)]
    assert [price.total.plain() for price in prices] == totals


@pytest.mark.parametrize("service", ["new-voter", "migration"])
def test_free_services_say_so(schedules: dict[str, FeeSchedule], service: str) -> None:
    assert schedules[service].price(TODAY).total.plain() == "0.00"


def test_vat_is_15_per_cent(schedules: dict[str, FeeSchedule]) -> None:
    both = schedules["correction"].price(TODAY, item="both", attempt=1)
    assert [(line.amount.plain(), line.vat.plain()) for line in both.lines] == [("300.00", "45.00")]


@pytest.mark.parametrize("service", ["correction", "reissue", "renewal", "new-voter", "migration"])
def test_day_before_the_gazette_has_no_price(schedules: dict[str, FeeSchedule], service: str) -> None:
    with pytest.raises(NoTariff):
        schedules[service].tariff_on(FIRST_DAY - timedelta(days=1))


@pytest.mark.parametrize("service", ["correction", "reissue"])
def test_other_ladder_is_kept_and_never_charged(schedules: dict[str, FeeSchedule], service: str) -> None:
    disputed = next(tariff for tariff in schedules[service].tariffs if tariff.id == "muladi")
    assert [row.amount // 100 for row in disputed.rows] == [200, 300, 400, 500, 600]
    assert disputed.standing.value == "disputed"


def test_no_figure_claims_to_have_been_checked(schedules: dict[str, FeeSchedule]) -> None:
    tariffs = [tariff for schedule in schedules.values() for tariff in schedule.tariffs]
    assert not any(tariff.source.verified for tariff in tariffs)
    assert all(tariff.source.as_of for tariff in tariffs)


@pytest.mark.parametrize(
    ("fields", "item"),
    [
        (("name-bn",), "printed"),
        (("address", "blood-group"), "printed"),
        (tuple(DATA.rules.on(TODAY)["printed-on-card"].as_text.split(", ")), "printed"),
        (("marital-status",), "other"),
        (("other", "other"), "other"),
        (("birth-date", "marital-status"), "both"),
    ],
)
def test_item_follows_from_what_is_printed_on_the_card(fields: tuple[CorrectedField, ...], item: str) -> None:
    written = {"birth-date": "1990-01-31", "blood-group": "O+", "name-en": "Namuna"}
    changes = [Change(field=field, value=written.get(field, "নমুনা")).model_dump() for field in fields]
    form = CorrectionForm.model_validate({"birth_date": "1990-01-31", "nid": "19909910012000001", "changes": changes})
    assert basis("nid.correction", form, TODAY).choice(attempt=2) == {"item": item, "attempt": 2}
