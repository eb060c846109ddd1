"""Every operation of a plugin, played as usual and in a process of its own, and what differs.

Once here, as all checks do. Then on a host whose clock and zone are others, over sockets: for another citizen, and
for both at once, each step of the one after a step of the other; where that differs, for the usual one alone, too.
What comes before a call, such as the filing of what is looked at, is watched for the other citizen, and played here
for everything else, in a fraction of the time. Each call itself is the first of its platform.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid5
from weakref import WeakKeyDictionary

from nagorik import CallbackRequest, NagorikError, Operation, PaymentNoticeRequest
from nagorik.manifest import AnyOffer, PublicService
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration, References
from nagorik_platform.registry import PluginRecord, Registry
from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.live import SIMULATOR, NotPlayed
from nagorik_testing.contract.observation.audit import PluginAct, PluginActKind
from nagorik_testing.contract.observation.call_records import CallRecord, differences
from nagorik_testing.contract.observation.remote import IMPORT, HostProcess, RemotePlatform
from nagorik_testing.contract.observation.wire_record import WireRecorded, leaves_of, recorded
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig, StartPlatform, is_login
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CallEnd, NothingThere, NotReachable
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.fixtures.canaries import canary_values
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import START, SimulatedClock
from nagorik_testing.simulator.in_process import SimulatorTransport
from nagorik_testing.simulator.loopback import serve

HOST: Final = "agency.nagorik.example"
"""Where the plugin's settings say that its agency is; no name leads there."""
MACHINE: Final = (START + timedelta(days=12_641, hours=13, minutes=7)).timestamp()
"""What the machine's clock tells where the plugin is watched: more than thirty years after the agency's."""
LONGEST_STEP: Final = 0.25
"""Real seconds of a step; a machine's own hiccups are shorter, or do not repeat."""
TRIES: Final = 3
"""Calls of which each has to have such a step before the plugin is blamed and not the machine."""
USUAL: Final = 0
"""The seed of the citizen for whom the same is played here and where the plugin is watched."""
FIRST: Final = 1
"""The seed of another, who comes first there: a plugin that answers everybody as it answered its first is found."""
SERIAL: Final = 4242
SHORTEST_NUMBER: Final = 10
"""Digits from which on a number of the example is one that leads to somebody."""
REFUSAL: Final = InjectedResponse(
    status=400, body='{"error": {"message": "refused"}}', headers={"content-type": "application/json"}
)

_FORGED: Final = b'{"reference": "CONTRACT-1", "payment": "CONTRACT-1", "status": "UNHEARD-OF"}'
_HEADERS: Final = {"content-type": "application/json"}


@dataclass(slots=True)
class Observation:
    """What was seen of one plugin.

    Attributes:
        acts: What its code did, by where: ``the import``, or an operation and its offer.
        turned: How calls differ on the host whose clock and zone are others.
        interleaved: How calls differ that are made step by step with another citizen's.
    """

    acts: dict[str, dict[PluginAct, None]] = field(default_factory=dict)
    turned: list[str] = field(default_factory=list)
    interleaved: list[str] = field(default_factory=list)

    def of(self, *kinds: PluginActKind) -> list[str]:
        """The acts of these kinds, in words."""
        return [f"{where} {act.what}" for where, acts in self.acts.items() for act in acts if act.kind in kinds]

    def add(self, where: str, acts: Iterable[PluginAct]) -> None:
        """Add what was done at a place."""
        self.acts.setdefault(where, {}).update(dict.fromkeys(acts))


_SEEN: Final[WeakKeyDictionary[Registry, dict[type, Observation | Exception]]] = WeakKeyDictionary()
"""What was seen already, by the plugin's registry and its simulator: all checks of a run look at one observation."""


async def observed(subject: Subject) -> Observation:
    """What is seen of a plugin; played once for all who ask.

    Raises:
        NotPlayed: The agency is live.
        NotReachable: An operation cannot be played.
    """
    if subject.live is not None:
        raise NotPlayed(SIMULATOR)
    seen = _SEEN.setdefault(subject.registry, {})
    if subject.simulator not in seen:
        try:
            seen[subject.simulator] = await _observe(subject)
        except (NotReachable, NotImplementedError) as missing:
            seen[subject.simulator] = missing.with_traceback(None)
    found = seen[subject.simulator]
    if isinstance(found, Exception):
        raise found
    return found


async def _observe(subject: Subject) -> Observation:
    found = Observation()
    record = subject.registry.record(subject.manifest.id)
    if record is None or record.directory is None:
        raise NotReachable(f"plugin {subject.manifest.id} is not in its registry")
    played = [(place, await _as_usual(subject, *place)) for place in _places(subject)]
    # What cannot be called here cannot be called there: the matrix of faults tells of it.
    places, usual = [place for place, record in played if record], [record for _, record in played if record]
    if not usual:
        raise NotReachable("none of its operations can be called")
    as_found = PluginRecord(record.source, record.package, record.directory, record.manifest)
    async with HostProcess.start(as_found, machine=MACHINE, foreign=_foreign(record)) as process:
        play = _WatchedPlay(subject, process, found)
        others = [await play.alone(*place, seed=FIRST) for place in places]
        await play.look(FIRST)
        for place, as_usual, other in zip(places, usual, others, strict=True):
            both = await play.at_once(*place)
            if other is None or both is None:
                found.turned.append(f"{_named(*place)} cannot be called there")
            elif differences(as_usual, both[0]) or differences(other, both[1]):
                # Which it is, the one or the other, shows when the call is made by itself.
                one = await play.alone(*place, seed=USUAL)
                found.turned += await _turned(subject, place, as_usual, one)
                if one is not None:
                    found.interleaved += await play.interleaved(*place, (one, other), both)
        await play.look(USUAL)
    return found


def _places(subject: Subject) -> list[tuple[AnyOffer, Operation]]:
    return [
        (offer, operation)
        for offer in subject.manifest.offers
        for operation in sorted(subject.callable_operations(offer))
    ]


def _named(offer: AnyOffer, operation: Operation) -> str:
    return f"{operation.value} of {offer.id}"


def _foreign(record: PluginRecord) -> dict[str, str]:
    """Packages of the other plugins that are installed, with their folders."""
    from importlib.util import find_spec

    own = (record.package or "").partition(".")[0]
    packages = {found.source.value.partition(":")[0].partition(".")[0] for found in find_sources()} - {own, ""}
    places = {package: find_spec(package) for package in packages}
    return {
        package: place.submodule_search_locations[0]
        for package, place in places.items()
        if place is not None and place.submodule_search_locations
    }


async def _as_usual(subject: Subject, offer: AnyOffer, operation: Operation) -> CallRecord | None:
    """A call in this process; ``None`` where the operation cannot be called, of which the matrix of faults tells."""
    agency = _Agency(subject, seed=USUAL)
    async with agency.start() as platform:
        rig = agency.rig(offer, platform, agency.start)
        if not await _prepared(rig, operation):
            return None
        async with rig.restarted():
            return await _called(rig, operation)


class _Agency:
    """A simulated agency that keeps what it is sent, with the clock and the papers of who asks it.

    Attributes:
        personal: Values of the citizen who asks that may stay nowhere.
    """

    def __init__(self, subject: Subject, *, seed: int) -> None:
        self._subject = subject
        self._seed = seed
        self.clock = SimulatedClock(START + timedelta(hours=seed))
        self.simulator = recorded(subject.simulator)(clock=self.clock, seed=seed)
        self.documents = MemoryDocuments()
        self.personal: set[str] = set()

    def start(self) -> Platform:
        """A platform in this process."""
        configuration = PluginConfiguration(
            settings=self.simulator.settings(f"https://{HOST}"),
            egress=frozenset({HOST}),
            transport_factory=partial(SimulatorTransport, self.simulator),
        )
        settings = PlatformSettings(
            plugins={self.simulator.plugin_id: configuration}, documents=self.documents, clock=self.clock
        )
        return Platform(self._subject.registry, settings)

    def rig(self, offer: AnyOffer, platform: Platform, start: StartPlatform) -> Rig:
        """One application or payment, prepared on ``platform`` and called on the one that ``start`` gives."""
        subject, seed = self._subject, self._seed
        rig = Rig(
            platform,
            self.simulator,
            self.clock,
            offer.id,
            SyntheticCitizens(seed).citizen(SERIAL),
            start,
            windows=subject.manifest.windows,
            documents=self.documents,
        )
        if seed:
            once = f"NGK-CONTRACT-{seed + 1:04d}"
            rig.references = References(
                client_reference=once, idempotency_key=uuid5(rig.references.idempotency_key, once)
            )
            rig.payment = str(uuid5(rig.references.idempotency_key, "payment"))
        offered = (service for service in subject.manifest.services if service.id == offer.id)
        rig.kinds = tuple(kind for service in offered for kind in service.documents)
        return rig


class _WatchedPlay:
    """Calls in the process in which the plugin is watched."""

    def __init__(self, subject: Subject, process: HostProcess, found: Observation) -> None:
        self._subject = subject
        self._process = process
        self._found = found
        self._waits: dict[tuple[str, Operation], list[timedelta]] = {}
        self._needles: dict[int, set[str]] = {USUAL: set(), FIRST: set()}
        self._local = Platform(subject.registry, PlatformSettings())

    async def alone(self, offer: AnyOffer, operation: Operation, *, seed: int) -> CallRecord | None:
        """A call by itself, and what its code did."""
        longest = list[float]()
        record: CallRecord | None = None
        while len(longest) < TRIES:
            watched = seed == FIRST and not longest
            async with self._open(offer, operation, seed=seed, name="one", watched=watched) as rig:
                if not await _prepared(rig, operation):
                    return None
                async with rig.restarted():
                    platform: Any = rig.platform
                    record = await _called(rig, operation)
                    longest.append(platform.longest_step)
                    if watched:
                        await _refused(rig, operation)
            if longest[-1] <= LONGEST_STEP:
                return record
        blocks = PluginAct(PluginActKind.BLOCK, f"keeps the event loop for {min(longest):.2f} seconds")
        self._found.add(_named(offer, operation), [blocks])
        return record

    async def at_once(self, offer: AnyOffer, operation: Operation) -> tuple[CallRecord, CallRecord] | None:
        """Two calls, step by step: the usual citizen's, and whose came first; ``None`` if they cannot be made."""
        async with (
            self._open(offer, operation, seed=USUAL, name="one") as rig,
            self._open(offer, operation, seed=FIRST, name="other") as neighbour,
        ):
            if not (await _prepared(rig, operation) and await _prepared(neighbour, operation)):
                return None
            async with rig.restarted(), neighbour.restarted():
                platform: Any = rig.platform
                beside: Any = neighbour.platform
                platform.partner, beside.partner = "other", "one"
                one, other = await asyncio.gather(_called(rig, operation), _called(neighbour, operation))
        return one, other

    async def interleaved(
        self,
        offer: AnyOffer,
        operation: Operation,
        alone: tuple[CallRecord, CallRecord],
        both: tuple[CallRecord, CallRecord],
    ) -> list[str]:
        """How calls that are made at once differ from each by itself, save in what is never twice the same."""
        differing = dict[str, None]()
        for seed, usual, now in zip((USUAL, FIRST), alone, both, strict=True):
            if found := differences(usual, now):
                again = await self.alone(offer, operation, seed=seed)
                by_nature = set() if again is None else set(differences(usual, again))
                differing |= dict.fromkeys(what for what in found if what not in by_nature)
        return [f"{_named(offer, operation)} {what}" for what in differing]

    async def look(self, seed: int) -> None:
        """Look for what is left of the calls for one citizen."""
        self._found.add("the plugin", await self._process.look(tuple(sorted(self._needles[seed]))))

    @asynccontextmanager
    async def _open(
        self, offer: AnyOffer, operation: Operation, *, seed: int, name: str, watched: bool = False
    ) -> AsyncIterator[Rig]:
        """A rig that is called where the plugin is watched, and prepared there too if ``watched``."""
        agency = _Agency(self._subject, seed=seed)
        async with serve(agency.simulator, admin=False) as address:
            there = partial(self._start, agency, offer, int(address.rpartition(":")[2]))
            rig = agency.rig(offer, self._local, partial(there, name))
            rig.waits = self._waits.setdefault((offer.id, operation), [])
            agency.personal = _personal(rig, offer)
            self._needles[seed] |= agency.personal | {rig.references.client_reference}
            before: AbstractAsyncContextManager[Any] = there(f"before {name}") if watched else agency.start()
            async with before as platform:
                rig.platform = platform
                yield rig

    @asynccontextmanager
    async def _start(self, agency: "_Agency", offer: AnyOffer, port: int, name: str) -> AsyncIterator[RemotePlatform]:
        """A platform in the process in which the plugin is watched."""
        where = agency.simulator.settings(f"https://{HOST}"), HOST, port
        opening = RemotePlatform.open(self._process, name, self._local, agency.clock, agency.documents, where)
        async with opening as platform:
            platform.needles = tuple(agency.personal)
            try:
                yield platform
            finally:
                for called, act in platform.acts:
                    where_done = IMPORT if called == IMPORT else f"{called} of {offer.id}"
                    self._found.add(where_done, [act])


async def _turned(
    subject: Subject, place: tuple[AnyOffer, Operation], usual: CallRecord, now: CallRecord | None
) -> list[str]:
    """How a call differs under another clock and in another zone, save in what is never twice the same."""
    offer, operation = place
    where = _named(offer, operation)
    if now is None:
        return [f"{where} cannot be called there"]
    differing = differences(usual, now)
    if differing:
        again = await _as_usual(subject, offer, operation)
        if again is not None:
            by_nature = set(differences(usual, again))
            differing = [what for what in differing if what not in by_nature]
    return [f"{where} {what}" for what in differing]


def _personal(rig: Rig, offer: AnyOffer) -> set[str]:
    """What may stay nowhere, and is in no exception: the citizen's names and numbers, and those of the example.

    The plugin's own secrets are no citizen's: it may hold what it makes of them.
    """
    sought = set(canary_values(rig.citizen))
    if isinstance(offer, PublicService):
        with suppress(NotImplementedError):
            filled_in = (value.strip('"') for _, value in leaves_of(dict(rig.draft.form), ""))
            sought |= {value for value in filled_in if len(value) >= SHORTEST_NUMBER and value.isdecimal()}
    return sought


async def _prepared(rig: Rig, operation: Operation) -> bool:
    try:
        await prepare_operation(rig, operation)
    except NotImplementedError:
        raise NotReachable(f"the simulator has no example of {rig.offer}") from None
    except (NothingThere, NotReachable):
        return False
    return True


async def _called(rig: Rig, operation: Operation) -> CallRecord:
    """A call and what was sent for it."""
    simulator: WireRecorded = rig.simulator  # type: ignore[assignment]
    before = len(simulator.wire)
    end = await _end(rig, operation)
    given = frozenset[str]().union(*simulator.given[before:])
    return CallRecord(_outcome(end), tuple(simulator.wire[before:]), given)


async def _end(rig: Rig, operation: Operation) -> CallEnd:
    end = await call_operation(rig, operation)
    if isinstance(end.error, NotReachable | NotImplementedError):
        raise end.error
    return end


async def _refused(rig: Rig, operation: Operation) -> None:
    """Call once more, before an agency that refuses everything but a login, or with a message that it never sent."""
    for step in sorted(rig.simulator.faults.operations):
        if not is_login(step):
            rig.simulator.faults.add(step, REFUSAL, count=None)
    with suppress(NotReachable):
        await _end(rig, operation)
    with suppress(NagorikError):
        if operation is Operation.CALLBACK:
            await rig.platform.parse_callback(CallbackRequest(service=rig.offer, headers=_HEADERS, body=_FORGED))
        elif operation is Operation.PAYMENT_NOTICE:
            notice = PaymentNoticeRequest(gateway=rig.offer, headers=_HEADERS, body=_FORGED)
            await rig.platform.parse_payment_notice(notice)


def _outcome(end: CallEnd) -> object:
    if isinstance(end.error, NagorikError):
        return type(end.error).__name__, end.error.to_problem()
    return end.result if end.error is None else (type(end.error).__name__,)
