"""The step: what an application becomes, and what comes next, given what happened.

Pure functions of a row, an outcome, a plan and an instant. Whoever drives an application, in memory or on a
database, does the same three things: ``begin`` and commit; make the call; ``step`` and commit. A driver that dies
in between leaves an attempt without an end, and ``step`` with ``Interrupted`` takes it from there.
"""

from datetime import datetime
from typing import NamedTuple

from nagorik.journey.attempts import end_attempt, interrupt_attempt
from nagorik.journey.events import (
    Acknowledged,
    Actor,
    AttemptBegan,
    ConsentGiven,
    CorrectionGiven,
    EligibilityDropped,
    Event,
    Moved,
    Opened,
    PaymentOpened,
    QuoteDropped,
    ReferenceReceived,
    Released,
    WithdrawalWanted,
)
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
    Outcome,
    Reported,
)
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Party, Progress
from nagorik.journey.record import Record
from nagorik.journey.reports import take_reference, take_status
from nagorik.journey.settle import settle, unmet_consent
from nagorik.journey.upcoming import upcoming
from nagorik.model.consent import ConsentGap
from nagorik.model.states import ApplicationState, Flag, PaymentState
from nagorik.operations import OPERATIONS, Operation


class Step(NamedTuple):
    """A new row, the journal's new entries, and what the application now waits for."""

    progress: Progress
    events: tuple[Event, ...]
    next: Next


class NotPossible(ValueError):
    """What somebody asked for is not open to this application now; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def open_application(opened: Opened, plan: Plan) -> Step:
    """The first step of an application."""
    record = Record(open_progress(opened), opened.at)
    record.events.append(opened)
    return _finish(record, plan)


def begin(progress: Progress, plan: Plan, now: datetime, payment_id: str) -> Step:
    """Write down the intent to make the call that ``progress`` waits for; commit it before making the call.

    ``payment_id`` becomes the id of a payment if one has to be opened. The step's ``next`` names the call; it is
    empty if nothing is due, or if the citizen's consent does not cover the call, in which case the row is held.
    """
    record = Record(progress, now)
    todo = upcoming(progress, plan, now)
    if todo.operation is None or todo.due is None or todo.due > now:
        return Step(progress, (), Next(operation=None))
    gap = _consent_gap(record, todo.operation)
    if gap is not None:
        record.hold(Party.CITIZEN, f"consent-{gap}")
        return Step(record.progress, tuple(record.events), Next(operation=None))
    payment = todo.payment
    if todo.operation is Operation.START_PAYMENT and payment is None:
        if plan.gateway is None or progress.quote is None:
            record.hold(Party.CITIZEN, "gateway-not-chosen")
            return Step(record.progress, tuple(record.events), Next(operation=None))
        payment = payment_id
        record.add(
            PaymentOpened(
                at=now,
                payment=payment,
                quote=progress.quote.id,
                stage=progress.quote.stage,
                gateway=plan.gateway,
                amount=progress.quote.total,
            )
        )
    record.add(AttemptBegan(at=now, operation=todo.operation, payment=payment))
    if todo.operation is Operation.SUBMIT and progress.state is not ApplicationState.SUBMITTING:
        code = SAME_KEY if progress.state is ApplicationState.SUBMISSION_UNKNOWN else "filing"
        record.move(ApplicationState.SUBMITTING, Actor.CORE, code)
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
        case Answered(result):
            end_attempt(record, plan, result)
        case Failed(error):
            end_attempt(record, plan, error)
        case Interrupted():
            interrupt_attempt(record, plan)
        case Reported(reference, status):
            if take_reference(record, reference, "reported"):
                take_status(record, status)
        case ConsentGranted(consent):
            record.add(ConsentGiven(at=now, consent=consent))
        case CitizenActed():
            _take_wish(record, outcome)
        case Decided():
            _take_decision(record, outcome)
        case Due():
            pass
    return _finish(record, plan)


def _finish(record: Record, plan: Plan) -> Step:
    settle(record, plan)
    return Step(record.progress, tuple(record.events), upcoming(record.progress, plan, record.now))


def _consent_gap(record: Record, operation: Operation) -> ConsentGap | None:
    """What a call lacks of consent; finishing what was paid for, or giving it back, follows from the first one."""
    if not OPERATIONS[operation].writes or operation in {Operation.ADVISE_PAYMENT, Operation.REFUND_PAYMENT}:
        return None
    return unmet_consent(record.progress, operation, record)


def _take_wish(record: Record, wish: CitizenActed) -> None:
    progress = record.progress
    match wish.action:
        case "go-on":
            if progress.hold is None or progress.hold.code != "eligibility-indeterminate":
                raise NotPossible("nothing-to-acknowledge")
            record.add(Acknowledged(at=record.now))
        case "corrected":
            _take_correction(record)
        case "pay-again":
            if progress.hold is None or not progress.hold.code.startswith("payment-"):
                raise NotPossible("nothing-to-pay-again")
            record.add(Released(at=record.now))
        case "withdraw":
            _take_withdrawal(record)


def _take_correction(record: Record) -> None:
    state = record.progress.state
    if state is ApplicationState.CORRECTION_REQUESTED:
        record.add(CorrectionGiven(at=record.now))
        return
    if state not in {ApplicationState.DRAFT, ApplicationState.READY}:
        raise NotPossible("too-late-to-correct")
    record.add(Released(at=record.now))
    record.add(EligibilityDropped(at=record.now))
    if record.progress.quote is not None and not record.progress.is_paid(record.progress.quote.stage):
        record.add(QuoteDropped(at=record.now))
    if state is ApplicationState.READY:
        record.move(ApplicationState.DRAFT, Actor.CITIZEN, "corrected")


def _take_withdrawal(record: Record) -> None:
    progress = record.progress
    if progress.attempt is not None:
        raise NotPossible("attempt-in-flight")
    if progress.payment_in(PaymentState.UNKNOWN) is not None or Flag.PAYMENT_UNKNOWN in progress.flags:
        raise NotPossible("payment-unknown")
    match progress.state:
        case ApplicationState.DRAFT | ApplicationState.READY:
            record.move(ApplicationState.WITHDRAWN, Actor.CITIZEN, "withdrawn")
        case ApplicationState.AWAITING_PAYMENT if progress.agency_reference is None:
            record.move(ApplicationState.WITHDRAWN, Actor.CITIZEN, "withdrawn")
        case (
            ApplicationState.SUBMITTED
            | ApplicationState.IN_REVIEW
            | ApplicationState.AWAITING_PAYMENT
            | ApplicationState.CORRECTION_REQUESTED
            | ApplicationState.AWAITING_APPEARANCE
        ):
            record.add(WithdrawalWanted(at=record.now))
        case _:
            raise NotPossible("too-late-or-unknown")


def _take_decision(record: Record, decision: Decided) -> None:
    if not decision.officer.strip() or not decision.reason.strip():
        raise NotPossible("officer-and-reason-required")
    progress = record.progress
    if decision.payment is not None and decision.payment_to is not None:
        record.move_payment(decision.payment, decision.payment_to, Actor.PERSON, "decided", officer=decision.officer)
    if decision.to is not None:
        if progress.state is not ApplicationState.MANUAL_REVIEW:
            raise NotPossible("not-in-manual-review")
        if decision.agency_reference is not None and progress.agency_reference is None:
            record.add(ReferenceReceived(at=record.now, reference=decision.agency_reference))
        record.add(
            Moved(
                at=record.now,
                to=decision.to,
                actor=Actor.PERSON,
                code="decided",
                officer=decision.officer,
                reason=decision.reason,
            )
        )
    elif record.progress.hold is not None and record.progress.hold.party is Party.PERSON:
        record.add(Released(at=record.now))
    elif decision.payment is None:
        raise NotPossible("nothing-to-decide")
