"""One operation of a plugin, brought to where it can be called and then called, in any process."""

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import uuid5

from nagorik import CallbackRequest, NagorikError, Operation, PaymentNoticeRequest
from nagorik_platform import References
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.observation.records import CallRecord
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import InjectedResponse

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


class Place(NamedTuple):
    """What is called, and the id of the service or gateway."""

    offer: str
    operation: Operation

    def __str__(self) -> str:
        return f"{self.operation.value} of {self.offer}"


Waits = MutableMapping[Place, list[timedelta]]
"""How long was waited for each operation to become possible; a rig that goes the same way looks no oftener."""
Ended = Callable[[Rig, BaseException], object]
"""Gets the error in which a call ends."""


@dataclass(slots=True)
class Stage:
    """A rig on which an operation can be called, and what passes between it and its agency."""

    rig: Rig
    tap: Wiretap
    operation: Operation

    async def called(self, ended: Ended = lambda *_: None) -> CallRecord:
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

    async def refused(self, ended: Ended) -> None:
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
    subject: Subject, place: Place, seed: int, waits: Waits, opened: Callable[[Rig], object] = lambda _: None
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
