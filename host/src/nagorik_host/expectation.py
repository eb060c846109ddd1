"""When an agency is expected to be done, by what it promises; its outages do not count."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, outages


class Outage(NamedTuple):
    """A time in which an agency could not be reached; it goes on where ``end`` is ``None``."""

    begin: datetime
    end: datetime | None


class Expected(NamedTuple):
    """When an application is expected to be decided.

    Attributes:
        at: The day and hour; it moves on while an outage goes on.
        frozen: How much later that is because of outages.
    """

    at: datetime
    frozen: timedelta


def expected(filed_at: datetime, promised: timedelta, outages: Iterable[Outage], now: datetime) -> Expected:
    """The promised time from the filing on, outages left out; all times aware."""
    at = filed_at + promised
    for outage in sorted(outages):
        end = outage.end if outage.end is not None else now
        begin = max(outage.begin, filed_at)
        if begin < at and end > begin:
            at += end - begin
    return Expected(at, at - filed_at - promised)


def outages_of(transaction: Transaction, plugin: str) -> list[Outage]:
    """All outages of a plugin's agency, the oldest first."""
    query = select(outages).where(outages.c.plugin == plugin).order_by(outages.c.began_at)
    return [Outage(row.began_at, row.ended_at) for row in transaction.connection.execute(query)]


def down_since(transaction: Transaction, plugin: str) -> datetime | None:
    """Since when a plugin's agency cannot be reached, if that is so now."""
    since: datetime | None = transaction.connection.scalar(
        select(agencies.c.down_since).where(agencies.c.plugin == plugin)
    )
    return since
