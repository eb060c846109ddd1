"""The Election Commission's procedure, in the order in which a citizen meets it.

A verification is one question and one answer. An application is priced by the EC, paid for, filed, and then lies at
the EC as a draft until it has been told of the payment; papers may be asked for, a hearing may be held, and in the
end a card waits to be downloaded or collected.
"""

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencyStatus,
    ApplicationState,
    CallContext,
    ContractViolation,
    CorrectionRequest,
    Deliverable,
    DeliverableRequest,
    Download,
    EligibilityDecision,
    EligibilityRequest,
    FeeDue,
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
    QuoteRequest,
    Rejected,
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    Withdrawal,
    WithdrawRequest,
    hookimpl,
    search_result,
)
from nagorik_nid import eligibility, partner_service, pricing, statuses, wire
from nagorik_nid.data import STATUSES, TEXTS
from nagorik_nid.forms import CardForm, NidForm, VerificationForm
from nagorik_nid.settings import NidSettings
from nagorik_nid.wire import API

Context = CallContext[NidSettings]


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:
    """Decided here: the EC answers no such question."""
    return eligibility.decide(request)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """Priced by the published schedule, for the number of the attempt that only the EC knows.

    What has to be paid is the EC's own total. Where it is not the schedule's, one of them is out of date: nobody is
    asked for money until a person has found out which.
    """
    told = await context.http.read(
        "fee-quote", "GET", f"{API}/fee-quote", params=wire.to_fee_question(request), expect=wire.FeeQuote
    )
    quote = context.fees.quote(
        request,
        due=FeeDue.BEFORE_SUBMISSION,
        valid_for=pricing.validity(request.on),
        **pricing.choice(request.form, told.attempt),
    )
    if quote.total != told.total:
        raise ContractViolation("fee-differs-from-schedule")
    return quote


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """A verification is asked, an application is filed; neither with a number that is not an NID number."""
    if isinstance(request.form, CardForm) and eligibility.is_birth_registration(request.form.nid, request.applicant):
        code = "nid.is-birth-registration"
        raise InputRejected([FieldProblem(pointer="/form/nid", code=code, text=TEXTS.text(code))], layer=Layer.PLUGIN)
    if request.service == "nid.verification":
        return await _verify(request.form_as(VerificationForm), context)
    filed = await context.http.write(
        "applications.create",
        "POST",
        f"{API}/applications",
        json=wire.to_application(request, request.client_reference),
        expect=wire.Filed,
    )
    return Accepted(reference=filed.application_id, status=statuses.read(request.service, filed))


async def _verify(form: VerificationForm, context: Context) -> Accepted | Rejected:
    """Data that do not agree are an answer, not an error: the EC says which, and the citizen is told."""
    answer = await context.http.write(
        "verification",
        "POST",
        context.settings.partner_service + context.settings.verification_path,
        json=partner_service.to_verification(form),
        expect=partner_service.Verification,
        accept={200, 406},
    )
    if not answer.verified:
        return Rejected(reason_code="nid.mismatch", reason=partner_service.mismatch(answer))
    if answer.success is None:
        raise ContractViolation("verified-without-request-id")
    verified = AgencyStatus(
        state=ApplicationState.DELIVERED,
        raw="verified",
        deliverables=(Deliverable(kind="verification-result", delivery="none"),),
        final=True,
    )
    return Accepted(reference=answer.success.data.request_id, status=verified)


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference. The EC does not notice doubles, so two of them are a person's case."""
    asked_at = context.clock.now()
    matches = await context.http.read(
        "applications.search",
        "GET",
        f"{API}/applications",
        params={"clientReference": request.client_reference},
        expect=wire.Matches,
    )
    found = [
        Found(reference=filed.application_id, status=statuses.read(request.service, filed)) for filed in matches.items
    ]
    return search_result(found, complete=matches.complete, asked_at=asked_at)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The EC confirms once the payment has reached it by its own way, which takes about half an hour."""
    if request.agency_reference is None:
        # Paid for, but not filed yet: there is nothing that the payment could be told of.
        return PaymentAdvice(confirmed=False)
    taken = await context.http.write(
        "payment-reference",
        "POST",
        f"{API}/applications/{request.agency_reference}/payment-reference",
        json=wire.to_payment_reference(request.receipt),
        expect=wire.AdviceTaken,
    )
    return PaymentAdvice(confirmed=_is_paid(taken.status))


def _is_paid(word: str) -> bool:
    meaning = STATUSES.meaning_of(word)
    return meaning is not None and meaning.payment_confirmed is True


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The EC tells it to who knows the date of birth."""
    told = await context.http.read(
        "applications.status",
        "GET",
        f"{API}/applications/{request.agency_reference}",
        params={"dob": wire.day(request.form_as(NidForm).birth_date)},
        expect=wire.Standing,
    )
    return statuses.read(request.service, told)


@hookimpl
async def nagorik_answer_correction(request: CorrectionRequest, context: Context) -> AgencyStatus:
    """The EC asks for papers; the corrected entries go with them."""
    told = await context.http.write(
        "additional-documents",
        "POST",
        f"{API}/applications/{request.agency_reference}/additional-documents",
        json=wire.to_additions(request),
        expect=wire.Standing,
    )
    return statuses.read(request.service, told)


@hookimpl
async def nagorik_withdraw(request: WithdrawRequest, context: Context) -> Withdrawal:
    """Where the EC has decided already, its decision stands and it says so."""
    told = await context.http.write(
        "withdraw",
        "POST",
        f"{API}/applications/{request.agency_reference}/withdraw",
        expect=wire.WithdrawalAnswer,
    )
    return Withdrawal(withdrawn=told.withdrawn, status=statuses.read(request.service, told))


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """The card, or the confirmation of a new voter area, as a PDF."""
    file = await context.http.download(
        "deliverable",
        f"{API}/applications/{request.agency_reference}/deliverable",
        params={"dob": wire.day(request.form_as(NidForm).birth_date)},
    )
    if not _is_pdf(file):
        raise ContractViolation("deliverable-not-a-pdf")
    document = await context.documents.put(request.deliverable.kind, "application/pdf", file.content)
    return FetchedDeliverable(deliverable=request.deliverable, document=document)


def _is_pdf(file: Download) -> bool:
    return file.content_type == "application/pdf" and file.content.startswith(b"%PDF-")


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The price of a free service names nobody and, unlike a verification, is not billed."""
    await context.http.read(
        "health",
        "GET",
        f"{API}/fee-quote",
        params={"type": "NEW_VOTER", "delivery": "REGULAR"},
        expect=wire.FeeQuote,
    )
    return Health(state=HealthState.UP)
