"""What an officer has stopped: a service or a plugin whose applications wait until it is let go on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from nagorik import Text
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, suspensions

_RESUME: Final = delete(suspensions).where(
    suspensions.c.kind == bindparam("kind_"), suspensions.c.name == bindparam("name_")
)


class SuspensionRecord(NamedTuple):
    """One service or plugin that is stopped.

    Attributes:
        kind: What is stopped.
        name: Its id.
        reason: What citizens are told.
        officer: Who stopped it.
        at: Since when.
    """

    kind: Literal["service", "plugin"]
    name: str
    reason: Text
    officer: str
    at: datetime


def suspend(transaction: Transaction, record: SuspensionRecord) -> None:
    """Stop it, or replace the reason for which it is stopped."""
    transaction.connection.execute(_RESUME, {"kind_": record.kind, "name_": record.name})
    transaction.connection.execute(
        insert(suspensions).values(
            kind=record.kind,
            name=record.name,
            reason_en=record.reason.en,
            reason_bn=record.reason.bn,
            officer=record.officer,
            at=record.at,
        )
    )
    transaction.record_row(suspensions, record.kind, record.name, at=record.at)


def resume(transaction: Transaction, kind: str, name: str, now: datetime) -> bool:
    """Let it go on; whether it was stopped. What waits is then claimed at the agency's pace."""
    done = transaction.connection.execute(_RESUME, {"kind_": kind, "name_": name}).rowcount > 0
    if done:
        # What is suspended otherwise, too, is parked again when its turn comes.
        belongs = applications.c.service == name if kind == "service" else applications.c.plugin == name
        transaction.take_time()
        transaction.connection.execute(
            update(applications).where(applications.c.parked_at.is_not(None), belongs).values(parked_at=None)
        )
        transaction.record_row(suspensions, kind, name, at=now)
    return done


def list_suspensions(transaction: Transaction) -> Sequence[SuspensionRecord]:
    """All that is stopped, the oldest first."""
    return [
        SuspensionRecord(row.kind, row.name, Text(bn=row.reason_bn, en=row.reason_en), row.officer, row.at)
        for row in transaction.connection.execute(select(suspensions).order_by(suspensions.c.at))
    ]
