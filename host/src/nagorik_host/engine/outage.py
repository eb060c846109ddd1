"""Waiting for a database that is away, for as long as others wait for this worker."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.store.database import Database, DatabaseUnavailable, Unit
from nagorik_platform.logs import get_logger

T = TypeVar("T")

_log = get_logger("nagorik.host")

PAUSE: Final = 0.05
"""Seconds before a database that is away is tried again, at most; they double up to the longest pause."""
LONGEST_PAUSE: Final = 1.0
"""Seconds after which a database that is back is noticed, at most. A worker makes no more connections at a time than
its database allows it, so one that comes up is asked no more than some times a second by each."""
LAST_PATIENCE: Final = 30.0
"""Seconds that what came of a call waits for a database that is away, at most, once its worker is to end: so long
does a supervisor give it. What cannot be written down, others look up."""


def pauses(rng: random.Random) -> Iterator[float]:
    """Seconds before each further try: half of them are chance, or all who lost the database at once came at once."""
    longest = PAUSE
    while True:
        yield rng.uniform(longest / 2, longest)
        longest = min(longest * 2, LONGEST_PAUSE)


class Availability:
    """Whether a database can be reached, as all that wait for it at the same time find.

    An outage begins with the first that cannot reach it and is over when nobody waits any more. What was begun before
    its end and finds its connection broken only then is part of it.
    """

    def __init__(self) -> None:
        """Begin while it can be reached."""
        self._waiting = 0
        self._back_at = float("-inf")
        self._is_told = False

    def lost(self, *, begun_at: float) -> bool:
        """Somebody who began at ``begun_at`` waits for it; whether that is news."""
        self._waiting += 1
        if self._is_told or begun_at < self._back_at:
            return False
        self._is_told = True
        return True

    def found(self, now: float, *, is_back: bool) -> bool:
        """Somebody waits no more, because it ``is_back`` or because they gave up; whether it is news that it is."""
        self._waiting -= 1
        if self._waiting or not is_back:
            return False
        self._back_at = now
        was_told, self._is_told = self._is_told, False
        return was_told


class OutageRetry:
    """Runs units of work of one worker, and runs them again while the database is away."""

    def __init__(
        self,
        database: Database,
        lease: WorkerLease,
        worker_name: str,
        observer: WorkerObserver,
        *,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run units on ``database``.

        Args:
            database: The host's.
            lease: For as long as it lasts a database that is away is waited for.
            worker_name: What an operator knows the worker by.
            observer: Is told when the database cannot be reached.
            is_stopping: Whether the worker is to end, and looks for nothing more.
        """
        self._database = database
        self._lease = lease
        self._worker_name = worker_name
        self._observer = observer
        self._is_stopping = is_stopping
        self._availability = Availability()
        self._rng = random.Random()  # noqa: S311 - spreads load, guards nothing

    async def run(
        self, unit: Unit[T], *, together: bool = False, unbound: bool = False, is_outcome: bool = False
    ) -> T:
        """Run a unit, and wait for a database that is away, for as long as others wait for this worker.

        A worker that is to end waits for nothing but to write down what came of its calls, and not for long.

        A unit that may have happened is run again: what it took in hand the first time is in nobody's hands then, and
        is taken up when that lease runs out.

        Args:
            unit: To be run by ``Database.run``.
            together: By ``Database.run_together``.
            unbound: By ``Database.run_unbound``.
            is_outcome: Whether it writes down what came of a call.
        """
        loop = asyncio.get_running_loop()
        begun_at, away_since = loop.time(), None
        further, is_back = pauses(self._rng), False
        database = self._database
        run = database.run_together if together else database.run_unbound if unbound else database.run
        try:
            while True:
                try:
                    result = await run(unit)
                except DatabaseUnavailable:
                    if away_since is None:
                        away_since = loop.time()
                        if self._availability.lost(begun_at=begun_at):
                            _log.error("database_unavailable", worker=self._worker_name)
                            self._observer.database_lost()
                    if loop.time() - away_since >= self._patience(is_outcome=is_outcome):
                        raise
                    await asyncio.sleep(next(further))
                else:
                    is_back = True
                    return result
        finally:
            if away_since is not None and self._availability.found(loop.time(), is_back=is_back):
                _log.warning("database_is_back", worker=self._worker_name)

    def _patience(self, *, is_outcome: bool) -> float:
        """Seconds that a database that is away is waited for."""
        lease = self._lease.lasts.total_seconds()
        if not self._is_stopping():
            return lease
        return min(lease, LAST_PATIENCE) if is_outcome else 0.0
