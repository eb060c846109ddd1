"""The fold: a journal's events, applied in order, are the application's progress.

The fold is where the lifecycle's tables are enforced, so no driver, database or person can record a move that the
tables do not know. It computes nothing that an event does not say; the same events give the same progress for ever.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

from nagorik.journey import events as e
from nagorik.journey.progress import Attempt, Payment, Progress
from nagorik.lifecycle import IllegalTransition, application_targets, payment_targets
from nagorik.model.states import ApplicationState, Flag, PaymentState
from nagorik.operations import Operation

SAME_KEY: Final = "same-key"
"""The code of the move that repeats a lost attempt at an agency which honours the key."""


class JournalBroken(ValueError):
    """A journal that cannot be: it does not begin with ``opened``, or an event contradicts those before it."""


def open_progress(event: e.Opened) -> Progress:
    """The progress of an application that has just been opened."""
    return Progress(
        id=event.id,
        service=event.service,
        plugin_version=event.plugin_version,
        client_reference=event.client_reference,
        idempotency_key=event.idempotency_key,
        consent=event.consent,
        opened_at=event.at,
        events=1,
    )


def replay(journal: Iterable[e.Event]) -> Progress:
    """The progress that a whole journal amounts to.

    Raises:
        JournalBroken: It does not begin with ``opened``, or contradicts itself.
        IllegalTransition: It holds a move that the lifecycle does not know.
    """
    entries = iter(journal)
    first = next(entries, None)
    if not isinstance(first, e.Opened):
        raise JournalBroken("a journal begins with opened")
    return reduce(apply, entries, open_progress(first))


def apply(progress: Progress, event: e.Event) -> Progress:
    """``progress`` after ``event``.

    Raises:
        IllegalTransition: The event is a move that the lifecycle does not know.
        JournalBroken: The event contradicts the progress.
    """
    changes = _RULES[type(event)](progress, event)
    return progress.model_copy(update={**changes, "events": progress.events + 1})


Changes = Mapping[str, Any]


def _moved(progress: Progress, event: e.Moved) -> Changes:
    if event.to not in application_targets(progress.state):
        raise IllegalTransition("application", progress.state.value, event.to.value)
    if progress.state is ApplicationState.MANUAL_REVIEW and (event.actor is not e.Actor.PERSON or not event.officer):
        raise JournalBroken("manual review is left by a named person only")
    if event.to is ApplicationState.SUBMITTED and progress.agency_reference is None:
        raise JournalBroken("submitted needs the agency's reference")
    return {"state": event.to, "hold": None, "filing_unknown": _filing_unknown(progress, event)}


def _filing_unknown(progress: Progress, event: e.Moved) -> bool:
    """A lost attempt stays unknown while it is repeated with its key, until an answer or a look-up settles it."""
    if event.to is ApplicationState.SUBMISSION_UNKNOWN:
        return True
    return progress.filing_unknown and event.to is ApplicationState.SUBMITTING and event.code == SAME_KEY


def _flags_changed(progress: Progress, event: e.FlagsChanged) -> Changes:
    return {"flags": (progress.flags - event.lowered) | event.raised}


def _eligibility_decided(_: Progress, event: e.EligibilityDecided) -> Changes:
    return {"eligibility": event.decision.eligibility}


def _payment_opened(progress: Progress, event: e.PaymentOpened) -> Changes:
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


def _payment_moved(progress: Progress, event: e.PaymentMoved) -> Changes:
    try:
        before = progress.payment(event.payment)
    except KeyError:
        raise JournalBroken("a payment moves after it was opened") from None
    if event.to not in payment_targets(before.state):
        raise IllegalTransition("payment", before.state.value, event.to.value)
    after = before.model_copy(
        update={
            "state": event.to,
            "advice_lost": False,
            "reference": event.reference or before.reference,
            "captured_at": event.captured_at or before.captured_at,
            "payer_name": event.payer_name or before.payer_name,
        }
    )
    return _with_payments(progress, (after if p.id == after.id else p for p in progress.payments))


def _advice_lost(progress: Progress, event: e.AdviceLost) -> Changes:
    return _with_payments(
        progress,
        (p.model_copy(update={"advice_lost": True}) if p.id == event.payment else p for p in progress.payments),
    )


def _with_payments(progress: Progress, payments: Iterable[Payment]) -> Changes:
    changed = tuple(payments)
    return {"payments": changed, "flags": _payment_flags(progress.flags, changed)}


def _payment_flags(flags: frozenset[Flag], payments: tuple[Payment, ...]) -> frozenset[Flag]:
    """The flags that follow from the payments' states alone."""
    states = {payment.state for payment in payments}
    follows = {
        Flag.PAYMENT_UNKNOWN: {PaymentState.UNKNOWN},
        Flag.PAYMENT_UNDER_INVESTIGATION: {PaymentState.UNDER_INVESTIGATION},
        Flag.ADVICE_UNCONFIRMED: {PaymentState.ADVISED},
        Flag.REFUND_DUE: {
            PaymentState.REFUND_REQUESTED,
            PaymentState.REFUND_PENDING,
            PaymentState.REFUND_FAILED,
            PaymentState.REFUND_MANUAL,
        },
    }
    raised = frozenset(flag for flag, causes in follows.items() if states & causes)
    if any(payment.advice_lost for payment in payments):
        raised |= {Flag.ADVICE_UNCONFIRMED}
    return (flags - frozenset(follows)) | raised


def _attempt_began(progress: Progress, event: e.AttemptBegan) -> Changes:
    if progress.attempt is not None:
        raise JournalBroken("one attempt at a time")
    attempt = Attempt(operation=event.operation, payment=event.payment, began_at=event.at)
    sent = {"sent_at": event.at} if event.operation is Operation.SUBMIT else {}
    return {"attempt": attempt, **sent}


def _attempt_ended(progress: Progress, event: e.AttemptEnded) -> Changes:
    if progress.attempt is None or progress.attempt.operation is not event.operation:
        raise JournalBroken("an attempt ends after it began")
    return {
        "attempt": None,
        "failures": 0 if event.settled else progress.failures + 1,
        "not_before": event.not_before,
    }


def _reference_received(progress: Progress, event: e.ReferenceReceived) -> Changes:
    if progress.agency_reference not in {None, event.reference}:
        raise JournalBroken("one application has one reference at the agency")
    return {"agency_reference": event.reference, "submitted_at": progress.submitted_at or event.at}


def _status_received(progress: Progress, event: e.StatusReceived) -> Changes:
    status = event.status
    known = {artefact.kind: artefact for artefact in (*progress.artefacts, *status.artefacts)}
    payments = progress.payments
    if status.payment_confirmed is False:  # the agency says that it was not told, so telling it again is safe
        payments = tuple(payment.model_copy(update={"advice_lost": False}) for payment in payments)
    return {
        **_with_payments(progress, payments),
        "status": status,
        "status_at": event.at,
        "last_sequence": status.sequence if status.sequence is not None else progress.last_sequence,
        "seen_events": progress.seen_events | ({status.event} if status.event else set()),
        "artefacts": tuple(known.values()),
    }


def _fee_demanded(_: Progress, event: e.FeeDemanded) -> Changes:
    return {"fee_due": event.stage, "quote": None}


def _artefact_fetched(progress: Progress, event: e.ArtefactFetched) -> Changes:
    return {"fetched": progress.fetched | {event.artefact.kind}}


def _correction_given(progress: Progress, _: e.CorrectionGiven) -> Changes:
    return {"correction_ready": True, "hold": None, "corrections": progress.corrections + 1}


_RULES: Final[Mapping[type, Callable[[Progress, Any], Changes]]] = MappingProxyType(
    {
        e.ConsentGiven: lambda _, event: {"consent": event.consent, "hold": None},
        e.Moved: _moved,
        e.FlagsChanged: _flags_changed,
        e.Held: lambda _, event: {"hold": event.hold},
        e.Released: lambda _, __: {"hold": None, "not_before": None, "failures": 0},
        e.Acknowledged: lambda _, __: {"acknowledged": True, "hold": None},
        e.EligibilityDecided: _eligibility_decided,
        e.EligibilityDropped: lambda _, __: {"eligibility": None, "acknowledged": False},
        e.QuoteReceived: lambda _, event: {"quote": event.quote},
        e.QuoteDropped: lambda _, __: {"quote": None},
        e.FeeDemanded: _fee_demanded,
        e.FeeSettled: lambda _, __: {"fee_due": None, "quote": None},
        e.PaymentOpened: _payment_opened,
        e.PaymentMoved: _payment_moved,
        e.AdviceLost: _advice_lost,
        e.AttemptBegan: _attempt_began,
        e.AttemptEnded: _attempt_ended,
        e.ReferenceReceived: _reference_received,
        e.StatusReceived: _status_received,
        e.ArtefactFetched: _artefact_fetched,
        e.CorrectionGiven: _correction_given,
        e.CorrectionSent: lambda _, __: {"correction_ready": False},
        e.WithdrawalWanted: lambda _, __: {"withdrawal_wanted": True},
        e.WithdrawalSettled: lambda _, __: {"withdrawal_wanted": False},
    }
)
