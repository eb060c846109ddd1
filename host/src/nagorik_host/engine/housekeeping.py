"""What a worker does beside its calls: renew leases, take up settings, erase old messages."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from nagorik.clock import Clock
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.engine.plugins import kept_out_by
from nagorik_host.engine.reloads import SettingsReloader
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.host_keys import sign_on
from nagorik_host.store.overview import note_kept_out
from nagorik_host.store.retention import erase_messages
from nagorik_host.vault import Vault
from nagorik_platform import Platform
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

HEARTBEATS: Final = 4
"""How often a worker renews its leases within one."""
WORKER_EXPIRY: Final = timedelta(days=1)
"""After so long the row of a silent worker is deleted; until then its name shows whose calls have no end."""
TIDY: Final = 3600.0
"""Seconds between two times that old messages are erased."""


@dataclass(slots=True, repr=False, kw_only=True)
class Housekeeping:
    """One worker's row in the table of workers, and what it does every so often."""

    database: Database
    platform: Platform
    vault: Vault
    lease: WorkerLease
    held: Callable[[], Collection[HeldApplication]]
    clock: Clock
    message_age: timedelta
    worker_name: str
    reloader: SettingsReloader
    sweep: Callable[[], Awaitable[int]] | None

    # In transactions

    def register(self, transaction: Transaction) -> None:
        """Insert the worker's row. Its keys have to be those of the database."""
        sign_on(transaction, self.vault)
        self.lease.register(transaction, self.worker_name, keys=self.vault.names, expiry=WORKER_EXPIRY)

    def renew(self, transaction: Transaction, held: Collection[HeldApplication]) -> frozenset[str]:
        """Renew the worker's row and leases; the ids of the applications that it still holds."""
        renewed = self.lease.renew(transaction, {one.application for one in held})
        note_kept_out(transaction, self.lease.worker, kept_out_by(self.platform))
        return renewed

    def deregister(self, transaction: Transaction) -> None:
        """Delete the worker's row, and give back what it holds and makes no call for."""
        self.lease.deregister(transaction, {one.application for one in self.held()})

    # Every so often

    async def heartbeat(self) -> None:
        """Renew the worker's row and leases.

        Raises:
            DatabaseUnavailable: The database is away.
        """
        held, asked = self.held(), self.lease.elapsed()
        renewed = await self.database.run(partial(self.renew, held=held))
        for one in held:
            if one.application in renewed:
                one.note_renewed(asked)

    async def send_heartbeats(self) -> None:
        """Renew leases again and again, and compare the clocks.

        Raises:
            ClockWrong: This machine's clock and the database's differ by more than a second.
        """

        async def beat() -> None:
            await self.heartbeat()
            await check_clock(self.database.run, self.clock)

        await _repeat(beat, self.lease.lasts.total_seconds() / HEARTBEATS)

    async def heed_reloads(self) -> None:
        """Take up other settings of plugins as often as a heartbeat is sent, which waits for no plugin's code."""
        await _repeat(self.reloader.heed, self.lease.lasts.total_seconds() / HEARTBEATS)

    async def tidy(self) -> None:
        """Every hour, erase old messages and remove what ended processes had begun to write."""
        while True:
            try:
                removed = await self.sweep() if self.sweep is not None else 0
            except OSError as error:
                _log.warning("unfinished_documents_not_removed", because=type_name(error))
            else:
                if removed:
                    _log.info("unfinished_documents_removed", number=removed, worker=self.worker_name)
            await asyncio.sleep(TIDY)
            with suppress(DatabaseUnavailable):
                await self.erase_messages()

    async def erase_messages(self) -> int:
        """Erase messages that came longer ago than messages are kept; how many there were."""
        now = self.clock.now()
        return await erase_messages(self.database, received_before=now - self.message_age, now=now)


async def _repeat(do: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        with suppress(DatabaseUnavailable):
            await do()
