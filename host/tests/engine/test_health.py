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
PROBE_AFTER = timedelta(seconds=30)


class Agency:
    """One agency's row, and the processes that learn of it."""

    def __init__(self, database):
        self.database, self.clock = database, SimulatedClock()
        self.name = f"health-{next(AGENCIES)}"
        manifest = SimpleNamespace(circuit=Circuit(), login=None)
        self.processes = [HealthTracker({self.name: manifest}) for _ in range(2)]

    async def learn(self, outcome, *, of=0, is_sent=True):
        learn, now = self.processes[of].learn, self.clock.now()
        unit = partial(learn, plugin=self.name, outcome=outcome, now=now, is_sent=is_sent)
        change = await self.database.run(unit)
        return change and (change.down_since is not None, change.cause)

    async def fails(self):
        for _ in range(FAILURES_OF_AN_OUTAGE):
            await self.learn(GONE)

    async def row(self):
        return await self.database.run(partial(row_of, plugin=self.name))

    async def wait(self):
        """How long it is until it may be tried."""
        return (await self.row()).probe_at - self.clock.now()

    async def take_probe(self, of=0):
        def unit(transaction):
            return self.processes[of].take_probe(transaction, row_of(transaction, self.name), self.clock.now())

        return await self.database.run(unit)

    async def probe(self, outcome, **more):
        """Try it as soon as it may be tried; how long it is until the next try."""
        self.clock.advance((await self.wait()).total_seconds())
        assert await self.take_probe()
        assert await self.learn(outcome, **more) is None
        return await self.wait()

    async def try_refused(self):
        return await self.database.run(partial(try_refused, plugin=self.name, now=self.clock.now()))


@pytest.fixture
def agency(database):
    return Agency(database)


async def test_calls_that_fail_together_are_one_outage_that_one_answer_ends(agency):
    """However many were in flight, in however many processes."""
    began = agency.clock.now()
    changes = await asyncio.gather(*(agency.learn(GONE, of=number % 2) for number in range(40)))
    assert [one for one in changes if one is not None] == [(True, "connection-refused")]
    assert (await agency.row()).down_since == began
    assert timedelta(0) < await agency.wait() <= PROBE_AFTER
    later = agency.clock.advance(60)
    assert [await agency.learn(ANSWERED) for _ in range(2)] == [(False, None), None]
    (outage,) = await agency.database.run(partial(outages_of, plugin=agency.name))
    assert (outage.begin, outage.end) == (began, later)


KINDS = ("wrong", "expired", "revoked", "address-not-allowed")
REFUSALS = [(CredentialsRejected(CredentialProblem(kind)), 1, f"credentials-{kind}") for kind in KINDS]


@pytest.mark.parametrize(
    ("error", "times", "cause"), [(ContractViolation("http-299"), 3, "contract-violation"), *REFUSALS]
)
async def test_what_fails_as_often_as_the_manifest_says_is_an_outage(agency, error, times, cause):
    changes = [await agency.learn(CallFailed(error)) for _ in range(times)]
    assert changes == [*[None] * (times - 1), (True, cause)]
    assert outage_hint(cause)


async def test_one_probe_at_a_time_is_made_ever_more_seldom(agency):
    await agency.fails()
    assert not await agency.take_probe()
    waits = []
    for _ in range(12):
        agency.clock.advance((await agency.wait()).total_seconds())
        assert [await agency.take_probe(of=number) for number in (0, 1)] == [True, False]
        assert await agency.learn(GONE) is None
        waits.append(await agency.wait())
    assert waits[0] <= 2 * PROBE_AFTER
    assert LAST_PROBE / 2 < waits[-1] <= max(waits) <= LAST_PROBE


async def test_refused_key_is_tried_four_times_on_the_first_day_then_daily_and_once_for_an_officer(agency):
    await agency.learn(REFUSED)
    waits = [await agency.wait(), *[await agency.probe(REFUSED) for _ in range(5)]]
    for wait, pause in zip(waits, [*REFUSED_PAUSES, REFUSED_PAUSES[-1], REFUSED_PAUSES[-1]], strict=True):
        assert pause * 1.1 <= wait <= pause * 1.25
    assert await agency.try_refused()
    assert await agency.probe(REFUSED) >= REFUSED_PAUSES[-1] * 1.1


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
async def test_what_is_the_hosts_the_plugins_or_one_applications_is_no_outage(agency, error):
    for _ in range(3 * FAILURES_OF_AN_OUTAGE):
        assert not agency.processes[0].is_news(agency.name, CallFailed(error))
        assert await agency.learn(CallFailed(error)) is None


@pytest.mark.parametrize(
    ("outcome", "is_sent", "wait"),
    [
        (CallFailed(PluginFault("raised", plugin="a")), True, None),
        (CallFailed(AgencyClosed(SimulatedClock().now())), True, None),
        # There was no time for it at the agency: it is tried when there is.
        (CallFailed(RateLimited(retry_after=None, layer=Layer.CORE)), True, 1),
        (CallFailed(RateLimited(retry_after=40, layer=Layer.CORE)), True, 40),
        (CallFailed(RateLimited(retry_after=1e6, layer=Layer.CORE)), True, 900),
        # The plugin knew it by itself.
        (ANSWERED, False, 0),
    ],
)
async def test_what_no_agency_has_answered_ends_no_outage(agency, outcome, is_sent, wait):
    await agency.fails()
    waits = await agency.probe(outcome, is_sent=is_sent)
    assert (await agency.row()).down_since is not None
    assert wait is None or waits == timedelta(seconds=wait)
