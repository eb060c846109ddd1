"""BRTA's procedure, in the order in which a citizen meets it.

An application is filed at the portal and paid for afterwards. A learner gets the learner's licence at once and sits
the test two to three months later; whoever has passed applies for the smart card, downloads an e-licence once it is
approved and gets the card by post. A vehicle is brought to an inspection by appointment. At night the portal is
closed: the core holds every call until it opens, and nothing here knows of it.
"""

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencySettings,
    AgencyStatus,
    BookSlotRequest,
    CallContext,
    ContractViolation,
    DeliverableRequest,
    EligibilityDecision,
    EligibilityRequest,
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
    SubmissionSearch,
    SubmitRequest,
    Text,
    hookimpl,
    search_result,
)
from nagorik_brta import eligibility, pricing, statuses, uploads, wire
from nagorik_brta.forms import SmartCardForm
from nagorik_brta.wire import API

Context = CallContext[AgencySettings]


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest, context: Context) -> EligibilityDecision:
    """Decided here, but for the passed test of a smart card: that BRTA is asked, once there is a learner's number."""
    if not isinstance(request.form, SmartCardForm):
        return eligibility.decide(request)
    told = await context.http.read(
        "test-results",
        "POST",
        f"{API}/test-results",
        json=wire.to_test_question(request.form),
        expect=wire.TestResult,
    )
    passed = None if told.result == "NOT_FOUND" else told.result == "PASSED"
    return eligibility.decide(request, passed_test=passed)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """By the published figures, if BRTA's calculator says the same; by the calculator alone where there are none.

    Where both exist and differ, one of them is out of date: nobody is asked for money until a person has found out
    which.
    """
    told = await context.http.read(
        "fee-quote", "GET", f"{API}/fees/quote", params=wire.to_fee_question(request), expect=wire.FeeAnswer
    )
    quote = pricing.published(context.schedule, request)
    if quote is None:
        return pricing.calculated(request, told.total)
    if quote.total != told.total:
        raise ContractViolation("fee-differs-from-schedule")
    return quote


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> Accepted:
    """Filed first, paid for afterwards."""
    uploads.check(request)
    filed = await context.http.write(
        "applications.create",
        "POST",
        f"{API}/applications",
        json=wire.to_application(request, request.client_reference),
        expect=wire.Filed,
    )
    return Accepted(reference=filed.number, status=statuses.read(filed))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference. The portal does not notice doubles, so two of them are a person's case."""
    asked_at = context.clock.now()
    matches = await context.http.read(
        "applications.search",
        "GET",
        f"{API}/applications",
        params={"clientReference": request.client_reference},
        expect=wire.Matches,
    )
    found = [Found(reference=filed.number, status=statuses.read(filed)) for filed in matches.items]
    return search_result(found, complete=matches.complete, asked_at=asked_at)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The same payment told again changes nothing."""
    if request.agency_reference is None:
        # Paid for, but not filed yet: there is nothing that the payment could be told of.
        return PaymentAdvice(confirmed=False)
    taken = await context.http.write(
        "payments",
        "POST",
        f"{API}/applications/{request.agency_reference}/payments",
        json=wire.to_payment(request.receipt),
        expect=wire.PaymentTaken,
    )
    return PaymentAdvice(confirmed=taken.verified)


@hookimpl
async def nagorik_list_slots(request: SlotsRequest, context: Context) -> Slots:
    """Days of the test or of the vehicle's inspection."""
    if request.agency_reference is None:
        return Slots(slots=())
    told = await context.http.read(
        "slots.list",
        "GET",
        f"{API}/applications/{request.agency_reference}/slots",
        params=wire.to_days(request),
        expect=wire.OfferedSlots,
    )
    place = Text(bn=told.place_bn, en=told.place)
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
        "slots.book",
        "POST",
        f"{API}/applications/{request.agency_reference}/slots",
        json={"slotId": request.slot.id},
        expect=wire.Booking,
    )
    return SlotBooking(booked=taken.booked, reference=taken.number)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The portal's word, and what it has issued so far."""
    told = await context.http.read(
        "applications.status",
        "GET",
        f"{API}/applications/{request.agency_reference}",
        expect=wire.Standing,
    )
    return statuses.read(told)


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """A paper as a PDF, from an address that the portal gives out for some minutes."""
    word = statuses.CODES[request.deliverable.kind]
    address = await context.http.read(
        "documents.address",
        "GET",
        f"{API}/applications/{request.agency_reference}/documents/{word}",
        expect=wire.DocumentAddress,
    )
    file = await context.http.download("documents.file", address.href)
    if file.content_type != "application/pdf" or not file.content.startswith(b"%PDF-"):
        raise ContractViolation("deliverable-not-a-pdf")
    document = await context.documents.put(request.deliverable.kind, "application/pdf", file.content)
    return FetchedDeliverable(deliverable=request.deliverable, document=document)


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The notice of the portal's hours names nobody."""
    await context.http.read("health", "GET", f"{API}/notice", expect=wire.Notice)
    return Health(state=HealthState.UP)
