"""What a gateway says of a payment: captured only where money was taken, and failed only where it failed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from nagorik import NagorikError, Operation, PaymentReport, PaymentState, PluginFault, QueryPaymentRequest
from nagorik_testing.contract.bench import PRICE, Bench, Subject, open_bench
from nagorik_testing.contract.checks.agency_answers import UNHEARD_OF, overheard, replaced_word, words_of
from nagorik_testing.contract.checks.check import About, Check, Family, NotConcerned, Offer
from nagorik_testing.contract.checks.inspection import effects, requests_made

STRIDE: Final = timedelta(minutes=30)
COURSE: Final = timedelta(days=3)
"""Simulated time for which one payment is watched."""
_SOON_OVER: Final = frozenset(
    {PaymentState.CAPTURED, PaymentState.CANCELLED, PaymentState.EXPIRED, PaymentState.FAILED}
)


async def _as_taken(subject: Subject, offer: Offer) -> list[str]:
    opening = await _opening(subject, offer)
    wrong = []
    for outcome in subject.simulator.outcomes:
        async with open_bench(subject, offer.id) as bench:
            async for report in _course(bench, outcome):
                if report.state is PaymentState.CAPTURED:
                    done = bench.simulator.ledger.effects()
                    taken = {effect.amount for effect in done if effect.kind not in opening}
                    wrong += _not_as_taken(report, taken, outcome)
    return wrong


async def _opening(subject: Subject, offer: Offer) -> frozenset[str]:
    """The kinds of effect that beginning a payment has, whatever becomes of it: no money is taken by these."""
    kinds: list[frozenset[str]] = []
    for outcome in subject.simulator.outcomes:
        async with open_bench(subject, offer.id) as bench:
            bench.simulator.script.set(bench.payment, outcome)
            await bench.start_payment()
            kinds.append(frozenset(effects(bench)))
    return frozenset.intersection(*kinds)


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
        bench.later(STRIDE)


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


_QUERY: Final = (Operation.START_PAYMENT, Operation.QUERY_PAYMENT)

PAYMENT_REPORTS: Final = (
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
)
