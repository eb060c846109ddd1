"""A worker: takes what is due, makes the calls, and never holds more than it can lay down.

Everything is level-triggered. A worker looks at what is due, whatever made it look: a hint, a timer or another look.
A hint that is lost costs a moment and one that comes twice costs nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

import structlog
from sqlalchemy import Row, delete, func, insert, select, update

from nagorik import Platform, ServiceNotOffered
from nagorik.clock import Clock, SystemClock
from nagorik.journey import Answered, Failed, JournalBroken
from nagorik.journey.perform import perform
from nagorik.lifecycle import IllegalTransition
from nagorik_host.engine.agencies import Agencies
from nagorik_host.engine.claims import Claims
from nagorik_host.engine.current import APPLICATION
from nagorik_host.engine.hand import LEASE, Hand, Taken
from nagorik_host.engine.inbox import Inbox
from nagorik_host.engine.plans import Plans
from nagorik_host.store.books import Books, callee
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import applications, workers
from nagorik_host.vault import Erased, SealBroken, Vault

_log = structlog.stdlib.get_logger("nagorik.host")

SWEEP: Final = 1.0
"""Seconds between two looks when no hint comes: another process's hints are heard no later than this."""
BEAT: Final = LEASE.total_seconds() / 4
BLOCKED: Final = timedelta(minutes=5)
"""How long an application that the host cannot advance is left alone before it is looked at again."""


class Worker:
    """One of any number of workers on the same books."""

    def __init__(
        self,
        *,
        database: Database,
        platform: Platform,
        books: Books,
        vault: Vault,
        agencies: Agencies,
        inbox: Inbox,
        places: Mapping[str, int],
        clock: Clock,
        lease_clock: Clock | None = None,
        name: str = "worker",
    ) -> None:
        """Work on what ``database`` holds.

        Args:
            database: Where the books are.
            platform: Makes the calls.
            books: Reads and writes applications.
            vault: As the books'.
            agencies: What the agencies can bear.
            inbox: Messages to be read.
            places: By plugin, the most calls in flight at its agency, over all workers.
            clock: The time of agencies and citizens.
            lease_clock: The machine's time, if that is another.
            name: What an operator knows it by, such as the machine's name.
        """
        self.id = str(uuid4())
        self._name = name
        self._database = database
        self._platform = platform
        self._books = books
        self._agencies = agencies
        self._inbox = inbox
        self._places = places
        self._clock = clock
        self._lease_clock = lease_clock or SystemClock()
        self._claims = Claims(agencies)
        self._hand = Hand(books, Plans(platform), vault, worker=self.id, clock=clock, lease_clock=self._lease_clock)
        self._flying: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._failed: BaseException | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then lay down what is in hand.

        Raises:
            DatabaseUnavailable: The books cannot be reached any more.
        """
        await self._database.run(self._sign_on)
        beating = asyncio.create_task(self._beat())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._look.clear()
                if await self.look():
                    continue
                looking = asyncio.create_task(self._look.wait())
                await asyncio.wait({looking, stopping, beating}, timeout=SWEEP, return_when=asyncio.FIRST_COMPLETED)
                looking.cancel()
                self._raise_failure(beating)
        finally:
            await self._lay_down_all()
            for task in (beating, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self._database.run(self._sign_off)

    async def run_until_idle(self) -> datetime | None:
        """Work until nothing is due and nothing is in hand; when something falls due next, if it ever does."""
        while True:
            if await self.look():
                continue
            if self._flying:
                await asyncio.wait(set(self._flying), return_when=asyncio.FIRST_COMPLETED)
                self._raise_failure()
                continue
            return await self._database.run(self._next_due)

    async def look(self) -> bool:
        """Take in hand what is due and can be called now; whether there was anything."""
        read = await self._inbox.handle()
        taken = await self._database.run(self._take)
        for one in taken:
            self._fly(one)
        return bool(taken or read)

    def hint(self) -> None:
        """Something may be due."""
        self._look.set()

    # In transactions

    def _take(self, transaction: Transaction) -> list[Taken]:
        now = self._clock.now()
        taken: list[Taken] = []
        lost = self._claims.abandoned(
            transaction, self._places, places=sum(self._places.values()), lease_now=self._lease_clock.now()
        )
        taken += self._take_rows(transaction, lost, now)
        waiting = self._claims.waiting(transaction, now)
        in_hand = self._claims.in_hand(transaction) if waiting else {}
        for plugin in waiting:
            free = self._places.get(plugin, 0) - in_hand.get(plugin, 0)
            rows = self._claims.due(transaction, plugin, places=free, now=now)
            taken += self._take_rows(transaction, rows, now)
        return taken

    def _take_rows(self, transaction: Transaction, rows: Sequence[Row[Any]], now: datetime) -> list[Taken]:
        taken = [one for row in rows if (one := self._take_row(transaction, row, now)) is not None]
        calls: dict[str, int] = {}
        for one in taken:
            name = _callee(one)
            calls[name] = calls.get(name, 0) + 1
        for name, number in calls.items():
            self._agencies.use(transaction, name, number, now)
        return taken

    def _take_row(self, transaction: Transaction, row: Row[Any], now: datetime) -> Taken | None:
        try:
            with transaction.connection.begin_nested():
                return self._hand.take(transaction, row)
        except ServiceNotOffered:
            self._block(transaction, row.id, "service-not-offered", now + BLOCKED)
        except Erased:
            self._block(transaction, row.id, "erased", None)
        except (IllegalTransition, JournalBroken, SealBroken, ValueError) as error:
            # One application that cannot be worked on is an officer's case; it holds up nobody else's.
            _log.error("application_blocked", defect=type(error).__name__, service=row.service)
            self._block(transaction, row.id, "defect", None)
        return None

    @staticmethod
    def _block(transaction: Transaction, application: str, code: str, again: datetime | None) -> None:
        transaction.connection.execute(
            update(applications)
            .where(applications.c.id == application)
            .values(blocked=code, due_at=again, lease=None, lease_until=None)
        )

    def _next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due to an agency that can bear the call then."""
        query = (
            select(applications.c.callee, func.min(applications.c.due_at).label("due_at"))
            .where(applications.c.callee.in_(list(self._places)), applications.c.due_at.is_not(None))
            .group_by(applications.c.callee)
        )
        now = self._clock.now()
        waiting = transaction.connection.execute(query).all()
        firsts = (max(row.due_at, self._agencies.free_at(transaction, row.callee, now)) for row in waiting)
        return min(firsts, default=None)

    def _lay_down(self, transaction: Transaction, taken: Taken, outcome: Answered | Failed) -> Taken | None:
        """Commit what came of a call, and with it the next intent of the same application if that is due at once."""
        now = self._clock.now()
        self._hand.lay_down(transaction, taken, outcome)
        self._agencies.learn(transaction, _callee(taken), outcome, now)
        row = self._claims.one(transaction, taken.kept.id, now=now)
        if row is None or self._agencies.grant(transaction, row.callee, 1, now) == 0:
            return None
        following = self._take_rows(transaction, [row], now)
        return following[0] if following else None

    def _sign_on(self, transaction: Transaction) -> None:
        at = self._lease_clock.now()
        transaction.connection.execute(insert(workers).values(id=self.id, name=self._name, started_at=at, beat_at=at))

    def _sign_off(self, transaction: Transaction) -> None:
        """Give back what was not finished, at once instead of when the lease runs out."""
        transaction.connection.execute(
            update(applications).where(applications.c.lease == self.id).values(lease_until=self._lease_clock.now())
        )
        transaction.connection.execute(delete(workers).where(workers.c.id == self.id))

    def _renew(self, transaction: Transaction) -> None:
        at = self._lease_clock.now()
        transaction.connection.execute(update(workers).where(workers.c.id == self.id).values(beat_at=at))
        transaction.connection.execute(
            update(applications).where(applications.c.lease == self.id).values(lease_until=at + LEASE)
        )

    # In flight

    def _fly(self, taken: Taken) -> None:
        task = asyncio.create_task(self._carry(taken))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    async def _carry(self, taken: Taken) -> None:
        """Make the call, and those that follow from it at once."""
        carried: Taken | None = taken
        while carried is not None:
            APPLICATION.set(carried.kept.id)
            outcome = await perform(self._platform, carried.draft, carried.kept.progress, carried.call)
            carried = await self._database.run(partial(self._lay_down, taken=carried, outcome=outcome))

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._look.set()
        if not task.cancelled() and task.exception() is not None:
            self._failed = self._failed or task.exception()

    def _raise_failure(self, *others: asyncio.Task[None]) -> None:
        for task in others:
            if task.done() and not task.cancelled() and task.exception() is not None:
                self._failed = self._failed or task.exception()
        if self._failed is not None:
            raise self._failed

    async def _lay_down_all(self) -> None:
        """Wait for the calls in flight: each has a deadline of its own."""
        while self._flying:
            await asyncio.wait(set(self._flying))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            await self._database.run(self._renew)


def _callee(taken: Taken) -> str:
    return callee(taken.call, taken.kept.plugin, taken.kept.gateway)
