"""The fold: a journal's events, applied in order, are the application's progress.

All of it but a call in flight that only reads: what has no effect is not announced, and the row alone holds it.

The fold is where the lifecycle's tables are enforced, so no driver, database or person can record a move that the
tables do not know. It computes nothing that an event does not say; the same events give the same progress for ever.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

from nagorik.errors import CredentialProblem, CredentialsRejected, InputRejected, PluginFault
from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik.operations import OPERATIONS, Operation
from nagorik.values import Money
from nagorik_platform.documents import DOCUMENT_UNREADABLE
from nagorik_platform.lifecycle import events as e, tables
from nagorik_platform.lifecycle.state import Attempt, Backoff, FeeWaiver, Hold, Party, Payment, Progress

SAME_KEY: Final = "same-key"
"""The code of the move that repeats a lost attempt at an agency which honours the key."""


Changes = Mapping[str, Any]


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
        tables.IllegalTransition: It holds a move that the lifecycle does not know.
    """
    entries = iter(journal)
    first = next(entries, None)
    if not isinstance(first, e.Opened):
        raise JournalBroken("a journal begins with opened")
    return fold(open_progress(first), entries)


def fold(progress: Progress, events: Iterable[e.Event]) -> Progress:
    """``progress`` after ``events``, in order.

    Raises:
        JournalBroken: As ``apply``.
        tables.IllegalTransition: As ``apply``.
    """
    return reduce(apply, events, progress)


def amounts_to(journal: Iterable[e.Event], row: Progress) -> bool:
    """Whether a journal gives this row, but for a call in flight that only reads.

    Raises:
        JournalBroken: As ``replay``.
        tables.IllegalTransition: As ``replay``.
    """
    return _journalled(replay(journal)) == _journalled(row)


def _journalled(progress: Progress) -> Progress:
    attempt = progress.attempt
    if attempt is None or OPERATIONS[attempt.operation].writes:
        return progress
    return progress.model_copy(update={"attempt": None})


def apply(progress: Progress, event: e.Event) -> Progress:
    """``progress`` after ``event``.

    Raises:
        tables.IllegalTransition: The event is a move that the lifecycle does not know.
        JournalBroken: The event contradicts the progress.
    """
    changes = _CHANGES[type(event)](progress, event)
    return progress.model_copy(update={**changes, "events": progress.events + 1})


def _moved(progress: Progress, event: e.Moved) -> Changes:
    _check_move(progress, event)
    lost = event.to is ApplicationState.SUBMISSION_UNKNOWN
    left_correction = event.to is not ApplicationState.CORRECTION_REQUESTED
    return {
        "state": event.to,
        "hold": Hold(party=Party.PERSON, code=event.code) if event.to is ApplicationState.MANUAL_REVIEW else None,
        "filing_unknown": _filing_unknown(progress, event),
        "lost_at": event.at if lost else progress.lost_at,
        **_lost_in_a_row(progress, event),
        "correction_ready": progress.correction_ready and not left_correction,
        "correction_lost_at": None if left_correction else progress.correction_lost_at,
        "withdrawal_lost_at": progress.withdrawal_lost_at if event.to in tables.WITHDRAWABLE else None,
    }


def _check_move(progress: Progress, event: e.Moved) -> None:
    if event.to not in tables.application_targets(progress.state):
        raise tables.IllegalTransition("application", progress.state.value, event.to.value)
    if progress.state is ApplicationState.MANUAL_REVIEW and (event.actor is not e.Actor.PERSON or not event.officer):
        raise JournalBroken("manual review is left by a named person only")
    if event.to in tables.AT_THE_AGENCY | {ApplicationState.DELIVERED} and not progress.is_filed:
        raise JournalBroken("what is at the agency has the agency's reference")
    if event.to in tables.NOT_FILED and progress.is_filed:
        raise JournalBroken("what has the agency's reference is not filed again")
    if event.to is ApplicationState.CLOSED and not all(
        tables.is_settled(payment.state) for payment in progress.payments
    ):
        raise JournalBroken("money is settled before an application closes")
    gives_up = event.to in {ApplicationState.WITHDRAWN, ApplicationState.EXPIRED}
    if gives_up and event.actor in {e.Actor.CITIZEN, e.Actor.CORE} and Flag.PAYMENT_UNKNOWN in progress.flags:
        raise JournalBroken("nothing is given up while a payment is unknown")


def _filing_unknown(progress: Progress, event: e.Moved) -> bool:
    """A lost attempt stays unknown while it is repeated with its key, until an answer or a look-up settles it."""
    if event.to is ApplicationState.SUBMISSION_UNKNOWN:
        return True
    return progress.filing_unknown and event.to is ApplicationState.SUBMITTING and event.code == SAME_KEY


def _lost_in_a_row(progress: Progress, event: e.Moved) -> Changes:
    """A filing that did not arrive and is sent anew goes on with those before it; a person begins afresh."""
    match event.to:
        case ApplicationState.SUBMISSION_UNKNOWN:
            return {"lost_since": progress.lost_since or event.at}
        case ApplicationState.SUBMITTING if progress.state is ApplicationState.SUBMISSION_UNKNOWN:
            return {"lost_in_a_row": progress.lost_in_a_row + (event.code != SAME_KEY)}
        case (
            ApplicationState.SUBMITTING
            | ApplicationState.READY
            | ApplicationState.DRAFT
            | ApplicationState.AWAITING_PAYMENT
        ):
            by_person = progress.state is ApplicationState.MANUAL_REVIEW
            return {"lost_since": None, "lost_in_a_row": 0} if by_person else {}
    return {"lost_since": None, "lost_in_a_row": 0}


def _database_restored(progress: Progress, event: e.DatabaseRestored) -> Changes:
    """A filing that was lost may have been repeated since, so that its loss is as good as new."""
    lost = {"lost_at": event.at, "lost_since": event.at} if progress.filing_unknown else {}
    return {"restored_at": event.at, "begun_since": frozenset(), **lost}


def _attempt_began(progress: Progress, event: e.AttemptBegan) -> Changes:
    if progress.attempt is not None:
        raise JournalBroken("one attempt at a time")
    attempt = Attempt(
        operation=event.operation, payment=event.payment, deliverable=event.deliverable, began_at=event.at
    )
    sent = _sent(progress, event.at) if event.operation is Operation.SUBMIT else {}
    since = {}
    if progress.restored_at is not None and OPERATIONS[event.operation].writes:
        since = {"begun_since": progress.begun_since | {progress.write_name(event.operation, event.payment)}}
    return {"attempt": attempt, **sent, **since}


def _sent(progress: Progress, at: datetime) -> Changes:
    """It is filed, with the receipts of all that was taken."""
    shown = tuple(
        one.model_copy(
            update={"is_shown": one.state in tables.MONEY_TAKEN or (one.is_shown and progress.filing_unknown)}
        )
        for one in progress.payments
    )
    return {"sent_at": at, "payments": shown}


def _attempt_ended(progress: Progress, event: e.AttemptEnded) -> Changes:
    attempt = _ended(progress, event)
    backoff = progress.backoff(attempt.operation, attempt.subject)
    failures = 0 if event.settled else backoff.failures + 1
    in_vain = 0 if event.settled else backoff.in_vain + _is_in_vain(event)
    unreadable = event.result == DOCUMENT_UNREADABLE
    final_word = event.settled and attempt.operation is Operation.QUERY_PAYMENT and attempt.payment is not None
    return {
        "attempt": None,
        "backoffs": _backoffs(
            progress,
            backoff.model_copy(update={"failures": failures, "in_vain": in_vain, "unreadable": unreadable}),
            event.not_before,
        ),
        **(_payment_asked_about(progress, attempt.payment or "", attempt.began_at) if final_word else {}),
        **(_status_unchanged(progress, event) if event.result == e.UNCHANGED else {}),
    }


_HANDS_NOTHING_IN: Final = frozenset({Operation.STATUS, Operation.FIND, Operation.WITHDRAW})
_OF_ONE_CALL: Final = frozenset({CredentialProblem.NOT_PERMITTED, CredentialProblem.UNSPECIFIED})


def _is_in_vain(event: e.AttemptEnded) -> bool:
    """Whether it is an officer's work: input is the citizen's to correct, a plugin's fault or credentials the host's.

    A document that cannot be read is held at once, and is not counted.
    """
    if event.refusal is None or event.result in {PluginFault.code, DOCUMENT_UNREADABLE}:
        return False
    if event.result == CredentialsRejected.code:
        return event.refusal.code in _OF_ONE_CALL
    return event.result != InputRejected.code or event.operation in _HANDS_NOTHING_IN


def _ended(progress: Progress, event: e.AttemptEnded) -> Attempt:
    """The attempt that ended: the one in flight, or a read that nothing announced."""
    in_flight = progress.attempt
    if event.began_at is None:
        if in_flight is None or in_flight.operation is not event.operation:
            raise JournalBroken("an attempt ends after it began")
        return in_flight
    if OPERATIONS[event.operation].writes:
        raise JournalBroken("a write is announced before it is made")
    attempt = Attempt(
        operation=event.operation, payment=event.payment, deliverable=event.deliverable, began_at=event.began_at
    )
    if in_flight is not None and in_flight != attempt:
        raise JournalBroken("one attempt at a time")
    return attempt


def _status_unchanged(progress: Progress, event: e.AttemptEnded) -> Changes:
    if progress.status is None:
        raise JournalBroken("what was never reported cannot be unchanged")
    return {"status_at": event.at}


def _postponed(progress: Progress, event: e.Postponed) -> Changes:
    return {"backoffs": _backoffs(progress, progress.backoff(event.operation), event.until)}


def _backoffs(progress: Progress, fared: Backoff, not_before: datetime | None) -> tuple[Backoff, ...]:
    others = tuple(w for w in progress.backoffs if (w.operation, w.subject) != (fared.operation, fared.subject))
    if fared.failures == 0 and not_before is None:
        return others
    return (*others, fared.model_copy(update={"not_before": not_before}))


def _reference_received(progress: Progress, event: e.ReferenceReceived) -> Changes:
    if progress.agency_reference not in {None, event.reference}:
        raise JournalBroken("one application has one reference at the agency")
    return {"agency_reference": event.reference, "submitted_at": progress.submitted_at or event.at}


def _status_received(progress: Progress, event: e.StatusReceived) -> Changes:
    status = event.status
    known = {deliverable.kind: deliverable for deliverable in progress.deliverables}
    reported = {deliverable.kind: deliverable for deliverable in status.deliverables}
    # The final deliverable replaces the interim one of its kind and has to be fetched in its turn.
    replaced = {kind for kind in known.keys() & reported.keys() if known[kind].interim and not reported[kind].interim}
    return {
        "status": status,
        "status_at": event.at,
        "last_sequence": status.sequence if status.sequence is not None else progress.last_sequence,
        "seen_events": progress.seen_events | ({status.event} if status.event else set()),
        "deliverables": tuple((known | reported).values()),
        "fetched": progress.fetched - replaced,
    }


def _fee_settled(progress: Progress, event: e.FeeSettled) -> Changes:
    quote = progress.quote if event.free else None
    waiver = FeeWaiver(stage=quote.stage, until=quote.expires_at) if quote is not None else None
    return {"fee_due": None, "quote": None, "waiver": waiver}


def _correction_given(progress: Progress, _: e.CorrectionGiven) -> Changes:
    hold = progress.hold if progress.hold is not None and progress.hold.party is Party.PERSON else None
    # What could not be sent for a paper is worth a try with another.
    backoffs = tuple(one for one in progress.backoffs if not one.unreadable)
    return {"correction_ready": True, "hold": hold, "corrections": progress.corrections + 1, "backoffs": backoffs}


_LOST: Final = {Operation.ANSWER_CORRECTION: "correction_lost_at", Operation.WITHDRAW: "withdrawal_lost_at"}
"""Where a row holds when the answer to a write was lost."""

# Payments, and the flags that follow from them

_FLAG_CAUSES: Final[Mapping[Flag, frozenset[PaymentState]]] = {
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


def _payment_opened(progress: Progress, event: e.PaymentOpened) -> Changes:
    """A payment begins as quoted, once."""
    if any(payment.id == event.payment for payment in progress.payments):
        raise JournalBroken("a payment is opened once")
    payment = Payment(
        id=event.payment,
        quote=event.quote,
        stage=event.stage,
        gateway=event.gateway,
        amount=event.amount,
        charges=event.charges,
        state=PaymentState.QUOTED,
        opened_at=event.at,
    )
    return {"payments": (*progress.payments, payment)}


def _payment_moved(progress: Progress, event: e.PaymentMoved) -> Changes:
    """A payment moves along its table; what was captured is captured at some instant."""
    before = _known(progress, event.payment)
    if event.to not in tables.payment_targets(before.state):
        raise tables.IllegalTransition("payment", before.state.value, event.to.value)
    captured = event.at if event.to is PaymentState.CAPTURED else None
    refunded = (event.refunded_at or event.at) if event.to is PaymentState.REFUNDED else None
    not_told = event.to in {PaymentState.UNKNOWN, PaymentState.PENDING}
    core_unsure = event.to is PaymentState.UNKNOWN and event.actor is e.Actor.CORE
    lost = event.at if before.state is PaymentState.AUTHORISED and core_unsure else None
    announced = event.at if event.to in {PaymentState.INITIATED, PaymentState.UNKNOWN} else None
    after = before.model_copy(
        update={
            "state": event.to,
            "moved_at": event.at,
            "decided": _is_decided(before, event),
            "contested": event.contested if event.actor is e.Actor.GATEWAY else before.contested,
            "asked_at": None,
            "announced_at": _first(before.announced_at, announced),
            "advice_lost_at": None,
            "reference": event.reference or before.reference,
            "taken": _first(event.taken, before.taken),
            "captured_at": _first(event.captured_at, before.captured_at, captured),
            "refunded_at": _first(before.refunded_at, refunded),
            "payer_name": event.payer_name or before.payer_name,
            "refund_requested_at": _first(
                before.refund_requested_at, event.at if event.to is PaymentState.REFUND_REQUESTED else None
            ),
            "refund_reference": event.refund_reference or before.refund_reference,
            "refund_ordered_at": _refund_ordered_at(before, event),
            "completion_lost_at": _first(lost, before.completion_lost_at) if not_told else None,
        }
    )
    return _with_payments(progress, (after if p.id == after.id else p for p in progress.payments))


def _is_decided(before: Payment, event: e.PaymentMoved) -> bool:
    if event.actor is e.Actor.PERSON:
        return True
    return before.decided and event.actor is not e.Actor.GATEWAY and event.to in tables.MONEY_TAKEN


def _refund_ordered_at(before: Payment, event: e.PaymentMoved) -> datetime | None:
    """The latest time that it was found to have the order, until it says that a refund that it took in has failed."""
    if event.to is PaymentState.REFUND_FAILED and before.state is PaymentState.REFUND_PENDING:
        return None
    taken_in = event.to is PaymentState.REFUND_PENDING or event.refund_reference is not None
    return event.at if taken_in else before.refund_ordered_at


def _payment_noticed(progress: Progress, event: e.PaymentNoticed) -> Changes:
    """Ask the gateway at once."""
    backoffs = (w for w in progress.backoffs if (w.operation, w.subject) != (Operation.QUERY_PAYMENT, event.payment))
    return {**_changed(progress, event.payment, noticed_at=event.at), "backoffs": tuple(backoffs)}


def _payment_asked_about(progress: Progress, payment: str, asked_at: datetime) -> Changes:
    """The gateway has given its final word, unless a message came after it was asked: then it is asked once more."""
    before = _known(progress, payment)
    overtaken = before.noticed_at is not None and before.noticed_at > asked_at
    return _changed(progress, payment, noticed_at=before.noticed_at if overtaken else None, asked_at=asked_at)


def _with_payments(progress: Progress, payments: Iterable[Payment]) -> Changes:
    """Other payments, and the flags that follow from them."""
    changed = tuple(payments)
    return {"payments": changed, "flags": _payment_flags(progress.flags, changed)}


def _changed(progress: Progress, payment: str, **update: datetime | None) -> Changes:
    after = _known(progress, payment).model_copy(update=update)
    return _with_payments(progress, (after if p.id == after.id else p for p in progress.payments))


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


_CHANGES: Final[Mapping[type, Callable[[Progress, Any], Changes]]] = MappingProxyType(
    {
        e.ConsentGiven: lambda _, event: {"consent": event.consent},
        e.Moved: _moved,
        e.FlagsChanged: lambda progress, event: {"flags": (progress.flags - event.lowered) | event.raised},
        e.Held: lambda _, event: {"hold": event.hold},
        e.Released: lambda progress, event: {"hold": None, "backoffs": () if event.at_once else progress.backoffs},
        e.Acknowledged: lambda _, __: {"acknowledged": True},
        e.EligibilityDecided: lambda _, event: {"eligibility": event.decision.eligibility},
        e.DatabaseRestored: _database_restored,
        e.EligibilityDropped: lambda _, __: {"eligibility": None, "acknowledged": False},
        e.QuoteReceived: lambda _, event: {"quote": event.quote},
        e.QuoteDropped: lambda _, __: {"quote": None},
        e.FeeDemanded: lambda _, event: {"fee_due": event.stage, "quote": None, "waiver": None},
        e.FeeSettled: _fee_settled,
        e.PaymentOpened: _payment_opened,
        e.PaymentMoved: _payment_moved,
        e.AdviceLost: lambda progress, event: _changed(progress, event.payment, advice_lost_at=event.at),
        e.AdviceAbsent: lambda progress, event: _changed(progress, event.payment, advice_lost_at=None),
        e.RefundLost: lambda progress, event: _changed(progress, event.payment, refund_ordered_at=event.at),
        e.PaymentNoticed: _payment_noticed,
        e.AttemptBegan: _attempt_began,
        e.AttemptEnded: _attempt_ended,
        e.Postponed: _postponed,
        e.ReferenceReceived: _reference_received,
        e.ReferenceDoubted: lambda _, __: {},
        e.DocumentsHandedIn: lambda _, __: {},
        e.StatusReceived: _status_received,
        e.DeliverableFetched: lambda progress, event: {"fetched": progress.fetched | {event.deliverable.kind}},
        e.CorrectionGiven: _correction_given,
        e.CorrectionSent: lambda _, event: {
            "correction_ready": False,
            "correction_lost_at": event.at if event.lost else None,
        },
        e.WithdrawalWanted: lambda progress, _: {"withdrawal_wanted": True, "withdrawals": progress.withdrawals + 1},
        e.WithdrawalSettled: lambda _, event: {
            "withdrawal_wanted": False,
            "withdrawal_lost_at": event.at if event.outcome == "unknown" else None,
        },
        e.BookingChanged: lambda _, event: {"booking": event.booking},
        e.LookedUp: lambda _, event: {_LOST[event.operation]: None},
    }
)
