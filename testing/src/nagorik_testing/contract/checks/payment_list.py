"""A gateway's list of a day: whole, of that day alone, and as the payments are reported."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from nagorik import ListedPayment, NagorikError, Operation, PaymentList, PaymentReport, PaymentState
from nagorik.manifest import AnyOffer
from nagorik.values import Money, dhaka_date
from nagorik_testing.contract.calls import follow_payment, list_payments, query_payment, refund_payment, start_payment
from nagorik_testing.contract.checks.answers.replay import AnswerReplay
from nagorik_testing.contract.checks.answers.variations import MINUTE, number_of
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:contract:payment-books")
_PAYMENTS: Final = 25
"""More than stand on a page of any list that is read by pages."""
_STRIDE: Final = timedelta(minutes=2)
_STRIDES: Final = 60
_LONG_SINCE: Final = timedelta(days=14)


@check("payment/listed-as-taken")
async def _listed_as_taken(subject: Subject, offer: AnyOffer) -> list[str]:
    replay, wrong = AnswerReplay(), list[str]()
    async with open_rig(replay.on(subject), offer.id) as rig:
        taken = await _captured(rig)
        days = Counter(on for _, on in taken.values())
        for day in sorted(days):
            of_day = {payment: report for payment, (report, on) in taken.items() if on == day}
            listed = (await list_payments(rig, day)).payments
            wrong += [text for is_wrong, text in _unlike(listed, of_day) if is_wrong]
        if (await list_payments(rig, min(days) - timedelta(days=1))).payments:
            wrong.append("the list of a day holds payments of another")
        if await _is_cut_short(rig, replay, days.most_common(1)[0][0]):
            wrong.append("a list that holds fewer payments than the gateway says that there are is told as whole")
    if Operation.REFUND_PAYMENT in offer.operations:
        async with open_rig(subject, offer.id) as rig:
            await capture_payment(rig)
            report = await query_payment(rig)
            day = dhaka_date(report.captured_at or rig.clock.now())
            before = {one.reference for one in (await list_payments(rig, day)).payments}
            await refund_payment(rig, report)
            rig.advance(_LONG_SINCE)
            if before - {one.reference for one in (await list_payments(rig, day)).payments}:
                wrong.append("a payment that was given back is no longer in the list of its day")
    return list(dict.fromkeys(wrong))


async def _captured(rig: Rig) -> dict[str, tuple[PaymentReport, date]]:
    """What was reported of each of many payments once all are captured, and of which day each is."""
    asked = {str(uuid5(_NAMESPACE, f"{rig.offer}/{n}")): Money(poisha=10_037 + 100 * n) for n in range(_PAYMENTS)}
    for payment, amount in asked.items():
        await start_payment(rig, amount, payment=payment)
    taken: dict[str, tuple[PaymentReport, date]] = {}
    for _ in range(_STRIDES):
        rig.advance(_STRIDE)
        for payment in asked.keys() - taken.keys():
            report = await follow_payment(rig, payment, asked[payment])
            if report.state is PaymentState.CAPTURED and report.amount is not None:
                taken[payment] = report, dhaka_date(report.captured_at or rig.clock.now())
        if len(taken) == len(asked):
            return taken
    raise NotReachable("the payments are never captured")


def _unlike(listed: Iterable[ListedPayment], taken: dict[str, PaymentReport]) -> Iterable[tuple[object, str]]:
    """In what a day's list may differ from what was reported of its payments."""
    sums, owed = (
        Counter(one.amount for one in listed),
        Counter(report.amount for report in taken.values() if report.amount is not None),
    )
    missing, extra = (owed - sums).total(), (sums - owed).total()
    named = [(one.captured_at, taken.get(one.payment)) for one in listed if one.payment is not None]
    apart = (at for at, report in named if report and report.captured_at and abs(at - report.captured_at) >= MINUTE)
    return (
        (missing, f"{missing} of {len(taken)} payments of a day are not in its list, or with another sum"),
        (extra, "the list of a day holds sums that were not taken on it"),
        (any(report is None for _, report in named), "a payment is listed by an id that is none of the platform's"),
        (any(apart), "a payment is listed as taken at another time than the question about it tells"),
    )


async def _is_cut_short(rig: Rig, replay: AnswerReplay, day: date) -> bool:
    """Whether a list is reported that is shorter than the gateway says, on all pages together."""
    async with replay.keeping() as kept:
        whole = len((await list_payments(rig, day)).payments)
    documents = [answer.document(rig.simulator.codec) for answer in kept]
    pages = [(number, one) for number, one in enumerate(documents) if one is not None and any(one.lists())]
    counted = [
        any(number_of(value) == whole and not any(type(step) is int for step in at) for at, value in one.leaves())
        for _, one in pages
    ]
    if not counted or not all(counted):
        return False
    number, last = pages[-1]
    at, entries = max(last.lists(), key=lambda each: len(each[1]))
    short = last.put(at, [] if len(pages) > 1 else list(entries[:-1]))
    try:
        told = await replay.again(lambda: list_payments(rig, day), kept, number, short)
    except NagorikError:
        return False
    return isinstance(told, PaymentList) and len(told.payments) < whole
