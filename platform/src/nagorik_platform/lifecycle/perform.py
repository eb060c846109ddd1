"""The call between two steps: an operation that is due, made through the platform, and its end as an input."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from nagorik.errors import NagorikError
from nagorik.model.application import ApplicationDraft, Payer
from nagorik.model.payment import (
    CompletePaymentRequest,
    QueryPaymentRequest,
    RefundPaymentRequest,
    StartPaymentRequest,
)
from nagorik.operations import Operation
from nagorik.values.sentences import Text
from nagorik_platform.lifecycle.inputs import CallAnswered, CallFailed, Result
from nagorik_platform.lifecycle.next_action import NextAction
from nagorik_platform.lifecycle.state import Payment, Progress
from nagorik_platform.platform import Platform
from nagorik_platform.requests import References

_REFUND_REASON: Final = {
    "en": "This money was not used, and the application has ended.",
    "bn": "এই টাকা কাজে লাগেনি, আবেদন শেষ হয়ে গেছে।",
}


async def perform(
    platform: Platform, draft: ApplicationDraft, progress: Progress, call: NextAction
) -> CallAnswered | CallFailed:
    """Make the call that ``begin`` named, with the row that ``begin`` returned.

    Never raises what the platform raises: an error is an input. A cancelled driver leaves the attempt open, for
    whoever takes over to treat as interrupted.

    Raises:
        ValueError: ``call`` names no operation, or one that no application is ever due for.
    """
    make = _CALLS.get(call.operation) if call.operation is not None else None
    if make is None:
        raise ValueError("nothing is due")
    try:
        return CallAnswered(await make(platform, draft, progress, call))
    except NagorikError as error:
        return CallFailed(error)


def references_of(progress: Progress) -> References:
    """What identifies the application towards its agency."""
    return References(
        client_reference=progress.client_reference,
        idempotency_key=UUID(progress.idempotency_key),
        agency_reference=progress.agency_reference,
    )


def payer_of(draft: ApplicationDraft) -> Payer:
    """Who pays for an application: whom it names, or the applicant."""
    name = draft.applicant.name
    return draft.payer or Payer(name=name.en or name.bn, mobile=draft.applicant.phone)


async def _eligibility(platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction) -> Result:
    return await platform.check_eligibility(draft.service, draft.applicant, form=draft.form, consent=progress.consent)


async def _quote(platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction) -> Result:
    return await platform.quote_fees(draft, stage=progress.stage, agency_reference=progress.agency_reference)


async def _start_payment(platform: Platform, draft: ApplicationDraft, progress: Progress, call: NextAction) -> Result:
    payment = _payment(progress, call)
    request = StartPaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        amount=payment.amount,
        purpose=platform.service(draft.service).name,
        payer=payer_of(draft),
        return_url=platform.payment_addresses.return_url(payment.gateway, payment.id),
        notice_url=platform.payment_addresses.notice_url(payment.gateway, payment.id),
    )
    key = references_of(progress).key(Operation.START_PAYMENT, payment.id)
    return await platform.start_payment(request, service=draft.service, consent=progress.consent, key=key)


async def _query_payment(platform: Platform, _: ApplicationDraft, progress: Progress, call: NextAction) -> Result:
    payment = _payment(progress, call)
    return await platform.query_payment(
        QueryPaymentRequest(
            gateway=payment.gateway,
            payment=payment.id,
            reference=payment.reference,
            started_at=payment.announced_at or payment.opened_at,
        )
    )


async def _complete_payment(platform: Platform, _: ApplicationDraft, progress: Progress, call: NextAction) -> Result:
    payment = _payment(progress, call)
    if payment.reference is None:
        raise ValueError("what the gateway has no number of is not completed")
    request = CompletePaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        reference=payment.reference,
        amount=payment.amount,
        started_at=payment.announced_at or payment.opened_at,
    )
    key = references_of(progress).key(Operation.COMPLETE_PAYMENT, payment.id)
    return await platform.complete_payment(request, key=key)


async def _refund_payment(platform: Platform, _: ApplicationDraft, progress: Progress, call: NextAction) -> Result:
    payment = _payment(progress, call)
    request = RefundPaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        reference=payment.receipt().reference,
        amount=payment.sum,
        reason=Text(**_REFUND_REASON),
        refund_reference=payment.refund_reference,
    )
    key = references_of(progress).key(Operation.REFUND_PAYMENT, payment.id)
    return await platform.refund_payment(request, key=key)


async def _advise_payment(
    platform: Platform, draft: ApplicationDraft, progress: Progress, call: NextAction
) -> Result:
    receipt = _payment(progress, call).receipt()
    return await platform.advise_payment(draft, references_of(progress), receipt)


async def _submit(platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction) -> Result:
    consented = draft.model_copy(update={"consent": progress.consent})
    return await platform.submit(consented, references_of(progress), receipts=progress.receipts())


async def _find(platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction) -> Result:
    sent_at = progress.sent_at or progress.opened_at
    return await platform.find_submission(draft, references_of(progress), sent_at=sent_at)


async def _status(platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction) -> Result:
    return await platform.get_status(draft, references_of(progress))


async def _deliverable(platform: Platform, draft: ApplicationDraft, progress: Progress, call: NextAction) -> Result:
    if call.deliverable is None or progress.agency_reference is None:
        raise ValueError("a deliverable is fetched by name, of an application that was filed")
    return await platform.fetch_deliverable(
        draft, agency_reference=progress.agency_reference, deliverable=call.deliverable
    )


async def _answer_correction(
    platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction
) -> Result:
    consented = draft.model_copy(update={"consent": progress.consent})
    return await platform.answer_correction(consented, references_of(progress), about=str(progress.corrections))


async def _withdraw(platform: Platform, draft: ApplicationDraft, progress: Progress, _: NextAction) -> Result:
    consented = draft.model_copy(update={"consent": progress.consent})
    return await platform.withdraw(consented, references_of(progress), about=str(progress.withdrawals))


def _payment(progress: Progress, call: NextAction) -> Payment:
    if call.payment is None:
        raise ValueError("the call is about a payment")
    return progress.payment(call.payment)


_CALLS: Final[Mapping[Operation, Callable[[Platform, ApplicationDraft, Progress, NextAction], Awaitable[Result]]]] = (
    MappingProxyType(
        {
            Operation.ELIGIBILITY: _eligibility,
            Operation.QUOTE: _quote,
            Operation.START_PAYMENT: _start_payment,
            Operation.QUERY_PAYMENT: _query_payment,
            Operation.COMPLETE_PAYMENT: _complete_payment,
            Operation.REFUND_PAYMENT: _refund_payment,
            Operation.ADVISE_PAYMENT: _advise_payment,
            Operation.SUBMIT: _submit,
            Operation.FIND: _find,
            Operation.STATUS: _status,
            Operation.DELIVERABLE: _deliverable,
            Operation.ANSWER_CORRECTION: _answer_correction,
            Operation.WITHDRAW: _withdraw,
        }
    )
)
