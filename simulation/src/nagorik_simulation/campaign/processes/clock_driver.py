"""The course of time for workers in other processes: it stands still while anything is in anybody's hands.

What is due and in nobody's hands waits as it does in life: a worker that comes second at an agency takes it when the
first has left it due for a while, by the clock.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import exists, func, select

from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_simulation.campaign.processes.worker_pool import WorkerPool
from nagorik_testing.simulator.clock import SimulatedClock

_POLL_SECONDS: Final = 0.1
"""Seconds between two looks at the database; each look keeps others from writing for a moment."""
_CALLS: Final = select(func.count()).select_from(attempts)
_CLAIMED: Final = select(exists().where(applications.c.lease.is_not(None)))


LONGEST_BUSY: Final = timedelta(hours=1)
"""The machine's own time after which workers that begin call after call are taken to do so without end."""


class NeverIdle(Exception):
    """The workers did not finish what was due, and began no call for longer than anything may take them."""


class Patience:
    """How long workers are waited for. A machine that is slow is slow at every call, and not one that is stuck."""

    def __init__(self, now: float, timeout: timedelta) -> None:
        """Begin at ``now``, in seconds of any clock; ``timeout`` is that of workers that begin no call."""
        self._began = self._moved_at = now
        self._timeout = timeout.total_seconds()
        self._calls = 0

    def is_over(self, now: float, calls: int) -> bool:
        """Whether they are waited for no longer, ``calls`` being what they have begun so far."""
        if calls != self._calls:
            self._calls, self._moved_at = calls, now
        return now > self._moved_at + self._timeout or now > self._began + LONGEST_BUSY.total_seconds()


class _Idleness(NamedTuple):
    idle: bool
    due: datetime | None
    claimed: bool
    calls: int
    """How many were begun so far."""


class ClockDriver:
    """Lets time pass for a pool, whose dead are replaced."""

    def __init__(self, host: Host, clock: SimulatedClock, pool: WorkerPool, *, timeout: timedelta) -> None:
        """Move ``clock``, which is that of all.

        Args:
            host: Reads the database, and does no work.
            clock: The time of agencies and citizens.
            pool: Who works.
            timeout: The machine's own time after which workers that begin no call are taken to be stuck.
        """
        self._host = host
        self._clock = clock
        self._pool = pool
        self._timeout = timeout
        self._worker = host.worker()
        self._has_rows = False

    async def wait_until_idle(self, *, replacing: bool = True) -> datetime | None:
        """Wait until nothing is due and nothing is in hand; when something falls due next, if it ever does.

        Raises:
            NeverIdle: There is no end to it.
        """
        if not self._has_rows:
            # Before the first worker has looked, the database knows no agency, and nothing would seem due.
            await self._host.database.run(self._worker.next_due)
            self._has_rows = True
        loop = asyncio.get_running_loop()
        looked_at = loop.time()
        patience = Patience(looked_at, self._timeout)
        while True:
            if replacing:
                await self._pool.respawn_dead()
            # At one moment: an application that a worker lets go between two statements would be seen by neither.
            found = await self._host.database.snapshot(self._look)
            if found.idle:
                return found.due
            now = loop.time()
            if patience.is_over(now, found.calls):
                raise NeverIdle
            if not found.claimed:
                self._clock.advance(min(now - looked_at, _POLL_SECONDS))
            looked_at = now
            await asyncio.sleep(_POLL_SECONDS)

    def _look(self, transaction: Transaction) -> _Idleness:
        due = self._worker.next_due(transaction)
        claimed = bool(transaction.connection.scalar(_CLAIMED))
        calls = transaction.connection.scalar(_CALLS) or 0
        return _Idleness(not claimed and (due is None or due > self._clock.now()), due, claimed, calls)
