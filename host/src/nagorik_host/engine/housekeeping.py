"""What a worker does beside its calls: renew leases, take up settings, erase old messages."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from nagorik.clock import Clock
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.engine.permits import drop_wishes
from nagorik_host.engine.plugins import kept_out_by
from nagorik_host.engine.reloads import ReadSettings, SettingsReloader
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


class Housekeeping:
    """One worker's row in the table of workers, and what it does every so often."""

    def __init__(
        self,
        database: Database,
        platform: Platform,
        vault: Vault,
        *,
        lease: WorkerLease,
        plugins: Collection[str],
        held: Callable[[], Collection[HeldApplication]],
        clock: Clock,
        message_age: timedelta,
        worker_name: str,
        read_settings: ReadSettings | None,
        sweep: Callable[[], Awaitable[int]] | None,
    ) -> None:
        """Keep house for the worker of ``lease``, which calls ``plugins`` and holds what ``held`` returns."""
        self._plugins = plugins
        self._sweep = sweep
        self._database = database
        self._platform = platform
        self._vault = vault
        self._lease = lease
        self._held = held
        self._clock = clock
        self._message_age = message_age
        self._worker_name = worker_name
        self._reloader = SettingsReloader(
            database, platform, read_settings, vault=vault, worker=lease.worker, clock=clock
        )

    # In transactions

    def register(self, transaction: Transaction) -> None:
        """Insert the worker's row. Its keys have to be those of the database."""
        sign_on(transaction, self._vault)
        self._lease.register(transaction, self._worker_name, keys=self._vault.names, expiry=WORKER_EXPIRY)

    def renew(self, transaction: Transaction, held: Collection[HeldApplication]) -> frozenset[str]:
        """Renew the worker's row and leases; the ids of the applications that it still holds."""
        renewed = self._lease.renew(transaction, {one.application for one in held})
        note_kept_out(transaction, self._lease.worker, kept_out_by(self._platform))
        return renewed

    def deregister(self, transaction: Transaction) -> None:
        """Delete the worker's row, and give back what it holds and makes no call for."""
        self._lease.deregister(transaction, {one.application for one in self._held()})
        drop_wishes(transaction, self._lease.worker, self._plugins)

    # Every so often

    async def heartbeat(self) -> None:
        """Renew the worker's row and leases.

        Raises:
            DatabaseUnavailable: The database is away.
        """
        held, asked = self._held(), self._lease.elapsed()
        renewed = await self._database.run(partial(self.renew, held=held))
        for one in held:
            if one.application in renewed:
                one.note_renewed(asked)

    async def send_heartbeats(self) -> None:
        """Renew leases again and again, and compare the clocks.

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
                await self.reload()

    async def reload(self) -> None:
        """Take up other settings of plugins, if there was a reload since the last time.

        Raises:
            DatabaseUnavailable: The database is away.
        """
        await self._reloader.heed()

    async def tidy(self) -> None:
        """Every hour, erase old messages and remove what ended processes had begun to write."""
        while True:
            try:
                removed = await self._sweep() if self._sweep is not None else 0
            except OSError as error:
                _log.warning("unfinished_documents_not_removed", because=type_name(error))
            else:
                if removed:
                    _log.info("unfinished_documents_removed", number=removed, worker=self._worker_name)
            await asyncio.sleep(TIDY)
            with suppress(DatabaseUnavailable):
                await self.erase_messages()

    async def erase_messages(self) -> int:
        """Erase messages that came longer ago than messages are kept; how many there were."""
        now = self._clock.now()
        return await erase_messages(self._database, received_before=now - self._message_age, now=now)
