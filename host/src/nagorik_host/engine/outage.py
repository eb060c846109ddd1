"""Waiting for a database that is away, for as long as others wait for this worker."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.observers import ContainedObserver
from nagorik_host.store.database import Database, DatabaseUnavailable, Unit
from nagorik_platform.logs import get_logger

T = TypeVar("T")

_log = get_logger("nagorik.host")

PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
"""Seconds before a database that is away is tried again: they double from the first to the longest."""
LAST_PATIENCE: Final = 30.0
"""Seconds that an outcome waits for a database that is away, at most, once its worker is to end: so long does a
supervisor give it. What cannot be written down, others look up."""


def pauses() -> Iterator[float]:
    """Seconds before each further try; half of them are chance, or all who lost the database at once came at once."""
    longest = PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing
        longest = min(longest * 2, LONGEST_PAUSE)


@dataclass(slots=True, repr=False)
class OutageRetry:
    """Runs units of work of one worker, and runs them again while the database is away, for as long as its lease."""

    database: Database
    lease: WorkerLease
    worker_name: str
    observer: ContainedObserver
    is_stopping: Callable[[], bool]
    _is_away: bool = False

    async def run(self, unit: Unit[T], *, is_outcome: bool = False) -> T:
        """Run a unit, and wait for a database that is away.

        A unit that may have happened is run again: what it claimed the first time is held by a lease that runs out.
        A worker that stops waits for an outcome (``is_outcome``), too: what came of a call.

        Raises:
            DatabaseUnavailable: It is away for too long.
        """
        loop = asyncio.get_running_loop()
        lost_at, further = None, pauses()
        while True:
            try:
                result = await self.database.run(unit)
            except DatabaseUnavailable:
                self._report(is_away=True)
                lost_at = loop.time() if lost_at is None else lost_at
                if loop.time() - lost_at >= self._patience(is_outcome=is_outcome):
                    raise
                await asyncio.sleep(next(further))
            else:
                self._report(is_away=False)
                return result

    def _report(self, *, is_away: bool) -> None:
        """Report an outage and its end once, however many wait."""
        if is_away and not self._is_away:
            _log.error("database_unavailable", worker=self.worker_name)
            self.observer.note("database_lost")
        elif self._is_away and not is_away:
            _log.warning("database_is_back", worker=self.worker_name)
        self._is_away = is_away

    def _patience(self, *, is_outcome: bool) -> float:
        lease = self.lease.lasts.total_seconds()
        if not self.is_stopping():
            return lease
        return min(lease, LAST_PATIENCE) if is_outcome else 0.0
