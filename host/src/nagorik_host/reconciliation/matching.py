"""Compare our payments with a gateway's books: each entry agrees, is with an officer already, or differs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from nagorik import Money, PaymentState as P, to_ascii_digits
from nagorik.values import dhaka_date
from nagorik_platform.lifecycle.tables import MONEY_ASKED_ABOUT, MONEY_FOR_A_PERSON, MONEY_NOT_TAKEN

_NOT_TAKEN_HERE: Final = MONEY_ASKED_ABOUT | MONEY_NOT_TAKEN | {P.QUOTED}
_GIVEN_BACK_THERE: Final = frozenset({P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUNDED})
"""States in which the gateway is expected to give the money back."""


class DifferenceKind(StrEnum):
    """How a gateway's books and ours differ."""

    MISSING_HERE = "missing-here"
    """The gateway took money for a payment that is not ours."""
    MISSING_THERE = "missing-there"
    """We hold a payment for taken that the gateway's books do not have."""
    OTHER_AMOUNT = "other-amount"
    CAPTURED_THERE = "captured-there"
    """The gateway took the money; here the payment is not known to be taken."""
    REFUNDED_THERE = "refunded-there"
    """The gateway gave money back; here the payment stands, or is to be given back by hand."""
    REFUNDED_HERE = "refunded-here"
    """Here the money was given back; the gateway's books say that it was not."""
    TAKEN_TWICE = "taken-twice"
    """The gateway took the money of one payment in more than one attempt, and did not give just that back."""
    LISTED_TWICE = "listed-twice"
    """One number of the gateway's stands in its books more than once."""


@dataclass(frozen=True, slots=True)
class OurPayment:
    """A payment as the host has it."""

    id: str
    application: str
    gateway: str
    state: P
    amount: Money
    captured_at: datetime | None
    reference: str | None = field(default=None, repr=False)
    """The gateway's number of it, where that was looked up."""

    def is_taken_on(self, day: date) -> bool:
        """Whether its money was taken on a date in Dhaka, and no person has found since that it was not."""
        taken_at = self.captured_at if self.state not in MONEY_NOT_TAKEN else None
        return taken_at is not None and dhaka_date(taken_at) == day


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A payment as the gateway's books have it, taken on a date in Dhaka."""

    reference: str = field(repr=False)
    amount: Money
    day: date
    payment: str | None = None
    """The platform's id of it, where the gateway keeps that."""
    refunded: Money | None = None
    """What of it was given back, zero included; ``None`` where the books do not say."""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentDifference:
    """One difference: its kind, our payment where there is one, and the gateway's entry where there is one."""

    kind: DifferenceKind
    ours: OurPayment | None
    theirs: BookEntry | None

    @property
    def subject(self) -> str:
        """What makes it the same difference when it is found again, in the list or in the file."""
        theirs = self.theirs
        parts = [self.kind.value, self.ours.id if self.ours is not None else ""]
        if theirs is not None:
            parts += [
                str(theirs.amount),
                str(theirs.refunded or "") if self.kind is DifferenceKind.REFUNDED_THERE else "",
            ]
            if self.ours is None or self.kind in {DifferenceKind.TAKEN_TWICE, DifferenceKind.LISTED_TWICE}:
                parts.append(_number(theirs))
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class BookComparison:
    """What came of comparing so many entries of the gateway's books."""

    entries: int
    agreed: frozenset[str]
    """The ids of the payments that agree."""
    agreeing: int
    with_officer: int
    """How many entries are of payments that an officer is to settle already."""
    differences: tuple[PaymentDifference, ...]


def _number(one: OurPayment | BookEntry) -> str:
    """The gateway's number as it is compared: a person at a till may have written its digits in Bangla."""
    return to_ascii_digits(one.reference or "")


def compare(
    ours: Iterable[OurPayment],
    entries: Sequence[BookEntry],
    *,
    gateway: str,
    day: date,
    elsewhere: Collection[str] = (),
) -> BookComparison:
    """Compare our payments with a gateway's books of a day.

    Args:
        ours: Our payments of the gateway that may be meant: those taken on the day, and all that the entries name.
        entries: The gateway's books, in their order.
        gateway: The gateway's id. A payment of another one is not its own.
        day: The date in Dhaka of which no payment of ours may be missing there.
        elsewhere: Ids and gateway's numbers of payments that the books have on a date beside this one. They are not
            missing there.
    """
    by_id = {payment.id: payment for payment in ours if payment.gateway == gateway}
    by_number = {_number(payment): payment for payment in by_id.values() if payment.reference}
    found: list[PaymentDifference] = []
    seen: set[str] = set()
    groups: dict[str, list[BookEntry]] = defaultdict(list)
    for entry in entries:
        payment = by_id.get(entry.payment) if entry.payment is not None else by_number.get(_number(entry))
        if _number(entry) in seen:
            found.append(PaymentDifference(DifferenceKind.LISTED_TWICE, payment, entry))
        elif payment is None:
            found.append(PaymentDifference(DifferenceKind.MISSING_HERE, None, entry))
        else:
            groups[payment.id].append(entry)
        seen.add(_number(entry))
    for_officer = {id_ for id_ in groups if by_id[id_].state in MONEY_FOR_A_PERSON}
    for id_, attempts in groups.items():
        found += _differences(by_id[id_], attempts) if id_ not in for_officer else ()
    with_officer = sum(len(groups[id_]) for id_ in for_officer)
    named = {one.ours.id for one in found if one.ours is not None}
    agreeing = len(entries) - with_officer - len(found)
    there = groups.keys() | named | {to_ascii_digits(name) for name in elsewhere}
    missing = [one for one in by_id.values() if one.is_taken_on(day) and not {one.id, _number(one)} & there]
    found += [PaymentDifference(DifferenceKind.MISSING_THERE, one, None) for one in missing]
    agreed = frozenset(groups.keys() - for_officer - named)
    return BookComparison(len(entries), agreed, agreeing, with_officer, tuple(found))


def _differences(payment: OurPayment, attempts: Sequence[BookEntry]) -> Iterator[PaymentDifference]:
    """What differs of one payment, at most one difference for each of the gateway's entries of it."""
    kept = [entry for entry in attempts if entry.refunded != entry.amount] or attempts
    counted = next((entry for entry in kept if _number(entry) == _number(payment)), kept[0])
    for entry in attempts:
        kind = _difference(payment, entry) if entry is counted else None
        if entry is not counted and entry.refunded != entry.amount:
            kind = DifferenceKind.TAKEN_TWICE
        if kind is not None:
            yield PaymentDifference(kind, payment, entry)


def _difference(payment: OurPayment, entry: BookEntry) -> DifferenceKind | None:
    is_back = entry.refunded is not None and entry.refunded.poisha > 0
    if payment.state in _NOT_TAKEN_HERE:
        return DifferenceKind.REFUNDED_THERE if is_back else DifferenceKind.CAPTURED_THERE
    if entry.amount != payment.amount:
        return DifferenceKind.OTHER_AMOUNT
    if not is_back:
        # Money ordered back may be on its way still, or go by hand: only what is done here has to be done there.
        is_denied = payment.state is P.REFUNDED and entry.refunded is not None
        return DifferenceKind.REFUNDED_HERE if is_denied else None
    if payment.state not in _GIVEN_BACK_THERE:
        return DifferenceKind.REFUNDED_THERE
    return DifferenceKind.OTHER_AMOUNT if entry.refunded != entry.amount else None
