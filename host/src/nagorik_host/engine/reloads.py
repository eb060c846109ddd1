"""Taking up other settings of plugins while working: between two calls, and without a restart."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik import SettingsRejected
from nagorik_host.engine.health import try_refused
from nagorik_host.store.reloads import last_reload, note_taken_up
from nagorik_platform import PluginConfiguration
from nagorik_platform.logs import get_logger
from nagorik_platform.plugin_settings import environment_prefix

if TYPE_CHECKING:
    from nagorik_host.host import Host
    from nagorik_platform.dispatch.dispatcher import SettingsReload

_log: Final = get_logger("nagorik.host")

ReadSettings = Callable[[], Mapping[str, PluginConfiguration]]
"""Reads what the host says of each plugin, as it is now; raises a ``ValueError`` that names what is wrong with it, or
an ``OSError`` where it cannot be read."""


@dataclass(slots=True, repr=False)
class SettingsReloader:
    """Takes up the settings of one worker's plugins at each reload. What cannot be used stays as it was."""

    host: "Host"
    worker: str
    read: ReadSettings | None  # without it, the settings stay
    _taken_up: int | None = None

    async def heed(self) -> None:
        """Take up the settings, if there was a reload since the last time; at first, in any case.

        An agency that has refused the credentials of before is tried at once.

        Raises:
            DatabaseUnavailable: The database is away; the next time begins anew.
        """
        if self.read is None or (number := await self.host.database.run(last_reload)) == self._taken_up:
            return
        if await self._take_up(self.read) or self._taken_up is None:
            await self.host.database.run(partial(note_taken_up, worker=self.worker, number=number))
        self._taken_up = number

    async def _take_up(self, read: ReadSettings) -> bool:
        """Whether everything that was read is in use."""
        try:
            plugins = read()
        except (ValueError, OSError):  # its text is for people, and no log line shows sentences
            _log.error("settings_not_reloaded", because="host-settings")
            return False
        done = await self.host.platform.reload(plugins)
        if done.changed:
            _log.info("settings_reloaded", plugins=list(done.changed))
        for plugin in done.changed:
            await self.host.database.run(partial(try_refused, plugin=plugin, now=self.host.clock.now()))
        rejected = rejected_of(done, plugins)
        for plugin, wrong in rejected.items():
            because = done.rejected[plugin].code
            _log.error("settings_not_reloaded", because=because, plugin=plugin, settings=wrong)
        return not rejected


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
