"""The host's database against the agencies' own ledgers: whatever the two disagree about is a finding."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, select

from nagorik.model.application import DocumentStore
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.values import Money
from nagorik_host.host import Host, Tracked
from nagorik_host.store import Transaction
from nagorik_host.store.audit import verify_journals, verify_ledger
from nagorik_host.store.schema import applications, attempts, journal
from nagorik_platform.lifecycle import IllegalTransition, JournalBroken, Payment, amounts_to, is_settled
from nagorik_platform.lifecycle.next_action import next_look_at
from nagorik_platform.lifecycle.rules.holds import MONEY_HOLDS
from nagorik_platform.lifecycle.tables import MONEY_ASKED_ABOUT, MONEY_FOR_A_PERSON, MONEY_TAKEN
from nagorik_testing.campaign.agencies import SimulatedAgencies
from nagorik_testing.campaign.cases import CampaignCase
from nagorik_testing.campaign.told import ToldComparison
from nagorik_testing.simulator.ledger import Effect

_NOBODY_KNOWS: Final = frozenset({S.SUBMITTING, S.SUBMISSION_UNKNOWN, S.MANUAL_REVIEW})
"""States in which the agency may hold an application whose reference the platform does not know."""
_STILL_ASKED: Final = MONEY_ASKED_ABOUT
_SAID_NO_MONEY: Final = frozenset({P.QUOTED, P.FAILED, P.EXPIRED, P.CANCELLED})
_ON_ITS_WAY_BACK: Final = frozenset({P.REFUND_REQUESTED, P.REFUND_PENDING})
UNDER_WAY: Final = timedelta(hours=36)
"""For how long a gateway may be asked about a payment that a campaign's time has run out on; so long its time is."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that must never happen.

    Attributes:
        application: The application's alias, or ``-`` for what belongs to none.
        code: What it is, such as ``filed-twice``.
        detail: States and numbers, nothing that leads to a citizen.
    """

    application: str
    code: str
    detail: str


@dataclass(slots=True)
class Comparison:
    """What was counted and found."""

    ends: Counter[str] = field(default_factory=Counter)
    """Applications by how they stand: a state, with what they wait for."""
    findings: list[Discrepancy] = field(default_factory=list)


async def compare(
    host: Host, agencies: SimulatedAgencies, documents: DocumentStore, cases: Sequence[CampaignCase]
) -> Comparison:
    """Compare all applications of a campaign; nobody works on the database or the host's ``documents`` meanwhile."""
    comparison = Comparison()
    filed, captured, refunded = agencies.filed(), agencies.captured(), agencies.refunded()
    told = ToldComparison(host, agencies, documents, cases)
    now = host.clock.now()
    rows = {row.id: row for row in await host.database.run(_rows)}
    known: set[str] = set()
    paid: set[str] = set()
    for case in cases:
        row = rows.get(str(case.id))
        if row is None:
            comparison.findings.append(Discrepancy(case.alias, "lost", "handed in and not in the database"))
            continue
        tracked = await host.track(row.id)
        known.add(tracked.progress.client_reference)
        paid |= {payment.id for payment in tracked.progress.payments}
        comparison.ends[_end(row)] += 1
        problems = (
            *_row(row, now),
            *_filing(tracked, filed, leaves_one=case.files),
            *_money(tracked, captured, refunded, looked_after=case.officer, now=now),
            *await told.problems(tracked, row, case),
            *_journal(tracked),
        )
        comparison.findings += [Discrepancy(case.alias, code, detail) for code, detail in problems]
    comparison.findings += [Discrepancy("-", "filed-by-nobody", name) for name in _names(filed, known)]
    comparison.findings += [Discrepancy("-", "captured-for-nobody", name) for name in _names(captured, paid)]
    for record in host.platform.plugins:
        if record.quarantine is not None:
            comparison.findings.append(
                Discrepancy("-", "plugin-quarantined", f"{record.id}: {record.quarantine.reason}")
            )
    aliases = {str(case.id): case.alias for case in cases}
    async for problem in _audit(host):
        comparison.findings.append(Discrepancy(aliases.get(problem[0], "-"), *problem[1:]))
    return comparison


def _end(row: Row[Any]) -> str:
    return f"{row.state}, waits for the {row.hold_party}: {row.hold_code}" if row.hold_party else str(row.state)


def _row(row: Row[Any], now: datetime) -> Iterator[tuple[str, str]]:
    """Whether somebody or something will move it."""
    if row.blocked is not None:
        yield "blocked", f"{row.blocked} in {row.state}"
    elif row.lease is not None:
        yield "left-in-hand", f"{row.state}"
    elif row.due_at is not None and row.due_at <= now:
        yield "due-and-left", f"{row.operation} in {row.state}"
    elif row.closed_at is None and row.due_at is None and row.hold_party is None:
        yield "waits-for-nobody", f"{row.state}"


def _filing(
    tracked: Tracked, filed: Mapping[str, Sequence[tuple[str, Effect]]], *, leaves_one: bool
) -> Iterator[tuple[str, str]]:
    progress = tracked.progress
    there = filed.get(progress.client_reference, ())
    if len(there) > 1:
        yield "filed-twice", f"{len(there)} at the agency"
    if there and not progress.is_filed and progress.state not in _NOBODY_KNOWS:
        yield "filed-and-unknown", f"{progress.state.value} here"
    if (
        progress.is_filed
        and leaves_one
        and progress.agency_reference not in {effect.reference for _, effect in there}
    ):
        yield "never-filed", f"{progress.state.value} here and not at the agency"


def _money(
    tracked: Tracked,
    captured: Mapping[str, Sequence[tuple[str, Effect]]],
    refunded: Mapping[str, Sequence[tuple[str, Effect]]],
    *,
    looked_after: bool,
    now: datetime,
) -> Iterator[tuple[str, str]]:
    progress = tracked.progress
    # What comes out of a payment after the end is an officer's, and waits for one where there is none.
    asks_an_officer = progress.hold is not None and progress.hold.code in MONEY_HOLDS
    waits = not looked_after and asks_an_officer
    kept: Counter[str] = Counter()
    for payment in progress.payments:
        in_hand = _is_in_hand(payment, now) or (asks_an_officer and payment.state in MONEY_FOR_A_PERSON)
        is_open = in_hand and progress.state is not S.CLOSED
        is_asked = is_open and payment.state in _STILL_ASKED
        taken = _captures(payment, captured.get(payment.id, ()), is_asked=is_asked)
        back = len(refunded.get(payment.id, ()))
        kept[payment.stage] += 0 if is_open or payment.state is P.REFUND_MANUAL else max(taken - back, 0)
        if taken > 1:
            yield "captured-twice", f"{taken} times"
        if back > 1:
            yield "refunded-twice", f"{back} times"
        closed = progress.state is S.CLOSED and not (waits and payment.state is P.UNDER_INVESTIGATION)
        yield from _payment(payment, taken=bool(taken), back=bool(back), closed=closed)
    for stage, number in kept.items():
        if number > 1:
            yield "charged-twice", f"{number} payments kept for {stage}"


def _is_in_hand(payment: Payment, now: datetime) -> bool:
    """Whether the host will see to it yet: it asks whether there is money, or has asked for it to be given back."""
    if payment.state in _SAID_NO_MONEY:
        return next_look_at(payment) is not None
    since = payment.moved_at or payment.opened_at
    return payment.state in _STILL_ASKED | _ON_ITS_WAY_BACK and now - since <= UNDER_WAY


def _captures(payment: Payment, captured: Sequence[tuple[str, Effect]], *, is_asked: bool) -> int:
    """How often money was taken; twice for one payment is once where the whole sum is known, or still asked for."""
    amounts = [Money.taka(effect.amount) for _, effect in captured if effect.amount is not None]
    known = payment.taken is not None and payment.taken.poisha == sum(amount.poisha for amount in amounts)
    is_once = known or is_asked or next_look_at(payment) is not None
    return min(len(captured), 1) if is_once else len(captured)


def _payment(payment: Payment, *, taken: bool, back: bool, closed: bool) -> Iterator[tuple[str, str]]:
    state = payment.state
    if taken and state in _SAID_NO_MONEY and (closed or next_look_at(payment) is None):
        yield "captured-unaccounted", f"the gateway took it, here it is {state.value}"
    if taken and closed and not is_settled(state):
        yield "closed-over-money", state.value
    if not taken and state in MONEY_TAKEN | {P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUNDED}:
        yield "never-captured", f"{state.value} here and not at the gateway"
    if state is P.REFUNDED and not back:
        yield "never-refunded", "given back here and not at the gateway"
    if closed and state in _STILL_ASKED:
        yield "closed-over-question", state.value


def _journal(tracked: Tracked) -> Iterator[tuple[str, str]]:
    try:
        if not amounts_to(tracked.events, tracked.progress):
            yield "another-row", "the journal amounts to another row"
    except (IllegalTransition, JournalBroken) as error:
        yield "illegal-journal", type(error).__name__


def _names(effects: Mapping[str, Sequence[tuple[str, Effect]]], known: set[str]) -> Iterator[str]:
    """The agency of each effect that no application in the database has caused."""
    for reference, there in effects.items():
        if reference not in known:
            yield from (name for name, _ in there)


async def _audit(host: Host) -> AsyncIterator[tuple[str, str, str]]:
    """What is not as it was written, and calls without an end that nobody has in hand."""
    async for verified in verify_journals(host.database, host.vault, lease_now=host.lease_now()):
        for finding in verified.findings:
            yield finding.subject, finding.code, finding.detail
    async for page in verify_ledger(host.database, host.vault):
        for finding in page.findings:
            yield finding.subject, finding.code, finding.detail
    for application, operation in await host.database.run(_open_attempts):
        yield application, "call-without-end", operation


def _rows(transaction: Transaction) -> Sequence[Row[Any]]:
    return transaction.connection.execute(select(applications)).all()


def _open_attempts(transaction: Transaction) -> Sequence[tuple[str, str]]:
    query = (
        select(attempts.c.application, attempts.c.operation)
        .join(applications, applications.c.id == attempts.c.application)
        .where(attempts.c.ended_at.is_(None), applications.c.lease.is_(None))
    )
    return [(row.application, row.operation) for row in transaction.connection.execute(query)]


def readable(transaction: Transaction) -> str:
    """All text in the database that is not sealed, in which no citizen may be found."""
    plain = [
        str(row) for row in transaction.connection.execute(select(applications.c.service, applications.c.hold_code))
    ]
    return "\n".join([*plain, *transaction.connection.scalars(select(journal.c.outline))])
