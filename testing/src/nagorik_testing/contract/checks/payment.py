"""Taking money: the amount that was agreed, once, and only where the gateway says so."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from nagorik import (
    Consent,
    NagorikError,
    Operation,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    PluginFault,
    QueryPaymentRequest,
    StartPaymentRequest,
    Text,
)
from nagorik.bangladesh import Money
from nagorik.operations import Idempotency
from nagorik_testing.contract.bench import CEILING, PRICE, Bench, NotReachable, Subject, open_bench
from nagorik_testing.contract.checks.agency_answers import UNHEARD_OF, overheard, replaced_word, words_of
from nagorik_testing.contract.checks.check import About, Check, Family, NotConcerned, Offer
from nagorik_testing.contract.checks.inspection import effects, requests_made, wrong_scripts

STRIDE: Final = timedelta(minutes=30)
COURSE: Final = timedelta(days=3)
"""Simulated time for which one payment is watched."""
_BOUGHT_BY: Final = "contract.example"
_SOON_OVER: Final = frozenset(
    {PaymentState.CAPTURED, PaymentState.CANCELLED, PaymentState.EXPIRED, PaymentState.FAILED}
)
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


async def _as_taken(subject: Subject, offer: Offer) -> list[str]:
    wrong = []
    for outcome in subject.simulator.outcomes:
        async with open_bench(subject, offer.id) as bench:
            opened: int | None = None
            async for report in _course(bench, outcome):
                done = bench.simulator.ledger.effects()
                # What the ledger holds before any money is taken: the opening of the payment.
                opened = len(done) if opened is None and report.state is PaymentState.PENDING else opened
                if report.state is PaymentState.CAPTURED:
                    taken = {effect.amount for effect in done[opened or 0 :]}
                    wrong += _not_as_taken(report, taken, outcome)
    return wrong


def _not_as_taken(report: PaymentReport, taken: set[str | None], outcome: str) -> list[str]:
    if report.amount is None:
        return [f"outcome {outcome}: captured without an amount"]
    if report.amount.plain() not in taken:
        return [f"outcome {outcome}: captured is another amount than the gateway took, or nothing was taken"]
    if report.amount.currency != PRICE.currency:
        return [f"outcome {outcome}: captured in another currency"]
    return []


async def _never_failed(subject: Subject, offer: Offer) -> list[str]:
    wrong = []
    for outcome in subject.simulator.outcomes:
        async with open_bench(subject, offer.id) as bench:
            wrong += [
                f"outcome {outcome}: reported as failed"
                async for report in _course(bench, outcome)
                if report.state is PaymentState.FAILED and "fail" not in outcome
            ]
    return wrong


async def _course(bench: Bench, outcome: str) -> AsyncIterator[PaymentReport]:
    """Each report of one payment, to its end."""
    bench.simulator.script.set(bench.payment, outcome)
    await bench.start_payment()
    began = bench.clock.now()
    while bench.clock.now() - began < COURSE:
        report = await bench.query_payment()
        yield report
        if report.state in _SOON_OVER:
            return
        bench.clock.advance(STRIDE)


async def _unknown_payment(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        question = QueryPaymentRequest(gateway=offer.id, payment=bench.payment, started_at=bench.clock.now())
        try:
            report = await bench.platform.query_payment(question)
        except PluginFault:
            return ["a payment that the gateway does not know ends in a fault of the plugin"]
        except NagorikError:
            return []
    if report.state is PaymentState.UNKNOWN:
        return []
    return [f"a payment that the gateway does not know is {report.state.value}"]


async def _unknown_word(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(overheard(subject), offer.id) as bench:
        await bench.paid()
        usual = await bench.query_payment()
        places = list(words_of(bench, usual.raw or ""))
        made = requests_made(bench)
        if not places or not made:
            raise NotConcerned("its raw word repeats no text of the gateway's answer, so the word cannot be replaced")
        met: list[PaymentReport] = []
        for place in places:
            bench.simulator.faults.add(made[-1], replaced_word(place))
            try:
                met.append(await bench.query_payment())
            except NagorikError as error:
                return [f"a word that nobody knows ends in {error.code}"]
    if any(report.state is PaymentState.UNKNOWN and UNHEARD_OF in (report.raw or "") for report in met):
        return []
    states = sorted({report.state.value for report in met})
    return [f"a word that nobody knows is taken for {', '.join(states)}"]


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
        bench.clock.advance(STRIDE)
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
        expires_at=bench.clock.now() + COURSE,
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
        id="payment/F19-as-taken",
        family=Family.PAYMENT,
        title="captured is what the gateway took, and nothing before it took it",
        why="The sum that was asked for is reported instead of the sum that was paid, and the difference is found "
        "by the auditor (14, 17).",
        expected="captured with the amount of an entry in the gateway's book",
        fix="Report the amount from the gateway's answer, and captured only where it says so.",
        about=About.GATEWAYS,
        needs=_QUERY,
        examine=_as_taken,
    ),
    Check(
        id="payment/F19-never-failed",
        family=Family.PAYMENT,
        title="cancelled, expired and late are not failed",
        why="A payment that is called failed while the money is on its way is paid a second time (11, 13, 22).",
        expected="failed only where the simulator's outcome is a failure",
        fix="Map each word of the gateway, and report unknown where it does not say.",
        about=About.GATEWAYS,
        needs=_QUERY,
        examine=_never_failed,
    ),
    Check(
        id="payment/unknown-payment",
        family=Family.PAYMENT,
        title="a payment that the gateway does not know is unknown",
        why="A payment that has not reached the gateway's book yet is called failed, and is paid again (11, 30).",
        expected="unknown, or an error of the platform's",
        fix="Return PaymentState.UNKNOWN where the gateway knows nothing.",
        about=About.GATEWAYS,
        needs=_QUERY,
        examine=_unknown_payment,
    ),
    Check(
        id="payment/unknown-word",
        family=Family.PAYMENT,
        title="a word that nobody knows is no payment",
        why="A gateway invents a status, and a plugin that guesses hands out what was not paid for (27, 46).",
        expected="unknown, with the word in raw",
        fix="Look the word up in a table, and report unknown for what is not in it.",
        about=About.GATEWAYS,
        needs=_QUERY,
        examine=_unknown_word,
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
