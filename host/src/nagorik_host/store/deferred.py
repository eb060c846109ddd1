"""Rows that a transaction writes as its last act, those of all its units together.

What a worker writes of an application is read by nobody before it is committed. So it waits until all units of the
transaction have done what they read for, and is then written in as few statements as there are kinds of it; on
PostgreSQL, where each statement is a round trip, in a single one with the ledger's records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Table, Update, bindparam, insert, update

from nagorik_host.store.schema import attempts, journal, ledger, microseconds

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
END_ATTEMPT: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"), attempts.c.entry == bindparam("entry_"))
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
)
_JOURNAL: Final = insert(journal)
_BEGUN: Final = insert(attempts)

BEGUN: Final = ("application", "entry", "operation", "subject", "worker", "request_digest", "began_at")
"""What is written of an attempt when it begins."""


@dataclass(slots=True)
class DeferredRows:
    """What waits to be written.

    Attributes:
        changes: Statements that each change a row that is locked, by the statement.
        entries: Rows of ``journal``.
        begun: Rows of ``attempts``, as each was begun.
        ended: What ``END_ATTEMPT`` takes.
    """

    changes: dict[Update, list[Mapping[str, Any]]] = field(default_factory=dict)
    entries: list[Sequence[Any]] = field(default_factory=list)
    begun: list[Mapping[str, Any]] = field(default_factory=list)
    ended: list[Mapping[str, Any]] = field(default_factory=list)

    def change(self, statement: Update, values: Mapping[str, Any]) -> None:
        """Let ``statement`` be run with these values."""
        self.changes.setdefault(statement, []).append(values)

    def write(self, connection: Connection, records: Sequence[Sequence[Any]] = ()) -> int:
        """Write everything, and ``records`` of the ledger; how many of those were written, or -1 if nobody counted.

        Nothing waits any more.
        """
        self.write_changes(connection)
        if not (self.entries or self.begun or self.ended or records):
            written = 0
        elif connection.dialect.name == "postgresql":
            written = self._write_at_once(connection, records)
        else:
            written = self._write_by_kind(connection, records)
        self.entries, self.begun, self.ended = [], [], []
        return written

    def write_changes(self, connection: Connection) -> None:
        """Write the changes alone."""
        for statement, values in self.changes.items():
            connection.execute(statement, values)
        self.changes = {}

    def copy(self) -> "DeferredRows":
        """The same, for going back to."""
        changes = {statement: list(values) for statement, values in self.changes.items()}
        return DeferredRows(changes, list(self.entries), list(self.begun), list(self.ended))

    def merge(self, further: "DeferredRows") -> None:
        """Add what another unit of the same transaction has left to be written."""
        for statement, values in further.changes.items():
            self.changes.setdefault(statement, []).extend(values)
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

    def _write_at_once(self, connection: Connection, records: Sequence[Sequence[Any]]) -> int:
        begun = [[one[name] for name in BEGUN[:-1]] + [microseconds(one["began_at"])] for one in self.begun]
        ended = [
            (one["application_"], one["entry_"], microseconds(one["ended_at"]), one["result"]) for one in self.ended
        ]
        columns = (
            *_columns((_kept_entry(one) for one in self.entries), 7),
            *_columns(begun, 7),
            *_columns(ended, 4),
            *_columns((_kept_record(one) for one in records), 7),
        )
        return connection.exec_driver_sql(_AT_ONCE, columns).rowcount


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
)
INSERT INTO ledger (writer, number, at, kind, subject, content, link)
SELECT * FROM unnest(
  $19::bigint[], $20::bigint[], $21::bigint[], $22::varchar[], $23::varchar[], $24::text[], $25::bytea[])
"""


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
