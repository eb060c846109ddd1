"""The ledger: of all that is written, a record that it was, in chains that nobody can make without the keys.

An application's journal shows what was changed within it. That a whole application is missing, or is what it was last
week, only something outside of it can show. So each transaction that opens, changes or erases an application, or
writes down a decision, a suspension, a restoration or a message, appends a record of it here.

Each connection that writes has a chain of its own, so that none waits for another. The root chain holds them all:
each begins in a root record, and root records seal how far chains have come: at every heartbeat of a worker, once a
minute in any other process that writes, and when a database is closed. A record's link is a keyed hash over the link
before it and all that the record says. What is cut off the end of a chain is missed once it has been sealed; what is
cut off the end of the root is missed by whoever has kept an anchor outside of the database.
"""

import hashlib
import json
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Label,
    Select,
    Table,
    and_,
    bindparam,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from nagorik_host.store.schema import (
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

ROOT: Final = 0
"""The root chain's number; every other chain has the number of the root record that it begins in."""
APPLICATION: Final = "application"
PLUGIN: Final = "plugin"
WRITER: Final = "writer"
SEAL: Final = "seal"

TRACKED: Final[Mapping[str, Table]] = {
    table.name: table for table in (decisions, erased_references, inbox, payment_cases, restorations, suspensions)
}
"""Tables whose rows follow from no journal: the ledger has a digest of each row as it was left, as it has of those of
extensions."""

SEAL_EVERY: Final = 60.0
"""Seconds after which whoever writes seals too, where no heartbeat does."""

_STATE: Final = "nagorik-ledger"
_LOCK: Final = 0x6E61676F72696B01
"""The advisory lock on PostgreSQL under which the root grows. Taken last in a transaction: whoever has it waits for
nobody."""

_LAST: Final = (
    select(ledger.c.number, ledger.c.link)
    .where(ledger.c.writer == bindparam("writer_"))
    .order_by(ledger.c.number.desc())
    .limit(1)
)
_SEEN: Final = ledger.alias("seen")
_LAST_OF_ROOT: Final = (
    select(
        ledger.c.number,
        ledger.c.link,
        select(_SEEN.c.link)
        .where(_SEEN.c.writer == ROOT, _SEEN.c.number == bindparam("seen_"))
        .scalar_subquery()
        .label("seen"),
    )
    .where(ledger.c.writer == ROOT)
    .order_by(ledger.c.number.desc())
    .limit(1)
)
_COUNT: Final = (
    select(func.count())
    .select_from(ledger)
    .where(ledger.c.subject == bindparam("subject_"), ledger.c.kind == bindparam("kind_"))
)


class LedgerMissing(RuntimeError):
    """Something was to be recorded in a database that was opened without the host's keys."""


class LedgerBroken(RuntimeError):
    """The ledger cannot be gone on with as it is; the text says why."""

    def __init__(self, why: str) -> None:
        """Say why, and what follows."""
        super().__init__(f"{why}; nothing was changed. See what else is not as it was: nagorik audit verify")


class LedgerWentBack(LedgerBroken):
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


class Record(NamedTuple):
    """What a transaction did to one subject.

    Attributes:
        at: When.
        kind: What the subject is.
        subject: Which application, plugin or row.
        content: What is so from now on; ``None`` is left out.
    """

    at: datetime
    kind: str
    subject: str
    content: dict[str, Any]


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
    """What the ledger is to say of one transaction.

    Attributes:
        made: What was done, by kind and subject.
        changed: Rows of tracked tables, each with when it was changed; they are read when all is done.
        seals_at: When this process's chains are to be sealed, if they are to be.
    """

    made: dict[tuple[str, str], Record] = field(default_factory=dict)
    changed: dict[ChangedRow, datetime] = field(default_factory=dict)
    seals_at: datetime | None = None

    def add(self, kind: str, subject: str, at: datetime, content: Mapping[str, Any]) -> None:
        """Add to what was done to a subject; what is said again replaces what was said."""
        before = self.made.get((kind, subject))
        merged = dict(before.content) if before is not None else {}
        for name, value in content.items():
            earlier = merged.get(name)
            merged[name] = earlier | value if isinstance(earlier, dict) and isinstance(value, dict) else value
        self.made[kind, subject] = Record(at, kind, subject, merged)

    def copy(self) -> "Records":
        """The same, for going back to."""
        return Records(dict(self.made), dict(self.changed), self.seals_at)

    def __bool__(self) -> bool:
        return bool(self.made or self.changed or self.seals_at is not None)


@dataclass(slots=True)
class _Writer:
    """A connection's chain, as far as it is committed."""

    id: int
    number: int
    link: bytes


@dataclass(slots=True)
class Appended:
    """Records that are committed with the transaction, or not at all."""

    _ledger: "AuditLedger"
    _info: MutableMapping[Any, Any]
    _writer: _Writer | None
    _has_grown: bool
    _sealed: dict[int, int]
    _root: LedgerRow | None

    def committed(self) -> None:
        """The transaction is committed for certain, and the connection has not been given away yet.

        Whoever does not know leaves it be: the connection then begins another chain.
        """
        if self._writer is not None:
            self._info[_STATE] = self._writer
        self._ledger.advance(self._writer if self._has_grown else None, self._sealed, self._root)


class AuditLedger:
    """Writes the ledger for one open database."""

    def __init__(self, vault: Vault) -> None:
        """Chain with the keys of ``vault``."""
        self._vault = vault
        self._unsealed: dict[int, _Writer] = {}
        self._sealed_at = monotonic()
        self._root: LedgerRow | None = None
        """The last record of the root that is known to be committed."""
        self.last_at: datetime | None = None
        """When the latest was done that was recorded here."""

    @property
    def is_sealed(self) -> bool:
        """Whether the root knows how far all chains of this process have come."""
        return not self._unsealed

    def append(self, connection: Connection, units: Iterable[Records]) -> Appended | None:
        """Append the records of all units of a transaction, which does nothing more but be committed.

        Hints on PostgreSQL come after it: nobody who has enqueued one waits for the root.
        """
        units = [unit for unit in units if unit]
        if not units:
            return None
        records = [record for unit in units for record in unit.made.values()]
        records += self._of_rows(connection, units)
        seals_at = max((unit.seals_at for unit in units if unit.seals_at is not None), default=None)
        if seals_at is None and records and monotonic() - self._sealed_at >= SEAL_EVERY:
            seals_at = records[-1].at
        if seals_at is not None:
            self._sealed_at = monotonic()
        rows: list[LedgerRow] = []
        root: LedgerRow | None = None
        # Taken out until it is known that the transaction was committed.
        writer: _Writer | None = connection.info.pop(_STATE, None)
        if records:
            self.last_at = records[-1].at
            if writer is None:
                root = self._append_root(connection, records[0].at, WRITER, {})
                writer = _Writer(root.number, 0, root.link)
            link = writer.link
            for number, record in enumerate(records, writer.number + 1):
                row = LedgerRow(
                    writer.id, number, record.at, record.kind, record.subject, written(record.content), b""
                )
                link = link_of(self._vault, link, row)
                rows.append(row._replace(link=link))
            _insert(connection, rows)
            writer = _Writer(writer.id, writer.number + len(rows), link)
        sealed: dict[int, int] = {}
        if seals_at is not None:
            sealed, seal = self._seal(connection, seals_at, writer if rows else None)
            root = seal or root
        return Appended(self, connection.info, writer, bool(rows), sealed, root)

    def advance(self, grown: _Writer | None, sealed: Mapping[int, int], root: LedgerRow | None) -> None:
        """What was appended is committed."""
        if root is not None and (self._root is None or self._root.number < root.number):
            self._root = root
        if grown is not None:
            self._unsealed[grown.id] = grown
        for identity, number in sealed.items():
            # Another transaction of this process may have sealed it at the same time.
            if identity in self._unsealed and self._unsealed[identity].number == number:
                del self._unsealed[identity]

    def _seal(
        self, connection: Connection, at: datetime, coming: _Writer | None
    ) -> tuple[dict[int, int], LedgerRow | None]:
        """Let the root say how far this process's chains have come; by chain, the number up to which it does."""
        tails = dict(self._unsealed)
        if coming is not None:
            tails[coming.id] = coming
        if not tails:
            return {}, None
        content = {str(one.id): [one.number, in_base64(one.link)] for one in tails.values()}
        row = self._append_root(connection, at, SEAL, {"tails": content})
        return {one.id: one.number for one in tails.values()}, row

    def seal_all(self, connection: Connection, at: datetime) -> LedgerRow:
        """Let the root say how far every chain has come that is there, and return the record."""
        lock_root(connection)
        known = sealed_tails(connection)
        tails = {}
        for writer in writers(connection, after=ROOT):
            last = connection.execute(_LAST, {"writer_": writer}).one()
            if known.get(writer, 0) < last.number:
                tails[str(writer)] = [last.number, in_base64(last.link)]
        return self._append_root(connection, at, SEAL, {"tails": tails})

    def _append_root(self, connection: Connection, at: datetime, kind: str, content: dict[str, Any]) -> LedgerRow:
        """Append a record to the root.

        Raises:
            LedgerWentBack: The last one that this process has appended is not there.
        """
        lock_root(connection)
        seen = self._root
        wanted = {"seen_": seen.number if seen is not None else None}
        last = connection.execute(_LAST_OF_ROOT, wanted).one_or_none()
        if seen is not None and (last is None or last.seen != seen.link):
            raise LedgerWentBack
        number, link = (last.number, last.link) if last is not None else (0, genesis(self._vault))
        row = LedgerRow(ROOT, number + 1, at, kind, "", written(content), b"")
        row = row._replace(link=link_of(self._vault, link, row))
        _insert(connection, [row])
        return row

    @staticmethod
    def _of_rows(connection: Connection, units: Sequence[Records]) -> list[Record]:
        """A record of each row that was written, changed or deleted, as it is left now."""
        changed = {row: at for unit in units for row, at in unit.changed.items()}
        found = []
        for (table, key), at in changed.items():
            subject = subject_of(key)
            number = connection.scalar(_COUNT, {"subject_": subject, "kind_": table.name}) or 0
            is_key = and_(*(column == part for column, part in zip(table.primary_key, key, strict=True)))
            row = connection.execute(raw(table).where(is_key)).one_or_none()
            content = {
                "sequence": number + 1,
                "digest": digest_of_row(table, row._asdict()) if row is not None else None,
            }
            found.append(Record(at, table.name, subject, content))
        return found


def _insert(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    # Not every driver counts several rows; where one is missing, an audit finds the gap.
    if insert_rows(connection, ledger, rows) not in {len(rows), -1}:
        raise LedgerBroken("the database has dropped a record of the ledger, as a trigger or a rule in it can")


def lock_root(connection: Connection) -> None:
    """Nobody else appends to the root until the transaction ends. On SQLite nobody else writes at all."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def genesis(vault: Vault) -> bytes:
    """The link before the root's first record."""
    return vault.ledger_link(b"", b"root")


def link_of(vault: Vault, previous: bytes, row: LedgerRow) -> bytes:
    """The link that a record has after ``previous``."""
    said = f"{row.writer}\x00{row.number}\x00{microseconds(row.at)}\x00{row.kind}\x00{row.subject}\x00{row.content}"
    return vault.ledger_link(previous, said.encode())


def writers(connection: Connection, *, after: Any = None) -> Iterable[Any]:
    """The numbers of all chains, or of those after one, in order and without reading them."""
    first = select(func.min(ledger.c.writer))
    query = first.where(ledger.c.writer > bindparam("after", type_=BigInteger()))
    found = connection.scalar(query if after is not None else first, {"after": after})
    while found is not None:
        yield found
        found = connection.scalar(query, {"after": found})


def sealed_tails(connection: Connection) -> dict[int, int]:
    """By chain, the number up to which the root has sealed it."""
    query = select(ledger.c.content).where(ledger.c.writer == ROOT, ledger.c.kind == SEAL).order_by(ledger.c.number)
    tails: dict[int, int] = {}
    for content in connection.scalars(query):
        tails |= {int(writer): number for writer, (number, _) in json.loads(content)["tails"].items()}
    return tails


def written(content: Mapping[str, Any]) -> str:
    """What a record says, as it is kept; a value that no host has written, in whatever words there are for it."""
    said = {name: value for name, value in content.items() if value is not None}
    kept = json.dumps(said, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return kept if is_unicode(kept) else json.dumps(said, default=_plain, sort_keys=True, separators=(",", ":"))


def is_unicode(kept: object) -> bool:
    """Whether it can be kept as text: bytes in no encoding, SQLite's text too, are read as lone surrogates."""
    try:
        str(kept).encode()
    except UnicodeEncodeError:
        return False
    return True


def in_base64(link: bytes) -> str:
    """A link within a record."""
    return b2a_base64(link, newline=False).decode()


def head_of(chain: object) -> str:
    """What a record says of a journal's head; of what is no link, that it is none, by a digest of what it is."""
    return in_base64(chain) if isinstance(chain, bytes) else digest([chain])


def from_base64(text: str) -> bytes:
    """A link out of a record.

    Raises:
        ValueError: It is none.
    """
    return a2b_base64(text, strict_mode=True)


def subject_of(key: Collection[Any]) -> str:
    """The subject by which the ledger knows a row of a tracked table."""
    return "/".join(str(microseconds(part) if isinstance(part, datetime) else part) for part in key)


def raw(table: Table) -> Select[Any]:
    """All rows of a table as the database has them: a column may hold what its type could not be read from."""
    return select(*(as_kept(column) for column in table.columns))


def as_kept(column: Column[Any], name: str | None = None) -> Label[Any]:
    """A column as the database has it, by its own name or another."""
    return type_coerce(column, NullType()).label(name or column.name)


def digest_of_row(table: Table, row: Mapping[str, Any]) -> str:
    """A digest of a row as the database has it. Wrapping its data key anew changes nothing; destroying that does."""
    chained = [column.name for column in table.c if column.info.get("chained", True)]
    return digest(row[name] is not None if name == "data_key" else row[name] for name in chained)


_OF_ATTEMPT: Final = ("operation", "subject", "worker", "began_at", "ended_at", "result")
"""All but the digest of the request: it goes when the citizen's data are erased, and the ledger stays."""


def digest_of_attempt(row: Mapping[str, Any]) -> str:
    """A digest of a row of ``attempts`` as the database has it."""
    return digest(row.get(name) for name in _OF_ATTEMPT)


def digest_of_rows(connection: Connection, table: Table, application: str) -> str:
    """A digest of all rows of a table that belong to an application."""
    query = raw(table).where(table.c.application == application).order_by(*table.primary_key)
    return digest_of_all(table, (row._asdict() for row in connection.execute(query)))


def digest_of_all(table: Table, rows: Iterable[Mapping[str, Any]]) -> str:
    """A digest of rows, in the order of their keys."""
    return digest([digest_of_row(table, row) for row in rows])


def digest(values: Iterable[Any]) -> str:
    """A digest of values as a database has them."""
    content = json.dumps(list(values), default=_plain, ensure_ascii=False, separators=(",", ":"))
    return in_base64(hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest())


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    if isinstance(value, datetime):
        return f"at {microseconds(value)}"
    return f"{type(value).__name__} {value!r}"
