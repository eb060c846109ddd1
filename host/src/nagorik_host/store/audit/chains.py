"""The ledger itself: chains that nobody has cut or changed, and the rows that follow from no journal.

The root is read first and says which chains there are and how far they had come; each chain is then read to its end,
which may be further. So whoever writes meanwhile is no finding.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy import BigInteger, Column, String, Table, bindparam, func, select

from nagorik_host import extensions
from nagorik_host.store.audit.applications import between, content_of
from nagorik_host.store.audit.findings import ALL, AuditFinding, Part
from nagorik_host.store.audit.programs import foreign_programs
from nagorik_host.store.audit.tables import changed_tables, damaged_file
from nagorik_host.store.audit.typed import WrongType, typed, wrong_columns
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.ledger import (
    ROOT,
    SEAL,
    TRACKED,
    WRITER,
    AuditLedger,
    LedgerRow,
    digest_of_row,
    from_base64,
    genesis,
    in_base64,
    link_of,
    raw,
    sealed_tails,
    writers,
)
from nagorik_host.store.schema import applications, inbox, ledger, shown
from nagorik_host.vault import KeyMissing, SealBroken, Vault

PAGE: Final = 1000
"""Records that are verified in one snapshot."""

_FIRST_PAGE: Final = (
    raw(ledger)
    .where(ledger.c.writer == bindparam("writer_", type_=BigInteger()))
    .order_by(ledger.c.number)
    .limit(PAGE)
)
_PAGE: Final = _FIRST_PAGE.where(ledger.c.number > bindparam("after", type_=BigInteger()))


class AnchorInvalid(ValueError):
    """A line of an anchor's file is no anchor; the text says which."""


class Anchor(BaseModel):
    """How far the ledger had come, to be kept where nobody who can write the database can write.

    Attributes:
        at: When it was made.
        applications: How many applications there were then.
        erased: Of how many of them the citizen's data were erased.
        records: How many records the ledger had.
        root: The number of the root's last record, which seals all chains.
        link: That record's link.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    applications: int
    erased: int
    records: int
    root: int
    link: str


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """What was found of a part of the ledger.

    Attributes:
        records: How many records it has.
        findings: What is wrong.
    """

    records: int
    findings: Sequence[AuditFinding] = ()


class AnchorRefused(Exception):
    """The ledger's root is not what was written: an anchor would vouch for it."""


async def make_anchor(database: Database, vault: Vault, at: datetime) -> Anchor:
    """Seal all chains, and say how far the ledger has come.

    The root alone is verified first. A seal vouches for no record: one that was changed is found by its link.

    Raises:
        AnchorRefused: The root is not what was written. Nothing was written.
    """
    found = await _Root(vault, ()).read_on(database)
    if found.findings:
        raise AnchorRefused(f"{found.findings[0].subject}: {found.findings[0]}")
    return await database.run(partial(_anchor, vault=vault, at=at))


def _anchor(transaction: Transaction, *, vault: Vault, at: datetime) -> Anchor:
    row = AuditLedger(vault).seal_all(transaction.connection, at)
    there = select(func.count(), func.count(applications.c.erased_at)).select_from(applications)
    number, erased = transaction.connection.execute(there).one()
    records = row.number + sum(sealed_tails(transaction.connection).values())
    return Anchor(
        at=at, applications=number, erased=erased, records=records, root=row.number, link=in_base64(row.link)
    )


def read_anchors(text: str) -> list[Anchor]:
    """The anchors that a file holds, one to a line.

    Raises:
        AnchorInvalid: A line is none, or there is none at all.
    """
    anchors = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                anchors.append(Anchor.model_validate_json(line))
            except ValidationError:
                raise AnchorInvalid(f"line {number} is no anchor, as nagorik audit anchor prints it") from None
    if not anchors:
        raise AnchorInvalid("it holds no anchor, as nagorik audit anchor prints it")
    return anchors


async def verify_ledger(
    database: Database, vault: Vault, part: Part = ALL, *, anchors: Sequence[Anchor] = ()
) -> AsyncIterator[VerifiedChain]:
    """The root, every chain of a part, and the rows that only the ledger speaks of, a page at a time."""
    told = set[AuditFinding]()
    async for page in _verify(database, _Root(vault, anchors), vault, part):
        findings = tuple(one for one in dict.fromkeys(page.findings) if one not in told)
        told |= set(findings)
        yield VerifiedChain(page.records, findings)


async def _verify(database: Database, root: "_Root", vault: Vault, part: Part) -> AsyncIterator[VerifiedChain]:
    if part.number == 1:
        for look in (foreign_programs, changed_tables, damaged_file):
            yield VerifiedChain(0, tuple(await database.snapshot(look)))
    yield await root.read_on(database)
    yield VerifiedChain(0, tuple(root.missed_anchors()))
    there = set[int]()
    after: int | None = None
    while (writer := await database.snapshot(partial(_next_writer, after=after))) is not None:
        if type(writer) is not int:
            # It comes after all numbers, and what comes after it is none either.
            yield VerifiedChain(0, (AuditFinding("ledger-forged", _name(writer)),))
            break
        after = writer
        there.add(writer)
        if writer == ROOT or not part.has_chain(writer):
            continue
        if writer not in root.begun:
            # It may have begun since the root was read.
            yield await root.read_on(database)
        async for page in _verify_chain(database, vault, writer, root):
            yield page
    gone = (writer for writer in sorted(root.begun) if writer not in there and part.has_chain(writer))
    yield VerifiedChain(
        0, tuple(AuditFinding("ledger-cut", _name(writer), "all of it is missing") for writer in gone)
    )
    for table in (*TRACKED.values(), *extensions.tracked()):
        async for findings in _verify_table(database, vault, table, part):
            yield VerifiedChain(0, tuple(findings))


async def _verify_chain(database: Database, vault: Vault, writer: int, root: "_Root") -> AsyncIterator[VerifiedChain]:
    if writer not in root.begun:
        # What begins in a part of the root that cannot be read is not to be told from what nobody has begun.
        yield VerifiedChain(0, () if root.is_broken else (AuditFinding("ledger-forged", _name(writer)),))
        return
    chain = _Chain(vault, writer, root.begun[writer])
    number, link = root.sealed.get(writer, (0, b""))
    seal = None
    while page := await chain.read_on(database):
        seal = next((row.link for row in page.rows if row.number == number), seal)
        yield VerifiedChain(len(page.rows), tuple(page.findings))
        if chain.is_broken:
            return
    if number and seal != link:
        yield VerifiedChain(
            0, (AuditFinding("ledger-cut", _name(writer), f"after record {chain.number} of {number}"),)
        )


class _Page(NamedTuple):
    rows: list[LedgerRow]
    findings: list[AuditFinding]
    is_broken: bool

    def __bool__(self) -> bool:
        return bool(self.rows or self.findings)


class _Chain:
    """One chain, read a page at a time.

    Attributes:
        number: The number of the last record that was read.
        is_broken: Whether a record is not what was written, so that nothing after it can be told.
    """

    def __init__(self, vault: Vault, writer: int, link: bytes) -> None:
        """Read the chain that begins after ``link``."""
        self._vault = vault
        self._writer = writer
        self._link = link
        self.number = 0
        self.is_broken = False

    async def read_on(self, database: Database) -> _Page:
        """The next records, and what is wrong with them or with the rows that they speak of."""
        # The unit may be run again, so it goes on from where this was before it.
        page = await database.snapshot(self._page)
        self.is_broken = page.is_broken
        if page.rows:
            self.number, self._link = page.rows[-1].number, page.rows[-1].link
        return page

    def _page(self, transaction: Transaction) -> _Page:
        rows: list[LedgerRow] = []
        findings: list[AuditFinding] = []
        number, link = self.number, self._link
        is_broken = False
        wanted = {"writer_": self._writer, "after": number}
        for kept in transaction.connection.execute(_PAGE if number else _FIRST_PAGE, wanted):
            row = self._read(kept._asdict(), number, link)
            if row is None:
                is_broken = True
                findings.append(AuditFinding("ledger-broken", _name(self._writer), f"record {number + 1}"))
                break
            rows.append(row)
            number, link = row.number, row.link
        for table in (*TRACKED.values(), *extensions.tracked()):
            subjects = {row.subject for row in rows if row.kind == table.name}
            if subjects:
                rows_there = _rows_by_subject(transaction, table, subjects)
                findings += _compare(transaction, self._vault, table, subjects, rows_there)
        return _Page(rows, findings, is_broken)

    def _read(self, kept: Mapping[str, Any], number: int, link: bytes) -> LedgerRow | None:
        """A record, if it is the one after ``number``, whose link is ``link``, and what was written."""
        try:
            row = LedgerRow(**typed(ledger, kept))
        except WrongType:
            return None
        return row if row.number == number + 1 and row.link == link_of(self._vault, link, row) else None


class _Root:
    """The root chain: which others there are, and how far they had come.

    Attributes:
        begun: By chain, the link that it begins after.
        sealed: By chain, the last record that was sealed, and its link.
    """

    def __init__(self, vault: Vault, anchors: Sequence[Anchor]) -> None:
        """Read the root, and look for these anchors in it."""
        self._chain = _Chain(vault, ROOT, genesis(vault))
        self._missed = list(anchors)
        self.begun: dict[int, bytes] = {}
        self.sealed: dict[int, tuple[int, bytes]] = {}

    @property
    def is_broken(self) -> bool:
        """Whether a record of it is not what was written."""
        return self._chain.is_broken

    async def read_on(self, database: Database) -> VerifiedChain:
        """Read what was not read yet."""
        records, findings = 0, list[AuditFinding]()
        while not self.is_broken and (page := await self._chain.read_on(database)):
            records += len(page.rows)
            findings += page.findings
            for row in page.rows:
                self._take(row)
        return VerifiedChain(records, tuple(findings))

    def missed_anchors(self) -> Iterator[AuditFinding]:
        """The anchors that the root does not hold."""
        yield from (AuditFinding("anchor-missed", "ledger", f"of {one.at.isoformat()}") for one in self._missed)

    def _take(self, row: LedgerRow) -> None:
        if row.kind == WRITER:
            self.begun[row.number] = row.link
        elif row.kind == SEAL:
            for writer, (number, link) in content_of(row.content)["tails"].items():
                self.sealed[int(writer)] = (number, from_base64(link))
        link = in_base64(row.link)
        self._missed = [one for one in self._missed if (one.root, one.link) != (row.number, link)]


def _next_writer(transaction: Transaction, *, after: int | None) -> Any:
    return next(iter(writers(transaction.connection, after=after)), None)


def _name(writer: Any) -> str:
    return "ledger/root" if writer == ROOT else f"ledger/{shown(str(writer))}"


# Rows of tracked tables


async def _verify_table(
    database: Database, vault: Vault, table: Table, part: Part
) -> AsyncIterator[list[AuditFinding]]:
    """Rows that the ledger knows nothing of, or knows otherwise."""
    if _id_of(table) is None:
        if part.number == 1:
            yield await database.snapshot(partial(_whole_table, vault=vault, table=table))
        return
    after: Any = part.begins
    is_last = False
    while not is_last:
        findings, after = await database.snapshot(
            partial(_page_of_table, vault=vault, table=table, after=after, ends=part.ends)
        )
        yield findings
        is_last = after is None


def _id_of(table: Table) -> Column[Any] | None:
    """What the rows of a table that grows are read in the order of; ``None`` for a table that is always small."""
    first, *others = table.primary_key
    return first if not others and isinstance(first.type, String) else None


def _whole_table(transaction: Transaction, *, vault: Vault, table: Table) -> list[AuditFinding]:
    rows = _rows_by_subject(transaction, table, ())
    return list(_compare(transaction, vault, table, rows, rows))


def _page_of_table(
    transaction: Transaction, *, vault: Vault, table: Table, after: Any, ends: str | None
) -> tuple[list[AuditFinding], Any]:
    identity = _id_of(table)
    assert identity is not None  # noqa: S101 - what has none is read as a whole
    query = raw(table).where(*between(identity, after, ends)).order_by(identity).limit(PAGE)
    rows = {row._mapping[identity.name]: row._asdict() for row in transaction.connection.execute(query)}
    last = list(rows)[-1] if len(rows) == PAGE else None
    return list(_compare(transaction, vault, table, rows, rows)), last


def _rows_by_subject(transaction: Transaction, table: Table, subjects: Iterable[str]) -> dict[Any, Mapping[str, Any]]:
    """Rows by the subjects that the ledger knows them by: those named, or all of a table that is always small."""
    query, identity = raw(table), _id_of(table)
    if identity is not None:
        query = query.where(identity.in_(sorted(subjects)))
    rows = (row._asdict() for row in transaction.connection.execute(query))
    return {"/".join(str(row[column.name]) for column in table.primary_key): row for row in rows}


def _compare(
    transaction: Transaction,
    vault: Vault,
    table: Table,
    subjects: Iterable[Any],
    rows: Mapping[Any, Mapping[str, Any]],
) -> Iterator[AuditFinding]:
    """What is not as the ledger says it was left."""
    usable = sorted(one for one in subjects if isinstance(one, str) and shown(one) == one)
    query = raw(ledger).where(ledger.c.kind == table.name, ledger.c.subject.in_(usable))
    left: dict[str, tuple[int, str | None]] = {}
    for record in transaction.connection.execute(query):
        content = content_of(record.content)
        sequence = content.get("sequence")
        if isinstance(sequence, int) and sequence > left.get(record.subject, (0, None))[0]:
            left[record.subject] = sequence, content.get("digest")
    code = extensions.differ_code(table)
    for subject in subjects:
        row = rows.get(subject)
        recorded = left.get(subject)
        is_left = recorded[1] if recorded is not None else None
        name = f"{table.name}/{shown(subject)}"
        if row is None and is_left is not None:
            yield AuditFinding(code, name, "is missing")
        elif row is not None and is_left is None:
            yield AuditFinding(code, name, "is not recorded")
        elif row is not None and (digest_of_row(table, row) != is_left or not _opens(vault, row)):
            yield AuditFinding(code, name, "is another")
        elif row is not None:
            yield from (AuditFinding(code, name, column) for column in wrong_columns(table, row))
            if table is inbox and row["handled_at"] is None and row["due_at"] is None:
                yield AuditFinding(code, name, "is due to nobody")


def _opens(vault: Vault, row: Mapping[str, Any]) -> bool:
    """Whether a row's data key, if it has one, is its own; which host's key wraps it is no claim of the ledger."""
    wrapped = row.get("data_key")
    try:
        vault.data_key(wrapped, row["id"]) if wrapped is not None else None
    except (KeyMissing, SealBroken, AttributeError, TypeError, ValueError):
        return False
    return True
