"""When an agency is taken to be down, who tries it again and when, and what brings it back."""

import asyncio
from datetime import timedelta
from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest

from nagorik import (
    AgencyClosed,
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.errors import CredentialProblem, Layer
from nagorik.manifest import Circuit
from nagorik_host.commands.checks import outage_hint
from nagorik_host.engine.health import (
    FAILURES_OF_AN_OUTAGE,
    LAST_PROBE,
    HealthTracker,
    try_refused,
)
from nagorik_host.engine.pace import row_of
from nagorik_host.store.outages import outages_of
from nagorik_platform.agency_client.tokens import REFUSED_PAUSES
from nagorik_platform.lifecycle import CallAnswered, CallFailed
from nagorik_testing import SimulatedClock

AGENCIES = count()
ANSWERED = CallAnswered(None)
GONE = CallFailed(AgencyUnavailable(because="connection-refused"))
REFUSED = CallFailed(CredentialsRejected(CredentialProblem.WRONG))
HELD_BACK = CallFailed(CredentialsRejected(CredentialProblem.WRONG, layer=Layer.CORE))
PROBE_AFTER = timedelta(seconds=30)


class Agency:
    """One agency's row, and the processes that learn of it."""

    def __init__(self, database, *, has_login=False, processes=1):
        self.database, self.clock = database, SimulatedClock()
        self.name = f"health-{next(AGENCIES)}"
        manifest = SimpleNamespace(circuit=Circuit(), login=object() if has_login else None)
        self.processes = [HealthTracker({self.name: manifest}) for _ in range(processes)]
        self.health = self.processes[0]

    async def learn(self, outcome, *, of=0, is_sent=True):
        learn, now = self.processes[of].learn, self.clock.now()
        unit = partial(learn, plugin=self.name, outcome=outcome, now=now, is_sent=is_sent)
        change = await self.database.run(unit)
        return change and (change.down_since is not None, change.cause)

    async def fails(self, outcome=GONE, times=FAILURES_OF_AN_OUTAGE):
        return [await self.learn(outcome) for _ in range(times)][-1]

    async def row(self):
        return await self.database.run(partial(row_of, plugin=self.name))

    async def wait(self):
        """How long it is until it may be tried."""
        return self.health.probe_at(await self.row(), self.clock.now()) - self.clock.now()

    async def take_probe(self, of=0):
        def unit(transaction):
            row = row_of(transaction, self.name)
            return self.processes[of].take_probe(transaction, row, self.clock.now())

        return await self.database.run(unit)

    async def probe(self, outcome, **more):
        """Try it as soon as it may be tried."""
        self.clock.advance((await self.wait()).total_seconds())
        assert await self.take_probe()
        return await self.learn(outcome, **more)


async def test_calls_that_fail_together_are_one_outage_that_one_answer_ends(database):
    """However many were in flight, in however many processes."""
    agency = Agency(database, processes=2)
    began = agency.clock.now()
    changes = await asyncio.gather(*(agency.learn(GONE, of=number % 2) for number in range(40)))
    assert [one for one in changes if one is not None] == [(True, "connection-refused")]
    row = await agency.row()
    assert (row.failures, row.down_since, row.probes) == (40, began, 0)
    assert timedelta(0) < await agency.wait() <= PROBE_AFTER
    later = agency.clock.advance(60)
    assert await agency.learn(ANSWERED) == (False, None)
    row = await agency.row()
    assert (row.failures, row.down_since, row.cause, row.probe_at) == (0, None, None, None)
    assert await agency.learn(ANSWERED) is None
    (outage,) = await database.run(partial(outages_of, plugin=agency.name))
    assert (outage.begin, outage.end) == (began, later)


async def test_what_the_manifest_says_of_its_circuit_holds_for_all_processes(database):
    broken = CallFailed(ContractViolation("http-299"))
    agency = Agency(database)
    assert await agency.fails(broken, times=2) is None
    assert await agency.learn(broken) == (True, "contract-violation")
    agency = Agency(database)
    await agency.learn(GONE)
    agency.clock.advance(60)
    assert await agency.learn(GONE) == (True, "connection-refused")


async def test_one_probe_at_a_time_is_made_ever_more_seldom(database):
    agency = Agency(database, processes=2)
    await agency.fails()
    assert not await agency.take_probe()
    waits = []
    for _ in range(12):
        agency.clock.advance((await agency.wait()).total_seconds())
        assert [await agency.take_probe(of=number) for number in (0, 1)] == [True, False]
        assert await agency.learn(GONE) is None
        waits.append(await agency.wait())
    assert waits[0] <= 2 * PROBE_AFTER
    assert max(waits) <= LAST_PROBE
    assert waits[-1] > LAST_PROBE / 2


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (CredentialProblem.WRONG, "credentials-wrong"),
        (CredentialProblem.EXPIRED, "credentials-expired"),
        (CredentialProblem.REVOKED, "credentials-revoked"),
        (CredentialProblem.ADDRESS_NOT_ALLOWED, "credentials-address-not-allowed"),
    ],
)
async def test_credentials_that_let_nobody_in_are_an_outage_at_once(database, kind, cause):
    agency = Agency(database)
    assert await agency.learn(CallFailed(CredentialsRejected(kind))) == (True, cause)
    assert await database.run(partial(try_refused, plugin=agency.name, now=agency.clock.now()))
    assert outage_hint(cause)


async def test_key_that_is_refused_at_calls_is_tried_four_times_on_the_first_day_and_once_on_each_other(database):
    agency = Agency(database)
    await agency.learn(REFUSED)
    waits = [await agency.wait()]
    for _ in range(5):
        await agency.probe(REFUSED)
        waits.append(await agency.wait())
    for wait, pause in zip(waits, [*REFUSED_PAUSES, REFUSED_PAUSES[-1], REFUSED_PAUSES[-1]], strict=True):
        assert pause * 1.1 <= wait <= pause * 1.25


async def test_agency_with_a_login_is_probed_as_any_other_as_its_tokens_are_paced_by_themselves(database):
    agency = Agency(database, has_login=True)
    await agency.learn(REFUSED)
    for _ in range(12):
        assert await agency.wait() <= LAST_PROBE
        await agency.probe(HELD_BACK)


async def test_what_fails_after_the_platform_was_let_in_is_an_outage_of_its_own(database):
    agency = Agency(database)
    for _ in range(4):
        await agency.learn(REFUSED)
    assert await agency.probe(GONE) is None
    row = await agency.row()
    assert (row.cause, row.probes) == ("connection-refused", 0)
    assert await agency.wait() <= PROBE_AFTER
    assert await agency.probe(REFUSED) is None
    assert (await agency.row()).cause == "credentials-wrong"
    assert await agency.wait() >= REFUSED_PAUSES[0] * 1.1


async def test_officer_has_refused_credentials_tried_once_and_the_next_pause_is_as_long_as_before(database):
    agency, other = Agency(database), Agency(database)
    await agency.learn(REFUSED)
    await other.fails()
    for _ in range(2):
        await agency.probe(REFUSED)
    now = agency.clock.now()
    assert not await database.run(partial(try_refused, plugin=other.name, now=now))
    assert await database.run(partial(try_refused, plugin=agency.name, now=now))
    assert await agency.take_probe()
    await agency.learn(REFUSED)
    assert await agency.wait() >= REFUSED_PAUSES[-1] * 1.1


@pytest.mark.parametrize(
    "error",
    [
        AgencyUnavailable(because="database-away", layer=Layer.CORE),
        AgencyUnavailable(because="lease-lost", layer=Layer.CORE),
        AgencyUnavailable(because="document-unreadable", layer=Layer.CORE),
        OutcomeUnknown(step="a", because="cancelled", layer=Layer.CORE),
        ContractViolation("paper-unreadable", layer=Layer.PLUGIN),
        CredentialsRejected(CredentialProblem.NOT_PERMITTED),
        AgencyRejected("limit"),
        PluginFault("raised", plugin="a"),
    ],
    ids=lambda error: getattr(error, "because", error.code),
)
async def test_what_is_the_hosts_the_plugins_or_one_applications_is_no_outage(database, error):
    agency = Agency(database)
    for _ in range(3 * FAILURES_OF_AN_OUTAGE):
        assert not agency.health.is_news(agency.name, CallFailed(error))
        assert await agency.learn(CallFailed(error)) is None


@pytest.mark.parametrize("error", [PluginFault("raised", plugin="a"), AgencyClosed(SimulatedClock().now())])
async def test_what_no_agency_has_answered_ends_no_outage(database, error):
    agency = Agency(database)
    await agency.fails()
    assert await agency.probe(CallFailed(error)) is None
    assert (await agency.row()).down_since is not None


@pytest.mark.parametrize(("seconds", "later"), [(None, 1), (0, 1), (40, 40), (1e6, 900)])
async def test_probe_that_there_was_no_time_for_is_made_when_there_is(database, seconds, later):
    agency = Agency(database)
    await agency.fails()
    await agency.probe(CallFailed(RateLimited(retry_after=seconds, layer=Layer.CORE)))
    assert await agency.wait() == timedelta(seconds=later)


async def test_answer_that_a_plugin_knew_by_itself_says_nothing_of_an_agency_that_was_asked(database):
    agency = Agency(database)
    await agency.fails()
    assert await agency.probe(ANSWERED, is_sent=False) is None
    assert (await agency.row()).down_since is not None
    assert await agency.wait() == timedelta(0)
