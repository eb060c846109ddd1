"""How long the client waits between attempts, and when it would rather give up."""

from datetime import UTC, datetime

import httpx
import pytest

from nagorik.errors import AgencyUnavailable, OutcomeUnknown, RateLimited
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.retry_table import DAY, parse_retry_after

NOON = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        ("  7 ", 7.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("৭", None),
        ("86401", DAY),
        ("9" * 5000, DAY),
        ("0000000000000007", 7.0),
        ("Tue, 24 Nov 2026 06:01:30 GMT", 90.0),
        ("Tue, 24 Nov 2026 12:01:30 +0600", 90.0),
        ("Tue, 24 Nov 2026 05:00:00 GMT", None),
        ("Fri, 24 Nov 2028 06:00:00 GMT", DAY),
        ("Tue, 99 Nov 2026 06:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(value, seconds):
    assert parse_retry_after(value, NOON) == seconds


@pytest.mark.parametrize("code", [429, 503])
async def test_a_read_waits_as_long_as_the_agency_asks(world, code):
    http = world.bind()
    world.agency.will(
        httpx.Response(code, headers={"Retry-After": "9"}),
        httpx.Response(code, headers={"Retry-After": "Tue, 24 Nov 2026 06:00:30 GMT"}),
        world.filed(),
    )
    await world.ask(http)
    assert world.clock.naps == [9.0, 21.0]


@pytest.mark.parametrize(("code", "kind_of_error"), [(429, RateLimited), (503, AgencyUnavailable)])
async def test_a_wait_past_the_deadline_is_not_begun(world, code, kind_of_error):
    http = world.bind(seconds=30)
    world.agency.will(httpx.Response(code, headers={"Retry-After": "86400"}))
    with pytest.raises(kind_of_error) as caught:
        await world.ask(http)
    assert caught.value.retry_after == 86_400
    assert world.clock.elapsed == 0


async def test_a_503_that_names_a_wait_does_not_let_a_write_be_sent_again(world):
    http = world.bind(Idempotency.CLIENT_REFERENCE)
    world.agency.will(httpx.Response(503, headers={"Retry-After": "1"}))
    with pytest.raises(OutcomeUnknown):
        await world.ask(http, Idempotency.CLIENT_REFERENCE)
    assert world.clock.naps == []


async def test_attempts_end_with_the_deadline(world):
    http = world.bind(seconds=20, attempts=100)
    world.agency.for_ever(lambda: httpx.Response(429, headers={"Retry-After": "6"}))
    with pytest.raises(RateLimited):
        await world.ask(http)
    assert world.clock.elapsed == 18
    assert len(world.agency.requests) == 4


async def test_nothing_is_sent_once_the_deadline_has_passed(world):
    http = world.bind(Idempotency.NONE, seconds=5)
    world.clock.elapsed += 5
    with pytest.raises(AgencyUnavailable) as caught:
        await world.ask(http, Idempotency.NONE)
    assert caught.value.because == "deadline"
    assert http.ledger.requests == 0
