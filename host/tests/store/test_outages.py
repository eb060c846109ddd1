"""The promised time, outages left out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from nagorik_host.store.outages import OutagePeriod, expected

FILED = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = FILED + 5 * DAY


def test_without_outages_the_promise_stands():
    assert expected(FILED, 30 * DAY, [], NOW) == (FILED + 30 * DAY, timedelta(0))


def test_outage_is_left_out_from_the_filing_on():
    before = OutagePeriod(FILED - 3 * DAY, FILED - 2 * DAY)
    across = OutagePeriod(FILED - DAY, FILED + DAY)
    going_on = OutagePeriod(FILED + 3 * DAY, None)
    after = OutagePeriod(FILED + 90 * DAY, FILED + 91 * DAY)
    assert expected(FILED, 30 * DAY, [going_on, after, across, before], NOW) == (FILED + 33 * DAY, 3 * DAY)


def test_time_that_one_outage_adds_may_hold_the_next():
    first = OutagePeriod(FILED + 9 * DAY, FILED + 12 * DAY)
    second = OutagePeriod(FILED + 12 * DAY, FILED + 13 * DAY)
    assert expected(FILED, 10 * DAY, [second, first], NOW).at == FILED + 14 * DAY


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=6))
def test_it_is_never_sooner_than_promised_nor_later_than_all_outages_together(spans):
    outages = [OutagePeriod(FILED + a * DAY, FILED + (a + n) * DAY) for a, n in spans]
    told = expected(FILED, 10 * DAY, outages, NOW)
    assert FILED + 10 * DAY <= told.at <= FILED + (10 + sum(n for _, n in spans)) * DAY
    assert told.frozen == told.at - FILED - 10 * DAY
