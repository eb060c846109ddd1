"""The portal is open from 08:00 to 22:00. Outside, calls wait and nothing is sent."""

from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from typing import Any

import httpx
import pytest

from nagorik.errors import AgencyClosed
from nagorik.manifest import parse_manifest
from nagorik.operations import Operation
from nagorik.values import dhaka_time
from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import ServiceDesk, SimulatorTransport


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """In November 2026, on the clocks in Dhaka."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=6)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(24, 22, 0), at(25, 8)),
        (at(24, 23, 59, 59), at(25, 8)),
        (at(25, 0, 0), at(25, 8)),
        (at(25, 7, 59, 59), at(25, 8)),
        (at(27, 22, 0), at(28, 8)),  # a Friday: it is open on every day of the week
    ],
)
async def test_at_night_nothing_is_sent_and_the_next_opening_is_told(
    desk: ServiceDesk[BrtaSimulator], now: datetime, opens: datetime
) -> None:
    desk.simulator.clock.set(now)
    draft = desk.draft()
    for call in (
        desk.platform.quote_fees(draft),
        desk.platform.submit(draft, desk.references),
        desk.platform.check_eligibility(
            "brta.smart-card", desk.citizen.applicant(), form=desk.form("brta.smart-card")
        ),
    ):
        with pytest.raises(AgencyClosed) as closed:
            await call
        assert closed.value.until == opens
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize("now", [at(25, 8, 0), at(24, 21, 59, 50), at(28, 8, 0)])
async def test_in_its_hours_it_is_asked(desk: ServiceDesk[BrtaSimulator], now: datetime) -> None:
    desk.simulator.clock.set(now)
    assert (await desk.platform.quote_fees(desk.draft())).total.plain() == "748.00"


async def test_what_is_decided_here_is_answered_at_night(desk: ServiceDesk[BrtaSimulator]) -> None:
    desk.simulator.clock.set(at(25, 3))
    decision = await desk.platform.check_eligibility("brta.learner", desk.citizen.applicant(), form=desk.form())
    assert decision.eligibility.value == "eligible"


async def test_simulated_portal_is_closed_by_itself(desk: ServiceDesk[BrtaSimulator]) -> None:
    transport = partial(SimulatorTransport, desk.simulator)
    async with httpx.AsyncClient(transport=transport(), base_url="http://127.0.0.1") as http:
        for now, status in ((at(24, 21, 59), 200), (at(24, 22), 503), (at(25, 7, 59), 503), (at(25, 8), 200)):
            desk.simulator.clock.set(now)
            assert (await http.get("/sim/brta/bsp/api/health")).status_code == status


async def test_application_opened_at_night_waits_and_goes_on_in_the_morning(desk: ServiceDesk[BrtaSimulator]) -> None:
    desk.simulator.clock.set(at(24, 23, 10))
    case = desk.drive(desk.draft("brta.smart-card"))
    await case.run(days=0.3)
    assert case.progress.state.value == "draft"
    assert case.hold is None
    assert case.next.due is not None
    assert dhaka_time(case.next.due).strftime("%d %H:%M") == "25 08:00"
    assert desk.simulator.ledger.requests() == ()
    await case.run(days=40)
    assert case.progress.state.value == "closed"
    hours = {dhaka_time(seen.at).hour for seen in desk.simulator.ledger.requests()}
    assert min(hours) >= 8
    assert max(hours) < 22
    assert len(desk.simulator.ledger.effects("application")) == 1


async def test_money_that_was_captured_before_closing_is_told_of_in_the_morning(
    desk: ServiceDesk[BrtaSimulator],
) -> None:
    desk.simulator.clock.set(at(24, 21, 50))
    case = desk.drive(desk.draft())
    usual = case._perform

    async def slow_till(call: Any) -> Any:
        if call.operation is Operation.QUERY_PAYMENT:
            desk.simulator.clock.set(max(desk.now, at(24, 22, 0, 5)))
        return await usual(call)

    case._perform = slow_till
    await case.run(days=0.2)
    (payment,) = case.progress.payments
    assert payment.state.value == "captured"
    assert desk.simulator.ledger.effects("payment") == ()
    await case.run(days=1)
    assert case.progress.payments[0].state.value == "confirmed"
    assert len(desk.simulator.ledger.effects("payment")) == 1


def test_portal_is_open_every_day_from_8_to_22() -> None:
    (window,) = parse_manifest(files("nagorik_brta").joinpath("plugin.toml").read_bytes()).windows
    assert (str(window.open), str(window.close)) == ("08:00:00", "22:00:00")
    assert len(window.weekdays) == 7
