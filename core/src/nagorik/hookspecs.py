"""The hooks, grouped by family, in the order in which an application meets them; and the markers of both sides.

Every hook is ``async def name(request, context)`` with one frozen request and one ``CallContext``. A hook is
addressed: the platform calls the one plugin that owns the service. It returns one of the results named here or
raises one of ``nagorik.errors``; anything else is the plugin's fault and never a guess at the agency's answer.
"""

from typing import Any, Final

import pluggy

from nagorik.context import CallContext
from nagorik.model.eligibility import EligibilityDecision, EligibilityRequest
from nagorik.model.fee import Quote, QuoteRequest
from nagorik.model.payment import (
    AdvisePaymentRequest,
    CompletePaymentRequest,
    ListPaymentsRequest,
    PaymentAdvice,
    PaymentList,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
)
from nagorik.model.status import (
    AgencyStatus,
    BookSlotRequest,
    CallbackReport,
    CallbackRequest,
    DeliverableRequest,
    FetchedDeliverable,
    Health,
    HealthRequest,
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
)
from nagorik.model.submission import (
    Accepted,
    CannotTell,
    CorrectionRequest,
    DefinitelyAbsent,
    FindRequest,
    Found,
    Pending,
    Rejected,
    SubmitRequest,
    Withdrawal,
    WithdrawRequest,
)

PROJECT: Final = "nagorik"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's coroutine function as the implementation of the hook of the same name."""


# Eligibility


@hookspec
async def nagorik_check_eligibility(request: EligibilityRequest, context: CallContext[Any]) -> EligibilityDecision:
    """May this citizen apply? Called at the counter, often before there is a form, and again before filing.

    Name every criterion of the service with its verdict, including those that pass. What cannot be told without
    the agency is ``cannot-tell``, not ``pass``. Eligible lets the application go on; ineligible ends it with the
    reasons shown; indeterminate asks the citizen whether to go on. Prefer to answer without any call.
    """
    raise NotImplementedError


# Payment, the agency's side


@hookspec
async def nagorik_quote_fees(request: QuoteRequest, context: CallContext[Any]) -> Quote:
    """What has to be paid at this stage, and when is it due?

    Called before the citizen is asked for money: at first for the stage ``application``, later for each stage that a
    status names in ``fee_due``. A quote whose ``expires_at`` has passed is asked for again. Ask the agency where
    only the agency knows (NID counts earlier applications). A total of zero skips payment.
    """
    raise NotImplementedError


@hookspec
async def nagorik_advise_payment(request: AdvisePaymentRequest, context: CallContext[Any]) -> PaymentAdvice:
    """Tell the agency that the fee was paid.

    Called after a gateway has captured the money, and again until ``confirmed``. May meet an agency that already
    knows: that is a confirmation, not an error. Its own outcome may be unknown; its idempotency class decides
    whether it is sent again or looked up by status.
    """
    raise NotImplementedError


# Payment, the gateway's side


@hookspec
async def nagorik_start_payment(request: StartPaymentRequest, context: CallContext[Any]) -> PaymentStarted:
    """Announce a payment to the gateway and say where the payer goes.

    Called once for each attempt to pay. If its answer is lost the payment is unknown and is only queried.
    """
    raise NotImplementedError


@hookspec
async def nagorik_query_payment(request: QueryPaymentRequest, context: CallContext[Any]) -> PaymentReport:
    """Ask the gateway what became of a payment: the only source of the fact that money was captured.

    Called until the state is final. Where the gateway cannot say, report ``unknown``, never ``failed``.
    """
    raise NotImplementedError


@hookspec
async def nagorik_complete_payment(request: CompletePaymentRequest, context: CallContext[Any]) -> PaymentReport:
    """Take the money that the payer has agreed to give, at a gateway that waits to be told so.

    Called when a query says ``authorised`` and the application still wants the money. A write whose lost answer is
    asked about by query; it is made again only after a query has said ``authorised`` again, and only where the
    gateway takes one payment once. An answer that does not say what was taken is an unknown outcome.
    """
    raise NotImplementedError


@hookspec
async def nagorik_list_payments(request: ListPaymentsRequest, context: CallContext[Any]) -> PaymentList:
    """Which payments did the gateway take on a day? Called to compare its books with the platform's.

    Read every page: a list that is cut short would make good payments look like lost ones.
    """
    raise NotImplementedError


@hookspec
async def nagorik_refund_payment(request: RefundPaymentRequest, context: CallContext[Any]) -> RefundReport:
    """Give captured money back because the application ended before the agency confirmed it.

    Called again while ``refund_pending`` to learn the result, and after a lost answer unless the class is ``none``,
    so a repeated call must not refund twice: a call with ``refund_reference`` only asks, and at a gateway of class
    ``client-reference`` any other asks for this payment's refund first and orders only where there is none.
    """
    raise NotImplementedError


@hookspec
async def nagorik_parse_payment_notice(request: PaymentNoticeRequest, context: CallContext[Any]) -> PaymentNotice:
    """Which payment does this message name? Verify its signature where there is one.

    Called when something posts to the host's notice address. The answer is a hint: the host then queries the
    payment, since a notice may be forged, repeated, early or late.
    """
    raise NotImplementedError


# Submission


@hookspec
async def nagorik_submit(request: SubmitRequest, context: CallContext[Any]) -> Accepted | Rejected | Pending:
    """File the application.

    Called once it is validated, consented to and, where the fee is due first, paid; called again only after a
    look-up said that it is definitely absent, or with the same key at an agency with native idempotency. Accepted
    and pending go on to status; rejected ends the application at intake and raises the duty to refund.
    """
    raise NotImplementedError


@hookspec
async def nagorik_find_submission(
    request: FindRequest, context: CallContext[Any]
) -> Found | DefinitelyAbsent | CannotTell:
    """Does the agency hold an application with our client reference?

    Called after an answer was lost, before anything else is done. ``DefinitelyAbsent`` lets the host send again
    once the service's look-up grace has passed, so say it only where the agency's answer is complete.
    """
    raise NotImplementedError


@hookspec
async def nagorik_answer_correction(request: CorrectionRequest, context: CallContext[Any]) -> AgencyStatus:
    """Send what the agency asked to have corrected.

    Called after the citizen has corrected the form. A write like a submission: its outcome may be unknown, and is
    then learned from the status.
    """
    raise NotImplementedError


@hookspec
async def nagorik_withdraw(request: WithdrawRequest, context: CallContext[Any]) -> Withdrawal:
    """Take the application back at the citizen's wish; the agency's own decision wins if it came first.

    A write like a submission: its outcome may be unknown, and is then learned from the status.
    """
    raise NotImplementedError


# Status


@hookspec
async def nagorik_get_status(request: StatusRequest, context: CallContext[Any]) -> AgencyStatus:
    """How does the application stand?

    Called by the host's own schedule from filing until the agency is done; never poll inside a plugin. Keep the
    agency's word in ``raw``; a word that the plugin does not know has the state ``None``.
    """
    raise NotImplementedError


@hookspec
async def nagorik_parse_callback(request: CallbackRequest, context: CallContext[Any]) -> CallbackReport:
    """What does this message from the agency say, and is it from the agency?

    Called when something posts to the host's callback address. Raise ``AgencyRejected`` where no origin is proved.
    """
    raise NotImplementedError


@hookspec
async def nagorik_list_slots(request: SlotsRequest, context: CallContext[Any]) -> Slots:
    """Which appointments are free? Called when the agency waits for the citizen to appear."""
    raise NotImplementedError


@hookspec
async def nagorik_book_slot(request: BookSlotRequest, context: CallContext[Any]) -> SlotBooking:
    """Take an appointment that was offered; it may be gone by now, which is an answer and not an error."""
    raise NotImplementedError


@hookspec
async def nagorik_fetch_deliverable(request: DeliverableRequest, context: CallContext[Any]) -> FetchedDeliverable:
    """Fetch what the agency issued and put it into the host's document store.

    Called once the application is issued and the deliverable can be downloaded; may be called again.
    """
    raise NotImplementedError


# Health


@hookspec
async def nagorik_check_health(request: HealthRequest, context: CallContext[Any]) -> Health:
    """Is the agency answering? Called as the probe that closes an open circuit; keep it to one cheap read."""
    raise NotImplementedError
