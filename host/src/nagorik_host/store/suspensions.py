"""What an officer has stopped: a service or a plugin whose applications wait until it is let go on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import delete, insert, select

from nagorik import Text
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import suspensions


class SuspensionRecord(NamedTuple):
    """One service or plugin that is stopped: its id, what citizens read as the reason, who stopped it, since when."""

    kind: Literal["service", "plugin"]
    name: str
    reason: Text
    officer: str
    at: datetime


def suspend(transaction: Transaction, record: SuspensionRecord) -> None:
    """Stop it, or replace the reason for which it is stopped."""
    kind, name, reason, officer, at = record
    resume(transaction, kind, name, at)
    row = {"kind": kind, "name": name, "reason_en": reason.en, "reason_bn": reason.bn, "officer": officer, "at": at}
    transaction.connection.execute(insert(suspensions).values(row))
    transaction.record_row(suspensions, kind, name, at=at)


def resume(transaction: Transaction, kind: str, name: str, now: datetime) -> bool:
    """Let it go on; whether it was stopped. What waits is then claimed at the agency's pace."""
    stopped = delete(suspensions).where(suspensions.c.kind == kind, suspensions.c.name == name)
    if transaction.connection.execute(stopped).rowcount == 0:
        return False
    transaction.record_row(suspensions, kind, name, at=now)
    return True


def list_suspensions(transaction: Transaction) -> Sequence[SuspensionRecord]:
    """All that is stopped, the oldest first."""
    return [
        SuspensionRecord(row.kind, row.name, Text(bn=row.reason_bn, en=row.reason_en), row.officer, row.at)
        for row in transaction.connection.execute(select(suspensions).order_by(suspensions.c.at))
    ]
