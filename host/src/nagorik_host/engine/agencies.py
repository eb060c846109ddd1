"""How all processes together treat an agency: never faster than it can bear, and gently while it is down.

Whoever claims applications also reserves their share of the agency's time, in the same transaction, so that no number
of processes is faster than one. While an agency is down its queue is left alone but for a probe now and then; when it
answers again, the queue drains at the agency's rate, however long it has grown. The time of an outage does not count
against what the agency promises.
"""

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, func, insert, select, update

from nagorik import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    RateLimited,
)
from nagorik.errors import Layer
from nagorik.manifest import Manifest
from nagorik_host.engine.leases import LOST
from nagorik_host.engine.rate_limiter import TAKEN_UP, UNKNOWN, interval_of, row_of
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, MICROSECOND, Instant, agencies, applications, outages
from nagorik_platform.lifecycle import CallAnswered, CallFailed

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
FIRST_PROBE: Final = timedelta(seconds=30)
LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the first to the last."""
HORIZON: Final = timedelta(seconds=1)
"""How far ahead calls are spoken for. Each has an instant of its own, and waits for it in the hands of its worker."""

_NOT_REACHED: Final = (AgencyUnavailable, OutcomeUnknown, ContractViolation)
_OUR_OWN: Final = frozenset({UNKNOWN, LOST})
"""Why the platform held a request back, for reasons that are not the agency's."""
_ANSWERS: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication, InputRejected, RateLimited)

_AFTER: Final = MICROSECOND
"""A horizon is reached by whoever looks after it, not at it."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_NAMED: Final = agencies.c.plugin == bindparam("name")
_FAILURES: Final = select(agencies.c.failures).where(_NAMED)
_RESERVE: Final = update(agencies).where(_NAMED).values(paced_to=bindparam("to"))
_PROBE: Final = update(agencies).where(_NAMED).values(paced_to=bindparam("to"), probe_at=bindparam("again"))
_FAILED: Final = update(agencies).where(_NAMED).values(failures=bindparam("count"))
_DOWN: Final = (
    update(agencies)
    .where(_NAMED)
    .values(failures=bindparam("count"), down_since=bindparam("since"), probe_at=bindparam("again"))
)
_UP: Final = update(agencies).where(_NAMED).values(failures=0, down_since=None, probe_at=None)
_OUTAGE_BEGAN: Final = insert(outages)
_OUTAGE_ENDED: Final = (
    update(outages)
    .where(outages.c.plugin == bindparam("name"), outages.c.ended_at.is_(None))
    .values(ended_at=bindparam("end"))
)
_FIRST_DUE: Final = select(func.min(applications.c.due_at)).where(
    applications.c.target_plugin == agencies.c.plugin, IN_QUEUE
)
# Each agency's first row is read off the index, however many wait behind it.
_QUEUE_STATES: Final = select(agencies, _FIRST_DUE.scalar_subquery().label("due_at")).where(
    agencies.c.plugin.in_(bindparam("names", expanding=True))
)
_QUEUE_STATES_WITHIN: Final = select(
    agencies,
    _FIRST_DUE.where(applications.c.plugin_version.not_in(bindparam("beyond", expanding=True)))
    .scalar_subquery()
    .label("due_at"),
).where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
_RESERVE_ONE: Final = (
    update(agencies)
    .where(_NAMED, agencies.c.down_since.is_(None), agencies.c.paced_to < bindparam("horizon", type_=Instant))
    .values(paced_to=TAKEN_UP)
    .returning(agencies.c.paced_to)
)


@dataclass(frozen=True, slots=True)
class AgencyLimits:
    """What one agency can bear, as its plugin's manifest says."""

    per_second: float
    concurrency: int

    @classmethod
    def of(cls, manifest: Manifest) -> "AgencyLimits":
        """The limits of a plugin's agency."""
        return cls(per_second=manifest.limits.per_second, concurrency=manifest.limits.concurrency)

    @property
    def interval(self) -> timedelta:
        """Time of the agency that one request takes up."""
        return interval_of(self.per_second)


class QueueState(NamedTuple):
    """What an agency's queue looks like.

    Attributes:
        plugin: The agency's plugin.
        due_at: When its first application falls due, if any does.
        free_at: From when on a call is granted.
    """

    plugin: str
    due_at: datetime | None
    free_at: datetime


class AgencyScheduler:
    """Grants calls to agencies and learns how they fare."""

    def __init__(self, limits: Mapping[str, AgencyLimits], *, rng: random.Random | None = None) -> None:
        """Treat the agencies of these plugins.

        Args:
            limits: By plugin id.
            rng: Spreads the probes of several processes; seed it for a test.
        """
        self._limits = limits
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing

    def available(self, transaction: Transaction, plugin: str, wanted: int, now: datetime) -> int:
        """How many of ``wanted`` calls may be spoken for now; the agency's time is not yet taken up by them."""
        if wanted <= 0:
            return 0
        row = row_of(transaction, plugin, now)
        if row.down_since is not None:
            return 1 if row.probe_at is None or now >= row.probe_at else 0
        paced_to: datetime = row.paced_to
        free = now + HORIZON - max(paced_to, now)
        return max(0, min(wanted, ceil(free / self._limits[plugin].interval)))

    def queue_states(
        self, transaction: Transaction, plugins: Iterable[str], now: datetime, *, beyond: Collection[str] = ()
    ) -> list[QueueState]:
        """When each agency's first application falls due, and from when on a call to it is granted.

        As far as can be told now, without waiting for anybody who is changing it. What is pinned to a release that is
        ``beyond`` the installed one does not count.
        """
        names = list(plugins)
        if beyond:
            found = transaction.connection.execute(_QUEUE_STATES_WITHIN, {"names": names, "beyond": list(beyond)})
        else:
            found = transaction.connection.execute(_QUEUE_STATES, {"names": names})
        return [QueueState(row.plugin, row.due_at, self._free_at(row, now)) for row in found]

    def ensure_rows(self, transaction: Transaction, plugins: Iterable[str], now: datetime) -> None:
        """Have a row for each of these agencies."""
        for plugin in plugins:
            row_of(transaction, plugin, now)

    @staticmethod
    def _free_at(row: Row[Any], now: datetime) -> datetime:
        if row.down_since is not None:
            probe_at: datetime | None = row.probe_at
            return max(now, probe_at or now)
        paced_to: datetime = row.paced_to
        return max(now, paced_to - HORIZON + _AFTER)

    def reserve(self, transaction: Transaction, plugin: str, calls: int, now: datetime) -> list[datetime]:
        """Take up the agency's time for the first request of each of ``calls``; the instants to make them at."""
        if calls == 0:
            return []
        row = row_of(transaction, plugin, now)
        interval = self._limits[plugin].interval
        first = max(row.paced_to, now)
        values: dict[str, Any] = {"name": plugin, "to": first + calls * interval}
        if row.down_since is None:
            transaction.connection.execute(_RESERVE, values)
        else:
            transaction.connection.execute(_PROBE, values | {"again": now + self._pause(row.failures)})
        return [first + number * interval for number in range(calls)]

    def reserve_one(self, transaction: Transaction, plugin: str, now: datetime) -> datetime | None:
        """Take up the agency's time for one call, if it is up and one is granted; the instant to make it at."""
        interval = self._limits[plugin].interval
        wanted = {"name": plugin, "now": now, "horizon": now + HORIZON, "interval": interval // MICROSECOND}
        paced_to: datetime | None = transaction.connection.scalar(_RESERVE_ONE, wanted)
        return paced_to - interval if paced_to is not None else None

    def learn(self, transaction: Transaction, plugin: str, outcome: CallAnswered | CallFailed, now: datetime) -> None:
        """Take in whether a call reached the agency."""
        error = outcome.error if isinstance(outcome, CallFailed) else None
        if not _is_out_of_reach(error):
            # Of an agency that is well there is nothing to write, so nobody has to wait here for anybody else.
            reached = error is None or _has_answered(error)
            if reached and transaction.connection.scalar(_FAILURES, {"name": plugin}):
                self._recovered(transaction, row_of(transaction, plugin, now), now)
            return
        row = row_of(transaction, plugin, now)
        failures = row.failures + 1
        values: dict[str, Any] = {"name": plugin, "count": failures}
        if row.down_since is None and failures >= FAILURES_OF_AN_OUTAGE:
            transaction.connection.execute(_OUTAGE_BEGAN, {"plugin": plugin, "began_at": now})
            transaction.connection.execute(_DOWN, values | {"since": now, "again": now + self._pause(failures)})
        else:
            transaction.connection.execute(_FAILED, values)

    @staticmethod
    def _recovered(transaction: Transaction, row: Row[Any], now: datetime) -> None:
        transaction.connection.execute(_UP, {"name": row.plugin})
        if row.down_since is not None:
            transaction.connection.execute(_OUTAGE_ENDED, {"name": row.plugin, "end": now})

    def _pause(self, failures: int) -> timedelta:
        doublings = min(max(0, failures - FAILURES_OF_AN_OUTAGE), 16)
        longest = min(FIRST_PROBE * 2**doublings, LAST_PROBE)
        return timedelta(seconds=longest.total_seconds() * self._rng.uniform(0.5, 1.0))


def _is_out_of_reach(error: NagorikError | None) -> bool:
    return isinstance(error, _NOT_REACHED) and getattr(error, "because", None) not in _OUR_OWN


def _has_answered(error: NagorikError) -> bool:
    """Whether an error is the agency's own word, and not the platform's before anything was sent."""
    held_back = isinstance(error, RateLimited) and error.layer is Layer.CORE
    return isinstance(error, _ANSWERS) and not held_back


class OutagePeriod(NamedTuple):
    """A time in which an agency could not be reached; it goes on where ``end`` is ``None``."""

    begin: datetime
    end: datetime | None


class ExpectedDecision(NamedTuple):
    """When an application is expected to be decided.

    Attributes:
        at: The day and hour; it moves on while an outage goes on.
        frozen: How much later that is because of outages.
    """

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


def down_since(transaction: Transaction, plugin: str) -> datetime | None:
    """Since when a plugin's agency cannot be reached, if that is so now."""
    since: datetime | None = transaction.connection.scalar(
        select(agencies.c.down_since).where(agencies.c.plugin == plugin)
    )
    return since
