"""An agency's time is handed out once, however many processes ask for it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, pairwise
from random import Random
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import insert, update

from nagorik import (
    AgencyClosed,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.errors import CredentialProblem, Layer
from nagorik_host.commands.outage_hints import outage_hint
from nagorik_host.engine.affinity import AgencyAffinity
from nagorik_host.engine.agencies import AgencyLimits, AgencyScheduler
from nagorik_host.engine.claim_batch import ClaimBatch, Need
from nagorik_host.engine.health import (
    FIRST_PROBE,
    LAST_PROBE,
    LEFT_TO_OTHERS,
    SELDOMEST_IN_VAIN,
    HealthChange,
    MadeCall,
    pause_in_vain,
)
from nagorik_host.engine.instants import HORIZON, interval_of, row_of, take_instants
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.offers import Offers
from nagorik_host.engine.outage import OutageRetry
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.reach import FAILURES_OF_AN_OUTAGE, is_the_plugins
from nagorik_host.store.outages import outages_of
from nagorik_host.store.schema import agencies, agency_tokens, workers
from nagorik_platform.agency_client.tokens import REFUSED_PAUSES
from nagorik_platform.lifecycle import CallAnswered, CallFailed
from nagorik_testing import SimulatedClock

# One agency is asked by one example: an `id()` may be given twice, and the agency's time would be taken already.
AGENCIES = count()
REFUSED = CallFailed(CredentialsRejected(CredentialProblem.WRONG))
ASKED = st.lists(st.tuples(st.integers(1, 6), st.floats(0, 3, allow_nan=False)), min_size=1, max_size=12)


def instants(taken, interval):
    return [taken.first + number * interval for number in range(taken.number)]


@pytest.mark.parametrize("per_second", [0.2, 5, 300])
@given(asked=ASKED)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_two_calls_have_the_same_time(database, per_second, asked):
    clock, interval = SimulatedClock(), interval_of(per_second)
    name = f"agency-{next(AGENCIES)}"
    slots = []
    for wanted, later in asked:
        now = clock.advance(later)
        taken = await database.run(lambda t, now=now, wanted=wanted: take_instants(t, name, wanted, interval, now))
        assert taken.number <= wanted
        assert taken.now == now
        found = instants(taken, interval)
        assert all(now <= at < now + HORIZON for at in found)
        # As many as there is time for.
        assert taken.number == wanted or taken.first + taken.number * interval >= now + HORIZON
        slots += found
    assert all(later - earlier >= interval for earlier, later in pairwise(slots))


async def test_slow_agency_is_called_at_once_when_it_is_free(database):
    clock, interval = SimulatedClock(), interval_of(0.1)

    async def take(later):
        now = clock.now() + timedelta(seconds=later)
        return instants(await database.run(lambda t: take_instants(t, "slow", 3, interval, now)), interval)

    assert await take(0) == [clock.now()]
    assert await take(5) == []
    assert await take(10) == [clock.now() + interval]


async def test_instants_are_of_the_databases_own_clock(database):
    """Whatever the process's own clock says: one that is an hour ahead takes nothing of an hour from now."""
    interval = interval_of(5)
    first = await database.run(lambda t: take_instants(t, "wasa", 2, interval, None))
    then = await database.run(lambda t: take_instants(t, "wasa", 9, interval, None))
    assert first.number == 2
    assert then.first == first.first + 2 * interval
    assert then.first + (then.number - 1) * interval < then.now + HORIZON


async def test_one_that_was_late_takes_no_more_than_a_moment_ahead_of_others(database):
    clock, interval = SimulatedClock(), interval_of(5)
    now, ahead = clock.now(), timedelta(seconds=1)
    await database.run(lambda t: take_instants(t, "wasa", 1, interval, now, lead=ahead, stretch=ahead))
    later = await database.run(lambda t: take_instants(t, "wasa", 1, interval, now))
    assert later.number == 0
    assert later.first == now + 2 * ahead + interval


async def test_calls_that_fail_together_are_one_outage_and_one_step_of_the_pause(database):
    """However many were in flight, in however many processes: it is as if one had found out."""
    clock, name = SimulatedClock(), f"agency-{next(AGENCIES)}"
    processes = [AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=40)}) for _ in range(2)]
    failed = CallFailed(AgencyUnavailable(because="connection-refused"))

    async def fail(number):
        learning = [
            partial(processes[one % 2].health.learn, plugin=name, outcome=failed, now=clock.now())
            for one in range(number)
        ]
        return [change for change in await asyncio.gather(*map(database.run, learning)) if change is not None]

    async def row():
        return await database.run(partial(row_of, plugin=name, now=None))

    together = 8 * FAILURES_OF_AN_OUTAGE
    assert await fail(together) == [HealthChange(is_down=True, cause="connection-refused")]
    began, first = clock.now(), await row()
    assert (first.failures, first.down_since, first.probes) == (together, began, 0)
    assert began < first.probe_at <= began + FIRST_PROBE

    clock.set(first.probe_at)
    assert await database.run(lambda t: processes[0].health.take_probe(t, row_of(t, name, None), clock.now()))
    probed = await row()
    assert await fail(together) == []
    last = await row()
    assert (last.probes, last.probe_at, last.down_since) == (1, probed.probe_at, began)
    assert [outage.begin for outage in await database.run(lambda t: outages_of(t, name))] == [began]


async def test_probe_that_is_put_off_for_longer_than_anybody_does_is_made(database):
    clock, name = SimulatedClock(), f"agency-{next(AGENCIES)}"
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    failed = CallFailed(AgencyUnavailable(because="connection-refused"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    in_years = datetime(2099, 1, 1, tzinfo=UTC)
    await database.run(lambda t: t.connection.execute(update(agencies).values(probe_at=in_years)))
    (state,) = await database.run(lambda t: scheduler.queue_states(t, [name], clock.now()))
    assert (state.is_down, state.free_at) == (True, clock.now())
    assert await database.run(lambda t: scheduler.health.take_probe(t, row_of(t, name, None), clock.now()))
    probed = await database.run(partial(row_of, plugin=name, now=None))
    assert clock.now() < probed.probe_at <= clock.now() + LAST_PROBE


async def test_agency_that_comes_back_and_is_gone_again_at_one_instant_has_one_outage(database):
    """As a clock that is set back makes it, too."""
    now, name = SimulatedClock().now(), f"agency-{next(AGENCIES)}"
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    for _ in range(3):
        for outcome in (*[CallFailed(AgencyUnavailable())] * FAILURES_OF_AN_OUTAGE, CallAnswered(None)):
            await database.run(partial(scheduler.health.learn, plugin=name, outcome=outcome, now=now))
    assert [(one.begin, one.end) for one in await database.run(lambda t: outages_of(t, name))] == [(now, now)]


async def outage_after(database, name, *errors):
    """What changed with each of these, one after another."""
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    now = SimulatedClock().now()
    return [
        await database.run(lambda t, error=error: scheduler.health.learn(t, name, CallFailed(error), now))
        for error in errors
    ]


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (CredentialProblem.EXPIRED, "credentials-expired"),
        (CredentialProblem.REVOKED, "credentials-revoked"),
        (CredentialProblem.WRONG, "credentials-wrong"),
        (CredentialProblem.ADDRESS_NOT_ALLOWED, "credentials-address-not-allowed"),
    ],
)
async def test_credentials_that_let_nobody_in_are_an_outage_at_once(database, kind, cause):
    (change,) = await outage_after(database, f"agency-{kind.value}", CredentialsRejected(kind))
    assert change == HealthChange(is_down=True, cause=cause)
    assert outage_hint(cause) != outage_hint("none of these")


async def test_agency_that_refuses_the_credentials_is_probed_as_seldom_as_they_are_tried(database):
    name, clock = "agency-seldom", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await outage_after(database, name, CredentialsRejected(CredentialProblem.WRONG))
    probes, begin = [], clock.now()
    while clock.now() < begin + timedelta(days=3):
        row = await database.run(lambda t: row_of(t, name, None))
        clock.set(max(row.probe_at, clock.now()))
        assert await database.run(lambda t, row=row: scheduler.health.take_probe(t, row, clock.now()))
        probes.append(clock.now())
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=REFUSED, now=clock.now()))
    gaps = [later - former for former, later in pairwise([begin, *probes])]
    assert len([at for at in probes if at <= begin + timedelta(days=1)]) <= 3
    pauses = [*REFUSED_PAUSES, *REFUSED_PAUSES[-1:] * 9]
    assert all(gap >= pause * 1.1 for gap, pause in zip(gaps, pauses, strict=False))


def of_it(name, **facts):
    """A call that is made with the settings of ``login_of``."""
    return MadeCall(identity=f"token of {name}", **facts)


async def probed(database, scheduler, name, clock, outcome, **facts):
    """The agency's row after a probe that ended so, if anybody heard how; the clock stands at the probe."""
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(max(row.probe_at, clock.now()))
    assert await database.run(lambda t: scheduler.health.take_probe(t, row_of(t, name, None), clock.now()))
    if outcome is not None:
        made = of_it(name, **facts)
        learn = partial(scheduler.health.learn, plugin=name, outcome=outcome, now=clock.now(), made=made)
        assert await database.run(learn) is None
    return await database.run(partial(row_of, plugin=name, now=None))


async def refused_until_it_was_tried_once_a_day(database, name, clock):
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await outage_after(database, name, CredentialsRejected(CredentialProblem.WRONG))
    for pause in REFUSED_PAUSES[1:]:
        row = await probed(database, scheduler, name, clock, REFUSED)
        assert pause * 1.1 <= row.probe_at - clock.now() <= pause * 1.25
    return scheduler


def login_of(name, clock, **ended):
    row = {"id": f"token of {name}", "plugin": name, "login": "login", "refused_at": clock.now(), "refusals": 4}
    return insert(agency_tokens).values(row | {"changed_at": clock.now(), "let_in_at": clock.now()} | ended)


@pytest.mark.parametrize("error", [ContractViolation("no-json"), AgencyUnavailable(because="read-timeout")])
async def test_what_fails_after_a_login_that_succeeded_is_an_outage_of_its_own(database, error):
    """Or the agency, which lets the platform in, would be left alone for another day."""
    name, clock = f"agency-lets-in-{error.code}", SimulatedClock()
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    clock.advance(timedelta(hours=20))
    await database.run(lambda t: t.connection.execute(login_of(name, clock)))
    row = await probed(database, scheduler, name, clock, CallFailed(error))
    assert (row.down_since is not None, row.cause, row.probes) == (True, getattr(error, "because", error.code), 0)
    assert clock.now() < row.probe_at <= clock.now() + FIRST_PROBE


@pytest.mark.parametrize("ended", [None, {"failed": "login"}, {"login": None}, {"let_in_at": None}, {"id": "others"}])
async def test_what_fails_without_a_login_that_succeeded_says_nothing_of_the_credentials(database, ended):
    name, clock = f"agency-says-nothing-{ended and next(iter(ended))}", SimulatedClock()
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    clock.advance(timedelta(hours=20))
    if ended is not None:
        await database.run(lambda t: t.connection.execute(login_of(name, clock, **ended)))
    row = await probed(database, scheduler, name, clock, CallFailed(AgencyUnavailable(because="read-timeout")))
    assert row.cause == "credentials-wrong"
    assert row.probe_at - clock.now() == REFUSED_PAUSES[0]


async def test_probe_that_fails_before_the_credentials_are_judged_is_made_again_ever_more_seldom(database):
    """Its login met an agency that answers nonsense: all citizens would wait for another day as after a refusal."""
    name, clock = "agency-garbles-the-login", SimulatedClock()
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    await database.run(lambda t: t.connection.execute(login_of(name, clock, refused="wrong")))
    garbled = CallFailed(ContractViolation("no-json"))
    began, probes = clock.now(), list[datetime]()
    while clock.now() < began + timedelta(days=3):
        row = await probed(database, scheduler, name, clock, garbled)
        assert row.cause == "credentials-wrong"
        probes.append(clock.now())
    gaps = [(later - former) / timedelta(minutes=15) for former, later in pairwise(probes)]
    assert gaps == [1, 2, 4, 8, *[SELDOMEST_IN_VAIN / timedelta(minutes=15)] * (len(gaps) - 4)]
    row = await probed(database, scheduler, name, clock, REFUSED)
    assert row.probe_at >= clock.now() + REFUSED_PAUSES[-1]


async def test_a_probe_in_vain_is_none_of_those_that_were_refused(database):
    """Or one that is refused after it would be followed by as long a pause as after several."""
    name, clock = "agency-away-and-refuses", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await outage_after(database, name, CredentialsRejected(CredentialProblem.WRONG))
    away = CallFailed(AgencyUnavailable(because="read-timeout"))
    for _ in range(9):
        await probed(database, scheduler, name, clock, away)
    row = await probed(database, scheduler, name, clock, REFUSED)
    assert REFUSED_PAUSES[1] * 1.1 <= row.probe_at - clock.now() <= REFUSED_PAUSES[1] * 1.25
    row = await probed(database, scheduler, name, clock, away)
    assert row.probe_at - clock.now() == REFUSED_PAUSES[0]


async def test_calls_that_fail_beside_the_one_that_was_refused_are_no_probes_in_vain(database):
    name, clock = "agency-fails-beside", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await outage_after(database, name, CredentialsRejected(CredentialProblem.WRONG))
    away = CallFailed(AgencyUnavailable(because="read-timeout"))
    for _ in range(6):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=away, now=clock.now()))
    row = await probed(database, scheduler, name, clock, away)
    assert row.probe_at - clock.now() == REFUSED_PAUSES[0]


async def test_agency_of_which_an_officer_says_that_it_may_be_tried_is_tried_again_soon_if_that_was_in_vain(database):
    name, clock = "agency-said-to-be-good", SimulatedClock()
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    away = CallFailed(AgencyUnavailable(because="read-timeout"))
    for _ in range(6):
        await probed(database, scheduler, name, clock, away)
    await database.run(lambda t: scheduler.health.try_refused(t, [name], clock.now(), are_others=False))
    row = await probed(database, scheduler, name, clock, away)
    assert row.probe_at - clock.now() == REFUSED_PAUSES[0]
    row = await probed(database, scheduler, name, clock, REFUSED)
    assert row.probe_at - clock.now() >= REFUSED_PAUSES[-1] * 1.1


async def test_a_login_before_the_outage_says_nothing_of_it(database):
    name, clock = "agency-let-in-before", SimulatedClock()
    await database.run(
        lambda t: t.connection.execute(login_of(name, SimulatedClock(clock.now() - timedelta(days=1))))
    )
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    row = await probed(database, scheduler, name, clock, CallFailed(AgencyUnavailable(because="read-timeout")))
    assert row.cause == "credentials-wrong"


async def test_probe_of_which_nothing_is_heard_is_made_again_the_same_day(database):
    """Its worker was killed, or held it back for reasons of its own: nobody has been refused."""
    name, clock = "agency-unheard", SimulatedClock()
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    row = await probed(database, scheduler, name, clock, None)
    assert clock.now() < row.probe_at <= clock.now() + LAST_PROBE
    row = await probed(database, scheduler, name, clock, REFUSED)
    assert row.probe_at >= clock.now() + REFUSED_PAUSES[-1]


async def test_a_probe_that_came_too_early_for_a_login_is_made_again_when_one_may_be(database):
    """The platform has held it back: that is no further refusal, to be waited for as long as one."""
    name, clock = "agency-too-early", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await outage_after(database, name, CredentialsRejected(CredentialProblem.WRONG))
    refused_at = clock.now()
    await database.run(lambda t: t.connection.execute(login_of(name, clock, refused="wrong")))
    held_back = CallFailed(CredentialsRejected(CredentialProblem.WRONG, layer=Layer.CORE))
    row = await probed(database, scheduler, name, clock, held_back)
    assert REFUSED_PAUSES[-1] * 1.1 <= row.probe_at - refused_at <= REFUSED_PAUSES[-1] * 1.25


async def test_a_late_refusal_of_the_old_credentials_does_not_put_the_new_ones_off(database):
    name, clock = "agency-has-new-ones", SimulatedClock()
    scheduler = await refused_until_it_was_tried_once_a_day(database, name, clock)
    await database.run(lambda t: scheduler.health.try_refused(t, [name], clock.now(), are_others=True))
    await database.run(partial(scheduler.health.learn, plugin=name, outcome=REFUSED, now=clock.now()))
    assert (await database.run(partial(row_of, plugin=name, now=None))).probe_at == clock.now()


async def test_agency_that_was_away_for_long_and_refuses_the_credentials_is_probed_from_the_first_pause_on(database):
    name, now = "agency-late", SimulatedClock().now()
    away = [AgencyUnavailable(because="connection-refused") for _ in range(FAILURES_OF_AN_OUTAGE)]
    await outage_after(database, name, *away)
    await database.run(lambda t: t.connection.execute(update(agencies).values(probes=90)))
    await outage_after(database, name, *[CredentialsRejected(CredentialProblem.WRONG)] * 2)
    row = await database.run(lambda t: row_of(t, name, None))
    assert row.probes == 0
    assert REFUSED_PAUSES[0] < row.probe_at - now < REFUSED_PAUSES[0] * 1.3


async def test_refusals_that_may_be_one_applications_are_counted_first(database):
    name = "agency-unspecified"
    changes = await outage_after(database, name, *[CredentialsRejected() for _ in range(FAILURES_OF_AN_OUTAGE)])
    assert changes == [
        *[None] * (FAILURES_OF_AN_OUTAGE - 1),
        HealthChange(is_down=True, cause="credentials-rejected"),
    ]


async def test_what_one_operation_is_not_permitted_is_no_outage(database):
    not_permitted = [CredentialsRejected(CredentialProblem.NOT_PERMITTED) for _ in range(FAILURES_OF_AN_OUTAGE + 1)]
    assert set(await outage_after(database, "agency-permits", *not_permitted)) == {None}


async def test_papers_that_cannot_be_read_are_no_outage_even_where_a_write_broke_off_for_one(database):
    unsent = [
        AgencyUnavailable(because="document-unreadable", layer=Layer.CORE) for _ in range(FAILURES_OF_AN_OUTAGE)
    ]
    broken = [OutcomeUnknown(step="file", because="document-unreadable") for _ in range(FAILURES_OF_AN_OUTAGE)]
    assert set(await outage_after(database, "agency-papers", *unsent, *broken)) == {None}


async def test_an_agency_that_answers_again_and_refuses_the_credentials_is_down_for_that(database):
    name = "agency-back"
    away = [AgencyUnavailable(because="connection-refused") for _ in range(FAILURES_OF_AN_OUTAGE)]
    await outage_after(database, name, *away, CredentialsRejected(CredentialProblem.EXPIRED))
    row = await database.run(lambda t: row_of(t, name, None))
    assert (row.down_since is not None, row.cause) == (True, "credentials-expired")


async def test_new_credentials_let_those_agencies_alone_be_tried_that_refused_the_old_ones(database):
    scheduler = AgencyScheduler({})
    now = SimulatedClock().now()
    refused, away = "agency-refused", "agency-away"
    await outage_after(database, refused, CredentialsRejected(CredentialProblem.WRONG))
    await outage_after(database, away, *[AgencyUnavailable() for _ in range(FAILURES_OF_AN_OUTAGE)])
    await database.run(lambda t: scheduler.health.try_refused(t, [refused, away], now, are_others=True))
    rows = [await database.run(lambda t, name=name: row_of(t, name, None)) for name in (refused, away)]
    assert [row.probe_at == now for row in rows] == [True, False]


class Lowest(Random):
    """No longer a pause than it has to be."""

    def uniform(self, a, b):
        return a


@pytest.mark.parametrize(("are_others", "hours"), [(True, 1), (False, 24)])
async def test_the_same_credentials_are_tried_as_seldom_as_before_once_they_are_refused_again(
    database, are_others, hours
):
    scheduler = AgencyScheduler({"agency-same": AgencyLimits(1.0, 1)}, rng=Lowest())
    now = SimulatedClock().now()
    await outage_after(database, "agency-same", CredentialsRejected(CredentialProblem.WRONG))
    for _ in range(5):
        now += timedelta(days=2)
        row = await database.run(lambda t: row_of(t, "agency-same", None))
        assert await database.run(lambda t, row=row, now=now: scheduler.health.take_probe(t, row, now))
        await database.run(lambda t, now=now: scheduler.health.learn(t, "agency-same", REFUSED, now))
    await database.run(lambda t: scheduler.health.try_refused(t, ["agency-same"], now, are_others=are_others))
    row = await database.run(lambda t: row_of(t, "agency-same", None))
    assert await database.run(lambda t: scheduler.health.take_probe(t, row, now))
    await database.run(partial(scheduler.health.learn, plugin="agency-same", outcome=REFUSED, now=now))
    again = (await database.run(lambda t: row_of(t, "agency-same", None))).probe_at - now
    assert again == timedelta(hours=hours) * 1.1


async def refused_once(database, name, clock):
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await database.run(partial(scheduler.health.learn, plugin=name, outcome=REFUSED, now=clock.now()))
    return scheduler


@pytest.mark.parametrize("outcome", [None, "held-back", "in-vain"])
async def test_only_what_the_agency_has_refused_lengthens_the_pause(database, outcome):
    """A worker that is killed, or holds a login back for a limit, leaves citizens waiting for no further day."""
    name, clock = f"agency-counts-{outcome}", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    ends = {
        None: None,
        "held-back": CallFailed(RateLimited(retry_after=60.0, layer=Layer.CORE)),
        "in-vain": CallFailed(PluginFault("login-raised", plugin=name)),
    }
    for _ in range(9):
        row = await probed(database, scheduler, name, clock, ends[outcome])
        assert (row.probes, row.cause) == (0, "credentials-wrong")
    for pause in REFUSED_PAUSES[1:]:
        row = await probed(database, scheduler, name, clock, REFUSED)
        assert pause * 1.1 <= row.probe_at - clock.now() <= pause * 1.25


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (RateLimited(), (15, 30, 60, 120, 240, 240)),
        (RateLimited(retry_after=3000.0), (50, 50, 60, 120, 240, 240)),
        (RateLimited(retry_after=1e9), (24 * 60,) * 3),
        (PluginFault("login-raised", plugin="wasa"), (15, 30, 60, 120, 240, 240)),
    ],
)
async def test_agency_that_refused_the_credentials_and_asks_for_fewer_calls_is_not_back(database, error, pauses):
    """Its answer may be to a login, which was not judged: each that follows would be one more."""
    name, clock = f"agency-asks-{next(AGENCIES)}", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    for minutes in pauses:
        row = await probed(database, scheduler, name, clock, CallFailed(error))
        assert row.down_since is not None
        assert row.probe_at - clock.now() == timedelta(minutes=minutes)
    await database.run(lambda t: t.connection.execute(login_of(name, clock)))
    clock.set(row.probe_at)
    learn = partial(scheduler.health.learn, plugin=name, outcome=CallFailed(error), now=clock.now(), made=of_it(name))
    assert (await database.run(learn) is None) == isinstance(error, PluginFault)


async def test_what_asks_for_fewer_calls_after_an_outage_of_another_cause_is_an_answer(database):
    name = "agency-asks-and-was-away"
    away = [AgencyUnavailable(because="connect-timeout") for _ in range(FAILURES_OF_AN_OUTAGE)]
    changes = await outage_after(database, name, *away, PluginFault("raised", plugin=name), RateLimited())
    assert changes[-2:] == [None, HealthChange(is_down=False)]


def test_what_may_have_come_of_a_login_is_no_word_of_the_plugins_own():
    own = [CallAnswered(None), CallFailed(PluginFault("raised", plugin="wasa"))]
    of_a_login = [RateLimited(), PluginFault("login-raised", plugin="wasa"), AgencyUnavailable(because="deadline")]
    assert [is_the_plugins(one) for one in own] == [True, True]
    assert {is_the_plugins(CallFailed(error)) for error in of_a_login} == {False}


async def test_agency_is_not_left_alone_for_a_probe_that_there_was_no_time_for(database):
    """One that can bear a call every two seconds, whose next instant is beyond the horizon."""
    name, clock = "agency-slow-and-away", SimulatedClock()
    limits = AgencyLimits(per_second=0.5, concurrency=2)
    scheduler, bears = AgencyScheduler({name: limits}), {name: 2}
    lease = WorkerLease("w-1", timedelta(minutes=1), clock)
    failed = CallFailed(AgencyUnavailable(because="connect-timeout"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    held = WorkerPlaces(lease, AgencyAffinity(lease, bears), bears)
    offers = Offers(scheduler, pace=None, places=held, retry=None, clock=clock)
    grant = partial(offers.grant, needs={name: Need(1, is_probe=True)}, lent=True)
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.probe_at)
    await database.run(lambda t: take_instants(t, name, 1, limits.interval, clock.now()))
    granted = (await database.run(grant))[name]
    assert granted.taken.number == 0
    assert (await database.run(partial(row_of, plugin=name, now=None))).probe_at == clock.now()
    clock.advance(limits.interval)
    assert (await database.run(grant))[name].taken.number == 1
    assert (await database.run(partial(row_of, plugin=name, now=None))).probe_at > clock.now()


async def test_probe_that_was_not_used_can_be_made_by_the_next_with_the_agencys_time_for_it(database):
    """Or an agency that bears a call every ten seconds would be found to be back ten seconds later for each time."""
    name, clock = "agency-slow-and-hinted", SimulatedClock()
    limits = AgencyLimits(per_second=0.1, concurrency=1)
    scheduler, bears = AgencyScheduler({name: limits}), {name: 1}
    lease = WorkerLease("w-1", timedelta(minutes=1), clock)
    failed = CallFailed(AgencyUnavailable(because="connect-timeout"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.probe_at)
    offers = Offers(
        scheduler,
        pace=partial(SharedRateLimiter(database, clock).pace, per_second=limits.per_second),
        places=WorkerPlaces(lease, AgencyAffinity(lease, bears), bears),
        retry=OutageRetry(database, lease, "one", WorkerObserver()),
        clock=clock,
    )

    async def offered():
        batch = ClaimBatch(SuspendedOffers())
        batch.needs[name] = Need(1, is_probe=True)
        return (await offers.take(batch, lent=True)).get(name)

    for _ in range(2):
        offer = await offered()
        assert offer is not None
        assert offer.is_probe
        assert [slot.at for slot in offer.slots] == [clock.now()]
        await offers.give_back(name, offer, 0)
    # One that is made has its time for itself.
    await offers.give_back(name, await offered(), 1)
    assert await offered() is None


HELD_BACK = CallFailed(CredentialsRejected(CredentialProblem.WRONG, layer=Layer.CORE))


async def worker_with(database, name, identity, clock, *, lives=True):
    """There is a worker with these settings, or was one."""
    until = clock.now() + timedelta(hours=1 if lives else -1)
    row = {"id": str(uuid4()), "name": "one", "key_names": "", "started_at": clock.now()}
    times = {"beat_at": clock.now(), "lease_until": until, "credentials": json.dumps({name: identity})}
    await database.run(lambda t: t.connection.execute(insert(workers).values(row | times)))


async def learned(database, scheduler, name, clock, outcome, **facts):
    """What changed by a call that ended so, and the agency's row after it."""
    made = of_it(name, lease_now=clock.now(), **facts)
    learn = partial(scheduler.health.learn, plugin=name, outcome=outcome, now=clock.now(), made=made)
    return await database.run(learn), await database.run(partial(row_of, plugin=name, now=None))


DAMAGED = json.dumps(dict.fromkeys(("agency-behind-damaged", "agency-left-damaged-False"), "�"))
OTHERS = [("living", True), ("dead", False), ("refused", False), ("same", False), ("none", False), ("damaged", False)]


@pytest.fixture
def others(database):
    """Has others at work beside a worker whose credentials are refused."""

    async def have(name, clock, which):
        await database.run(lambda t: t.connection.execute(login_of(name, clock, refused="wrong", login=None)))
        if which in ("living", "dead", "refused", "same"):
            identity = f"token of {name}" if which == "same" else f"others of {name}"
            await worker_with(database, name, identity, clock, lives=which != "dead")
        if which == "refused":
            refused = login_of(name, clock, id=f"others of {name}", refused="wrong", login=None)
            await database.run(lambda t: t.connection.execute(refused))
        if which == "damaged":
            await worker_with(database, name, "x", clock)
            await database.run(lambda t: t.connection.execute(update(workers).values(credentials=DAMAGED)))

    return have


@pytest.mark.parametrize(("which", "is_left"), OTHERS)
async def test_held_back_call_begins_an_outage_unless_a_living_worker_has_others(database, others, which, is_left):
    """Or nobody would be told that nobody is let in."""
    name, clock = f"agency-behind-{which}", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await others(name, clock, which)
    change, row = await learned(database, scheduler, name, clock, HELD_BACK)
    assert (change is None, row.down_since is None) == (is_left, is_left)


@pytest.mark.parametrize(("which", "is_left"), OTHERS)
@pytest.mark.parametrize("outcome", [HELD_BACK, REFUSED])
async def test_probe_by_one_whose_credentials_are_refused_is_left_to_a_living_worker_with_others(
    database, others, which, is_left, outcome
):
    """As while workers are restarted one by one; those of one are no try of the others' credentials."""
    name, clock = f"agency-left-{which}-{outcome is REFUSED}", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    await others(name, clock, which)
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.probe_at)
    assert await database.run(lambda t: scheduler.health.take_probe(t, row_of(t, name, None), clock.now()))
    _, row = await learned(database, scheduler, name, clock, outcome)
    assert (row.probe_at == clock.now(), row.probes) == (is_left, int(outcome is REFUSED and not is_left))


async def test_what_the_platform_holds_back_by_itself_is_an_outage_though_others_live(database):
    """As once its own certificate has ended, which may be so for each worker: nobody has refused their settings."""
    name, clock = "agency-of-certificates", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await worker_with(database, name, "others", clock)
    expired = CallFailed(CredentialsRejected(CredentialProblem.EXPIRED, layer=Layer.CORE))
    change, _ = await learned(database, scheduler, name, clock, expired, is_sent=False)
    assert change == HealthChange(is_down=True, cause="credentials-expired")
    # And what its plugin knows by itself does not end that.
    made = of_it(name, is_sent=False)
    learn = partial(
        scheduler.health.learn_of_plugin, plugin=name, outcome=CallAnswered(None), now=clock.now(), made=made
    )
    assert await database.run(learn) is None
    assert (await database.run(partial(row_of, plugin=name, now=None))).down_since is not None


async def test_plugin_that_sends_nothing_speaks_for_itself(database):
    name, clock = "agency-of-its-own", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    refused, own = CallFailed(CredentialsRejected(CredentialProblem.EXPIRED)), of_it(name, is_sent=False)
    change, _ = await learned(database, scheduler, name, clock, refused, is_sent=False)
    assert change == HealthChange(is_down=True, cause="credentials-expired")
    learn = partial(
        scheduler.health.learn_of_plugin, plugin=name, outcome=CallAnswered(None), now=clock.now(), made=own
    )
    assert await database.run(learn) == HealthChange(is_down=False)


async def test_agency_that_was_left_to_others_before_a_clock_was_set_back_is_looked_at(database):
    name, clock = "agency-left-and-back", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    row = SimpleNamespace(plugin=name, due_at=clock.now())
    scheduler.health._left_to_others[name] = clock.now() + LEFT_TO_OTHERS
    assert scheduler._due_at(row, clock.now()) == clock.now() + LEFT_TO_OTHERS
    assert scheduler._due_at(row, clock.now() - timedelta(minutes=1)) == row.due_at


async def test_cause_that_is_no_text_ends_no_worker(database):
    name, clock = "agency-of-bytes", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    row = SimpleNamespace(plugin=name, cause=b"\xff", probe_at=None, down_since=clock.now())
    assert scheduler.health.may_be_probed(row, clock.now())


@pytest.mark.parametrize(("which", "is_left"), OTHERS[:2])
async def test_outage_of_another_cause_is_none_of_credentials_for_one_who_is_behind(database, others, which, is_left):
    name, clock = f"agency-503-{which}", SimulatedClock()
    await outage_after(database, name, *[AgencyUnavailable(because="http-503") for _ in range(FAILURES_OF_AN_OUTAGE)])
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await others(name, clock, which)
    _, row = await learned(database, scheduler, name, clock, HELD_BACK)
    assert row.cause == ("http-503" if is_left else "credentials-wrong")


async def test_agency_without_a_login_is_left_to_nobody(database):
    """Whose key was refused is not known there: two wrong ones would be tried in turn."""
    name, clock = "agency-of-keys", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    await worker_with(database, name, "others", clock)
    _, row = await learned(database, scheduler, name, clock, REFUSED)
    assert row.probe_at >= clock.now() + REFUSED_PAUSES[0]


async def test_refusal_of_settings_that_a_worker_has_no_more_says_nothing(database):
    name, clock = "agency-reloaded", SimulatedClock()
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=5, concurrency=4)})
    change, row = await learned(database, scheduler, name, clock, REFUSED, has_others=True)
    assert (change, row.failures) == (None, 0)


async def test_call_from_before_a_probe_is_not_the_probe(database):
    name, clock = "agency-in-flight", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    row = await probed(database, scheduler, name, clock, REFUSED, began_at=clock.now())
    assert row.probes == 0
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.probe_at)
    row = await probed(database, scheduler, name, clock, REFUSED, began_at=clock.now() + timedelta(days=1))
    assert row.probes == 1


@pytest.mark.parametrize(("seconds", "later"), [(None, 1), (0.01, 1), (40.0, 40), (1e6, 900)])
async def test_probe_that_there_was_no_time_for_is_made_when_there_is(database, seconds, later):
    name, clock = f"agency-paced-{seconds}", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    paced = CallFailed(RateLimited(retry_after=seconds, layer=Layer.CORE))
    row = await probed(database, scheduler, name, clock, paced)
    assert row.probe_at == clock.now() + timedelta(seconds=later)


async def test_agency_that_answers_a_login_by_saying_that_it_is_closed_is_left_alone_as_long(database):
    name, clock = "agency-says-closed", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    for hours in (0.1, 0.4, 0.9, 6, 24):
        row = await database.run(partial(row_of, plugin=name, now=None))
        closed = AgencyClosed(max(row.probe_at, clock.now()) + timedelta(hours=hours), layer=Layer.AGENCY)
        row = await probed(database, scheduler, name, clock, CallFailed(closed))
        assert row.probe_at - clock.now() == max(timedelta(hours=hours), pause_in_vain(row.probes_in_vain))


@pytest.mark.parametrize("wrong", [-5, 2**31 - 1])
@pytest.mark.parametrize("outcome", [REFUSED, CallFailed(AgencyUnavailable(because="read-timeout"))])
async def test_count_that_nobody_can_have_written_counts_nothing(database, wrong, outcome):
    name, clock = f"agency-damaged-{wrong}", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    values = {"probes": wrong, "probes_in_vain": wrong, "failures": wrong}
    await database.run(lambda t: t.connection.execute(update(agencies).values(values)))
    row = await probed(database, scheduler, name, clock, outcome)
    assert (row.probes, row.probes_in_vain) in ((1, 0), (0, 1))


async def test_login_that_succeeds_after_a_clock_was_set_back_lets_in(database):
    name, clock = "agency-clock-back", SimulatedClock()
    scheduler = await refused_once(database, name, clock)
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.down_since - timedelta(days=1))
    await database.run(lambda t: t.connection.execute(login_of(name, clock)))
    clock.advance(timedelta(minutes=1))
    away = CallFailed(AgencyUnavailable(because="read-timeout"))
    _, row = await learned(database, scheduler, name, clock, away)
    assert row.cause == "read-timeout"


async def test_probe_is_awaited_for_as_long_as_there_is_no_instant_for_it(database):
    """Whoever looked when it fell due would find nothing to be done, and look again and again."""
    clock, name, interval = SimulatedClock(), f"agency-{next(AGENCIES)}", interval_of(0.1)
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=0.1, concurrency=4)})
    failed = CallFailed(AgencyUnavailable(because="connection-refused"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    await database.run(lambda t: scheduler.health.give_back_probe(t, name, clock.now()))
    due = update(agencies).where(agencies.c.plugin == name).values(probe_at=clock.now(), paced_to=clock.now())
    await database.run(lambda t: t.connection.execute(due))
    (state,) = await database.run(lambda t: scheduler.queue_states(t, [name], clock.now()))
    assert (state.is_down, state.free_at) == (True, clock.now())
    taken = await database.run(lambda t: take_instants(t, name, 1, interval, clock.now()))
    assert taken.number == 1
    (state,) = await database.run(lambda t: scheduler.queue_states(t, [name], clock.now()))
    assert clock.now() < state.free_at <= clock.now() + interval
