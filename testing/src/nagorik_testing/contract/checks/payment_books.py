"""A gateway's second write and its books: money is taken once, and the list of a day is whole."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from nagorik import ListedPayment, NagorikError, Operation, PaymentList, PaymentReport, PaymentState, PluginFault
from nagorik.errors import Outcome
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import Money, dhaka_date
from nagorik_testing.contract.calls import (
    complete_payment,
    follow_payment,
    list_payments,
    query_payment,
    refund_payment,
)
from nagorik_testing.contract.checks.answers.replay import AnswerReplay
from nagorik_testing.contract.checks.answers.variations import AnswerDocument, number_of
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import slow_down
from nagorik_testing.contract.checks.payment import start
from nagorik_testing.contract.preparations import authorise_payment, capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:contract:payment-books")
_PAYMENTS: Final = 25
"""More than stand on a page of any list that is read by pages."""
_STRIDE: Final = timedelta(minutes=2)
_STRIDES: Final = 60
_MINUTE: Final = timedelta(minutes=1)
_LONG_SINCE: Final = timedelta(days=14)
_ENDED: Final = frozenset({PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.CANCELLED})


@check("payment/F19-completed-twice")
async def _completed_twice(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.COMPLETE_PAYMENT] is Idempotency.NONE:
        raise NotConcerned("its payments are completed once: the core never completes one again")
    async with open_rig(subject, offer.id) as rig:
        await authorise_payment(rig)
        await complete_payment(rig)
        before = rig.effects()
        wrong = _not_completed(*await asyncio.gather(complete_payment(rig), return_exceptions=True))
        twice = rig.effects() - before
    left = [f"a payment that is completed again leaves at the gateway once more: {kind}" for kind in sorted(twice)]
    return left + wrong + await _completed_at_once(subject, offer, before)


async def _completed_at_once(subject: Subject, offer: AnyOffer, once: Counter[str]) -> list[str]:
    """What is wrong where two workers complete a payment at once, so that both were told that it waits for them."""
    async with open_rig(subject, offer.id) as rig:
        await authorise_payment(rig)
        slow_down(rig)
        ends = await asyncio.gather(complete_payment(rig), complete_payment(rig), return_exceptions=True)
        twice = rig.effects() - once
        wrong = [] if once - rig.effects() else _not_completed(*ends)
    left = [
        f"a payment that is completed twice at once leaves at the gateway once more: {kind}" for kind in sorted(twice)
    ]
    return left + wrong


def _not_completed(*ends: PaymentReport | BaseException) -> list[str]:
    """What is wrong with what is told of a payment that was completed."""
    wrong = []
    for end in ends:
        if isinstance(end, PaymentReport):
            if end.state in _ENDED:
                wrong.append(f"a payment that is completed already is told as {end.state.value}")
        elif isinstance(end, PluginFault):
            wrong.append("a payment that is completed already ends in a fault of the plugin")
        elif not isinstance(end, NagorikError):
            raise end
        elif end.outcome is Outcome.REJECTED:
            wrong.append("a payment that is completed already is told as refused, so as if nothing had been taken")
    return list(dict.fromkeys(wrong))


@check("payment/listed-as-taken")
async def _listed_as_taken(subject: Subject, offer: AnyOffer) -> list[str]:
    replay = AnswerReplay()
    async with open_rig(replay.on(subject), offer.id) as rig:
        asked = {
            str(uuid5(_NAMESPACE, f"{offer.id}/{number}")): Money(poisha=10_037 + 100 * number)
            for number in range(_PAYMENTS)
        }
        for payment, amount in asked.items():
            await start(rig, amount, payment=payment)
        reports = await _captured(rig, asked)
        taken = {
            payment: (report.amount, dhaka_date(report.captured_at or asked_at))
            for payment, (report, asked_at) in reports.items()
            if report.amount is not None
        }
        taken_at = {payment: report.captured_at for payment, (report, _) in reports.items()}
        wrong = []
        for day in sorted({day for _, day in taken.values()}):
            listed = (await list_payments(rig, day)).payments
            wrong += _not_as_taken(listed, Counter(amount for amount, on in taken.values() if on == day))
            wrong += _not_named(listed, {payment for payment, (_, on) in taken.items() if on == day})
            wrong += _not_when_taken(listed, taken_at)
        before = min(day for _, day in taken.values()) - timedelta(days=1)
        if (await list_payments(rig, before)).payments:
            wrong.append("the list of a day holds payments of another")
        fullest, _ = Counter(day for _, day in taken.values()).most_common(1)[0]
        wrong += await _cut_short(rig, replay, fullest)
    return list(dict.fromkeys([*wrong, *await _given_back(subject, offer)]))


async def _captured(rig: Rig, asked: dict[str, Money]) -> dict[str, tuple[PaymentReport, datetime]]:
    """What was told of each payment once all are captured, and when it was asked about."""
    taken: dict[str, tuple[PaymentReport, datetime]] = {}
    for _ in range(_STRIDES):
        rig.advance(_STRIDE)
        for payment, amount in asked.items():
            if payment in taken:
                continue
            report = await follow_payment(rig, payment, amount)
            if report.state is PaymentState.CAPTURED and report.amount is not None:
                taken[payment] = (report, rig.clock.now())
        if len(taken) == len(asked):
            return taken
    raise NotReachable("the payments are never captured")


def _not_as_taken(listed: tuple[ListedPayment, ...], taken: Counter[Money]) -> list[str]:
    """What is wrong with the sums of a day's list."""
    sums = Counter(one.amount for one in listed)
    missing, extra = (taken - sums).total(), (sums - taken).total()
    wrong = [f"{missing} of {taken.total()} payments of a day are not in its list, or with another sum"]
    wrong = wrong if missing else []
    return wrong + ["the list of a day holds sums that were not taken on it"] * bool(extra)


def _not_named(listed: tuple[ListedPayment, ...], taken: set[str]) -> list[str]:
    """What is wrong with whose payments they are said to be; a gateway may keep no id of the platform's."""
    named = {one.payment for one in listed if one.payment is not None}
    return ["a payment is listed by an id that is none of the platform's"] if named - taken else []


def _not_when_taken(listed: tuple[ListedPayment, ...], taken_at: Mapping[str, datetime | None]) -> list[str]:
    """What is wrong with when money is listed as taken, where the question about the payment names the time, too."""
    apart = [
        one
        for one in listed
        if one.payment is not None
        if (at := taken_at.get(one.payment)) is not None and one.captured_at is not None
        if abs(one.captured_at - at) >= _MINUTE
    ]
    return ["a payment is listed as taken at another time than the question about it tells"] if apart else []


async def _cut_short(rig: Rig, replay: AnswerReplay, day: date) -> list[str]:
    """What is wrong with what is told of a list that holds fewer payments than the gateway says that there are."""
    async with replay.keeping() as kept:
        whole = len((await list_payments(rig, day)).payments)
    pages = [
        (number, document)
        for number, answer in enumerate(kept)
        if (document := answer.document(rig.simulator.codec)) is not None and any(document.lists())
    ]
    if not pages or not all(_counts(document, whole) for _, document in pages):
        return []
    number, last = pages[-1]
    at, entries = max(last.lists(), key=lambda each: len(each[1]))
    left = [] if len(pages) > 1 else list(entries[:-1])
    try:
        told = await replay.again(lambda: list_payments(rig, day), kept, number, last.put(at, left))
    except NagorikError:
        return []
    short = isinstance(told, PaymentList) and len(told.payments) < whole
    return ["a list that holds fewer payments than the gateway says that there are is told as whole"] if short else []


def _counts(document: AnswerDocument, entries: int) -> bool:
    """Whether a list's answer says how many entries there are, on all its pages together."""
    return any(
        number_of(value) == entries for at, value in document.leaves() if not any(type(each) is int for each in at)
    )


async def _given_back(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is wrong with the list of the day once one of its payments was given back."""
    if Operation.REFUND_PAYMENT not in offer.operations:
        return []
    async with open_rig(subject, offer.id) as rig:
        await capture_payment(rig)
        report = await query_payment(rig)
        day = dhaka_date(report.captured_at or rig.clock.now())
        before = {one.reference for one in (await list_payments(rig, day)).payments}
        await refund_payment(rig, report)
        rig.advance(_LONG_SINCE)
        after = {one.reference for one in (await list_payments(rig, day)).payments}
    return ["a payment that was given back is no longer in the list of its day"] if before - after else []
