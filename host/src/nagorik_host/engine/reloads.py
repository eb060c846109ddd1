"""Taking up other settings of plugins while working: between two calls, and without a restart."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik import NagorikError, SettingsRejected
from nagorik.clock import Clock
from nagorik_host.engine.health import refusing, try_other_credentials
from nagorik_host.engine.tokens import settings_identity
from nagorik_host.store.database import Database
from nagorik_host.store.reloads import NONE, last_reload, note_taken_up
from nagorik_host.vault import Vault
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
        read: ReadSettings | None,
        *,
        vault: Vault,
        worker: str,
        clock: Clock,
    ) -> None:
        """Reload what ``read`` reads; nothing where it is not given.

        Args:
            database: The host's.
            platform: Whose settings they are.
            read: Reads what the host says of each plugin.
            vault: Of the same host.
            worker: The worker's id.
            clock: The time of agencies and citizens.
        """
        self._database = database
        self._platform = platform
        self._read = read
        self._vault = vault
        self._worker = worker
        self._clock = clock
        self._heeded = self._noted = NONE - 1
        self._is_changed = True
        self._is_whole = True

    async def heed(self) -> None:
        """Take up the settings, if that was asked for since it was last done; at first, in any case.

        They were read before anybody could tell which reload they are of. An agency that refused other credentials
        than those that the worker has now is tried at once.

        Raises:
            DatabaseUnavailable: The database is gone; the next time goes on where this one ended.
        """
        number = await self._database.run(last_reload) if self._read is not None else self._heeded
        if self._read is not None and number != self._heeded:
            is_first, self._heeded = self._heeded < NONE, number
            self._is_whole = await self._take_up(self._read) or is_first
        if self._is_changed:
            await self._try_other_credentials()
            self._is_changed = False
        if self._read is not None and self._is_whole and self._noted != number:
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
            self._is_changed = True
        rejected = _rejected(done, plugins)
        for plugin, error in rejected.items():
            _log.error("settings_not_reloaded", because=error.code, plugin=plugin, settings=_in_a_log(error))
        return not rejected

    async def _try_other_credentials(self) -> None:
        """Have agencies tried at once that refused other credentials than the worker has."""
        for plugin in await self._database.run(refusing):
            identity = await self._platform.identify_settings(plugin, partial(settings_identity, self._vault, plugin))
            if identity is None:
                continue
            unit = partial(try_other_credentials, plugin=plugin, identity=identity, now=self._clock.now())
            if await self._database.run(unit):
                _log.info("other_credentials_tried", plugin=plugin)


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
