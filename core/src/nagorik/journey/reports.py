"""Taking in what an agency says of an application, whether it was asked or not."""

from typing import Final

from nagorik.journey.events import Actor, FeeDemanded, ReferenceReceived, StatusReceived
from nagorik.journey.progress import Party
from nagorik.journey.record import Record
from nagorik.lifecycle import route_to_reported_state
from nagorik.model.states import ApplicationState, Flag, PaymentState
from nagorik.model.status import AgencyStatus

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

_NOT_YET_FILED: Final = frozenset({ApplicationState.SUBMITTING, ApplicationState.SUBMISSION_UNKNOWN})


def take_reference(record: Record, reference: str, code: str) -> bool:
    """Take in the agency's reference of an application; whether it belongs to what is known.

    A second reference for one application is never adopted: it is flagged, because a citizen may be registered
    twice.
    """
    known = record.progress.agency_reference
    if known is not None and known != reference:
        record.flags(raised=frozenset({Flag.POSSIBLE_DUPLICATE}))
        return False
    if known is None:
        record.add(ReferenceReceived(at=record.now, reference=reference))
    if record.progress.state in _NOT_YET_FILED:
        record.move(ApplicationState.SUBMITTED, Actor.AGENCY, code)
    return True


def take_status(record: Record, status: AgencyStatus) -> None:
    """Take in one report.

    A report that was seen before, or is older than one seen, changes nothing. A word that the plugin does not know,
    or a state that contradicts what is known, is recorded and flagged; the state stays.
    """
    progress = record.progress
    if status.event is not None and status.event in progress.seen_events:
        return
    if (
        status.sequence is not None
        and progress.last_sequence is not None
        and status.sequence <= progress.last_sequence
    ):
        return
    record.add(StatusReceived(at=record.now, status=status))
    _take_payment_word(record, status)
    stale = not _follow(record, status)
    unsure = frozenset({Flag.STALE_STATUS})
    record.flags(
        raised=(status.flags & _SAID_BY_AGENCY) | (unsure if stale else frozenset()),
        lowered=(_SAID_BY_AGENCY - status.flags) | (frozenset() if stale else unsure),
    )


def _follow(record: Record, status: AgencyStatus) -> bool:
    """Move to the reported state, over inferred steps if need be; whether the report could be followed."""
    if status.state is None:
        return False
    route = route_to_reported_state(record.progress.state, status.state)
    if route is None:
        return False
    for position, target in enumerate(route, start=1):
        record.move(target, Actor.AGENCY, "reported", inferred=position < len(route))
    state = record.progress.state
    if state is ApplicationState.CORRECTION_REQUESTED and not record.progress.correction_ready:
        record.hold(Party.CITIZEN, "correction-requested")
    if state is ApplicationState.AWAITING_APPEARANCE:
        record.hold(Party.CITIZEN, "appearance-required")
    _take_fee_demand(record, status)
    return True


def _take_fee_demand(record: Record, status: AgencyStatus) -> None:
    stage = status.fee_due
    if stage is None or record.progress.is_paid(stage) or record.progress.fee_due == stage:
        return
    if record.progress.state in {ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW}:
        record.move(ApplicationState.AWAITING_PAYMENT, Actor.AGENCY, "fee-demanded")
    record.add(FeeDemanded(at=record.now, stage=stage))


def _take_payment_word(record: Record, status: AgencyStatus) -> None:
    if not status.payment_confirmed:
        return
    payment = record.progress.payment_in(PaymentState.CAPTURED, PaymentState.ADVISED)
    if payment is not None:
        record.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "reported")
