"""What a worker does beside its calls: renew leases, take up settings, erase old messages."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.engine.reloads import ReadSettings, SettingsReloader
from nagorik_host.store.database import DatabaseUnavailable, Transaction
from nagorik_host.store.host_keys import sign_on
from nagorik_host.store.overview import KeptOutPlugin, note_kept_out
from nagorik_host.store.retention import erase_messages
from nagorik_platform.registry.records import ADMISSION_CODES

if TYPE_CHECKING:
    from nagorik_host.host import Host

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
        host: "Host",
        lease: WorkerLease,
        name: str,
        *,
        held: Callable[[], Collection[HeldApplication]],
        read_settings: ReadSettings | None,
    ) -> None:
        """Keep house for the worker of ``lease``, which holds what ``held`` returns."""
        self._host, self._lease, self._name, self._held = host, lease, name, held
        self.reloader = SettingsReloader(host, lease.worker, read_settings)

    def register(self, transaction: Transaction) -> None:
        """Insert the worker's row. Its keys have to be those of the database."""
        sign_on(transaction, self._host.vault)
        self._lease.register(transaction, self._name, keys=self._host.vault.names, expiry=WORKER_EXPIRY)

    def deregister(self, transaction: Transaction) -> None:
        """Delete the worker's row, and give back what it holds and makes no call for."""
        self._lease.deregister(transaction, {one.application for one in self._held()})

    async def heartbeat(self) -> None:
        """Renew the worker's row and leases, and compare the clocks.

        Raises:
            DatabaseUnavailable: The database is away.
            ClockWrong: This machine's clock and the database's differ by more than a second.
        """
        held, asked = self._held(), self._lease.elapsed()

        def renew(transaction: Transaction) -> Collection[str]:
            kept_out = [
                KeptOutPlugin(one.id, why.code.value, why.since, why.probe_at)
                for one in self._host.platform.plugins
                if (why := one.quarantine) is not None and why.code not in ADMISSION_CODES
            ]
            note_kept_out(transaction, self._lease.worker, kept_out)
            return self._lease.renew(transaction, {one.application for one in held})

        renewed = await self._host.database.run(renew)
        for one in held:
            if one.application in renewed:
                one.note_renewed(asked)
        await check_clock(self._host.database.run, self._host.clock)

    async def send_heartbeats(self) -> None:
        """Send heartbeats again and again; raises ``ClockWrong``."""
        await _repeat(self.heartbeat, self._lease.lasts.total_seconds() / HEARTBEATS)

    async def heed_reloads(self) -> None:
        """Take up other settings of plugins as often as a heartbeat is sent, which waits for no plugin's code."""
        await _repeat(self.reloader.heed, self._lease.lasts.total_seconds() / HEARTBEATS)

    async def tidy(self) -> None:
        """Erase old messages every hour."""
        await _repeat(self.erase_messages, TIDY)

    async def erase_messages(self) -> int:
        """Erase messages that came longer ago than messages are kept; how many there were."""
        now = self._host.clock.now()
        return await erase_messages(self._host.database, received_before=now - self._host.message_age, now=now)


async def _repeat(do: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        with suppress(DatabaseUnavailable):
            await do()
