"""The course of time for workers in other processes: it stands still while anything is in anybody's hands.

What is due and in nobody's hands waits as it does in life: a worker that comes second at an agency takes it when the
first has left it due for a while, by the clock.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import exists, select

from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications
from nagorik_testing.campaign.processes.worker_pool import WorkerPool
from nagorik_testing.simulator.clock import SimulatedClock

_POLL_SECONDS: Final = 0.1
"""Seconds between two looks at the database; each look keeps others from writing for a moment."""
_CLAIMED: Final = select(exists().where(applications.c.lease.is_not(None)))


class NeverIdle(Exception):
    """The workers did not finish what was due for longer than anything may take them."""


class _Idleness(NamedTuple):
    idle: bool
    due: datetime | None
    claimed: bool


class ClockDriver:
    """Lets time pass for a pool, whose dead are replaced."""

    def __init__(self, host: Host, clock: SimulatedClock, pool: WorkerPool, *, timeout: timedelta) -> None:
        """Move ``clock``, which is that of all.

        Args:
            host: Reads the database, and does no work.
            clock: The time of agencies and citizens.
            pool: Who works.
            timeout: The machine's own time after which the workers are taken to be stuck.
        """
        self._host = host
        self._clock = clock
        self._pool = pool
        self._timeout = timeout.total_seconds()
        self._claims = host.worker().claims
        self._has_rows = False

    async def wait_until_idle(self, *, replacing: bool = True) -> datetime | None:
        """Wait until nothing is due and nothing is in hand; when something falls due next, if it ever does.

        Raises:
            NeverIdle: There is no end to it.
        """
        if not self._has_rows:
            # Before the first worker has looked, the database knows no agency, and nothing would seem due.
            await self._host.database.run(self._ensure_rows)
            self._has_rows = True
        loop = asyncio.get_running_loop()
        looked_at = loop.time()
        end = looked_at + self._timeout
        while True:
            if replacing:
                await self._pool.respawn_dead()
            found = await self._host.database.run(self._look)
            if found.idle:
                return found.due
            now = loop.time()
            if now > end:
                raise NeverIdle
            if not found.claimed:
                self._clock.advance(min(now - looked_at, _POLL_SECONDS))
            looked_at = now
            await asyncio.sleep(_POLL_SECONDS)

    def _ensure_rows(self, transaction: Transaction) -> None:
        names = [record.id for record in self._host.platform.plugins if record.manifest is not None]
        self._host.agencies.ensure_rows(transaction, names, self._clock.now())

    def _look(self, transaction: Transaction) -> _Idleness:
        due = self._claims.next_due(transaction)
        claimed = bool(transaction.connection.scalar(_CLAIMED))
        return _Idleness(not claimed and (due is None or due > self._clock.now()), due, claimed)
