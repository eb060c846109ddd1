"""What proves that a payment was made: the gateway's own word about it, in its currency, whatever the date."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError, PaymentNoticeRequest, PaymentReport, PaymentState, PluginFault
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_time
from nagorik_testing.contract.calls import PRICE, follow_payment, query_payment, start_payment
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import overheard, requests_made
from nagorik_testing.contract.checks.payment import start
from nagorik_testing.contract.checks.payment_reports import begin_payment, course_of, money_taken, opening_effects
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Wiretap, places_of
from nagorik_testing.faults.kinds import Altered, NotSent
from nagorik_testing.wire.codec import Codec

ANOTHER: Final = "00000000-0000-4000-8000-000000000000"
"""The platform's id of another payment, in the form that its ids have."""
OTHER_CURRENCIES: Final = ("USD", "INR")
"""One that the platform knows, and one that it does not."""
SOON: Final = timedelta(minutes=5)
LOOKS: Final = 6
"""How often a payment is asked about, ``SOON`` after another, until it must have been paid."""
BEFORE_MIDNIGHT: Final = timedelta(seconds=45)
DAY: Final = timedelta(days=1)
_OF_ANOTHER: Final = "an answer about another payment is taken for this one's"
_BELIEVED: Final = "a notice is taken for proof that money was taken"


@check("payment/F19-of-another")
async def _of_another(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(overheard(subject), offer.id) as rig:
        await _captured(rig)
        places = _places_of(rig, rig.payment)
        if not places:
            return await _answered_for_another(subject, offer)
        for another in (ANOTHER, _alike(rig.payment)):
            report = await _query_altered(rig, dict.fromkeys(places, another))
            if report is not None and report.state is PaymentState.CAPTURED:
                return [_OF_ANOTHER]
    return await _answered_for_another(subject, offer)


async def _answered_for_another(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is told of an open payment where all answers, which agree, are about one that was paid."""
    replay, tap = AnswerReplay(), Wiretap()
    overheard_too = replace(subject, tap=lambda transport: replay.around(tap.around(transport)))
    async with open_rig(overheard_too, offer.id) as rig:
        opened: list[set[str]] = []
        for payment in (ANOTHER, rig.payment):
            before = len(tap.exchanges)
            await start(rig, PRICE, payment=payment)
            opened.append(set(places_of(tap.since(before), rig.simulator.codec).values()))
        for _ in range(LOOKS):
            rig.advance(SOON)
            if (await follow_payment(rig, ANOTHER)).state is PaymentState.CAPTURED:
                break
        async with replay.keeping() as kept:
            report = await query_payment(rig, ANOTHER)
        named = opened[0] - opened[1]
        if not any(value in named for one in kept for value in _texts_of(one, rig.simulator.codec)):
            raise NotConcerned("its answers do not say which of our payments they are about")
        if report.state is not PaymentState.CAPTURED:
            raise NotReachable("the payment is never made")
        try:
            told = await replay.again(lambda: query_payment(rig), kept, to_any=True)
        except NagorikError:
            return []
    return [_OF_ANOTHER] if isinstance(told, PaymentReport) and told.state is PaymentState.CAPTURED else []


def _texts_of(kept: KeptAnswer, codec: Codec) -> Iterator[str]:
    document = kept.document(codec)
    for _, value in () if document is None else document.leaves():
        if isinstance(value, str):
            yield value


def _alike(payment: str) -> str:
    """Another payment's id, which differs in its last sign alone."""
    return payment[:-1] + ("0" if payment[-1] != "0" else "1")


@check("payment/F19-another-currency")
async def _another_currency(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(overheard(subject), offer.id) as rig:
        await _captured(rig)
        places = _places_of(rig, PRICE.currency)
        if not places:
            raise NotConcerned("its answers name no currency")
        for currency in OTHER_CURRENCIES:
            report = await _query_altered(rig, dict.fromkeys(places, currency))
            if report is None or report.state is not PaymentState.CAPTURED:
                continue
            if report.amount is None or report.amount.currency != currency:
                return [f"money in {currency} is told as money in {PRICE.currency}"]
    return []


async def _captured(rig: Rig) -> None:
    """Have the payment captured, and the answer that says so overheard."""
    await capture_payment(rig)
    await query_payment(rig)


def _places_of(rig: Rig, text: str) -> list[str]:
    """Where the last answer holds exactly this text."""
    places: Sequence[tuple[str, str]] = getattr(rig.simulator, "last_places", ())
    return [place for place, value in places if value == text]


async def _query_altered(rig: Rig, put: Mapping[str, JsonValue]) -> PaymentReport | None:
    """Ask once more, and be answered otherwise; ``None`` where that is refused."""
    rig.simulator.faults.add(requests_made(rig)[-1], Altered(put=dict(put)))
    try:
        return await query_payment(rig)
    except PluginFault:
        raise
    except NagorikError:
        return None


@check("payment/F19-noticed-only")
async def _noticed_only(subject: Subject, offer: AnyOffer) -> list[str]:
    opening = await opening_effects(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        asked = len(rig.simulator.ledger.requests())
        message = rig.notice_message()
        for _ in range(2):
            request = PaymentNoticeRequest(gateway=offer.id, headers=dict(message.headers), body=message.body)
            await rig.platform.parse_payment_notice(request)
            report = await query_payment(rig)
            if report.state is PaymentState.CAPTURED and not money_taken(rig, opening):
                return [_BELIEVED]
        for step in dict.fromkeys(requests_made(rig, asked)):
            rig.simulator.faults.add(step, NotSent(), count=None)
        if await _captured_without_word(rig) and not money_taken(rig, opening):
            return [_BELIEVED]
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:
            await begin_payment(rig, outcome)
            message = rig.notice_message()
            await rig.platform.parse_payment_notice(
                PaymentNoticeRequest(gateway=offer.id, headers=dict(message.headers), body=message.body)
            )
            async for report in course_of(rig):
                if report.state is PaymentState.CAPTURED and not money_taken(rig, opening):
                    return [_BELIEVED]
    return []


async def _captured_without_word(rig: Rig) -> bool:
    """Whether a payment is told as captured by a gateway that cannot be reached."""
    try:
        return (await query_payment(rig)).state is PaymentState.CAPTURED
    except PluginFault:
        raise
    except NagorikError:
        return False


@check("payment/F19-around-midnight")
async def _around_midnight(subject: Subject, offer: AnyOffer) -> list[str]:
    opening = await opening_effects(subject, offer)
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        _go_to_midnight(rig)
        await start_payment(rig)
        if (state := await _state_once_paid(rig, opening)) is not PaymentState.CAPTURED:
            wrong.append(f"a payment that was begun before midnight and paid after it is {state.value}")
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        if await _state_once_paid(rig, opening) is PaymentState.CAPTURED:
            rig.advance(DAY)
            if (state := (await query_payment(rig)).state) is not PaymentState.CAPTURED:
                wrong.append(f"a payment that was captured yesterday is {state.value} today")
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        rig.advance(DAY)
        state = (await query_payment(rig)).state
        if state is not PaymentState.CAPTURED and money_taken(rig, opening):
            wrong.append(f"a payment that was paid yesterday and is asked about today is {state.value}")
    return wrong


def _go_to_midnight(rig: Rig) -> None:
    """Let the day pass, to shortly before midnight in Dhaka; the payment counts as begun then."""
    local = dhaka_time(rig.clock.now())
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    rig.advance(midnight - local - BEFORE_MIDNIGHT)
    if dhaka_time(rig.clock.now()).date() != local.date():
        raise NotConcerned("it is closed at midnight")
    rig.sent_at = rig.clock.now()


async def _state_once_paid(rig: Rig, opening: frozenset[str]) -> PaymentState:
    """What is told of a payment after its payer has paid.

    Raises:
        NotReachable: The payer does not pay.
    """
    state = PaymentState.UNKNOWN
    for _ in range(LOOKS):
        rig.advance(SOON)
        state = (await follow_payment(rig)).state
        if state is PaymentState.CAPTURED:
            return state
    if not money_taken(rig, opening):
        raise NotReachable("the payment is never made")
    return state
