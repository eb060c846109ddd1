"""Reloads of settings: when one was asked for, and which workers have taken it up. No setting stands here."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import settings_reloads, workers

NONE: Final = 0
"""The number of a reload before the first."""
_NUMBER: Final = select(func.max(settings_reloads.c.number))
_TAKEN_UP: Final = (
    update(workers).where(workers.c.id == bindparam("worker")).values(settings_reload=bindparam("taken"))
)


def ask_reload(transaction: Transaction, now: datetime) -> int:
    """Let every worker read the settings of its plugins anew; returns the number of this reload.

    Raises:
        IntegrityError: Another process asked at the same moment; to be done again.
    """
    number = last_reload(transaction) + 1
    transaction.connection.execute(insert(settings_reloads).values(number=number, at=now))
    return number


def last_reload(transaction: Transaction) -> int:
    """The number of the last reload that was asked for."""
    return transaction.connection.scalar(_NUMBER) or NONE


def note_taken_up(transaction: Transaction, worker: str, number: int) -> None:
    """Write down that a worker, by its id, has the settings of a reload."""
    transaction.connection.execute(_TAKEN_UP, {"worker": worker, "taken": number})
