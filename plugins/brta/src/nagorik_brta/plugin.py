"""BRTA's procedure, in the order in which a citizen meets it.

An application is filed at the portal and paid for afterwards. A learner gets the learner's licence at once and sits
the test two to three months later; whoever has passed applies for the smart card, downloads an e-licence once it is
approved and gets the card by post; so does whoever has lost one. A vehicle is brought to an inspection by
appointment, for its registration, its fitness or its next owner. Whether a licence is valid is a question, and no
application. At night the portal is closed: the platform holds every call until it opens, and nothing here knows it.
"""

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencySettings,
    AgencyStatus,
    BookSlotRequest,
    CallContext,
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
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    hookimpl,
)
from nagorik_brta import eligibility, filing, licence_check, pricing, statuses, uploads, wire
from nagorik_brta.driver_forms import SmartCardForm
from nagorik_brta.wire import API, APPLICATIONS
from nagorik_toolkit import (
    Matches,
    advise_payment,
    agreed_quote,
    book_slot,
    days_of,
    fetch_pdf,
    find_by_client_reference,
    list_slots,
)

Context = CallContext[AgencySettings]


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest, context: Context) -> EligibilityDecision:
    """Decided here, but for the passed test of a smart card: that BRTA is asked, once there is a learner's number."""
    if not isinstance(request.form, SmartCardForm):
        return eligibility.decide(request)
    answer = await context.http.read(
        "test-results",
        "POST",
        f"{API}/test-results",
        json=wire.to_test_question(request.form),
        expect=wire.TestResult,
    )
    passed = None if answer.result == "NOT_FOUND" else answer.result == "PASSED"
    return eligibility.decide(request, passed_test=passed)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """By the published figures, if BRTA's calculator says the same; by the calculator alone where there are none."""
    pricing.refuse_paid_plan_where_free(request.form, request.on)
    answer = await context.http.read(
        "fee-quote", "GET", f"{API}/fees/quote", params=wire.to_fee_question(request), expect=wire.FeeAnswer
    )
    quote = pricing.published(request)
    return pricing.calculated(request, answer.total) if quote is None else agreed_quote(quote, answer.total)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """A licence is checked; an application is filed first and paid for afterwards."""
    if request.service == licence_check.SERVICE:
        return await licence_check.check(request, context)
    uploads.check(request)
    filed = await context.http.write(
        "applications.create",
        "POST",
        APPLICATIONS,
        json=filing.to_application(request, request.client_reference),
        expect=wire.Filed,
    )
    return Accepted(reference=filed.reference, status=statuses.read(filed))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference: the portal does not notice doubles."""
    return await find_by_client_reference(
        request, context, APPLICATIONS, expect=Matches[wire.Filed], status=statuses.read
    )


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The same payment told again changes nothing."""
    path, payment = f"{APPLICATIONS}/{request.agency_reference}/payments", wire.to_payment(request.receipt)
    return await advise_payment(request, context, "payments", path, json=payment, expect=wire.PaymentTaken)


@hookimpl
async def nagorik_list_slots(request: SlotsRequest, context: Context) -> Slots:
    """Days of the test or of the vehicle's inspection."""
    return await list_slots(
        request,
        context,
        "slots.list",
        f"{APPLICATIONS}/{request.agency_reference}/slots",
        params=days_of(request, wire.day),
        expect=wire.FreeSlots,
        slots=wire.FreeSlots.offered,
    )


@hookimpl
async def nagorik_book_slot(request: BookSlotRequest, context: Context) -> SlotBooking:
    """The portal keeps one appointment for an application: a later one replaces it."""
    path, slot = f"{APPLICATIONS}/{request.agency_reference}/slots", {"slotId": request.slot.id}
    return await book_slot(request, context, "slots.book", path, json=slot, expect=wire.Booking)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The portal's word, and what it has issued so far."""
    path = f"{APPLICATIONS}/{request.agency_reference}"
    return statuses.read(await context.http.read("applications.status", "GET", path, expect=wire.Standing))


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """A paper as a PDF, from an address that the portal gives out for some minutes."""
    path = f"{APPLICATIONS}/{request.agency_reference}/documents/{statuses.CODES[request.deliverable.kind]}"
    address = await context.http.read("documents.address", "GET", path, expect=wire.DocumentAddress)
    return await fetch_pdf(request, context, "documents.file", address.href)


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The notice of the portal's hours names nobody."""
    await context.http.read("health", "GET", f"{API}/notice", expect=wire.Notice)
    return Health(state=HealthState.UP)
