"""Every operation of a plugin, played as usual and in a process of its own, and what differs.

Once here, as all checks do. Then on a host whose clock and zone are others: for another citizen, and for both at
once, each step of the one after a step of the other; where that differs, for the usual one alone, too. What comes
before a call, such as the filing of what is looked at, is watched for the other citizen, and played here for
everything else, in a fraction of the time. Each call itself is the first of its platform.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import uuid5

from nagorik import CallbackRequest, NagorikError, Operation, PaymentNoticeRequest
from nagorik.manifest import AnyOffer, PublicService
from nagorik_platform import Platform, PlatformSettings, References
from nagorik_platform.registry import PluginRecord
from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.live import SIMULATOR, NotPlayed
from nagorik_testing.contract.observation.forbidden import ObservedAct
from nagorik_testing.contract.observation.process import Process, RemotePlatform
from nagorik_testing.contract.observation.records import CallRecord, differences
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CallEnd, NothingThere, NotReachable
from nagorik_testing.contract.wiretap import Wiretap, leaves_of
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.fixtures.canaries import canary_values
from nagorik_testing.simulator.clock import START

ADDRESS: Final = "https://agency.nagorik.example"
"""Where the plugin's settings say that its agency is; no name leads there."""
MACHINE: Final = (START + timedelta(days=12_641, hours=13, minutes=7)).timestamp()
"""What the machine's clock shows where the plugin is watched: more than thirty years after the agency's."""
LONGEST_STEP: Final = 0.25
"""Real seconds of a step; a machine's own hiccups are shorter, or do not repeat."""
TRIES: Final = 3
"""Calls of which each has to have such a step before the plugin is blamed and not the machine."""
USUAL: Final = 0
"""The seed of the citizen for whom the same is played here and where the plugin is watched."""
FIRST: Final = 1
"""The seed of another, who comes first there: a plugin that answers everybody as it answered its first is found."""
SHORTEST_NUMBER: Final = 10
"""Digits from which on a number of the example is one that leads to a person."""
REFUSAL: Final = InjectedResponse(
    status=400, body='{"error": {"message": "refused"}}', headers={"content-type": "application/json"}
)

_FORGED: Final = b'{"reference": "CONTRACT-1", "payment": "CONTRACT-1", "status": "UNHEARD-OF"}'
_HEADERS: Final = {"content-type": "application/json"}

WatchedPlace = tuple[AnyOffer, Operation]
Observation = dict[str, list[str]]
"""What was seen of one plugin, in words, by the check that forbids it."""


async def observe(subject: Subject, _: AnyOffer) -> Observation:
    """What is seen of a plugin.

    Raises:
        NotPlayed: The agency is live.
        NotReachable: An operation cannot be played.
    """
    if subject.live is not None:
        raise NotPlayed(SIMULATOR)
    record = subject.registry.record(subject.manifest.id)
    if record is None or record.directory is None:
        raise NotReachable(f"plugin {subject.manifest.id} is not in its registry")
    plays = _Plays(subject)
    places = [
        (offer, operation)
        for offer in subject.manifest.offers
        for operation in sorted(subject.callable_operations(offer))
    ]
    played = [(place, await plays.here(place)) for place in places]
    # What cannot be called here cannot be called there: the matrix of faults reports it.
    usual = [(place, record) for place, record in played if record is not None]
    if not usual:
        raise NotReachable("none of its operations can be called")
    as_found = PluginRecord(record.source, record.package, record.directory, record.manifest)
    async with Process.start(as_found, machine=MACHINE, foreign=_foreign(record)) as process:
        plays.process = process
        await plays.compare(usual)
    return plays.found


def _foreign(record: PluginRecord) -> dict[str, str]:
    """Packages of the other plugins that are installed, with their folders."""
    own = (record.package or "").partition(".")[0]
    packages = {found.source.value.partition(":")[0].partition(".")[0] for found in find_sources()} - {own, ""}
    places = {package: find_spec(package) for package in packages}
    return {
        package: place.submodule_search_locations[0]
        for package, place in places.items()
        if place is not None and place.submodule_search_locations
    }


@dataclass(slots=True)
class _WatchedStage:
    """A rig before one operation, and what passes between it and its agency."""

    rig: Rig
    tap: Wiretap
    operation: Operation

    async def is_prepared(self) -> bool:
        """Bring the application to where the operation can be called; whether it can."""
        try:
            await prepare_operation(self.rig, self.operation)
        except NotImplementedError:
            raise NotReachable(f"the simulator has no example of {self.rig.offer}") from None
        except (NothingThere, NotReachable):
            return False
        return True

    async def called(self) -> CallRecord:
        """A call and what was sent for it."""
        before = len(self.tap.exchanges)
        end = await self._end()
        return CallRecord.of(end, self.tap.exchanges[before:], self.rig.simulator.codec)

    async def refused(self) -> None:
        """Call again, before an agency that refuses everything but a login, or with a message that it never sent."""
        self.rig.simulator.faults.add("*", REFUSAL, count=None, logins=False)
        with suppress(NotReachable):
            await self._end()
        platform, offer = self.rig.platform, self.rig.offer
        with suppress(NagorikError):
            if self.operation is Operation.CALLBACK:
                await platform.parse_callback(CallbackRequest(service=offer, headers=_HEADERS, body=_FORGED))
            elif self.operation is Operation.PAYMENT_NOTICE:
                notice = PaymentNoticeRequest(gateway=offer, headers=_HEADERS, body=_FORGED)
                await platform.parse_payment_notice(notice)

    async def _end(self) -> CallEnd:
        end = await call_operation(self.rig, self.operation)
        if isinstance(end.error, NotReachable | NotImplementedError):
            raise end.error
        return end


class _Plays:
    """Calls here and in the process in which the plugin is watched.

    Attributes:
        found: What was seen so far.
        process: The process, once there is one.
    """

    process: Process

    def __init__(self, subject: Subject) -> None:
        self.found: Observation = {}
        self._subject = subject
        self._waits: dict[tuple[str, Operation], list[timedelta]] = {}
        self._personal: dict[int, set[str]] = {USUAL: set(), FIRST: set()}
        self._local = Platform(subject.registry, PlatformSettings())

    async def compare(self, usual: Iterable[tuple[WatchedPlace, CallRecord]]) -> None:
        """Play there what was played here."""
        others = [(place, as_usual, await self.there(place, FIRST)) for place, as_usual in usual]
        await self._look(FIRST)
        for place, as_usual, other in others:
            both = await self._at_once(place)
            if other is None or both is None:
                self._add(_named(place), [("another-machine", "cannot be called there")])
            elif differences(as_usual, both[0]) or differences(other, both[1]):
                # Which it is, the one or the other, shows when the call is made by itself.
                one = await self.there(place, USUAL)
                if one is None:
                    self._add(_named(place), [("another-machine", "cannot be called there")])
                    continue
                differing = await _lasting(as_usual, one, partial(self.here, place))
                self._add(_named(place), [("another-machine", what) for what in differing])
                for seed, alone, now in ((USUAL, one, both[0]), (FIRST, other, both[1])):
                    differing = await _lasting(alone, now, partial(self.there, place, seed))
                    self._add(_named(place), [("interleaved", what) for what in differing])
        await self._look(USUAL)

    async def here(self, place: WatchedPlace) -> CallRecord | None:
        """A call in this process; ``None`` where the operation cannot be called."""
        async with self._open(place, USUAL) as stage:
            if not await stage.is_prepared():
                return None
            async with stage.rig.restarted():
                return await stage.called()

    async def there(self, place: WatchedPlace, seed: int) -> CallRecord | None:
        """A call by itself, and what the plugin's code did."""
        longest = list[float]()
        record: CallRecord | None = None
        while len(longest) < TRIES:
            watched = seed == FIRST and not longest
            async with self._open(place, seed, "one", watched=watched) as stage:
                if not await stage.is_prepared():
                    return None
                async with stage.rig.restarted():
                    record = await stage.called()
                    longest.append(_remote(stage.rig).longest_step)
                    if watched:
                        await stage.refused()
            if longest[-1] <= LONGEST_STEP:
                return record
        self._add(_named(place), [("waits", f"keeps the event loop for {min(longest):.2f} seconds")])
        return record

    async def _at_once(self, place: WatchedPlace) -> tuple[CallRecord, CallRecord] | None:
        """Two calls, step by step: the usual citizen's, and whose came first; ``None`` if they cannot be made."""
        async with self._open(place, USUAL, "one") as one, self._open(place, FIRST, "other") as other:
            if not (await one.is_prepared() and await other.is_prepared()):
                return None
            async with one.rig.restarted(), other.rig.restarted():
                _remote(one.rig).partner, _remote(other.rig).partner = "other", "one"
                return await asyncio.gather(one.called(), other.called())

    async def _look(self, seed: int) -> None:
        self._add("the plugin", await self.process.ask("look", sorted(self._personal[seed])))

    def _add(self, where: str, acts: Iterable[ObservedAct]) -> None:
        for check, what in acts:
            self.found.setdefault(check, []).append(f"{where} {what}")

    @asynccontextmanager
    async def _open(
        self, place: WatchedPlace, seed: int, name: str | None = None, *, watched: bool = False
    ) -> AsyncIterator[_WatchedStage]:
        """A rig that is called where the plugin is watched if it has a name, and prepared there if ``watched``."""
        offer, operation = place
        tap = Wiretap()
        async with open_rig(tap.on(self._subject), offer.id, seed=seed, address=ADDRESS) as rig:
            rig.advance(timedelta(hours=seed))
            rig.sent_at = rig.clock.now()
            if seed:
                once = f"NGK-CONTRACT-{seed + 1:04d}"
                key = uuid5(rig.references.idempotency_key, once)
                rig.references = References(client_reference=once, idempotency_key=key)
                rig.payment = str(uuid5(key, "payment"))
            rig.waits = self._waits.setdefault((offer.id, operation), [])
            if name is None:
                yield _WatchedStage(rig, tap, operation)
                return
            personal = _personal(rig, offer)
            self._personal[seed] |= personal | {rig.references.client_reference}
            there = partial(self._start, rig, tap, personal)
            rig.start_with(partial(there, name))
            if not watched:
                yield _WatchedStage(rig, tap, operation)
                return
            async with there(f"before {name}") as rig.platform:
                yield _WatchedStage(rig, tap, operation)

    @asynccontextmanager
    async def _start(self, rig: Rig, tap: Wiretap, personal: set[str], name: str) -> AsyncIterator[Any]:
        """A platform in the process in which the plugin is watched."""
        platform = RemotePlatform(self.process, name, rig, self._local, sorted(personal), self._add)
        self.process.rigs[name] = rig, tap
        given = rig.simulator.settings(ADDRESS), urlsplit(ADDRESS).hostname
        self._add("the import", await self.process.ask("open", name, rig.plugin_id, *given))
        try:
            yield platform
        finally:
            await self.process.ask("close", name)


def _named(place: WatchedPlace) -> str:
    return f"{place[1].value} of {place[0].id}"


def _remote(rig: Rig) -> RemotePlatform:
    platform: Any = rig.platform
    return cast("RemotePlatform", platform)


async def _lasting(
    usual: CallRecord, now: CallRecord, again: Callable[[], Awaitable[CallRecord | None]]
) -> list[str]:
    """How a call differs from the usual one, save in what is never twice the same."""
    differing = differences(usual, now)
    repeated = await again() if differing else None
    by_nature = [] if repeated is None else differences(usual, repeated)
    return [what for what in differing if what not in by_nature]


def _personal(rig: Rig, offer: AnyOffer) -> set[str]:
    """What may stay nowhere, and is in no exception: the citizen's names and numbers, and those of the example.

    The plugin's own secrets are no citizen's: it may hold what it makes of them.
    """
    sought = set(canary_values(rig.citizen))
    if isinstance(offer, PublicService):
        with suppress(NotImplementedError):
            filled_in = (value for _, value in leaves_of(dict(rig.draft.form), ""))
            sought |= {value for value in filled_in if len(value) >= SHORTEST_NUMBER and value.isdecimal()}
    return sought
