"""The host's database against the agencies' own ledgers: where the two disagree is a finding."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from nagorik import Operation
from nagorik.model.application import DocumentStore
from nagorik.model.status import ApplicationState as S
from nagorik_host.host import Host, Tracked
from nagorik_host.store import Transaction
from nagorik_host.store.audit import verify_journals, verify_ledger
from nagorik_host.store.cases import list_cases
from nagorik_host.store.schema import applications, attempts, journal
from nagorik_platform.lifecycle import IllegalTransition, JournalBroken, amounts_to
from nagorik_platform.lifecycle.events import BookingChanged, QuoteReceived
from nagorik_simulation.campaign.agencies import EffectsByReference, SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignCase
from nagorik_simulation.campaign.money import MoneyCircumstances, ended_without_result, money_problems
from nagorik_simulation.campaign.told import ToldComparison
from nagorik_testing.simulator.ledger import Effect

_NOBODY_KNOWS: Final = frozenset({S.SUBMITTING, S.SUBMISSION_UNKNOWN, S.MANUAL_REVIEW})
"""States in which the agency may hold an application whose reference the platform does not know."""
ALL_CASES: Final = 1_000_000
"""More than a campaign has."""


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


async def compare(
    host: Host,
    agencies: SimulatedAgencies,
    documents: DocumentStore,
    cases: Sequence[CampaignCase],
    *,
    left: Collection[UUID] = (),
    refusing: Collection[str] = (),
    clocks_apart: timedelta = timedelta(0),
) -> tuple[Counter[str], list[Discrepancy]]:
    """Compare all applications of a campaign: how many stand how, a state with what they wait for, and what is found.

    No worker may use the database or the host's ``documents`` meanwhile.

    Args:
        host: Reads the database.
        agencies: With their ledgers.
        documents: The host's store.
        cases: All applications that were handed in.
        left: Those for which no officer decides any more.
        refusing: The agencies that refuse the platform's credentials though its operator had them tried: what is due
            there is left, as it should be.
        clocks_apart: By how much a worker's clock may be ahead of the agencies'.
    """
    ends, findings, now = Counter[str](), list[Discrepancy](), host.clock.now()
    filed, booked, appointments = (
        agencies.by_reference("application"),
        agencies.by_reference("appointment"),
        agencies.appointments(),
    )
    captured, refunded, recorded = map(agencies.by_reference, ("capture", "refund", "payment"))
    waiting = {one.application for one in await host.database.run(partial(list_cases, limit=ALL_CASES, now=now))}
    told = ToldComparison(host, agencies, documents, cases, clocks_apart=clocks_apart)
    rows = {row.id: row for row in await host.database.run(_rows)}
    known: set[str] = set()
    paid: set[str] = set()
    for case in cases:
        row = rows.get(str(case.id))
        if row is None:
            findings.append(Discrepancy(case.alias, "lost", "handed in and not in the database"))
            continue
        tracked = await host.track(row.id)
        reference = tracked.progress.client_reference
        known.add(reference)
        paid |= {payment.id for payment in tracked.progress.payments}
        ends[f"{row.state}, waits for the {row.hold_party}: {row.hold_code}" if row.hold_party else row.state] += 1
        circumstances = MoneyCircumstances(
            captured=captured,
            refunded=refunded,
            recorded=len(recorded.get(reference, ())),
            now=now,
            due_at=row.due_at,
            looked_after=case.officer and case.id not in left,
            is_a_case=row.id in waiting,
            is_advised=Operation.ADVISE_PAYMENT in host.platform.service(case.service).writes,
            ended_without_result=ended_without_result(tracked.events),
            quoted={one.quote.id: one.quote.total for one in tracked.events if isinstance(one, QuoteReceived)},
        )
        problems = (
            *_row(row, now, refusing),
            *_filing(tracked, filed.get(reference, ()), leaves_one=case.files),
            *money_problems(tracked.progress, circumstances),
            *await told.problems(tracked, row, case),
            *_bookings(tracked, booked.get(reference, ()), appointments),
            *_journal(tracked),
        )
        findings += [Discrepancy(case.alias, code, detail) for code, detail in problems]
    findings += [Discrepancy("-", "filed-by-nobody", name) for name in _names(filed, known)]
    findings += [Discrepancy("-", "captured-for-nobody", name) for name in _names(captured, paid)]
    findings += [
        Discrepancy("-", "plugin-quarantined", f"{record.id}: {record.quarantine.reason}")
        for record in host.platform.plugins
        if record.quarantine is not None
    ]
    aliases = {str(case.id): case.alias for case in cases}
    async for subject, code, detail in _audit(host):
        findings.append(Discrepancy(aliases.get(subject, "-"), code, detail))
    return ends, findings


def _row(row: Row[Any], now: datetime, refusing: Collection[str]) -> Iterator[tuple[str, str]]:
    """Whether a person or a worker will move it."""
    if row.blocked is not None:
        yield "blocked", f"{row.blocked} in {row.state}"
    elif row.lease is not None:
        yield "left-in-hand", f"{row.state}"
    elif row.due_at is not None and row.due_at <= now and row.target_plugin not in refusing:
        yield "due-and-left", f"{row.operation} in {row.state}"
    elif row.closed_at is None and row.due_at is None and row.hold_party is None:
        yield "waits-for-nobody", f"{row.state}"
    elif row.hold_code == "nothing-due":
        # A person is given what the lifecycle has left no way for: of every state there has to be one.
        yield "nothing-due", f"{row.state}"


def _filing(tracked: Tracked, there: Sequence[tuple[str, Effect]], *, leaves_one: bool) -> Iterator[tuple[str, str]]:
    progress = tracked.progress
    if len(there) > 1:
        yield "filed-twice", f"{len(there)} at the agency"
    if there and not progress.is_filed and progress.state not in _NOBODY_KNOWS:
        yield "filed-and-unknown", f"{progress.state.value} here"
    if progress.is_filed and leaves_one and progress.agency_reference not in {one.reference for _, one in there}:
        yield "never-filed", f"{progress.state.value} here and not at the agency"


def _bookings(
    tracked: Tracked, there: Sequence[tuple[str, Effect]], appointments: Mapping[str, datetime]
) -> Iterator[tuple[str, str]]:
    """Whether the agency has booked what was chosen, and each choice once."""
    changes = (event.booking for event in tracked.events if isinstance(event, BookingChanged))
    choices = {booking.chosen_at: booking.slot.starts_at for booking in changes if booking is not None}
    if len(there) > len(choices):
        yield "booked-twice", f"{len(there)} at the agency, and {len(choices)} were chosen"
    booking, held = tracked.progress.booking_in("booked"), {appointments.get(one.reference or "") for _, one in there}
    if booking is not None and tracked.progress.state is S.AWAITING_APPEARANCE and booking.slot.starts_at not in held:
        yield "never-booked", "booked here, and the agency holds another appointment or none"


def _journal(tracked: Tracked) -> Iterator[tuple[str, str]]:
    try:
        if not amounts_to(tracked.events, tracked.progress):
            yield "another-row", "the journal amounts to another row"
    except (IllegalTransition, JournalBroken) as error:
        yield "illegal-journal", type(error).__name__


def _names(effects: EffectsByReference, known: set[str]) -> Iterator[str]:
    """The agency of each effect that no application in the database has caused."""
    for reference, there in effects.items():
        if reference not in known:
            yield from (name for name, _ in there)


async def _audit(host: Host) -> AsyncIterator[tuple[str, str, str]]:
    """What is not as it was written, and calls without an end that no worker has in hand."""
    for verify in (verify_journals, verify_ledger):
        async for page in verify(host.database, host.vault):
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
