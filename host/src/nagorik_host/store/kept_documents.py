"""The documents that an application has in the host's store."""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import bindparam, select

from nagorik import DocumentReference
from nagorik_host.store.application_store import StoredApplication
from nagorik_host.store.chain import JournalEntry, event_of
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import journal
from nagorik_platform.lifecycle.events import DeliverableFetched, DocumentsHandedIn

DocumentSource = Literal["citizen", "agency"]

_KINDS: Final = ("deliverable-fetched", "documents-handed-in")
_WITH_DOCUMENTS: Final = (
    select(journal)
    .where(journal.c.application == bindparam("application"), journal.c.kind.in_(_KINDS))
    .order_by(journal.c.entry)
)


class KeptDocument(NamedTuple):
    """A document of an application, from the citizen, for whom ``by`` acted, or from the agency.

    It is superseded where one of its kind came later from the same side.
    """

    reference: DocumentReference
    source: DocumentSource
    by: str | None
    at: datetime
    superseded: bool


def kept_documents(transaction: Transaction, stored: StoredApplication) -> list[KeptDocument]:
    """All documents, in the order in which they came."""
    found: list[KeptDocument] = []
    for row in transaction.connection.execute(_WITH_DOCUMENTS, {"application": stored.id}):
        event = event_of(JournalEntry(*row), stored.key)
        if isinstance(event, DocumentsHandedIn):
            source: DocumentSource = "citizen"
            came = [KeptDocument(one, source, event.by, event.at, superseded=False) for one in event.documents]
        elif isinstance(event, DeliverableFetched):
            source = "agency"
            came = [KeptDocument(event.document, source, None, event.at, superseded=False)]
        else:
            continue
        kinds = {one.reference.kind for one in came}
        found = [
            one._replace(superseded=True) if one.source == source and one.reference.kind in kinds else one
            for one in found
        ]
        found += came
    return found
