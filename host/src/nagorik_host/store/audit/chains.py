"""The chains of the ledger, the anchors that must be in them, and the rows that follow from no journal."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy import Table, func, select, tuple_

from nagorik_host import extensions
from nagorik_host.store.audit.findings import AuditFinding, Page, read_page
from nagorik_host.store.audit.tables import changed_tables, damaged_file, foreign_programs
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.ledger import TRACKED, Head, LedgerRow, digest_of_row, genesis, link_of, plain
from nagorik_host.store.schema import ledger, shown
from nagorik_host.vault import Vault

RECORDS: Final = 1000
"""Records that are verified in one snapshot."""


class AnchorInvalid(ValueError):
    """A line of an anchor's file is no anchor; the text says which."""


class Anchor(BaseModel):
    """How far each chain of the ledger had come, to be kept where no one who can write the database can write.

    Attributes:
        at: When it was made.
        records: How many records the ledger had.
        heads: By chain, the number and the link of its last record.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    records: int
    heads: dict[int, tuple[int, str]]


class VerifiedRecords(NamedTuple):
    """What was found of a part of the ledger.

    Attributes:
        records: How many records it has.
        findings: What is wrong.
    """

    records: int
    findings: Sequence[AuditFinding]


async def make_anchor(database: Database, at: datetime) -> Anchor:
    """Say how far each chain has come. Nothing is verified: an anchor vouches for no record that was changed."""
    heads = await database.snapshot(_heads)
    return Anchor(at=at, records=sum(number for number, _ in heads.values()), heads=heads)


def _heads(transaction: Transaction) -> dict[int, tuple[int, str]]:
    last = select(ledger.c.writer, func.max(ledger.c.number).label("number")).group_by(ledger.c.writer).subquery()
    query = select(last, ledger.c.link).join(
        ledger, (ledger.c.writer == last.c.writer) & (ledger.c.number == last.c.number)
    )
    return {writer: (number, plain(link)) for writer, number, link in transaction.connection.execute(query)}


def read_anchors(text: str) -> list[Anchor]:
    """Read the anchors of a file, one to a line.

    Raises:
        AnchorInvalid: A line is no anchor, or there is not one.
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
    database: Database, vault: Vault, *, anchors: Sequence[Anchor] = ()
) -> AsyncIterator[VerifiedRecords]:
    """Verify the tables themselves, every chain, the anchors, and each row that only the ledger speaks of."""
    for look in (foreign_programs, changed_tables, damaged_file):
        yield VerifiedRecords(0, await database.snapshot(look))
    head: Head | None = None
    while True:
        number, head, findings = await database.snapshot(partial(_records, vault=vault, head=head))
        yield VerifiedRecords(number, findings)
        if number < RECORDS:
            break
    missed = [one for one in anchors if not await database.snapshot(partial(_holds, anchor=one))]
    yield VerifiedRecords(0, [AuditFinding("anchor-missed", "ledger", f"of {one.at.isoformat()}") for one in missed])
    for table in (*TRACKED, *extensions.tracked()):
        after: str | None = None
        while True:
            page = await database.snapshot(partial(read_page, table=table, after=after))
            yield VerifiedRecords(0, list(_compare(table, page)))
            if (after := page.last) is None:
                break


def _records(
    transaction: Transaction, *, vault: Vault, head: Head | None
) -> tuple[int, Head | None, list[AuditFinding]]:
    """Verify the links of the records that follow ``head``; how many there were, and the last."""
    query = select(ledger).order_by(ledger.c.writer, ledger.c.number).limit(RECORDS)
    if head is not None:
        query = query.where(tuple_(ledger.c.writer, ledger.c.number) > (head.writer, head.number))
    rows = [LedgerRow(*row) for row in transaction.connection.execute(query)]
    findings = []
    for row in rows:
        if head is None or head.writer != row.writer:
            head = Head(row.writer, 0, genesis(vault, row.writer))
        if row.number != head.number + 1 or row.link != link_of(vault, head.link, row):
            findings.append(AuditFinding("ledger-broken", f"ledger/{row.writer}", f"record {row.number}"))
        head = Head(row.writer, row.number, row.link)
    return len(rows), head, findings


def _holds(transaction: Transaction, *, anchor: Anchor) -> bool:
    """Whether the ledger still has every record that the anchor names."""
    query = select(ledger).where(
        tuple_(ledger.c.writer, ledger.c.number).in_(
            [(writer, number) for writer, (number, _) in anchor.heads.items()]
        )
    )
    there = {row.writer: (row.number, plain(row.link)) for row in transaction.connection.execute(query)}
    return there == anchor.heads


def _compare(table: Table, page: Page) -> Iterator[AuditFinding]:
    """What is not as the ledger says it was left."""
    for subject in page.subjects:
        row, records = page.rows.get(subject), page.records.get(subject)
        left = records[-1].get("digest") if records else None
        if left != (digest_of_row(table, row) if row is not None else None):
            what = "is missing" if row is None else "is not recorded" if left is None else "is another"
            yield AuditFinding(extensions.differ_code(table), f"{table.name}/{shown(subject)}", what)
