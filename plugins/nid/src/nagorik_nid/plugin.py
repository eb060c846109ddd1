"""The Election Commission's procedure, in the order in which a citizen meets it.

A verification or a look-up is one question and one answer. An application is priced by the EC, paid for, filed, and
then lies at the EC as a draft until it has been told of the payment; papers may be asked for, a hearing may be held,
and in the end a card waits to be downloaded or collected.
"""

from datetime import date
from functools import partial

from nagorik import (
    Accepted,
    AdvisePaymentRequest,
    AgencyStatus,
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
    StatusRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    Withdrawal,
    WithdrawRequest,
    hookimpl,
)
from nagorik_nid import eligibility, lookups, partner_service, pricing, statuses, wire
from nagorik_nid.data import TEXTS
from nagorik_nid.forms import NidApplicationStatusForm, SmartCardStatusForm, VerificationForm, nid_of
from nagorik_nid.settings import NidSettings
from nagorik_nid.wire import API, APPLICATIONS
from nagorik_toolkit import (
    Matches,
    advise_payment,
    agreed_quote,
    answered,
    fetch_pdf,
    find_by_client_reference,
    is_birth_registration,
    refuse,
)

Context = CallContext[NidSettings]


@hookimpl
async def nagorik_check_eligibility(request: EligibilityRequest) -> EligibilityDecision:
    """Decided here: the EC answers no such question."""
    return eligibility.decide(request)


@hookimpl
async def nagorik_quote_fees(request: QuoteRequest, context: Context) -> Quote:
    """Priced by the published schedule, for the number of the attempt that only the EC knows.

    What has to be paid is the EC's own total, which the schedule's is held against where it has one.
    """
    answer = await context.http.read(
        "fee-quote", "POST", f"{API}/fee-quote", json=wire.to_fee_question(request), expect=wire.FeeQuote
    )
    quote = pricing.published(request, answer.attempt)
    return pricing.demanded(request, answer.total) if quote is None else agreed_quote(quote, answer.total)


@hookimpl
async def nagorik_submit(request: SubmitRequest, context: Context) -> SubmissionResult:
    """A question is asked, an application is filed; neither with a number that is not an NID number."""
    form = request.form
    nid = nid_of(form)
    if nid is not None and is_birth_registration(nid, request.applicant.birth_registration):
        refuse([TEXTS.field_problem("/form/nid", "nid.is-birth-registration")])
    match form:
        case VerificationForm():
            return await _verify(form, context)
        case NidApplicationStatusForm():
            return await _look_up_application(form, context)
        case SmartCardStatusForm():
            return await _look_up_card(form, request.on, context)
    filed = await context.http.write(
        "applications.create",
        "POST",
        APPLICATIONS,
        json=wire.to_application(request, request.client_reference),
        expect=wire.Filed,
    )
    return Accepted(reference=filed.reference, status=statuses.read(request.service, filed))


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
    return Accepted(reference=answer.success.data.request_id, status=answered("verification-result", "verified"))


async def _look_up_application(form: NidApplicationStatusForm, context: Context) -> Accepted | Rejected:
    """That there is no such application is an answer, not an error."""
    question = lookups.to_application_question(form)
    answer = await context.http.write(
        "lookups.application",
        "POST",
        lookups.APPLICATION_LOOKUP,
        json=question,
        expect=lookups.NidApplicationLookup,
    )
    return lookups.application_found(answer)


async def _look_up_card(form: SmartCardStatusForm, today: date, context: Context) -> Accepted | Rejected:
    """That the EC has set no date yet is an answer, not an error."""
    question = lookups.to_card_question(form)
    answer = await context.http.write(
        "lookups.card", "POST", lookups.CARD_LOOKUP, json=question, expect=lookups.SmartCardLookup
    )
    return lookups.card_found(answer, today)


@hookimpl
async def nagorik_find_submission(request: FindRequest, context: Context) -> SubmissionSearch:
    """Searched by our reference: the EC does not notice doubles."""
    status = partial(statuses.read, request.service)
    return await find_by_client_reference(request, context, APPLICATIONS, expect=Matches[wire.Filed], status=status)


@hookimpl
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: Context) -> PaymentAdvice:
    """The EC confirms once the payment has reached it by its own way, which takes about half an hour."""
    path, payment = f"{APPLICATIONS}/{request.agency_reference}/payment-reference", wire.to_payment(request.receipt)
    return await advise_payment(request, context, "payment-reference", path, json=payment, expect=wire.AdviceTaken)


@hookimpl
async def nagorik_get_status(request: StatusRequest, context: Context) -> AgencyStatus:
    """The EC tells it to who knows the date of birth."""
    path, params = f"{APPLICATIONS}/{request.agency_reference}", wire.birth_date_of(request)
    answer = await context.http.read("applications.status", "GET", path, params=params, expect=wire.Standing)
    return statuses.read(request.service, answer)


@hookimpl
async def nagorik_answer_correction(request: CorrectionRequest, context: Context) -> AgencyStatus:
    """The EC asks for papers; the corrected entries go with them."""
    path, additions = f"{APPLICATIONS}/{request.agency_reference}/additional-documents", wire.to_additions(request)
    answer = await context.http.write("additional-documents", "POST", path, json=additions, expect=wire.Standing)
    return statuses.read(request.service, answer)


@hookimpl
async def nagorik_withdraw(request: WithdrawRequest, context: Context) -> Withdrawal:
    """Where the EC has decided already, its decision stands and it says so."""
    path = f"{APPLICATIONS}/{request.agency_reference}/withdraw"
    answer = await context.http.write("withdraw", "POST", path, expect=wire.WithdrawalAnswer)
    return Withdrawal(withdrawn=answer.withdrawn, status=statuses.read(request.service, answer))


@hookimpl
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: Context) -> FetchedDeliverable:
    """The card, or the confirmation of a new voter area, as a PDF."""
    path = f"{APPLICATIONS}/{request.agency_reference}/deliverable"
    return await fetch_pdf(request, context, "deliverable", path, params=wire.birth_date_of(request))


@hookimpl
async def nagorik_check_health(context: Context) -> Health:
    """The price of a free service names nobody and, unlike a verification, is not billed."""
    await context.http.read(
        "health",
        "POST",
        f"{API}/fee-quote",
        json={"type": "NEW_VOTER", "delivery": "REGULAR"},
        expect=wire.FeeQuote,
    )
    return Health(state=HealthState.UP)
