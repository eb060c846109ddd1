"""What a worker does beside its calls: renew leases and take up settings."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, not_, or_, update

from nagorik import SettingsRejected
from nagorik_host.engine.health import try_refused
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.store.clock import LASTS, NOW, UNTIL, is_known
from nagorik_host.store.database import DatabaseUnavailable, Transaction
from nagorik_host.store.host_keys import sign_on
from nagorik_host.store.overview import KeptOutPlugin, note_kept_out
from nagorik_host.store.reloads import last_reload, note_taken_up
from nagorik_host.store.request_keys import drop_old_keys
from nagorik_host.store.schema import MICROSECOND, applications, workers
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
_RENEW: Final = (
    update(applications)
    .where(applications.c.lease == bindparam("worker"), applications.c.id.in_(bindparam("held", expanding=True)))
    .values(lease_until=UNTIL)
    .returning(applications.c.id)
)
_GIVE_BACK: Final = (
    update(applications)
    .where(applications.c.lease == bindparam("worker"), applications.c.id.not_in(bindparam("held", expanding=True)))
    .values(lease_until=NOW)
)
_BEAT: Final = update(workers).where(workers.c.id == bindparam("worker")).values(beat_at=NOW, lease_until=UNTIL)
_DELETE: Final = delete(workers).where(workers.c.id == bindparam("worker"))


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
        """Insert the worker's row, and delete those of long silent ones; its keys must be the database's."""
        sign_on(transaction, self._host.vault)
        silent = delete(workers).where(or_(workers.c.beat_at < UNTIL, not_(is_known(workers.c.beat_at))))
        transaction.connection.execute(_DELETE, self._lease.wanted())
        transaction.connection.execute(silent, self._lease.wanted() | {LASTS: -(WORKER_EXPIRY // MICROSECOND)})
        row = {"id": self._lease.worker, "name": self._name, "key_names": ",".join(self._host.vault.names)}
        register = insert(workers).values(started_at=NOW, beat_at=NOW, lease_until=UNTIL, **row)
        transaction.connection.execute(register, self._lease.wanted())

    def deregister(self, transaction: Transaction) -> None:
        """Delete the worker's row, and end at once every lease but those of calls that are still under way."""
        held = [one.application for one in self._held()]
        transaction.connection.execute(_GIVE_BACK, self._lease.wanted(held=held))
        transaction.connection.execute(_DELETE, self._lease.wanted())

    async def heartbeat(self) -> None:
        """Renew the worker's row and leases, and compare the clocks; raises as ``check_clock``."""
        held, asked = self._held(), self._lease.elapsed()

        def renew(transaction: Transaction) -> Collection[str]:
            note_kept_out(
                transaction,
                self._lease.worker,
                [
                    KeptOutPlugin(one.id, why.code.value, why.since, why.probe_at)
                    for one in self._host.platform.plugins
                    if (why := one.quarantine) is not None and why.code not in ADMISSION_CODES
                ],
            )
            transaction.connection.execute(_BEAT, self._lease.wanted())
            wanted = self._lease.wanted(held=[one.application for one in held])
            return transaction.connection.scalars(_RENEW, wanted).all() if held else ()

        renewed = await self._host.database.run(renew)
        for one in held:
            # Where another may have taken over meanwhile, what was renewed may be another attempt's.
            if one.application in renewed and one.remaining() > 0:
                one.note_held(asked)
        await check_clock(self._host.database.run, self._host.clock)

    async def repeat(self, do: Callable[[], Awaitable[None]]) -> None:
        """Send heartbeats, take up settings or drop old keys again and again; they do not wait for each other."""
        while True:
            await asyncio.sleep(self._lease.lasts.total_seconds() / HEARTBEATS)
            with suppress(DatabaseUnavailable):
                await do()

    async def drop_old_keys(self) -> None:
        """Drop the keys of requests that are older than they are kept."""
        await self._host.database.run(partial(drop_old_keys, now=self._host.clock.now()))

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
