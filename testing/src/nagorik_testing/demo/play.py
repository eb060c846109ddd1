"""Playing the examples: all installed simulators on the loopback, and a platform that was told where they are."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from nagorik import (
    ApplicationDraft,
    Consent,
    InputRejected,
    Operation,
    Platform,
    PlatformSettings,
    PluginConfiguration,
    ServiceNotOffered,
    hookimpl,
)
from nagorik.bangladesh import dhaka_date, dhaka_zone
from nagorik.journey import CitizenActed, Decided, Event, Opened
from nagorik.lifecycle.groups import MONEY_FOR_A_PERSON
from nagorik.model.slot import Slot
from nagorik.platform import Call
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.demo.appointments import Appointments
from nagorik_testing.demo.book import Entry, enter
from nagorik_testing.demo.example import Act, Example, ExampleProblem, NamedExample, Ruling
from nagorik_testing.demo.memory_host import RUNNING, MemoryHost, Row, payment_id
from nagorik_testing.demo.telling import Teller
from nagorik_testing.documents import MemoryDocuments
from nagorik_testing.installed import installed_simulators, load_simulator
from nagorik_testing.loopback import LOOPBACK, serve
from nagorik_testing.simulator import Simulator

HORIZON: Final = timedelta(days=120)
"""Simulated time after which an application that still waits is left as it is."""
CONSENT_DAYS: Final = 365
OFFICER: Final = "Officer of the demonstration"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:demo")


class RequestCounter:
    """A host policy that adds up each application's HTTP requests."""

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Count the requests of every call that is made for an application."""
        return _count(call)


@asynccontextmanager
async def _count(call: Call) -> AsyncIterator[None]:
    try:
        yield
    finally:
        row = RUNNING.get()
        if row is not None:
            row.requests += call.requests


async def play(examples: Iterable[NamedExample], teller: Teller) -> tuple[Entry, ...]:
    """Carry every example as far as it goes, side by side, and say what became of each.

    Raises:
        SimulatorUnusable: A simulator that an installed plugin brings cannot be used.
        ExampleProblem: An example names what no installed plugin or simulator has.
    """
    named = tuple(examples)
    clock = SimulatedClock()
    async with AsyncExitStack() as stack:
        simulators = {name: load_simulator(found)(clock=clock) for name, found in installed_simulators().items()}
        configurations = {
            name: _at(simulator, await stack.enter_async_context(serve(simulator)))
            for name, simulator in simulators.items()
        }
        teller.opening(f"Simulated agencies on this machine: {', '.join(simulators)}. No real agency is called.")
        settings = PlatformSettings(
            plugins=configurations, policies=(RequestCounter(),), documents=MemoryDocuments(), clock=clock
        )
        platform = await stack.enter_async_context(Platform.discover(settings))
        names: dict[str, NamedExample] = {}

        async def watch(row: Row, events: tuple[Event, ...]) -> None:
            teller.tell(names[row.progress.id].name, events, clock.now())

        def wishes(row: Row) -> CitizenActed | Decided | None:
            return _act(row, names[row.progress.id].example)

        def booked(row: Row, slot: Slot | None) -> None:
            teller.appointment(names[row.progress.id].name, slot, clock.now())

        appointments = Appointments(platform, clock, booked)

        async def errand(row: Row) -> None:
            await appointments.take(row, names[row.progress.id].example)

        host = MemoryHost(platform, clock, watch=watch, wishes=wishes, errand=errand)
        rows: dict[str, Row] = {}
        for item in named:
            _check_offers(item, platform)
            identity = uuid5(_NAMESPACE, item.name)
            names[str(identity)] = item
            opened = _opened(item.example, identity, platform, clock)
            _script(item, opened, simulators)
            rows[item.name] = await host.open(_draft(item.example), opened)
        await host.run(rows.values(), clock.now() + HORIZON)
        entries = [enter(item, rows[item.name], platform.service(item.example.service), simulators) for item in named]
        for item, entry in zip(named, entries, strict=True):
            if entry.problems:
                entry.problems += await _form_problems(platform, item.example.service, rows[item.name].draft)
        return tuple(entries)


async def _form_problems(platform: Platform, service: str, draft: ApplicationDraft) -> list[str]:
    """Which fields of a form are wrong, each with its sentence; nothing of what they hold."""
    try:
        await platform.validate(service, draft.form)
    except InputRejected as rejected:
        return [f"{field.pointer}: {field.text.en}" for field in rejected.fields]
    return []


def _check_offers(named: NamedExample, platform: Platform) -> None:
    """See that somebody offers what an example applies for.

    Raises:
        ExampleProblem: Nobody does.
    """
    example = named.example
    for field, offered, wanted in (
        ("service", platform.service, example.service),
        ("gateway", platform.gateway, example.gateway),
    ):
        if wanted is None:
            continue
        try:
            offered(wanted)
        except ServiceNotOffered as error:
            where = f"{named.name}.json: {field}: {error.code} ({error.because})"
            raise ExampleProblem(f"{where}; nagorik services and nagorik plugins tell what there is") from None


def _at(simulator: Simulator, base_url: str) -> PluginConfiguration:
    return PluginConfiguration(settings=simulator.settings(base_url), egress=frozenset({LOOPBACK}))


def _draft(example: Example) -> ApplicationDraft:
    return ApplicationDraft(
        service=example.service, applicant=example.applicant, form=example.form, gateway=example.gateway
    )


def _opened(example: Example, identity: UUID, platform: Platform, clock: SimulatedClock) -> Opened:
    """The first event: one root key and one client reference for everything that is ever sent for the application."""
    now = _opening(example, clock)
    service = platform.service(example.service)
    consent = Consent(
        id=str(uuid5(identity, "consent")),
        service=example.service,
        operations=frozenset({*service.writes, Operation.START_PAYMENT}),
        fee_ceiling=example.fee_ceiling,
        given_at=now,
        expires_at=now + timedelta(days=CONSENT_DAYS),
        asks=frozenset(service.asks),
    )
    plugin = next(found for found in platform.plugins if found.id == example.service.partition(".")[0])
    return Opened(
        at=now,
        id=str(identity),
        service=example.service,
        plugin_version=plugin.source.label,
        client_reference=f"NGK-{identity.hex[:16].upper()}",
        idempotency_key=str(uuid5(identity, "key")),
        consent=consent,
    )


def _opening(example: Example, clock: SimulatedClock) -> datetime:
    now = clock.now()
    if example.opens is None:
        return now
    return max(now, datetime.combine(dhaka_date(now), example.opens, dhaka_zone()).astimezone(UTC))


def _script(named: NamedExample, opened: Opened, simulators: Mapping[str, Simulator]) -> None:
    """Tell the simulators what awaits this application: outcomes, and faults below the plugin.

    Raises:
        ExampleProblem: There is no such simulator, outcome or operation.
    """
    for number, scripted in enumerate(named.example.scripted):
        place = f"{named.name}.json: scripted.{number}"
        script = _simulator(simulators, scripted.simulator, place).script
        if scripted.outcome not in script.outcomes:
            raise ExampleProblem(f"{place}.outcome: not one of {', '.join(script.outcomes)}")
        payment = scripted.payment and payment_id(opened.idempotency_key, scripted.payment)
        marker = payment or opened.client_reference
        script.set(marker, scripted.outcome, durations=scripted.durations, values=scripted.values)
    for number, mishap in enumerate(named.example.mishaps):
        place = f"{named.name}.json: mishaps.{number}"
        faults = _simulator(simulators, mishap.simulator, place).faults
        if mishap.operation not in {"*", *faults.operations}:
            raise ExampleProblem(f"{place}.operation: not one of *, {', '.join(sorted(faults.operations))}")
        faults.add(
            mishap.operation,
            mishap.fault,
            first=mishap.first,
            count=mishap.count,
            client_reference=opened.client_reference,
        )


def _simulator(simulators: Mapping[str, Simulator], name: str, place: str) -> Simulator:
    if name not in simulators:
        raise ExampleProblem(f"{place}.simulator: not one of {', '.join(simulators)}")
    return simulators[name]


def _act(row: Row, example: Example) -> CitizenActed | Decided | None:
    """What somebody does about what the application waits for: the acts of the file, each once and in order."""
    hold = row.progress.hold
    if hold is None:
        return None
    everybody: tuple[Act | Ruling, ...] = (*example.citizen, *example.officers)
    acts = [act for act in everybody if act.hold == hold.code]
    done = row.acts.get(hold.code, 0)
    if done >= len(acts):
        return None
    act = acts[done]
    if isinstance(act, Ruling):
        payment = row.progress.payment_in(*MONEY_FOR_A_PERSON)
        if payment is None:
            return None
        return Decided(officer=OFFICER, reason=act.reason, payment=payment.id, payment_to=act.payment_to)
    if act.form:
        row.draft = row.draft.model_copy(update={"form": {**row.draft.form, **act.form}})
    return CitizenActed(act.action)
