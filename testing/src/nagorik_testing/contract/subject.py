"""The plugin under test, and the rig that it is put on: in process, over a socket, or before a live agency."""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import httpx

from nagorik import Operation
from nagorik.manifest import AnyOffer, Manifest
from nagorik.settings import AgencySettings
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.plugin_settings import load_settings
from nagorik_platform.registry import Admission, Imported, Registry, resolve_object
from nagorik_testing.contract.live import ANOTHER, Live, NotPlayed, ReadsOnly
from nagorik_testing.contract.rig import Rig, operations_of
from nagorik_testing.contract.verdict import Grade
from nagorik_testing.exceptions import witnessed
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.in_process import NamingTransport, SimulatorTransport
from nagorik_testing.simulator.loopback import LOOPBACK, serve
from nagorik_testing.simulator.loopback_clock import LoopbackClock

TransportWrapper = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
"""A transport around a transport."""


T = TypeVar("T")


class _Ended(NamedTuple):
    """The end of a play that found nothing."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Subject:
    """The plugin under test, as it is installed, and its simulator.

    Attributes:
        registry: Holds this plugin and no other; read once and shared by all rigs.
        manifest: What the plugin says of itself.
        simulator: Stands for its agency.
        loopback: Whether the simulator is put on a real socket of this machine instead of in process.
        live: The agency itself, which is asked instead of the simulator.
        tap: Put around each transport to the agency, to listen to what passes.
        every_row: Whether each service meets every row of the matrix, and not the first of each kind alone.
        beside: How other plugins of the registry are configured, by id, such as those that stand for asked ones.
        kept: The plugin's settings, read once for all rigs; a live agency's are read as on a host.
        waits: How long was waited for an operation of an offer to become possible, before which simulator and for
            which seed; whoever goes the same way looks no oftener.
        seen: What several checks look at and was played already, or the exception in which that ended; see ``once``.
    """

    registry: Registry
    manifest: Manifest
    simulator: type[Simulator]
    loopback: bool = False
    live: Live | None = None
    tap: TransportWrapper | None = None
    every_row: bool = False
    beside: Mapping[str, PluginConfiguration] = field(default_factory=dict, hash=False)
    waits: dict[tuple[type[Simulator], str, Operation, int], list[timedelta]] = field(
        default_factory=dict, compare=False
    )
    seen: dict[Hashable, object] = field(default_factory=dict, compare=False)

    async def once(self, play: Callable[["Subject", AnyOffer], Awaitable[T]], offer: AnyOffer) -> T:
        """What comes of ``play`` for an offer, which is played once for all checks that look at it.

        Raises:
            Exception: The one that the play ended in, to each who asks.
        """
        key = play, offer.id, self.simulator
        if key not in self.seen:
            try:
                self.seen[key] = await play(self, offer)
            except Exception as ended:  # noqa: BLE001 - kept for whoever asks
                self.seen[key] = _Ended(ended)
        found: Any = self.seen[key]
        if isinstance(found, _Ended):
            raise found.error
        return cast("T", found)

    @property
    def grade(self) -> Grade:
        """What the plugin is proved against."""
        return Grade.LIVE if self.live is not None else Grade.LOOPBACK if self.loopback else Grade.MOCK

    def callable_operations(self, offer: AnyOffer) -> frozenset[Operation]:
        """The operations of an offer that may be called, and with its first offer those of the plugin as a whole."""
        withheld = {} if self.live is None else self.live.withheld(offer)
        return operations_of(self.manifest, offer) - withheld.keys()

    @classmethod
    def installed(cls, simulator: type[Simulator], *, loopback: bool = False, live: Live | None = None) -> "Subject":
        """The installed plugin that ``simulator`` stands for.

        Raises:
            LookupError: There is no such plugin, or it is in quarantine; the text says why.
        """
        registry = Registry.discover(admission=Admission(allow=frozenset({simulator.plugin_id})))
        record = registry.record(simulator.plugin_id)
        if record is None or record.manifest is None:
            reason = record.quarantine if record is not None else "it is not installed"
            raise LookupError(f"plugin {simulator.plugin_id}: {reason}")
        return cls(registry, record.manifest, simulator, loopback, live)


@asynccontextmanager
async def open_rig(
    subject: Subject, offer: str, *, seed: int = 0, address: str = f"http://{LOOPBACK}"
) -> AsyncIterator[Rig]:
    """A fresh rig: nothing of another call is left on it.

    Args:
        subject: Whose plugin it is.
        offer: What is applied for or paid with.
        seed: Of the simulator and the citizen.
        address: Where the plugin's settings say that a simulator in this process is.

    Raises:
        NotPlayed: Another seed is asked for, and so another person, of a live agency whose test people are given.
    """
    live = subject.live
    if live is not None and live.people is not None and seed:
        raise NotPlayed(ANOTHER)
    clock = SimulatedClock() if live is None else live.clock()
    # Before a live agency the simulator gives examples and nothing else; its clock is its own.
    simulator = subject.simulator(clock=clock if live is None else SimulatedClock(), seed=seed)
    documents = MemoryDocuments()
    async with _configured(subject, simulator, address) as configuration:
        settings = PlatformSettings(
            plugins={**subject.beside, simulator.plugin_id: configuration},
            documents=documents,
            clock=clock,
            call_middleware=() if live is None or live.destructive else (ReadsOnly(),),
        )

        def start() -> Platform:
            return Platform(subject.registry, settings)

        with witnessed():
            async with start() as platform:
                citizen = SyntheticCitizens(seed).citizen(4242)
                rig = Rig(
                    platform, simulator, clock, offer, citizen, start, live, subject.manifest.windows, documents
                )
                offered = (service for service in subject.manifest.services if service.id == offer)
                rig.kinds = tuple(kind for service in offered for kind in service.documents)
                yield rig


@asynccontextmanager
async def _configured(
    subject: Subject, simulator: Simulator, usual_address: str
) -> AsyncIterator[PluginConfiguration]:
    """How the plugin finds its agency, for as long as that is there."""
    tap = subject.tap
    if subject.live is not None:
        # Everything else, the secrets among it, is read from the environment, as on a host.
        yield PluginConfiguration(
            settings={"base_url": subject.live.base_url},
            egress=frozenset({subject.live.host}),
            transport_factory=None if tap is None else lambda: tap(_network()),
        )
    elif subject.loopback:
        loopback_clock = LoopbackClock(simulator.clock)
        async with serve(simulator, loopback_clock=loopback_clock) as address:
            yield PluginConfiguration(
                settings=simulator.settings(address),
                egress=frozenset({LOOPBACK}),
                transport_factory=_tapped(loopback_clock.transport, simulator, tap),
            )
    else:
        transport = partial(SimulatorTransport, simulator)
        yield PluginConfiguration(
            settings=simulator.settings(usual_address),
            egress=frozenset({urlsplit(usual_address).hostname or ""}),
            transport_factory=_tapped(transport, simulator, tap),
        )


def _tapped(
    make: Callable[[], httpx.AsyncBaseTransport], simulator: Simulator, tap: TransportWrapper | None
) -> Callable[[], httpx.AsyncBaseTransport]:
    """What makes transports to a simulator; a tap around them knows the operation of each request."""
    return make if tap is None else lambda: NamingTransport(tap(make()), simulator)


def _network() -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(trust_env=False)


def settings_of(subject: Subject) -> AgencySettings:
    """The plugin's settings as a rig gives them.

    Raises:
        SettingsRejected: Some are missing or wrong.
    """
    manifest = subject.manifest
    record = subject.registry.record(manifest.id)
    model: type[AgencySettings] = AgencySettings
    if manifest.settings is not None and record is not None:
        found = resolve_object(record, manifest.settings)
        if isinstance(found, Imported) and isinstance(found.value, type) and issubclass(found.value, AgencySettings):
            model = found.value
    given = (
        subject.simulator().settings("http://127.0.0.1")
        if subject.live is None
        else {"base_url": subject.live.base_url}
    )
    return load_settings(model, manifest.id, given)
