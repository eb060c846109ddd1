"""Other settings of plugins, taken up between two calls and without a restart."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from nagorik import SettingsRejected
from nagorik_platform import PluginConfiguration
from nagorik_platform.plugin_settings import environment_prefix

if TYPE_CHECKING:
    from nagorik_platform.dispatch.dispatcher import SettingsReload

ReadSettings = Callable[[], Mapping[str, PluginConfiguration]]
"""Reads what the host says of each plugin, as it is now; raises a ``ValueError`` that names what is wrong with it, or
an ``OSError`` where it cannot be read."""


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
