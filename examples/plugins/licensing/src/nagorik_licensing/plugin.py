"""The invented office's procedure: file and pay, wait for the inspection, pay for the licence, fetch it."""

from datetime import timedelta

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencyStatus,
    CallContext,
    DeliverableRequest,
    EligibilityDecision,
    EligibilityRequest,
    FeeDue,
    FetchedDeliverable,
    FindRequest,
    PaymentAdvice,
    Quote,
    QuoteRequest,
    StatusRequest,
    SubmissionSearch,
    SubmitRequest,
    hookimpl,
)
from nagorik_licensing import eligibility, wire
from nagorik_licensing.access import LicensingSettings
from nagorik_licensing.data import FEES
from nagorik_licensing.forms import ApplicationForm
from nagorik_toolkit import advise_payment, agreed_quote, fetch_pdf, find_by_client_reference

Context = CallContext[LicensingSettings]


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:
    """Answered without asking the office."""
    return eligibility.decide(request)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """The filing fee by the schedule; the licence fee, once it is demanded, only if the office demands the same."""
    licence = request.stage == "licence"
    due = FeeDue.AFTER_SUBMISSION if licence else FeeDue.BEFORE_SUBMISSION
    quote = FEES.quote(request, due=due, valid_for=timedelta(days=1))
    if not licence or request.agency_reference is None:
        return quote
    return agreed_quote(quote, (await _shown(request.agency_reference, context)).due)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> Accepted:
    """One call. If its answer is lost, the platform knows what to do."""
    parts = wire.to_filing(request, request.form_as(ApplicationForm))
    filed = await context.http.write("file", "POST", wire.APPLICATIONS, parts=parts, expect=wire.Application)
    return Accepted(reference=filed.reference, status=wire.to_status(filed))


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference: the office does not notice doubles."""
    return await find_by_client_reference(
        request, context, wire.APPLICATIONS, expect=wire.FoundApplications, status=wire.to_status
    )


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """Either fee, by the payment's number: the same again changes nothing."""
    path, payment = f"{wire.APPLICATIONS}/{request.agency_reference}/payments", wire.to_payment(request.receipt)
    return await advise_payment(request, context, "pay", path, xml=payment, expect=wire.Receipt)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The host decides when to ask; a plugin never polls."""
    return wire.to_status(await _shown(request.agency_reference, context))


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """The licence, as a PDF."""
    return await fetch_pdf(request, context, "licence", f"{wire.APPLICATIONS}/{request.agency_reference}/licence")


async def _shown(number: str, context: Context) -> wire.Application:
    return await context.http.read("show", "GET", f"{wire.APPLICATIONS}/{number}", expect=wire.Application)
