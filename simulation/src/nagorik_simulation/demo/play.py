"""Playing the examples: all installed simulators on the loopback, and the durable host, told where they are."""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from nagorik import ApplicationDraft, Consent, InputRejected, Operation, ServiceNotOffered
from nagorik.values import dhaka_date, dhaka_zone
from nagorik_host import Host
from nagorik_platform import Platform
from nagorik_platform.lifecycle import Decided, Progress
from nagorik_platform.lifecycle.tables import MONEY_FOR_A_PERSON
from nagorik_simulation.demo.appointments import choose_appointment
from nagorik_simulation.demo.display import Display
from nagorik_simulation.demo.example import Act, Example, ExampleProblem, NamedExample, Ruling
from nagorik_simulation.demo.results import DemoApplication, DemoResult, result_of
from nagorik_simulation.demo.runner import CitizenAct, ExampleRunner
from nagorik_simulation.demo.worker import (
    DemoWorker,
    InProcessWorker,
    KilledWorker,
    RequestCounter,
    open_demo_host,
    serve_simulators,
)
from nagorik_testing.fixtures.isolation import scratch_folder
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.clock import OrderlyClock, SimulatedClock
from nagorik_testing.simulator.shared_clock import SharedClock

HORIZON: Final = timedelta(days=120)
"""Simulated time after which an application that still waits is left as it is."""
CONSENT_DAYS: Final = 365
SOCKET_TURNS: Final = 200
"""Turns of the event loop for whoever waits for a socket or the database's thread, before time goes on for others: on
a busy machine an answer takes many, and a question to another agency would end at its deadline meanwhile."""
OFFICER: Final = "Officer of the demonstration"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:demo")


async def play(examples: Iterable[NamedExample], display: Display, *, kill: bool = False) -> tuple[DemoResult, ...]:
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
        machine = SharedClock(folder / "machine") if kill else SimulatedClock()
        simulators, setting = await serve_simulators(stack, folder, clock)
        display.begin(tuple(simulators), {item.name: item.example.service for item in named.values()})
        rows: dict[str, DemoApplication] = {}

        def counted(application: str, requests: int) -> None:
            rows[application].requests += requests

        host = await open_demo_host(stack, setting, setting.platform(clock, RequestCounter(counted)), machine)
        for item in named.values():
            _check_offers(item, host.platform)

        async def opened(identity: str) -> DemoApplication:
            rows[identity] = await _open(identity, named[identity], host, simulators)
            return rows[identity]

        async def started() -> DemoWorker:
            return InProcessWorker(host.worker("demo")) if process is None else await process.start()

        process: KilledWorker | None = None
        if kill:
            process = KilledWorker(
                setting, counted, machine, lambda reference: _killed(display, named, rows, reference)
            )
            stack.push_async_callback(process.end)
            process.watch(
                simulators, after=max(1, sum(item.example.expect.at_agency for item in named.values()) // 2)
            )
        runner = ExampleRunner(
            host=host,
            clock=clock,
            worker=await started(),
            restart=started,
            watch=lambda row, event: display.event(named[row.progress.id].name, event, row.progress),
            next_act=lambda row: _act(row, named[row.progress.id].example),
            choose=lambda row: choose_appointment(host, row, named[row.progress.id].example),
        )
        times = sorted((_opening(item.example, clock), identity) for identity, item in named.items())
        await runner.run([(at, partial(opened, identity)) for at, identity in times], clock.now() + HORIZON)
        return tuple(
            result_of(item, rows[identity], host.platform.service(item.example.service), simulators)
            for identity, item in named.items()
        )


def _killed(
    display: Display, named: Mapping[str, NamedExample], rows: Mapping[str, DemoApplication], reference: str
) -> None:
    """Tell at which point the worker was killed."""
    for identity, row in rows.items():
        if row.progress.client_reference == reference:
            row.interrupted = True
            display.killed(named[identity].name)


async def _open(
    identity: str, named: NamedExample, host: Host, simulators: Mapping[str, Simulator]
) -> DemoApplication:
    """Hand an example in and tell the simulators what awaits it.

    Raises:
        ExampleProblem: Its form is refused; the fields are named, and nothing of what they hold.
    """
    example, now = named.example, host.clock.now()
    draft, service = _draft(example), host.platform.service(example.service)
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
        await host.apply(draft, consent=consent, application=identity)
    except InputRejected as rejected:
        wrong = "; ".join(f"{field.pointer}: {field.text.en}" for field in rejected.fields)
        raise ExampleProblem(f"{named.name}.json: {wrong}") from None
    progress = await host.progress(identity)
    _script(named, progress, simulators)
    return DemoApplication(draft=draft, progress=progress)


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


def _draft(example: Example) -> ApplicationDraft:
    return ApplicationDraft(
        service=example.service, applicant=example.applicant, form=example.form, gateway=example.gateway
    )


def _opening(example: Example, clock: SimulatedClock) -> datetime:
    now = clock.now()
    if example.opens is None:
        return now
    return max(now, datetime.combine(dhaka_date(now), example.opens, dhaka_zone()).astimezone(UTC))


def _script(named: NamedExample, opened: Progress, simulators: Mapping[str, Simulator]) -> None:
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


def _act(row: DemoApplication, example: Example) -> CitizenAct | Decided | None:
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
    return CitizenAct(act.action, act.form)


def payment_id(idempotency_key: str, number: int) -> str:
    """The id of an application's payment, the first being number 1, as the host gives it."""
    return str(uuid5(UUID(idempotency_key), f"payment/{number}"))
