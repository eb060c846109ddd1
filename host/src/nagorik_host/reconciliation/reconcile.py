"""One gateway's payments of a date: its books fetched and read, compared, and each difference settled or a case.

Nothing is believed of either side. Money that the gateway's books have and ours do not know of is asked about, as
after a notice: the gateway's own word on that payment counts, and nothing else. What asking cannot settle, or has not
settled, waits for an officer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final, Literal, NamedTuple

from sqlalchemy.exc import IntegrityError

from nagorik import ListPaymentsRequest, NagorikError, Operation, ServiceNotOffered
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
from nagorik_host.reconciliation.settlement_file import SettlementFile, UnreadLine
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.database import Transaction
from nagorik_host.store.payment_cases import (
    PaymentCase,
    add_case,
    case_id,
    end_agreed,
    gateways_taken,
    hand_over,
    payments_begun,
    payments_named,
    payments_taken,
    read_cases,
)
from nagorik_host.store.schema import shown
from nagorik_host.vault import Erased
from nagorik_platform.lifecycle import NotPossible

PATIENCE: Final = timedelta(days=1)
"""How long the gateway's answer about one payment is waited for; then an officer looks."""
AROUND_MIDNIGHT: Final = timedelta(hours=1)
"""How far from midnight a payment may be on the other date by the gateway's own clock."""
LONGEST_SESSION: Final = timedelta(days=3)
"""How long before its date a payment may have been begun that the gateway's books name by their own number alone."""
_AT_ONCE: Final = 100
"""Differences, or applications, of one transaction."""
SUSPENDED: Final = "suspended"
NOT_OFFERED: Final = ServiceNotOffered.code

BookSource = Literal["list", "file"]
RefusalReason = Literal["other-date", "no-payments", "other-gateway"]
CaseOutcome = Literal["asked", "opened", "known", "decided"]


class SettlementRefused(Exception):
    """The file cannot be this gateway's of this date; nothing was compared with it and nothing written.

    Attributes:
        reason: Why.
        payments: How many payments it holds.
        dates: The first and the last date in it, where it holds any.
    """

    def __init__(self, reason: RefusalReason, payments: int, dates: tuple[date, date] | None) -> None:
        super().__init__(reason)
        self.reason: RefusalReason = reason
        self.payments = payments
        self.dates = dates


@dataclass(frozen=True, slots=True)
class ComparedBook:
    """One of the gateway's books, and what came of comparing it.

    Attributes:
        source: Its list, or its settlement file.
        failed: Why it could not be had: an error's code, or ``suspended``. There is then nothing else.
        comparison: What came of it.
        other_dates: How many of its payments were taken on other dates; they are compared all the same.
        not_taken: How many lines are of payments that were not taken.
        unread: The lines that could not be read.
    """

    source: BookSource
    failed: str | None = None
    comparison: BookComparison | None = None
    other_dates: int = 0
    not_taken: int = 0
    unread: tuple[UnreadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundDifference:
    """A difference, and what became of it.

    Attributes:
        case: The case's id.
        difference: What differs.
        sources: Which of the books have it.
        outcome: ``asked``: the gateway is asked about the payment. ``opened``: it waits for an officer from now on.
            ``known``: it did before. ``decided``: an officer has closed it.
    """

    case: str
    difference: PaymentDifference
    sources: tuple[BookSource, ...]
    outcome: CaseOutcome


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of reconciling one gateway's payments of a date.

    Attributes:
        gateway: The gateway's id.
        day: The date, in Dhaka.
        taken_here: How many payments of ours were taken on it.
        books: What they were compared with; none where the gateway lists none and no file was given.
        found: What differs.
        settled: How many earlier differences the gateway's answer has settled since.
    """

    gateway: str
    day: date
    taken_here: int
    books: tuple[ComparedBook, ...]
    found: tuple[FoundDifference, ...]
    settled: int

    @property
    def is_compared(self) -> bool:
        """Whether all books that there are were had, and there are any, or nothing was taken."""
        return all(book.failed is None for book in self.books) and (bool(self.books) or not self.taken_here)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to anybody."""
        unread = any(book.unread for book in self.books)
        return self.is_compared and not unread and all(one.outcome == "decided" for one in self.found)


class _Book(NamedTuple):
    source: BookSource
    entries: Sequence[BookEntry]
    elsewhere: frozenset[str] = frozenset()
    whole: bool = True
    not_taken: int = 0
    unread: tuple[UnreadLine, ...] = ()


async def reconcile(
    host: Host, gateway: str, day: date, settlement: SettlementFile | None = None, *, empty: bool = False
) -> Reconciliation:
    """Compare one gateway's payments of a date, and leave no difference without a question or a case.

    Run again, and by several at once, it makes no second case of the same difference.

    Args:
        host: Whose payments.
        gateway: The gateway's id.
        day: The date in Dhaka.
        settlement: The gateway's settlement file; without one it is compared with the gateway's list alone.
        empty: Whether a file without any payment is taken for what it says, though payments were taken here.

    Raises:
        ServiceNotOffered: No installed plugin offers the gateway.
        SettlementRefused: The file is of another date or gateway, or holds no payment though some were taken.
    """
    first, before = _bounds(day)
    taken = await host.database.run(partial(payments_taken, gateway=gateway, first=first, before=before))
    books: list[_Book] = []
    failed: list[ComparedBook] = []
    if settlement is not None:
        await _refuse_others(host, settlement, gateway, day, taken=len(taken), empty=empty)
        unread_names = frozenset[str]().union(*(line.names for line in settlement.unread))
        books.append(
            _Book(
                "file",
                settlement.entries,
                unread_names,
                settlement.is_whole,
                settlement.not_taken,
                settlement.unread,
            )
        )
    if Operation.LIST_PAYMENTS in host.platform.gateway(gateway).reads:
        listed = await _listed(host, gateway, day)
        if isinstance(listed, str):
            failed.append(ComparedBook("list", failed=listed))
        else:
            books.insert(0, _Book("list", listed))
    compared = [await _compared(host, gateway, day, taken, book) for book in books]
    if any(_is_missing_around_midnight(one, first, before) for one in compared):
        beside = await _beside(host, gateway, day)
        books = [book._replace(elsewhere=book.elsewhere | beside) for book in books]
        compared = [await _compared(host, gateway, day, taken, book) for book in books]
    found, settled = await _keep(host, gateway, day, books, compared)
    shown = [
        ComparedBook(
            book.source,
            comparison=one,
            other_dates=sum(entry.day != day for entry in book.entries),
            not_taken=book.not_taken,
            unread=book.unread,
        )
        for book, one in zip(books, compared, strict=True)
    ]
    return Reconciliation(gateway, day, len(taken), (*failed, *shown), tuple(found), settled)


async def left_out(host: Host, day: date) -> list[Reconciliation]:
    """The gateways that took payments on a date and that nobody can ask any more: not installed, or not let in."""
    first, before = _bounds(day)
    taken = await host.database.run(partial(gateways_taken, first=first, before=before))
    known = {one.id for one in host.platform.gateways}
    return [
        Reconciliation(shown(gateway), day, number, (ComparedBook("list", failed=NOT_OFFERED),), (), 0)
        for gateway, number in taken.items()
        if gateway not in known
    ]


def _bounds(day: date, days: int = 1) -> tuple[datetime, datetime]:
    """From midnight in Dhaka to midnight."""
    return tuple(datetime.combine(day + timedelta(n), time(), dhaka_zone()) for n in (0, days))  # type: ignore[return-value]


async def _listed(host: Host, gateway: str, day: date) -> list[BookEntry] | str:
    """What the gateway lists of a date, or why it could not be asked."""
    plugin = gateway.partition(".")[0]
    suspended = await host.database.run(suspended_offers)
    if suspended.covers(plugin=plugin, service=gateway, target_plugin=plugin):
        return SUSPENDED
    try:
        answer = await host.platform.list_payments(ListPaymentsRequest(gateway=gateway, day=day))
    except NagorikError as error:
        return error.code
    return [
        BookEntry(
            reference=one.reference,
            payment=one.payment,
            amount=one.amount,
            refunded=one.refunded,
            day=dhaka_date(one.captured_at),
        )
        for one in answer.payments
    ]


async def _refuse_others(
    host: Host, settlement: SettlementFile, gateway: str, day: date, *, taken: int, empty: bool
) -> None:
    entries = settlement.entries
    dates = (min(one.day for one in entries), max(one.day for one in entries)) if entries else None
    if not settlement.lines and taken and not empty:
        raise SettlementRefused("no-payments", 0, None)
    if entries and all(one.day != day for one in entries):
        raise SettlementRefused("other-date", len(entries), dates)
    named = await host.database.run(partial(payments_named, entries=entries))
    if named and all(one.gateway != gateway for one in named):
        raise SettlementRefused("other-gateway", len(entries), dates)


async def _compared(host: Host, gateway: str, day: date, taken: Iterable[OurPayment], book: _Book) -> BookComparison:
    named = await host.database.run(partial(payments_named, entries=book.entries))
    ours = {one.id: one for one in (*taken, *named)}
    times = Counter(entry.payment for entry in book.entries)
    wanted = {payment for payment, number in times.items() if payment is not None and number > 1}
    if None in times or book.unread:
        # By the gateway's number alone: whatever may have been begun or taken about then can be meant.
        first, before = _bounds(day)
        around = partial(payments_begun, gateway=gateway, first=first - LONGEST_SESSION, before=before)
        ours |= {one.id: one for one in await host.database.run(around)}
        wanted |= set(ours)
    known = await _with_references(host, [one for one in ours.values() if one.id in wanted])
    return compare(
        (ours | {one.id: one for one in known}).values(),
        book.entries,
        gateway=gateway,
        day=day,
        elsewhere=book.elsewhere,
        whole=book.whole,
    )


async def _with_references(host: Host, payments: Sequence[OurPayment]) -> list[OurPayment]:
    """The payments with the gateway's number of each, which is sealed; of what was erased there is none."""

    def read(transaction: Transaction, part: Sequence[OurPayment]) -> list[OurPayment]:
        found = []
        for payment in part:
            try:
                progress = host.store.read(transaction, payment.application).progress
            except (Erased, NoSuchApplication):
                continue
            found.append(replace(payment, reference=progress.payment(payment.id).reference))
        return found

    parts = (payments[at : at + _AT_ONCE] for at in range(0, len(payments), _AT_ONCE))
    return [one for part in parts for one in await host.database.run(partial(read, part=part))]


def _is_missing_around_midnight(compared: BookComparison, first: datetime, before: datetime) -> bool:
    times = [
        one.ours.captured_at
        for one in compared.differences
        if one.kind is DifferenceKind.MISSING_THERE and one.ours is not None and one.ours.captured_at is not None
    ]
    return any(at - first <= AROUND_MIDNIGHT or before - at <= AROUND_MIDNIGHT for at in times)


async def _beside(host: Host, gateway: str, day: date) -> frozenset[str]:
    """What the gateway lists of the dates before and after; nothing where it cannot be asked."""
    if Operation.LIST_PAYMENTS not in host.platform.gateway(gateway).reads:
        return frozenset()
    names: set[str] = set()
    for other in (day - timedelta(1), day + timedelta(1)):
        listed = await _listed(host, gateway, other)
        if not isinstance(listed, str):
            names |= {name for entry in listed for name in (entry.payment, entry.reference) if name is not None}
    return frozenset(names)


async def _keep(
    host: Host, gateway: str, day: date, books: Sequence[_Book], compared: Sequence[BookComparison]
) -> tuple[list[FoundDifference], int]:
    """Keep all differences of the books, each once; and how many earlier ones are settled."""
    differences: dict[str, PaymentDifference] = {}
    sources: dict[str, list[BookSource]] = {}
    for book, one in zip(books, compared, strict=True):
        for difference in one.differences:
            identity = case_id(host.vault, gateway, difference)
            differences.setdefault(identity, difference)
            if book.source not in sources.setdefault(identity, []):
                sources[identity].append(book.source)
    # In one order for everybody, so that of two at once neither waits for the other in turn.
    ids = sorted(differences)
    outcomes: dict[str, CaseOutcome] = {}
    for at in range(0, len(ids), _AT_ONCE):
        part = {identity: differences[identity] for identity in ids[at : at + _AT_ONCE]}
        keep = partial(_keep_part, host=host, gateway=gateway, day=day, part=part)
        try:
            outcomes |= await host.database.run(keep)
        except IntegrityError:
            # Somebody else found one of them at the same time: it is known this time.
            outcomes |= await host.database.run(keep)
    differing = {one.ours.id for one in differences.values() if one.ours is not None}
    agreed = frozenset[str]().union(*(one.agreed for one in compared)) - differing
    now = host.clock.now()
    settled = await host.database.run(partial(end_agreed, agreed=agreed, now=now))
    found = [FoundDifference(i, one, tuple(sources[i]), outcomes[i]) for i, one in differences.items()]
    return found, settled


def _keep_part(
    transaction: Transaction, *, host: Host, gateway: str, day: date, part: dict[str, PaymentDifference]
) -> dict[str, CaseOutcome]:
    now = host.clock.now()
    known = read_cases(transaction, part)
    outcomes: dict[str, CaseOutcome] = {}
    for identity, difference in part.items():
        case = known.get(identity)
        if case is not None:
            outcomes[identity] = _again(transaction, host, case, now)
            continue
        asked = difference.kind is DifferenceKind.CAPTURED_THERE and _ask(transaction, host, difference.ours)
        add_case(
            transaction,
            host.vault,
            identity,
            difference,
            gateway=gateway,
            day=day.isoformat(),
            asked=asked,
            now=now,
        )
        outcomes[identity] = "asked" if asked else "opened"
    return outcomes


def _ask(transaction: Transaction, host: Host, ours: OurPayment | None) -> bool:
    """Have the gateway asked about a payment, as after a notice; whether that is possible."""
    if ours is None:
        return False
    try:
        host.ask_about_payment(transaction, ours.application, ours.id)
    except (NotPossible, NagorikError, Erased, NoSuchApplication):
        return False
    return True


def _again(transaction: Transaction, host: Host, case: PaymentCase, now: datetime) -> CaseOutcome:
    """What a difference is that was found before."""
    match case.standing:
        case "decided":
            return "decided"
        case "waiting":
            return "known"
        case "asked" if _is_asked_still(transaction, host, case, now):
            return "asked"
    hand_over(transaction, case.id, now)
    return "opened"


def _is_asked_still(transaction: Transaction, host: Host, case: PaymentCase, now: datetime) -> bool:
    """Whether the gateway's answer is still to come, and worth waiting for."""
    if case.application is None or case.payment is None or case.asked_at is None or now - case.asked_at > PATIENCE:
        return False
    try:
        progress = host.store.read(transaction, case.application).progress
    except (Erased, NoSuchApplication):
        return False
    return progress.payment(case.payment).noticed
