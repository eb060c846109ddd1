"""Taking in what an agency says of an application, whether it was asked or not."""

from datetime import datetime
from typing import Final

from nagorik.model.status import AgencyStatus, ApplicationState as S, Flag, PaymentState
from nagorik.operations import Operation
from nagorik_platform.lifecycle.events import (
    Actor,
    AdviceAbsent,
    FeeDemanded,
    FeeSettled,
    LookedUp,
    ReferenceDoubted,
    ReferenceReceived,
    StatusReceived,
)
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.state import Progress, ServiceCapabilities
from nagorik_platform.lifecycle.tables import route_to_reported_state

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
_FEE_COMES_FIRST: Final = frozenset({S.SUBMITTED, S.IN_REVIEW, S.AWAITING_PAYMENT, S.AWAITING_APPEARANCE, S.APPROVED})
"""States in which an agency goes on only after the fee that it demands beside them."""


def apply_reference(writer: JournalWriter, capabilities: ServiceCapabilities, reference: str, code: str) -> bool:
    """Take in the agency's reference of an application; whether it belongs to what is known.

    A second reference for one application is never adopted, nor is one of an application that is not being filed:
    it is flagged, because a citizen may be registered twice, and what would be filed next waits for a person.
    """
    progress = writer.progress
    if progress.agency_reference == reference:
        return True
    if progress.is_filed or progress.state not in _BEING_FILED:
        writer.add(ReferenceDoubted(at=writer.now, reference=reference))
        writer.flags(raised=frozenset({Flag.POSSIBLE_DUPLICATE}))
        if not progress.is_filed and progress.state in _NOT_BEING_FILED:
            writer.move(S.MANUAL_REVIEW, Actor.AGENCY, "reported-but-not-filed")
        return False
    writer.add(ReferenceReceived(at=writer.now, reference=reference))
    writer.move(S.SUBMITTED, Actor.AGENCY, code)
    if not capabilities.offers(Operation.ADVISE_PAYMENT):
        _confirm_receipts(writer)
    return True


def apply_status(
    writer: JournalWriter,
    capabilities: ServiceCapabilities,
    status: AgencyStatus,
    *,
    asked_at: datetime | None = None,
) -> None:
    """Take in one report, which was asked for at ``asked_at`` or came by itself, unless it is old."""
    if is_old(writer.progress, status, asked_at):
        return
    writer.add(StatusReceived(at=writer.now, status=status))
    follow_status(writer, capabilities, status, asked_at)


def follow_status(
    writer: JournalWriter, capabilities: ServiceCapabilities, status: AgencyStatus, asked_at: datetime | None
) -> None:
    """What follows from a report that was received, be it news or not: time makes more of it believed.

    A word that the plugin does not know, or a state that contradicts what is known, is flagged; the state stays.
    """
    _apply_payment_confirmation(writer, capabilities, status, asked_at)
    stale = not _move_to_reported(writer, status)
    if not stale and asked_at is not None:
        _resolve_lost(writer, capabilities, asked_at)
    unsure = frozenset({Flag.STALE_STATUS})
    writer.flags(
        raised=(status.flags & _SAID_BY_AGENCY) | (unsure if stale else frozenset()),
        lowered=(_SAID_BY_AGENCY - status.flags) | (frozenset() if stale else unsure),
    )


def is_old(progress: Progress, status: AgencyStatus, asked_at: datetime | None) -> bool:
    """Whether a report changes nothing.

    What came by itself does not if it was seen before or is not newer than what is known. An answer does not if it
    is older, or if a report overtook it that has no number to compare.
    """
    numbered = status.sequence is not None and progress.last_sequence is not None
    difference = (status.sequence or 0) - (progress.last_sequence or 0) if numbered else 1
    if asked_at is None:
        return difference <= 0 or (status.event is not None and status.event in progress.seen_events)
    # An answer with the number of the last report may have to be followed now where it could not be before.
    overtaken = status.sequence is None and progress.status_at is not None and progress.status_at > asked_at
    return difference < 0 or overtaken


def _move_to_reported(writer: JournalWriter, status: AgencyStatus) -> bool:
    """Move to the reported state, over inferred steps if need be; whether the report could be followed."""
    if status.state is None:
        return False
    progress = writer.progress
    demanded = _demanded_stage(status)
    reported = status.state
    if demanded is not None:
        if progress.is_due(demanded, writer.now):
            reported = S.AWAITING_PAYMENT
        elif S.AWAITING_PAYMENT in {progress.state, reported}:
            # The agency has yet to learn of the payment, or that there is none to make: nothing has changed.
            reported = progress.state
    route = route_to_reported_state(progress.state, reported)
    if route is None:
        return False
    for position, target in enumerate(route, start=1):
        writer.move(target, Actor.AGENCY, "reported", inferred=position < len(route))
    _apply_fee_demand(writer, demanded)
    return True


def _demanded_stage(status: AgencyStatus) -> str | None:
    """The stage of the fees without which the agency does not go on."""
    if status.state not in _FEE_COMES_FIRST:
        return None
    return status.fee_due or ("application" if status.state is S.AWAITING_PAYMENT else None)


def _apply_fee_demand(writer: JournalWriter, demanded: str | None) -> None:
    progress = writer.progress
    if demanded is None:
        wanted = progress.fee_due is not None or progress.waiver is not None
        if wanted and progress.state is not S.AWAITING_PAYMENT:
            writer.add(FeeSettled(at=writer.now))
    elif demanded != progress.fee_due and progress.is_due(demanded, writer.now):
        writer.add(FeeDemanded(at=writer.now, stage=demanded))


def _apply_payment_confirmation(
    writer: JournalWriter, capabilities: ServiceCapabilities, status: AgencyStatus, asked_at: datetime | None
) -> None:
    """Whether the agency holds the latest payment, and that one only.

    That it does not is believed of an answer that was asked for late enough.
    """
    payment = writer.progress.latest_taken
    if payment is None or payment.state is PaymentState.CONFIRMED:
        return
    if status.payment_confirmed:
        writer.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "reported")
    elif status.payment_confirmed is False and _past_grace(payment.advice_lost_at, capabilities, asked_at):
        writer.add(AdviceAbsent(at=writer.now, payment=payment.id))


def _resolve_lost(writer: JournalWriter, capabilities: ServiceCapabilities, asked_at: datetime) -> None:
    """A state asked for late enough shows what became of a lost correction or withdrawal."""
    if _past_grace(writer.progress.correction_lost_at, capabilities, asked_at):
        writer.add(LookedUp(at=writer.now, operation=Operation.ANSWER_CORRECTION))
    if _past_grace(writer.progress.withdrawal_lost_at, capabilities, asked_at):
        writer.add(LookedUp(at=writer.now, operation=Operation.WITHDRAW))


def _past_grace(lost_at: datetime | None, capabilities: ServiceCapabilities, asked_at: datetime | None) -> bool:
    if lost_at is None or asked_at is None:
        return False
    return (asked_at - lost_at).total_seconds() >= capabilities.lookup_grace


def _confirm_receipts(writer: JournalWriter) -> None:
    """The agency took the application with its receipts, and has no other way to be told of them."""
    for payment in writer.progress.payments:
        if payment.state is PaymentState.CAPTURED:
            writer.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "accepted-with-receipt")
