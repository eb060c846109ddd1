"""Documents that no application refers to, and those that are referred to and gone.

A document is written before its application: a process that died in between leaves one without an owner.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import select

from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.audit.findings import PAGE, within
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.retention import referred_to
from nagorik_host.store.schema import applications
from nagorik_host.vault import SealBroken

ORPHAN_GRACE: Final = timedelta(days=1)
"""Age from which a document without an owner has none: a younger one's application may be about to be written."""
_Referred = list[tuple[str, list[str] | None]]


class DocumentComparison(NamedTuple):
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
    """Compare the folder with the database; it is listed first, so that what is kept meanwhile is no orphan."""
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


def _page(transaction: Transaction, *, store: ApplicationStore, after: str | None) -> _Referred:
    query = select(applications).where(applications.c.erased_at.is_(None), *within(applications.c.id, after))
    found: _Referred = []
    for row in transaction.connection.execute(query.order_by(applications.c.id).limit(PAGE)):
        try:
            found.append((row.id, referred_to(transaction, store, store.from_row(row))))
        except SealBroken:
            found.append((row.id, None))  # one that is damaged is no reason to look at no other
    return found
