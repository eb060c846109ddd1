"""Rows that a unit writes as its last act.

On SQLite they are written before the next unit of the same commit begins. On PostgreSQL, where each statement is a
round trip, those of all units that are committed together are written in a single one with the ledger's records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, update
from sqlalchemy.exc import DBAPIError

from nagorik_host.store.clock import LASTS, LEASE_NOW, UNTIL
from nagorik_host.store.schema import applications, attempts, journal, ledger, microseconds

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
CHANGE: Final = update(applications).where(
    applications.c.id == bindparam("application_"), applications.c.revision == bindparam("revision_")
)
"""Change a row that still has the ``revision_`` that the change was worked out on. The other parameters name what it
sets."""
TAKE: Final = CHANGE.values(lease_until=UNTIL)
END_ATTEMPT: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"), attempts.c.entry == bindparam("entry_"))
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
)
_JOURNAL: Final = insert(journal)
_BEGUN: Final = insert(attempts)

BEGUN: Final = ("application", "entry", "operation", "subject", "worker", "request_digest", "began_at")
"""What is written of an attempt when it begins."""


class StaleRevision(Exception):
    """The row is not what a change was worked out on any more."""


@dataclass(slots=True)
class DeferredRows:
    """What waits to be written.

    Attributes:
        taken: What ``TAKE`` takes, of rows that are locked, each with the ``revision_`` that the row is to have.
        unread: Whole changes of rows that were not read in the transaction, each with the ``revision_`` and the
            ``lease_`` that the row is to have; on PostgreSQL alone.
        entries: Rows of ``journal``.
        begun: Rows of ``attempts``, as each was begun.
        ended: What ``END_ATTEMPT`` takes.
    """

    taken: list[Mapping[str, Any]] = field(default_factory=list)
    unread: list[Mapping[str, Any]] = field(default_factory=list)
    entries: list[Sequence[Any]] = field(default_factory=list)
    begun: list[Mapping[str, Any]] = field(default_factory=list)
    ended: list[Mapping[str, Any]] = field(default_factory=list)

    def write(self, connection: Connection, records: Sequence[Sequence[Any]] = (), *, is_last: bool = False) -> int:
        """Write everything, and ``records`` of the ledger; how many of those were written, or -1 if nobody counted.

        Nothing waits any more. What ``is_last`` is followed by nothing but the commit; where it is all that is
        written on PostgreSQL, it is committed by itself, which saves two round trips.

        Raises:
            StaleRevision: A row is another than it is to be, and nothing of the unit may be kept.
            DBAPIError: With a code of ``DROPPED``: the database keeps fewer records than there are.
        """
        if not (self or records):
            written = 0
        elif connection.dialect.name == "postgresql":
            written = self._write_at_once(connection, records, is_last=is_last)
        else:
            self.write_changes(connection)
            written = self._write_by_kind(connection, records)
        self.taken, self.unread, self.entries, self.begun, self.ended = [], [], [], [], []
        return written

    def write_changes(self, connection: Connection) -> None:
        """Write down alone which locked rows are taken in hand."""
        for values in self.taken:
            if connection.execute(TAKE, values).rowcount != 1:
                raise StaleRevision
        self.taken = []

    def __bool__(self) -> bool:
        return bool(self.taken or self.unread or self.entries or self.begun or self.ended)

    def copy(self) -> "DeferredRows":
        """The same, for going back to."""
        return DeferredRows(
            list(self.taken), list(self.unread), list(self.entries), list(self.begun), list(self.ended)
        )

    def merge(self, further: "DeferredRows") -> None:
        """Add what another unit of the same transaction has left to be written."""
        self.taken += further.taken
        self.unread += further.unread
        self.entries += further.entries
        self.begun += further.begun
        self.ended += further.ended

    def _write_by_kind(self, connection: Connection, records: Sequence[Sequence[Any]]) -> int:
        if self.entries:
            connection.exec_driver_sql(
                _statement(connection.dialect, journal), [_kept_entry(one) for one in self.entries]
            )
        if self.begun:
            connection.execute(_BEGUN, self.begun)
        if self.ended:
            connection.execute(END_ATTEMPT, self.ended)
        if not records:
            return 0
        kept = [_kept_record(one) for one in records]
        statement = _statement(connection.dialect, ledger)
        return connection.exec_driver_sql(statement, kept if len(kept) > 1 else kept[0]).rowcount

    def _write_at_once(self, connection: Connection, records: Sequence[Sequence[Any]], *, is_last: bool) -> int:
        begun = [[one[name] for name in BEGUN[:-1]] + [microseconds(one["began_at"])] for one in self.begun]
        ended = [
            (one["application_"], one["entry_"], microseconds(one["ended_at"]), one["result"]) for one in self.ended
        ]
        columns = (
            *_columns((_kept_entry(one) for one in self.entries), 7),
            *_columns(begun, 7),
            *_columns(ended, 4),
            *_columns((_kept_record(one) for one in records), 7),
            *_columns(([one.get(name) for name in _OF_CHANGE] for one in map(_kept_change, self._changes)), 21),
        )
        driver: Any = connection.connection.dbapi_connection
        driver.autocommit = is_last
        try:
            connection.exec_driver_sql(_AT_ONCE, columns)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _STALE:
                raise StaleRevision from None
            raise
        finally:
            driver.autocommit = False
        return len(records)

    @property
    def _changes(self) -> Iterable[Mapping[str, Any]]:
        return (*self.taken, *self.unread)


_OF_CHANGE: Final = (
    *("application_", "revision_", "lease_", "revision", "state", "hold_party", "hold_code", "agency_reference"),
    *("updated_at", "closed_at", "due_at", "operation", "target_plugin", "lease", LEASE_NOW, LASTS, "blocked"),
    *("entries", "chain", "progress", "parked_at"),
)
_TIMES: Final = ("updated_at", "closed_at", "due_at", "parked_at", LEASE_NOW)

_AT_ONCE: Final = """\
WITH entries AS (
  INSERT INTO journal (application, entry, at, kind, outline, sealed, link)
  SELECT * FROM unnest($1::varchar[], $2::int[], $3::bigint[], $4::varchar[], $5::text[], $6::bytea[], $7::bytea[])
), begun AS (
  INSERT INTO attempts (application, entry, operation, subject, worker, request_digest, began_at)
  SELECT * FROM unnest(
    $8::varchar[], $9::int[], $10::varchar[], $11::varchar[], $12::varchar[], $13::varchar[], $14::bigint[])
), ended AS (
  UPDATE attempts SET ended_at = done.ended_at, result = done.result
  FROM unnest($15::varchar[], $16::int[], $17::bigint[], $18::varchar[])
    AS done (application, entry, ended_at, result)
  WHERE attempts.application = done.application AND attempts.entry = done.entry
), recorded AS (
  INSERT INTO ledger (writer, number, at, kind, subject, content, link)
  SELECT * FROM unnest(
    $19::bigint[], $20::bigint[], $21::bigint[], $22::varchar[], $23::varchar[], $24::text[], $25::bytea[])
  RETURNING 1
), changed AS (
  UPDATE applications SET
    revision = new.revision, state = new.state, hold_party = new.hold_party, hold_code = new.hold_code,
    agency_reference = new.agency_reference, updated_at = new.updated_at, closed_at = new.closed_at,
    due_at = new.due_at, operation = new.operation, target_plugin = new.target_plugin, lease = new.lease,
    lease_until = coalesce(new.lease_now, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + new.lasts,
    blocked = new.blocked, entries = new.entries, chain = new.chain, progress = new.progress,
    parked_at = new.parked_at
  FROM unnest(
    $26::varchar[], $27::int[], $28::varchar[], $29::int[], $30::varchar[], $31::varchar[], $32::varchar[],
    $33::varchar[], $34::bigint[], $35::bigint[], $36::bigint[], $37::varchar[], $38::varchar[], $39::varchar[],
    $40::bigint[], $41::bigint[], $42::varchar[], $43::int[], $44::bytea[], $45::bytea[], $46::bigint[])
    AS new (id, was_revision, was_lease, revision, state, hold_party, hold_code, agency_reference, updated_at,
      closed_at, due_at, operation, target_plugin, lease, lease_now, lasts, blocked, entries, chain, progress,
      parked_at)
  WHERE applications.id = new.id AND applications.revision = new.was_revision AND (new.was_lease IS NULL OR (
    applications.lease = new.was_lease AND applications.blocked IS NULL))
  RETURNING 1
)
SELECT
  -- Where a row was another, the division fails, and with it all of the statement.
  1 / (CASE WHEN (SELECT count(*) FROM changed) = cardinality($26::varchar[]) THEN 1 ELSE 0 END),
  -- Where a record was dropped, a text that is no number does; it may be committed before anybody could count.
  CASE WHEN (SELECT count(*) FROM recorded) = cardinality($20::bigint[]) THEN 0
    ELSE (SELECT 'records: ' || count(*) FROM recorded)::int END
"""
_STALE: Final = "22012"
"""The server's code of a division by zero."""
DROPPED: Final = frozenset({"22P02", "0A000"})
"""The server's codes of that error, as nothing else in the statement is made a number of a text, and of a rule in
place of an insert within a statement."""


def _kept_change(values: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: microseconds(values[name]) for name in _TIMES if values.get(name) is not None}
    return {**values, **times}


def _columns(rows: Iterable[Sequence[Any]], number: int) -> Sequence[list[Any]]:
    """The rows' columns, as arrays."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(number)]


def _kept_entry(row: Sequence[Any]) -> tuple[Any, ...]:
    return (*row[:2], microseconds(row[2]), *row[3:])


_kept_record = _kept_entry
"""The third column of either table is an instant."""


@lru_cache(maxsize=8)
def _statement(dialect: Dialect, table: Table) -> str:
    """An insert for the driver itself: to make it anew costs SQLAlchemy more than all else of a row."""
    return str(insert(table).compile(dialect=dialect))
