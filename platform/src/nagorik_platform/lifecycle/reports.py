"""Taking in what an agency says of an application, whether it was asked or not."""

from datetime import datetime
from typing import Final

from nagorik.model.status import AgencyStatus, ApplicationState as S, Flag, PaymentState
from nagorik.operations import Operation
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.fold import fold
from nagorik_platform.lifecycle.inputs import Reported
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.state import Payment, Progress, ServiceCapabilities
from nagorik_platform.lifecycle.tables import demanded_stage, route_to_reported_state

_SAID_BY_AGENCY: Final = frozenset(
    {
        Flag.THIRD_PARTY_VERIFICATION,
        Flag.IDENTITY_MISMATCH,
        Flag.BIOMETRIC_CONFLICT,
        Flag.IN_PRODUCTION,
        Flag.AGENCY_SUSPENDED,
    }
)
"""Flags that are true for as long as the agency says so."""

_BEING_FILED: Final = frozenset({S.SUBMITTING, S.SUBMISSION_UNKNOWN})
_NOT_BEING_FILED: Final = frozenset({S.DRAFT, S.READY, S.AWAITING_PAYMENT})


def adopt_reference(reference: str, code: str, state: Progress, context: RuleContext) -> e.Events:
    """Take in the agency's reference of an application that is being filed, and nothing that is known already."""
    if state.agency_reference == reference:
        return
    if state.is_filed or state.state not in _BEING_FILED:
        yield e.ReferenceDoubted(at=context.now, reference=reference)
        yield from context.flags_changed(state, raised=frozenset({Flag.POSSIBLE_DUPLICATE}))
        if not state.is_filed and state.state in _NOT_BEING_FILED:
            yield context.moved(S.MANUAL_REVIEW, e.Actor.AGENCY, "reported-but-not-filed")
        return
    yield e.ReferenceReceived(at=context.now, reference=reference)
    yield context.moved(S.SUBMITTED, e.Actor.AGENCY, code)
    if not context.capabilities.offers(Operation.ADVISE_PAYMENT):
        yield from _confirm_receipts(state, context)


def read_report(reported: Reported, state: Progress, context: RuleContext) -> e.Events:
    """Take in what came by itself, if its reference is this application's."""
    if state.agency_reference == reported.agency_reference:
        yield from read_status(reported.status, None, state, context)


def read_status(status: AgencyStatus, asked_at: datetime | None, state: Progress, context: RuleContext) -> e.Events:
    """Take in one report, which was asked for at ``asked_at`` or came by itself, unless it is old."""
    if not is_old(state, status, asked_at):
        yield e.StatusReceived(at=context.now, status=status)
        yield from follow_status(status, asked_at, state, context)


def follow_status(status: AgencyStatus, asked_at: datetime | None, state: Progress, context: RuleContext) -> e.Events:
    """What follows from a report that was received, be it news or not: time makes more of it believed."""
    yield from _confirm_payment(status, asked_at, state, context)
    demanded = demanded_stage(status)
    route = _route(status, demanded, state, context)
    if route is not None:
        moves = tuple(
            context.moved(target, e.Actor.AGENCY, "reported", inferred=position < len(route))
            for position, target in enumerate(route, start=1)
        )
        yield from moves
        reached = fold(state, moves)
        yield from _follow_fee_demand(demanded, reached, context)
        yield from _resolve_lost(status, asked_at, reached, context)
    unsure = frozenset({Flag.STALE_STATUS})
    yield from context.flags_changed(
        state,
        raised=(status.flags & _SAID_BY_AGENCY) | (unsure if route is None else frozenset()),
        lowered=(_SAID_BY_AGENCY - status.flags) | (frozenset() if route is None else unsure),
    )


def is_old(progress: Progress, status: AgencyStatus, asked_at: datetime | None) -> bool:
    """Whether a report changes nothing."""
    numbered = status.sequence is not None and progress.last_sequence is not None
    difference = (status.sequence or 0) - (progress.last_sequence or 0) if numbered else 1
    if asked_at is None:
        return difference <= 0 or (status.event is not None and status.event in progress.seen_events)
    # An answer with the number of the last report may have to be followed now where it could not be before.
    overtaken = status.sequence is None and progress.status_at is not None and progress.status_at > asked_at
    return difference < 0 or overtaken


def _route(status: AgencyStatus, demanded: str | None, state: Progress, context: RuleContext) -> tuple[S, ...] | None:
    """The moves to the reported state, over inferred ones if need be; ``None`` if the report cannot be followed."""
    if status.state is None:
        return None
    reported = status.state
    if demanded is not None:
        if state.is_due(demanded, context.now):
            reported = S.AWAITING_PAYMENT
        elif S.AWAITING_PAYMENT in {state.state, reported}:
            # The agency has yet to learn of the payment, or that there is none to make: nothing has changed.
            reported = state.state
    return route_to_reported_state(state.state, reported)


def _follow_fee_demand(demanded: str | None, state: Progress, context: RuleContext) -> e.Events:
    if demanded is None:
        wanted = state.fee_due is not None or state.waiver is not None
        if wanted and state.state is not S.AWAITING_PAYMENT:
            yield e.FeeSettled(at=context.now)
    elif demanded != state.fee_due and state.is_due(demanded, context.now):
        yield e.FeeDemanded(at=context.now, stage=demanded)


def _confirm_payment(
    status: AgencyStatus, asked_at: datetime | None, state: Progress, context: RuleContext
) -> e.Events:
    """Whether the agency holds the latest payment, and that one only."""
    payment = state.latest_taken
    if payment is None or payment.state is PaymentState.CONFIRMED:
        return
    if status.payment_confirmed and _is_about(payment, status, asked_at, context.capabilities):
        yield context.payment_moved(payment, PaymentState.CONFIRMED, e.Actor.AGENCY, "reported")
    elif status.payment_confirmed is False and _past_grace(payment.advice_lost_at, context.capabilities, asked_at):
        yield e.AdviceAbsent(at=context.now, payment=payment.id)


def _is_about(
    payment: Payment, status: AgencyStatus, asked_at: datetime | None, capabilities: ServiceCapabilities
) -> bool:
    """Whether an agency that says "paid" can mean this payment."""
    lost = payment.advice_lost_at is not None and not capabilities.repeats(Operation.ADVISE_PAYMENT)
    if capabilities.offers(Operation.ADVISE_PAYMENT) and payment.state is PaymentState.CAPTURED and not lost:
        return False
    # An answer that was asked for is as of now, since whenever the application may have been in that state.
    is_older = status.at is not None and payment.captured_at is not None and status.at < payment.captured_at
    if asked_at is None and is_older:
        return False
    return demanded_stage(status) != payment.stage


def _resolve_lost(status: AgencyStatus, asked_at: datetime | None, state: Progress, context: RuleContext) -> e.Events:
    """A state asked for late enough shows what became of a lost correction, withdrawal or booking."""
    if _past_grace(state.correction_lost_at, context.capabilities, asked_at):
        yield e.LookedUp(at=context.now, operation=Operation.ANSWER_CORRECTION)
    if _past_grace(state.withdrawal_lost_at, context.capabilities, asked_at):
        yield e.LookedUp(at=context.now, operation=Operation.WITHDRAW)
    if (lost := state.booking_in("unknown")) is not None:
        held, searched = status.appointment, context.capabilities.repeats_after_look_up(Operation.BOOK_SLOT)
        if held is not None and held.starts_at == lost.slot.starts_at:
            yield from context.booking_became(state, "booked", held.reference)
        elif searched and _past_grace(lost.since, context.capabilities, asked_at):
            yield from context.booking_became(state, "wanted")


def _past_grace(lost_at: datetime | None, capabilities: ServiceCapabilities, asked_at: datetime | None) -> bool:
    if lost_at is None or asked_at is None:
        return False
    return (asked_at - lost_at).total_seconds() >= capabilities.lookup_grace


def _confirm_receipts(state: Progress, context: RuleContext) -> e.Events:
    """The agency took the application with its receipts, and cannot be informed of them otherwise."""
    for payment in state.payments:
        if payment.state is PaymentState.CAPTURED:
            yield context.payment_moved(payment, PaymentState.CONFIRMED, e.Actor.AGENCY, "accepted-with-receipt")
