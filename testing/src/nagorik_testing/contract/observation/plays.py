"""Every operation of a plugin, played as usual and in a process of its own, and what is seen there.

It is played once here, as all checks do, and then in a process whose clock is decades ahead and whose zone is
another, in which nothing of the kit can be found.
"""

import asyncio
import json
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.util import find_spec
from typing import Final, NamedTuple
from uuid import uuid5

from nagorik import CallbackRequest, NagorikError, Operation, PaymentNoticeRequest
from nagorik.manifest import AnyOffer
from nagorik_platform import References
from nagorik_platform.registry import PluginRecord
from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.live import SIMULATOR, NotPlayed
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CallEnd, NothingThere, NotReachable, plain_values
from nagorik_testing.contract.wiretap import Places, WireExchange, Wiretap, differing, places_of
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.simulator.clock import START
from nagorik_testing.wire.codec import Codec

MACHINE: Final = (START + timedelta(days=12_641, hours=13, minutes=7)).timestamp()
"""What the machine's clock shows where the plugin is watched: more than thirty years after the agency's."""
ZONE: Final = "Pacific/Pago_Pago"
"""Eleven hours behind UTC and seventeen behind Dhaka, so that the days differ for most of the day."""
_LONGEST: Final = 900.0
"""Seconds for all operations; the child ends itself where one of them hangs."""
_PROGRAM: Final = "from nagorik_testing.contract.observation.child import main; main()"
_OF_TESTS: Final = ("PYTEST_", "NAGORIK_", "COVERAGE_", "COV_CORE_")
"""What the names of variables begin with that a host's environment does not have."""
_COMPARED: Final = frozenset({"process/another-machine", "process/interleaved"})
"""Checks that report what a call differs in, which may never be twice the same."""
ADDRESS: Final = "https://agency.nagorik.example"
"""Where the plugin's settings say that its agency is; no name leads there."""
USUAL: Final = 0
"""The seed of the citizen for whom the same is played here and where the plugin is watched."""
FIRST: Final = 1
"""The seed of another, who comes first there: a plugin that answers everybody as it answered its first is found."""
REFUSAL: Final = InjectedResponse(
    status=400, body='{"error": {"message": "refused"}}', headers={"content-type": "application/json"}
)
_FORGED: Final = b'{"reference": "CONTRACT-1", "payment": "CONTRACT-1", "status": "UNHEARD-OF"}'
_HEADERS: Final = {"content-type": "application/json"}

_OF_CONNECTION: Final = frozenset({"authorization", "content-length", "content-type", "cookie"})
"""Headers that belong to a session that the platform keeps, or repeat what the body says."""


class WirePlace(NamedTuple):
    """What is called, and the id of the service or gateway."""

    offer: str
    operation: Operation

    def __str__(self) -> str:
        return f"{self.operation.value} of {self.offer}"


Waits = MutableMapping[WirePlace, list[timedelta]]
"""How long was waited for each operation to become possible; a rig that goes the same way looks no oftener."""
PlayedEnd = Callable[[Rig, BaseException], object]
"""Gets the error in which a call ends."""


class CallRecord(NamedTuple):
    """How one call ended, and what was sent for it, as plain values.

    Attributes:
        error: The name of the exception in which it ended; empty where it had a result.
        end: The result's values by field, or the error as a problem.
        requests: How many were sent.
        sent: What they said, by place.
    """

    error: str
    end: Mapping[str, object]
    requests: int
    sent: Places

    @classmethod
    def of(cls, end: CallEnd, passed: Sequence[WireExchange], codec: Codec) -> "CallRecord":
        """Make one from how a call ended and what passed meanwhile."""
        headers = {
            f"{number} header {name}": value
            for number, each in enumerate(passed, start=1)
            for name, value in each.request.headers.items()
            if name not in _OF_CONNECTION
        }
        sent = places_of(passed, codec) | headers
        if end.error is not None:
            problem = end.error.to_problem() if isinstance(end.error, NagorikError) else {}
            return cls(type(end.error).__name__, dict(problem), len(passed), sent)
        values = plain_values(end.result)
        return cls("", values if isinstance(values, dict) else {"result": values}, len(passed), sent)


def differences(usual: CallRecord, now: CallRecord) -> list[str]:
    """Return what two calls differ in, without a value."""
    found = []
    if usual.error or now.error:
        if (usual.error, usual.end) != (now.error, now.end):
            ends = (each.error or "in a result" for each in (now, usual))
            found.append(f"ends otherwise: {' and not '.join(ends)}")
    elif others := [name for name, value in now.end.items() if value != usual.end.get(name)]:
        found.append(f"ends otherwise: another {', '.join(others)}")
    if usual.requests != now.requests:
        return [*found, f"sends {now.requests} requests and not {usual.requests}"]
    places = (place.partition(" ") for place in sorted(differing(usual.sent, now.sent)))
    return [*found, *(f"sends another {what} in request {number}" for number, _, what in places)]


@dataclass(slots=True)
class Stage:
    """A rig on which an operation can be called, and what passes between it and its agency."""

    rig: Rig
    tap: Wiretap
    operation: Operation

    async def called(self, ended: PlayedEnd = lambda *_: None) -> CallRecord:
        """Call it.

        Raises:
            NotReachable: It cannot be called, or the simulator has no example.
        """
        before, end = len(self.tap.exchanges), await call_operation(self.rig, self.operation)
        if isinstance(end.error, NotReachable | NotImplementedError):
            raise NotReachable(str(end.error)) from None
        if end.error is not None:
            ended(self.rig, end.error)
        return CallRecord.of(end, self.tap.exchanges[before:], self.rig.simulator.codec)

    async def refused(self, ended: PlayedEnd) -> None:
        """Call again, before an agency that refuses everything but a login, or with a message that it never sent."""
        self.rig.simulator.faults.add("*", REFUSAL, count=None, logins=False)
        with suppress(NotReachable):
            await self.called(ended)
        platform, offer = self.rig.platform, self.rig.offer
        try:
            if self.operation is Operation.CALLBACK:
                await platform.parse_callback(CallbackRequest(service=offer, headers=_HEADERS, body=_FORGED))
            elif self.operation is Operation.PAYMENT_NOTICE:
                notice = PaymentNoticeRequest(gateway=offer, headers=_HEADERS, body=_FORGED)
                await platform.parse_payment_notice(notice)
        except NagorikError as error:
            ended(self.rig, error)


@asynccontextmanager
async def staged(
    subject: Subject, place: WirePlace, seed: int, waits: Waits, opened: Callable[[Rig], object] = lambda _: None
) -> AsyncIterator[Stage | None]:
    """Bring an application to where an operation can be called, on a platform that has only just begun.

    Args:
        subject: The plugin and its simulated agency.
        place: The operation.
        seed: Of the simulator and the citizen; another than 0 also comes later, and under other references.
        waits: Those of earlier stages; what is waited now is kept there.
        opened: Gets the rig before its first call.

    Yields:
        The stage; ``None`` where the operation cannot be called.

    Raises:
        NotReachable: The simulator has no example.
    """
    tap = Wiretap()
    async with open_rig(tap.on(subject), place.offer, seed=seed, address=ADDRESS) as rig:
        rig.advance(timedelta(hours=seed))
        rig.sent_at = rig.clock.now()
        if seed:
            once = f"NGK-CONTRACT-{seed + 1:04d}"
            key = uuid5(rig.references.idempotency_key, once)
            rig.references = References(client_reference=once, idempotency_key=key)
            rig.payment = str(uuid5(key, "payment"))
        rig.waits = waits.setdefault(place, [])
        opened(rig)
        try:
            await prepare_operation(rig, place.operation)
        except NotImplementedError:
            raise NotReachable(f"the simulator has no example of {place.offer}") from None
        except (NothingThere, NotReachable):
            yield None
        else:
            async with rig.restarted():
                yield Stage(rig, tap, place.operation)


async def observe(subject: Subject, _: AnyOffer) -> dict[str, list[str]]:
    """Return what is seen of a plugin, in words, by the id of the check that forbids it.

    Raises:
        NotPlayed: The agency is live.
        NotReachable: An operation cannot be played, or the process ends.
    """
    if subject.live is not None:
        raise NotPlayed(SIMULATOR)
    record = subject.registry.record(subject.manifest.id)
    if record is None or record.directory is None:
        raise NotReachable(f"plugin {subject.manifest.id} is not in its registry")
    subject = replace(subject, loopback=False)  # the port of a socket would be another address than there
    waits: Waits = {}
    usual: dict[WirePlace, CallRecord] = {}
    for offer in subject.manifest.offers:
        for operation in sorted(subject.callable_operations(offer)):
            place = WirePlace(offer.id, operation)
            # What cannot be called here cannot be called there: the matrix of faults reports it.
            if (played := await _here(subject, place, waits)) is not None:
                usual[place] = played
    if not usual:
        raise NotReachable("it has no operation that can be called")
    as_found = PluginRecord(record.source, record.package, record.directory, record.manifest)
    seen = await _watched(as_found, subject.simulator, MACHINE, _foreign(record), usual, waits)
    by_nature = {
        str(place): [] if (again := await _here(subject, place, waits)) is None else differences(record, again)
        for place, record in usual.items()
        if any(check in _COMPARED and where == str(place) for check, where, _ in seen)
    }
    found: dict[str, list[str]] = {}
    for check, where, what in seen:
        if check not in _COMPARED or what not in by_nature[where]:
            found.setdefault(check, []).append(f"{where} {what}")
    return found


async def _here(subject: Subject, place: WirePlace, waits: Waits) -> CallRecord | None:
    async with staged(subject, place, USUAL, waits) as stage:
        return None if stage is None else await stage.called()


async def _watched(*job: object) -> list[tuple[str, str, str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM,
        stdin=pipe,
        stdout=pipe,
        env={**environment, "TZ": ZONE},
        start_new_session=True,
    )
    said = b""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                said, _ = await process.communicate(pickle.dumps((sys.path, pickle.dumps(job))))
    finally:
        # With what the plugin may have forked, which would hold the pipe.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    seen = json.loads(said or '"the process in which the plugin runs has ended"')
    if isinstance(seen, str):
        raise NotReachable(seen)
    return [(check, where, what) for check, where, what in seen]


def _foreign(record: PluginRecord) -> dict[str, str]:
    """Packages of the other plugins that are installed, with their folders."""
    own = (record.package or "").partition(".")[0]
    packages = {found.source.value.partition(":")[0].partition(".")[0] for found in find_sources()} - {own, ""}
    specs = {package: find_spec(package) for package in packages}
    folders = {name: spec.submodule_search_locations for name, spec in specs.items() if spec is not None}
    return {name: found[0] for name, found in folders.items() if found}
