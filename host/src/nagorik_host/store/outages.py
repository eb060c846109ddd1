"""When agencies could not be reached. The time of an outage does not count against what an agency promises."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, outages


class OutagePeriod(NamedTuple):
    """A time in which an agency could not be reached; it goes on where ``end`` is ``None``."""

    begin: datetime
    end: datetime | None


class ExpectedDecision(NamedTuple):
    """When an application is expected to be decided, and how much of that is added because of outages."""

    at: datetime
    frozen: timedelta


def expected(
    filed_at: datetime, promised: timedelta, outages: Iterable[OutagePeriod], now: datetime
) -> ExpectedDecision:
    """The promised time from the filing on, outages left out; all times aware."""
    at = filed_at + promised
    for outage in sorted(outages):
        end = outage.end if outage.end is not None else now
        begin = max(outage.begin, filed_at)
        if begin < at and end > begin:
            at += end - begin
    return ExpectedDecision(at, at - filed_at - promised)


def outages_of(transaction: Transaction, plugin: str) -> list[OutagePeriod]:
    """All outages of a plugin's agency, the oldest first."""
    query = select(outages).where(outages.c.plugin == plugin).order_by(outages.c.began_at)
    return [OutagePeriod(row.began_at, row.ended_at) for row in transaction.connection.execute(query)]


class Unreachable(NamedTuple):
    """A plugin's agency that cannot be reached now: since when, and why at first, as a code."""

    plugin: str
    since: datetime
    cause: str | None


def unreachable(transaction: Transaction, plugin: str) -> Unreachable | None:
    """Since when and why a plugin's agency cannot be reached; ``None`` where it can."""
    query = select(agencies.c.down_since, agencies.c.cause).where(agencies.c.plugin == plugin)
    row = transaction.connection.execute(query).one_or_none()
    return Unreachable(plugin, row.down_since, row.cause) if row is not None and row.down_since is not None else None
