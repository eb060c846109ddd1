"""One gateway's payments of a date: its books fetched and read, compared, and each difference settled or a case.

Neither side is believed. Money that the gateway's books have and ours do not know of is asked about, as after a
notice: only the gateway's own response about that payment counts. What has not been settled so within a day waits
for an officer.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from nagorik_host.reconciliation.settlement_file import SettlementFile
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.database import Transaction
from nagorik_host.store.payment_cases import (
    add_case,
    case_id,
    end_agreed,
    gateways_taken,
    hand_over,
    payments_begun,
    payments_named,
    payments_taken,
    read_case,
)
from nagorik_host.vault import Erased
from nagorik_platform.lifecycle import NotPossible
from nagorik_toolkit.texts import day_text

PATIENCE: Final = timedelta(days=1)
"""How long the gateway's response about one payment is waited for; then an officer looks."""
LONGEST_SESSION: Final = timedelta(days=3)
"""How long before its date a payment may have been begun that the gateway's books name by their own number alone."""
SUSPENDED: Final = "suspended"

BookSource = Literal["list", "file"]
CaseOutcome = Literal["asked", "opened", "known", "decided"]
_Compared = Mapping[BookSource, BookComparison | str]


class SettlementRefused(Exception):
    """The file cannot be this gateway's of this date; nothing was compared with it and nothing written.

    The text says what the file holds.
    """


@dataclass(frozen=True, slots=True)
class FoundDifference:
    """A difference, and what became of it."""

    case: str
    difference: PaymentDifference
    outcome: CaseOutcome
    """``asked``: the gateway is asked about the payment. ``opened``: it waits for an officer from now on.
    ``known``: it did before. ``decided``: an officer has closed it."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of reconciling one gateway's payments of a date in Dhaka."""

    gateway: str
    day: date
    taken_here: int
    books: Mapping[BookSource, BookComparison | str]
    """What came of comparing with each of the gateway's books, or why its list could not be had: an error's code or
    ``suspended``. Empty where it lists no payments and no file was given."""
    found: tuple[FoundDifference, ...]
    settled: int
    """How many earlier differences the gateway's response has settled since."""

    @property
    def is_compared(self) -> bool:
        """Whether all books that there are were had, and there are any, or no payment was taken."""
        return not self.failed and (bool(self.books) or not self.taken_here)

    @property
    def failed(self) -> str | None:
        """Why the gateway's list could not be had, if it could not."""
        return next((book for book in self.books.values() if isinstance(book, str)), None)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to be done."""
        return self.is_compared and all(one.outcome == "decided" for one in self.found)


async def gateways_of(host: Host, day: date) -> list[str]:
    """The gateways that are installed, and those that took payments on a date and are installed no more."""
    first, before = _bounds(day)
    taken = await host.database.run(partial(gateways_taken, first=first, before=before))
    return sorted({one.id for one in host.platform.gateways}.union(taken))


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
        SettlementRefused: The file is of another date or gateway, or holds no payment though some were taken.
    """
    first, before = _bounds(day)
    taken = await host.database.run(partial(payments_taken, gateway=gateway, first=first, before=before))
    if settlement is not None:
        await _refuse_others(host, settlement, gateway, day, is_empty_wrong=bool(taken) and not empty)
    listed = await _listed(host, gateway, day)
    books: dict[BookSource, Sequence[BookEntry] | str] = {"list": listed} if listed is not None else {}
    if settlement is not None:
        books["file"] = settlement.entries
    compare_all = partial(_compare_all, host, gateway, day, taken, books)
    compared = await compare_all()
    if any(difference.kind is DifferenceKind.MISSING_THERE for difference in _differing(compared)):
        # By the gateway's own clock a payment may be on the date before or after.
        beside = [await _listed(host, gateway, day + timedelta(days)) for days in (-1, 1)]
        entries = [entry for one in beside if isinstance(one, list) for entry in one]
        compared = await compare_all({name for one in entries for name in (one.payment, one.reference) if name})
    found, settled = await _keep(host, gateway, day, compared)
    return Reconciliation(gateway, day, len(taken), compared, tuple(found), settled)


def _differing(compared: _Compared) -> list[PaymentDifference]:
    return [one for book in compared.values() if isinstance(book, BookComparison) for one in book.differences]


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
            return SUSPENDED
        listed = await host.platform.list_payments(ListPaymentsRequest(gateway=gateway, day=day))
    except NagorikError as error:
        return error.code
    return [
        BookEntry(one.reference, one.amount, dhaka_date(one.captured_at), one.payment, one.refunded)
        for one in listed.payments
    ]


async def _refuse_others(
    host: Host, settlement: SettlementFile, gateway: str, day: date, *, is_empty_wrong: bool
) -> None:
    days = sorted({entry.day for entry in settlement.entries})
    if not days and not settlement.not_taken and is_empty_wrong:
        raise SettlementRefused(
            "holds no payment, but payments were taken here on that date. If that is right, say so with --no-payments"
        )
    if days and day not in days:
        held = " to ".join(dict.fromkeys(day_text(one).en for one in (days[0], days[-1])))
        raise SettlementRefused(f"holds no payment of that date; its payments are of {held}. Nothing was compared")
    named = await host.database.run(partial(payments_named, entries=settlement.entries))
    if named and all(one.gateway != gateway for one in named):
        raise SettlementRefused("holds payments of another gateway; nothing was compared")


async def _compare_all(
    host: Host,
    gateway: str,
    day: date,
    taken: Iterable[OurPayment],
    books: Mapping[BookSource, Sequence[BookEntry] | str],
    elsewhere: Collection[str] = (),
) -> _Compared:
    compared: dict[BookSource, BookComparison | str] = {}
    for source, entries in books.items():
        if isinstance(entries, str):
            compared[source] = entries
            continue
        ours = await _ours(host, gateway, day, taken, entries)
        compared[source] = compare(ours, entries, gateway=gateway, day=day, elsewhere=elsewhere)
    return compared


async def _ours(
    host: Host, gateway: str, day: date, taken: Iterable[OurPayment], entries: Sequence[BookEntry]
) -> list[OurPayment]:
    """Our payments that may be meant, with the gateway's number where an entry is found by it."""
    named = await host.database.run(partial(payments_named, entries=entries))
    ours = {one.id: one for one in (*taken, *named)}
    times = Counter(entry.payment for entry in entries)
    wanted = {payment for payment, number in times.items() if payment is not None and number > 1}
    if None in times:
        # An entry that has the gateway's number alone can be of any payment begun or taken about then.
        first, before = _bounds(day)
        around = partial(payments_begun, gateway=gateway, first=first - LONGEST_SESSION, before=before)
        ours |= {one.id: one for one in await host.database.run(around)}
        wanted |= set(ours)
    referring = partial(_with_references, host=host, ours=[one for one in ours.values() if one.id in wanted])
    return [*(ours | await host.database.snapshot(referring)).values()]


def _with_references(transaction: Transaction, *, host: Host, ours: Sequence[OurPayment]) -> dict[str, OurPayment]:
    """Payments with the gateway's number of each, which is sealed; of what was erased there is no number."""
    found = {}
    for payment in ours:
        with suppress(Erased, NoSuchApplication):
            progress = host.store.read(transaction, payment.application).progress
            found[payment.id] = replace(payment, reference=progress.payment(payment.id).reference)
    return found


async def _keep(host: Host, gateway: str, day: date, compared: _Compared) -> tuple[list[FoundDifference], int]:
    """Keep all differences of the books, each once; and how many earlier ones are settled."""
    differences: dict[str, PaymentDifference] = {}
    for difference in _differing(compared):
        differences.setdefault(case_id(host.vault, gateway, difference), difference)
    found = []
    for case, difference in differences.items():
        keep = partial(_keep_one, host=host, gateway=gateway, day=day, identity=case, difference=difference)
        try:
            outcome = await host.database.run(keep)
        except IntegrityError:
            # Another process found it at the same time: it is known this time.
            outcome = await host.database.run(keep)
        found.append(FoundDifference(case, difference, outcome))
    differing = {one.ours.id for one in differences.values() if one.ours is not None}
    agreed = {name for one in compared.values() if isinstance(one, BookComparison) for name in one.agreed}
    settled = await host.database.run(partial(end_agreed, agreed=agreed - differing, now=host.clock.now()))
    return found, settled


def _keep_one(
    transaction: Transaction, *, host: Host, gateway: str, day: date, identity: str, difference: PaymentDifference
) -> CaseOutcome:
    now = host.clock.now()
    case = read_case(transaction, identity)
    if case is None:
        asked = difference.kind is DifferenceKind.CAPTURED_THERE and _ask(transaction, host, difference.ours)
        add_case(transaction, host.vault, identity, difference, gateway=gateway, day=day, asked=asked, now=now)
        return "asked" if asked else "opened"
    if case.standing == "decided":
        return "decided"
    if case.standing == "waiting":
        return "known"
    if case.standing == "asked" and now - case.found_at <= PATIENCE:
        return "asked"
    hand_over(transaction, identity, now)
    return "opened"


def _ask(transaction: Transaction, host: Host, ours: OurPayment | None) -> bool:
    """Have the gateway asked about a payment, as after a notice; whether that is possible."""
    if ours is None:
        return False
    try:
        host.ask_about_payment(transaction, ours.application, ours.id)
    except (NotPossible, NagorikError, Erased, NoSuchApplication):
        return False
    return True
