"""What waits for an officer: a decision that nobody else can take, or a row that the host cannot advance."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select, update

from nagorik_host.store.books import NoSuchApplication
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import FOR_A_PERSON, applications

ERASED: Final = "erased"


class NotBlocked(Exception):
    """The application is not blocked, or blocked for good."""


class WorkItem(NamedTuple):
    """An application that waits for an officer; nothing in it leads to the citizen.

    Attributes:
        application: Its id.
        service: What it is for.
        state: Where it is.
        hold: The code of what it waits for, if that is the reason.
        blocked: Why the host leaves it alone, if that is the reason.
        since: When it was last changed.
    """

    application: str
    service: str
    state: str
    hold: str | None
    blocked: str | None
    since: datetime


def count_work(transaction: Transaction) -> int:
    """How many applications wait for an officer."""
    return transaction.connection.scalar(select(func.count()).select_from(applications).where(FOR_A_PERSON)) or 0


def work(transaction: Transaction, limit: int) -> list[WorkItem]:
    """What waits for an officer, the longest first, at most ``limit``."""
    query = select(applications).where(FOR_A_PERSON).order_by(applications.c.updated_at).limit(limit)
    return [
        WorkItem(row.id, row.service, row.state, row.hold_code, row.blocked, row.updated_at)
        for row in transaction.connection.execute(query)
    ]


def look_again(transaction: Transaction, application: str, now: datetime) -> str:
    """Let the host look again at an application that it left alone; why it had.

    Raises:
        NoSuchApplication: The books hold none by this id.
        NotBlocked: It is not blocked, or its citizen's data were erased.
    """
    query = select(applications.c.blocked).where(applications.c.id == application).with_for_update()
    row = transaction.connection.execute(query).one_or_none()
    if row is None:
        raise NoSuchApplication(application)
    if row.blocked is None or row.blocked == ERASED:
        raise NotBlocked
    blocked: str = row.blocked
    transaction.connection.execute(
        update(applications).where(applications.c.id == application).values(blocked=None, due_at=now)
    )
    return blocked
