"""Taking up other settings of plugins while working: between two calls, and without a restart."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik import NagorikError, SettingsRejected
from nagorik.clock import Clock
from nagorik_host.engine.credentials import WorkerCredentials
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.instants import time_of
from nagorik_host.engine.standings import refused_login
from nagorik_host.engine.tokens import may_be_tried
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.reloads import NONE, last_reload, note_taken_up
from nagorik_platform import Platform, PluginConfiguration
from nagorik_platform.logs import get_logger
from nagorik_platform.plugin_settings import environment_prefix

if TYPE_CHECKING:
    from nagorik_platform.dispatch.dispatcher import SettingsReload

_log: Final = get_logger("nagorik.host")

ReadSettings = Callable[[], Mapping[str, PluginConfiguration]]
"""Reads what the host says of each plugin, as it is now; raises a ``ValueError`` that names what is wrong with it, or
an ``OSError`` where it cannot be read."""


class SettingsReloader:
    """Takes up the settings of one worker's plugins, each time that somebody has asked for it.

    What cannot be used stays as it was, and is told once; another reload tries it again.
    """

    def __init__(
        self,
        database: Database,
        platform: Platform,
        health: HealthTracker,
        read: ReadSettings | None,
        *,
        credentials: WorkerCredentials,
        worker: str,
        clock: Clock,
    ) -> None:
        """Reload what ``read`` reads; nothing where it is not given.

        Args:
            database: The host's.
            platform: Whose settings they are.
            health: Lets agencies be tried at once that refused the credentials of before.
            read: Reads what the host says of each plugin.
            credentials: Which settings the worker has.
            worker: The worker's id.
            clock: The time of agencies and citizens.
        """
        self._database = database
        self._platform = platform
        self._health = health
        self._read = read
        self._credentials = credentials
        self._worker = worker
        self._clock = clock
        self._heeded = self._noted = NONE - 1
        self._changed: set[str] = set()
        self._is_whole = True
        self._has_begun = False

    async def heed(self) -> None:
        """Take up the settings, if that was asked for since it was last done; at first, in any case.

        They were read before anybody could tell which reload they are of. An agency that refused other credentials
        than those that the worker has is tried at once, too, and the other workers hear which it has.

        Raises:
            DatabaseUnavailable: The database is gone; the next time goes on where this one ended.
        """
        number = await self._database.run(last_reload) if self._read is not None else self._heeded
        if self._read is not None and number != self._heeded:
            is_first, self._heeded = self._heeded < NONE, number
            self._is_whole = await self._take_up(self._read) or is_first
        if not self._has_begun:
            self._changed.clear()
        await self._release_untried(begins=not self._has_begun)
        self._has_begun = True
        if self._read is None:
            return
        if self._changed:
            await self._database.run(self._release)
            self._changed.clear()
        if self._is_whole and self._noted != number:
            await self._database.run(partial(note_taken_up, worker=self._worker, number=number))
            self._noted = number

    async def _take_up(self, read: ReadSettings) -> bool:
        """Whether everything that was read is in use."""
        try:
            plugins = read()
        except (ValueError, OSError):  # its text is for people, and no log line shows sentences
            _log.error("settings_not_reloaded", because="host-settings")
            return False
        done = await self._platform.reload(plugins)
        if done.changed:
            _log.info("settings_reloaded", plugins=list(done.changed))
            self._changed.update(done.changed)
            self._credentials.forget(done.changed)
        rejected = _rejected(done, plugins)
        for plugin, error in rejected.items():
            _log.error("settings_not_reloaded", because=error.code, plugin=plugin, settings=_in_a_log(error))
        return not rejected

    async def _release_untried(self, *, begins: bool) -> None:
        """Have agencies tried at once that refused other credentials than the worker has."""
        for plugin, since in (await self._database.run(self._health.refusing)).items():
            identity = await self._credentials.identify(plugin)
            if identity is None:
                continue
            await self._credentials.tell()
            release = partial(self._release_once, plugin=plugin, identity=identity, since=since, begins=begins)
            if await self._database.run(release):
                _log.info("other_credentials_tried", plugin=plugin)

    def _release_once(
        self, transaction: Transaction, *, plugin: str, identity: str, since: datetime, begins: bool
    ) -> bool:
        # Whose were refused is known by logins; else whoever was at work when an agency began to refuse has those.
        if not begins and refused_login(transaction, plugin, None) is None:
            return False
        now = self._clock.now()
        # Locked in the same order as by whoever logs in: the settings before the agency.
        lease_now = time_of(self._clock)
        untried = may_be_tried(transaction, identity, plugin, refused_since=since, lease_now=lease_now)
        return untried and self._health.try_refused(transaction, [plugin], now, are_others=True)

    def _release(self, transaction: Transaction) -> None:
        self._health.try_refused(transaction, self._changed, self._clock.now(), are_others=True)


def rejected_of(done: "SettingsReload", plugins: Mapping[str, PluginConfiguration]) -> list[str]:
    """What is wrong with the settings of plugins that somebody has set, a line each; the others are not in use."""
    return [describe_rejected(plugin, error) for plugin, error in _rejected(done, plugins).items()]


def _rejected(done: "SettingsReload", plugins: Mapping[str, PluginConfiguration]) -> dict[str, NagorikError]:
    names = [name.upper() for name in os.environ]
    return {
        plugin: error
        for plugin, error in done.rejected.items()
        if plugin in plugins or any(name.startswith(environment_prefix(plugin)) for name in names)
    }


def _in_a_log(error: NagorikError) -> list[str]:
    """The settings that are wrong, each one word, which a log line shows."""
    if not isinstance(error, SettingsRejected):
        return []
    return [f"{name or 'settings'}:{error.reasons.get(name, 'rejected')}" for name in error.names]


def describe_rejected(plugin: str, error: NagorikError) -> str:
    """Which settings of which plugin are wrong, and how; no value."""
    if not isinstance(error, SettingsRejected):
        return f"plugin {plugin}: {error.code}"
    told = (
        f"{name or 'settings'} ({error.reasons[name]})" if name in error.reasons else name for name in error.names
    )
    return f"plugin {plugin}: {', '.join(told)}"
