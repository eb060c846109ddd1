"""What the journal's events make of an application's payments, and of the flags that follow from them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from nagorik.model.status import Flag, PaymentState
from nagorik.operations import Operation
from nagorik.values import Money
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.state import Payment, Progress
from nagorik_platform.lifecycle.tables import IllegalTransition, payment_targets


class JournalBroken(ValueError):
    """A journal that cannot be: it does not begin with ``opened``, or an event contradicts those before it."""


Changes = Mapping[str, Any]

_FLAG_CAUSES: Mapping[Flag, frozenset[PaymentState]] = {
    Flag.PAYMENT_UNKNOWN: frozenset({PaymentState.UNKNOWN}),
    Flag.PAYMENT_UNDER_INVESTIGATION: frozenset({PaymentState.UNDER_INVESTIGATION}),
    Flag.ADVICE_UNCONFIRMED: frozenset({PaymentState.ADVISED}),
    Flag.REFUND_DUE: frozenset(
        {
            PaymentState.REFUND_REQUESTED,
            PaymentState.REFUND_PENDING,
            PaymentState.REFUND_FAILED,
            PaymentState.REFUND_MANUAL,
        }
    ),
}


def payment_opened(progress: Progress, event: e.PaymentOpened) -> Changes:
    """A payment begins as quoted, once."""
    if any(payment.id == event.payment for payment in progress.payments):
        raise JournalBroken("a payment is opened once")
    payment = Payment(
        id=event.payment,
        quote=event.quote,
        stage=event.stage,
        gateway=event.gateway,
        amount=event.amount,
        state=PaymentState.QUOTED,
        opened_at=event.at,
    )
    return {"payments": (*progress.payments, payment)}


def payment_moved(progress: Progress, event: e.PaymentMoved) -> Changes:
    """A payment moves along its table; what was captured is captured at some instant."""
    before = _known(progress, event.payment)
    if event.to not in payment_targets(before.state):
        raise IllegalTransition("payment", before.state.value, event.to.value)
    captured = event.at if event.to is PaymentState.CAPTURED else None
    after = before.model_copy(
        update={
            "state": event.to,
            "advice_lost_at": None,
            "reference": event.reference or before.reference,
            "taken": _first(event.taken, before.taken),
            "captured_at": _first(event.captured_at, before.captured_at, captured),
            "payer_name": event.payer_name or before.payer_name,
        }
    )
    return with_payments(progress, (after if p.id == after.id else p for p in progress.payments))


def advice_lost(progress: Progress, event: e.AdviceLost) -> Changes:
    """Remember since when it is not known whether the agency was told."""
    return _changed(progress, event.payment, advice_lost_at=event.at)


def advice_absent(progress: Progress, event: e.AdviceAbsent) -> Changes:
    """The agency was not told, so it can be told."""
    return _changed(progress, event.payment, advice_lost_at=None)


def payment_noticed(progress: Progress, event: e.PaymentNoticed) -> Changes:
    """Ask the gateway at once."""
    backoffs = (w for w in progress.backoffs if (w.operation, w.subject) != (Operation.QUERY_PAYMENT, event.payment))
    return {**_changed(progress, event.payment, noticed=True), "backoffs": tuple(backoffs)}


def payment_asked_about(progress: Progress, payment: str) -> Changes:
    """The gateway has given its final word."""
    return _changed(progress, payment, noticed=False)


def with_payments(progress: Progress, payments: Iterable[Payment]) -> Changes:
    """Other payments, and the flags that follow from them."""
    changed = tuple(payments)
    return {"payments": changed, "flags": _payment_flags(progress.flags, changed)}


def _changed(progress: Progress, payment: str, **update: bool | datetime | None) -> Changes:
    after = _known(progress, payment).model_copy(update=update)
    return with_payments(progress, (after if p.id == after.id else p for p in progress.payments))


def _known(progress: Progress, payment: str) -> Payment:
    try:
        return progress.payment(payment)
    except KeyError:
        raise JournalBroken("a payment is opened before anything happens to it") from None


def _first(*values: Money | datetime | None) -> Money | datetime | None:
    return next((value for value in values if value is not None), None)


def _payment_flags(flags: frozenset[Flag], payments: tuple[Payment, ...]) -> frozenset[Flag]:
    """The flags that follow from the payments' states alone."""
    states = {payment.state for payment in payments}
    raised = frozenset(flag for flag, causes in _FLAG_CAUSES.items() if states & causes)
    if any(payment.advice_lost_at is not None for payment in payments):
        raised |= {Flag.ADVICE_UNCONFIRMED}
    return (flags - frozenset(_FLAG_CAUSES)) | raised
