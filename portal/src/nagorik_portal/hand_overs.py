"""Who collected what was issued: recorded as it is handed over, sealed, erased with the application."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, Field
from sqlalchemy import insert, select, update

from nagorik import PERSONAL, Model
from nagorik.model.application import Acting
from nagorik.privacy import Code
from nagorik_host.store.database import Transaction
from nagorik_host.vault import Vault
from nagorik_portal.schema import collections

PLACE: Final = "portal-collection"
_C: Final = collections.c


class Collector(Model):
    """Who came for it."""

    name: Annotated[str, Field(min_length=1, max_length=200), PERSONAL]
    relation: Code
    """``self``, or what the collector is to the applicant, such as ``mother``."""
    identity_seen: Code
    """The kind of document that was seen, such as ``nid-card``."""


class HandOver(Model):
    """A hand-over, with its time in UTC; ``collector`` is ``None`` once the citizen's data were erased."""

    collector: Collector | None
    handed_over_by: Acting
    at: AwareDatetime


def record_collection(
    transaction: Transaction, vault: Vault, application: str, collector: Collector, by: str, now: datetime
) -> None:
    """Record who collects; the last record counts."""
    key, wrapped = vault.make_data_key(application)
    sealed = key.seal(collector.model_dump_json().encode(), PLACE)
    values: dict[str, Any] = {"handed_over_by": by, "at": now, "data_key": wrapped, "sealed": sealed}
    is_this = _C.id == application
    if transaction.connection.scalar(select(_C.id).where(is_this).with_for_update()) is None:
        transaction.connection.execute(insert(collections).values(id=application, **values))
    else:
        transaction.connection.execute(update(collections).where(is_this).values(**values))
    transaction.record_row(collections, application, at=now)


def read_collection(transaction: Transaction, vault: Vault, application: str) -> HandOver | None:
    """Who collected what an application brought; ``None`` where it was not handed over by the portal."""
    row = transaction.connection.execute(select(collections).where(_C.id == application)).one_or_none()
    if row is None:
        return None
    collector = None
    if row.data_key is not None:
        opened = vault.data_key(row.data_key, application).open(row.sealed, PLACE)
        collector = Collector.model_validate_json(opened)
    return HandOver(collector=collector, handed_over_by=row.handed_over_by, at=row.at)


def erase_collection(transaction: Transaction, application: str, now: datetime) -> None:
    """Destroy who collected; by whom and when it was handed over stays."""
    erased = update(collections).where(_C.id == application).values(data_key=None, sealed=b"")
    if transaction.connection.execute(erased).rowcount:
        transaction.record_row(collections, application, at=now)
