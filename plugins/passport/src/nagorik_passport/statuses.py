"""How the portal says that an application stands."""

from typing import Final

from nagorik import AgencyStatus, ApplicationState, Deliverable
from nagorik_passport import wire
from nagorik_passport.data import STATUSES

AT_MISSION: Final = "AT_MISSION"
"""A mission takes its fee itself: nothing is due here."""

SLIP: Final = Deliverable(kind="delivery-slip", interim=True, delivery="download")
"""Made out at the enrolment; without it nobody collects a passport."""


def read(told: wire.Standing) -> AgencyStatus:
    """How an application stands.

    "Submitted" means two things, and the payment beside it says which: the fee is still to come, or, once it is
    verified, the applicant at the office.
    """
    status = STATUSES.status(
        told.status,
        remark=told.remarks,
        at=told.updated_on,
        sequence=told.sequence,
        payment_confirmed=wire.PAID.get(told.payment or ""),
    )
    changes: dict[str, object] = {}
    if status.state is ApplicationState.SUBMITTED and told.payment is not None:
        if told.payment == AT_MISSION or status.payment_confirmed:
            changes["state"] = ApplicationState.AWAITING_APPEARANCE
        elif status.payment_confirmed is False:
            changes["fee_due"] = "application"
    if told.delivery_slip:
        changes["deliverables"] = (SLIP, *status.deliverables)
    return status.model_copy(update=changes)
