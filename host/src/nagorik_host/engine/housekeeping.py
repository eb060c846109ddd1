"""What a worker does beside its calls: renew leases and take up settings."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik import SettingsRejected
from nagorik_host.engine.health import try_refused
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.store.database import DatabaseUnavailable, Transaction
from nagorik_host.store.host_keys import sign_on
from nagorik_host.store.overview import KeptOutPlugin, note_kept_out
from nagorik_host.store.reloads import last_reload, note_taken_up
from nagorik_platform import PluginConfiguration
from nagorik_platform.logs import get_logger
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_platform.registry.records import ADMISSION_CODES

if TYPE_CHECKING:
    from nagorik_host.host import Host
    from nagorik_platform.dispatch.dispatcher import SettingsReload

_log = get_logger("nagorik.host")

HEARTBEATS: Final = 4
"""How often a worker renews its leases within one."""
WORKER_EXPIRY: Final = timedelta(days=1)
"""After so long the row of a silent worker is deleted; until then its name shows whose calls have no end."""
ReadSettings = Callable[[], Mapping[str, PluginConfiguration]]
"""Reads what the host says of each plugin, as it is now; raises a ``ValueError`` that names what is wrong with it, or
an ``OSError`` where it cannot be read."""


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
        self._read_settings = read_settings
        self._taken_up: int | None = None

    def register(self, transaction: Transaction) -> None:
        """Insert the worker's row. Its keys have to be those of the database."""
        sign_on(transaction, self._host.vault)
        self._lease.register(transaction, self._name, keys=self._host.vault.names, expiry=WORKER_EXPIRY)

    def deregister(self, transaction: Transaction) -> None:
        """Delete the worker's row, and give back what it holds and makes no call for."""
        self._lease.deregister(transaction, {one.application for one in self._held()})

    async def heartbeat(self) -> None:
        """Renew the worker's row and leases, and compare the clocks; raises as ``check_clock``."""
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
        """Send heartbeats again and again."""
        await _repeat(self.heartbeat, self._lease.lasts.total_seconds() / HEARTBEATS)

    async def heed_reloads(self) -> None:
        """Take up other settings of plugins as often as a heartbeat is sent, which waits for no plugin's code."""
        await _repeat(self.take_up_settings, self._lease.lasts.total_seconds() / HEARTBEATS)

    async def take_up_settings(self) -> None:
        """Take up settings of plugins, if there was a reload since the last time; at first, in any case.

        What cannot be used stays as it was. An agency that has refused the credentials of before is tried at once.
        Where the database is away, the next time begins anew.
        """
        run, read = self._host.database.run, self._read_settings
        if read is None or (number := await run(last_reload)) == self._taken_up:
            return
        try:
            plugins = read()
        except (ValueError, OSError):  # its text is for people, and no log line shows sentences
            _log.error("settings_not_reloaded", because="host-settings")
            is_whole = False
        else:
            done = await self._host.platform.reload(plugins)
            if done.changed:
                _log.info("settings_reloaded", plugins=list(done.changed))
            for plugin in done.changed:
                await run(partial(try_refused, plugin=plugin, now=self._host.clock.now()))
            rejected = rejected_of(done, plugins)
            for plugin, wrong in rejected.items():
                _log.error("settings_not_reloaded", because=done.rejected[plugin].code, plugin=plugin, settings=wrong)
            is_whole = not rejected
        if is_whole or self._taken_up is None:
            await run(partial(note_taken_up, worker=self._lease.worker, number=number))
        self._taken_up = number


async def _repeat(do: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        with suppress(DatabaseUnavailable):
            await do()


def rejected_of(done: "SettingsReload", plugins: Mapping[str, PluginConfiguration]) -> dict[str, list[str]]:
    """The settings that cannot be used, by plugin, each as ``name:reason`` without its value.

    Plugins without any setting are not in use, and left out.
    """
    names = [name.upper() for name in os.environ]
    return {
        plugin: [f"{name or 'settings'}:{error.reasons.get(name, 'rejected')}" for name in error.names]
        if isinstance(error, SettingsRejected)
        else [error.code]
        for plugin, error in done.rejected.items()
        if plugin in plugins or any(name.startswith(environment_prefix(plugin)) for name in names)
    }
