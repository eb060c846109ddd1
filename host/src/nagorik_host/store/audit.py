"""Verifying what is kept: journals that nobody changed without the host's keys, and documents that have an owner."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, bindparam, select

from nagorik_host.store.application_store import PROGRESS, ApplicationStore, entries_in
from nagorik_host.store.chain import ChainBroken, event_of, verify_chain
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.retention import referred_to
from nagorik_host.store.schema import applications
from nagorik_host.vault import KeyMissing, SealBroken, Vault
from nagorik_platform.lifecycle import Progress, amounts_to

PAGE: Final = 100
"""Applications that are verified in one transaction, so that nobody else waits long."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one application.

    Attributes:
        application: Its id.
        entries: How many entries its journal should have.
        problem: What is wrong, or ``None``.
        erased: Whether the citizen's data were erased, so that the events themselves cannot be read.
    """

    application: str
    entries: int
    problem: str | None
    erased: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One of so many parts of about the same size that all applications fall into, by their ids.

    Attributes:
        number: Which part, counted from 1.
        parts: How many there are.
    """

    number: int = 1
    parts: int = 1

    @property
    def begins(self) -> str:
        """What the ids of this part are after; the first part has all that are not in the others."""
        return "" if self.number == 1 else _bound(self.number - 1, self.parts)

    @property
    def ends(self) -> str | None:
        """What they are not after; the last part has all that is left."""
        return None if self.number == self.parts else _bound(self.number, self.parts)


def _bound(number: int, parts: int) -> str:
    """Ids are random UUIDs, so that their first digits part them evenly."""
    return f"{number * 2**32 // parts:08x}"


ALL: Final = Part()


async def verify_journals(database: Database, vault: Vault, part: Part = ALL) -> AsyncIterator[Verified]:
    """Every application of a part, in the order of ids: its chain, and that the events amount to the row."""
    after = part.begins
    while True:
        page = await database.run(partial(_page, vault=vault, after=after, ends=part.ends))
        for verified in page:
            yield verified
        if len(page) < PAGE:
            return
        after = page[-1].application


def _page(transaction: Transaction, *, vault: Vault, after: str, ends: str | None) -> list[Verified]:
    query = select(applications).where(applications.c.id > after).order_by(applications.c.id).limit(PAGE)
    if ends is not None:
        query = query.where(applications.c.id <= ends)
    return [_verify(transaction, vault, row) for row in transaction.connection.execute(query).all()]


def _verify(transaction: Transaction, vault: Vault, row: Row[Any]) -> Verified:
    erased = row.data_key is None
    rows = list(entries_in(transaction, row.id))
    problem: str | None = None
    try:
        verify_chain(rows, application=row.id, head=row.chain, count=row.entries, vault=vault)
        if not erased:
            key = vault.data_key(row.data_key, row.id)
            progress = Progress.model_validate_json(key.open(row.progress, PROGRESS))
            if not amounts_to((event_of(entry, key) for entry in rows), progress):
                problem = "the journal amounts to another row"
    except (ChainBroken, KeyMissing, SealBroken) as broken:
        problem = str(broken)
    return Verified(row.id, row.entries, problem, erased)


ORPHAN_GRACE: Final = timedelta(days=1)
"""Age from which a document without an owner has none: a younger one's application may be about to be written."""
DOCUMENTS_PAGE: Final = 100

_NOT_ERASED: Final = (
    select(applications)
    .where(applications.c.erased_at.is_(None), applications.c.id > bindparam("after"))
    .order_by(applications.c.id)
    .limit(DOCUMENTS_PAGE)
)


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """The folder and the database, compared.

    Attributes:
        documents: How many documents the folder holds.
        orphans: The ids of those that no application refers to, and that are older than the grace.
        missing: By application, how many of its documents the folder does not hold.
    """

    documents: int
    orphans: Sequence[str]
    missing: dict[str, int]


async def compare_documents(
    database: Database, store: ApplicationStore, documents: FolderDocumentStore, now: datetime
) -> DocumentComparison:
    """Compare the folder with the database.

    The folder is listed first: what is kept and referred to meanwhile is neither an orphan nor missing.
    """
    before = set(documents.kept())
    orphans, missing, after = set(before), dict[str, int](), ""
    while page := await database.run(partial(_documents_page, store=store, after=after)):
        for application, referred in page:
            orphans.difference_update(referred)
            absent = [one for one in referred if one not in before and documents.kept_at(one) is None]
            if absent:
                missing[application] = len(absent)
        after = page[-1][0]
    old = [one for one in orphans if (at := documents.kept_at(one)) is not None and at < now - ORPHAN_GRACE]
    return DocumentComparison(len(before), sorted(old), missing)


def _documents_page(transaction: Transaction, *, store: ApplicationStore, after: str) -> list[tuple[str, list[str]]]:
    rows: Sequence[Row[Any]] = transaction.connection.execute(_NOT_ERASED, {"after": after}).all()
    return [(row.id, referred_to(transaction, store, store.from_row(row))) for row in rows]
