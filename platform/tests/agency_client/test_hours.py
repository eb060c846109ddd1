"""An agency's hours, in Dhaka."""

from datetime import UTC, datetime, time, timedelta

import pytest

from nagorik.errors import AgencyClosed
from nagorik.manifest import Window
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.hours import DHAKA, open_at

OFFICE = Window(days="sun-thu", open=time(9), close=time(17), holidays="closed")


def dhaka(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=DHAKA)


@pytest.mark.parametrize(
    ("instant", "open_then"),
    [
        (dhaka(24, 9), True),
        (dhaka(24, 8, 59), False),
        (dhaka(24, 16, 59), True),
        (dhaka(24, 17), False),
        (dhaka(27, 12), False),
    ],
)
def test_opening_is_included_and_closing_is_not(instant, open_then):
    assert open_at([OFFICE], instant) is open_then


async def test_a_closed_agency_is_not_called(world):
    client = world.client(manifest={"windows": [{"days": "sun-thu", "open": "13:00", "close": "17:00"}]})
    http = world.bind(Idempotency.NONE, client=client)
    with pytest.raises(AgencyClosed) as caught:
        await world.ask(http, Idempotency.NONE)
    assert caught.value.until == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert http.ledger.requests == 0
    world.clock.elapsed += 3600
    world.agency.will(world.filed())
    await world.ask(world.bind(client=client))


async def test_a_public_holiday_closes_the_windows_that_say_so(world):
    # 16 December, Victory Day, by the platform's own calendar.
    world.clock.elapsed += timedelta(days=22).total_seconds()
    hours = {"days": "sun-thu", "open": "09:00", "close": "17:00"}
    client = world.client(manifest={"windows": [{**hours, "holidays": "closed"}]})
    with pytest.raises(AgencyClosed) as caught:
        await world.ask(world.bind(client=client))
    assert caught.value.until == datetime(2026, 12, 17, 3, 0, tzinfo=UTC)
    world.agency.will(world.filed())
    await world.ask(world.bind(manifest={"windows": [{**hours, "holidays": "open"}]}))
