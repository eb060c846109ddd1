"""What stands on a receipt: what a gateway took, for which lines, and how the payment stands when it is printed.

It has the payer's name and no number of a citizen, even where one was written into a name or the tracking number.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from nagorik import Applicant, Payer, Text
from nagorik.model.fee import LineNature, Source
from nagorik.model.status import PaymentState
from nagorik.values import Money, PersonName, dhaka_date
from nagorik_host.charges import NO_CHARGES, HostCharges
from nagorik_host.own_numbers import OwnNumber, holds_own_number, mask_own_numbers, numbers_of
from nagorik_platform.lifecycle import Event, Payment, Progress
from nagorik_platform.lifecycle.events import PaymentMoved, QuoteReceived
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN
from nagorik_platform.number_mask import mask_numbers


class ReceiptRefused(Exception):
    """There is no receipt: ``code`` is a sentence of ``page.toml`` under ``refused``.

    ``payments`` are those to choose from, where one has to be named; ``state`` is that of the payment without one.
    """

    def __init__(self, code: str, *, payments: Sequence[str] = (), state: PaymentState | None = None) -> None:
        """Say why by a code."""
        super().__init__(code)
        self.code = code
        self.payments = tuple(payments)
        self.state = state


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptLine:
    """One part of what was paid; ``amount`` is before VAT. A charge is no part of the agency's price."""

    text: Text
    amount: Money
    vat: Money
    nature: LineNature
    payee: Text
    is_charge: bool = False

    @property
    def total(self) -> Money:
        """What the payer gave for it."""
        return self.amount + self.vat


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a price is published: that of one line, or of the agency's whole price; ``None`` if it is not known."""

    line: Text | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class ReceiptNames:
    """The names of the agency, the service and the gateway."""

    agency: Text
    service: Text
    gateway: Text


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptContent:
    """All that a receipt says.

    ``taken`` may be another sum than was asked for, or another currency; ``None`` where the gateway did not say how
    much. ``gateway_reference`` is what the gateway called the payment as it took the money: what it had called it
    before may open the payer's page. ``payer`` is the name that the gateway holds; ``None`` without a readable one.
    ``lines`` have the agency's price before the host's charges, each payee's together. ``copy`` counts prints from 1.
    """

    payment: Payment
    reference: str
    names: ReceiptNames
    taken: Money | None
    gateway_reference: str | None
    payer: str | None
    applicant: PersonName
    lines: tuple[ReceiptLine, ...]
    bases: tuple["Basis", ...]
    captured_at: datetime
    copy: int
    printed_at: datetime
    tracking_url: str | None

    def price(self) -> Iterable[tuple[Text, Sequence[ReceiptLine]]]:
        """The agency's price, each payee's lines together, in order."""
        return _by_payee(line for line in self.lines if not line.is_charge)

    def charges(self) -> Iterable[tuple[Text, Sequence[ReceiptLine]]]:
        """What was asked for beside it, each payee's lines together, in order."""
        return _by_payee(line for line in self.lines if line.is_charge)

    @property
    def vat(self) -> Money:
        """All VAT in it: what is on its lines, and what is a line of its own."""
        own = [line.amount for line in self.lines if line.nature is LineNature.VAT]
        return _sum([*(line.vat for line in self.lines), *own])


def receipted_payment(progress: Progress, wanted: str | None) -> Payment:
    """The payment that a receipt is wanted of: the one that is named, or the only one that money was taken by.

    Raises:
        ReceiptRefused: There is no such payment, no money was taken by it, or several have to be told apart.
    """
    if not progress.payments:
        raise ReceiptRefused("no-payment")
    taken = [payment for payment in progress.payments if _is_taken(payment)]
    if wanted is not None:
        named = next((payment for payment in progress.payments if payment.id == wanted), None)
        if named is None:
            raise ReceiptRefused("no-such-payment", payments=[payment.id for payment in taken])
        if not _is_taken(named):
            raise ReceiptRefused("not-captured", state=named.state)
        return named
    if not taken:
        raise ReceiptRefused("not-captured", state=progress.payments[-1].state)
    if len(taken) > 1:
        raise ReceiptRefused("several", payments=[payment.id for payment in taken])
    return taken[0]


def receipt_content(
    progress: Progress,
    events: Iterable[Event],
    payment: Payment,
    *,
    names: ReceiptNames,
    applicant: Applicant,
    payer: Payer | None = None,
    copy: int,
    printed_at: datetime,
    tracking_url: str | None,
    charges: HostCharges = NO_CHARGES,
) -> ReceiptContent:
    """The receipt of a payment that money was taken by.

    Identity numbers and telephones of the applicant and the payer are masked in all that is shown. ``events`` hold
    the price that was paid; ``charges`` say where the host's are published.

    Raises:
        LookupError: The journal does not hold the price that was paid.
    """
    journal = tuple(events)
    quote = next((e.quote for e in journal if isinstance(e, QuoteReceived) and e.quote.id == payment.quote), None)
    if quote is None or payment.captured_at is None:
        raise LookupError("the journal does not hold what was paid")
    own = numbers_of(applicant, payer)
    moves = [e for e in journal if isinstance(e, PaymentMoved) and e.payment == payment.id and e.to in _CAPTURES]
    named = next((move.reference for move in reversed(moves) if move.reference is not None), None)
    lines = [
        ReceiptLine(
            _masked(line.text, own),
            line.amount,
            line.vat,
            line.nature,
            _masked(line.payee or names.agency, own),
            is_charge,
        )
        for part, is_charge in ((quote.lines, False), (payment.charges, True))
        for line in part
    ]
    return ReceiptContent(
        payment=payment,
        reference=mask_own_numbers(progress.client_reference, own),
        names=names,
        taken=None if _is_sum_unknown(moves) else payment.sum,
        gateway_reference=None if named is None else mask_own_numbers(named, own),
        payer=None if payment.payer_name is None else _payer_name(payment.payer_name, own),
        applicant=_masked_name(applicant.name, own),
        lines=_ordered(lines),
        bases=(Basis(None, quote.source), *_bases(payment, progress.service, charges, own)),
        captured_at=payment.captured_at,
        copy=copy,
        printed_at=printed_at,
        # Its address would hold the number that the page masks.
        tracking_url=None if holds_own_number(progress.client_reference, own) else tracking_url,
    )


def _is_sum_unknown(moves: Sequence[PaymentMoved]) -> bool:
    """Whether the last that was said of the capture is that the sum is not the one asked for, and not which it is.

    A gateway that doubts a payment of the very sum that was asked for names no other either; an officer who settles
    an investigation answers for the sum.
    """
    return bool(moves) and moves[-1].code == "amount-mismatch" and moves[-1].taken is None


def _masked(text: Text, own: Sequence[OwnNumber]) -> Text:
    return Text(bn=mask_own_numbers(text.bn, own), en=mask_own_numbers(text.en, own))


def _payer_name(name: str, own: Sequence[OwnNumber]) -> str | None:
    """A payer's name, with no number in it that could be anybody's; ``None`` where there is nothing to read.

    Gateways put into it what they know a payer by, and so do people.
    """
    shown = mask_numbers(mask_own_numbers(name, own))
    return shown if any(unicodedata.category(letter)[0] in "LNPS" for letter in shown) else None


def _masked_name(name: PersonName, own: Sequence[OwnNumber]) -> PersonName:
    parts = {"bn": name.bn, "en": name.en}
    if not any(part is not None and holds_own_number(part, own) for part in parts.values()):
        return name
    masked = {language: None if part is None else mask_own_numbers(part, own) for language, part in parts.items()}
    # A name is made of letters, and a mask is none.
    return name.model_copy(update=masked)


_CAPTURES: Final = frozenset({PaymentState.CAPTURED, PaymentState.UNDER_INVESTIGATION})
"""The states that a payment comes into as money is taken by it."""
_PLACES: Final = {nature: place for place, nature in enumerate(LineNature)}


def _ordered(lines: Sequence[ReceiptLine]) -> tuple[ReceiptLine, ...]:
    """The price before the charges; in each, payees in the order in which they come up, of one payee by nature."""
    payees = list(dict.fromkeys((line.payee.bn, line.payee.en) for line in lines))
    place = {payee: number for number, payee in enumerate(payees)}

    def key(line: ReceiptLine) -> tuple[bool, int, int]:
        return line.is_charge, place[line.payee.bn, line.payee.en], _PLACES[line.nature]

    return tuple(sorted(lines, key=key))


def _by_payee(lines: Iterable[ReceiptLine]) -> Iterable[tuple[Text, Sequence[ReceiptLine]]]:
    return ((payee, tuple(group)) for payee, group in groupby(lines, key=lambda line: line.payee))


def _bases(payment: Payment, service: str, charges: HostCharges, own: Sequence[OwnNumber]) -> Iterable[Basis]:
    """Of each charge, its source: by the file as it is now, if that still says what was asked for then."""
    day = dhaka_date(payment.opened_at)
    return (
        Basis(_masked(line.text, own), charges.source_of(line, service, payment.gateway, day))
        for line in payment.charges
    )


def _is_taken(payment: Payment) -> bool:
    """Whether the gateway took money by it, whatever became of the money since."""
    return payment.captured_at is not None and payment.state not in MONEY_NOT_TAKEN


def _sum(amounts: Sequence[Money]) -> Money:
    return Money(poisha=sum(one.poisha for one in amounts), currency=amounts[0].currency)
