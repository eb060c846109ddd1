"""What a gateway says of a payment: captured only where money was taken, and failed only where it failed."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from nagorik import (
    NagorikError,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    PluginFault,
    QueryPaymentRequest,
)
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import PRICE, follow_payment, query_payment, start_payment
from nagorik_testing.contract.checks.agency_books import is_dated
from nagorik_testing.contract.checks.answers.variations import MINUTE, WrittenInstant, instant_of, resembling
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import (
    UNHEARD_OF,
    leaves,
    overheard,
    replaced_word,
    requests_made,
    texts_told,
    words_of,
)
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.simulator.ledger import Effect
from nagorik_testing.wire.codec import Codec

STRIDE: Final = timedelta(minutes=30)
WATCHED: Final = timedelta(days=3)
"""Simulated time for which one payment is watched."""
_SOON_OVER: Final = frozenset(
    {PaymentState.CAPTURED, PaymentState.CANCELLED, PaymentState.EXPIRED, PaymentState.FAILED}
)

_CANCEL: Final = "cancel"
"""In the name of an outcome in which the payer cancels."""
_GIVEN_UP: Final = _SOON_OVER - {PaymentState.CAPTURED}


@check("payment/F19-as-taken")
async def _as_taken(subject: Subject, offer: AnyOffer) -> list[str]:
    opening = await opening_effects(subject, offer)
    wrong = []
    for outcome in subject.simulator.outcomes:
        tap = Wiretap()
        async with open_rig(tap.on(subject), offer.id) as rig:
            started = await begin_payment(rig, outcome)
            opened = b"".join(exchange.answer for exchange in tap.exchanges)
            async for report in course_of(rig):
                if report.state is PaymentState.CAPTURED:
                    taken = money_taken(rig, opening)
                    answer = tap.exchanges[-1].answer
                    wrong += _not_as_taken(report, {effect.amount for effect in taken}, outcome)
                    wrong += _not_by_payer(report, rig.citizen.name.en or "", answer, outcome)
                    wrong += _not_when_taken(report, _instants(answer, rig.simulator.codec), taken, outcome)
                    wrong += _not_as_numbered(report.reference, started, opened, answer)
    return list(dict.fromkeys(wrong))


def _not_as_numbered(told: str | None, started: object, opened: bytes, answer: bytes) -> Iterator[str]:
    """What is wrong with the gateway's number of a payment: told when it is begun, when it is captured, or both."""
    first = started.reference if isinstance(started, PaymentStarted) else None
    if first is not None and told is None and first.encode() in answer:
        yield "the gateway says the payment's number again when it is paid, and it is not passed on"
    if first is None and told is not None and isinstance(started, PaymentStarted) and told.encode() in opened:
        yield "the gateway numbers the payment when it is begun, and the number is not passed on"


def _not_when_taken(
    report: PaymentReport, told: Sequence[WrittenInstant], taken: Sequence[Effect], outcome: str
) -> list[str]:
    """What is wrong with when it was paid, where the gateway's answer holds the minute of one of its entries."""
    at = [
        effect.at
        for effect in taken
        if any(abs(each - effect.at) <= MINUTE for one in told for each in (one.in_dhaka, one.in_utc))
    ]
    if not at:
        return []
    if report.captured_at is None:
        return [f"outcome {outcome}: the gateway says when it took the money, and it is not passed on"]
    if any(is_dated(report.captured_at, each) for each in at):
        return []
    return [f"outcome {outcome}: the money is said to be taken at another time than the gateway took it"]


def _instants(answer: bytes, codec: Codec) -> list[WrittenInstant]:
    """The instants, each with its hour, that an answer holds."""
    try:
        document = codec.answers.read(answer, codec.answers.media_type)
    except ValueError:
        return []
    found = (instant_of(value) for _, value in leaves(document))
    return [instant for instant in found if instant is not None and instant.timed]


def _not_by_payer(report: PaymentReport, payer: str, answer: bytes, outcome: str) -> list[str]:
    """What is wrong with who paid, where the gateway's answer names the payer."""
    if not payer or payer.encode() not in answer:
        return []
    if report.payer_name is None:
        return [f"outcome {outcome}: the gateway says who paid, and it is not passed on"]
    return [] if report.payer_name == payer else [f"outcome {outcome}: another payer is named than the gateway names"]


async def opening_effects(subject: Subject, offer: AnyOffer) -> frozenset[str]:
    """The kinds of effect that beginning a payment has, whatever becomes of it: no money is taken by these."""
    kinds: list[frozenset[str]] = []
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:
            rig.simulator.script.set(rig.payment, outcome)
            await start_payment(rig)
            kinds.append(frozenset(rig.effects()))
    return frozenset.intersection(*kinds)


def _not_as_taken(report: PaymentReport, taken: set[str | None], outcome: str) -> list[str]:
    if report.amount is None:
        return [f"outcome {outcome}: captured without an amount"]
    if report.amount.plain() not in taken:
        return [f"outcome {outcome}: captured is another amount than the gateway took, or nothing was taken"]
    if report.amount.currency != PRICE.currency:
        return [f"outcome {outcome}: captured in another currency"]
    return []


@check("payment/F19-never-failed")
async def _never_failed(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    ends: dict[str, PaymentReport] = {}
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:
            await begin_payment(rig, outcome)
            async for report in course_of(rig):
                ends[outcome] = report
                if report.state is PaymentState.FAILED and "fail" not in outcome:
                    wrong.append(f"outcome {outcome}: reported as failed")
                if report.state is PaymentState.UNKNOWN:
                    wrong.append(f"outcome {outcome}: a word that the gateway has for it is told as unknown")
    return list(dict.fromkeys([*wrong, *_not_cancelled(ends)]))


def _not_cancelled(ends: Mapping[str, PaymentReport]) -> Iterator[str]:
    """What is wrong with the end of a payment that its payer cancels, where the gateway has its own word for it."""
    expired = {outcome: report.raw or "" for outcome, report in ends.items() if report.state is PaymentState.EXPIRED}
    others = {word for outcome, word in expired.items() if _CANCEL not in outcome}
    for outcome, word in expired.items():
        if _CANCEL in outcome and word not in others and (others or _CANCEL in word.casefold()):
            yield f"outcome {outcome}: what the payer cancelled is told as expired"


async def begin_payment(rig: Rig, outcome: str) -> object:
    """Begin a payment with which it will come to ``outcome``."""
    rig.simulator.script.set(rig.payment, outcome)
    return await start_payment(rig)


async def course_of(rig: Rig) -> AsyncIterator[PaymentReport]:
    """Each report of the payment that was begun, to its end."""
    began = rig.clock.now()
    while rig.clock.now() - began < WATCHED:
        report = await follow_payment(rig)
        yield report
        if report.state in _SOON_OVER:
            return
        rig.advance(STRIDE)


@check("payment/F19-given-up")
async def _given_up(subject: Subject, offer: AnyOffer) -> list[str]:
    opening = await opening_effects(subject, offer)
    wrong: list[str] = []
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:
            await begin_payment(rig, outcome)
            waited_for = {None, (await query_payment(rig)).raw}
            async for report in course_of(rig):
                if report.state is PaymentState.PENDING:
                    waited_for.add(report.raw)
                if report.state in _GIVEN_UP and report.raw in waited_for:
                    rig.advance(WATCHED)
                    if money_taken(rig, opening):
                        wrong.append(
                            f"outcome {outcome}: told as {report.state.value}, and the gateway takes the money"
                        )
    return wrong


def money_taken(rig: Rig, opening: frozenset[str]) -> list[Effect]:
    """What the gateway has taken; what beginning a payment does is not it."""
    return [effect for effect in rig.simulator.ledger.effects() if effect.kind not in opening]


@check("payment/unknown-payment")
async def _unknown_payment(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        question = QueryPaymentRequest(gateway=offer.id, payment=rig.payment, started_at=rig.clock.now())
        try:
            report = await rig.platform.query_payment(question)
        except PluginFault:
            return ["a payment that the gateway does not know ends in a fault of the plugin"]
        except NagorikError:
            return []
    if report.state is PaymentState.UNKNOWN:
        return []
    return [f"a payment that the gateway does not know is {report.state.value}"]


@check("payment/unknown-word")
async def _unknown_word(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(overheard(subject), offer.id) as rig:
        await capture_payment(rig)
        usual = await query_payment(rig)
        if not usual.raw:
            return ["the gateway's own word for a payment is not passed on"]
        places = list(words_of(rig, usual.raw or ""))
        made = requests_made(rig)
        if not places or not made:
            raise NotConcerned("its raw word repeats no text of the gateway's answer, so the word cannot be replaced")
        words = texts_told(rig)
        met: dict[str, PaymentReport] = {}
        for place in places:
            rig.simulator.faults.add(made[-1], replaced_word(place))
            try:
                met[place] = await query_payment(rig)
            except NagorikError as error:
                return [f"a word that nobody knows ends in {error.code}"]
        decisive = [place for place, report in met.items() if report.state is not usual.state]
        for place, word in ((one, word) for one in decisive for word in resembling(words[one])):
            rig.simulator.faults.add(made[-1], replaced_word(place, word))
            try:
                alike = await query_payment(rig)
            except NagorikError:
                continue
            if alike.state is usual.state:
                return [f"a word that only resembles a known one is taken for {usual.state.value}"]
    if any(report.state is PaymentState.UNKNOWN and UNHEARD_OF in (report.raw or "") for report in met.values()):
        return []
    states = sorted({report.state.value for report in met.values()})
    return [f"a word that nobody knows is taken for {', '.join(states)}"]
