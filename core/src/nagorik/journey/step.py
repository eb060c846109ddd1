"""The step: what an application becomes, and what comes next, given what happened.

Pure functions of a row, an outcome, a plan and an instant. Whoever drives an application, in memory or on a
database, does the same three things: ``begin`` and commit; make the call; ``step`` and commit. A driver that dies
in between leaves an attempt without an end, and ``step`` with ``Interrupted`` takes it from there. Both are given
the row as it is now, so the answer of an attempt that was taken for interrupted has to be dropped by the driver.
"""

from datetime import datetime
from typing import NamedTuple

from nagorik.journey.attempts import end_attempt, interrupt_attempt
from nagorik.journey.consenting import CONSENT_HOLD, Wanted, price_to_come, unmet_consent
from nagorik.journey.events import Actor, ConsentGiven, Event, Opened, PaymentOpened
from nagorik.journey.journal import SAME_KEY, open_progress
from nagorik.journey.outcome import (
    Answered,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Failed,
    Interrupted,
    Next,
    Noticed,
    Outcome,
    Reported,
)
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Party, Progress
from nagorik.journey.record import Record
from nagorik.journey.reports import take_reference, take_status
from nagorik.journey.restored import is_in_doubt
from nagorik.journey.settle import settle
from nagorik.journey.upcoming import upcoming
from nagorik.journey.wishes import take_decision, take_notice, take_wish
from nagorik.model.states import ApplicationState
from nagorik.operations import Operation


class Step(NamedTuple):
    """A new row, the journal's new entries, and what the application now waits for."""

    progress: Progress
    events: tuple[Event, ...]
    next: Next


def open_application(opened: Opened, plan: Plan) -> Step:
    """The first step of an application."""
    record = Record(open_progress(opened), opened.at)
    record.events.append(opened)
    return _finish(record, plan)


def begin(progress: Progress, plan: Plan, now: datetime, payment_id: str) -> Step:
    """Write down the intent to make the call that ``progress`` waits for; commit it before making the call.

    The row holds the intent, and so does the journal where the call can have an effect; what only reads leaves one
    entry, at its end.

    Time may have passed since the row was last looked at, so what follows from that alone is settled first: a lapsed
    quote is not paid, and nothing is sent without a consent that covers it. ``payment_id`` becomes the id of a
    payment if one has to be opened. A write that the books may have forgotten since they were restored is taken for
    interrupted. The step's ``next`` names the call to make; where there is none to make now it names no operation,
    and says when to look again, if at all.
    """
    record = Record(progress, now)
    settle(record, plan)
    todo = upcoming(record.progress, plan, now)
    if todo.operation is None or todo.due is None or todo.due > now:
        return _no_call(record, todo.due)
    price = price_to_come(record.progress) if todo.operation is Operation.START_PAYMENT else None
    gap = unmet_consent(record.progress, Wanted(todo.operation, price), now)
    if gap is not None:
        record.hold(Party.CITIZEN, f"{CONSENT_HOLD}{gap}")
        return _no_call(record, None)
    payment = todo.payment
    if todo.operation is Operation.START_PAYMENT and payment is None:
        payment = payment_id
        _open_payment(record, plan, payment_id)
    artefact = todo.artefact.kind if todo.artefact is not None else None
    before, in_doubt = record.progress.state, is_in_doubt(record.progress, todo.operation, payment)
    record.begin(todo.operation, payment=payment, artefact=artefact)
    if todo.operation is Operation.SUBMIT:
        code = SAME_KEY if before is ApplicationState.SUBMISSION_UNKNOWN else "filing"
        record.move(ApplicationState.SUBMITTING, Actor.CORE, code)
    if in_doubt:
        interrupt_attempt(record, plan)
        settle(record, plan)
        return _no_call(record, upcoming(record.progress, plan, now).due)
    call = Next(operation=todo.operation, due=now, payment=payment, artefact=todo.artefact)
    return Step(record.progress, tuple(record.events), call)


def step(progress: Progress, outcome: Outcome, plan: Plan, now: datetime) -> Step:
    """Take in what happened.

    Raises:
        NotPossible: A citizen's or an officer's wish that is not open to the application now.
        UnexpectedAnswer: An answer that no attempt in flight asked for.
    """
    record = Record(progress, now)
    match outcome:
        case Answered(end) | Failed(end):
            end_attempt(record, plan, end)
        case Interrupted():
            interrupt_attempt(record, plan)
        case Reported(reference, status):
            if take_reference(record, plan, reference, "reported"):
                take_status(record, plan, status)
        case Noticed(payment):
            take_notice(record, payment)
        case ConsentGranted(consent):
            record.add(ConsentGiven(at=now, consent=consent))
        case CitizenActed():
            take_wish(record, plan, outcome)
        case Decided():
            take_decision(record, outcome)
        case Due():
            pass
    return _finish(record, plan)


def _finish(record: Record, plan: Plan) -> Step:
    settle(record, plan)
    return Step(record.progress, tuple(record.events), upcoming(record.progress, plan, record.now))


def _no_call(record: Record, look_again: datetime | None) -> Step:
    return Step(record.progress, tuple(record.events), Next(operation=None, due=look_again))


def _open_payment(record: Record, plan: Plan, payment_id: str) -> None:
    quote = record.progress.quote
    assert quote is not None and plan.gateway is not None  # noqa: S101, PT018 - a payment is due only with both
    record.add(
        PaymentOpened(
            at=record.now,
            payment=payment_id,
            quote=quote.id,
            stage=quote.stage,
            gateway=plan.gateway,
            amount=quote.total,
        )
    )
