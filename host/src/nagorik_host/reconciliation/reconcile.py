"""One gateway's payments of a date: its books are read and compared, and each difference is settled or a case.

Neither side is believed. The gateway is asked about money that ours does not know of: only its response about that
payment counts. What is not settled so within a day waits for an officer.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final, Literal

from sqlalchemy.exc import IntegrityError

from nagorik import ListPaymentsRequest, NagorikError, Operation
from nagorik.values import dhaka_date, dhaka_zone
from nagorik_host.engine.queues import suspended_offers
from nagorik_host.host import Host
from nagorik_host.reconciliation.matching import (
    BookComparison,
    BookEntry,
    DifferenceKind,
    OurPayment,
    PaymentDifference,
    compare,
)
from nagorik_host.store import payment_cases
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.database import Transaction
from nagorik_host.vault import Erased
from nagorik_platform.lifecycle import Noticed, NotPossible
from nagorik_toolkit.texts import day_text

PATIENCE: Final = timedelta(days=1)
"""How long the gateway's response about one payment is waited for; then an officer looks."""
LONGEST_SESSION: Final = timedelta(days=3)
"""How long before its date a payment may have been begun that the gateway's books name by their own number alone."""

BookSource = Literal["list", "file"]
CaseOutcome = Literal["asked", "opened", "waiting", "decided"]


class SettlementRefused(Exception):
    """The file cannot be this gateway's of this date: nothing was written. The text says what it holds."""


@dataclass(frozen=True, slots=True)
class FoundDifference:
    """A difference, and what became of it."""

    case: str
    difference: PaymentDifference
    outcome: CaseOutcome
    """``asked``: the gateway is asked about the payment. ``opened``: it waits for an officer from now on.
    ``waiting``: it did before. ``decided``: an officer has closed it."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of reconciling one gateway's payments of a date in Dhaka."""

    gateway: str
    taken_here: int
    books: Mapping[BookSource, BookComparison]
    """What came of comparing with each of the gateway's books. Empty where there are no books."""
    failed: str | None
    """Why the gateway's list could not be had, if it could not: an error's code or ``suspended``."""
    found: tuple[FoundDifference, ...]
    settled: int
    """How many earlier differences the gateway's response has settled since."""

    @property
    def is_compared(self) -> bool:
        """Whether all books that there are were had, and there are any, or no payment was taken."""
        return not self.failed and (bool(self.books) or not self.taken_here)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to be done."""
        return self.is_compared and all(one.outcome == "decided" for one in self.found)


async def gateways_of(host: Host, day: date) -> list[str]:
    """The gateways that are installed, and those that took payments on a date and are installed no more."""
    first, before = _bounds(day)
    taken = await host.database.run(partial(payment_cases.gateways_taken, first=first, before=before))
    return sorted({one.id for one in host.platform.gateways}.union(taken))


async def reconcile(
    host: Host, gateway: str, day: date, settlement: Sequence[BookEntry] | None = None
) -> Reconciliation:
    """Compare one gateway's payments of a date, and leave no difference without a question or a case.

    Run again, and by several at once, it makes no second case of the same difference.

    Args:
        host: Whose payments.
        gateway: The gateway's id.
        day: The date in Dhaka.
        settlement: The gateway's settlement file, beside its list.

    Raises:
        SettlementRefused: The file is another gateway's, or holds no payment of the date.
    """
    first, before = _bounds(day)
    begun = partial(payment_cases.payments_around, gateway=gateway, first=first - LONGEST_SESSION, before=before)
    around = await host.database.run(begun)
    taken_here = sum(one.is_taken_on(day) for one in around)
    if settlement is not None:
        await _refuse_others(host, settlement, gateway, day, taken_here)
    listed = await _listed(host, gateway, day)
    failed = listed if isinstance(listed, str) else None
    books: dict[BookSource, Sequence[BookEntry]] = {"list": listed} if isinstance(listed, list) else {}
    if settlement is not None:
        books["file"] = settlement
    comparing = {}
    for source, entries in books.items():
        ours = await host.database.snapshot(partial(_ours, host=host, around=around, entries=entries))
        comparing[source] = partial(compare, ours, entries, gateway=gateway, day=day)
    compared = {source: comparison() for source, comparison in comparing.items()}
    if any(one.kind is DifferenceKind.MISSING_THERE for book in compared.values() for one in book.differences):
        # By the gateway's own clock a payment may be on the date before or after.
        beside = [await _listed(host, gateway, day + timedelta(days)) for days in (-1, 1)]
        there = [entry for one in beside if isinstance(one, list) for entry in one]
        elsewhere = {name for one in there for name in (one.payment, one.reference) if name}
        compared = {source: comparison(elsewhere=elsewhere) for source, comparison in comparing.items()}
    found = await _keep(host, gateway, day, [one for book in compared.values() for one in book.differences])
    differing = {one.difference.ours.id for one in found if one.difference.ours is not None}
    agreed = frozenset[str]().union(*(book.agreed for book in compared.values())) - differing
    settled = await host.database.run(partial(payment_cases.end_agreed, agreed=agreed, now=host.clock.now()))
    return Reconciliation(gateway, taken_here, compared, failed, tuple(found), settled)


def _bounds(day: date) -> tuple[datetime, datetime]:
    """From midnight in Dhaka to midnight."""
    first = datetime.combine(day, time(), dhaka_zone())
    return first, first + timedelta(1)


async def _listed(host: Host, gateway: str, day: date) -> list[BookEntry] | str | None:
    """What the gateway lists of a date, or why it could not be asked; ``None`` where it lists no payments."""
    plugin = gateway.partition(".")[0]
    try:
        if Operation.LIST_PAYMENTS not in host.platform.gateway(gateway).reads:
            return None
        suspended = await host.database.run(suspended_offers)
        if suspended.covers(plugin=plugin, service=gateway, target_plugin=plugin):
            return "suspended"
        listed = await host.platform.list_payments(ListPaymentsRequest(gateway=gateway, day=day))
    except NagorikError as error:
        return error.code
    return [
        BookEntry(one.reference, one.amount, dhaka_date(one.captured_at), one.payment, one.refunded)
        for one in listed.payments
    ]


async def _refuse_others(
    host: Host, settlement: Sequence[BookEntry], gateway: str, day: date, taken_here: int
) -> None:
    days = sorted({entry.day for entry in settlement})
    if day not in days and (days or taken_here):
        held = " to ".join(dict.fromkeys(day_text(one).en for one in (*days[:1], *days[-1:])))
        why = f"its payments are of {held}" if days else "payments were taken here"
        raise SettlementRefused(f"holds no payment of that date; {why}")
    named = await host.database.run(partial(payment_cases.payments_named, entries=settlement))
    if named and all(one.gateway != gateway for one in named):
        raise SettlementRefused("holds payments of another gateway; nothing was compared")


def _ours(
    transaction: Transaction, *, host: Host, around: Sequence[OurPayment], entries: Sequence[BookEntry]
) -> list[OurPayment]:
    """Our payments that may be meant, with the gateway's numbers where an entry is found by its number alone."""
    ours = {one.id: one for one in (*around, *payment_cases.payments_named(transaction, entries))}
    if len({entry.payment for entry in entries if entry.payment is not None}) < len(entries):
        for payment in list(ours.values()):
            # Of what was erased there is no number.
            with suppress(Erased, NoSuchApplication):
                progress = host.store.read(transaction, payment.application).progress
                ours[payment.id] = replace(payment, reference=progress.payment(payment.id).reference)
    return list(ours.values())


async def _keep(host: Host, gateway: str, day: date, differing: Iterable[PaymentDifference]) -> list[FoundDifference]:
    """Keep each difference of the books once."""
    differences = {payment_cases.case_id(host.vault, gateway, one): one for one in differing}
    found = []
    for case, difference in differences.items():
        keep = partial(_keep_one, host=host, gateway=gateway, day=day, identity=case, difference=difference)
        try:
            outcome = await host.database.run(keep)
        except IntegrityError:
            # Another process found it at the same time: it is known this time.
            outcome = await host.database.run(keep)
        found.append(FoundDifference(case, difference, outcome))
    return found


def _keep_one(
    transaction: Transaction, *, host: Host, gateway: str, day: date, identity: str, difference: PaymentDifference
) -> CaseOutcome:
    now = host.clock.now()
    case = payment_cases.read_case(transaction, identity)
    if case is None:
        ours = difference.ours if difference.kind is DifferenceKind.CAPTURED_THERE else None
        asked = ours is not None and _ask(transaction, host, ours)
        payment_cases.add_case(
            transaction, host.vault, identity, difference, gateway=gateway, day=day, asked=asked, now=now
        )
        return "asked" if asked else "opened"
    standing = payment_cases.standing_of(case)
    if standing != "agreed" and not (standing == "asked" and now - case.found_at > PATIENCE):
        return standing
    payment_cases.hand_over(transaction, identity, now)
    return "opened"


def _ask(transaction: Transaction, host: Host, ours: OurPayment) -> bool:
    """Have the gateway asked about a payment, as after a notice; whether that is possible."""
    try:
        host.take_in(transaction, ours.application, Noticed(payment=ours.id))
    except (NotPossible, NagorikError, Erased, NoSuchApplication):
        return False
    return True
