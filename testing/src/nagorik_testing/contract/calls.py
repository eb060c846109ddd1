"""Calling an operation that is prepared, through the platform, as a host does."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from nagorik import (
    CallbackRequest,
    CompletePaymentRequest,
    Deliverable,
    FetchedDeliverable,
    ListPaymentsRequest,
    Operation,
    Payer,
    PaymentList,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    QueryPaymentRequest,
    Quote,
    RefundPaymentRequest,
    RefundReport,
    Slots,
    StartPaymentRequest,
    Text,
)
from nagorik.values import Money, dhaka_date
from nagorik_testing.contract.live import NotPlayed
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.verdict import CallEnd, NotReachable
from nagorik_testing.simulator.portal import PORTAL

AHEAD: Final = timedelta(days=60)
"""Simulated time for which appointments are asked for."""
PRICE: Final = Money.taka("345.00")
_PURPOSE: Final = Text(bn="চুক্তি পরীক্ষা", en="Contract test")


async def call_operation(rig: Rig, operation: Operation) -> CallEnd:
    """Call ``operation`` once through the platform.

    Raises:
        NotPlayed: The agency is live, and it may not be done there.
    """
    began = rig.clock.monotonic()
    try:
        result = await _CALLS[operation](rig)
    except NotPlayed:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever comes out is what is examined
        return CallEnd(error=error, seconds=rig.clock.monotonic() - began)
    return CallEnd(result=result, seconds=rig.clock.monotonic() - began)


async def quote_due(rig: Rig) -> Quote:
    """What is asked for at the rig's stage, once everything before it is paid."""
    return await rig.platform.quote_fees(
        rig.draft, stage=rig.fee.name, agency_reference=rig.references.agency_reference
    )


async def _advise(rig: Rig) -> object:
    """Tell the agency of a payment of what it asks for."""
    return await rig.platform.advise_payment(rig.draft, rig.references, rig.receipt(await quote_due(rig)))


async def _fetch(rig: Rig) -> object:
    """Fetch the first of what was issued."""
    if not rig.issued:
        raise NotReachable("nothing has been issued")
    return await fetch_one(rig, rig.issued[0])


async def fetch_one(rig: Rig, deliverable: Deliverable) -> FetchedDeliverable:
    """Fetch something that was issued."""
    if rig.references.agency_reference is None:
        raise NotReachable("nothing has been issued")
    return await rig.platform.fetch_deliverable(
        rig.draft, agency_reference=rig.references.agency_reference, deliverable=deliverable
    )


async def list_slots(rig: Rig) -> Slots:
    """Ask which appointments are free."""
    now = rig.clock.now()
    return await rig.platform.list_slots(
        rig.draft, earliest=now, latest=now + AHEAD, agency_reference=rig.references.agency_reference
    )


async def _book_slot(rig: Rig) -> object:
    """Take the last of the appointments that were offered."""
    if not rig.slots:
        raise NotReachable("no appointment is offered")
    return await rig.platform.book_slot(rig.draft, rig.references, rig.slots[-1])


async def _parse_callback(rig: Rig) -> object:
    """Hand over what the agency posts about the application."""
    message = rig.callback_message()
    return await rig.platform.parse_callback(
        CallbackRequest(service=rig.offer, headers=dict(message.headers), body=message.body)
    )


async def _parse_notice(rig: Rig) -> object:
    """Hand over what the gateway posts about the payment."""
    message = rig.notice_message()
    return await rig.platform.parse_payment_notice(
        PaymentNoticeRequest(gateway=rig.offer, headers=dict(message.headers), body=message.body)
    )


async def _check_health(rig: Rig) -> object:
    """Ask whether the agency answers."""
    return await rig.platform.check_health(rig.plugin_id)


async def start_payment(
    rig: Rig,
    amount: Money = PRICE,
    *,
    payment: str | None = None,
    purpose: Text = _PURPOSE,
    payer: Payer | None = None,
) -> PaymentStarted:
    """Announce the rig's payment, or another, to the gateway."""
    service, payment = "contract.example", payment or rig.payment
    request = StartPaymentRequest(
        gateway=rig.offer,
        payment=payment,
        amount=amount,
        purpose=purpose,
        payer=payer or payer_of(rig),
        return_url=PORTAL.return_url(rig.offer, payment),
        notice_url=PORTAL.notice_url(rig.offer, payment),
    )
    key = rig.references.key(Operation.START_PAYMENT, payment)
    started = await rig.platform.start_payment(request, service=service, consent=rig.consent(service), key=key)
    rig.keep_number(payment, started.reference)
    return started


def payer_of(rig: Rig, name: str | None = None) -> Payer:
    """The rig's citizen as whoever pays, or somebody of another name."""
    return Payer(name=name or rig.citizen.name.en, mobile=rig.citizen.phone)


async def query_payment(rig: Rig, payment: str | None = None) -> PaymentReport:
    """Ask the gateway about the rig's payment, or another that was begun, with the gateway's number of it."""
    asked = payment or rig.payment
    return await rig.platform.query_payment(
        QueryPaymentRequest(
            gateway=rig.offer, payment=asked, reference=rig.payment_number(asked), started_at=rig.sent_at
        )
    )


async def complete_payment(rig: Rig, payment: str | None = None, amount: Money = PRICE) -> PaymentReport:
    """Tell the gateway to take what the payer of the rig's payment, or of another, has agreed to give."""
    completed = payment or rig.payment
    request = CompletePaymentRequest(
        gateway=rig.offer,
        payment=completed,
        reference=rig.payment_number(completed) or completed,
        amount=amount,
        started_at=rig.sent_at,
    )
    return await rig.platform.complete_payment(request, key=rig.references.key(Operation.COMPLETE_PAYMENT, completed))


async def follow_payment(rig: Rig, payment: str | None = None, amount: Money = PRICE) -> PaymentReport:
    """Ask the gateway, and tell it to take the money where the payer has agreed and it waits for that."""
    report = await query_payment(rig, payment)
    return await complete_payment(rig, payment, amount) if report.state is PaymentState.AUTHORISED else report


async def list_payments(rig: Rig, day: date | None = None) -> PaymentList:
    """What the gateway took on a day in Dhaka, today if none is named."""
    return await rig.platform.list_payments(
        ListPaymentsRequest(gateway=rig.offer, day=day or dhaka_date(rig.clock.now()))
    )


async def refund_payment(
    rig: Rig,
    report: PaymentReport | None = None,
    *,
    refund_reference: str | None = None,
    amount: Money = PRICE,
    reason: Text = _PURPOSE,
) -> RefundReport:
    """Give the payment back, of which ``report`` was told; the gateway is asked for one if none is given.

    ``refund_reference`` is what it called the refund when it was ordered before, as a host hands it back.
    """
    report = report or await query_payment(rig)
    request = RefundPaymentRequest(
        gateway=rig.offer,
        payment=rig.payment,
        reference=report.reference or rig.payment,
        amount=amount,
        reason=reason,
        refund_reference=refund_reference,
    )
    return await rig.platform.refund_payment(request, key=rig.references.key(Operation.REFUND_PAYMENT, rig.payment))


_CALLS: Final[Mapping[Operation, Callable[[Rig], Awaitable[object]]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: lambda rig: rig.platform.check_eligibility(
            rig.offer, rig.draft.applicant, form=rig.draft.form
        ),
        Operation.QUOTE: quote_due,
        Operation.SUBMIT: lambda rig: rig.platform.submit(rig.draft, rig.references),
        Operation.FIND: lambda rig: rig.platform.find_submission(rig.draft, rig.references, sent_at=rig.clock.now()),
        Operation.STATUS: lambda rig: rig.platform.get_status(rig.draft, rig.references),
        Operation.ADVISE_PAYMENT: _advise,
        Operation.WITHDRAW: lambda rig: rig.platform.withdraw(rig.draft, rig.references),
        Operation.ANSWER_CORRECTION: lambda rig: rig.platform.answer_correction(rig.draft, rig.references, about="1"),
        Operation.DELIVERABLE: _fetch,
        Operation.START_PAYMENT: start_payment,
        Operation.QUERY_PAYMENT: query_payment,
        Operation.COMPLETE_PAYMENT: complete_payment,
        Operation.LIST_PAYMENTS: list_payments,
        Operation.REFUND_PAYMENT: refund_payment,
        Operation.PAYMENT_NOTICE: _parse_notice,
        Operation.CALLBACK: _parse_callback,
        Operation.SLOTS: list_slots,
        Operation.BOOK_SLOT: _book_slot,
        Operation.HEALTH: _check_health,
    }
)
