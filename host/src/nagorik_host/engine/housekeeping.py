"""What a worker does beside its calls: it says that it lives, tells what it did, and clears old things away."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from nagorik.clock import Clock
from nagorik_host.engine.claims import DEFECT
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.engine.observers import Throughput
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.plugins import kept_out_by
from nagorik_host.engine.queues import unreadable_rows
from nagorik_host.engine.reloads import SettingsReloader
from nagorik_host.store.application_store import set_aside
from nagorik_host.store.database import Database, DatabaseUnavailable, Hints, Transaction
from nagorik_host.store.host_keys import sign_on
from nagorik_host.store.overview import count_due, note_kept_out
from nagorik_host.store.retention import erase_messages
from nagorik_host.vault import Vault
from nagorik_platform import Platform
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

HEARTBEATS: Final = 4
"""How often a living worker is heard of within its lease."""
WORKER_EXPIRY: Final = timedelta(days=1)
"""A worker that was not heard of for so long is struck off; until then its name tells whose calls have no end."""
TIDY: Final = 3600.0
"""Seconds between two times that old hints are cleared away."""
MINUTE: Final = 60.0
"""Seconds between two lines of the log that say what was done."""


class Housekeeping:
    """One worker's row in the table of workers, and what it does every so often.

    Attributes:
        throughput: Counts what is told every minute.
    """

    def __init__(
        self,
        database: Database,
        platform: Platform,
        vault: Vault,
        *,
        lease: WorkerLease,
        places: WorkerPlaces,
        plugins: Collection[str],
        held: Callable[[], Collection[HeldApplication]],
        clock: Clock,
        message_age: timedelta,
        worker_name: str,
        reloader: SettingsReloader,
        sweep: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        """Keep house for the worker of ``lease``.

        Args:
            database: The host's.
            platform: Knows which plugins are kept out.
            vault: Of the same host.
            lease: On what terms the worker has applications in hand.
            places: How many calls it may make at each agency.
            plugins: The plugins that it calls.
            held: Tells which applications it has in hand.
            clock: The time of agencies and citizens.
            message_age: How long messages are kept, whatever became of them.
            worker_name: What an operator knows the worker by.
            reloader: Takes up other settings of plugins.
            sweep: Clears away what processes that ended had begun to write; how much that was.
        """
        self._sweep = sweep
        self._reloader = reloader
        self._database = database
        self._platform = platform
        self._vault = vault
        self._lease = lease
        self._places = places
        self._plugins = plugins
        self._held = held
        self._clock = clock
        self._message_age = message_age
        self._worker_name = worker_name
        self.throughput = Throughput()

    # In transactions

    def register(self, transaction: Transaction) -> None:
        """Write the worker down, whose keys are to be those of the database."""
        sign_on(transaction, self._vault)
        # A worker that was killed never deregisters.
        self._lease.register(transaction, self._worker_name, keys=self._vault.names, expiry=WORKER_EXPIRY)
        self._block_unreadable(transaction)

    def renew(self, transaction: Transaction, held: Collection[HeldApplication]) -> frozenset[str]:
        """Say that the worker lives and still has in hand what it has; the ids of what it really still has."""
        renewed = self._lease.renew(transaction, {one.application for one in held})
        self._places.renew(transaction)
        note_kept_out(transaction, self._lease.worker, kept_out_by(self._platform))
        self._block_unreadable(transaction)
        transaction.seal_ledger(self._clock.now())
        return renewed

    def deregister(self, transaction: Transaction) -> None:
        """Give back what the worker holds and makes no call for, and strike it off."""
        self._lease.deregister(transaction, {one.application for one in self._held()})
        self._places.forget(transaction)

    def _block_unreadable(self, transaction: Transaction) -> None:
        """Leave to an officer what somebody made due at no time that there is."""
        for row in unreadable_rows(transaction, self._plugins):
            set_aside(transaction, row.id, DEFECT, again=None, now=self._clock.now())
            _log.error(
                "application_blocked",
                defect="due-unreadable",
                application=row.id,
                service=row.service,
                worker=self._worker_name,
            )

    # Every so often

    async def heartbeat(self) -> None:
        """Say that the worker lives, and let what it has in hand know for how much longer it has it.

        Raises:
            DatabaseUnavailable: The database is gone.
        """
        held, asked = self._held(), self._lease.elapsed()
        renewed = await self._database.run(partial(self.renew, held=held))
        for one in held:
            if one.application in renewed:
                one.note_renewed(asked)

    async def send_heartbeats(self) -> None:
        """Say again and again that the worker lives, and see that its clock is right.

        Raises:
            ClockWrong: This machine's clock and the database's differ by more than a second.
        """
        while True:
            await asyncio.sleep(self._lease.lasts.total_seconds() / HEARTBEATS)
            with suppress(DatabaseUnavailable):
                await self.heartbeat()
                await check_clock(self._database.run, self._clock)

    async def heed_reloads(self) -> None:
        """Take up other settings of plugins as often as a heartbeat is sent, which waits for no plugin's code."""
        while True:
            await asyncio.sleep(self._lease.lasts.total_seconds() / HEARTBEATS)
            with suppress(DatabaseUnavailable):
                await self._reloader.heed()

    async def reload(self) -> None:
        """Take up other settings of plugins, if somebody asked for that.

        Raises:
            DatabaseUnavailable: The database is gone.
        """
        await self._reloader.heed()

    async def tell_throughput(self) -> None:
        """Tell every minute what was done, and what is due."""
        while True:
            await asyncio.sleep(MINUTE)
            due: dict[str, int] | None = None
            with suppress(DatabaseUnavailable):
                due = dict(await self._database.run(partial(count_due, until=self._clock.now())))
            _log.info(
                "worker_throughput",
                worker=self._worker_name,
                seconds=round(MINUTE),
                calls=self.throughput.take(),
                in_hand=len(self._held()),
                due=due,
            )

    async def tidy(self, hints: Hints) -> None:
        """Clear old hints and messages away, and at first what processes that ended had begun to write."""
        while True:
            await self.sweep()
            await asyncio.sleep(TIDY)
            with suppress(DatabaseUnavailable):
                await hints.tidy()
            with suppress(DatabaseUnavailable):
                await self.erase_messages()

    async def sweep(self) -> None:
        """Clear away what processes that ended had begun to write; nobody who lives is disturbed."""
        if self._sweep is None:
            return
        try:
            removed = await self._sweep()
        except OSError as error:
            _log.warning("unfinished_documents_not_removed", because=type_name(error))
            return
        if removed:
            _log.info("unfinished_documents_removed", number=removed, worker=self._worker_name)

    async def erase_messages(self) -> int:
        """Erase what agencies and gateways sent longer ago than messages are kept; how many there were."""
        now = self._clock.now()
        return await erase_messages(self._database, received_before=now - self._message_age, now=now)
