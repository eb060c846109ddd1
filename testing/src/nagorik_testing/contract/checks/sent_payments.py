"""A payment on the wire against the payment as it was: told to the agency, opened at a gateway, and given back."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from nagorik import (
    NagorikError,
    Operation,
    PaymentReceipt,
    PluginFault,
    RefundPaymentRequest,
    Text,
)
from nagorik.manifest import AnyOffer
from nagorik.values import Money, dhaka_date, dhaka_zone, normalise, to_ascii_digits
from nagorik_testing.contract.calls import payer_of, query_payment, quote_due
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import leaves, written
from nagorik_testing.contract.checks.paid_stages import examine_each_stage
from nagorik_testing.contract.checks.payment import start
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places, Wiretap, differing, places_of
from nagorik_testing.simulator.citizens import SyntheticCitizens

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:contract:sent-payments")
_OWN: Final = "(our own)"
"""Stands for the platform's id of a payment, which differs from the next one's."""
_PAYER: Final = SyntheticCitizens().citizen(5151).name.en or ""
"""Who pays, for another."""
_LONG_PAYER: Final = "Syeda Nurjahan Ferdousi Begum Chowdhury Nakshikatha Mahbuba Rahmatunnesa Khondaker"
"""Who pays, with a name that is long and that people have."""
_RECEIPT: Final = "CONTRACT-RECEIPT-7Q"
_PURPOSE: Final = Text(bn="চুক্তি পরীক্ষার ফি", en="Fee of the contract test")
_REASON: Final = Text(bn="পরীক্ষা শেষ হয়েছে", en="The test is over")
_PAYERS_PLACE: Final = re.compile(r"payer|payor|paid_?by|remitter|deposit[oe]r", re.IGNORECASE)
"""In the name of a place that says who paid."""
_MOBILE: Final = re.compile(r"\+?(?:88)?(01[3-9][0-9]{8})")
_HOUR: Final = re.compile(r"\d{1,2}:\d\d")
_OFFSET: Final = re.compile(r"(?:Z|[+-]\d\d:?\d\d|UTC|GMT)$")

Tell = Callable[[PaymentReceipt], Awaitable[Places]]
"""Tells the agency of a payment; what was sent for it, nothing where the plugin refused to."""


@check("advise-payment/as-paid")
async def _advised(subject: Subject, offer: AnyOffer) -> list[str]:
    return await examine_each_stage(subject, offer, _advised_at_stage)


async def _advised_at_stage(rig: Rig, tap: Wiretap) -> list[str]:
    quote, told = await quote_due(rig), count(1)

    async def tell(receipt: PaymentReceipt) -> Places:
        own = receipt.model_copy(update={"payment": str(uuid5(_NAMESPACE, f"{rig.offer}/{next(told)}"))})
        return await _sent(rig, tap, own.payment, lambda: rig.platform.advise_payment(rig.draft, rig.references, own))

    noon = datetime.combine(dhaka_date(rig.clock.now()) - timedelta(days=3), time(12), dhaka_zone())
    usual = rig.receipt(quote).model_copy(
        update={
            "amount": Money(poisha=quote.total.poisha // 100 * 100 + 37, currency=quote.total.currency),
            "captured_at": noon.astimezone(UTC),
            "payer_name": _PAYER,
        }
    )
    sent = await tell(usual)
    if not sent:
        raise NotReachable("nothing is sent for a payment")
    unsteady = differing(sent, await tell(usual))
    wrong = await _receipt_number(tell, usual, sent, unsteady)
    wrong += await _poisha(tell, usual, sent, unsteady)
    wrong += _payer(sent, _PAYER)
    wrong += _payer_cut(sent, await tell(usual.model_copy(update={"payer_name": _LONG_PAYER})), unsteady)
    return wrong + await _day(tell, usual, noon, unsteady)


async def _receipt_number(tell: Tell, usual: PaymentReceipt, sent: Places, unsteady: frozenset[str]) -> list[str]:
    other = await tell(usual.model_copy(update={"reference": _RECEIPT}))
    if not other:
        return []  # this agency's receipts are numbered otherwise
    if not differing(sent, other) - unsteady:
        return ["another receipt number changes nothing that is sent"]
    return [] if any(_RECEIPT in value for value in other.values()) else ["the receipt number is not sent whole"]


async def _poisha(tell: Tell, usual: PaymentReceipt, sent: Places, unsteady: frozenset[str]) -> list[str]:
    more = Money(poisha=usual.amount.poisha + 1, currency=usual.amount.currency)
    other = await tell(usual.model_copy(update={"amount": more}))
    if not other or differing(sent, other) - unsteady:
        return []
    much = Money(poisha=usual.amount.poisha + 100_000, currency=usual.amount.currency)
    much_more = await tell(usual.model_copy(update={"amount": much}))
    told = much_more and differing(sent, much_more) - unsteady
    return ["two amounts that differ in poisha are sent alike"] if told else []


def _payer(sent: Places, payer: str) -> list[str]:
    """What is wrong at the places that say who paid; an agency that does not ask is told nothing."""
    return [
        f"{place} names another than the payer"
        for place, value in sent.items()
        if _PAYERS_PLACE.search(place) and any(sign.isalpha() for sign in value) and value != "None"
        if payer.casefold() not in value.casefold()
    ]


async def _day(tell: Tell, usual: PaymentReceipt, noon: datetime, unsteady: frozenset[str]) -> list[str]:
    """Half past one at night is the new day in Dhaka and the old one in UTC."""
    night = datetime.combine(noon.date() + timedelta(days=1), time(1, 30), noon.tzinfo)
    day_before, at_night, day_of = [
        await tell(usual.model_copy(update={"captured_at": at.astimezone(UTC)}))
        for at in (noon, night, noon + timedelta(days=1))
    ]
    wrong = []
    for place in sorted((differing(day_before, day_of) - unsteady) & at_night.keys()):
        value = to_ascii_digits(at_night[place])
        if not _HOUR.search(value) and at_night[place] == day_before.get(place):
            wrong.append(f"{place} holds the day in UTC, which is the one before in Dhaka")
        if "19:30" in value and not _OFFSET.search(value):
            wrong.append(f"{place} holds the hour in UTC and does not say so")
    return wrong


async def _sent(rig: Rig, tap: Wiretap, payment: str, make: Callable[[], Awaitable[object]]) -> Places:
    before = len(tap.exchanges)
    try:
        await make()
    except PluginFault:
        raise
    except NagorikError:
        pass  # the agency may refuse it, and the plugin: what was sent is looked at
    sent = places_of(tap.since(before), rig.simulator.codec)
    return {place: value.replace(payment, _OWN) for place, value in sent.items()}


@check("payment/as-ordered")
async def _opened(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    wrong: list[str] = []
    async with open_rig(tap.on(subject), offer.id) as rig:
        made = 0

        async def opened(amount: Money, payer: str = _PAYER) -> Places:
            nonlocal made
            made += 1
            payment, paid_by = str(uuid5(_NAMESPACE, f"{offer.id}/start/{made}")), payer_of(rig, payer)
            return await _sent(
                rig, tap, payment, lambda: start(rig, amount, payment=payment, purpose=_PURPOSE, payer=paid_by)
            )

        odd, more = Money.taka("345.37"), Money.taka("345.38")
        sent = await opened(odd)
        if not sent:
            raise NotReachable("nothing is sent for a payment")
        unsteady = differing(sent, await opened(odd))
        if (other := await opened(more)) and not differing(sent, other) - unsteady:
            wrong.append("two amounts that differ in poisha are opened alike")
        wrong += _languages("the purpose", sent, _PURPOSE)
        wrong += _payer_cut(sent, await opened(odd, _LONG_PAYER), unsteady)
        wrong += _made_up_numbers(rig, sent)
        wrong += await _payer_known(rig, tap, str(uuid5(_NAMESPACE, f"{offer.id}/start/1")))
        takes_bangla = any(_PURPOSE.bn in value for value in sent.values())
    if Operation.REFUND_PAYMENT in offer.operations:
        wrong += await _refunded(subject, offer, takes_bangla=takes_bangla)
    return wrong


def _payer_cut(usual: Places, sent: Places, unsteady: frozenset[str]) -> list[str]:
    """Places that hold a part of a long name, and of the usual one at least that; its parts may stand in several."""
    said = normalise(" ".join(sent.values())).casefold()
    if all(word.casefold() in said for word in _LONG_PAYER.split()):
        return []
    return [
        f"of a long name of the payer {place} holds a part"
        for place in sorted(differing(usual, sent) - unsteady)
        if _PAYER.split()[0].casefold() in usual.get(place, "").casefold()
        if _LONG_PAYER.split()[0].casefold() in sent.get(place, "").casefold()
    ]


def _made_up_numbers(rig: Rig, sent: Places) -> list[str]:
    """Places that hold a mobile number that is neither the payer's nor set by whoever runs the platform."""
    known = {str(value) for value in rig.simulator.settings("").values()}
    return [
        f"{place} holds a mobile number that is not the payer's"
        for place, value in sent.items()
        if (mobile := _MOBILE.fullmatch(to_ascii_digits(value)))
        if mobile[1] not in rig.citizen.phone.e164 and not any(mobile[1] in setting for setting in known)
    ]


async def _payer_known(rig: Rig, tap: Wiretap, payment: str) -> list[str]:
    """Whether the gateway, where its answer has a place for the payer, holds one."""
    before = len(tap.exchanges)
    try:
        await query_payment(rig, payment)
    except NagorikError:
        return []  # what becomes of a question is for other checks
    answers = rig.simulator.codec.answers
    for exchange in tap.since(before):
        try:
            document = answers.read(exchange.answer, answers.media_type)
        except ValueError:
            continue
        empty = [at for at, value in leaves(document) if value in {None, ""} and _PAYERS_PLACE.search(written(at))]
        if empty:
            return ["the gateway has a place for the payer, and was not told who pays"]
    return []


async def _refunded(subject: Subject, offer: AnyOffer, *, takes_bangla: bool) -> list[str]:
    sent: list[Places] = []
    for amount in ("100.37", "100.38"):
        tap = Wiretap()
        async with open_rig(tap.on(subject), offer.id) as rig:
            try:
                await capture_payment(rig)
            except NotReachable:
                return []  # payment/F19-refunded-twice tells of it
            report = await query_payment(rig)
            request = RefundPaymentRequest(
                gateway=offer.id,
                payment=rig.payment,
                reference=report.reference or rig.payment,
                amount=Money.taka(amount),
                reason=_REASON,
            )
            key = rig.references.key(Operation.REFUND_PAYMENT, rig.payment)
            make = lambda: rig.platform.refund_payment(request, key=key)  # noqa: E731, B023 - called at once
            sent.append(await _sent(rig, tap, rig.payment, make))
    one, other = sent
    wrong = ["two refunds that differ in poisha are sent alike"] if one and not differing(one, other) else []
    bangla, english = [any(text in value for value in one.values()) for text in (_REASON.bn, _REASON.en)]
    if takes_bangla and english and not bangla:
        wrong.append("the reason is sent in English alone to a gateway that takes Bangla")
    return wrong + _languages("the reason", one, _REASON)


def _languages(what: str, sent: Places, text: Text) -> list[str]:
    """What is wrong with a text in two languages: one stands where the other should."""
    return [
        f"{what} is sent twice in {language} in {place}"
        for place, value in sent.items()
        for language, words in (("Bangla", text.bn), ("English", text.en))
        if value.count(words) > 1
    ]
