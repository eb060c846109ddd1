"""Ending the life of a citizen's data, and changing the keys that guard it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Table, and_, delete, insert, literal, select, true, update

from nagorik_host import extensions
from nagorik_host.store.application_store import (
    ApplicationStore,
    NoSuchApplication,
    StoredApplication,
    hash_erased,
)
from nagorik_host.store.changes import drop_old_changes
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.kept_documents import kept_documents
from nagorik_host.store.ledger import record_of_erasure, record_of_row
from nagorik_host.store.schema import (
    agency_tokens,
    applicant_mobiles,
    applications,
    attempts,
    checkouts,
    erased_references,
    inbox,
    journal,
    payloads,
    payment_cases,
    payments,
    request_keys,
)
from nagorik_host.vault import Erased, KeyMissing, SealBroken, Vault

PAGE: Final = 500

EXPIRED: Final = "expired"
"""The result of a message that was erased unread."""


class StillOpen(Exception):
    """The application is not closed: erasing it would leave a citizen's money or papers without an owner."""


class DocumentsMissing(Exception):
    """The documents' folder is not there, and there are documents that are to be in it; nothing was done."""


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """How many data keys there are, how many were wrapped anew, and the rows whose key cannot be unwrapped."""

    keys: int
    wrapped_anew: int
    damaged: tuple[str, ...]


def erase(transaction: Transaction, application: str, now: datetime) -> None:
    """Destroy the form, and the key of all that is sealed for the application.

    States, times and codes stay, and the journal still verifies.

    Raises:
        NoSuchApplication: The database holds no application by this id.
        StillOpen: It is not closed.
    """
    if _closed_at(transaction, application) is None:
        raise StillOpen
    execute = transaction.connection.execute
    for message in execute(select(inbox.c.id).where(inbox.c.application == application)).scalars().all():
        transaction.record_row(inbox, message, at=now)
    found = select(payment_cases.c.id).where(payment_cases.c.application == application)
    _erase_cases(transaction, execute(found).scalars().all(), now)
    for table in (payloads, checkouts, applicant_mobiles):
        execute(delete(table).where(table.c.application == application))
    execute(update(attempts).where(attempts.c.application == application).values(request_digest=None))
    execute(update(request_keys).where(request_keys.c.subject == application).values(digest=None))
    execute(update(inbox).where(inbox.c.application == application).values(data_key=None))
    reference = select(applications.c.client_reference).where(applications.c.id == application)
    left = hash_erased(transaction.connection.execute(reference).scalar_one())
    is_left = erased_references.c.reference == left
    if transaction.connection.scalar(select(erased_references).where(is_left)) is None:
        transaction.connection.execute(insert(erased_references).values(reference=left))
        transaction.record_row(erased_references, left, at=now)
    erased = (
        update(applications)
        .where(applications.c.id == application)
        .values(
            revision=applications.c.revision + 1,
            data_key=None,
            erased_at=now,
            client_reference=literal("erased-") + applications.c.id,
            agency_reference=None,
        )
        .returning(applications)
    )
    row = transaction.connection.execute(erased).mappings().one()
    paid = select(payments).where(payments.c.application == application).order_by(payments.c.id)
    remains = record_of_erasure(row, transaction.connection.execute(paid).mappings())
    transaction.record(application, now, record_of_row(row) | remains)
    for one in extensions.installed():
        one.erase(transaction, application, now)


def referred_to(transaction: Transaction, store: ApplicationStore, stored: StoredApplication) -> list[str]:
    """The ids of all documents of an application: handed in, superseded, and fetched.

    Raises:
        NoSuchApplication: Its data were erased.
    """
    handed_in = [document.id for document in store.draft(transaction, stored).documents]
    in_journal = [one.reference.id for one in kept_documents(transaction, stored)]
    return list(dict.fromkeys(handed_in + in_journal))


async def erase_application(
    database: Database, store: ApplicationStore, documents: FolderDocumentStore, application: str, now: datetime
) -> bool:
    """Erase an application and its documents; returns whether these are known: its data may be damaged.

    Raises:
        NoSuchApplication: The database holds no application by this id.
        StillOpen: It is not closed.
        DocumentsMissing: It has documents, and there is no folder.
        KeyMissing: A key that it is sealed by is not on the ring.
    """

    def closed_documents(transaction: Transaction) -> list[str] | None:
        if _closed_at(transaction, application) is None:
            raise StillOpen
        try:
            return referred_to(transaction, store, store.read(transaction, application))
        except Erased:
            return []
        except SealBroken:
            return None

    referred = await database.run(closed_documents)
    if referred and not documents.is_there:
        raise DocumentsMissing
    # The files first: interrupted in between, erasing again still finds what is to be erased.
    for identity in referred or ():
        documents.remove(identity)
    await database.run(partial(erase, application=application, now=now))
    return referred is not None


async def require_documents(database: Database, documents: FolderDocumentStore) -> None:
    """Check that the documents' folder is there, where any document was ever kept.

    Raises:
        DocumentsMissing: It is not.
    """
    kept = select(literal(1)).where(journal.c.kind.in_(["documents-handed-in", "deliverable-fetched"])).limit(1)
    if not documents.is_there and await database.run(lambda transaction: transaction.connection.scalar(kept)):
        raise DocumentsMissing


async def erase_closed(
    database: Database,
    store: ApplicationStore,
    documents: FolderDocumentStore,
    *,
    closed_for: timedelta,
    now: datetime,
) -> tuple[int, list[str]]:
    """Erase every application that has been closed for at least so long, as ``erase_application``.

    Returns how many there were, and the ids of those whose documents are not known.
    """
    query = (
        select(applications.c.id)
        .where(applications.c.closed_at <= now - closed_for, applications.c.erased_at.is_(None))
        .limit(PAGE)
    )
    erased, unknown = 0, list[str]()
    while found := await database.run(lambda transaction: transaction.connection.scalars(query).all()):
        for application in found:
            if not await erase_application(database, store, documents, application, now):
                unknown.append(application)
        erased += len(found)
    return erased, unknown


async def erase_messages(database: Database, *, received_before: datetime, now: datetime) -> int:
    """Erase every message that came in before an instant; returns how many.

    When it came, for which offer, and its result stay. A gateway's number of a payment, in a case of a reconciliation
    that ended before then, is erased too. Changes from before then, which applications' followers read, are dropped.
    """
    erased = 0
    while await database.run(partial(drop_old_changes, before=received_before)):
        pass
    while await database.run(partial(_erase_ended_cases, ended_before=received_before, now=now)):
        pass
    while found := await database.run(partial(_erase_messages, received_before=received_before, now=now)):
        erased += found
    return erased


def _erase_messages(transaction: Transaction, *, received_before: datetime, now: datetime) -> int:
    is_old = and_(inbox.c.received_at < received_before, inbox.c.data_key.is_not(None))
    query = select(inbox.c.id, inbox.c.handled_at).where(is_old).limit(PAGE).with_for_update()
    found = transaction.connection.execute(query).all()
    for row in found:
        values: dict[str, Any] = {"data_key": None, "sealed": b""}
        if row.handled_at is None:
            values |= {"handled_at": now, "due_at": None, "result": EXPIRED}
        transaction.connection.execute(update(inbox).where(inbox.c.id == row.id).values(**values))
        transaction.record_row(inbox, row.id, at=now)
    return len(found)


def _erase_ended_cases(transaction: Transaction, *, ended_before: datetime, now: datetime) -> int:
    c = payment_cases.c
    query = select(c.id).where(c.ended_at < ended_before, c.data_key.is_not(None)).limit(PAGE).with_for_update()
    found = transaction.connection.scalars(query).all()
    _erase_cases(transaction, found, now)
    return len(found)


def _erase_cases(transaction: Transaction, cases: Sequence[str], now: datetime) -> None:
    """Destroy what leads from cases of a reconciliation to the payment at the gateway."""
    for case in cases:
        erased = update(payment_cases).where(payment_cases.c.id == case).values(data_key=None, sealed=b"")
        transaction.connection.execute(erased)
        transaction.record_row(payment_cases, case, at=now)


def _closed_at(transaction: Transaction, application: str) -> datetime | None:
    query = select(applications.c.closed_at).where(applications.c.id == application).with_for_update()
    row = transaction.connection.execute(query).one_or_none()
    if row is None:
        raise NoSuchApplication
    closed_at: datetime | None = row.closed_at
    return closed_at


async def rotate(database: Database, vault: Vault) -> KeyRotation:
    """Wrap every data key by the key in use. Run again, an interrupted rotation goes on."""
    keys = wrapped_anew = 0
    damaged: list[str] = []
    for table, kind in (
        (applications, "application"),
        (inbox, "message"),
        (agency_tokens, "agency token"),
        (payment_cases, "payment case"),
        *((table, kind) for one in extensions.installed() for kind, table in one.wrapped.items()),
    ):
        after: str | None = None
        while ids := await database.run(partial(_keys_after, table=table, after=after)):
            anew, broken = await database.run(partial(_rewrap, vault=vault, table=table, ids=ids))
            keys, wrapped_anew, after = keys + len(ids), wrapped_anew + anew, ids[-1]
            damaged += [f"{kind} {one}" for one in broken]
    return KeyRotation(keys, wrapped_anew, tuple(damaged))


def _keys_after(transaction: Transaction, *, table: Table, after: str | None) -> Sequence[str]:
    # An empty id counts, too: its key must not be left behind.
    is_after = true() if after is None else table.c.id > after
    query = select(table.c.id).where(is_after, table.c.data_key.is_not(None)).order_by(table.c.id).limit(PAGE)
    return transaction.connection.scalars(query).all()


def _rewrap(transaction: Transaction, *, vault: Vault, table: Table, ids: Sequence[str]) -> tuple[int, list[str]]:
    """Wrap the keys of rows anew; returns how many were wrapped by another key, and the ids of damaged rows."""
    anew, damaged = 0, list[str]()
    query = select(table.c.id, table.c.data_key).where(table.c.id.in_(ids), table.c.data_key.is_not(None))
    for row in transaction.connection.execute(query.with_for_update()).all():
        try:
            if vault.wrapped_by(row.data_key) == vault.current:
                continue
            wrapped = vault.rewrap(row.data_key, row.id)
        except (KeyMissing, SealBroken):
            damaged.append(row.id)
        else:
            transaction.connection.execute(update(table).where(table.c.id == row.id).values(data_key=wrapped))
            anew += 1
    return anew, damaged
