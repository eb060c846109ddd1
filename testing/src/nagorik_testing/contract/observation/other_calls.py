"""Calls of operations that a rig does not make: they need nothing at the agency, or take what there is."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from nagorik import CallbackRequest, Operation, PaymentNoticeRequest
from nagorik.manifest import AnyOffer, Manifest
from nagorik_testing.contract.rig import CALLABLE_OPERATIONS, Rig
from nagorik_testing.contract.verdict import NotReachable

AHEAD: Final = timedelta(days=14)
"""For how long ahead appointments are asked for."""
_MESSAGE: Final = b'{"reference": "CONTRACT-1", "payment": "CONTRACT-1", "status": "UNHEARD-OF"}'
_HEADERS: Final = {"content-type": "application/json"}


async def _callback(rig: Rig) -> object:
    return await rig.platform.parse_callback(CallbackRequest(service=rig.offer, headers=_HEADERS, body=_MESSAGE))


async def _notice(rig: Rig) -> object:
    request = PaymentNoticeRequest(gateway=rig.offer, headers=_HEADERS, body=_MESSAGE)
    return await rig.platform.parse_payment_notice(request)


async def _health(rig: Rig) -> object:
    return await rig.platform.check_health(rig.offer.partition(".")[0])


async def _slots(rig: Rig) -> object:
    return await rig.platform.list_slots(
        rig.draft,
        earliest=rig.clock.now(),
        latest=rig.clock.now() + AHEAD,
        agency_reference=rig.references.agency_reference,
    )


async def _book(rig: Rig) -> object:
    now, reference = rig.clock.now(), rig.references.agency_reference
    found = await rig.platform.list_slots(rig.draft, earliest=now, latest=now + AHEAD, agency_reference=reference)
    if not found.slots:
        raise NotReachable("no appointment is free")
    return await rig.platform.book_slot(rig.draft, rig.references, found.slots[0])


OTHER_CALLS: Final[Mapping[Operation, Callable[[Rig], Awaitable[object]]]] = MappingProxyType(
    {
        operation: call
        for operation, call in (
            (Operation.CALLBACK, _callback),
            (Operation.PAYMENT_NOTICE, _notice),
            (Operation.HEALTH, _health),
            (Operation.SLOTS, _slots),
            (Operation.BOOK_SLOT, _book),
        )
        if operation not in CALLABLE_OPERATIONS
    }
)
"""What calls each; a message is one that no agency has sent, and a plugin refuses it."""
AT_AGENCY: Final = frozenset({Operation.SLOTS, Operation.BOOK_SLOT})
"""Those before which an application is filed."""


def other_operations(manifest: Manifest, offer: AnyOffer) -> list[Operation]:
    """The operations of an offer that are called so; the plugin's own are its first offer's."""
    own = set(offer.operations)
    if offer is manifest.offers[0] and "nagorik_check_health" in manifest.declared_hooks:
        own.add(Operation.HEALTH)
    return sorted(own & OTHER_CALLS.keys())
