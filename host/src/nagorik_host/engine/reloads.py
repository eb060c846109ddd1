"""Taking up other settings of plugins while working: between two calls, and without a restart."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(slots=True, repr=False, kw_only=True)
class SettingsReloader:
    """Takes up the settings of one worker's plugins at each reload. What cannot be used stays as it was."""

    database: Database
    platform: Platform
    vault: Vault
    clock: Clock
    worker: str
    read: ReadSettings | None  # without it, the settings stay
    _taken_up: int | None = None

    async def heed(self) -> None:
        """Take up the settings, if there was a reload since the last time; at first, in any case.

        An agency that refused other credentials than those that the worker has now is tried at once.

        Raises:
            DatabaseUnavailable: The database is away; the next time begins anew.
        """
        number = NONE if self.read is None else await self.database.run(last_reload)
        if number == self._taken_up:
            return
        is_first = self._taken_up is None
        is_whole = self.read is not None and (await self._take_up(self.read) or is_first)
        for plugin in await self.database.run(refusing):
            await self._try_other_credentials(plugin)
        if is_whole:
            await self.database.run(partial(note_taken_up, worker=self.worker, number=number))
        self._taken_up = number

    async def _take_up(self, read: ReadSettings) -> bool:
        """Whether everything that was read is in use."""
        try:
            plugins = read()
        except (ValueError, OSError):  # its text is for people, and no log line shows sentences
            _log.error("settings_not_reloaded", because="host-settings")
            return False
        done = await self.platform.reload(plugins)
        if done.changed:
            _log.info("settings_reloaded", plugins=list(done.changed))
        rejected = _rejected(done, plugins)
        for plugin, error in rejected.items():
            wrong = [f"{name}:{reason}" for name, reason in _wrong_settings(error)]
            _log.error("settings_not_reloaded", because=error.code, plugin=plugin, settings=wrong)
        return not rejected

    async def _try_other_credentials(self, plugin: str) -> None:
        identity = await self.platform.identify_settings(plugin, partial(settings_identity, self.vault, plugin))
        if identity is None:
            return
        unit = partial(try_other_credentials, plugin=plugin, identity=identity, now=self.clock.now())
        if await self.database.run(unit):
            _log.info("other_credentials_tried", plugin=plugin)


def rejected_of(done: "SettingsReload", plugins: Mapping[str, PluginConfiguration]) -> list[str]:
    """What is wrong with settings of plugins that are set, a line for each plugin, without any value."""
    return [
        f"plugin {plugin}: {', '.join(f'{name} ({reason})' for name, reason in _wrong_settings(error)) or error.code}"
        for plugin, error in _rejected(done, plugins).items()
    ]


def _rejected(done: "SettingsReload", plugins: Mapping[str, PluginConfiguration]) -> dict[str, NagorikError]:
    """What was rejected of the settings that are set; plugins without any are not in use."""
    names = [name.upper() for name in os.environ]
    return {
        plugin: error
        for plugin, error in done.rejected.items()
        if plugin in plugins or any(name.startswith(environment_prefix(plugin)) for name in names)
    }


def _wrong_settings(error: NagorikError) -> list[tuple[str, str]]:
    """The settings that are wrong, each with one word that says how."""
    if not isinstance(error, SettingsRejected):
        return []
    return [(name or "settings", error.reasons.get(name, "rejected")) for name in error.names]
