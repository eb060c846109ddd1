"""The passport department's procedure: applications, the verification of a passport, and what was filed elsewhere.

An application is filed first and paid for afterwards, in the applicant's own name. Once the department has found the
challan, the applicant appears at an office to be enrolled, by appointment where the office is busy; from that day the
processing time runs. What has to be corrected comes back for rework, and in the end a passport waits at the office.
Of an application that was filed elsewhere, the portal shows the status, and another appointment can be booked for it.
The portal publishes no interface: the reference interface stands in for it, with days as the portal shows them.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from pydantic import Field

from nagorik import (
    Accepted,
    AgencySettings,
    AgencyStatus,
    ApplicationRequest,
    ApplicationState,
    CallContext,
    Deliverable,
    EligibilityRequest,
    FindRequest,
    Form,
    NationalDataError,
    Nid,
    Rejected,
    StatusRequest,
    SubmitRequest,
    Text,
    WireModel,
    hookimpl,
)
from nagorik_passport import elsewhere
from nagorik_passport.data import DATA
from nagorik_passport.eligibility import APPLIED, CHECKS, NEW, REISSUE
from nagorik_passport.forms import ApplicationForm, PassportLookUpForm
from nagorik_toolkit import (
    AgencyPlugin,
    Applications,
    Booked,
    DateStyle,
    DayMonthYear,
    FeeBasis,
    FiledRequest,
    Lookup,
    LookupAnswer,
    LookupOutcome,
    Matches,
    Refused,
    Standing,
    WorkingCalendar,
    format_date,
)

STATUS, CHANGE = "passport.status", "passport.appointment-change"
SLIP: Final = "delivery-slip"
"""Made out at the enrolment; a passport is collected with it only."""
_AT_WORK: Final = frozenset({ApplicationState.IN_REVIEW, ApplicationState.APPROVED})


class PortalStanding(Standing):
    """How an application stands, with what the portal shows beyond the reference interface."""

    enrolled_on: DayMonthYear | None = Field(default=None, alias="enrolledOn")
    """From which the department counts its working days."""
    at_mission: bool = Field(default=False, alias="atMission")
    """A mission takes its fee itself: nothing is due here."""


class FoundElsewhere(WireModel):
    """What the portal holds under a number and a date of birth."""

    application: PortalStanding | None


class Verification(LookupAnswer):
    """What the department says of a passport."""

    valid_until: DayMonthYear | None = Field(default=None, alias="validUntil")


class EPassport(AgencyPlugin[AgencySettings]):
    """What is the department's own. It does not notice doubles, and a challan may be reported again.

    It takes the challan and compares it later; reported again, it says what came of that. A name, amount or number
    that does not match is a refusal: a person has to find out whether the office corrects it or the fee is paid anew.
    The payer's name is the gateway's, and never filled in from the application: it is what is compared.
    """

    api = "/sim/epassport/api/v1"
    data = DATA
    services = (
        Applications(NEW, "registrations"),
        Applications(REISSUE, "registrations"),
        Lookup(
            "passport.verification",
            "passports",
            {
                "VALID": LookupOutcome("passport-validity", "passport.valid", until=True, always=True),
                "EXPIRED": Refused("passport.expired"),
                "CANCELLED": Refused("passport.cancelled"),
                "NOT_FOUND": Refused("passport.not-found"),
            },
        ),
        Lookup(STATUS, "applications", {}),
        Applications(CHANGE, "registrations"),
    )
    checks = CHECKS
    mismatches = MappingProxyType(
        {
            "NAME": "payment.name-mismatch",
            "AMOUNT": "payment.amount-mismatch",
            "REFERENCE": "payment.reference-mismatch",
        }
    )
    field_refused = "portal.field-refused"
    unexplained_correction = "status.rework-unexplained"
    by_birth_date = True
    names_prices = False
    standing = PortalStanding
    matches = Matches[PortalStanding]
    lookup_answer = Verification

    def day(self, value: date) -> str:
        """DD/MM/YYYY, as the portal shows its days."""
        return format_date(value, DateStyle.DAY_MONTH_YEAR)

    def details(self, request: ApplicationRequest) -> dict[str, Any]:
        """With the kind of application."""
        return {"kind": "REISSUE" if request.service == REISSUE else "NEW", **super().details(request)}

    def nids(self, request: EligibilityRequest) -> Sequence[Nid | None]:
        """The parents', too; the applicant's own number before there is a form."""
        form = request.form
        if isinstance(form, ApplicationForm):
            return (form.nid, form.father_nid, form.mother_nid)
        return (request.applicant.nid,) if request.service in APPLIED else ()

    def basis(self, service: str, form: Form, on: date) -> FeeBasis:
        """The table in taka or, at a mission, that in dollars, which the mission takes itself."""
        usual = super().basis(service, form, on)
        if not isinstance(form, ApplicationForm):
            return usual
        booklet = {**usual.dimensions, "years": lambda: form.validity_years}
        if form.place == "bangladesh":
            return replace(usual, dimensions=booklet)
        del booklet["staff"]
        group = {"group": lambda: form.mission_group}
        return replace(usual, schedule=self.data.fees["mission"], dimensions=booklet | group)

    def read(self, request: ApplicationRequest | FindRequest, standing: Standing) -> AgencyStatus:
        """How an application stands, and what that means where it was filed elsewhere."""
        status = self._filed(request.form, super().read(request, standing), standing)
        if request.service == STATUS:
            return elsewhere.of_look_up(status, standing.appointment)
        if request.service == CHANGE and isinstance(request, StatusRequest | SubmitRequest):
            return elsewhere.of_change(status, standing.appointment, request.client_reference)
        return status

    def reference_in(self, request: FiledRequest, answer: Standing | Booked) -> str | None:
        """Of a change it is the number of the appointment, where the portal shows one."""
        if request.service != CHANGE:
            return super().reference_in(request, answer)
        held = answer.appointment if isinstance(answer, Standing) else answer
        return held.number if held is not None else None

    def _filed(self, form: Form | None, status: AgencyStatus, standing: Standing) -> AgencyStatus:
        """Read what stands beside the portal's word.

        "Submitted" means two things, and the payment beside it says which: the fee is still to come, or, once it is
        verified, the applicant at the office.
        """
        changes: dict[str, object] = {}
        if status.state is ApplicationState.SUBMITTED:
            if status.payment_confirmed or (isinstance(standing, PortalStanding) and standing.at_mission):
                changes["state"] = ApplicationState.AWAITING_APPEARANCE
            elif standing.payment is not None:
                changes["fee_due"] = "application"
        slips = [
            Deliverable(kind=SLIP, interim=True, delivery="download", reference=one.number)
            for one in standing.issued
            if one.kind == SLIP
        ]
        changes["deliverables"] = (*slips, *status.deliverables)
        if status.state in _AT_WORK and status.reason is None:
            changes["reason"] = self._expected(form, standing)
        return status.model_copy(update=changes)

    def _expected(self, form: Form | None, standing: Standing) -> Text | None:
        """The day by which the passport is to be expected, while the department works on it.

        The department counts working days from the enrolment, so there is no such day before; for missions it names
        no time, and of a year whose holidays are not known nothing is said.
        """
        since = standing.enrolled_on if isinstance(standing, PortalStanding) else None
        if since is None or not isinstance(form, ApplicationForm) or form.place == "mission":
            return None
        days = self.data.rules.on(since)[f"working-days-{form.delivery}"].as_int
        with suppress(NationalDataError):  # the holidays of the year in which it would end are not known yet
            day = WorkingCalendar.national().add_working_days(since, days)
            return self.data.texts.text("status.expected", since=since, days=days, day=day)
        return None

    @hookimpl
    async def nagorik_submit(
        self, request: SubmitRequest, context: CallContext[AgencySettings]
    ) -> Accepted | Rejected:
        """File; look up what was filed elsewhere, by either of its numbers.

        That there is no such application is an answer. The number goes in a body: the citizen gave it, and addresses
        stand in the logs of every proxy on the way. The reference of a change is the appointment's number: another
        appointment is booked for it, and replaces it.
        """
        if request.service not in {STATUS, CHANGE}:
            return await super().nagorik_submit(request, context)
        self.refuse_forbidden(request)
        path, number = f"{self.api}/lookups/applications", request.form_as(PassportLookUpForm).to_wire(self.day)
        filed = (await context.http.read("lookup", "POST", path, json=number, expect=FoundElsewhere)).application
        if filed is None:
            return self._rejected("application.not-found")
        status, appointment = self.read(request, filed), filed.appointment
        if request.service == STATUS:
            return Accepted(reference=filed.reference, status=status)
        if appointment is None or appointment.number is None or status.state is ApplicationState.EXPIRED:
            return self._rejected("appointment.none")
        return Accepted(reference=appointment.number, status=status)

    def _rejected(self, code: str) -> Rejected:
        return Rejected(reason_code=code, reason=self.data.texts.text(code))


PLUGIN: Final = EPassport()
basis = PLUGIN.basis
read_error = PLUGIN.read_error
