"""BMET's procedure, in the order in which a worker meets it: registration, orientation, emigration clearance.

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
    ContractViolation,
    CorrectionRequest,
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
from nagorik_bmet import eligibility, wire
from nagorik_bmet.data import RULES
from nagorik_bmet.forms import ClearanceForm
from nagorik_bmet.wire import API, COLLECTIONS

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
    form = request.form
    quote = context.fees.quote(
        request,
        due=FeeDue.AFTER_SUBMISSION,
        valid_for=RULES.on(request.on)["quote-validity"].as_duration,
        **({"card": form.card} if isinstance(form, ClearanceForm) else {}),
    )
    told = await context.http.read(
        "fees", "GET", f"{API}/fees", params=wire.to_price_question(request), expect=wire.Price
    )
    if quote.total != told.total:
        raise ContractViolation("fee-differs-from-schedule")
    return quote


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """File, if the rules of this very day allow it."""
    eligibility.check_today(request)
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
    """Searched by our reference. BMET does not notice doubles, so two of them are a person's case."""
    asked_at = context.clock.now()
    matches = await context.http.read(
        "applications.search",
        "GET",
        COLLECTIONS[request.service],
        params={"clientReference": request.client_reference},
        expect=wire.Matches,
    )
    found = [Found(reference=filed.reference, status=filed.read()) for filed in matches.items]
    return search_result(found, complete=matches.complete, asked_at=asked_at)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """BMET takes a payment by its number; the same again changes nothing."""
    if request.agency_reference is None:
        # Paid for, but not filed yet: there is nothing that BMET could be told of.
        return PaymentAdvice(confirmed=False)
    taken = await context.http.write(
        "payments",
        "POST",
        f"{COLLECTIONS[request.service]}/{request.agency_reference}/payments",
        json=wire.to_payment(request.receipt),
        expect=wire.PaymentTaken,
    )
    return PaymentAdvice(confirmed=taken.confirmed)


@hookimpl
async def nagorik_list_slots(request: SlotsRequest, context: Context) -> Slots:
    """The batches with a free seat at the centre of the application."""
    if request.agency_reference is None:
        return Slots(slots=())
    told = await context.http.read(
        "batches.list",
        "GET",
        f"{COLLECTIONS[request.service]}/{request.agency_reference}/batches",
        params=wire.to_days(request),
        expect=wire.Batches,
    )
    place = Text(bn=told.centre_bn, en=told.centre)
    return Slots(
        slots=tuple(
            Slot(id=batch.id, starts_at=batch.begins, ends_at=batch.ends, place=place, free=batch.seats)
            for batch in told.items
            if batch.seats and request.earliest <= batch.begins < request.latest
        )
    )


@hookimpl
async def nagorik_book_slot(request: BookSlotRequest, context: Context) -> SlotBooking:
    """One seat for an application: a later one replaces it. A batch that has filled up meanwhile is an answer."""
    if request.agency_reference is None:
        return SlotBooking(booked=False)
    taken = await context.http.write(
        "batches.book",
        "POST",
        f"{COLLECTIONS[request.service]}/{request.agency_reference}/seat",
        json={"batch": request.slot.id},
        expect=wire.Seat,
    )
    return SlotBooking(booked=taken.booked, reference=taken.number)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """By BMET's own reference."""
    told = await context.http.read(
        "applications.show",
        "GET",
        f"{COLLECTIONS[request.service]}/{request.agency_reference}",
        expect=wire.Standing,
    )
    return told.read()


@hookimpl
async def nagorik_answer_correction(request: CorrectionRequest, context: Context) -> AgencyStatus:
    """The answer to a query: the whole application, as it should be."""
    told = await context.http.write(
        "query.answer",
        "POST",
        f"{COLLECTIONS[request.service]}/{request.agency_reference}/answer",
        json=wire.to_details(request),
        expect=wire.Standing,
    )
    return told.read()


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """Registration card, certificate or smart card, as a PDF with its QR code."""
    file = await context.http.download(
        "document", f"{COLLECTIONS[request.service]}/{request.agency_reference}/document"
    )
    if file.content_type != "application/pdf" or not file.content.startswith(b"%PDF-"):
        raise ContractViolation("deliverable-not-a-pdf")
    document = await context.documents.put(request.deliverable.kind, "application/pdf", file.content)
    return FetchedDeliverable(deliverable=request.deliverable, document=document)


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The list of training centres names nobody."""
    await context.http.read("health", "GET", f"{API}/ttcs", expect=wire.Centres)
    return Health(state=HealthState.UP)
