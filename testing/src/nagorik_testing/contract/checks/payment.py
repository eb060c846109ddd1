"""Taking money: the amount that was agreed, once, and only where the gateway says so."""

import asyncio
import re
from datetime import timedelta
from typing import Final

from nagorik import (
    Consent,
    NagorikError,
    Operation,
    Payer,
    PaymentNoticeRequest,
    PaymentStarted,
    PaymentState,
    PluginFault,
    RefundReport,
    StartPaymentRequest,
    Text,
)
from nagorik.errors import Outcome
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import Money, to_bangla_digits
from nagorik_testing.contract.calls import PRICE, payer_of, query_payment, refund_payment, start_payment
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import slow_down, wrong_scripts
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import CEILING, Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.portal import PORTAL

SOON: Final = timedelta(minutes=2)
"""Simulated time after which a payment is begun again."""
LATER: Final = timedelta(hours=26)
"""Simulated time after which a refund is ordered again: another hour of another day."""
VALID: Final = timedelta(days=3)
"""Simulated time for which the payer's consent holds."""
_BOUGHT_BY: Final = "contract.example"
_PURPOSE: Final = Text(bn="চুক্তি পরীক্ষা", en="Contract test")
_NOTICES: Final = (
    b"",
    b"{}",
    b"null",
    b"[]",
    b'{"payment": 1}',
    b"\xff\xfe",
    b"<xml/>",
    b"{" * 100_000,
    b"[" * 100_000,
)
"""Messages that are from no gateway."""


@check("payment/F19-started-twice")
async def _started_twice(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.START_PAYMENT] is not Idempotency.NATIVE:
        raise NotConcerned("its payments are not begun with a native key: the core does not send them twice")
    async with open_rig(subject, offer.id) as rig:
        first = await start_payment(rig)
        opened = frozenset(rig.effects())
        rig.advance(SOON)
        before = rig.effects()
        second = await start_payment(rig)
        # A payer may have paid meanwhile.
        again = {kind for kind in rig.effects() - before if kind in opened}
    wrong = [f"one payment leaves at the gateway once more: {kind}" for kind in sorted(again)]
    same = isinstance(first, PaymentStarted) and isinstance(second, PaymentStarted)
    if same and first.reference != second.reference:  # type: ignore[attr-defined]
        wrong.append("one payment has two references")
    return wrong


@check("payment/F19-another-amount")
async def _another_amount(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.START_PAYMENT] is not Idempotency.NATIVE:
        raise NotConcerned("its payments are not begun with a native key: the core does not send them twice")
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        before = rig.effects()
        try:
            answer: object = await start(rig, Money.taka("999.00"))
        except NagorikError as error:
            answer = error
        again = rig.effects() - before
    wrong = [f"another amount leaves at the gateway once more: {kind}" for kind in sorted(again)]
    if isinstance(answer, PluginFault):
        wrong.append("another amount ends in a fault of the plugin")
    elif isinstance(answer, PaymentStarted):
        wrong.append("a payment that was begun is begun with another amount")
    return wrong


@check("payment/instructed")
async def _instructed(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        started = await start_payment(rig)
    if not isinstance(started, PaymentStarted):
        raise NotReachable("a payment cannot be begun")
    if started.instructions is not None:
        wrong = wrong_scripts("the instructions", started.instructions)
        return wrong + _foreign_figures(started.instructions) + _another_number(rig, started)
    return [] if started.pay_at else ["the payer is told neither where nor how to pay"]


def _foreign_figures(told: Text) -> list[str]:
    """Whether the sum stands in the digits of the other language."""
    taka = str(PRICE.poisha // 100)
    return [
        f"the sum is told in {language} in the digits of the other language"
        for language, text, figure in (("Bangla", told.bn, taka), ("English", told.en, to_bangla_digits(taka)))
        if re.search(rf"(?<![\w-]){figure}(?![\w-])", text)
    ]


def _another_number(rig: Rig, started: PaymentStarted) -> list[str]:
    """Whether the payer is told the platform's number of the payment, where the gateway gave it one of its own."""
    if started.reference in {None, rig.payment} or started.instructions is None:
        return []
    told = (started.instructions.bn, started.instructions.en)
    if any(rig.payment in text and started.reference not in text for text in told):
        return ["the payer is told the platform's number of the payment in place of the gateway's"]
    return []


@check("payment/F19-refunded-twice")
async def _refunded_twice(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        await capture_payment(rig)
        await refund_payment(rig)
        rig.advance(LATER)
        before = rig.effects()
        await refund_payment(rig)
        again = rig.effects() - before
    wrong = [f"a refund that is ordered again leaves at the gateway once more: {kind}" for kind in sorted(again)]
    return wrong or await _refunded_at_once(subject, offer)


async def _refunded_at_once(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is wrong where two workers order one refund at once, so that both were told that there is none yet."""
    async with open_rig(subject, offer.id) as rig:
        await capture_payment(rig)
        report = await query_payment(rig)
        before = rig.effects()
        slow_down(rig)
        ends = await asyncio.gather(*(refund_payment(rig, report) for _ in range(2)), return_exceptions=True)
        ordered = rig.effects() - before
    wrong = [
        f"a refund that is ordered twice at once leaves at the gateway twice: {kind}"
        for kind, times in sorted(ordered.items())
        if times > 1
    ]
    for end in ends:
        failed = False
        if isinstance(end, RefundReport):
            failed = end.state is PaymentState.REFUND_FAILED
        elif isinstance(end, NagorikError):
            failed = end.outcome is Outcome.REJECTED
        elif isinstance(end, BaseException):
            raise end
        if failed and ordered:
            wrong.append("a refund that was ordered at the same moment is told as failed")
    return list(dict.fromkeys(wrong))


@check("payment/F19-forged-notice")
async def _forged_notice(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        wrong: list[str] = []
        for number, body in enumerate(_NOTICES, start=1):
            try:
                await rig.platform.parse_payment_notice(PaymentNoticeRequest(gateway=offer.id, headers={}, body=body))
            except PluginFault:
                return [*wrong, f"forged notice {number} ends in a fault of the plugin"]
            except NagorikError:
                continue
            else:
                wrong.append(f"forged notice {number} is taken for a payment's")
    return wrong


async def start(
    rig: Rig, amount: Money, *, payment: str | None = None, purpose: Text = _PURPOSE, payer: Payer | None = None
) -> PaymentStarted:
    """Begin the rig's payment, or another, with an amount of one's own."""
    payment = payment or rig.payment
    request = StartPaymentRequest(
        gateway=rig.offer,
        payment=payment,
        amount=amount,
        purpose=purpose,
        payer=payer or payer_of(rig),
        return_url=PORTAL.return_url(rig.offer, payment),
        notice_url=PORTAL.notice_url(rig.offer, payment),
    )
    consent = Consent(
        id="contract-consent",
        service=_BOUGHT_BY,
        operations=frozenset(Operation),
        fee_ceiling=CEILING,
        given_at=rig.clock.now(),
        expires_at=rig.clock.now() + VALID,
    )
    key = rig.references.key(Operation.START_PAYMENT, payment)
    started = await rig.platform.start_payment(request, service=_BOUGHT_BY, consent=consent, key=key)
    rig.keep_number(payment, started.reference)
    return started
