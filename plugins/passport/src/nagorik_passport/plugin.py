"""The passport department's procedure, in the order in which a citizen meets it.

An application is filed first and paid for afterwards, in the applicant's own name. Once the department has found the
challan, the applicant appears at an office to be enrolled, by appointment where the office is busy; from that day the
processing time runs. What has to be corrected comes back for rework, and in the end a passport waits at the office.
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
    Deliverable,
    DeliverableRequest,
    EligibilityDecision,
    EligibilityRequest,
    FeeDue,
    FetchedDeliverable,
    FindRequest,
    Found,
    Health,
    HealthState,
    PaymentAdvice,
    Quote,
    QuoteRequest,
    Rejected,
    Slot,
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    Text,
    hookimpl,
    search_result,
)
from nagorik_passport import eligibility, statuses, wire
from nagorik_passport.data import MISSION_FEES, RULES, TEXTS
from nagorik_passport.forms import ApplicationForm, VerificationForm
from nagorik_passport.wire import API

Context = CallContext[AgencySettings]

VALIDITY = "passport-validity"
"""The kind of what a verification brings; its reference is the last day of validity."""


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:
    """Decided here: the portal answers no such question."""
    return eligibility.decide(request)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """By the published table, in taka or, at a mission, in dollars that the mission takes itself."""
    form = request.form_as(ApplicationForm)
    if request.agency_reference is None:
        # A booklet that was filed stays what it is, whatever birthday follows.
        eligibility.check_today(request)
    valid_for = RULES.on(request.on)["quote-validity"].as_duration
    booklet = {"pages": form.pages, "years": form.validity_years, "delivery": form.delivery}
    if form.place == "mission":
        return MISSION_FEES.quote(
            request, due=FeeDue.AFTER_SUBMISSION, valid_for=valid_for, group=form.mission_group, **booklet
        )
    return context.fees.quote(request, due=FeeDue.AFTER_SUBMISSION, valid_for=valid_for, staff=form.staff, **booklet)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """A verification is asked; an application is filed, if the rules of this very day allow it."""
    if request.service == "passport.verification":
        return await _verify(request.form_as(VerificationForm), request.on, context)
    eligibility.check_today(request)
    filed = await context.http.write(
        "registrations.create",
        "POST",
        f"{API}/registrations",
        json=wire.to_registration(request, request.client_reference),
        expect=wire.Registration,
    )
    return Accepted(reference=filed.oid, status=statuses.read(filed))


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
    valid = AgencyStatus(
        state=ApplicationState.DELIVERED,
        raw=enquiry.result,
        deliverables=(Deliverable(kind=VALIDITY, delivery="none", reference=enquiry.expires_on.isoformat()),),
        final=True,
    )
    return Accepted(reference=enquiry.number, status=valid)


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference. The portal does not notice doubles, so two of them are a person's case."""
    asked_at = context.clock.now()
    matches = await context.http.read(
        "registrations.search",
        "GET",
        f"{API}/registrations",
        params={"clientReference": request.client_reference},
        expect=wire.Matches,
    )
    found = [Found(reference=filed.oid, status=statuses.read(filed)) for filed in matches.items]
    return search_result(found, complete=matches.complete, asked_at=asked_at)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The portal takes the challan and compares it later; told again, it says what came of that.

    A name, amount or number that does not match is a refusal: a person has to find out whether the office corrects it
    or the fee is paid anew.
    """
    if request.agency_reference is None:
        # Paid for, but not filed yet: there is nothing that the challan could be told of.
        return PaymentAdvice(confirmed=False)
    taken = await context.http.write(
        "payments",
        "POST",
        f"{API}/registrations/{request.agency_reference}/payments",
        json=wire.to_challan(request.receipt),
        expect=wire.ChallanTaken,
    )
    refusal = wire.mismatch(taken)
    if refusal is not None:
        raise refusal
    return PaymentAdvice(confirmed=statuses.PAID.get(taken.verification) is True)


@hookimpl
async def nagorik_list_slots(request: SlotsRequest, context: Context) -> Slots:
    """The enrolment's appointments at the application's office; none where people are taken as they come."""
    if request.agency_reference is None:
        return Slots(slots=())
    told = await context.http.read(
        "appointments.list",
        "GET",
        f"{API}/registrations/{request.agency_reference}/appointments",
        params=wire.to_days(request),
        expect=wire.OfficeSlots,
    )
    place = Text(bn=told.office_bn, en=told.office)
    return Slots(
        slots=tuple(
            Slot(id=slot.id, starts_at=slot.start, ends_at=slot.end, place=place, free=slot.free)
            for slot in told.slots
            if slot.free and request.earliest <= slot.start < request.latest
        )
    )


@hookimpl
async def nagorik_book_slot(request: BookSlotRequest, context: Context) -> SlotBooking:
    """The portal keeps one appointment for an application: a later one replaces it."""
    if request.agency_reference is None:
        return SlotBooking(booked=False)
    taken = await context.http.write(
        "appointments.book",
        "POST",
        f"{API}/registrations/{request.agency_reference}/appointments",
        json={"slotId": request.slot.id},
        expect=wire.Appointment,
    )
    return SlotBooking(booked=taken.booked, reference=taken.number)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The portal tells it to who knows the date of birth."""
    told = await context.http.read(
        "application-status",
        "GET",
        f"{API}/application-status",
        params=wire.question(request, request.agency_reference),
        expect=wire.Standing,
    )
    return statuses.read(told)


@hookimpl
async def nagorik_answer_correction(request: CorrectionRequest, context: Context) -> AgencyStatus:
    """What was sent back for rework, as it should be."""
    told = await context.http.write(
        "rework",
        "POST",
        f"{API}/registrations/{request.agency_reference}/rework",
        json=wire.to_details(request),
        expect=wire.Standing,
    )
    return statuses.read(told)


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """The delivery slip, as a PDF."""
    file = await context.http.download(
        "delivery-slip",
        f"{API}/registrations/{request.agency_reference}/delivery-slip",
        params={"dob": wire.day_of_birth(request)},
    )
    if file.content_type != "application/pdf" or not file.content.startswith(b"%PDF-"):
        raise ContractViolation("deliverable-not-a-pdf")
    document = await context.documents.put(request.deliverable.kind, "application/pdf", file.content)
    return FetchedDeliverable(deliverable=request.deliverable, document=document)


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The page of fees names nobody."""
    await context.http.read("health", "GET", f"{API}/fees", expect=wire.FeePage)
    return Health(state=HealthState.UP)
