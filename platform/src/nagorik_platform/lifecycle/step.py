"""The step: what an application becomes, and what comes next, given what happened.

Pure functions of a row, an input, a service's capabilities and an instant. Whoever drives an application, in memory
or on a database, does the same three things: ``begin`` and commit; make the call; ``step`` and commit. A driver that
dies in between leaves an attempt without an end, and ``step`` with ``Interrupted`` takes it from there. Both are
given the row as it is now, so the driver drops the answer of an attempt that was taken for interrupted.
"""

from datetime import datetime
from typing import NamedTuple

from nagorik.model.status import ApplicationState
from nagorik.operations import Operation
from nagorik_platform.lifecycle.attempts import end_attempt, interrupt_attempt
from nagorik_platform.lifecycle.commands import (
    handle_citizen_action,
    handle_officer_decision,
    handle_payment_notice,
    is_in_doubt,
)
from nagorik_platform.lifecycle.events import Actor, ConsentGiven, Event, Opened, PaymentOpened
from nagorik_platform.lifecycle.fold import SAME_KEY, open_progress
from nagorik_platform.lifecycle.inputs import (
    CallAnswered,
    CallFailed,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Input,
    Interrupted,
    Noticed,
    Reported,
)
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.next_action import NextAction, next_action
from nagorik_platform.lifecycle.reports import apply_reference, apply_status
from nagorik_platform.lifecycle.rules.advance import advance
from nagorik_platform.lifecycle.rules.consent import CONSENT_HOLD, IntendedWrite, price_to_come, unmet_consent
from nagorik_platform.lifecycle.state import Party, Progress, ServiceCapabilities


class Step(NamedTuple):
    """A new row, the journal's new entries, and what the application now waits for."""

    progress: Progress
    events: tuple[Event, ...]
    next: NextAction


def open_application(opened: Opened, capabilities: ServiceCapabilities) -> Step:
    """The first step of an application."""
    writer = JournalWriter(open_progress(opened), opened.at)
    writer.events.append(opened)
    return _finish(writer, capabilities)


def begin(progress: Progress, capabilities: ServiceCapabilities, now: datetime, payment_id: str) -> Step:
    """Write down the intent to make the call that ``progress`` waits for; commit it before making the call.

    The row holds the intent, and so does the journal where the call can have an effect; what only reads leaves one
    entry, at its end.

    Time may have passed since the row was last looked at, so what follows from that alone is settled first: a lapsed
    quote is not paid, and nothing is sent without a consent that covers it. ``payment_id`` becomes the id of a
    payment if one has to be opened. A write that the database may have forgotten since it was restored is taken for
    interrupted. The step's ``next`` names the call to make; where there is none to make now it names no operation,
    and says when to look again, if at all.
    """
    writer = JournalWriter(progress, now)
    advance(writer, capabilities)
    todo = next_action(writer.progress, capabilities, now)
    if todo.operation is None or todo.due is None or todo.due > now:
        return _no_call(writer, todo.due)
    price = price_to_come(writer.progress) if todo.operation is Operation.START_PAYMENT else None
    gap = unmet_consent(writer.progress, IntendedWrite(todo.operation, price), now)
    if gap is not None:
        writer.hold(Party.CITIZEN, f"{CONSENT_HOLD}{gap}")
        return _no_call(writer, None)
    payment = todo.payment
    if todo.operation is Operation.START_PAYMENT and payment is None:
        payment = payment_id
        _open_payment(writer, capabilities, payment_id)
    deliverable = todo.deliverable.kind if todo.deliverable is not None else None
    before, in_doubt = writer.progress.state, is_in_doubt(writer.progress, todo.operation, payment)
    writer.begin(todo.operation, payment=payment, deliverable=deliverable)
    if todo.operation is Operation.SUBMIT:
        code = SAME_KEY if before is ApplicationState.SUBMISSION_UNKNOWN else "filing"
        writer.move(ApplicationState.SUBMITTING, Actor.CORE, code)
    if in_doubt:
        interrupt_attempt(writer, capabilities)
        advance(writer, capabilities)
        return _no_call(writer, next_action(writer.progress, capabilities, now).due)
    call = NextAction(operation=todo.operation, due=now, payment=payment, deliverable=todo.deliverable)
    return Step(writer.progress, tuple(writer.events), call)


def step(progress: Progress, received: Input, capabilities: ServiceCapabilities, now: datetime) -> Step:
    """Take in what happened.

    Raises:
        NotPossible: What a citizen or an officer asks for is not open to the application now.
        UnexpectedAnswer: An answer that no attempt in flight asked for.
    """
    writer = JournalWriter(progress, now)
    match received:
        case CallAnswered(end) | CallFailed(end):
            end_attempt(writer, capabilities, end)
        case Interrupted():
            interrupt_attempt(writer, capabilities)
        case Reported(reference, status):
            if apply_reference(writer, capabilities, reference, "reported"):
                apply_status(writer, capabilities, status)
        case Noticed(payment):
            handle_payment_notice(writer, payment)
        case ConsentGranted(consent):
            writer.add(ConsentGiven(at=now, consent=consent))
        case CitizenActed():
            handle_citizen_action(writer, capabilities, received)
        case Decided():
            handle_officer_decision(writer, received)
        case Due():
            pass
    return _finish(writer, capabilities)


def _finish(writer: JournalWriter, capabilities: ServiceCapabilities) -> Step:
    advance(writer, capabilities)
    return Step(writer.progress, tuple(writer.events), next_action(writer.progress, capabilities, writer.now))


def _no_call(writer: JournalWriter, look_again: datetime | None) -> Step:
    return Step(writer.progress, tuple(writer.events), NextAction(operation=None, due=look_again))


def _open_payment(writer: JournalWriter, capabilities: ServiceCapabilities, payment_id: str) -> None:
    quote = writer.progress.quote
    assert quote is not None and capabilities.gateway is not None  # noqa: S101, PT018 - a payment is due only with both
    writer.add(
        PaymentOpened(
            at=writer.now,
            payment=payment_id,
            quote=quote.id,
            stage=quote.stage,
            gateway=capabilities.gateway,
            amount=quote.total,
        )
    )
