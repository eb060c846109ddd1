"""The ledger: a record of each change, in chains that nobody continues without the host's keys.

A journal cannot show that it is missing, or was longer once. So each unit that changes an application, or a row that
follows from no journal, inserts a record here. A record of an application holds what the unit set in its row; all of
them, in the order of revisions, amount to the row. A record of any other row holds a digest of it.

A record's link is a keyed hash over the link before it and all that the record says. Each connection that writes has
a chain of its own, so that it waits for no other. What only an anchor shows that is kept elsewhere: that the end of a
chain was cut off together with all that it recorded.
"""

import hashlib
import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, Table, and_, bindparam, func, select

from nagorik_host.store.schema import (
    applications,
    decisions,
    erased_references,
    inbox,
    insert_rows,
    ledger,
    microseconds,
    payment_cases,
    restorations,
    suspensions,
)
from nagorik_host.vault import Vault

Columns = Mapping[str, Any] | RowMapping
"""Columns of a row, by name."""

TRACKED: Final = (decisions, erased_references, inbox, payment_cases, restorations, suspensions)
"""The host's tables whose rows follow from no journal."""

_UNRECORDED: Final = frozenset(
    {"id", "client_reference", "agency_reference", "parked_at", "lease_until", "data_key", "progress"}
)
"""Columns of an application that follow from its sealed progress or its worker, or lead to a citizen."""
_COLUMNS: Final = tuple(column.name for column in applications.c if column.name not in _UNRECORDED)

_HEAD: Final = "nagorik-ledger-head"
_WRITER: Final = "nagorik-ledger-writer"
_LOCKS: Final = 0x6E61676F
"""Names the advisory locks on PostgreSQL by which a connection has a chain for as long as it lasts."""
_CLAIM: Final = select(func.pg_try_advisory_lock(_LOCKS, bindparam("writer_")))
_LAST: Final = (
    select(ledger.c.number, ledger.c.link)
    .where(ledger.c.writer == bindparam("writer_"))
    .order_by(ledger.c.number.desc())
    .limit(1)
)
_LINK: Final = select(ledger.c.link).where(
    ledger.c.writer == bindparam("writer_"), ledger.c.number == bindparam("number_")
)
_COUNT: Final = (
    select(func.count())
    .select_from(ledger)
    .where(ledger.c.subject == bindparam("subject_"), ledger.c.kind == bindparam("kind_"))
)


class LedgerMissing(RuntimeError):
    """A change is to be recorded in a database that was opened without the host's keys."""


class LedgerWentBack(RuntimeError):
    """The database is no longer the one that this process has written: an older copy, or one that went its own way.

    What was filed since that copy was made would be filed again.
    """

    def __init__(self) -> None:
        """Say what is to be done."""
        super().__init__(
            "the database has lost what this process has written: it is an older copy, such as a backup, or a standby"
            " that lagged behind, or a server that was replaced. Nothing more is sent. If it is to be used, run:"
            " nagorik db restored; then start the worker again. If it is the wrong server, end that first"
        )


class LedgerRow(NamedTuple):
    """A row of the ledger's table."""

    writer: int
    number: int
    at: datetime
    kind: str
    subject: str
    content: str
    link: bytes


class ChangedRow(NamedTuple):
    """A row of a tracked table that a transaction wrote, changed or deleted."""

    table: Table
    key: tuple[Any, ...]


@dataclass(slots=True)
class Records:
    """What a unit changed.

    Attributes:
        made: By application, when it was changed and what was set.
        changed: Rows of tracked tables, each with when it was changed; they are read when the unit is done.
    """

    made: dict[str, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)
    changed: dict[ChangedRow, datetime] = field(default_factory=dict)

    def add(self, application: str, at: datetime, content: Mapping[str, Any]) -> None:
        """Add what was set of an application; the last value of each name wins."""
        before = self.made.get(application)
        self.made[application] = (at, {**before[1], **content} if before is not None else dict(content))

    def copy(self) -> "Records":
        """Copy it, to go back to."""
        return Records(dict(self.made), dict(self.changed))


class Head(NamedTuple):
    """The last record of a chain.

    Attributes:
        writer: The chain.
        number: The record's number in it; 0 before the first.
        link: The record's link.
        version: On SQLite, changes when another process writes the file.
    """

    writer: int
    number: int
    link: bytes
    version: int | None = None


class Appended(NamedTuple):
    """Records that are committed with the transaction, or not at all."""

    ledger: "AuditLedger"
    info: MutableMapping[Any, Any]
    head: Head

    def committed(self) -> None:
        """Go on from these records: the transaction is committed, and the connection not given away yet."""
        self.info[_HEAD] = self.ledger.last = self.head


class AuditLedger:
    """Writes the ledger for one open database."""

    def __init__(self, vault: Vault) -> None:
        """Chain with the keys of ``vault``."""
        self._vault = vault
        self.last: Head | None = None
        """The last record of this process that is known to be committed."""

    def append(self, connection: Connection, units: Sequence[Records]) -> Appended:
        """Insert the records of all units of a transaction, as the last that it does before its commit.

        Raises:
            LedgerWentBack: The last record of this process is not in the database.
        """
        head = self._head(connection)
        records = [
            (at, applications.name, application, content)
            for unit in units
            for application, (at, content) in unit.made.items()
        ]
        records += _of_rows(connection, units)
        rows = []
        link = head.link
        for number, (at, kind, subject, content) in enumerate(records, head.number + 1):
            row = LedgerRow(head.writer, number, at, kind, subject, _JSON.encode(content), b"")
            link = link_of(self._vault, link, row)
            rows.append((*row[:-1], link))
        insert_rows(connection, ledger, rows)
        return Appended(self, connection.info, head._replace(number=head.number + len(rows), link=link))

    def _head(self, connection: Connection) -> Head:
        """The end of this connection's chain. It is kept only where the transaction is known to be committed."""
        version = None
        if connection.dialect.name == "sqlite":
            version = connection.exec_driver_sql("PRAGMA data_version").scalar()
        known: Head | None = connection.info.pop(_HEAD, None)
        if known is not None and known.version == version:
            return known
        seen = self.last
        if seen is not None:
            link = connection.scalar(_LINK, {"writer_": seen.writer, "number_": seen.number})
            if link != seen.link:
                raise LedgerWentBack
        if _WRITER not in connection.info:
            connection.info[_WRITER] = _writer(connection)
        writer = connection.info[_WRITER]
        last = connection.execute(_LAST, {"writer_": writer}).one_or_none()
        number, link = last or (0, genesis(self._vault, writer))
        return Head(writer, number, link, version)


def _writer(connection: Connection) -> int:
    """The number of a chain that no other connection appends to: SQLite has one writer at a time, and one chain."""
    if connection.dialect.name == "sqlite":
        return 1
    return next(number for number in count(1) if connection.scalar(_CLAIM, {"writer_": number}))


def _of_rows(connection: Connection, units: Iterable[Records]) -> list[tuple[datetime, str, str, dict[str, Any]]]:
    """A record of each row of a tracked table that was written, changed or deleted, as it is left now."""
    found = []
    for (table, key), at in {row: at for unit in units for row, at in unit.changed.items()}.items():
        subject = subject_of(key)
        is_key = and_(*(column == part for column, part in zip(table.primary_key, key, strict=True)))
        row = connection.execute(select(table).where(is_key)).one_or_none()
        revision = (connection.scalar(_COUNT, {"subject_": subject, "kind_": table.name}) or 0) + 1
        content = {"revision": revision, "digest": digest_of_row(table, row._mapping) if row is not None else None}
        found.append((at, table.name, subject, content))
    return found


def genesis(vault: Vault, writer: int) -> bytes:
    """The link before a chain's first record."""
    return vault.ledger_link(b"", b"%d" % writer)


def link_of(vault: Vault, previous: bytes, row: LedgerRow) -> bytes:
    """The link that a record has after ``previous``."""
    said = f"{row.writer}\x00{row.number}\x00{microseconds(row.at)}\x00{row.kind}\x00{row.subject}\x00{row.content}"
    return vault.ledger_link(previous, said.encode("utf-8", "surrogateescape"))


def subject_of(key: Iterable[Any]) -> str:
    """The subject by which the ledger knows a row."""
    return "/".join(str(plain(part)) for part in key)


def record_of_row(row: Columns) -> dict[str, Any]:
    """What a record says of a row of ``applications``, or of the columns that a change sets."""
    return {name: plain(row[name]) for name in _COLUMNS if name in row}


def record_of_draft(row: Columns) -> dict[str, Any]:
    """What a record says of a row of ``payloads``."""
    return {"draft": digest([plain(row["draft"]), plain(row["updated_at"])])}


def record_of_attempt(row: Columns) -> dict[str, Any]:
    """What a record says of a row of ``attempts``: all but the request's digest, which an erasure deletes."""
    names = ("operation", "subject", "worker", "began_at", "ended_at", "result")
    return {f"attempt/{row['entry']}": [plain(row.get(name)) for name in names]}


def record_of_erasure(row: Columns, remains: Mapping[str, Iterable[Columns]]) -> dict[str, Any]:
    """What a record says of what is left of an erased application, which nothing else tells from then on.

    Args:
        row: Its row of ``applications``.
        remains: Its rows in other tables, by table.
    """
    left = {name: digest([plain(value) for one in rows for value in one.values()]) for name, rows in remains.items()}
    left["progress"] = digest([plain(row["progress"])])
    return {"left": left, "client_reference": row["client_reference"], "agency_reference": row["agency_reference"]}


def digest_of_row(table: Table, row: Columns) -> str:
    """A digest of a row. Wrapping its data key anew changes nothing; destroying that does."""
    chained = [column.name for column in table.c if column.info.get("chained", True)]
    return digest([row[name] is not None if name == "data_key" else plain(row[name]) for name in chained])


def digest(values: Sequence[Any]) -> str:
    """A digest of plain values."""
    return _in_base64(hashlib.sha256(_JSON.encode(values).encode()).digest())


def plain(value: Any) -> Any:
    """A value of a column as a record holds it."""
    if isinstance(value, datetime):
        return microseconds(value)
    return _in_base64(value) if isinstance(value, bytes) else value


def _in_base64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


_JSON: Final = json.JSONEncoder(separators=(",", ":"))
