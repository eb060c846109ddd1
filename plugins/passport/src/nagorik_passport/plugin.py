"""The passport department's procedure, in the order in which a citizen meets it.

An application is filed first and paid for afterwards, in the applicant's own name. Once the department has found the
challan, the applicant appears at an office to be enrolled, by appointment where the office is busy; from that day the
processing time runs. What has to be corrected comes back for rework, and in the end a passport waits at the office.
Of an application that was filed elsewhere, the portal tells the status, and another appointment can be booked for it.
"""

from datetime import date

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencySettings,
    AgencyStatus,
    ApplicationState,
    BookSlotRequest,
    CallContext,
    ContractViolation,
    CorrectionRequest,
    DeliverableRequest,
    EligibilityDecision,
    EligibilityRequest,
    FetchedDeliverable,
    FindRequest,
    Health,
    HealthState,
    PaymentAdvice,
    Quote,
    QuoteRequest,
    Rejected,
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    hookimpl,
)
from nagorik_passport import eligibility, elsewhere, pricing, statuses, wire
from nagorik_passport.data import RULES, TEXTS
from nagorik_passport.forms import VerificationForm
from nagorik_passport.wire import API, APPOINTMENTS, CHANGE, REGISTRATIONS, STATUS
from nagorik_toolkit import (
    Matches,
    advise_payment,
    answered,
    book_slot,
    days_of,
    fetch_pdf,
    find_by_client_reference,
    list_slots,
)

Context = CallContext[AgencySettings]

VALIDITY = "passport-validity"
"""The kind of what a verification brings; its reference is the last day of validity."""


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:
    """Decided here: the portal answers no such question."""
    return eligibility.decide(request)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest) -> Quote:
    """By the published table."""
    if request.agency_reference is None:
        # A booklet that was filed stays what it is, whatever birthday follows.
        eligibility.check_today(request)
    valid_for = RULES.on(request.on)["quote-validity"].as_duration
    return pricing.basis(request.service, request.form, request.on).quote(request, valid_for=valid_for)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """What there is already is asked about; an application is filed, if the rules of this very day allow it."""
    match request.service:
        case "passport.verification":
            return await _verify(request.form_as(VerificationForm), request.on, context)
        case "passport.status":
            return await _look_up(request, context)
        case wire.CHANGE:
            return await _open_change(request, context)
    eligibility.check_today(request)
    filed = await context.http.write(
        "registrations.create",
        "POST",
        REGISTRATIONS,
        json=wire.to_registration(request, request.client_reference),
        expect=wire.Registration,
    )
    return Accepted(reference=filed.reference, status=statuses.read(filed))


async def _verify(form: VerificationForm, today: date, context: Context) -> Accepted | Rejected:
    """A passport that does not serve is an answer, not an error."""
    enquiry = await context.http.write(
        "passports.verify", "POST", f"{API}/passports/verification", json=wire.to_enquiry(form), expect=wire.Enquiry
    )
    if enquiry.result != "VALID":
        code = f"passport.{enquiry.result.lower().replace('_', '-')}"
        return Rejected(reason_code=code, reason=TEXTS.text(code))
    if enquiry.expires_on is None or enquiry.expires_on < today:
        raise ContractViolation("valid-without-a-day-to-come")
    told, until = TEXTS.text("passport.valid", until=enquiry.expires_on), enquiry.expires_on.isoformat()
    return Accepted(reference=enquiry.number, status=answered(VALIDITY, enquiry.result, reference=until, reason=told))


async def _look_up(request: SubmitRequest, context: Context) -> Accepted | Rejected:
    """The portal's word for an application filed elsewhere; that there is none is an answer too."""
    filed = await _filed_elsewhere(request, context)
    return _not_found() if filed is None else Accepted(reference=filed.reference, status=elsewhere.of_look_up(filed))


async def _open_change(request: SubmitRequest, context: Context) -> Accepted | Rejected:
    """The appointment that there is; another is booked for it afterwards, and replaces it."""
    filed = await _filed_elsewhere(request, context)
    if filed is None:
        return _not_found()
    status = elsewhere.of_change(filed, request.client_reference)
    if filed.appointment is None or status.state is ApplicationState.EXPIRED:
        return Rejected(reason_code="appointment.none", reason=TEXTS.text("appointment.none"))
    return Accepted(reference=filed.appointment.number, status=status)


async def _filed_elsewhere(request: SubmitRequest, context: Context) -> wire.Registration | None:
    number = wire.to_look_up(request)
    return await context.http.read_or_none(
        "application-look-up", "POST", STATUS, json=number, expect=wire.Registration
    )


def _not_found() -> Rejected:
    return Rejected(reason_code="application.not-found", reason=TEXTS.text("application.not-found"))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference: the portal does not notice doubles."""
    return await find_by_client_reference(
        request, context, REGISTRATIONS, expect=Matches[wire.Registration], status=statuses.read
    )


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The portal takes the challan and compares it later; told again, it says what came of that.

    A name, amount or number that does not match is a refusal: a person has to find out whether the office corrects it
    or the fee is paid anew.
    """
    path, challan = f"{REGISTRATIONS}/{request.agency_reference}/payments", wire.to_challan(request.receipt)
    return await advise_payment(request, context, "payments", path, json=challan, expect=wire.ChallanTaken)


@hookimpl
async def nagorik_list_slots(request: SlotsRequest, context: Context) -> Slots:
    """The enrolment's appointments at the application's office; none where people are taken as they come."""
    return await list_slots(
        request,
        context,
        "appointments.list",
        wire.slots_path(request),
        params=days_of(request, wire.day),
        expect=wire.OfficeSlots,
        slots=wire.OfficeSlots.offered,
    )


@hookimpl
async def nagorik_book_slot(request: BookSlotRequest, context: Context) -> SlotBooking:
    """The portal keeps one appointment for an application: a later one replaces it."""
    path, booking = wire.booking_path(request), wire.to_booking(request)
    return await book_slot(request, context, "appointments.book", path, json=booking, expect=wire.Appointment)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The portal tells it to who knows the date of birth."""
    if request.service == CHANGE:
        path, params = f"{APPOINTMENTS}/{request.agency_reference}", {"dob": wire.day_of_birth(request)}
        shown = await context.http.read("appointments.status", "GET", path, params=params, expect=wire.Standing)
        return elsewhere.of_change(shown, request.client_reference)
    params = wire.question(request, request.agency_reference)
    answer = await context.http.read("application-status", "GET", STATUS, params=params, expect=wire.Standing)
    return statuses.expected(statuses.read(answer), answer, request.form)


@hookimpl
async def nagorik_answer_correction(request: CorrectionRequest, context: Context) -> AgencyStatus:
    """What was sent back for rework, as it should be."""
    path, details = f"{REGISTRATIONS}/{request.agency_reference}/rework", wire.to_details(request)
    return statuses.read(await context.http.write("rework", "POST", path, json=details, expect=wire.Standing))


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """The delivery slip, as a PDF."""
    path = f"{REGISTRATIONS}/{request.agency_reference}/delivery-slip"
    return await fetch_pdf(request, context, "delivery-slip", path, params={"dob": wire.day_of_birth(request)})


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The page of fees names nobody."""
    await context.http.read("health", "GET", f"{API}/fees", expect=wire.FeePage)
    return Health(state=HealthState.UP)
