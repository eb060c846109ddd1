"""The land offices' procedure, in the order in which a citizen meets it.

What is asked for is the office's own price, held against what is published. It is paid, the application is filed,
and the office is told of the payment. A mutation then goes through report, survey and hearing; once it is approved a
second payment is due, after which its receipt (DCR) and the new khatian are issued.
"""

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencySettings,
    AgencyStatus,
    CallContext,
    ContractViolation,
    DeliverableRequest,
    EligibilityDecision,
    EligibilityRequest,
    FetchedDeliverable,
    FieldProblem,
    FindRequest,
    Found,
    Health,
    HealthState,
    InputRejected,
    Layer,
    PaymentAdvice,
    Quote,
    QuoteLine,
    QuoteRequest,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    hookimpl,
    search_result,
)
from nagorik_land import eligibility, land_tax, pricing, statuses, wire
from nagorik_land.data import RULES, TEXTS
from nagorik_land.forms import DevelopmentTaxForm, KhatianCopyForm
from nagorik_land.wire import DESKS, STAGES

Context = CallContext[AgencySettings]


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:
    """Decided here: the land offices answer no such question."""
    return eligibility.decide(request)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """What the office asks for, held against what is published; nobody pays where the two differ.

    A map has no published price that is confirmed, so that the office's own is all there is.
    """
    if isinstance(request.form, DevelopmentTaxForm):
        return await _demand(request, request.form, context)
    told = await context.http.read(
        "fee",
        "GET",
        f"{DESKS[request.service].api}/fee",
        params=wire.to_price_question(request, request.stage),
        expect=wire.Price,
    )
    if request.service == "land.mouza-map":
        line = QuoteLine(code="mouza-map", text=TEXTS.text("price.mouza-map"), amount=told.total, vat=pricing.NO_VAT)
        return pricing.demanded(request, (line,), RULES.on(request.on)["price-as-demanded"].source)
    form = request.form
    quote = context.fees.quote(
        request,
        due=pricing.due_at(request.stage),
        valid_for=pricing.until_midnight(request.at),
        **({"delivery": form.delivery} if isinstance(form, KhatianCopyForm) else {}),
    )
    if quote.total != told.total:
        raise ContractViolation("fee-differs-from-schedule")
    return quote


async def _demand(request: QuoteRequest, form: DevelopmentTaxForm, context: Context) -> Quote:
    """What a holding owes for a year, asked by POST and yet only a question."""
    first = form.fiscal_year.first_day
    if first > request.on:
        code = "land.year-not-begun"
        problem = FieldProblem(pointer="/form/fiscal_year", code=code, text=TEXTS.text(code, day=first))
        raise InputRejected([problem], layer=Layer.PLUGIN)
    demand = await context.http.read(
        "demand",
        "POST",
        f"{DESKS[request.service].api}/holdings/demand",
        json=wire.to_demand_question(form),
        expect=wire.Demand,
    )
    assessed = land_tax.assess(form, demand, context.fees, request.on)
    return pricing.demanded(request, assessed.lines, assessed.source)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """File it. The office's number for it is unique in the country; a case number, which comes later, is not."""
    filed = await context.http.write(
        "applications.create",
        "POST",
        DESKS[request.service].applications,
        json=wire.to_application(request, request.client_reference),
        expect=wire.Filed,
    )
    return Accepted(reference=filed.application_id, status=statuses.read(request.service, filed))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference. The offices do not notice doubles, so two of them are a person's case."""
    asked_at = context.clock.now()
    matches = await context.http.read(
        "applications.search",
        "GET",
        DESKS[request.service].applications,
        params={"clientReference": request.client_reference},
        expect=wire.Matches,
    )
    found = [
        Found(reference=filed.application_id, status=statuses.read(request.service, filed)) for filed in matches.items
    ]
    return search_result(found, complete=matches.complete, asked_at=asked_at)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The office confirms once the money has reached it by its own way."""
    if request.agency_reference is None:
        # Paid for, but not filed yet: there is nothing that the payment could be told of.
        return PaymentAdvice(confirmed=False)
    taken = await context.http.write(
        "payment",
        "POST",
        f"{DESKS[request.service].applications}/{request.agency_reference}/fee/{STAGES[request.receipt.stage]}",
        json=wire.to_payment(request.receipt),
        expect=wire.AdviceTaken,
    )
    return PaymentAdvice(confirmed=taken.status == "TAKEN")


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The office tells its word for the state, the case number, the day of the hearing and what it has issued."""
    told = await context.http.read(
        "applications.status",
        "GET",
        f"{DESKS[request.service].applications}/{request.agency_reference}",
        expect=wire.Standing,
    )
    return statuses.read(request.service, told)


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """A mutation's DCR or khatian, or the receipt for the tax, as a PDF."""
    kind = request.deliverable.kind
    file = await context.http.download(
        "paper", f"{DESKS[request.service].applications}/{request.agency_reference}/papers/{kind}"
    )
    if file.content_type != "application/pdf" or not file.content.startswith(b"%PDF-"):
        raise ContractViolation("paper-not-a-pdf")
    document = await context.documents.put(kind, "application/pdf", file.content)
    return FetchedDeliverable(deliverable=request.deliverable, document=document)


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The price of a mutation's filing names nobody."""
    await context.http.read(
        "health", "GET", f"{DESKS['land.mutation'].api}/fee", params={"stage": "1"}, expect=wire.Price
    )
    return Health(state=HealthState.UP)
