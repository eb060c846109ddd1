"""The portal as an extension of a host: its tables, and what erasure, rotation and audit do to them."""

from datetime import datetime
from typing import Final

from nagorik.values.sentences import read_sentence_tables
from nagorik_host.extensions import Extension
from nagorik_host.store.database import Transaction
from nagorik_portal.records import change_rows, delete_rows
from nagorik_portal.schema import REVISION, collections, drafts, metadata, subscriptions


def _erase(unit: Transaction, application: str, now: datetime) -> None:
    """Delete the draft of an application, and erase who collected what it brought."""
    delete_rows(unit, drafts, drafts.c.application == application, now)
    change_rows(unit, collections, collections.c.id == application, now, data_key=None, sealed=b"")


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
