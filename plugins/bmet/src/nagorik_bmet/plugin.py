"""BMET's procedure, in the order in which a worker meets it: registration, orientation, emigration clearance.

Cards and clearances are looked up, too, wherever they were applied for.

Each is filed first and paid for afterwards, where it costs something. A seat in a batch of the orientation is taken
once the fee has arrived; the clearance may come back with a query.
"""

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencySettings,
    AgencyStatus,
    BookSlotRequest,
    CallContext,
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
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    hookimpl,
)
from nagorik_bmet import eligibility, pricing, verification, wire
from nagorik_bmet.data import RULES
from nagorik_bmet.wire import API, COLLECTIONS
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
    """Decided here, but for the passport, which is asked about with the worker's consent."""
    return await eligibility.decide(request, context)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """What BMET asks for, held against what is published; nobody pays where the two differ."""
    if request.agency_reference is None:
        eligibility.check_today(request)
    valid_for = RULES.on(request.on)["quote-validity"].as_duration
    quote = pricing.basis(request.service, request.form, request.on).quote(request, valid_for=valid_for)
    params = wire.to_price_question(request)
    answer = await context.http.read("fees", "GET", f"{API}/fees", params=params, expect=wire.ServiceFee)
    return agreed_quote(quote, answer.total)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """File, or look up, if the rules of this very day allow it."""
    eligibility.check_today(request)
    if request.service in eligibility.VERIFICATIONS:
        return await verification.look_up(request, context)
    filed = await context.http.write(
        "applications.create",
        "POST",
        COLLECTIONS[request.service],
        json=wire.to_application(request, request.client_reference),
        expect=wire.Standing,
    )
    return Accepted(reference=filed.reference, status=filed.read())


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference: BMET does not notice doubles."""
    path = COLLECTIONS[request.service]
    return await find_by_client_reference(
        request, context, path, expect=Matches[wire.Standing], status=wire.Standing.read
    )


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """BMET takes a payment by its number; the same again changes nothing."""
    path, payment = f"{wire.path_of(request)}/payments", wire.to_payment(request.receipt)
    return await advise_payment(request, context, "payments", path, json=payment, expect=wire.PaymentTaken)


@hookimpl
async def nagorik_list_slots(request: SlotsRequest, context: Context) -> Slots:
    """The batches with a free seat at the centre of the application."""
    return await list_slots(
        request,
        context,
        "batches.list",
        f"{wire.path_of(request)}/batches",
        params=days_of(request),
        expect=wire.Batches,
        slots=wire.Batches.slots,
    )


@hookimpl
async def nagorik_book_slot(request: BookSlotRequest, context: Context) -> SlotBooking:
    """One seat for an application: a later one replaces it. A batch that has filled up meanwhile is an answer."""
    path, batch = f"{wire.path_of(request)}/seat", {"batch": request.slot.id}
    return await book_slot(request, context, "batches.book", path, json=batch, expect=wire.Seat)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """By BMET's own reference."""
    answer = await context.http.read("applications.show", "GET", wire.path_of(request), expect=wire.Standing)
    return answer.read()


@hookimpl
async def nagorik_answer_correction(request: CorrectionRequest, context: Context) -> AgencyStatus:
    """The answer to a query: the whole application, as it should be."""
    path, details = f"{wire.path_of(request)}/answer", wire.to_details(request)
    answer = await context.http.write("query.answer", "POST", path, json=details, expect=wire.Standing)
    return answer.read()


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """Registration card, certificate or smart card, as a PDF with its QR code."""
    return await fetch_pdf(request, context, "document", f"{wire.path_of(request)}/document")


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The list of training centres names nobody."""
    await context.http.read("health", "GET", f"{API}/ttcs", expect=wire.Centres)
    return Health(state=HealthState.UP)
