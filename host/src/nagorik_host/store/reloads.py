"""Reloads of settings: when one was asked for, and which workers have taken it up. No setting stands here."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import settings_reloads, workers

NONE: Final = 0
"""The number of a reload before the first."""
_LAST: Final = select(settings_reloads).order_by(settings_reloads.c.number.desc()).limit(1)
_NUMBER: Final = select(func.max(settings_reloads.c.number))
_TAKEN_UP: Final = (
    update(workers).where(workers.c.id == bindparam("worker")).values(settings_reload=bindparam("number_"))
)


class SettingsReloadAsked(NamedTuple):
    """A reload, by its number from 1 on, and when it was asked for."""

    number: int
    at: datetime


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


def read_last_reload(transaction: Transaction) -> SettingsReloadAsked | None:
    """The last reload that was asked for; ``None`` before the first."""
    row = transaction.connection.execute(_LAST).one_or_none()
    return SettingsReloadAsked(row.number, row.at) if row is not None else None


def note_taken_up(transaction: Transaction, worker: str, number: int) -> None:
    """Write down that a worker, by its id, has the settings of a reload."""
    transaction.connection.execute(_TAKEN_UP, {"worker": worker, "number_": number})
