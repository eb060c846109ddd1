"""How all processes together treat an agency: never faster than it can bear, and gently while it is down.

The pace is a row of the database. Whoever takes applications in hand also takes their share of the agency's time, in
the same transaction, so that no number of processes is faster than one. While an agency is down its queue is left
alone but for a probe now and then; when it answers again, the queue drains at the pace, however long it has grown.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

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
from nagorik.journey import Answered, Failed
from nagorik.manifest import Manifest
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, outages

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
FIRST_PROBE: Final = timedelta(seconds=30)
LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the first to the last."""
BURST: Final = timedelta(seconds=1)
"""An agency that was not called for a while may be called this much of its time at once."""

_NOT_REACHED: Final = (AgencyUnavailable, OutcomeUnknown, ContractViolation)
_ANSWERS: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication, InputRejected, RateLimited)

_ROW: Final = select(agencies).where(agencies.c.plugin == bindparam("name")).with_for_update()


@dataclass(frozen=True, slots=True)
class Manners:
    """What one agency can bear, as its plugin's manifest says."""

    per_second: float
    concurrency: int

    @classmethod
    def of(cls, manifest: Manifest) -> "Manners":
        """The manners towards a plugin's agency."""
        return cls(per_second=manifest.limits.per_second, concurrency=manifest.limits.concurrency)

    @property
    def interval(self) -> timedelta:
        """Time of the agency that one call takes up."""
        return timedelta(seconds=1 / self.per_second)


class Agencies:
    """Grants calls to agencies and learns how they fare."""

    def __init__(self, manners: Mapping[str, Manners], *, chance: random.Random | None = None) -> None:
        """Treat the agencies of these plugins.

        Args:
            manners: By plugin id.
            chance: Spreads the probes of several processes; seed it for a test.
        """
        self._manners = manners
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing

    def grant(self, transaction: Transaction, plugin: str, wanted: int, now: datetime) -> int:
        """How many of ``wanted`` calls may be begun now; the agency's time is not yet taken up by them."""
        if wanted <= 0:
            return 0
        row = self._row(transaction, plugin, now)
        if row.down_since is not None:
            return 1 if row.probe_at is None or now >= row.probe_at else 0
        free = now + BURST - max(row.paced_to, now)
        return max(0, min(wanted, int(free / self._manners[plugin].interval)))

    def free_at(self, transaction: Transaction, plugin: str, now: datetime) -> datetime:
        """From when on one call more is granted, as far as can be told now; ``now`` if at once."""
        row = self._row(transaction, plugin, now)
        if row.down_since is not None:
            probe_at: datetime | None = row.probe_at
            return max(now, probe_at or now)
        paced_to: datetime = row.paced_to
        return max(now, paced_to - BURST + self._manners[plugin].interval)

    def use(self, transaction: Transaction, plugin: str, calls: int, now: datetime) -> None:
        """Take up the agency's time for ``calls`` that are begun now."""
        if calls == 0:
            return
        row = self._row(transaction, plugin, now)
        values: dict[str, Any] = {
            "paced_to": max(row.paced_to, now) + calls * self._manners[plugin].interval,
        }
        if row.down_since is not None:
            values["probe_at"] = now + self._pause(row.failures)
        transaction.connection.execute(update(agencies).where(agencies.c.plugin == plugin).values(**values))

    def learn(self, transaction: Transaction, plugin: str, outcome: Answered | Failed, now: datetime) -> None:
        """Take in whether a call reached the agency."""
        error = outcome.error if isinstance(outcome, Failed) else None
        row = self._row(transaction, plugin, now)
        if not _is_out_of_reach(error):
            if row.failures:
                self._recovered(transaction, row, now, reached=error is None or _has_answered(error))
            return
        failures = row.failures + 1
        values: dict[str, Any] = {"failures": failures}
        if row.down_since is None and failures >= FAILURES_OF_AN_OUTAGE:
            values |= {"down_since": now, "probe_at": now + self._pause(failures)}
            transaction.connection.execute(insert(outages).values(plugin=plugin, began_at=now))
        transaction.connection.execute(update(agencies).where(agencies.c.plugin == plugin).values(**values))

    @staticmethod
    def _recovered(transaction: Transaction, row: Row[Any], now: datetime, *, reached: bool) -> None:
        if not reached:
            return
        transaction.connection.execute(
            update(agencies).where(agencies.c.plugin == row.plugin).values(failures=0, down_since=None, probe_at=None)
        )
        if row.down_since is not None:
            transaction.connection.execute(
                update(outages)
                .where(outages.c.plugin == row.plugin, outages.c.ended_at.is_(None))
                .values(ended_at=now)
            )

    def _pause(self, failures: int) -> timedelta:
        doublings = min(max(0, failures - FAILURES_OF_AN_OUTAGE), 16)
        longest = min(FIRST_PROBE * 2**doublings, LAST_PROBE)
        return timedelta(seconds=longest.total_seconds() * self._chance.uniform(0.5, 1.0))

    @staticmethod
    def _row(transaction: Transaction, plugin: str, now: datetime) -> Row[Any]:
        row = transaction.connection.execute(_ROW, {"name": plugin}).one_or_none()
        if row is None:
            try:
                with transaction.connection.begin_nested():
                    transaction.connection.execute(insert(agencies).values(plugin=plugin, paced_to=now, failures=0))
            except IntegrityError:
                pass  # another process was first
            row = transaction.connection.execute(_ROW, {"name": plugin}).one()
        return row


def _is_out_of_reach(error: NagorikError | None) -> bool:
    return isinstance(error, _NOT_REACHED)


def _has_answered(error: NagorikError) -> bool:
    """Whether an error is the agency's own word, and not the platform's before anything was sent."""
    return isinstance(error, _ANSWERS)
