"""What officers decided that is no single application's: who, what, and why."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import uuid4

from sqlalchemy import insert, select

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import decisions


class Decision(NamedTuple):
    """One decision.

    Attributes:
        at: When it was taken.
        officer: By whom.
        kind: What was decided.
        subject: On what: a service, a plugin's releases, an application that the host had left alone, or the books.
        reason: Why.
    """

    at: datetime
    officer: str
    kind: Literal["stop", "resume", "accept-plugin", "look-again", "restored", "caught-up"]
    subject: str
    reason: str


def write_down(transaction: Transaction, decision: Decision) -> None:
    """Keep a decision, in the transaction in which it takes effect."""
    transaction.connection.execute(insert(decisions).values(id=str(uuid4()), **decision._asdict()))


def latest_decisions(transaction: Transaction, limit: int) -> list[Decision]:
    """The latest decisions, the newest first."""
    query = select(decisions).order_by(decisions.c.at.desc()).limit(limit)
    return [
        Decision(row.at, row.officer, row.kind, row.subject, row.reason)
        for row in transaction.connection.execute(query)
    ]
