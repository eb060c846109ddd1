"""Documents that nothing refers to, and those that are referred to and gone.

A document is written before the application that refers to it. So one may be left without an owner: a process died in
between, or the database was put back to an older copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, select

from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.audit.findings import PAGE, within
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.retention import referred_to
from nagorik_host.store.schema import applications
from nagorik_host.vault import SealBroken

ORPHAN_GRACE: Final = timedelta(days=1)
"""Age from which a document without an owner has none: a younger one's application may be about to be written."""


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """The folder and the database, compared.

    Attributes:
        documents: How many documents the folder holds.
        orphans: The ids of those that no application refers to, and that are older than the grace.
        missing: By application, how many of its documents the folder does not hold.
        unreadable: Applications whose list of documents is damaged: among the orphans may be theirs.
    """

    documents: int
    orphans: Sequence[str]
    missing: dict[str, int]
    unreadable: Sequence[str]


async def compare_documents(
    database: Database, store: ApplicationStore, documents: FolderDocumentStore, now: datetime
) -> DocumentComparison:
    """Compare the folder with the database.

    The folder is listed first: what is kept and referred to meanwhile is neither an orphan nor missing.
    """
    before = set(documents.kept())
    orphans, missing, unreadable = set(before), dict[str, int](), list[str]()
    after: str | None = None
    while rows := await database.run(partial(_page, store=store, after=after)):
        for application, referred in rows:
            if referred is None:
                unreadable.append(application)
                continue
            orphans.difference_update(referred)
            absent = [one for one in referred if one not in before and documents.kept_at(one) is None]
            if absent:
                missing[application] = len(absent)
        after = rows[-1][0]
    old = [one for one in orphans if (at := documents.kept_at(one)) is not None and at < now - ORPHAN_GRACE]
    return DocumentComparison(len(before), sorted(old), missing, unreadable)


def _page(
    transaction: Transaction, *, store: ApplicationStore, after: str | None
) -> list[tuple[str, list[str] | None]]:
    is_next = applications.c.erased_at.is_(None), *within(applications.c.id, after)
    query = select(applications).where(*is_next).order_by(applications.c.id).limit(PAGE)
    return [(row.id, _referred(transaction, store, row)) for row in transaction.connection.execute(query)]


def _referred(transaction: Transaction, store: ApplicationStore, row: Row[Any]) -> list[str] | None:
    try:
        return referred_to(transaction, store, store.from_row(row))
    except SealBroken:
        return None  # one that is damaged is no reason to look at no other
