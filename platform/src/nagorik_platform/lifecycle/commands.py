"""What a citizen or an officer asks for, where it is open to the application at all."""

from datetime import datetime
from typing import Final

from nagorik.model.status import ApplicationState as S, Flag, PaymentState, Slot
from nagorik.operations import Operation
from nagorik_platform.lifecycle import events as e, tables
from nagorik_platform.lifecycle.fold import apply
from nagorik_platform.lifecycle.inputs import CitizenActed, Decided, Noticed
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.rules import holds
from nagorik_platform.lifecycle.state import PAYMENT_REFUSED, Booking, Party, Payment, Progress


class NotPossible(ValueError):
    """The request is not open to this application now; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def handle_citizen_action(acted: CitizenActed, state: Progress, context: RuleContext) -> e.Events:
    """Take in what the citizen did.

    Raises:
        NotPossible: It is not open to the application now.
    """
    code = state.hold.code if state.hold is not None else None
    match acted.action:
        case "go-on":
            _refuse(code != holds.ELIGIBILITY_INDETERMINATE, "nothing-to-acknowledge")
            yield e.Acknowledged(at=context.now)
        case "corrected":
            yield from _handle_correction(state, context)
            if acted.documents:
                by = acted.by or (state.consent.acting if state.consent is not None else None)
                yield e.DocumentsHandedIn(at=context.now, documents=acted.documents, by=by)
        case "pay":
            _refuse(not (code == holds.GATEWAY_NOT_CHOSEN and context.capabilities.gateway), "no-gateway-to-choose")
            yield e.Released(at=context.now, at_once=True)
        case "pay-again":
            _refuse(code not in {PAYMENT_REFUSED, *holds.PAYMENT_ENDED.values()}, "nothing-to-pay-again")
            yield e.Released(at=context.now, at_once=True)
        case "withdraw":
            yield from _handle_withdrawal(state, context)
        case "received":
            _refuse(state.state not in {S.ISSUED, S.DELIVERY_FAILED}, "nothing-to-receive")
            yield context.moved(S.DELIVERED, e.Actor.CITIZEN, "received")
        case "book":
            yield from _handle_choice(acted.slot, state, context)


def _refuse(is_refused: object, code: str) -> None:
    if is_refused:
        raise NotPossible(code)


def _handle_correction(state: Progress, context: RuleContext) -> e.Events:
    """A form that a call is being made with cannot be changed under it: the answer would be to another form."""
    attempt = state.attempt
    if state.state is S.CORRECTION_REQUESTED:
        _refuse(not context.capabilities.offers(Operation.ANSWER_CORRECTION), "corrected-at-the-agency")
        _refuse(attempt is not None and attempt.operation is Operation.ANSWER_CORRECTION, "attempt-in-flight")
        _refuse(state.correction_lost_at is not None, "correction-unknown")
        yield e.CorrectionGiven(at=context.now)
        return
    _refuse(state.state not in {S.DRAFT, S.READY}, "too-late-to-correct")
    _refuse(attempt is not None, "attempt-in-flight")
    yield e.Released(at=context.now, at_once=True)
    yield e.EligibilityDropped(at=context.now)
    if state.quote is not None:
        # Another form may come to another price, whatever was paid for the one before.
        yield e.QuoteDropped(at=context.now)
    if state.state is S.READY:
        yield context.moved(S.DRAFT, e.Actor.CITIZEN, "corrected")


def _handle_withdrawal(state: Progress, context: RuleContext) -> e.Events:
    _refuse(Flag.PAYMENT_UNKNOWN in state.flags, "payment-unknown")
    if state.is_filed and state.state in tables.WITHDRAWABLE:
        _refuse(not context.capabilities.offers(Operation.WITHDRAW), "agency-offers-no-withdrawal")
        _refuse(state.withdrawal_lost_at is not None, "withdrawal-unknown")
        if not state.withdrawal_wanted:
            yield e.WithdrawalWanted(at=context.now)
        return
    _refuse(state.is_filed or state.state not in {S.DRAFT, S.READY, S.AWAITING_PAYMENT}, "too-late-or-unknown")
    _refuse(state.attempt is not None, "attempt-in-flight")
    yield context.moved(S.WITHDRAWN, e.Actor.CITIZEN, "withdrawn")


def _handle_choice(slot: Slot | None, state: Progress, context: RuleContext) -> e.Events:
    """The latest choice replaces an earlier one, unless that may be on its way to the agency."""
    _refuse(not context.capabilities.offers(Operation.BOOK_SLOT), "agency-offers-no-appointments")
    if slot is None or state.state is not S.AWAITING_APPEARANCE:
        raise NotPossible("no-appointment-to-choose")
    _refuse(state.attempt is not None and state.attempt.operation is Operation.BOOK_SLOT, "attempt-in-flight")
    _refuse(state.booking_in("unknown"), "booking-unknown")
    yield e.BookingChanged(at=context.now, booking=Booking(slot=slot, chosen_at=context.now, since=context.now))


def handle_payment_notice(noticed: Noticed, state: Progress, context: RuleContext) -> e.Events:
    """Ask the gateway about a payment that a message named.

    Raises:
        NotPossible: The application has no such payment.
    """
    payment = next((p for p in state.payments if p.id == noticed.payment), None)
    if payment is None:
        raise NotPossible("no-such-payment")
    yield e.PaymentNoticed(at=context.now, payment=payment.id)
    announcing = state.attempt is not None and state.attempt.payment == payment.id
    if payment.state is PaymentState.QUOTED and not announcing:
        # The gateway seems to know what was thought not to be announced.
        yield context.payment_moved(payment, PaymentState.UNKNOWN, e.Actor.CORE, "noticed")


def decide_payment(decision: Decided, state: Progress, context: RuleContext) -> e.Events:
    """Take in what a named officer decided of a payment, if of any.

    Raises:
        NotPossible: It is not theirs to decide, or the lifecycle does not know it.
    """
    _refuse(not decision.officer.strip() or not decision.reason.strip(), "officer-and-reason-required")
    if state.attempt is not None:
        # What comes back from the call may settle what is being decided, or contradict it.
        raise NotPossible("attempt-in-flight")
    _refuse((decision.payment is None) != (decision.payment_to is None), "payment-and-state-required")
    if decision.payment is None or decision.payment_to is None:
        return
    payment = next((p for p in state.payments if p.id == decision.payment), None)
    if payment is None:
        raise NotPossible("no-such-payment")
    never_captured = payment.captured_at is None
    _refuse(never_captured and decision.payment_to in _BACK_TO_THE_PAYER, "refund-without-capture")
    _refuse(decision.payment_to not in payment_decisions(payment), "payment-cannot-become-that")
    yield e.PaymentMoved(
        at=context.now,
        payment=payment.id,
        to=decision.payment_to,
        actor=e.Actor.PERSON,
        code="decided",
        captured_at=context.now if never_captured and decision.payment_to in tables.MONEY_TAKEN else None,
        officer=decision.officer,
        reason=decision.reason,
    )


_BACK_TO_THE_PAYER: Final = frozenset({PaymentState.REFUND_REQUESTED, PaymentState.REFUND_MANUAL})


def payment_decisions(payment: Payment) -> tuple[PaymentState, ...]:
    """List what an officer may decide of a payment, in the table's order."""
    barred: frozenset[PaymentState] = frozenset()
    if payment.captured_at is None:
        barred = _BACK_TO_THE_PAYER
    elif payment.refund_requested_at is not None:
        barred = frozenset({PaymentState.REFUND_REQUESTED})
    return tuple(state for state in tables.payment_targets(payment.state) if state not in barred)


def decide_application(decision: Decided, state: Progress, context: RuleContext) -> e.Events:
    """Take in what the officer decided of the application itself, its payment being decided.

    Raises:
        NotPossible: As ``decide_payment``.
    """
    if decision.to is not None:
        yield from _decide_state(decision, decision.to, state, context)
    elif decision.agency_reference is not None:
        raise NotPossible("reference-without-state")
    else:
        yield from _release(decision, state, context)


def _decide_state(decision: Decided, to: S, state: Progress, context: RuleContext) -> e.Events:
    known = state.agency_reference or decision.agency_reference
    _refuse(not _is_in_question(state), "not-in-manual-review")
    _refuse(to is state.state is S.MANUAL_REVIEW, "state-required")
    _refuse(decision.agency_reference not in {None, known}, "other-reference-known")
    _refuse(to in tables.AT_THE_AGENCY | {S.DELIVERED} and known is None, "reference-required")
    _refuse(to in tables.NOT_FILED and known is not None, "already-filed")
    _refuse(to is S.CLOSED and not all(tables.is_settled(payment.state) for payment in state.payments), "money-open")
    if known is not None and not state.is_filed:
        yield e.ReferenceReceived(at=context.now, reference=known)
    if state.state is not S.MANUAL_REVIEW:
        yield _decided(decision, S.MANUAL_REVIEW, context)
    if to is not S.MANUAL_REVIEW:
        yield _decided(decision, to, context)


def _is_in_question(progress: Progress) -> bool:
    """Whether the state is a person's to decide: in manual review, or waiting for a person and free to go there."""
    if progress.state is S.MANUAL_REVIEW:
        return True
    for_person = progress.hold is not None and progress.hold.party is Party.PERSON
    return for_person and S.MANUAL_REVIEW in tables.application_targets(progress.state)


def _decided(decision: Decided, to: S, context: RuleContext) -> e.Moved:
    return e.Moved(
        at=context.now, to=to, actor=e.Actor.PERSON, code="decided", officer=decision.officer, reason=decision.reason
    )


def _release(decision: Decided, state: Progress, context: RuleContext) -> e.Events:
    """Let it go on as it is: what could not be looked up is taken as settled on the officer's word."""
    for_person = state.hold is not None and state.hold.party is Party.PERSON
    undecided = state.hold is not None and state.hold.code in holds.MONEY_HOLDS and decision.payment is None
    if undecided or state.state is S.MANUAL_REVIEW or not for_person:
        _refuse(decision.payment is None, "nothing-to-decide")
        return
    yield e.Released(at=context.now, at_once=True)
    if state.correction_lost_at is not None:
        yield e.LookedUp(at=context.now, operation=Operation.ANSWER_CORRECTION)
    if state.withdrawal_lost_at is not None:
        yield e.LookedUp(at=context.now, operation=Operation.WITHDRAW)
    if state.booking_in("unknown"):
        yield e.BookingChanged(at=context.now, booking=None)


def restore(progress: Progress, officer: str, reason: str, now: datetime) -> tuple[Progress, e.DatabaseRestored]:
    """Put every write of an application in doubt; what it waits for stays the same."""
    event = e.DatabaseRestored(at=now, officer=officer, reason=reason)
    return apply(progress, event), event
