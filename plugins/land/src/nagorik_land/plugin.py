"""The land offices' procedure, in the order in which a citizen meets it.

What is asked for is the office's own price, held against what is published. It is paid, the application is filed,
and the office is told of the payment. For a mutation that is the court fee; the notices are paid for next, then it
goes through report, survey and hearing. Once it is approved a third payment is due, after which its receipt (DCR) and
the new khatian are issued. Registering a holding costs nothing here: the union land office checks it and gives it a
number. The two enquiries end with their answer.
"""

from functools import partial

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencySettings,
    AgencyStatus,
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
    QuoteLine,
    QuoteRequest,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    hookimpl,
)
from nagorik_land import eligibility, enquiries, land_tax, pricing, statuses, wire
from nagorik_land.data import FEES, RULES, TEXTS
from nagorik_land.enquiries import KhatianSearchForm, MutationStatusForm
from nagorik_land.forms import DevelopmentTaxForm
from nagorik_land.pricing import NO_VAT
from nagorik_land.wire import DESKS, STAGES
from nagorik_toolkit import (
    Matches,
    advise_payment,
    agreed_quote,
    fetch_pdf,
    find_by_client_reference,
    until_midnight,
)

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
    path, params = f"{DESKS[request.service].api}/fee", wire.to_price_question(request, request.stage)
    answer = await context.http.read("fee", "GET", path, params=params, expect=wire.StageFee)
    if request.service == "land.mouza-map":
        line = QuoteLine(code="mouza-map", text=TEXTS.text("price.mouza-map"), amount=answer.total, vat=NO_VAT)
        return pricing.demanded(request, (line,), RULES.on(request.on)["price-as-demanded"].source)
    basis = pricing.basis(request.service, request.form, request.on)
    quote = basis.quote(request, valid_for=until_midnight(request.at))
    return agreed_quote(quote, answer.total)


async def _demand(request: QuoteRequest, form: DevelopmentTaxForm, context: Context) -> Quote:
    """What a holding owes for a year, asked by POST and yet only a question."""
    pricing.basis(request.service, form, request.on).refuse_forbidden()
    path, question = f"{DESKS[request.service].api}/holdings/demand", wire.to_demand_question(form)
    demand = await context.http.read("demand", "POST", path, json=question, expect=wire.Demand)
    assessed = land_tax.assess(form, demand, FEES[request.service], request.on)
    return pricing.demanded(request, assessed.lines, assessed.source)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """Ask, or file. The office's number of what is filed is unique in the country; a case number is not."""
    match request.form:
        case KhatianSearchForm() as form:
            return enquiries.khatians(
                await context.http.write(
                    "khatians.search",
                    "POST",
                    enquiries.KHATIAN_SEARCH,
                    json=enquiries.to_khatian_search(form),
                    expect=enquiries.FoundKhatians,
                )
            )
        case MutationStatusForm() as form:
            return enquiries.standing(
                await context.http.write(
                    "mutations.enquire",
                    "POST",
                    enquiries.MUTATION_STATUS,
                    json=enquiries.to_status_question(request, form),
                    expect=enquiries.FoundMutation,
                )
            )
        case _:
            return await _file(request, context)


async def _file(request: SubmitRequest, context: Context) -> Accepted:
    filed = await context.http.write(
        "applications.create",
        "POST",
        DESKS[request.service].applications,
        json=wire.to_application(request, request.client_reference),
        expect=wire.Filed,
    )
    return Accepted(reference=filed.reference, status=statuses.read(request.service, filed))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference: the offices do not notice doubles."""
    path, status = DESKS[request.service].applications, partial(statuses.read, request.service)
    return await find_by_client_reference(request, context, path, expect=Matches[wire.Filed], status=status)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The office confirms once the money has reached it by its own way."""
    path, payment = f"{wire.path_of(request)}/fee/{STAGES[request.receipt.stage]}", wire.to_payment(request.receipt)
    return await advise_payment(request, context, "payment", path, json=payment, expect=wire.AdviceTaken)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """Return the office's word for the state, the case number, the day of the hearing and what it has issued."""
    answer = await context.http.read("applications.status", "GET", wire.path_of(request), expect=wire.Standing)
    return statuses.read(request.service, answer)


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """A mutation's DCR or khatian, or the receipt for the tax, as a PDF."""
    return await fetch_pdf(request, context, "paper", f"{wire.path_of(request)}/papers/{request.deliverable.kind}")


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The price of a mutation's filing names nobody."""
    await context.http.read(
        "health", "GET", f"{DESKS['land.mutation'].api}/fee", params={"stage": "1"}, expect=wire.StageFee
    )
    return Health(state=HealthState.UP)
