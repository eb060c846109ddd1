"""Compare every application with its journal, and its row with what the ledger says was set; each in one snapshot."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import RowMapping, select

from nagorik_host.store.application_store import PROGRESS, ApplicationStore
from nagorik_host.store.audit.findings import AuditFinding, Verified, read_page, within
from nagorik_host.store.chain import ChainBroken, JournalEntry, event_of, verify_chain
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.ledger import plain, record_of_attempt, record_of_draft, record_of_erasure
from nagorik_host.store.projections import rows_of
from nagorik_host.store.repair import is_behind
from nagorik_host.store.schema import applications, attempts, journal, payloads, payments, shown
from nagorik_host.vault import DataKey, KeyMissing, SealBroken, Vault
from nagorik_platform.lifecycle import IllegalTransition, JournalBroken, Progress, amounts_to
from nagorik_platform.tracebacks import type_name

_TAKEN: Final = frozenset({"revision", "updated_at", "due_at", "operation", "target_plugin", "lease"})
"""Columns that a claim sets of which the ledger has no record yet: the call only reads."""

_Owned = Mapping[str, Sequence[RowMapping]]
"""An application's rows in other tables, by table and in the order of their keys."""
_Entries = Sequence[JournalEntry]
_Found = Iterator[tuple[str, str]]
"""Codes of findings, each with its detail."""


async def verify_journals(database: Database, vault: Vault) -> AsyncIterator[Verified]:
    """Verify every application, in the order of ids; one that is missing, too."""
    after: str | None = None
    while True:
        page, after = await database.snapshot(partial(_page, vault=vault, after=after))
        for verified in page:
            yield verified
        if after is None:
            return


def _page(transaction: Transaction, *, vault: Vault, after: str | None) -> tuple[list[Verified], str | None]:
    page = read_page(transaction, applications, after)
    owned: dict[str, dict[str, list[RowMapping]]] = defaultdict(lambda: defaultdict(list))
    for table in (payloads, journal, attempts, payments):
        rows = select(table).where(*within(table.c.application, after, page.last)).order_by(*table.primary_key)
        for row in transaction.connection.execute(rows).mappings():
            owned[row["application"]][table.name].append(row)
    verified = []
    for name in sorted(page.rows.keys() | page.records.keys()):
        found = dict.fromkeys(_findings(page.rows.get(name), page.records.get(name, []), owned[name], vault))
        verified.append(Verified([AuditFinding(code, shown(name), detail) for code, detail in found], shown(name)))
    return verified, page.last


def _findings(row: RowMapping | None, records: Sequence[Mapping[str, Any]], owned: _Owned, vault: Vault) -> _Found:
    if row is None or not records:
        yield "application-missing" if row is None else "application-unknown", ""
        return
    written = {"erased_at": None} | {name: value for record in records for name, value in record.items()}
    entries = [JournalEntry(**entry) for entry in owned[journal.name]]
    yield from _journal(row, entries, records, vault)
    yield from _row(row, written)
    progress = None
    if written["erased_at"] is not None:
        yield from _erased(row, owned, written)
    else:
        if [record_of_draft(one) for one in owned[payloads.name]] != [{"draft": written.get("draft")}]:
            yield "draft-differs", ""
        if row["data_key"] is None:
            return
        try:
            key = vault.data_key(row["data_key"], row["id"])
            progress = Progress.model_validate_json(key.open(row["progress"], PROGRESS))
        except (KeyMissing, SealBroken, ValueError) as broken:
            yield "key-broken", shown(str(broken))
            return
        yield from _as_journalled(row, owned, entries, key, progress, vault)
    yield from _calls(row, owned, written, progress)


def _journal(row: RowMapping, entries: _Entries, records: Sequence[Mapping[str, Any]], vault: Vault) -> _Found:
    """Verify that the journal is whole, and that the row never went back in it."""
    journalled = {"application": row["id"], "head": row["chain"], "count": row["entries"], "vault": vault}
    try:
        verify_chain(entries, **journalled)
    except ChainBroken as broken:
        yield "journal-broken", str(broken)
        if is_behind(entries, **journalled):
            yield "row-behind", f"entry {row['entries']} of {len(entries)}"
        return
    links = {one.entry: plain(one.link) for one in entries}
    revision = reached = 0
    for record in records:
        if record.get("repaired"):
            revision = reached = 0
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
    expected = {name: value for name, value in written.items() if name in row and not (is_taken and name in _TAKEN)}
    yield from (("row-differs", name) for name, value in expected.items() if plain(row[name]) != value)
    if (row["data_key"] is None) != (written["erased_at"] is not None):
        yield "row-differs", "data_key"
    if row["lease"] is None and row["lease_until"] is not None:
        yield "row-differs", "lease_until"


def _erased(row: RowMapping, owned: _Owned, written: Mapping[str, Any]) -> _Found:
    """Verify that no data of the citizen are back, and that all else is as it was left."""
    if row["data_key"] is not None or owned[payloads.name]:
        yield "erasure-undone", ""
    left = record_of_erasure(row, owned[payments.name])
    if left["progress_left"] != written.get("progress_left"):
        yield "row-differs", "progress"
    if left["payments_left"] != written.get("payments_left"):
        yield "payments-differ", ""


def _as_journalled(
    row: RowMapping, owned: _Owned, entries: _Entries, key: DataKey, progress: Progress, vault: Vault
) -> _Found:
    """Compare what follows from the journal."""
    try:
        events = [event_of(entry, key) for entry in entries]
        if not amounts_to(events, progress):
            yield "row-differs", "progress"
            return
    except (IllegalTransition, JournalBroken, SealBroken, LookupError, TypeError, ValueError) as error:
        yield "journal-broken", f"cannot be read: {type_name(error)}"
        return
    if [dict(one) for one in owned[payments.name]] != rows_of(progress, events):
        yield "payments-differ", ""
    store, reference = ApplicationStore(vault), progress.agency_reference
    if row["client_reference"] != store.hash_client_reference(progress.client_reference):
        yield "row-differs", "client_reference"
    if row["agency_reference"] != (reference and store.hash_agency_reference(row["plugin"], reference)):
        yield "row-differs", "agency_reference"


def _calls(row: RowMapping, owned: _Owned, written: Mapping[str, Any], progress: Progress | None) -> _Found:
    """Compare the calls that were made, and verify that a worker makes the one that the lease is for."""
    calls = {name: call for one in owned[attempts.name] for name, call in record_of_attempt(one).items()}
    begun = progress.attempt if progress is not None else None
    in_flight = begun and [begun.operation.value, begun.subject, row["lease"], plain(begun.began_at), None, None]
    recorded = {name: value for name, value in written.items() if name.startswith("attempt/")}
    for name in sorted(recorded.keys() | calls.keys()):
        # A call that only reads is recorded when it has ended.
        if calls.get(name) != recorded.get(name, in_flight):
            yield "attempts-differ", name
    if row["lease"] is not None and in_flight not in calls.values():
        yield "held-by-nobody", ""
