"""An agency that is away for long: left alone, drained at its pace, and citizens are told the truth of it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from nagorik_host.engine.health import LAST_PROBE
from nagorik_host.engine.reach import FAILURES_OF_AN_OUTAGE
from nagorik_host.store.outages import outages_of
from nagorik_host.store.schema import applications
from nagorik_host.views import OFFICER
from nagorik_testing import SyntheticCitizens
from nagorik_testing.faults.conditions import Outage
from nagorik_testing.simulator.base import installed_simulators, load_simulator

pytestmark = pytest.mark.long

AWAY = timedelta(hours=2)
FILED, PAID, ELSEWHERE = 16, 8, 6
PER_SECOND = 5
SLOWLY = dict.fromkeys(("propagation", "filing", "intake", "production"), timedelta(minutes=1)) | {
    "review": timedelta(days=3)
}


def busiest(simulator, since: datetime | None = None) -> int:
    """The most requests that reached an agency's door within any second."""
    times = [seen.at for seen in simulator.ledger.requests() if since is None or seen.at >= since]
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - timedelta(seconds=1):
            first += 1
        most = max(most, last - first + 1)
    return most


async def states(host):
    rows = await host.database.run(
        lambda t: t.connection.execute(select(applications.c.id, applications.c.state)).all()
    )
    return {row.id: row.state for row in rows}


@pytest.fixture
def wide_world(world):
    """The world with two agencies more, and with decisions that take days."""
    for name in ("passport", "brta"):
        world.simulators[name] = load_simulator(installed_simulators()[name])(clock=world.clock)
    world.simulators["nid"].script.set("*", "approve", durations=SLOWLY)
    return world


async def hand_in(world, host, service, number):
    """Applications of that many citizens for a service."""
    simulator, found = world.simulators[service.partition(".")[0]], []
    for serial in range(number):
        example = simulator.example(service, SyntheticCitizens().citizen(7000 + serial))
        draft = world.draft().model_copy(
            update={"service": service, "applicant": example.applicant, "form": dict(example.form)}
        )
        consent = world.consent().model_copy(update={"service": service})
        found.append(await host.apply(draft, consent=consent))
    return found


async def test_agency_that_is_away_is_left_alone_and_drained_at_its_pace(wide_world, ready_url):
    world = wide_world
    nid, passport, gateway = (world.simulators[name] for name in ("nid", "passport", "cashdesk"))
    async with world.host(ready_url) as host:
        worker = host.worker()
        filed = await hand_in(world, host, "nid.migration", FILED)
        while world.effects("nid", "application") < FILED:
            world.clock.set(max(await worker.run_until_idle(), world.clock.now()))
        paid = await hand_in(world, host, "nid.reissue", PAID)
        # Far enough to have a payment open, which the gateway will find paid while the agency is away.
        while {(before := await states(host))[one] for one in paid} != {"awaiting_payment"}:
            world.clock.set(max(await worker.run_until_idle(), world.clock.now()))
        down = world.clock.advance(1)
        up = down + AWAY
        nid.conditions.add(Outage(begin=down, end=up))

        # Of an application nothing is said that nobody knows.
        while (due := await worker.run_until_idle()) < up - timedelta(minutes=3):
            now = await states(host)
            assert {now[one] for one in filed} == {before[one] for one in filed} == {"submitted"}
            assert {now[one] for one in paid} <= {"awaiting_payment", "ready"}
            world.clock.set(max(due, world.clock.now()))
        assert {(await states(host))[one] for one in paid} == {"ready"}
        assert world.effects("cashdesk", "capture") == PAID

        # Another agency is not slowed.
        world.clock.set(up - timedelta(minutes=3))
        await hand_in(world, host, "passport.reissue", ELSEWHERE)
        await world.carry(worker, for_at_most=timedelta(minutes=2))
        assert world.effects("passport", "application") == ELSEWHERE
        assert world.effects("cashdesk", "capture") == PAID + ELSEWHERE

        knocks = [seen for seen in nid.ledger.requests() if down <= seen.at < up]
        # Every probe is a call with its attempts; the first calls are those that found out.
        assert 0 < len(knocks) <= 4 * (FAILURES_OF_AN_OUTAGE + nid_concurrency(host) + AWAY / (LAST_PROBE * 0.5) + 10)
        assert {seen.status for seen in knocks} == {None}

        # It answers again: a probe finds that out, and all that waits is called within the pace.
        world.clock.set(up)
        while not asked_of_all(nid, up, FILED + PAID):
            assert world.clock.now() < up + LAST_PROBE + timedelta(minutes=2), "the queue does not drain"
            world.clock.set(max(await worker.run_until_idle(), world.clock.now()))
        assert world.effects("nid", "application") == FILED + PAID
        now = await states(host)
        assert {now[one] for one in (*filed, *paid)} <= {"submitted", "in_review"}
        ((began, ended),) = await host.database.run(lambda t: outages_of(t, "nid"))
        assert timedelta(0) <= began - down < timedelta(minutes=5)
        assert timedelta(0) <= ended - up <= LAST_PROBE + timedelta(seconds=30)
        assert await host.database.run(lambda t: outages_of(t, "passport")) == []
    assert busiest(nid, up) == PER_SECOND  # the queue is drained as fast as the agency can bear, and no faster
    assert busiest(nid) == PER_SECOND
    assert busiest(passport) <= PER_SECOND
    assert busiest(gateway) <= 10


async def test_worker_that_has_sent_nothing_yet_does_not_take_an_answer_of_the_plugins_for_the_agencys(
    wide_world, ready_url
):
    """Each new worker would tell that the agency is back, and every citizen that it was away until then."""
    world = wide_world
    passport = world.simulators["passport"]
    away = world.clock.now()
    passport.conditions.add(Outage(begin=away, end=away + AWAY))
    async with world.host(ready_url) as host:
        worker = host.worker()
        await hand_in(world, host, "passport.reissue", FAILURES_OF_AN_OUTAGE)
        while not await host.database.run(lambda t: outages_of(t, "passport")):
            world.clock.set(max(await worker.run_until_idle(), world.clock.now()))
        # Their own time comes later, so that the next to be tried with is new.
        later = update(applications).values(due_at=away + AWAY)
        await host.database.run(lambda t: t.connection.execute(later))
        await hand_in(world, host, "passport.reissue", 3)
    for _ in range(3):
        world.clock.advance(LAST_PROBE)
        async with world.host(ready_url) as host:
            await host.worker().run_until_idle()
            (outage,) = await host.database.run(lambda t: outages_of(t, "passport"))
            assert outage.end is None


def nid_concurrency(host):
    return next(record.manifest.limits.concurrency for record in host.platform.plugins if record.id == "nid")


def asked_of_all(simulator, since, number):
    """Whether the agency has been called about so many applications since."""
    asked = {seen.client_reference for seen in simulator.ledger.requests() if seen.at >= since}
    return len(asked - {None}) == number


async def test_citizen_is_told_since_when_what_it_means_and_that_the_expected_time_moves(wide_world, ready_url):
    world = wide_world
    async with world.host(ready_url) as host:
        worker = host.worker()
        (application,) = await hand_in(world, host, "brta.renewal", 1)
        await world.carry(worker, for_at_most=timedelta(minutes=10))
        before = (await host.view(application, OFFICER)).model_dump(mode="json")
        assert before["submitted_at"] is not None
        assert before["unreachable"] is None
        assert before["expected_frozen_seconds"] == 0
        down = world.clock.now()
        world.simulators["brta"].conditions.add(Outage(begin=down, end=down + AWAY))
        await world.carry(worker, for_at_most=AWAY - timedelta(minutes=1))
        # When it is asked for last before that is chance; the citizen looks at the end.
        world.clock.set(down + AWAY - timedelta(minutes=1))
        during = (await host.view(application, OFFICER)).model_dump(mode="json")
        assert (during["state"], during["agency_reference"]) == (before["state"], before["agency_reference"])
        told = during["unreachable"]
        since = datetime.fromisoformat(told["since"])
        assert down <= since < down + timedelta(minutes=30)
        assert told["plugin"] == "brta"
        assert told["means"]["en"].startswith("Bangladesh Road Transport Authority has not been reachable since ")
        assert "Your application is safe with us" in told["means"]["en"]
        assert "It may take that much longer." in told["means"]["en"]
        assert "বাংলাদেশ সড়ক পরিবহন কর্তৃপক্ষ-এর সঙ্গে সংযোগ করা যাচ্ছে না" in told["means"]["bn"]
        assert "নিরাপদ আছে" in told["means"]["bn"]
        assert "তত দিন দেরি হতে পারে" in told["means"]["bn"]
        assert not any("0" <= sign <= "9" for sign in told["means"]["bn"])
        frozen = timedelta(seconds=during["expected_frozen_seconds"])
        assert AWAY - timedelta(minutes=30) < frozen < AWAY
        moved = datetime.fromisoformat(during["expected_by"]) - datetime.fromisoformat(before["expected_by"])
        assert moved == frozen
        world.clock.set(down + AWAY)
        await world.carry(worker, for_at_most=timedelta(hours=1))
        after = (await host.view(application, OFFICER)).model_dump(mode="json")
        assert after["unreachable"] is None
        kept = timedelta(seconds=after["expected_frozen_seconds"])
        assert frozen < kept <= AWAY + timedelta(hours=1)
