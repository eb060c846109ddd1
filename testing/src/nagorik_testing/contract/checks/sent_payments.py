"""A payment on the wire against the payment as it was: told to the agency, opened at a gateway, and given back."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from nagorik import (
    NagorikError,
    Operation,
    PaymentReceipt,
    PluginFault,
    Text,
)
from nagorik.manifest import AnyOffer
from nagorik.values import Money, dhaka_date, dhaka_zone, normalise, to_ascii_digits
from nagorik_testing.contract.calls import payer_of, query_payment, quote_due, refund_payment, start_payment
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import leaves, written
from nagorik_testing.contract.checks.paid_stages import examine_each_stage
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places, Wiretap, differing, places_of
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.portal import PORTAL

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
    """An agency that is told no amount is told of none that differs by a thousand taka either."""
    more, much_more = [
        await tell(usual.model_copy(update={"amount": Money(poisha=usual.amount.poisha + by)})) for by in (1, 100_000)
    ]
    alike = more and not differing(sent, more) - unsteady and much_more and differing(sent, much_more) - unsteady
    return ["two amounts that differ in poisha are sent alike"] if alike else []


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
    dated = {place: at_night[place] for place in sorted((differing(day_before, day_of) - unsteady) & at_night.keys())}
    return [
        f"{place} holds the day in UTC, which is the one before in Dhaka"
        for place, value in dated.items()
        if not _HOUR.search(to_ascii_digits(value)) and value == day_before.get(place)
    ] + [
        f"{place} holds the hour in UTC and does not say so"
        for place, value in dated.items()
        if "19:30" in to_ascii_digits(value) and not _OFFSET.search(to_ascii_digits(value))
    ]


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
    tap, made = Wiretap(), count(1)
    async with open_rig(tap.on(subject), offer.id) as rig:

        async def opened(amount: Money, payer: str = _PAYER) -> Places:
            payment = str(uuid5(_NAMESPACE, f"{offer.id}/start/{next(made)}"))
            paid_by = payer_of(rig, payer)
            begin = partial(start_payment, rig, amount, payment=payment, purpose=_PURPOSE, payer=paid_by)
            return await _sent(rig, tap, payment, begin)

        odd, more = Money.taka("345.37"), Money.taka("345.38")
        sent = await opened(odd)
        if not sent:
            raise NotReachable("nothing is sent for a payment")
        unsteady, other = differing(sent, await opened(odd)), await opened(more)
        alike = other and not differing(sent, other) - unsteady
        wrong = ["two amounts that differ in poisha are opened alike"] if alike else []
        wrong += _languages("the purpose", sent, _PURPOSE)
        wrong += _payer_cut(sent, await opened(odd, _LONG_PAYER), unsteady)
        wrong += _not_given(rig, sent)
        wrong += await _payer_known(rig, tap, str(uuid5(_NAMESPACE, f"{offer.id}/start/1")))
        takes_bangla = any(_PURPOSE.bn in value for value in sent.values())
    if Operation.REFUND_PAYMENT in offer.operations:
        wrong += await _refunded(subject, offer, takes_bangla=takes_bangla)
    return wrong


def _payer_cut(usual: Places, sent: Places, unsteady: frozenset[str]) -> list[str]:
    """Places that hold a part of a long name, and of the usual one at least that; its parts may stand in several."""
    said = normalise(" ".join(sent.values())).casefold()
    return [
        f"of a long name of the payer {place} holds a part"
        for place in sorted(differing(usual, sent) - unsteady)
        if _PAYER.split()[0].casefold() in usual.get(place, "").casefold()
        if _LONG_PAYER.split()[0].casefold() in sent.get(place, "").casefold()
        if not all(word.casefold() in said for word in _LONG_PAYER.split())
    ]


def _not_given(rig: Rig, sent: Places) -> list[str]:
    """Places that hold a mobile number or an address that is neither given with the payment nor a setting."""
    known = " ".join(str(value) for value in rig.simulator.settings("").values())
    addresses = (PORTAL.return_url(rig.offer, rig.payment), PORTAL.notice_url(rig.offer, rig.payment))
    given = tuple((address or "").replace(rig.payment, _OWN) for address in addresses)
    return [
        f"{place} holds a mobile number that is not the payer's"
        for place, value in sent.items()
        if (mobile := _MOBILE.fullmatch(to_ascii_digits(value)))
        if mobile[1] not in rig.citizen.phone.e164 and mobile[1] not in known
    ] + [
        f"{place} holds an address that is neither the one to return to nor the one for notices"
        for place, value in sent.items()
        if value.startswith(("http:", "https:")) and value not in known and not value.startswith(given)
    ]


async def _payer_known(rig: Rig, tap: Wiretap, payment: str) -> list[str]:
    """Whether the gateway, where its answer has a place for the payer, holds one."""
    before, answers = len(tap.exchanges), rig.simulator.codec.answers
    with suppress(NagorikError, ValueError):  # what becomes of a question is for other checks
        await query_payment(rig, payment)
        said = [each for one in tap.since(before) for each in leaves(answers.read(one.answer, answers.media_type))]
        if any(value in {None, ""} and _PAYERS_PLACE.search(written(at)) for at, value in said):
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
            make = partial(refund_payment, rig, await query_payment(rig), amount=Money.taka(amount), reason=_REASON)
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
