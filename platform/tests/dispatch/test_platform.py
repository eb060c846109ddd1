"""The facade: each method asks the right hook the right question, and a write only with consent."""

from datetime import UTC, datetime, timedelta
from textwrap import dedent
from uuid import UUID

import pytest

from nagorik.errors import ConsentMissing, OutcomeUnknown
from nagorik.model.payment import (
    CompletePaymentRequest,
    ListPaymentsRequest,
    PaymentNoticeRequest,
    PaymentReceipt,
    QueryPaymentRequest,
    RefundPaymentRequest,
    StartPaymentRequest,
)
from nagorik.model.status import CallbackRequest, Deliverable, Slot
from nagorik.operations import OPERATIONS, Operation
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_platform import References
from nagorik_platform.dispatch.reconcile import result_types, validated_result

pytestmark = pytest.mark.asyncio

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
TEXT = Text(bn="কারণ", en="Reason")
MONEY = Money(poisha=23_000)
SLOT = Slot(id="slot-1", starts_at=NOW, ends_at=NOW, place=TEXT, free=1)
CARD = Deliverable(kind="card", delivery="download")
RECEIPT = PaymentReceipt(
    payment="p-1",
    quote="q-1",
    stage="application",
    gateway="wasa.pay",
    reference="g-1",
    amount=MONEY,
    captured_at=NOW,
)
DOCUMENT = "DocumentReference(id='d', kind='card', media_type='application/pdf', bytes=1, sha256='0' * 64)"
QUOTE = """
    from nagorik.values import Money
    from nagorik.model.fee import Source
    line = QuoteLine(code='a', text=Text(bn='ক', en='a'), amount=Money(poisha=100), vat=Money(poisha=15))
    at = context.clock.now()
    return Quote(id='q', lines=(line,), total=Money(poisha=115), due='before-submission', issued_at=at, expires_at=at,
                 source=Source(title='x', as_of=request.on, verified=True))
"""
BODIES = {
    "nagorik_check_eligibility": (
        "return EligibilityDecision(criteria=(Criterion(id='a', verdict='pass', text=Text(bn='ক', en='a')),))"
    ),
    "nagorik_quote_fees": QUOTE,
    "nagorik_advise_payment": "return PaymentAdvice(confirmed=True)",
    "nagorik_start_payment": "return PaymentStarted(reference='g-1')",
    "nagorik_query_payment": "return PaymentReport(state='captured', amount=None)",
    "nagorik_refund_payment": "return RefundReport(state='refunded')",
    "nagorik_parse_payment_notice": "return PaymentNotice(payment='p-1')",
    "nagorik_submit": "return Pending()",
    "nagorik_complete_payment": "return PaymentReport(state='pending')",
    "nagorik_list_payments": "return PaymentList()",
    "nagorik_find_submission": "return DefinitelyAbsent(as_of=context.clock.now())",
    "nagorik_answer_correction": "return STATUS",
    "nagorik_withdraw": "return Withdrawal(withdrawn=True, status=STATUS)",
    "nagorik_get_status": "return STATUS",
    "nagorik_parse_callback": "return CallbackReport(agency_reference='R-1', status=STATUS)",
    "nagorik_list_slots": "return Slots(slots=())",
    "nagorik_book_slot": "return SlotBooking(booked=True)",
    "nagorik_fetch_deliverable": f"return FetchedDeliverable(deliverable=request.deliverable, document={DOCUMENT})",
    "nagorik_check_health": "return Health(state='degraded')",
}
WRITES = {str(operation): "native" for operation, spec in OPERATIONS.items() if spec.writes}


def start(platform, world, consent, amount=MONEY):
    request = StartPaymentRequest(gateway="wasa.pay", payment="p-1", amount=amount, purpose=TEXT)
    return platform.start_payment(request, service="wasa.connection", consent=consent, key="k-1")


CALLS = {
    Operation.ELIGIBILITY: lambda p, w, d: p.check_eligibility(d.service, d.applicant, form=d.form),
    Operation.QUOTE: lambda p, w, d: p.quote_fees(d),
    Operation.ADVISE_PAYMENT: lambda p, w, d: p.advise_payment(d, w.references, RECEIPT),
    Operation.START_PAYMENT: lambda p, w, d: start(p, w, d.consent),
    Operation.QUERY_PAYMENT: lambda p, w, d: p.query_payment(
        QueryPaymentRequest(gateway="wasa.pay", payment="p-1", started_at=NOW)
    ),
    Operation.COMPLETE_PAYMENT: lambda p, w, d: p.complete_payment(
        CompletePaymentRequest(gateway="wasa.pay", payment="p-1", reference="g-1", amount=MONEY, started_at=NOW),
        key="k",
    ),
    Operation.LIST_PAYMENTS: lambda p, w, d: p.list_payments(ListPaymentsRequest(gateway="wasa.pay", day=NOW.date())),
    Operation.REFUND_PAYMENT: lambda p, w, d: p.refund_payment(
        RefundPaymentRequest(gateway="wasa.pay", payment="p-1", reference="g-1", amount=MONEY, reason=TEXT), key="k"
    ),
    Operation.PAYMENT_NOTICE: lambda p, w, d: p.parse_payment_notice(
        PaymentNoticeRequest(gateway="wasa.pay", headers={}, body=b"x")
    ),
    Operation.SUBMIT: lambda p, w, d: p.submit(d, w.references, receipts=(RECEIPT,)),
    Operation.FIND: lambda p, w, d: p.find_submission(d, w.references, sent_at=NOW),
    Operation.ANSWER_CORRECTION: lambda p, w, d: p.answer_correction(d, w.references, about="1"),
    Operation.WITHDRAW: lambda p, w, d: p.withdraw(d, w.references),
    Operation.STATUS: lambda p, w, d: p.get_status(d, w.references),
    Operation.CALLBACK: lambda p, w, d: p.parse_callback(CallbackRequest(service=d.service, headers={}, body=b"x")),
    Operation.SLOTS: lambda p, w, d: p.list_slots(d, earliest=NOW, latest=NOW),
    Operation.BOOK_SLOT: lambda p, w, d: p.book_slot(d, w.references, SLOT),
    Operation.DELIVERABLE: lambda p, w, d: p.fetch_deliverable(d, agency_reference="R-1", deliverable=CARD),
    Operation.HEALTH: lambda p, w, d: p.check_health("wasa"),
}
CONSENTED = [
    Operation.START_PAYMENT,
    Operation.SUBMIT,
    Operation.ANSWER_CORRECTION,
    Operation.WITHDRAW,
    Operation.BOOK_SLOT,
]


def install(world):
    bodies = {hook: f"seen.append((request, context))\n{dedent(body)}" for hook, body in BODIES.items()}
    world.install(hooks=bodies, writes=WRITES)
    return world.platform()


@pytest.mark.parametrize("operation", list(Operation))
async def test_every_method_asks_its_hook_and_returns_what_it_says(world, operation):
    platform = install(world)
    result = await CALLS[operation](platform, world, world.draft())
    assert type(result) in result_types(operation)
    assert validated_result(operation, result, "wasa") == result
    [(request, context)] = world.module().seen
    assert context.offer is None or operation in context.offer.operations
    assert (context.idempotency_key is not None) == OPERATIONS[operation].writes
    assert world.NID not in repr(request) + repr(context)


@pytest.mark.parametrize("operation", CONSENTED)
@pytest.mark.parametrize(
    ("members", "gap"),
    [
        (None, "absent"),
        ({"operations": frozenset({Operation.ADVISE_PAYMENT})}, "scope"),
        ({"service": "wasa.other"}, "scope"),
        ({"expires_at": NOW - timedelta(days=3000), "given_at": NOW - timedelta(days=4000)}, "expired"),
        ({"given_at": datetime(2999, 1, 1, tzinfo=UTC), "expires_at": datetime(2999, 1, 2, tzinfo=UTC)}, "not-yet"),
    ],
)
async def test_no_write_without_a_consent_that_covers_it(world, operation, members, gap):
    platform = install(world)
    await world.warm(platform)
    draft = world.draft(consent=None if members is None else world.consent(**members))
    with pytest.raises(ConsentMissing) as caught:
        await CALLS[operation](platform, world, draft)
    assert (caught.value.because, caught.value.operation) == (gap, operation.value)
    assert world.module().seen == []


async def test_a_payment_stays_below_the_consents_ceiling(world):
    platform = install(world)
    await world.warm(platform)
    consent = world.consent(fee_ceiling=MONEY)
    await start(platform, world, consent)
    for amount in (Money(poisha=MONEY.poisha + 1), Money(poisha=1, currency="USD")):
        with pytest.raises(ConsentMissing) as caught:
            await start(platform, world, consent, amount)
        assert caught.value.because == "fee-ceiling"
    assert len(world.module().seen) == 1


@pytest.mark.parametrize(
    ("page", "reached"),
    [
        ("https://api.wasa.example/pay?token=1", True),
        ("https://evil.example/pay", False),
        ("http://127.0.0.1/pay", False),
    ],
)
async def test_payer_is_sent_to_a_page_of_the_gateway_alone(world, page, reached):
    pages = {**BODIES, "nagorik_start_payment": f"return PaymentStarted(pay_at={page!r})"}
    world.install(hooks=pages, writes=WRITES)
    platform = world.platform()
    if reached:
        assert (await start(platform, world, world.consent())).pay_at == page
        return
    with pytest.raises(OutcomeUnknown) as caught:
        await start(platform, world, world.consent())
    assert (caught.value.because, page in repr(caught.value)) == ("page-elsewhere", False)


async def test_keys_are_the_same_for_every_attempt_and_differ_between_writes():
    references = References(client_reference="CR", idempotency_key=UUID(int=1))
    other = References(client_reference="CR", idempotency_key=UUID(int=2))
    keys = [
        references.key(Operation.SUBMIT),
        references.key(Operation.WITHDRAW),
        references.key(Operation.ANSWER_CORRECTION, "1"),
        references.key(Operation.ANSWER_CORRECTION, "2"),
        other.key(Operation.SUBMIT),
    ]
    assert len(set(keys)) == len(keys)
    assert references.key(Operation.SUBMIT) == keys[0]
    assert "CR" not in repr(references) + "".join(keys)
