"""Thirteen days without an agency: what waiting applications, their citizens and the agency see of it.

Most of them are filed and wait for the agency's word, so that they fall due to be asked about; every tenth is paid
and cannot be filed. Thirteen simulated days pass, and the queue drains. Measured is the agency's own record of
requests. Fails where any second of it, from whatever instant on, saw more requests than the plugin declares, where an
application is told anything that is not known, or where one is lost or filed twice.

    .venv/bin/python benchmarks/outage.py --applications 1000
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Final
from uuid import UUID, uuid4, uuid5

from sqlalchemy import select

from nagorik import ApplicationDraft, Consent, Operation, Text
from nagorik.clock import Deadline
from nagorik.values import Money
from nagorik_host import CITIZEN, Host
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.store import Database, Transaction, open_database
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.outages import expected, outages_of
from nagorik_host.store.schema import applications
from nagorik_host.store.suspensions import SuspensionRecord, suspend
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    Opened,
    ServiceCapabilities,
    Step,
    begin,
    open_application,
    step,
)
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.logs import configure_logging
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock, Simulator, SyntheticCitizens, in_process_configurations
from nagorik_testing.faults.conditions import Outage
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.fixtures.isolation import scratch_folder
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_testing.simulator.clock import OrderlyClock

AGENCY: Final = "nid"
GATEWAY: Final = "cashdesk"
FILED: Final = "nid.migration"
PAID: Final = "nid.reissue"
EVERY: Final = 10
"""Every how manieth application is one that is paid and cannot be filed."""
DAYS: Final = timedelta(days=13)
PROMISED: Final = timedelta(days=30)
SLOWLY: Final = dict.fromkeys(("propagation", "filing", "intake", "production"), timedelta(minutes=1)) | {
    "review": timedelta(days=40)
}
CITIZENS: Final = 400
TOGETHER: Final = 250
"""Applications that are put into the database in one unit."""
SAMPLE: Final = 5
"""Applications of each kind that are tracked now and then, as their citizens would."""
VERIFIED: Final = 2_000
"""Journals that are verified at the end."""
BUSY: Final = 300.0
HONEST: Final = {FILED: {"submitted"}, PAID: {"ready"}}
"""What may be said of an application while nobody can know more."""


class NoRateLimit:
    """Lets everything through: what is filed beforehand was filed over months."""

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> None:
        """At once."""


@dataclass(frozen=True, slots=True)
class World:
    """The agencies, the time, and the database."""

    clock: SimulatedClock
    simulators: dict[str, Simulator]
    database: Database

    @property
    def agency(self) -> Simulator:
        """The one that goes away."""
        return self.simulators[AGENCY]

    def settings(self) -> PlatformSettings:
        """A platform that reaches the simulators in this process."""
        return PlatformSettings(
            plugins=in_process_configurations(self.simulators.values()),
            admission=Admission(allow=frozenset(self.simulators)),
            documents=MemoryDocuments(),
            clock=self.clock,
            rate_limiter=SharedRateLimiter(self.database, self.clock),
            # The machine is kept busy on purpose, and a step that waits for its turn is no plugin's fault.
            longest_step=BUSY,
            import_seconds=BUSY,
        )


async def outage(number: int) -> None:
    """Run it and print what was measured."""
    with scratch_folder("outage") as folder:
        clock = OrderlyClock()
        found = installed_simulators()
        simulators = {name: load_simulator(found[name])(clock=clock) for name in (AGENCY, GATEWAY)}
        simulators[AGENCY].script.set("*", "approve", durations=SLOWLY)
        database = await open_database(f"sqlite:///{folder}/store.db")
        await upgrade(database)
        world = World(clock, simulators, database)
        try:
            async with Platform.discover(world.settings()) as platform:
                for record in platform.plugins:
                    import_module(record.source.value.partition(":")[0])
                host = Host(
                    database=database,
                    platform=platform,
                    keyring=read_keyring(make_keys("outage")),
                    clock=clock,
                    lease_clock=SimulatedClock(),
                )
                await _measure(world, host, number)
        finally:
            await database.close()


async def _measure(world: World, host: Host, number: int) -> None:
    clock, agency = world.clock, world.agency
    manifest = next(record.manifest for record in host.platform.plugins if record.id == AGENCY)
    assert manifest is not None
    per_second = manifest.limits.per_second
    began = _Time()
    async with Platform.discover(replace(world.settings(), rate_limiter=NoRateLimit())) as unpaced:
        paid = await _fill(host, unpaced, world, number)
    filled = began.lap()
    print(
        f"{number:,} applications: {number - paid:,} filed at {AGENCY}, {paid:,} paid and not filed ({filled})",
        flush=True,
    )

    down = clock.advance(1)
    up = down + DAYS
    agency.conditions.add(Outage(begin=down, end=up))
    tracked = await _wait(host, clock, up)
    waited = began.lap()
    knocks = [seen.at for seen in agency.ledger.requests() if down <= seen.at < up]
    print(f"away for            {DAYS.days} days ({waited})")
    print(f"while it is away    {len(knocks):,} requests reach its door, {len(knocks) / DAYS.days:.0f} a day")
    print(
        f"tracked             {tracked:,} times: where it was, since when, that it is safe, in both languages",
        flush=True,
    )

    clock.set(up)
    asked = await _drain(host, world, up, number)
    drained = max(asked.values()) - up
    calls = [seen.at for seen in agency.ledger.requests() if seen.at >= up]
    busiest = most_in_a_second([seen.at for seen in agency.ledger.requests() if seen.at >= down])
    rate = len(calls) / (calls[-1] - up).total_seconds()
    print(f"queue drained       in {drained}, {rate:.2f} requests a second ({began.lap()})")
    print(f"busiest second      {busiest} requests; declared {per_second:g} a second")

    filed = Counter(effect.client_reference for effect in agency.ledger.effects("application"))
    recorded = await host.database.run(lambda transaction: outages_of(transaction, AGENCY))
    frozen = expected(down, PROMISED, recorded, clock.now()).frozen
    print(f"expected dates      move by {frozen}")
    print(f"filed               {len(filed):,}, of which more than once: {sum(many > 1 for many in filed.values())}")
    verified = await _verify(host, VERIFIED)
    print(f"journals verified   {verified:,}", flush=True)
    assert busiest <= per_second, "the agency was called faster than it can bear"
    assert len(asked) == number, "an application was not asked about"
    assert len(filed) == number, "an application is lost"
    assert set(filed.values()) == {1}, "an application was filed twice"
    assert len(recorded) == 1, "the outage is not one"
    assert DAYS - timedelta(hours=1) < frozen < DAYS + timedelta(hours=1), "the dates did not move with the outage"
    assert verified == min(number, VERIFIED), "a journal does not verify"


def most_in_a_second(times: Sequence[datetime]) -> int:
    """The most of these instants, which are in order, that lie within any second."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - timedelta(seconds=1):
            first += 1
        most = max(most, last - first + 1)
    return most


class _Time:
    """Real and processor time between two moments."""

    def __init__(self) -> None:
        self._real, self._cpu = time.monotonic(), time.process_time()

    def lap(self) -> str:
        real, cpu = time.monotonic(), time.process_time()
        told = f"{real - self._real:.0f} s of real time, {cpu - self._cpu:.0f} s of processor time"
        self._real, self._cpu = real, cpu
        return told


# Before


@dataclass(frozen=True, slots=True)
class _Handed:
    """An application on its way into the database."""

    draft: ApplicationDraft
    capabilities: ServiceCapabilities
    so_far: Step


class _Preparation:
    """Carries applications, by calls as a worker makes them, to where the outage meets them.

    Citizens come again and again; what they were told of their eligibility and of the fee is told again.
    """

    def __init__(self, host: Host, platform: Platform, world: World) -> None:
        self._host = host
        self._platform = platform
        self._world = world
        self._gateway = next(offer.id for offer in host.platform.gateways)
        self._version = next(record.source.label for record in host.platform.plugins if record.id == AGENCY)
        self._drafts: dict[str, list[ApplicationDraft]] = {}
        self._capabilities: dict[str, ServiceCapabilities] = {}
        self._told: dict[tuple[int, Operation], CallAnswered | CallFailed] = {}

    async def prepare(self) -> None:
        """Find citizens who may apply."""
        for service in (FILED, PAID):
            self._capabilities[service] = ServiceCapabilities.of(
                self._host.platform.service(service), self._host.platform.gateway(self._gateway)
            )
            self._drafts[service] = []
            for serial in range(1, CITIZENS + 1):
                example = self._world.agency.example(service, SyntheticCitizens().citizen(serial))
                draft = ApplicationDraft(
                    service=service, applicant=example.applicant, form=dict(example.form), gateway=self._gateway
                )
                if await self.carry(self.hand_in(draft), Operation.QUOTE) is not None:
                    self._drafts[service].append(draft)

    def draft(self, service: str, number: int) -> ApplicationDraft:
        """What the ``number``-th citizen hands in."""
        drafts = self._drafts[service]
        return drafts[number % len(drafts)]

    def hand_in(self, draft: ApplicationDraft) -> _Handed:
        """A new application."""
        now, identity = self._world.clock.now(), str(uuid4())
        opened = Opened(
            at=now,
            id=identity,
            service=draft.service,
            plugin_version=self._version,
            client_reference=f"NGK-{identity.replace('-', '')[:16].upper()}",
            idempotency_key=str(uuid4()),
            consent=Consent(
                id="consent-outage",
                service=draft.service,
                operations=frozenset(Operation),
                fee_ceiling=Money.taka(10_000),
                given_at=now,
                expires_at=now + timedelta(days=400),
            ),
        )
        capabilities = self._capabilities[draft.service]
        return _Handed(draft, capabilities, open_application(opened, capabilities))

    async def carry(self, handed: _Handed, until: Operation) -> _Handed | None:
        """Make the calls that come before ``until``; ``None`` where the application waits for somebody first."""
        clock, done, events = self._world.clock, handed.so_far, handed.so_far.events
        while done.next.operation is not until:
            progress = done.progress
            payment = str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))
            begun = begin(progress, handed.capabilities, clock.now(), payment)
            if begun.next.operation is None:
                return None
            outcome = await self._call(handed.draft, begun)
            done = step(begun.progress, outcome, handed.capabilities, clock.now())
            events += begun.events + done.events
        return replace(handed, so_far=Step(done.progress, events, done.next))

    async def _call(self, draft: ApplicationDraft, begun: Step) -> CallAnswered | CallFailed:
        operation = begun.next.operation
        if operation is None or operation not in {Operation.ELIGIBILITY, Operation.QUOTE}:
            return await perform(self._platform, draft, begun.progress, begun.next)
        asked = (id(draft), operation)
        if asked not in self._told:
            self._told[asked] = await perform(self._platform, draft, begun.progress, begun.next)
        return self._told[asked]


async def _fill(host: Host, platform: Platform, world: World, number: int) -> int:
    """Carry all to where the outage meets them, and put them into the database; how many are paid and not filed."""
    preparation = _Preparation(host, platform, world)
    await preparation.prepare()
    paid, many = list[_Handed](), list[_Handed]()
    for place in range(1, number + 1):
        world.clock.advance(1)
        service, until = (PAID, Operation.QUERY_PAYMENT) if place % EVERY == 0 else (FILED, Operation.STATUS)
        carried = await preparation.carry(preparation.hand_in(preparation.draft(service, place)), until)
        assert carried is not None, "an application came to nothing before the outage"
        (paid if service == PAID else many).append(carried)
        if len(many) >= TOGETHER:
            await _keep(host, many)
            many = []
    # The citizens pay, and the gateway finds them to have paid.
    world.clock.advance(timedelta(minutes=5))
    for handed in paid:
        carried = await preparation.carry(handed, Operation.SUBMIT)
        assert carried is not None, "a citizen's payment came to nothing"
        many.append(carried)
    for first in range(0, len(many), TOGETHER):
        await _keep(host, many[first : first + TOGETHER])
    return len(paid)


async def _keep(host: Host, many: Iterable[_Handed]) -> None:
    def unit(transaction: Transaction) -> None:
        for handed in many:
            host.store.open_all(transaction, [(handed.draft, handed.so_far)])

    await host.database.run(unit)


# During


async def _wait(host: Host, clock: SimulatedClock, up: datetime) -> int:
    """Let time pass until ``up``; how often citizens looked at what is said of their applications meanwhile."""
    worker, looked = host.worker(), 0
    look_again, track_again = clock.now(), clock.now() + timedelta(hours=12)
    samples = await host.database.run(_samples)
    while (due := await worker.run_until_idle()) is not None and due < up:
        if clock.now() >= look_again:
            said = await host.database.run(_said)
            assert all(states <= HONEST[service] for service, states in said.items()), f"told of applications: {said}"
            look_again = clock.now() + timedelta(hours=1)
        if clock.now() >= track_again:
            for application in samples:
                _is_honest((await host.view(application, CITIZEN)).model_dump(mode="json"), clock)
            looked += len(samples)
            track_again += timedelta(hours=24)
        clock.set(max(due, clock.now()))
    return looked


def _is_honest(document: dict[str, object], clock: SimulatedClock) -> None:
    """Fails where a citizen is told anything else than that their agency cannot be reached, and since when."""
    unreachable = document["unreachable"]
    assert isinstance(unreachable, dict), "the citizen is not told that the agency cannot be reached"
    assert clock.now() - datetime.fromisoformat(unreachable["since"]) > timedelta(hours=1)
    assert "is safe" in unreachable["means"]["en"]
    assert "নিরাপদ" in unreachable["means"]["bn"]
    assert (document["agency_reference"] is not None) == (document["service"] == FILED)


def _samples(transaction: Transaction) -> list[str]:
    found: list[str] = []
    for service in (FILED, PAID):
        query = select(applications.c.id).where(applications.c.service == service).limit(SAMPLE)
        found += transaction.connection.scalars(query).all()
    return found


def _said(transaction: Transaction) -> dict[str, set[str]]:
    """By service, every state that is told of an application."""
    said: dict[str, set[str]] = {}
    for row in transaction.connection.execute(select(applications.c.service, applications.c.state).distinct()):
        said.setdefault(row.service, set()).add(row.state)
    return said


# After


async def _drain(host: Host, world: World, up: datetime, number: int) -> dict[str, datetime]:
    """Let time pass until the agency was asked about every application; when about each of them first."""
    working = asyncio.create_task(_work(host, world.clock))
    seen, asked = 0, dict[str, datetime]()
    while not working.done():
        requests = world.agency.ledger.requests()
        for one in requests[seen:]:
            if one.client_reference is not None and one.at >= up and one.fault is None:
                asked.setdefault(one.client_reference, one.at)
        seen = len(requests)
        if len(asked) >= number:
            # What falls due from now on is no part of the queue.
            halt = SuspensionRecord(
                "plugin", AGENCY, Text(en="Measured", bn="মাপা হয়েছে"), "benchmark", world.clock.now()
            )
            await host.database.run(partial(suspend, record=halt))
            break
        await asyncio.sleep(1)
    await working
    return asked


async def _work(host: Host, clock: SimulatedClock) -> None:
    worker = host.worker()
    while (due := await worker.run_until_idle()) is not None:
        clock.set(max(due, clock.now()))


async def _verify(host: Host, most: int) -> int:
    """How many of the first journals verify."""
    fine = seen = 0
    async for one in verify_journals(host.database, host.vault):
        fine += not one.findings
        seen += 1
        if seen == most:
            break
    return fine


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--applications", type=int, default=1000)
    configure_logging(level="CRITICAL")
    asyncio.run(outage(parser.parse_args().applications))
