"""What an officer has stopped: a service or a plugin whose applications wait until it is let go on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import delete, insert, select

from nagorik import Text
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import switches


class Stop(NamedTuple):
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


def stop(transaction: Transaction, stopped: Stop) -> None:
    """Stop it, or replace the reason for which it is stopped."""
    go_on(transaction, stopped.kind, stopped.name)
    transaction.connection.execute(
        insert(switches).values(
            kind=stopped.kind,
            name=stopped.name,
            reason_en=stopped.reason.en,
            reason_bn=stopped.reason.bn,
            officer=stopped.officer,
            at=stopped.at,
        )
    )


def go_on(transaction: Transaction, kind: str, name: str) -> bool:
    """Let it go on; whether it was stopped. What waits is then taken up at the agency's pace."""
    done = transaction.connection.execute(delete(switches).where(switches.c.kind == kind, switches.c.name == name))
    return done.rowcount > 0


def stops(transaction: Transaction) -> Sequence[Stop]:
    """All that is stopped, the oldest first."""
    return [
        Stop(row.kind, row.name, Text(bn=row.reason_bn, en=row.reason_en), row.officer, row.at)
        for row in transaction.connection.execute(select(switches).order_by(switches.c.at))
    ]
