"""Every application against its journal, and its row against what the ledger says was set in it.

All that is compared of an application is read in one snapshot, so that work that goes on meanwhile is no finding.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import RowMapping, select

from nagorik_host.store.application_store import PROGRESS, ApplicationStore
from nagorik_host.store.audit.findings import AuditFinding, Page, read_page, within
from nagorik_host.store.chain import ChainBroken, JournalEntry, event_of, verify_chain
from nagorik_host.store.checkouts import read_checkout
from nagorik_host.store.clock import ENDS_WITHIN
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.ledger import plain, record_of_attempt, record_of_draft, record_of_erasure
from nagorik_host.store.projections import rows_of
from nagorik_host.store.repair import is_behind
from nagorik_host.store.schema import applications, attempts, checkouts, journal, payloads, payments, shown
from nagorik_host.vault import DataKey, KeyMissing, SealBroken, Vault
from nagorik_platform.lifecycle import IllegalTransition, JournalBroken, Progress, amounts_to
from nagorik_platform.tracebacks import type_name

APART: Final = timedelta(minutes=5)
"""By how much the clocks of machines may differ."""

_OWNED: Final = (payloads, journal, attempts, checkouts, payments)
"""Tables whose rows belong to an application."""
_TAKEN: Final = frozenset({"revision", "updated_at", "due_at", "operation", "target_plugin", "lease"})
"""Columns that a claim sets of which the ledger has no record yet: the call only reads."""
_UNREADABLE: Final = (IllegalTransition, JournalBroken, SealBroken, LookupError, TypeError, ValueError)

_Found = Iterator[tuple[str, str]]
"""Codes of findings, each with its detail."""


class Verified(NamedTuple):
    """What was found of one application.

    Attributes:
        application: Its id.
        entries: How many entries its journal has.
        findings: What is wrong.
        erased: Whether the citizen's data were erased, so that the events themselves cannot be read.
        is_present: Whether there is a row of it at all.
    """

    application: str
    entries: int
    findings: Sequence[AuditFinding]
    erased: bool
    is_present: bool


class _Known(NamedTuple):
    """All that the database has of one application.

    Attributes:
        row: Its row of ``applications``.
        owned: Its rows in other tables, by table and in the order of their keys.
        records: What the ledger says of it, in the order of revisions.
        written: What these amount to: by name, the last value.
    """

    row: RowMapping
    owned: Mapping[str, Sequence[RowMapping]]
    records: Sequence[Mapping[str, Any]]
    written: Mapping[str, Any]


async def verify_journals(
    database: Database, vault: Vault, *, lease_now: datetime | None = None
) -> AsyncIterator[Verified]:
    """Verify every application, in the order of ids.

    Args:
        database: The host's.
        vault: Its keys.
        lease_now: The time by which leases end, where it is not the system's.
    """
    after: str | None = None
    while True:
        now = lease_now or datetime.now(UTC)
        page, after = await database.snapshot(partial(_page, vault=vault, now=now, after=after))
        for verified in page:
            yield verified
        if after is None:
            return


def _page(
    transaction: Transaction, *, vault: Vault, now: datetime, after: str | None
) -> tuple[list[Verified], str | None]:
    page = read_page(transaction, applications, after)
    owned: dict[str, dict[str, list[RowMapping]]] = defaultdict(lambda: defaultdict(list))
    for table in _OWNED:
        rows = select(table).where(*within(table.c.application, after, page.last)).order_by(*table.primary_key)
        for row in transaction.connection.execute(rows).mappings():
            owned[row["application"]][table.name].append(row)
    return [_verified(name, page, owned[name], vault, now) for name in page.subjects], page.last


def _verified(
    name: str, page: Page, owned: Mapping[str, Sequence[RowMapping]], vault: Vault, now: datetime
) -> Verified:
    row, records = page.rows.get(name), page.records.get(name, [])
    if row is None:
        found = [("application-missing", "")]
    elif not records:
        found = [("application-unknown", "")]
    else:
        written = {"erased_at": None} | {name: value for record in records for name, value in record.items()}
        found = list(dict.fromkeys(_findings(_Known(row, owned, records, written), vault, now)))
    return Verified(
        application=shown(name),
        entries=len(owned[journal.name]),
        findings=[AuditFinding(code, shown(name), detail) for code, detail in found],
        erased=row is not None and row["data_key"] is None,
        is_present=row is not None,
    )


def _findings(known: _Known, vault: Vault, now: datetime) -> _Found:
    row, owned, written = known.row, known.owned, known.written
    entries = [JournalEntry(**entry) for entry in owned[journal.name]]
    is_erased = written.get("erased_at") is not None
    yield from _journal(known, entries, vault)
    yield from _row(row, written)
    if is_erased:
        yield from _erased(known)
        progress = None
    else:
        drafts = [record_of_draft(one) for one in owned[payloads.name]]
        if drafts != [{"draft": written.get("draft")}]:
            yield "draft-differs", ""
        if row["data_key"] is None:
            return
        try:
            key = vault.data_key(row["data_key"], row["id"])
            progress = Progress.model_validate_json(key.open(row["progress"], PROGRESS))
        except (KeyMissing, SealBroken, ValueError) as broken:
            yield "key-broken", shown(str(broken))
            return
        yield from _as_journalled(known, entries, key, progress, vault)
    yield from _calls(known, progress, now)


def _journal(known: _Known, entries: Sequence[JournalEntry], vault: Vault) -> _Found:
    """Verify that the journal is whole, and that the row never went back in it."""
    row = known.row
    journalled = {"application": row["id"], "head": row["chain"], "count": row["entries"]}
    try:
        verify_chain(entries, **journalled, vault=vault)
    except ChainBroken as broken:
        yield "journal-broken", str(broken)
        if is_behind(entries, **journalled, vault=vault):
            yield "row-behind", f"entry {row['entries']} of {len(entries)}"
        return
    links = {one.entry: plain(one.link) for one in entries}
    revision = reached = 0
    for record in known.records:
        if record.get("repaired"):
            revision, reached = 0, 0
        came_to = record.get("entries", reached)
        if record["revision"] == revision or came_to < reached or links.get(came_to) != record.get("chain"):
            yield "application-rolled-back", f"revision {record['revision']}, entry {came_to}"
            return
        revision, reached = record["revision"], came_to
    if row["revision"] < revision:
        yield "application-rolled-back", f"revision {row['revision']} of {revision}"


def _row(row: RowMapping, written: Mapping[str, Any]) -> _Found:
    """Compare the row with what the ledger says was set in it."""
    is_taken = row["lease"] is not None and row["revision"] > written["revision"]
    for name, value in written.items():
        if name in row and plain(row[name]) != value and not (is_taken and name in _TAKEN):
            yield "row-differs", name
    if (row["data_key"] is None) != (written.get("erased_at") is not None):
        yield "row-differs", "data_key"
    if row["lease"] is None and row["lease_until"] is not None:
        yield "row-differs", "lease_until"


def _erased(known: _Known) -> _Found:
    """Verify that no data of the citizen are back, and that all else is as it was left."""
    if known.row["data_key"] is not None or known.owned[payloads.name]:
        yield "erasure-undone", ""
        return
    left = record_of_erasure(known.row, {payments.name: known.owned[payments.name]})["left"]
    for name, value in left.items():
        if value != known.written["left"].get(name):
            yield ("row-differs", name) if name == "progress" else (f"{name}-differ", "")
    if known.owned[checkouts.name]:
        yield "checkouts-differ", "there is none of what was erased"


def _as_journalled(
    known: _Known, entries: Sequence[JournalEntry], key: DataKey, progress: Progress, vault: Vault
) -> _Found:
    """Compare what follows from the journal."""
    try:
        events = [event_of(entry, key) for entry in entries]
        if not amounts_to(events, progress):
            yield "row-differs", "progress"
            return
    except _UNREADABLE as error:
        yield "journal-broken", f"cannot be read: {type_name(error)}"
        return
    if [dict(one) for one in known.owned[payments.name]] != rows_of(progress, events):
        yield "payments-differ", ""
    store, reference, plugin = ApplicationStore(vault), progress.agency_reference, known.row["plugin"]
    references = {
        "client_reference": store.hash_client_reference(progress.client_reference),
        "agency_reference": reference and store.hash_agency_reference(plugin, reference),
    }
    yield from (("row-differs", name) for name, value in references.items() if known.row[name] != value)
    for row in known.owned[checkouts.name]:
        try:
            read_checkout(key, progress.payment(row["payment"]).id, row["sealed"])
        except _UNREADABLE:
            yield "checkouts-differ", f"payment {shown(row['payment'])}"


def _calls(known: _Known, progress: Progress | None, now: datetime) -> _Found:
    """Compare the calls that were made, and verify that a worker makes the one that the lease is for."""
    row = known.row
    calls: dict[str, Any] = {}
    for one in known.owned[attempts.name]:
        calls |= record_of_attempt(one)
    begun = progress.attempt if progress is not None else None
    in_flight = begun and [begun.operation.value, begun.subject, row["lease"], plain(begun.began_at), None, None]
    recorded = {name: value for name, value in known.written.items() if name.startswith("attempt/")}
    for name in sorted(recorded.keys() | calls.keys()):
        # A call that only reads is recorded when it has ended.
        if calls.get(name) != recorded.get(name, in_flight):
            yield "attempts-differ", name
    until = row["lease_until"]
    if row["lease"] is not None and (
        until is None
        or until > now + ENDS_WITHIN + APART
        or not any(worker == row["lease"] and end is None for _, _, worker, _, end, _ in calls.values())
    ):
        yield "held-by-nobody", ""
