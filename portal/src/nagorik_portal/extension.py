"""The portal as an extension of a host: its tables, and what erasure, rotation and audit do to them."""

from datetime import datetime
from typing import Final

from nagorik.values.sentences import read_sentence_tables
from nagorik_host.extensions import Extension
from nagorik_host.store.database import Transaction
from nagorik_portal.schema import REVISION, collections, drafts, metadata, subscriptions


def _erase(transaction: Transaction, application: str, now: datetime) -> None:
    """Delete the draft of an application, and erase who collected what it brought."""
    from nagorik_portal.drafts import erase_draft
    from nagorik_portal.hand_overs import erase_collection

    erase_draft(transaction, application, now)
    erase_collection(transaction, application, now)


extension: Final = Extension(
    name="portal",
    metadata=metadata,
    migrations="nagorik_portal:migrations",
    revision=REVISION,
    findings=lambda: read_sentence_tables("nagorik_portal", "audit.toml")["audit"],
    erase=_erase,
    wrapped={"draft": drafts, "collection": collections, "subscription": subscriptions},
)
"""The portal's tables in a host's database."""
