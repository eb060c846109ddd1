from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.values import NationalDataError
from nagorik_toolkit.fees import NoTariff

FIRST = date(2015, 9, 1)
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "tariff"),
    [
        (date(2019, 12, 31), None),
        (date(2020, 1, 1), "old"),
        (date(2025, 6, 30), "old"),
        (date(2025, 7, 1), "new"),
        (date(2026, 6, 30), "new"),
        (date(2026, 7, 1), None),
    ],
)
def test_first_and_last_day_both_belong_to_a_tariff(fees: Any, day: date, tariff: str | None) -> None:
    schedule = fees.schedule(
        fees.tariff(name="old", first="2020-01-01", last="2025-06-30"),
        fees.tariff(name="new", first="2025-07-01", last="2026-06-30"),
    )
    if tariff is None:
        with pytest.raises(NoTariff) as caught:
            schedule.tariff_on(day)
        assert str(caught.value) == f"fee schedule fees has no tariff that is effective on {day}"
        assert (caught.value.schedule, caught.value.day) == ("fees", day)
    else:
        assert schedule.tariff_on(day).id == tariff


def test_tariffs_sharing_one_day_are_refused(fees: Any) -> None:
    with pytest.raises(DataFileInvalid, match="the tariffs old and new are both effective on 2025-07-01"):
        fees.schedule(fees.tariff(name="old", last="2025-07-01"), fees.tariff(name="new", first="2025-07-01"))


def test_tariff_without_an_end_leaves_no_room_for_another(fees: Any) -> None:
    with pytest.raises(DataFileInvalid, match="both effective on 2025-07-01"):
        fees.schedule(fees.tariff(name="new", first="2025-07-01"), fees.tariff(name="old"))


@pytest.mark.parametrize("standing", ["disputed", "superseded"])
def test_tariff_of_other_standing_is_never_charged(fees: Any, standing: str) -> None:
    schedule = fees.schedule(fees.tariff(standing=standing), fees.tariff(name="two", first="2021-01-01"))
    assert schedule.tariff_on(date(2022, 1, 1)).id == "two"
    with pytest.raises(NoTariff):
        schedule.tariff_on(date(2020, 6, 1))


def test_gap_between_tariffs_is_an_error_and_no_guess(fees: Any) -> None:
    schedule = fees.schedule(fees.tariff(name="old", last="2024-12-31"), fees.tariff(name="new", first="2025-02-01"))
    with pytest.raises(NoTariff, match="2025-01-15"):
        schedule.tariff_on(date(2025, 1, 15))


def test_instant_is_no_day(reissue: Any) -> None:
    with pytest.raises(NationalDataError):
        reissue.tariff_on(datetime(2026, 1, 1))  # noqa: DTZ001


@given(lengths=st.lists(st.integers(1, 900), min_size=1, max_size=6), days=st.tuples(DAYS, DAYS))
def test_later_days_never_get_earlier_tariffs(fees: Any, lengths: list[int], days: tuple[date, date]) -> None:
    first, tariffs = FIRST, []
    for number, length in enumerate(lengths):
        last = first + timedelta(days=length - 1)
        tariffs.append(fees.tariff(name=f"t{number}", first=str(first), last=str(last)))
        first = last + timedelta(days=1)
    schedule = fees.schedule(*reversed(tariffs))
    earlier, later = sorted(days)
    chosen = [schedule.tariff_on(day).effective_from for day in (earlier, later) if FIRST <= day < first]
    assert chosen == sorted(chosen)
    for day in (earlier, later):
        if not FIRST <= day < first:
            with pytest.raises(NoTariff):
                schedule.tariff_on(day)
