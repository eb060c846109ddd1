"""An order that is given twice to a gateway, one after the other and both at once, is one order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from nagorik import NagorikError, Operation, PaymentState, PluginFault
from nagorik.errors import Outcome
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import Money
from nagorik_testing.contract.calls import complete_payment, refund_payment, start_payment
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import slow_down
from nagorik_testing.contract.preparations import authorise_payment, capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig

SOON: Final = timedelta(minutes=2)
"""Simulated time after which a payment is begun again."""
LATER: Final = timedelta(hours=26)
"""Simulated time after which a refund is ordered again: another hour of another day."""
_FAILED: Final = frozenset(
    {PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.CANCELLED, PaymentState.REFUND_FAILED}
)


@check("payment/F19-started-twice")
async def _started_twice(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.START_PAYMENT] is not Idempotency.NATIVE:
        raise NotConcerned("its payments are not begun with a native key: the core does not send them twice")
    async with open_rig(subject, offer.id) as rig:
        first = await start_payment(rig)
        opened = rig.effects()
        rig.advance(SOON)
        before = rig.effects()
        second = await start_payment(rig)
        # A payer may have paid meanwhile.
        wrong = [
            f"one payment leaves at the gateway once more: {kind}" for kind in sorted(rig.effects() - before & opened)
        ]
        if first.reference != second.reference:
            wrong.append("one payment has two references")
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        before = rig.effects()
        try:
            await start_payment(rig, Money.taka("999.00"))
        except PluginFault:
            wrong.append("another amount ends in a fault of the plugin")
        except NagorikError:
            pass  # it was begun with the first one
        else:
            wrong.append("a payment that was begun is begun with another amount")
        return wrong + [
            f"another amount leaves at the gateway once more: {kind}" for kind in sorted(rig.effects() - before)
        ]


class _Order(NamedTuple):
    """What is ordered twice, how that is prepared and done, and how much later it is done again."""

    what: str
    prepare: Callable[[Rig], Awaitable[None]]
    make: Callable[[Rig], Awaitable[object]]
    later: timedelta


async def _twice(order: _Order, subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes.get(Operation.COMPLETE_PAYMENT) is Idempotency.NONE and order.make is complete_payment:
        raise NotConcerned("its payments are completed once: the core never completes one again")
    async with open_rig(subject, offer.id) as rig:
        await order.prepare(rig)
        await order.make(rig)
        once = rig.effects()
        rig.advance(order.later)
        before = rig.effects()
        ends = [*await asyncio.gather(order.make(rig), return_exceptions=True)]
        again = rig.effects() - before
    async with open_rig(subject, offer.id) as rig:
        await order.prepare(rig)
        slow_down(rig)
        both = await asyncio.gather(order.make(rig), order.make(rig), return_exceptions=True)
        more = rig.effects() - once
        ends += [] if once - rig.effects() else both
    left = [f"{order.what} again leaves at the gateway once more: {kind}" for kind in sorted(again)]
    left += [f"{order.what} twice at once leaves at the gateway once more: {kind}" for kind in sorted(more)]
    return left + [f"{order.what} already {text}" for text in dict.fromkeys(map(_undone, ends)) if text]


def _undone(end: object) -> str:
    """In what an order that was carried out is reported as if it had not been."""
    if isinstance(end, PluginFault):
        return "ends in a fault of the plugin"
    if isinstance(end, BaseException) and not isinstance(end, NagorikError):
        raise end
    if isinstance(end, NagorikError):
        return "is told as refused, so as if nothing had come of it" if end.outcome is Outcome.REJECTED else ""
    state = getattr(end, "state", None)
    return f"is told as {state.value}" if state in _FAILED and state is not None else ""


for _id, _order in {
    "payment/F19-refunded-twice": _Order("a refund that is ordered", capture_payment, refund_payment, LATER),
    "payment/F19-completed-twice": _Order(
        "a payment that is completed", authorise_payment, complete_payment, timedelta(0)
    ),
}.items():
    check(_id)(partial(_twice, _order))
