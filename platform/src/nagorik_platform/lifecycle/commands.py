"""What a citizen or an officer asks for, where it is open to the application at all.

So is the word that a store went back to an earlier copy: what was sent since then is not known any more. The first
attempt at each write is then taken for interrupted without being made, so that all that holds for a lost answer holds
for a lost day: it is looked up, repeated with its key where that does it once, or left to a person.
"""

from datetime import datetime

from nagorik.model.status import ApplicationState as S, Flag, PaymentState
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.lifecycle.events import (
    Acknowledged,
    Actor,
    BooksRestored,
    CorrectionGiven,
    EligibilityDropped,
    LookedUp,
    Moved,
    PaymentNoticed,
    QuoteDropped,
    ReferenceReceived,
    Released,
    WithdrawalWanted,
)
from nagorik_platform.lifecycle.fold import apply
from nagorik_platform.lifecycle.inputs import CitizenActed, Decided
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.rules.holds import ELIGIBILITY_INDETERMINATE, MONEY_HOLDS, PAYMENT_ENDED
from nagorik_platform.lifecycle.state import Party, Progress, ServiceCapabilities
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, NOT_FILED, WITHDRAWABLE, application_targets, is_settled


class NotPossible(ValueError):
    """What somebody asked for is not open to this application now; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def handle_citizen_action(writer: JournalWriter, capabilities: ServiceCapabilities, acted: CitizenActed) -> None:
    """Take in what the citizen did.

    Raises:
        NotPossible: It is not open to the application now.
    """
    progress = writer.progress
    code = progress.hold.code if progress.hold is not None else None
    match acted.action:
        case "go-on":
            if code != ELIGIBILITY_INDETERMINATE:
                raise NotPossible("nothing-to-acknowledge")
            writer.add(Acknowledged(at=writer.now))
        case "corrected":
            _handle_correction(writer, capabilities)
        case "pay-again":
            if code not in PAYMENT_ENDED.values():
                raise NotPossible("nothing-to-pay-again")
            writer.add(Released(at=writer.now, at_once=True))
        case "withdraw":
            _handle_withdrawal(writer, capabilities)
        case "received":
            if progress.state not in {S.ISSUED, S.DELIVERY_FAILED}:
                raise NotPossible("nothing-to-receive")
            writer.move(S.DELIVERED, Actor.CITIZEN, "received")


def _handle_correction(writer: JournalWriter, capabilities: ServiceCapabilities) -> None:
    """A form that a call is being made with cannot be changed under it: the answer would be to another form."""
    progress = writer.progress
    attempt = progress.attempt
    if progress.state is S.CORRECTION_REQUESTED:
        if not capabilities.offers(Operation.ANSWER_CORRECTION):
            raise NotPossible("corrected-at-the-agency")
        if attempt is not None and attempt.operation is Operation.ANSWER_CORRECTION:
            raise NotPossible("attempt-in-flight")
        if progress.correction_lost_at is not None:
            raise NotPossible("correction-unknown")
        writer.add(CorrectionGiven(at=writer.now))
        return
    if progress.state not in {S.DRAFT, S.READY}:
        raise NotPossible("too-late-to-correct")
    if attempt is not None:
        raise NotPossible("attempt-in-flight")
    writer.add(Released(at=writer.now, at_once=True))
    writer.add(EligibilityDropped(at=writer.now))
    if progress.quote is not None and not progress.is_paid(progress.quote.stage):
        writer.add(QuoteDropped(at=writer.now))
    if progress.state is S.READY:
        writer.move(S.DRAFT, Actor.CITIZEN, "corrected")


def _handle_withdrawal(writer: JournalWriter, capabilities: ServiceCapabilities) -> None:
    progress = writer.progress
    if Flag.PAYMENT_UNKNOWN in progress.flags:
        raise NotPossible("payment-unknown")
    if progress.is_filed and progress.state in WITHDRAWABLE:
        if not capabilities.offers(Operation.WITHDRAW):
            raise NotPossible("agency-offers-no-withdrawal")
        if progress.withdrawal_lost_at is not None:
            raise NotPossible("withdrawal-unknown")
        if not progress.withdrawal_wanted:
            writer.add(WithdrawalWanted(at=writer.now))
        return
    if progress.is_filed or progress.state not in {S.DRAFT, S.READY, S.AWAITING_PAYMENT}:
        raise NotPossible("too-late-or-unknown")
    if progress.attempt is not None:
        raise NotPossible("attempt-in-flight")
    writer.move(S.WITHDRAWN, Actor.CITIZEN, "withdrawn")


def handle_payment_notice(writer: JournalWriter, payment_id: str) -> None:
    """Ask the gateway about a payment that a message named.

    Raises:
        NotPossible: The application has no such payment.
    """
    payment = next((p for p in writer.progress.payments if p.id == payment_id), None)
    if payment is None:
        raise NotPossible("no-such-payment")
    writer.add(PaymentNoticed(at=writer.now, payment=payment_id))
    attempt = writer.progress.attempt
    announcing = attempt is not None and attempt.payment == payment_id
    if payment.state is PaymentState.QUOTED and not announcing:
        # The gateway seems to know what was thought not to be announced.
        writer.move_payment(payment_id, PaymentState.UNKNOWN, Actor.CORE, "noticed")


def handle_officer_decision(writer: JournalWriter, decision: Decided) -> None:
    """Take in what a named officer decided.

    Raises:
        NotPossible: It is not theirs to decide, or the lifecycle does not know it.
    """
    if not decision.officer.strip() or not decision.reason.strip():
        raise NotPossible("officer-and-reason-required")
    if writer.progress.attempt is not None:
        # What comes back from the call may settle what is being decided, or contradict it.
        raise NotPossible("attempt-in-flight")
    if (decision.payment is None) != (decision.payment_to is None):
        raise NotPossible("payment-and-state-required")
    if decision.payment is not None and decision.payment_to is not None:
        _decide_payment(writer, decision, decision.payment, decision.payment_to)
    if decision.to is not None:
        _decide_state(writer, decision, decision.to)
    elif decision.agency_reference is not None:
        raise NotPossible("reference-without-state")
    else:
        _release(writer, decision)


def _decide_payment(writer: JournalWriter, decision: Decided, payment_id: str, to: PaymentState) -> None:
    if all(payment.id != payment_id for payment in writer.progress.payments):
        raise NotPossible("no-such-payment")
    if not writer.could_move_payment(payment_id, to):
        raise NotPossible("payment-cannot-become-that")
    writer.move_payment(payment_id, to, Actor.PERSON, "decided", officer=decision.officer, reason=decision.reason)


def _decide_state(writer: JournalWriter, decision: Decided, to: S) -> None:
    progress = writer.progress
    known = progress.agency_reference or decision.agency_reference
    if not _is_in_question(progress):
        raise NotPossible("not-in-manual-review")
    if to is progress.state is S.MANUAL_REVIEW:
        raise NotPossible("state-required")
    if decision.agency_reference not in {None, known}:
        raise NotPossible("other-reference-known")
    if to in AT_THE_AGENCY | {S.DELIVERED} and known is None:
        raise NotPossible("reference-required")
    if to in NOT_FILED and known is not None:
        raise NotPossible("already-filed")
    if to is S.CLOSED and not all(is_settled(payment.state) for payment in progress.payments):
        raise NotPossible("money-open")
    if known is not None and not progress.is_filed:
        writer.add(ReferenceReceived(at=writer.now, reference=known))
    for state in dict.fromkeys((S.MANUAL_REVIEW, to)):
        if state is not writer.progress.state:
            _move(writer, decision, state)


def _is_in_question(progress: Progress) -> bool:
    """Whether the state is a person's to decide: in manual review, or waiting for a person and free to go there."""
    if progress.state is S.MANUAL_REVIEW:
        return True
    for_person = progress.hold is not None and progress.hold.party is Party.PERSON
    return for_person and S.MANUAL_REVIEW in application_targets(progress.state)


def _move(writer: JournalWriter, decision: Decided, to: S) -> None:
    writer.add(
        Moved(
            at=writer.now,
            to=to,
            actor=Actor.PERSON,
            code="decided",
            officer=decision.officer,
            reason=decision.reason,
        )
    )


def _release(writer: JournalWriter, decision: Decided) -> None:
    """Let it go on as it is: what could not be looked up is taken as settled on the officer's word."""
    progress = writer.progress
    for_person = progress.hold is not None and progress.hold.party is Party.PERSON
    undecided = progress.hold is not None and progress.hold.code in MONEY_HOLDS and decision.payment is None
    if undecided or progress.state is S.MANUAL_REVIEW or not for_person:
        if decision.payment is None:
            raise NotPossible("nothing-to-decide")
        return
    writer.add(Released(at=writer.now, at_once=True))
    if progress.correction_lost_at is not None:
        writer.add(LookedUp(at=writer.now, operation=Operation.ANSWER_CORRECTION))
    if progress.withdrawal_lost_at is not None:
        writer.add(LookedUp(at=writer.now, operation=Operation.WITHDRAW))


def restore(progress: Progress, officer: str, reason: str, now: datetime) -> tuple[Progress, BooksRestored]:
    """Put every write of an application in doubt; what it waits for stays the same.

    It needs no capabilities, so that it can be done for a service that nobody offers any more.
    """
    event = BooksRestored(at=now, officer=officer, reason=reason)
    return apply(progress, event), event


def is_in_doubt(progress: Progress, operation: Operation, payment: str | None) -> bool:
    """Whether a write may have been made by the database that was lost."""
    if progress.restored_at is None or not OPERATIONS[operation].writes:
        return False
    return progress.write_name(operation, payment) not in progress.begun_since
