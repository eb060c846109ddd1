"""Every application against its journal, and both against what the ledger says was written.

What follows from the journal is worked out anew: the row's columns, and its payments, quotes and consents. What does
not follow from it is compared with the ledger: how far the journal had come, when the application is due, why it is
blocked, the form, the calls that were made, and that it was erased.

All that is compared of an application is read in one snapshot, so that whoever works meanwhile is no finding.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Column, ColumnElement, LargeBinary, Text, bindparam, cast, select, type_coerce, union
from sqlalchemy.types import NullType

from nagorik.operations import Operation
from nagorik_host.store.application_records import OPEN_COLUMNS
from nagorik_host.store.application_store import CLIENT_REFERENCE, DRAFT, PROGRESS, target_plugin
from nagorik_host.store.audit.findings import ALL, AuditFinding, Part, Verified
from nagorik_host.store.audit.typed import typed, wrong_columns
from nagorik_host.store.chain import ChainBroken, JournalEntry, event_of, verify_chain
from nagorik_host.store.checkouts import read_checkout
from nagorik_host.store.clock import ENDS_WITHIN
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.ledger import (
    APPLICATION,
    PLUGIN,
    as_kept,
    digest,
    digest_of_all,
    digest_of_attempt,
    head_of,
    in_base64,
    raw,
)
from nagorik_host.store.projections import TABLES, rows_of
from nagorik_host.store.repair import is_behind
from nagorik_host.store.schema import (
    applications,
    attempts,
    checkouts,
    journal,
    ledger,
    microseconds,
    payloads,
    shown,
    workers,
)
from nagorik_host.vault import DataKey, KeyMissing, SealBroken, Vault
from nagorik_platform.lifecycle import Event, IllegalTransition, JournalBroken, NextAction, Progress, amounts_to
from nagorik_platform.tracebacks import type_name

PAGE: Final = 100
"""Applications that are verified in one snapshot."""
APART: Final = timedelta(minutes=5)
"""By how much the clocks of machines may differ, and how long a transaction may take, in what is told by times."""
PLUGIN_CHANGED: Final = "plugin-changed"

_OWNED: Final = (payloads, journal, attempts, checkouts, *TABLES)
"""Tables whose rows belong to an application."""
_OPERATIONS: Final = frozenset(operation.value for operation in Operation)
_UNREADABLE: Final = (IllegalTransition, JournalBroken, SealBroken, LookupError, TypeError, ValueError)


class ApplicationRecord(BaseModel):
    """What a record of the ledger says of an application.

    Attributes:
        at: When, in microseconds since 1970, as all its instants are.
        revision: The row's, if that was changed.
        entries: How many entries its journal had.
        head: The link of the last of them.
        due: When it was to be looked at again.
        kept: Whether that stayed as it was.
        operation: What it waited for.
        lease: Who had it in hand.
        blocked: Why the host left it alone.
        closed: When it was closed.
        updated: When it was changed, if that was another time.
        draft: A digest of the form.
        begun: By entry, digests of calls that were begun.
        ended: By entry, digests of calls that had ended.
        erased: When the citizen's data were erased.
        left: Columns that were left then.
        projected: By table, digests of the rows that were left then.
        repaired: Whether the row was made what the journal amounts to, whatever it had been before.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    at: int
    revision: int | None = None
    entries: int = 0
    head: str = ""
    due: int | None = None
    kept: bool = False
    operation: str | None = None
    lease: str | None = None
    blocked: str | None = None
    closed: int | None = None
    updated: int | None = None
    draft: str | None = None
    begun: dict[str, str] = {}
    ended: dict[str, str] = {}
    erased: int | None = None
    left: dict[str, str | int] = {}
    projected: dict[str, str] = {}
    repaired: bool = False


@dataclass(slots=True)
class _Known:
    """All that the database has of one application, as it has it.

    Attributes:
        row: Its row.
        owned: Its rows in other tables, by table and in the order of their keys.
        records: What the ledger says of it.
    """

    row: Mapping[str, Any] | None = None
    owned: dict[str, list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    records: list["ApplicationRecord"] = field(default_factory=list)

    @property
    def changes(self) -> list["ApplicationRecord"]:
        """The records that say how the row was left, in the order of its revisions."""
        return sorted((one for one in self.records if one.revision is not None), key=lambda one: one.revision or 0)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is no single application's.

    Attributes:
        vault: The host's keys.
        now: The machine's own time.
        workers: The ids of the workers that are at work.
        plugins: What the ledger says of each plugin.
    """

    vault: Vault
    now: datetime
    workers: frozenset[str]
    plugins: Mapping[str, "_PluginRecords"]


async def verify_journals(
    database: Database, vault: Vault, part: Part = ALL, *, lease_now: datetime | None = None
) -> AsyncIterator[Verified]:
    """Every application of a part, in the order of ids.

    Args:
        database: The host's.
        vault: Its keys.
        part: Which applications.
        lease_now: The machine's own time, where it is not the system's.
    """
    after: Any = part.begins
    is_last = False
    while not is_last:
        now = lease_now or datetime.now(UTC)
        page, after = await database.snapshot(partial(_page, vault=vault, now=now, after=after, ends=part.ends))
        for verified in page:
            yield verified
        is_last = after is None


def _page(
    transaction: Transaction, *, vault: Vault, now: datetime, after: Any, ends: str | None
) -> tuple[list[Verified], Any]:
    """The applications that follow ``after``, and what the next page's follow, if there is one."""
    names = _names(transaction, after, ends)
    is_last = len(names) < PAGE
    known = _read(transaction, after, ends if is_last else names[-1])
    around = _Surroundings(vault, now, _workers(transaction), _plugins(transaction, known.values()))
    return [_verified(name, one, around) for name, one in known.items()], None if is_last else names[-1]


def _names(transaction: Transaction, after: Any, ends: str | None) -> Sequence[Any]:
    """The next ids, of applications that are there and of those that the ledger says are."""
    there = select(as_kept(applications.c.id, "name")).where(*between(applications.c.id, after, ends))
    recorded = (
        select(as_kept(ledger.c.subject, "name"))
        .distinct()
        .where(ledger.c.kind == APPLICATION, *between(ledger.c.subject, after, ends))
    )
    first = (select(one.order_by("name").limit(PAGE).subquery().c.name) for one in (there, recorded))
    both = union(*first).subquery()
    return transaction.connection.scalars(select(both.c.name).order_by(both.c.name).limit(PAGE)).all()


def between(column: Column[Any], after: Any, last: Any) -> list[ColumnElement[bool]]:
    """Where a column follows ``after`` and does not follow ``last``, each if it is given."""
    kept = type_coerce(column, NullType())
    first = [kept > _given(after)] if after is not None else []
    return [*first, *([kept <= _given(last)] if last is not None else [])]


def _given(value: Any) -> ColumnElement[Any]:
    """A value that the database has given, to be compared with what it has."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return cast(bindparam(None, value.encode("utf-8", "surrogateescape"), type_=LargeBinary()), Text)
    return bindparam(None, value, type_=NullType())


def _read(transaction: Transaction, after: Any, last: Any) -> dict[Any, _Known]:
    """All that belongs to the ids between, by id."""
    known: dict[Any, _Known] = defaultdict(_Known)
    execute = transaction.connection.execute
    for row in execute(raw(applications).where(*between(applications.c.id, after, last)).order_by(applications.c.id)):
        known[row.id].row = row._asdict()
    for table in _OWNED:
        query = raw(table).where(*between(table.c.application, after, last)).order_by(*table.primary_key)
        for row in execute(query):
            known[row.application].owned[table.name].append(row._asdict())
    recorded = raw(ledger).where(ledger.c.kind == APPLICATION, *between(ledger.c.subject, after, last))
    for row in execute(recorded):
        with suppress(ValidationError):
            # What nobody has written is found by its link.
            record = ApplicationRecord.model_validate({"at": row.at, **content_of(row.content)})
            known[row.subject].records.append(record)
    return known


def content_of(written: Any) -> dict[str, Any]:
    """What a record says; nothing where nobody has written that, as the record's link shows."""
    try:
        content = json.loads(written)
    except (TypeError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _workers(transaction: Transaction) -> frozenset[str]:
    return frozenset(transaction.connection.scalars(select(as_kept(workers.c.id))))


def _plugins(transaction: Transaction, known: Iterable[_Known]) -> dict[str, "_PluginRecords"]:
    """What the ledger says of the plugins of these applications."""
    wanted = {one.row["plugin"] for one in known if one.row is not None}
    said: dict[str, _PluginRecords] = defaultdict(_PluginRecords)
    for plugin in sorted(one for one in wanted if shown(one) == one):
        query = select(as_kept(ledger.c.at), as_kept(ledger.c.content)).where(
            ledger.c.kind == PLUGIN, ledger.c.subject == plugin
        )
        for at, written in transaction.connection.execute(query):
            with suppress(AttributeError, TypeError):
                # What nobody has written is found by its link.
                said[plugin].add(at, content_of(written))
    return said


@dataclass(slots=True)
class _PluginRecords:
    """What the ledger says of one plugin.

    Attributes:
        accepted: By release, those to which its applications went over.
        left: By release, when its applications last went over to another, in microseconds since 1970 as all times.
        blocked: By release, when its applications were last blocked.
        let_go_on: By release, when they were last let go on.
        unblocked: All times at which applications were let go on.
    """

    accepted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    left: dict[str, int] = field(default_factory=dict)
    blocked: dict[str, int] = field(default_factory=dict)
    let_go_on: dict[str, int] = field(default_factory=dict)
    unblocked: set[int] = field(default_factory=set)

    def add(self, at: int, content: Mapping[str, Any]) -> None:
        """Take in what a record says that is from ``at``."""
        for before, after in content.get("accepted", {}).items():
            self.accepted[before].add(after)
            self.left[before] = max(self.left.get(before, at), at)
        for said, kept in (("blocked", self.blocked), ("unblocked", self.let_go_on)):
            for release, when in content.get(said, {}).items():
                kept[release] = max(kept.get(release, when), when)
        self.unblocked.update(content.get("unblocked", {}).values())

    def blocks(self, release: str) -> bool:
        """Whether the applications of a release were blocked, and neither let go on nor taken over since."""
        blocked = self.blocked.get(release)
        ended = [when[release] for when in (self.let_go_on, self.left) if release in when]
        return blocked is not None and all(blocked > one for one in ended)


def _verified(name: Any, known: _Known, around: _Surroundings) -> Verified:
    findings = dict.fromkeys(_findings(known, around))
    return Verified(
        application=shown(name),
        entries=len(known.owned[journal.name]),
        findings=tuple(AuditFinding(code, shown(name), detail) for code, detail in findings),
        erased=known.row is not None and known.row["data_key"] is None,
        is_present=known.row is not None,
    )


_Found = Iterator[tuple[str, str]]
"""Codes of findings, each with its detail."""


def _findings(known: _Known, around: _Surroundings) -> _Found:
    """All that is wrong with an application."""
    if known.row is None:
        if known.records:
            yield "application-missing", ""
        yield from (("orphaned-rows", table) for table, rows in known.owned.items() if rows)
        return
    wrong = [
        column
        for table, rows in ((applications, [known.row]), (journal, known.owned[journal.name]))
        for row in rows
        for column in wrong_columns(table, row)
    ]
    if wrong:
        yield from (("wrong-type", column) for column in wrong)
        return
    row = typed(applications, known.row)
    entries = [JournalEntry(**typed(journal, entry)) for entry in known.owned[journal.name]]
    records = known.changes
    if not records:
        yield "application-unknown", ""
    yield from _journal(row, known, entries, around.vault)
    if records:
        yield from _as_recorded(row, known, records, around)
    if row["data_key"] is None:
        yield from (("checkouts-differ", "there is none of what was erased") for _ in known.owned[checkouts.name])
        return
    try:
        key = around.vault.data_key(row["data_key"], row["id"])
        progress = Progress.model_validate_json(key.open(row["progress"], PROGRESS))
    except (KeyMissing, SealBroken, ValueError) as broken:
        yield "key-broken", shown(str(broken))
        return
    yield from _as_journalled(row, known, entries, key, progress, around)
    yield from _calls(known, progress)
    yield from _checkouts(known, key, progress)


def _journal(row: Mapping[str, Any], known: _Known, entries: Sequence[JournalEntry], vault: Vault) -> _Found:
    """Whether the journal is whole, and the row has always gone on with it."""
    journalled = {"application": row["id"], "head": row["chain"], "count": row["entries"]}
    try:
        verify_chain(entries, **journalled, vault=vault)
    except ChainBroken as broken:
        yield "journal-broken", str(broken)
        if is_behind(entries, **journalled, vault=vault):
            yield "row-behind", f"entry {row['entries']} of {len(entries)}"
    else:
        yield from _as_continued(entries, known)


# Against the ledger


def _as_continued(entries: Sequence[JournalEntry], known: _Known) -> _Found:
    """Whether it has never been what the ledger does not lead to: put back, it goes on from there and looks whole."""
    links = {one.entry: in_base64(one.link) for one in entries}
    revision = reached = 0
    for record in known.changes:
        if record.repaired:
            revision, reached = 0, 0
        if record.revision == revision or record.entries < reached or links.get(record.entries) != record.head:
            yield "application-rolled-back", f"revision {record.revision}, entry {record.entries}"
            return
        revision, reached = record.revision or 0, record.entries
    begun: dict[str, str] = {}
    for record in known.records:
        for entry, recorded in record.begun.items():
            if begun.setdefault(entry, recorded) != recorded:
                yield "application-rolled-back", f"the call of entry {shown(entry)} was begun twice"
                return


def _as_recorded(
    row: Mapping[str, Any], known: _Known, records: Sequence[ApplicationRecord], around: _Surroundings
) -> _Found:
    """What does not follow from the journal, and how far that had come."""
    latest = records[-1]
    revision = latest.revision or 0
    if row["revision"] < revision or row["entries"] < latest.entries:
        yield "application-rolled-back", f"entry {row['entries']} of {latest.entries}"
        return
    if row["entries"] > latest.entries or head_of(row["chain"]) != latest.head:
        yield "record-missing", f"entry {row['entries']}"
        return
    # Taken in hand for a call that only reads, it is left as it was but for that.
    is_ahead = row["revision"] > revision
    if is_ahead and row["lease"] is None:
        yield "record-missing", f"revision {row['revision']}"
        return
    tombstone = next((one for one in reversed(records) if one.erased is not None), None)
    if tombstone is not None:
        yield from _as_erased(row, known, tombstone)
    elif row["data_key"] is None or row["erased_at"] is not None:
        yield "erased-unrecorded", ""
    else:
        yield from _draft(known, records)
    yield from _due(row, records, around, is_ahead=is_ahead)
    yield from _held(row, known, around)
    expected: dict[str, Any] = {"closed_at": None if is_ahead else latest.closed}
    if not is_ahead:
        updated = latest.updated if latest.updated is not None else latest.at
        expected |= {"updated_at": updated, "lease": latest.lease}
    yield from _columns(known.row, expected)


def _columns(row: Mapping[str, Any] | None, expected: Mapping[str, Any]) -> _Found:
    """Columns that hold something else than they should."""
    assert row is not None  # noqa: S101 - only what is there is compared
    yield from (("row-differs", name) for name, value in expected.items() if row[name] != value)


def _due(
    row: Mapping[str, Any], records: Sequence[ApplicationRecord], around: _Surroundings, *, is_ahead: bool
) -> _Found:
    """When it is looked at again, and whether the host leaves it alone."""
    latest = records[-1]
    said = around.plugins.get(row["plugin"], _PluginRecords())
    release = row["plugin_version"]
    blocked = None if is_ahead else latest.blocked
    by_plugin = row["blocked"] == PLUGIN_CHANGED and said.blocks(release)
    let_go_on = said.unblocked
    is_let_go_on = row["blocked"] is None and blocked == PLUGIN_CHANGED and bool(let_go_on)
    if row["blocked"] != blocked and not by_plugin and not is_let_go_on:
        yield "blocked-differs", f"recorded: {blocked}"
        return
    due = microseconds(row["due_at"]) if row["due_at"] is not None else None
    if by_plugin or row["lease"] is not None:
        expected = None
    else:
        expected = next((one.due for one in reversed(records) if not one.kept), None)
    if due != expected and (due is None or due not in let_go_on):
        yield ("due-lost" if due is None else "due-differs"), ""
    is_open = row["closed_at"] is None and row["blocked"] is None
    if due is None and is_open and row["lease"] is None and row["hold_party"] is None:
        yield "due-lost", ""


def _held(row: Mapping[str, Any], known: _Known, around: _Surroundings) -> _Found:
    """Whether whoever has it in hand is somebody who makes a call for it, or is missed before long.

    Workers write themselves down in ``workers``, and so could anybody; whether a call was begun, ``_calls`` tells.
    """
    if row["lease"] is None:
        if row["lease_until"] is not None:
            yield "row-differs", "lease_until"
        return
    until = row["lease_until"]
    calls = known.owned[attempts.name]
    if (
        until is None
        or until > around.now + ENDS_WITHIN + APART
        or not any(one["worker"] == row["lease"] and one["ended_at"] is None for one in calls)
        or (until > around.now and row["lease"] not in around.workers)
    ):
        yield "held-by-nobody", ""


def _draft(known: _Known, records: Sequence[ApplicationRecord]) -> _Found:
    kept = known.owned[payloads.name]
    if not kept:
        yield "draft-missing", ""
        return
    latest = next((one.draft for one in reversed(records) if one.draft is not None), None)
    if digest((kept[0]["draft"], kept[0]["updated_at"])) != latest:
        yield "draft-differs", ""


def _as_erased(row: Mapping[str, Any], known: _Known, tombstone: ApplicationRecord) -> _Found:
    """Nothing that leads to the citizen, and all else as it was when that was erased."""
    if row["data_key"] is not None or row["erased_at"] is None or known.owned[payloads.name]:
        yield "erasure-undone", ""
        return
    left = {name: tombstone.left.get(name) for name in OPEN_COLUMNS} | {
        "opened_at": tombstone.left.get("opened_at"),
        "erased_at": tombstone.erased,
        "client_reference": f"erased-{row['id']}",
        "agency_reference": None,
        "operation": tombstone.operation,
    }
    yield from _columns(known.row, left)
    sealed = digest([row["progress"]])
    # A record that an older host has written says nothing of it.
    if tombstone.left.get("progress", sealed) != sealed:
        yield "row-differs", "progress"
    for table in (*TABLES, attempts):
        if digest_of_all(table, known.owned[table.name]) != tombstone.projected.get(table.name):
            yield f"{table.name}-differ", ""


def _calls(known: _Known, progress: Progress) -> _Found:
    """The calls that were made; of one that only reads, the ledger speaks when it has an end."""
    begun: dict[str, str] = {}
    ended: dict[str, str] = {}
    for one in known.records:
        begun |= one.begun
        ended |= one.ended
    expected = begun | ended
    there = {str(row["entry"]): row for row in known.owned[attempts.name]}
    for entry in sorted(expected.keys() - there.keys(), key=_number):
        yield "attempts-differ", f"entry {entry} is missing"
    for entry, row in there.items():
        recorded = expected.get(entry)
        if recorded is None:
            if not _is_in_flight(row, progress):
                yield "attempts-differ", f"entry {shown(entry)} is not recorded"
        elif recorded != digest_of_attempt(row):
            yield "attempts-differ", f"entry {entry}"


def _number(entry: str) -> int:
    return int(entry) if entry.isdecimal() else 0


def _is_in_flight(row: Mapping[str, Any], progress: Progress) -> bool:
    """Whether a call is the one that the application waits for the end of."""
    attempt = progress.attempt
    return (
        attempt is not None
        and row["ended_at"] is None
        and row["result"] is None
        and (row["operation"], row["subject"]) == (attempt.operation.value, attempt.subject)
        and row["began_at"] == microseconds(attempt.began_at)
    )


def _checkouts(known: _Known, key: DataKey, progress: Progress) -> _Found:
    """Whether where a payment is paid was sealed for it. That it is gone is no finding: the host drops it, too."""
    payments = {payment.id for payment in progress.payments}
    for row in known.owned[checkouts.name]:
        name = f"payment {shown(row['payment'])}"
        if row["payment"] not in payments:
            yield "checkouts-differ", f"{name} is none of its own"
            continue
        try:
            read_checkout(key, row["payment"], row["sealed"])
        except _UNREADABLE:
            yield "checkouts-differ", name


# Against the journal


def _as_journalled(
    row: Mapping[str, Any],
    known: _Known,
    entries: Sequence[JournalEntry],
    key: DataKey,
    progress: Progress,
    around: _Surroundings,
) -> _Found:
    """What follows from the journal."""
    events: list[Event] = []
    try:
        events += (event_of(entry, key) for entry in entries)
        if not amounts_to(events, progress):
            yield "row-differs", "progress"
            return
    except _UNREADABLE as error:
        yield "journal-broken", f"cannot be read: {type_name(error)}"
        return
    for table, rows in rows_of(progress, events).items():
        if [_kept(one) for one in rows] != [dict(one) for one in known.owned[table]]:
            yield f"{table}-differ", ""
    gateway = None
    try:
        for kept in known.owned[payloads.name]:
            gateway = json.loads(key.open(kept["draft"], DRAFT)).get("gateway")
    except _UNREADABLE:
        yield "draft-differs", ""
        return
    yield from _columns(known.row, _expected(row, known, progress, gateway, around))


def _expected(
    row: Mapping[str, Any], known: _Known, progress: Progress, gateway: str | None, around: _Surroundings
) -> dict[str, Any]:
    """Columns as they follow from the journal and the form."""
    vault, hold, reference = around.vault, progress.hold, progress.agency_reference
    plugin = progress.service.partition(".")[0]
    operation = row["operation"]
    if row["lease"] is not None and progress.attempt is not None:
        operation = progress.attempt.operation.value
    elif changes := known.changes:
        operation = changes[-1].operation
    expected: dict[str, Any] = {
        "id": progress.id,
        "service": progress.service,
        "plugin": plugin,
        "gateway": gateway,
        "client_reference": vault.lookup(CLIENT_REFERENCE, progress.client_reference),
        "agency_reference": vault.lookup(f"agency-reference/{plugin}", reference) if reference is not None else None,
        "state": progress.state.value,
        "hold_party": hold.party.value if hold is not None else None,
        "hold_code": hold.code if hold is not None else None,
        "opened_at": microseconds(progress.opened_at),
        "entries": progress.events,
        "operation": operation,
    }
    if operation is None or operation in _OPERATIONS:
        coming = NextAction(Operation(operation) if operation is not None else None)
        expected["target_plugin"] = target_plugin(coming, plugin, gateway)
    said = around.plugins.get(plugin, _PluginRecords())
    if row["plugin_version"] not in _releases(progress.plugin_version, said.accepted):
        expected["plugin_version"] = f"not {row['plugin_version']}"
    return expected


def _releases(first: str, accepted: Mapping[str, Any]) -> set[str]:
    """The releases that an application may have come to, from that which it was begun with."""
    found, waiting = set[str](), [first]
    while waiting:
        release = waiting.pop()
        if release not in found:
            found.add(release)
            waiting += accepted.get(release, ())
    return found


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a database has it."""
    return {name: microseconds(value) if isinstance(value, datetime) else value for name, value in row.items()}
