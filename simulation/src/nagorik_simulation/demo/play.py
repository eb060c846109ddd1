"""Playing the examples: time passes on the durable host, the agencies are simulated, and people do what is theirs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select

from nagorik import ApplicationDraft, Consent, InputRejected, NagorikError, Operation, ServiceNotOffered
from nagorik.values import dhaka_date, dhaka_zone
from nagorik_host import Host
from nagorik_host.engine.worker import Worker
from nagorik_host.host import Tracked
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_platform import Call, Platform
from nagorik_platform.lifecycle import Decided, Event, Progress
from nagorik_platform.lifecycle.events import BookingChanged
from nagorik_platform.lifecycle.tables import MONEY_FOR_A_PERSON
from nagorik_simulation.demo.country_host import open_demo_host, serve_simulators
from nagorik_simulation.demo.display import ProgressPrinter
from nagorik_simulation.demo.example import Act, Example, ExampleProblem, NamedExample, Ruling
from nagorik_simulation.demo.results import DemoApplication, DemoResult, result_of
from nagorik_simulation.worker_pool import INTERRUPTED, ClockDriver, WorkerPool, log_lines
from nagorik_simulation.worker_process import CallWatch
from nagorik_testing.fixtures.isolation import scratch_folder
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.clock import OrderlyClock, SimulatedClock
from nagorik_testing.simulator.ledger import Effect
from nagorik_testing.simulator.shared_clock import SharedClock

HORIZON: Final = timedelta(days=120)
"""Simulated time after which an application that still waits is left as it is."""
CONSENT_DAYS: Final = 365
SOCKET_TURNS: Final = 200
"""Turns of the event loop for those that wait for a socket or the database's thread, before time goes on for others:
on a busy machine an answer takes many, and a question to another agency would end at its deadline meanwhile."""
OFFICER: Final = "Officer of the demonstration"
WORKER: Final = "demo"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:demo")
_ENTRIES: Final = select(applications.c.id, applications.c.entries)
_CUT_OFF: Final = select(attempts.c.application).where(attempts.c.operation == Operation.SUBMIT.value, INTERRUPTED)


async def play(
    examples: Iterable[NamedExample], display: ProgressPrinter, *, kill: bool = False
) -> tuple[DemoResult, ...]:
    """Carry every example as far as it goes, side by side, and say what became of each.

    Args:
        examples: What is played.
        display: Shows what happens.
        kill: Whether the worker is a process of its own that is killed in the middle, and followed by another.

    Raises:
        SimulatorUnusable: A simulator that an installed plugin brings cannot be used.
        ExampleProblem: An example names what no installed plugin or simulator has.
    """
    named = {str(uuid5(_NAMESPACE, item.name)): item for item in examples}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(scratch_folder("demo"))
        clock = SharedClock(folder / "clock") if kill else OrderlyClock(turns=SOCKET_TURNS)
        simulators, setting = await serve_simulators(stack, folder, clock)
        display.begin(simulators, [item.name for item in named.values()])
        requests = Counter[str]()

        def count(_: str, application: str, call: Call) -> None:
            requests[application] += call.requests

        host = await open_demo_host(stack, setting, setting.platform(clock, CallWatch(count)), SimulatedClock())
        for item in named.values():
            _check_offers(item, host.platform)
        played = Demonstration(host, clock, simulators, display)
        if not kill:
            await played.run(named, host.worker(WORKER))
        else:
            async with WorkerPool(setting, [WORKER]) as pool:
                filed = sum(item.example.expect.at_agency for item in named.values())
                played.kill_when_filed(pool, max(1, filed // 2))
                await played.run(named, ClockDriver(host, clock, pool))
            for line in log_lines(pool.logs[WORKER]):
                if isinstance(line, dict) and line["event"] == "call_ended":
                    requests[line["application"]] += line["requests"]
            for identity in await host.database.run(lambda t: t.connection.scalars(_CUT_OFF).all()):
                played.rows[identity].cut_off = True
        return tuple(result_of(played.rows[one], simulators, requests[one]) for one in named)


class Demonstration:
    """Advances applications until not one is due within the horizon, or all are closed or waiting for a person.

    Attributes:
        rows: The applications that were opened, by id.
    """

    def __init__(
        self, host: Host, clock: SimulatedClock, simulators: Mapping[str, Simulator], display: ProgressPrinter
    ) -> None:
        """Nothing is open yet."""
        self._host, self._clock, self._simulators, self._display = host, clock, simulators, display
        self.rows: dict[str, DemoApplication] = {}

    def kill_when_filed(self, pool: WorkerPool, number: int) -> None:
        """Kill the worker when the ``number``-th application was filed, before it has the agency's response."""
        filed: list[str] = []

        def on_effect(effect: Effect) -> None:
            if effect.kind == "application" and effect.client_reference is not None:
                filed.append(effect.client_reference)
                if len(filed) == number and pool.kill(WORKER):
                    names = [
                        one.named.name for one in self.rows.values() if one.progress.client_reference == filed[-1]
                    ]
                    self._display.killed(*names)

        for simulator in self._simulators.values():
            simulator.ledger.on_effect = on_effect

    async def run(self, named: Mapping[str, NamedExample], worker: Worker | ClockDriver) -> None:
        """Open what is to be opened at its time, and move the clock when nothing is due, but not past the horizon."""
        until = self._clock.now() + HORIZON
        openings = sorted((self._opening(item.example), identity) for identity, item in named.items())
        while True:
            while openings and openings[0][0] <= self._clock.now():
                identity = openings.pop(0)[1]
                self.rows[identity] = await self._open(identity, named[identity])
            due = await worker.run_until_idle()
            await self._refresh()
            if await self._let_people_act():
                continue
            dues = [at for at in (due, openings[0][0] if openings else None) if at is not None]
            if not dues or min(dues) > until:
                return
            if min(dues) > self._clock.now():
                self._clock.set(min(dues))

    def _opening(self, example: Example) -> datetime:
        now = self._clock.now()
        if example.opens is None:
            return now
        return max(now, datetime.combine(dhaka_date(now), example.opens, dhaka_zone()).astimezone(UTC))

    async def _open(self, identity: str, named: NamedExample) -> DemoApplication:
        """Hand an example in and script what awaits it at the simulators.

        Raises:
            ExampleProblem: Its form is refused; the fields are named, and nothing of what they hold.
        """
        example, now = named.example, self._clock.now()
        service = self._host.platform.service(example.service)
        draft = ApplicationDraft(
            service=example.service, applicant=example.applicant, form=example.form, gateway=example.gateway
        )
        consent = Consent(
            id=str(uuid5(UUID(identity), "consent")),
            service=example.service,
            operations=frozenset({*service.writes, Operation.START_PAYMENT}),
            fee_ceiling=example.fee_ceiling,
            given_at=now,
            expires_at=now + timedelta(days=CONSENT_DAYS),
            asks=frozenset(service.asks),
        )
        try:
            await self._host.apply(draft, consent=consent, application=identity)
        except InputRejected as rejected:
            wrong = "; ".join(f"{field.pointer}: {field.text.en}" for field in rejected.fields)
            raise ExampleProblem(f"{named.name}.json: {wrong}") from None
        progress = await self._host.progress(identity)
        _script(named, progress, self._simulators)
        return DemoApplication(named=named, draft=draft, progress=progress)

    async def _refresh(self) -> None:
        """Take in what has changed in the database, and show it in the order in which it happened."""
        happened: list[tuple[DemoApplication, Event]] = []
        for identity, tracked in (await self._host.database.run(self._changed)).items():
            row = self.rows[identity]
            happened += [(row, event) for event in tracked.events]
            row.progress = tracked.progress
            row.journal += tracked.events
        for row, event in sorted(happened, key=lambda one: one[1].at):
            self._display.event(row.named.name, event)

    def _changed(self, transaction: Transaction) -> dict[str, Tracked]:
        """Every application whose journal has grown, with what was added to it."""
        store, found = self._host.store, {}
        for identity, entries in transaction.connection.execute(_ENTRIES):
            known = len(self.rows[identity].journal)
            if entries != known:
                stored = store.read(transaction, identity)
                found[identity] = Tracked(stored.progress, store.events(transaction, stored, after=known))
        return found

    async def _let_people_act(self) -> bool:
        """Let everybody do once what they can do now; whether anybody did."""
        waiting = [row for row in self.rows.values() if row.progress.hold and row.progress.attempt is None]
        acted = [await self._book(row) | await self._act(row) for row in waiting]
        if any(acted):
            await self._refresh()
        return any(acted)

    async def _act(self, row: DemoApplication) -> bool:
        """Do the next thing in the file about what the application waits for: each is done once, in order."""
        progress, example = row.progress, row.named.example
        hold = progress.hold.code if progress.hold else ""
        everybody: tuple[Act | Ruling, ...] = (*example.citizen, *example.officers)
        acts = [one for one in everybody if one.hold == hold][row.acts.get(hold, 0) :]
        act = acts[0] if acts else None
        payment = progress.payment_in(*MONEY_FOR_A_PERSON)
        if act is None or (isinstance(act, Ruling) and payment is None):
            return False
        row.acts[hold] = row.acts.get(hold, 0) + 1
        if not isinstance(act, Ruling):
            row.draft = row.draft.model_copy(update={"form": {**row.draft.form, **act.form}})
            await self._host.act(progress.id, act.action, form=act.form)
        elif payment is not None:
            decided = Decided(OFFICER, act.reason, payment=payment.id, payment_to=act.payment_to)
            await self._host.decide(progress.id, decided)
        return True

    async def _book(self, row: DemoApplication) -> bool:
        """Choose the next appointment of the file, if it is time for it and one is free; whether that was done."""
        progress, wanted = row.progress, row.named.example.appointments
        changes = (event.booking for event in row.journal if isinstance(event, BookingChanged))
        booked = sum(one is not None and one.state == "booked" for one in changes)
        heard, booking = progress.status_at, progress.booking
        if booked >= len(wanted) or progress.status is None or heard is None:
            return False
        if progress.booking_in("wanted", "unknown") or (booking is not None and booking.since >= heard):
            return False
        if wanted[booked].when != progress.status.raw:
            return False
        try:
            offered = (await self._host.slots(progress.id)).slots
        except NagorikError:
            return False
        if offered:
            await self._host.book(progress.id, offered[min(wanted[booked].slot, len(offered)) - 1])
        return bool(offered)


def _check_offers(named: NamedExample, platform: Platform) -> None:
    """See that what an example applies for is offered.

    Raises:
        ExampleProblem: It is not.
    """
    example = named.example
    for field, offered, wanted in (
        ("service", platform.service, example.service),
        ("gateway", platform.gateway, example.gateway),
    ):
        try:
            if wanted is not None:
                offered(wanted)
        except ServiceNotOffered as error:
            where = f"{named.name}.json: {field}: {error.code} ({error.because})"
            raise ExampleProblem(f"{where}; nagorik services and nagorik plugins show what there is") from None


def _script(named: NamedExample, opened: Progress, simulators: Mapping[str, Simulator]) -> None:
    """Script what awaits this application: outcomes, and faults below the plugin.

    Raises:
        ExampleProblem: There is no such simulator, outcome or operation.
    """
    for number, scripted in enumerate(named.example.scripted):
        place = f"{named.name}.json: scripted.{number}"
        script = _simulator(simulators, scripted.simulator, place).script
        if scripted.outcome not in script.outcomes:
            raise ExampleProblem(f"{place}.outcome: not one of {', '.join(script.outcomes)}")
        marker = opened.client_reference
        if scripted.payment:
            marker = str(uuid5(UUID(opened.idempotency_key), f"payment/{scripted.payment}"))  # as the host gives it
        script.set(marker, scripted.outcome, durations=scripted.durations, values=scripted.values)
    for number, injected in enumerate(named.example.faults):
        place = f"{named.name}.json: faults.{number}"
        faults = _simulator(simulators, injected.simulator, place).faults
        if injected.operation not in {"*", *faults.operations}:
            raise ExampleProblem(f"{place}.operation: not one of *, {', '.join(sorted(faults.operations))}")
        faults.add(
            injected.operation,
            injected.fault,
            first=injected.first,
            count=injected.count,
            client_reference=opened.client_reference,
        )


def _simulator(simulators: Mapping[str, Simulator], name: str, place: str) -> Simulator:
    if name not in simulators:
        raise ExampleProblem(f"{place}.simulator: not one of {', '.join(simulators)}")
    return simulators[name]
