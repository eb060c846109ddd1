"""How the portal says that an application stands."""

from typing import Final

from nagorik import AgencyStatus, ApplicationState, Deliverable, Form
from nagorik_passport import wire
from nagorik_passport.data import RULES, STATUSES, TEXTS
from nagorik_passport.forms import ApplicationForm
from nagorik_toolkit import WorkingCalendar

AT_MISSION: Final = "AT_MISSION"
"""A mission takes its fee itself: nothing is due here."""

_AT_WORK: Final = frozenset({ApplicationState.IN_REVIEW, ApplicationState.APPROVED})

SLIP: Final = Deliverable(kind="delivery-slip", interim=True, delivery="download")
"""Made out at the enrolment; without it nobody collects a passport."""


def expected(status: AgencyStatus, standing: wire.Standing, form: Form) -> AgencyStatus:
    """``status`` with the day by which the passport is to be expected, while the department works on it.

    The department counts working days from the enrolment, so there is no such day before; for missions it names none.
    """
    if status.state not in _AT_WORK or standing.enrolled_on is None:
        return status
    if not isinstance(form, ApplicationForm) or form.place == "mission" or status.reason is not None:
        return status
    since = standing.enrolled_on
    days = RULES.on(since)[f"working-days-{form.delivery}"].as_int
    day = WorkingCalendar.national().add_working_days(since, days)
    told = TEXTS.text("status.expected", since=since, days=days, day=day)
    return status.model_copy(update={"reason": told})


def read(standing: wire.Standing) -> AgencyStatus:
    """How an application stands.

    "Submitted" means two things, and the payment beside it says which: the fee is still to come, or, once it is
    verified, the applicant at the office.
    """
    status = STATUSES.status(
        standing.status,
        remark=standing.remarks,
        at=standing.updated_on,
        sequence=standing.sequence,
        payment_confirmed=wire.PAID.get(standing.payment or ""),
    )
    changes: dict[str, object] = {}
    if status.state is ApplicationState.CORRECTION_REQUESTED and status.remark is None:
        changes["reason"] = TEXTS.text("status.rework-unexplained")
    if status.state is ApplicationState.SUBMITTED and standing.payment is not None:
        if standing.payment == AT_MISSION or status.payment_confirmed:
            changes["state"] = ApplicationState.AWAITING_APPEARANCE
        elif status.payment_confirmed is False:
            changes["fee_due"] = "application"
    if standing.delivery_slip:
        changes["deliverables"] = (SLIP, *status.deliverables)
    return status.model_copy(update=changes)
