"""The ledger: a record of each change, in chains that no one continues without the host's keys.

The records of an application amount to its row; a record of any other row holds a digest of it. Each connection that
writes has a chain of its own. A record's link is a keyed hash over the link before it and all that the record says.
"""

import hashlib
import json
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, Table, and_, bindparam, func, select

from nagorik_host.store import schema
from nagorik_host.store.schema import applications, insert_rows, ledger, microseconds
from nagorik_host.vault import Vault

Columns = Mapping[str, Any] | RowMapping
"""Columns of a row, by name."""

TRACKED: Final = (
    schema.decisions,
    schema.erased_references,
    schema.inbox,
    schema.payment_cases,
    schema.restorations,
    schema.suspensions,
)
"""The host's tables whose rows follow from no journal."""

_UNRECORDED: Final = frozenset({"id", "client_reference", "agency_reference", "lease_until", "data_key", "progress"})
"""Columns of an application that follow from its sealed progress or its worker, or lead to a citizen."""
_COLUMNS: Final = tuple(column.name for column in applications.c if column.name not in _UNRECORDED)

_HEAD: Final = "nagorik-ledger-head"
_WRITER: Final = "nagorik-ledger-writer"
_CLAIM: Final = select(func.pg_try_advisory_lock(0x6E61676F, bindparam("writer_")))
"""Takes the advisory lock on PostgreSQL by which a connection has a chain for as long as it lasts."""
_IS_WRITERS: Final = ledger.c.writer == bindparam("writer_")
_LAST: Final = select(ledger.c.number, ledger.c.link).where(_IS_WRITERS).order_by(ledger.c.number.desc()).limit(1)
_LINK: Final = select(ledger.c.link).where(_IS_WRITERS, ledger.c.number == bindparam("number_"))
_OF_SUBJECT: Final = ledger.c.subject == bindparam("subject_"), ledger.c.kind == bindparam("kind_")
_COUNT: Final = select(func.count()).select_from(ledger).where(*_OF_SUBJECT)


class LedgerMissing(RuntimeError):
    """A change is to be recorded in a database that was opened without the host's keys."""


class LedgerWentBack(RuntimeError):
    """The database is not the one that this process wrote: what was filed since would be filed again."""

    def __init__(self) -> None:
        """Say what is to be done."""
        super().__init__(
            "the database has lost what this process has written: it is an older copy, such as a backup, or a standby"
            " that lagged behind, or a server that was replaced. Nothing more is sent. If it is to be used, run:"
            " nagorik db restored; then start the worker again. If it is the wrong server, end that first"
        )


@dataclass(slots=True)
class Records:
    """What a unit changed, and when: columns of applications, and rows of tracked tables by their key.

    ``standings`` is not for the ledger: rows of ``changes``, of each application the last.
    """

    made: dict[str, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)
    changed: dict[tuple[Table, tuple[Any, ...]], datetime] = field(default_factory=dict)
    standings: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, application: str, at: datetime, content: Mapping[str, Any]) -> None:
        """Add what was set of an application; the last value of each name wins."""
        _, before = self.made.get(application, (at, {}))
        self.made[application] = at, {**before, **content}

    def copy(self) -> "Records":
        """Copy it, to go back to."""
        return Records(dict(self.made), dict(self.changed), dict(self.standings))


class Head(NamedTuple):
    """The last record of a chain; number 0 before the first."""

    writer: int
    number: int
    link: bytes
    version: int | None = None
    """On SQLite, changes when another process writes the file."""


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
        head, rows = self._head(connection), []
        made = [(at, applications.name, name, one) for unit in units for name, (at, one) in unit.made.items()]
        for at, kind, subject, content in [*made, *_of_rows(connection, units)]:
            row = (head.writer, head.number + 1, at, kind, subject, _JSON.encode(content))
            head = head._replace(number=head.number + 1, link=link_of(self._vault, head.link, row))
            rows.append((*row, head.link))
        insert_rows(connection, ledger, rows)
        return Appended(self, connection.info, head)

    def _head(self, connection: Connection) -> Head:
        """The end of this connection's chain. It is kept only where the transaction is known to be committed."""
        is_file = connection.dialect.name == "sqlite"
        version = connection.exec_driver_sql("PRAGMA data_version").scalar() if is_file else None
        known: Head | None = connection.info.pop(_HEAD, None)
        if known is not None and known.version == version:
            return known
        if (seen := self.last) is not None:
            link = connection.scalar(_LINK, {"writer_": seen.writer, "number_": seen.number})
            if link != seen.link:
                raise LedgerWentBack
        # SQLite has one writer at a time, and one chain. On a server no other connection appends to this one's.
        chains = (number for number in count(1) if is_file or connection.scalar(_CLAIM, {"writer_": number}))
        writer = connection.info[_WRITER] = connection.info.get(_WRITER) or next(chains)
        last = connection.execute(_LAST, {"writer_": writer}).one_or_none()
        number, link = last or (0, genesis(self._vault, writer))
        return Head(writer, number, link, version)


def _of_rows(connection: Connection, units: Iterable[Records]) -> Iterator[tuple[datetime, str, str, dict[str, Any]]]:
    """Make a record of each row of a tracked table that was written, changed or deleted, as it is left now."""
    for (table, key), at in {row: at for unit in units for row, at in unit.changed.items()}.items():
        subject = subject_of(key)
        is_key = and_(*(column == part for column, part in zip(table.primary_key, key, strict=True)))
        row = connection.execute(select(table).where(is_key)).mappings().one_or_none()
        revision = connection.execute(_COUNT, {"subject_": subject, "kind_": table.name}).scalar_one() + 1
        yield at, table.name, subject, {"revision": revision, "digest": row and digest_of_row(table, row)}


def genesis(vault: Vault, writer: int) -> bytes:
    """The link before a chain's first record."""
    return vault.ledger_link(b"", b"%d" % writer)


def link_of(vault: Vault, previous: bytes, row: Iterable[Any]) -> bytes:
    """The link that a record has after ``previous``: the row of the ledger's table, without its link."""
    said = "\x00".join(str(plain(value)) for value in row)
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


def record_of_erasure(row: Columns, payments: Iterable[Columns]) -> dict[str, Any]:
    """What a record says of what is left of an erased application, of its row and of its payments."""
    return {
        "client_reference": row["client_reference"],
        "agency_reference": row["agency_reference"],
        "progress_left": digest([plain(row["progress"])]),
        "payments_left": digest([plain(value) for one in payments for value in one.values()]),
    }


def digest_of_row(table: Table, row: Columns) -> str:
    """A digest of a row. Wrapping its data key anew changes nothing; destroying that does."""
    chained = [column.name for column in table.c if column.info.get("chained", True)]
    return digest([row[name] is not None if name == "data_key" else plain(row[name]) for name in chained])


def digest(values: Sequence[Any]) -> str:
    """A digest of plain values."""
    return str(plain(hashlib.sha256(_JSON.encode(values).encode()).digest()))


def plain(value: Any) -> Any:
    """A value of a column as a record holds it."""
    if isinstance(value, datetime):
        return microseconds(value)
    return b2a_base64(value, newline=False).decode() if isinstance(value, bytes) else value


_JSON: Final = json.JSONEncoder(separators=(",", ":"))
