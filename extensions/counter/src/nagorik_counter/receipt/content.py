"""The content of a receipt: what a gateway took, for which lines, and the payment's state when it is printed.

It has the payer's name and no number of a citizen, even where one was written into a name or the tracking number.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from nagorik import Applicant, Payer, Text
from nagorik.model.fee import LineNature, Source
from nagorik.model.status import PaymentState
from nagorik.values import Money, PersonName, dhaka_date
from nagorik_host.charges import NO_CHARGES, HostCharges
from nagorik_host.own_numbers import holds_own_number, mask_own_numbers, numbers_of
from nagorik_platform.lifecycle import Event, Payment, Progress
from nagorik_platform.lifecycle.events import PaymentMoved, QuoteReceived
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN
from nagorik_platform.number_mask import mask_numbers


class ReceiptRefused(Exception):
    """There is no receipt: ``code`` is a sentence of ``page.toml`` under ``refused``.

    ``payments`` are those to choose from, where one has to be named; ``state`` is that of the payment without one.
    """

    def __init__(self, code: str, *, payments: Sequence[str] = (), state: PaymentState | None = None) -> None:
        """Keep the code of the reason."""
        super().__init__(code)
        self.code, self.payments, self.state = code, tuple(payments), state


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
        """The amount with VAT."""
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

    ``taken`` may be another sum or currency than was asked for; ``None`` where the gateway did not say how much.
    ``gateway_reference`` is the gateway's name of the payment as it took the money; an earlier one may open the page
    of the payer. ``payer`` is the name that the gateway holds; ``None`` without a readable one. ``lines`` have the
    agency's price before the host's charges, each payee's together. ``copy`` counts prints from 1.
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

    def by_payee(self, *, is_charge: bool) -> Iterable[tuple[Text, Sequence[ReceiptLine]]]:
        """The agency's price or the host's charges, each payee's lines together, in order."""
        lines = (line for line in self.lines if line.is_charge == is_charge)
        return ((payee, tuple(group)) for payee, group in groupby(lines, key=lambda line: line.payee))

    @property
    def vat(self) -> Money:
        """All VAT in it: on its lines, and in lines of its own."""
        own = [line.amount.poisha for line in self.lines if line.nature is LineNature.VAT]
        on_lines = [line.vat.poisha for line in self.lines]
        return Money(poisha=sum(own) + sum(on_lines), currency=self.lines[0].vat.currency)


def receipted_payment(progress: Progress, wanted: str | None) -> Payment:
    """The payment that is named, or the only one that money was taken by.

    Raises:
        ReceiptRefused: There is no such payment, no money was taken by it, or one of several has to be named.
    """
    if not progress.payments:
        raise ReceiptRefused("no-payment")
    taken = [payment for payment in progress.payments if _is_taken(payment)]
    found = [payment for payment in progress.payments if payment.id == wanted] if wanted is not None else taken
    if wanted is not None and not found:
        raise ReceiptRefused("no-such-payment", payments=[payment.id for payment in taken])
    if not found or not _is_taken(found[0]):
        raise ReceiptRefused("not-captured", state=(found or progress.payments)[-1].state)
    if len(found) > 1:
        raise ReceiptRefused("several", payments=[payment.id for payment in taken])
    return found[0]


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
    the price that was paid; ``charges`` have the sources of the host's.

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
    lines = []
    for part, is_charge in ((quote.lines, False), (payment.charges, True)):
        for line in part:
            text, payee = _masked(line.text, own), _masked(line.payee or names.agency, own)
            lines.append(ReceiptLine(text, line.amount, line.vat, line.nature, payee, is_charge))
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
        # Else the address would hold the number that the page masks.
        tracking_url=None if holds_own_number(progress.client_reference, own) else tracking_url,
    )


def _is_sum_unknown(moves: Sequence[PaymentMoved]) -> bool:
    """Whether the last event of the capture says that another sum was taken than was asked for, and not which."""
    return bool(moves) and moves[-1].code == "amount-mismatch" and moves[-1].taken is None


def _masked(text: Text, own: Collection[str]) -> Text:
    return Text(bn=mask_own_numbers(text.bn, own), en=mask_own_numbers(text.en, own))


def _payer_name(name: str, own: Collection[str]) -> str | None:
    """A payer's name without numbers, which gateways and people put into it; ``None`` where nothing is left."""
    shown = mask_numbers(mask_own_numbers(name, own))
    return shown if any(unicodedata.category(letter)[0] in "LNPS" for letter in shown) else None


def _masked_name(name: PersonName, own: Collection[str]) -> PersonName:
    # Not validated anew: a mask has no letters, which a name must have.
    parts = {"bn": name.bn, "en": name.en}
    return name.model_copy(update={key: part and mask_own_numbers(part, own) for key, part in parts.items()})


_CAPTURES: Final = frozenset({PaymentState.CAPTURED, PaymentState.UNDER_INVESTIGATION})
"""The states that a payment comes into as money is taken by it."""


def _ordered(lines: Sequence[ReceiptLine]) -> tuple[ReceiptLine, ...]:
    """The price before the charges; in each, payees in the order of their first lines, and their lines by nature."""
    payees, natures = [line.payee for line in lines], list(LineNature)
    order = [(line.is_charge, payees.index(line.payee), natures.index(line.nature)) for line in lines]
    return tuple(line for _, line in sorted(zip(order, lines, strict=True), key=itemgetter(0)))


def _bases(payment: Payment, service: str, charges: HostCharges, own: Collection[str]) -> Iterable[Basis]:
    """The source of each charge, by the file as it is now, where that still has what was asked for then."""
    day = dhaka_date(payment.opened_at)
    for line in payment.charges:
        yield Basis(_masked(line.text, own), charges.source_of(line, service, payment.gateway, day))


def _is_taken(payment: Payment) -> bool:
    """Whether the gateway took money by it, which may have been given back since."""
    return payment.captured_at is not None and payment.state not in MONEY_NOT_TAKEN
