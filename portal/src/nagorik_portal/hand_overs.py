"""Who collected what was issued: recorded as it is handed over, sealed, erased with the application."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple

from pydantic import ConfigDict, Field
from sqlalchemy import select

from nagorik import PERSONAL, Model
from nagorik.privacy import Code
from nagorik_host.store.database import Transaction
from nagorik_host.vault import Vault
from nagorik_portal.records import put_row, seal, unseal
from nagorik_portal.schema import collections

_C: Final = collections.c


class Collector(Model):
    """Who collected what was issued."""

    model_config = ConfigDict(defer_build=False)  # the API takes it as a body
    name: Annotated[str, Field(min_length=1, max_length=200), PERSONAL]
    relation: Code
    """``self``, or what the collector is to the applicant, such as ``mother``."""
    identity_seen: Code
    """The kind of document that was seen, such as ``nid-card``."""


class HandOver(NamedTuple):
    """A hand-over, with its time in UTC; ``collector`` is ``None`` once the citizen's data were erased."""

    collector: Collector | None
    handed_over_by: str
    at: datetime


def record_collection(
    unit: Transaction, vault: Vault, application: str, collector: Collector, by: str, now: datetime
) -> None:
    """Record who collects; the last record counts."""
    sealed = seal(vault, collections, application, collector)
    put_row(unit, collections, application, now, handed_over_by=by, at=now, **sealed)


def read_collection(unit: Transaction, vault: Vault, application: str) -> HandOver | None:
    """Who collected what an application brought; ``None`` where it was not handed over by the portal."""
    row = unit.connection.execute(select(collections).where(_C.id == application)).one_or_none()
    if row is None:
        return None
    collector = unseal(vault, collections, row, Collector) if row.data_key is not None else None
    return HandOver(collector, row.handed_over_by, row.at)
