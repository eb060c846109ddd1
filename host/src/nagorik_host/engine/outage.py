"""Waiting for a database that is away, for as long as others wait for this worker."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.observers import WorkerObserver
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


@dataclass(slots=True, repr=False)
class OutageRetry:
    """Runs units of work of one worker, and runs them again while the database is away, for as long as its lease."""

    database: Database
    lease: WorkerLease
    worker_name: str
    observer: WorkerObserver
    is_stopping: Callable[[], bool]
    _is_away: bool = False

    async def run(self, unit: Unit[T], *, is_outcome: bool = False) -> T:
        """Run a unit, and wait for a database that is away.

        A unit that may have happened is run again: what it claimed the first time is held by a lease that runs out.
        A worker that stops waits for an outcome (``is_outcome``), too: what came of a call.

        Raises:
            DatabaseUnavailable: It is away for too long.
        """
        clock, lost_at, pause = asyncio.get_running_loop().time, float("inf"), PAUSE
        while True:
            try:
                result = await self.database.run(unit)
            except DatabaseUnavailable:
                lost_at = min(lost_at, clock())
                if not self._is_away:  # reported once, however many wait
                    self._is_away = True
                    _log.error("database_unavailable", worker=self.worker_name)
                    self.observer.note("database_lost")
                patience = self.lease.lasts.total_seconds()
                if self.is_stopping():
                    patience = min(patience, LAST_PATIENCE) if is_outcome else 0.0
                if clock() - lost_at >= patience:
                    raise
                # Half of a pause is chance, or all who lost the database at once came at once.
                await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads load, guards nothing
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                if self._is_away:
                    self._is_away = False
                    _log.warning("database_is_back", worker=self.worker_name)
                return result
