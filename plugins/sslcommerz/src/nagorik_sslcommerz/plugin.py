"""SSLCommerz: a session with a page to pay on; what became of it is asked, and never taken from a message."""

from typing import TypeVar

from nagorik import (
    AgencyRejected,
    CallContext,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
    WireModel,
    hookimpl,
)
from nagorik_sslcommerz import refunds, sessions
from nagorik_sslcommerz.answers import without_quoting
from nagorik_sslcommerz.attempts import (
    TRANSACTIONS,
    VALIDATIONS,
    FoundAttempts,
    OrderValidation,
    SessionState,
    SslCommerzAttempt,
    first_unknown,
    of_transaction,
    paid_among,
    to_doubtful_report,
    to_paid_report,
    to_unpaid_report,
)
from nagorik_sslcommerz.settings import SslCommerzSettings
from nagorik_sslcommerz.signature import NotSigned, signed_fields
from nagorik_sslcommerz.transaction_ids import to_payment, to_tran_id

Context = CallContext[SslCommerzSettings]
Told = TypeVar("Told", bound=WireModel)


@hookimpl
async def nagorik_start_payment(request: StartPaymentRequest, context: Context) -> PaymentStarted:
    """Nothing is paid until the payer has been to the page."""
    form = sessions.to_session(request, context.settings)
    with without_quoting(form[name] for name in ("store_id", "store_passwd", "cus_name", "cus_phone")):
        session = await context.http.write(
            "session", "POST", sessions.SESSIONS, form=form, expect=sessions.OpenedSession
        )
    return sessions.to_started(session, context.settings)


@hookimpl
async def nagorik_query_payment(request: QueryPaymentRequest, context: Context) -> PaymentReport:
    """Asked by our own id for every attempt; the one that was paid is validated as the gateway wants it."""
    tran_id = to_tran_id(request.payment)
    attempts = await _attempts(tran_id, context)
    if not attempts and request.reference is not None:
        attempts = await _of_session(request.reference, tran_id, context)
    paid = paid_among(attempts)
    if not paid or first_unknown(attempts) is not None:
        return to_unpaid_report(attempts)
    if len(paid) > 1 or not paid[0].val_id:
        return to_doubtful_report(paid, context.clock.now())
    validation = await _ask(VALIDATIONS, OrderValidation, context, val_id=paid[0].val_id, v="1")
    return to_paid_report(paid[0], validation, context.clock.now())


@hookimpl
async def nagorik_refund_payment(request: RefundPaymentRequest, context: Context) -> RefundReport:
    """Ordered once under our own name for it; one that was ordered before is asked about by the gateway's number."""
    if request.refund_reference is not None:
        number = request.refund_reference
        status = await _ask(TRANSACTIONS, refunds.RefundStatus, context, refund_ref_id=number)
        return refunds.to_refund_report(status, request)
    order = {**refunds.to_order(request), **_credentials(context)}
    with without_quoting(order[name] for name in ("store_id", "store_passwd", "bank_tran_id")):
        answer = await context.http.write("refund", "GET", TRANSACTIONS, params=order, expect=refunds.OrderedRefund)
    return refunds.to_order_report(answer, request)


@hookimpl
async def nagorik_parse_payment_notice(request: PaymentNoticeRequest, context: Context) -> PaymentNotice:
    """A notice, or what a payer's browser posts on coming back; signed or not read, and no more than a hint."""
    password = context.settings.store_password.get_secret_value()
    try:
        return PaymentNotice(payment=to_payment(signed_fields(request.body, password)["tran_id"]))
    except NotSigned as problem:
        raise AgencyRejected(f"sslcommerz.notice-{problem}") from None
    except ValueError:
        raise AgencyRejected("sslcommerz.notice-of-no-payment") from None


async def _attempts(tran_id: str, context: Context) -> tuple[SslCommerzAttempt, ...]:
    found = await _ask(TRANSACTIONS, FoundAttempts, context, tran_id=tran_id)
    return of_transaction(found.attempts, tran_id)


async def _of_session(session_key: str, tran_id: str, context: Context) -> tuple[SslCommerzAttempt, ...]:
    """What became of the session, which the gateway may know before any attempt is listed."""
    try:
        state = await _ask(TRANSACTIONS, SessionState, context, sessionkey=session_key)
    except AgencyRejected:
        return ()  # the reference is no session's, or one that the gateway has forgotten: nothing is known
    return of_transaction([state], tran_id)


async def _ask(path: str, expect: type[Told], context: Context, **asked: str) -> Told:
    """One question; a refusal of it quotes nothing that let the platform in."""
    credentials = _credentials(context)
    with without_quoting(credentials[name] for name in ("store_id", "store_passwd")):
        return await context.http.read("question", "GET", path, params={**asked, **credentials}, expect=expect)


def _credentials(context: Context) -> dict[str, str]:
    """What every question carries in its address, as the gateway wants it."""
    return {
        "store_id": context.settings.store_id,
        "store_passwd": context.settings.store_password.get_secret_value(),
        "format": "json",
    }
