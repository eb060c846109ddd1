"""Taking money: the amount that was agreed, once, and only where the gateway says so."""

from datetime import timedelta
from typing import Final

from nagorik import (
    Consent,
    NagorikError,
    Operation,
    PaymentNoticeRequest,
    PaymentStarted,
    PluginFault,
    StartPaymentRequest,
    Text,
)
from nagorik.bangladesh import Money
from nagorik.operations import Idempotency
from nagorik_testing.contract.bench import CEILING, Bench, NotReachable, Subject, open_bench
from nagorik_testing.contract.checks.check import About, Check, Family, NotConcerned, Offer
from nagorik_testing.contract.checks.inspection import effects, wrong_scripts

LATER: Final = timedelta(minutes=30)
"""Simulated time after which a refund is ordered again."""
VALID: Final = timedelta(days=3)
"""Simulated time for which the payer's consent holds."""
_BOUGHT_BY: Final = "contract.example"
_NOTICES: Final = (b"", b"{}", b"null", b"[]", b'{"payment": 1}', b"\xff\xfe", b"<xml/>", b"{" * 100_000)
"""Messages that are from no gateway."""


async def _started_twice(subject: Subject, offer: Offer) -> list[str]:
    if offer.writes[Operation.START_PAYMENT] is not Idempotency.NATIVE:
        raise NotConcerned("its payments are not begun with a native key: the core does not send them twice")
    async with open_bench(subject, offer.id) as bench:
        first = await bench.start_payment()
        before = effects(bench)
        second = await bench.start_payment()
        again = effects(bench) - before
    wrong = [f"one payment leaves at the gateway once more: {kind}" for kind in sorted(again)]
    same = isinstance(first, PaymentStarted) and isinstance(second, PaymentStarted)
    if same and first.reference != second.reference:  # type: ignore[attr-defined]
        wrong.append("one payment has two references")
    return wrong


async def _another_amount(subject: Subject, offer: Offer) -> list[str]:
    if offer.writes[Operation.START_PAYMENT] is not Idempotency.NATIVE:
        raise NotConcerned("its payments are not begun with a native key: the core does not send them twice")
    async with open_bench(subject, offer.id) as bench:
        await bench.start_payment()
        before = effects(bench)
        try:
            answer: object = await _start(bench, Money.taka("999.00"))
        except NagorikError as error:
            answer = error
        again = effects(bench) - before
    wrong = [f"another amount leaves at the gateway once more: {kind}" for kind in sorted(again)]
    if isinstance(answer, PluginFault):
        wrong.append("another amount ends in a fault of the plugin")
    elif isinstance(answer, PaymentStarted):
        wrong.append("a payment that was begun is begun with another amount")
    return wrong


async def _instructed(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        started = await bench.start_payment()
    if not isinstance(started, PaymentStarted):
        raise NotReachable("a payment cannot be begun")
    if started.instructions is not None:
        return wrong_scripts("the instructions", started.instructions)
    return [] if started.pay_at else ["the payer is told neither where nor how to pay"]


async def _refunded_twice(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        await bench.paid()
        await bench.refund()
        bench.later(LATER)
        before = effects(bench)
        await bench.refund()
        again = effects(bench) - before
    return [f"a refund that is ordered again leaves at the gateway once more: {kind}" for kind in sorted(again)]


async def _forged_notice(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        await bench.start_payment()
        wrong: list[str] = []
        for number, body in enumerate(_NOTICES, start=1):
            try:
                await bench.platform.parse_payment_notice(
                    PaymentNoticeRequest(gateway=offer.id, headers={}, body=body)
                )
            except PluginFault:
                return [*wrong, f"forged notice {number} ends in a fault of the plugin"]
            except NagorikError:
                continue
            else:
                wrong.append(f"forged notice {number} is taken for a payment's")
    return wrong


async def _start(bench: Bench, amount: Money) -> PaymentStarted:
    request = StartPaymentRequest(
        gateway=bench.offer,
        payment=bench.payment,
        amount=amount,
        purpose=Text(bn="চুক্তি পরীক্ষা", en="Contract test"),
        payer_name=bench.citizen.name.en,
    )
    consent = Consent(
        id="contract-consent",
        service=_BOUGHT_BY,
        operations=frozenset(Operation),
        fee_ceiling=CEILING,
        given_at=bench.clock.now(),
        expires_at=bench.clock.now() + VALID,
    )
    key = bench.references.key(Operation.START_PAYMENT, bench.payment)
    return await bench.platform.start_payment(request, service=_BOUGHT_BY, consent=consent, key=key)


_START: Final = (Operation.START_PAYMENT,)
_QUERY: Final = (Operation.START_PAYMENT, Operation.QUERY_PAYMENT)

PAYMENT: Final = (
    Check(
        id="payment/F19-started-twice",
        family=Family.PAYMENT,
        title="a payment that is begun twice is one payment",
        why="An answer is lost, the payment is begun again, and the citizen pays one bill twice (13).",
        expected="one reference and the effects of one",
        fix="Name the payment by request.payment, and send the client's key as it is.",
        about=About.GATEWAYS,
        needs=_START,
        examine=_started_twice,
    ),
    Check(
        id="payment/F19-another-amount",
        family=Family.PAYMENT,
        title="a payment that was begun cannot be begun with another amount",
        why="A fee changes while the citizen pays, and two sums stand under one bill (14, 20).",
        expected="an error of the platform's, and no further effect",
        fix="Send the amount with each attempt, and let the gateway's refusal pass.",
        about=About.GATEWAYS,
        needs=_START,
        examine=_another_amount,
    ),
    Check(
        id="payment/instructed",
        family=Family.PAYMENT,
        title="the payer is told in both scripts where or how to pay",
        why="A payer who is told nothing leaves, and the slip expires (22, 77).",
        expected="a page to go to, or instructions in both scripts",
        fix="Return pay_at, or instructions as a Text.",
        about=About.GATEWAYS,
        needs=_START,
        examine=_instructed,
    ),
    Check(
        id="payment/F19-refunded-twice",
        family=Family.PAYMENT,
        title="a refund that is ordered again gives nothing more back",
        why="A refund whose answer is lost is ordered again, and the treasury pays twice (18, 19).",
        expected="no further effect",
        fix="Order the refund of a payment by that payment's name, so that a second order is the same one.",
        about=About.GATEWAYS,
        needs=(*_QUERY, Operation.REFUND_PAYMENT),
        examine=_refunded_twice,
    ),
    Check(
        id="payment/F19-forged-notice",
        family=Family.PAYMENT,
        title="a forged notice names no payment",
        why="Anybody may post to the notice address, and one message that breaks the parser stops all that follow "
        "(15, 16, 67).",
        expected="an error of the platform's for each message that is from no gateway",
        fix="Verify the signature first, and raise AgencyRejected where it is missing.",
        about=About.GATEWAYS,
        needs=(*_START, Operation.PAYMENT_NOTICE),
        examine=_forged_notice,
    ),
)
