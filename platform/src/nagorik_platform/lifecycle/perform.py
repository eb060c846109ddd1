"""The call between two steps: an operation that is due, made through the platform, and its end as an input."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
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

    An error of the platform is an input. A cancelled driver leaves the attempt open, to be treated as interrupted.

    Raises:
        ValueError: ``call`` names no operation, or one that no application is ever due for.
    """
    make = _CALLS.get(call.operation) if call.operation is not None else None
    if make is None:
        raise ValueError("nothing is due")
    try:
        return CallAnswered(await make(_PreparedCall(platform, draft, progress, call)))
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


class _PreparedCall(NamedTuple):
    """A call that is being made."""

    platform: Platform
    draft: ApplicationDraft
    progress: Progress
    call: NextAction

    @property
    def references(self) -> References:
        return references_of(self.progress)

    @property
    def consented(self) -> ApplicationDraft:
        return self.draft.model_copy(update={"consent": self.progress.consent})

    @property
    def payment(self) -> Payment:
        if self.call.payment is None:
            raise ValueError("the call is about a payment")
        return self.progress.payment(self.call.payment)

    def key(self, operation: Operation) -> str:
        """The key of a write about the payment."""
        return self.references.key(operation, self.payment.id)


def _start_payment(made: _PreparedCall) -> Awaitable[Result]:
    payment, addresses = made.payment, made.platform.payment_addresses
    request = StartPaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        amount=payment.amount,
        purpose=made.platform.service(made.draft.service).name,
        payer=payer_of(made.draft),
        return_url=addresses.return_url(payment.gateway, payment.id),
        notice_url=addresses.notice_url(payment.gateway, payment.id),
    )
    key, consent = made.key(Operation.START_PAYMENT), made.progress.consent
    return made.platform.start_payment(request, service=made.draft.service, consent=consent, key=key)


def _query_payment(made: _PreparedCall) -> Awaitable[Result]:
    payment = made.payment
    request = QueryPaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        reference=payment.reference,
        started_at=payment.announced_at or payment.opened_at,
    )
    return made.platform.query_payment(request)


def _complete_payment(made: _PreparedCall) -> Awaitable[Result]:
    payment = made.payment
    if payment.reference is None:
        raise ValueError("what the gateway has no number of is not completed")
    request = CompletePaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        reference=payment.reference,
        amount=payment.amount,
        started_at=payment.announced_at or payment.opened_at,
    )
    return made.platform.complete_payment(request, key=made.key(Operation.COMPLETE_PAYMENT))


def _refund_payment(made: _PreparedCall) -> Awaitable[Result]:
    payment = made.payment
    request = RefundPaymentRequest(
        gateway=payment.gateway,
        payment=payment.id,
        reference=payment.receipt().reference,
        amount=payment.sum,
        reason=Text(**_REFUND_REASON),
        refund_reference=payment.refund_reference,
    )
    return made.platform.refund_payment(request, key=made.key(Operation.REFUND_PAYMENT))


def _find(made: _PreparedCall) -> Awaitable[Result]:
    sent_at = made.progress.sent_at or made.progress.opened_at
    return made.platform.find_submission(made.draft, made.references, sent_at=sent_at)


def _deliverable(made: _PreparedCall) -> Awaitable[Result]:
    deliverable, reference = made.call.deliverable, made.progress.agency_reference
    if deliverable is None or reference is None:
        raise ValueError("a deliverable is fetched by name, of an application that was filed")
    return made.platform.fetch_deliverable(made.draft, agency_reference=reference, deliverable=deliverable)


def _book_slot(made: _PreparedCall) -> Awaitable[Result]:
    booking = made.progress.booking
    if booking is None:
        raise ValueError("an appointment is booked that the citizen chose")
    about = f"{booking.slot.id}/{booking.chosen_at.isoformat()}"
    return made.platform.book_slot(made.consented, made.references, booking.slot, about=about)


_CALLS: Final[Mapping[Operation, Callable[[_PreparedCall], Awaitable[Result]]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: lambda made: made.platform.check_eligibility(
            made.draft.service, made.draft.applicant, form=made.draft.form, consent=made.progress.consent
        ),
        Operation.QUOTE: lambda made: made.platform.quote_fees(
            made.draft, stage=made.progress.stage, agency_reference=made.progress.agency_reference
        ),
        Operation.START_PAYMENT: _start_payment,
        Operation.QUERY_PAYMENT: _query_payment,
        Operation.COMPLETE_PAYMENT: _complete_payment,
        Operation.REFUND_PAYMENT: _refund_payment,
        Operation.ADVISE_PAYMENT: lambda made: made.platform.advise_payment(
            made.draft, made.references, made.payment.receipt()
        ),
        Operation.SUBMIT: lambda made: made.platform.submit(
            made.consented, made.references, receipts=made.progress.receipts()
        ),
        Operation.FIND: _find,
        Operation.STATUS: lambda made: made.platform.get_status(made.draft, made.references),
        Operation.DELIVERABLE: _deliverable,
        Operation.ANSWER_CORRECTION: lambda made: made.platform.answer_correction(
            made.consented, made.references, about=str(made.progress.corrections)
        ),
        Operation.BOOK_SLOT: _book_slot,
        Operation.WITHDRAW: lambda made: made.platform.withdraw(
            made.consented, made.references, about=str(made.progress.withdrawals)
        ),
    }
)
