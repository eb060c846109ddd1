"""Applications that were filed elsewhere: what the portal's word means for the citizen, and another appointment."""

from types import MappingProxyType
from typing import Final

from nagorik import (
    AgencyStatus,
    ApplicationState,
    Deliverable,
    Flag,
    Text,
    dhaka_date,
    dhaka_time,
    to_bangla_digits,
)
from nagorik_passport.data import DATA
from nagorik_toolkit import Appointment, answered

STANDING: Final = "application-status"
"""The kind of what a look-up brings; its reference is the state that the portal's word means, where that is known."""

APPOINTMENT: Final = "appointment"
"""The kind of what a changed appointment is."""

_MEANINGS: Final = MappingProxyType(
    {
        ApplicationState.SUBMITTED: "standing.submitted",
        ApplicationState.AWAITING_APPEARANCE: "standing.appearance",
        ApplicationState.IN_REVIEW: "standing.review",
        ApplicationState.APPROVED: "standing.approved",
        ApplicationState.ISSUED: "standing.ready",
        ApplicationState.DELIVERED: "standing.issued",
    }
)
"""What a state means for the citizen of an application filed elsewhere, where nothing beside it says more."""


def of_look_up(status: AgencyStatus, appointment: Appointment | None) -> AgencyStatus:
    """How an application stands that was filed elsewhere: that is all that was asked, and there is nothing to follow.

    It asks for no fee and no correction here: the sentence says where the citizen goes with it.
    """
    known, meaning = status.state.value if status.state is not None else None, _meaning(status, appointment)
    return answered(STANDING, status.raw, reference=known, reason=meaning, remark=status.remark, at=status.at)


def _meaning(status: AgencyStatus, appointment: Appointment | None) -> Text:
    if status.state is None:
        return DATA.texts.text("standing.unknown")
    if Flag.THIRD_PARTY_VERIFICATION in status.flags:
        return DATA.texts.text("standing.police")
    if Flag.IN_PRODUCTION in status.flags:
        return DATA.texts.text("standing.production")
    if status.state is ApplicationState.CORRECTION_REQUESTED and status.remark is not None:
        return DATA.texts.text("standing.rework")
    if status.state is ApplicationState.AWAITING_APPEARANCE and appointment is not None:
        return _appointed("standing.appointment", appointment)
    return status.reason or DATA.texts.text(_MEANINGS[status.state])


def of_change(status: AgencyStatus, appointment: Appointment | None, client_reference: str) -> AgencyStatus:
    """How far the change of an appointment has come, which the portal shows with the application that it belongs to.

    The appointment is changed once the portal shows one that was booked under ``client_reference``.
    """
    change = AgencyStatus(state=None, raw=status.raw, at=status.at, sequence=status.sequence)
    if appointment is not None and appointment.client_reference == client_reference:
        changed = Deliverable(kind=APPOINTMENT, delivery="none", reference=appointment.number)
        reason = _appointed("appointment.changed", appointment)
        done = {"state": ApplicationState.DELIVERED, "reason": reason, "deliverables": (changed,), "final": True}
        return change.model_copy(update=done)
    if status.state is None:
        return change
    if appointment is not None and status.state is ApplicationState.AWAITING_APPEARANCE:
        reason = _appointed("appointment.current", appointment)
        return change.model_copy(update={"state": ApplicationState.AWAITING_APPEARANCE, "reason": reason})
    over = {"state": ApplicationState.EXPIRED, "reason": DATA.texts.text("appointment.over"), "final": True}
    return change.model_copy(update=over)


def _appointed(code: str, appointment: Appointment) -> Text:
    clock = f"{dhaka_time(appointment.start):%H:%M}"
    time, place = Text(bn=to_bangla_digits(clock), en=clock), Text(bn=appointment.place_bn, en=appointment.place)
    return DATA.texts.text(code, day=dhaka_date(appointment.start), time=time, place=place)
