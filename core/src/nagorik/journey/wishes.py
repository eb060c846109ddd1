"""What a citizen or an officer asks for, where it is open to the application at all."""

from nagorik.journey.errors import NotPossible
from nagorik.journey.events import (
    Acknowledged,
    Actor,
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
from nagorik.journey.holds import ELIGIBILITY_INDETERMINATE, MONEY_HOLDS, PAYMENT_ENDED
from nagorik.journey.outcome import CitizenActed, Decided
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Party, Progress
from nagorik.journey.record import Record
from nagorik.lifecycle import application_targets, is_settled
from nagorik.lifecycle.groups import AT_THE_AGENCY, NOT_FILED, WITHDRAWABLE
from nagorik.model.states import ApplicationState as S, Flag, PaymentState
from nagorik.operations import Operation


def take_wish(record: Record, plan: Plan, wish: CitizenActed) -> None:
    """Take in what the citizen did.

    Raises:
        NotPossible: It is not open to the application now.
    """
    progress = record.progress
    code = progress.hold.code if progress.hold is not None else None
    match wish.action:
        case "go-on":
            if code != ELIGIBILITY_INDETERMINATE:
                raise NotPossible("nothing-to-acknowledge")
            record.add(Acknowledged(at=record.now))
        case "corrected":
            _take_correction(record, plan)
        case "pay-again":
            if code not in PAYMENT_ENDED.values():
                raise NotPossible("nothing-to-pay-again")
            record.add(Released(at=record.now, at_once=True))
        case "withdraw":
            _take_withdrawal(record, plan)
        case "received":
            if progress.state not in {S.ISSUED, S.DELIVERY_FAILED}:
                raise NotPossible("nothing-to-receive")
            record.move(S.DELIVERED, Actor.CITIZEN, "received")


def _take_correction(record: Record, plan: Plan) -> None:
    """A form that a call is being made with cannot be changed under it: the answer would be to another form."""
    progress = record.progress
    attempt = progress.attempt
    if progress.state is S.CORRECTION_REQUESTED:
        if not plan.offers(Operation.ANSWER_CORRECTION):
            raise NotPossible("corrected-at-the-agency")
        if attempt is not None and attempt.operation is Operation.ANSWER_CORRECTION:
            raise NotPossible("attempt-in-flight")
        if progress.correction_lost_at is not None:
            raise NotPossible("correction-unknown")
        record.add(CorrectionGiven(at=record.now))
        return
    if progress.state not in {S.DRAFT, S.READY}:
        raise NotPossible("too-late-to-correct")
    if attempt is not None:
        raise NotPossible("attempt-in-flight")
    record.add(Released(at=record.now, at_once=True))
    record.add(EligibilityDropped(at=record.now))
    if progress.quote is not None and not progress.is_paid(progress.quote.stage):
        record.add(QuoteDropped(at=record.now))
    if progress.state is S.READY:
        record.move(S.DRAFT, Actor.CITIZEN, "corrected")


def _take_withdrawal(record: Record, plan: Plan) -> None:
    progress = record.progress
    if Flag.PAYMENT_UNKNOWN in progress.flags:
        raise NotPossible("payment-unknown")
    if progress.is_filed and progress.state in WITHDRAWABLE:
        if not plan.offers(Operation.WITHDRAW):
            raise NotPossible("agency-offers-no-withdrawal")
        if progress.withdrawal_lost_at is not None:
            raise NotPossible("withdrawal-unknown")
        if not progress.withdrawal_wanted:
            record.add(WithdrawalWanted(at=record.now))
        return
    if progress.is_filed or progress.state not in {S.DRAFT, S.READY, S.AWAITING_PAYMENT}:
        raise NotPossible("too-late-or-unknown")
    if progress.attempt is not None:
        raise NotPossible("attempt-in-flight")
    record.move(S.WITHDRAWN, Actor.CITIZEN, "withdrawn")


def take_notice(record: Record, payment_id: str) -> None:
    """Ask the gateway about a payment that a message named.

    Raises:
        NotPossible: The application has no such payment.
    """
    payment = next((p for p in record.progress.payments if p.id == payment_id), None)
    if payment is None:
        raise NotPossible("no-such-payment")
    record.add(PaymentNoticed(at=record.now, payment=payment_id))
    attempt = record.progress.attempt
    announcing = attempt is not None and attempt.payment == payment_id
    if payment.state is PaymentState.QUOTED and not announcing:
        # The gateway seems to know what was thought not to be announced.
        record.move_payment(payment_id, PaymentState.UNKNOWN, Actor.CORE, "noticed")


def take_decision(record: Record, decision: Decided) -> None:
    """Take in what a named officer decided.

    Raises:
        NotPossible: It is not theirs to decide, or the lifecycle does not know it.
    """
    if not decision.officer.strip() or not decision.reason.strip():
        raise NotPossible("officer-and-reason-required")
    if record.progress.attempt is not None:
        # What comes back from the call may settle what is being decided, or contradict it.
        raise NotPossible("attempt-in-flight")
    if (decision.payment is None) != (decision.payment_to is None):
        raise NotPossible("payment-and-state-required")
    if decision.payment is not None and decision.payment_to is not None:
        _decide_payment(record, decision, decision.payment, decision.payment_to)
    if decision.to is not None:
        _decide_state(record, decision, decision.to)
    elif decision.agency_reference is not None:
        raise NotPossible("reference-without-state")
    else:
        _release(record, decision)


def _decide_payment(record: Record, decision: Decided, payment_id: str, to: PaymentState) -> None:
    if all(payment.id != payment_id for payment in record.progress.payments):
        raise NotPossible("no-such-payment")
    if not record.could_move_payment(payment_id, to):
        raise NotPossible("payment-cannot-become-that")
    record.move_payment(payment_id, to, Actor.PERSON, "decided", officer=decision.officer, reason=decision.reason)


def _decide_state(record: Record, decision: Decided, to: S) -> None:
    progress = record.progress
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
        record.add(ReferenceReceived(at=record.now, reference=known))
    for state in dict.fromkeys((S.MANUAL_REVIEW, to)):
        if state is not record.progress.state:
            _move(record, decision, state)


def _is_in_question(progress: Progress) -> bool:
    """Whether the state is a person's to decide: in manual review, or waiting for a person and free to go there."""
    if progress.state is S.MANUAL_REVIEW:
        return True
    for_person = progress.hold is not None and progress.hold.party is Party.PERSON
    return for_person and S.MANUAL_REVIEW in application_targets(progress.state)


def _move(record: Record, decision: Decided, to: S) -> None:
    record.add(
        Moved(
            at=record.now,
            to=to,
            actor=Actor.PERSON,
            code="decided",
            officer=decision.officer,
            reason=decision.reason,
        )
    )


def _release(record: Record, decision: Decided) -> None:
    """Let it go on as it is: what could not be looked up is taken as settled on the officer's word."""
    progress = record.progress
    for_person = progress.hold is not None and progress.hold.party is Party.PERSON
    undecided = progress.hold is not None and progress.hold.code in MONEY_HOLDS and decision.payment is None
    if undecided or progress.state is S.MANUAL_REVIEW or not for_person:
        if decision.payment is None:
            raise NotPossible("nothing-to-decide")
        return
    record.add(Released(at=record.now, at_once=True))
    if progress.correction_lost_at is not None:
        record.add(LookedUp(at=record.now, operation=Operation.ANSWER_CORRECTION))
    if progress.withdrawal_lost_at is not None:
        record.add(LookedUp(at=record.now, operation=Operation.WITHDRAW))
