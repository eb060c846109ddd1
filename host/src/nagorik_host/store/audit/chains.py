"""The chains of the ledger, the anchors that must be in them, and the rows that follow from no journal."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import Table, func, select, tuple_

from nagorik_host import extensions
from nagorik_host.store.audit.findings import AuditFinding, AuditPage, Verified, read_page
from nagorik_host.store.audit.tables import changed_tables, damaged_file, foreign_programs
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.ledger import TRACKED, Head, digest_of_row, genesis, link_of, plain
from nagorik_host.store.schema import ledger, shown
from nagorik_host.vault import Vault

RECORDS: Final = 1000
"""Records that are verified in one snapshot."""


class Anchor(BaseModel):
    """How far each chain of the ledger had come, to be kept where no one who can write the database can write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    heads: dict[int, tuple[int, str]]
    """By chain, the number and the link of its last record."""


async def make_anchor(database: Database, at: datetime) -> Anchor:
    """Say how far each chain has come. Nothing is verified: an anchor vouches for no record that was changed."""
    last = select(ledger.c.writer, func.max(ledger.c.number)).group_by(ledger.c.writer)
    return Anchor(at=at, heads=await database.snapshot(partial(_heads, wanted=last)))


def _heads(transaction: Transaction, *, wanted: Any) -> dict[int, tuple[int, str]]:
    """The number and the link of each of the ``wanted`` records, by chain."""
    query = select(ledger).where(tuple_(ledger.c.writer, ledger.c.number).in_(wanted))
    return {row.writer: (row.number, plain(row.link)) for row in transaction.connection.execute(query)}


def read_anchors(text: str) -> list[Anchor]:
    """Read the anchors of a file, one to a line; ``ValueError`` where a line is no anchor, or there is not one."""
    anchors = [Anchor.model_validate_json(line) for line in text.splitlines() if line.strip()]
    if not anchors:
        raise ValueError("no anchor")
    return anchors


async def verify_ledger(
    database: Database, vault: Vault, *, anchors: Sequence[Anchor] = ()
) -> AsyncIterator[Verified]:
    """Verify the tables themselves, every chain, the anchors, and each row that only the ledger speaks of."""
    for look in (foreign_programs, changed_tables, damaged_file):
        yield Verified(await database.snapshot(look))
    head: Head | None = None
    while True:
        number, head, findings = await database.snapshot(partial(_records, vault=vault, head=head))
        yield Verified(findings, records=number)
        if number < RECORDS:
            break
    for one in anchors:
        wanted = [(writer, number) for writer, (number, _) in one.heads.items()]
        if await database.snapshot(partial(_heads, wanted=wanted)) != one.heads:
            yield Verified([AuditFinding("anchor-missed", "ledger", f"of {one.at.isoformat()}")])
    for table in (*TRACKED, *(one for each in extensions.installed() for one in each.metadata.sorted_tables)):
        after: str | None = None
        while True:
            page = await database.snapshot(partial(read_page, table=table, after=after))
            yield Verified(list(_compare(table, page)))
            if (after := page.last) is None:
                break


def _records(
    transaction: Transaction, *, vault: Vault, head: Head | None
) -> tuple[int, Head | None, list[AuditFinding]]:
    """Verify the links of the records that follow ``head``; how many there were, and the last."""
    query = select(ledger).order_by(ledger.c.writer, ledger.c.number).limit(RECORDS)
    if head is not None:
        query = query.where(tuple_(ledger.c.writer, ledger.c.number) > (head.writer, head.number))
    rows = transaction.connection.execute(query).all()
    findings = []
    for row in rows:
        if head is None or head.writer != row.writer:
            head = Head(row.writer, 0, genesis(vault, row.writer))
        if row.number != head.number + 1 or row.link != link_of(vault, head.link, row[:-1]):
            findings.append(AuditFinding("ledger-broken", f"ledger/{row.writer}", f"record {row.number}"))
        head = Head(row.writer, row.number, row.link)
    return len(rows), head, findings


def _compare(table: Table, page: AuditPage) -> Iterator[AuditFinding]:
    """What is not as the ledger says it was left."""
    for subject in sorted(page.rows.keys() | page.records.keys()):
        row, records = page.rows.get(subject), page.records.get(subject)
        left = records[-1].get("digest") if records else None
        if left != (row and digest_of_row(table, row)):
            what = "is missing" if row is None else "is not recorded" if left is None else "is another"
            yield AuditFinding(extensions.differ_code(table), f"{table.name}/{shown(subject)}", what)
