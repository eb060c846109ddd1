"""The simulators that installed plugins bring."""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from nagorik_testing.simulator import Simulator

GROUP: Final = "nagorik.simulators"
"""Entry-point group: the name is the plugin's id, the value its ``Simulator`` subclass."""


class SimulatorUnusable(Exception):
    """An installed simulator that cannot be used, with the distribution at fault."""


def installed_simulators() -> dict[str, EntryPoint]:
    """Simulators by plugin id; none is imported.

    Raises:
        SimulatorUnusable: Two distributions bring one for the same plugin; which is meant is not guessed.
    """
    installed: dict[str, EntryPoint] = {}
    for found in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        first = installed.setdefault(found.name, found)
        if first is not found:
            rivals = " and ".join(sorted((_bringer(first), _bringer(found))))
            raise SimulatorUnusable(f"{rivals} both bring a simulator of {found.name}; uninstall one of them")
    return installed


def load_simulator(found: EntryPoint) -> type[Simulator]:
    """The class that an entry point names.

    Raises:
        SimulatorUnusable: When it cannot be imported, is no simulator, or stands for another plugin.
    """
    where = f"{found.value} of {_bringer(found)}"
    try:
        loaded = found.load()
    except Exception as error:  # noqa: BLE001 - whatever a foreign module does when it is imported
        # Its text may hold anything, save the name of a module that is missing.
        missing = f" (there is no module {error.name})" if isinstance(error, ModuleNotFoundError) else ""
        raise SimulatorUnusable(f"{where} cannot be imported: {type(error).__name__}{missing}") from None
    if not (isinstance(loaded, type) and issubclass(loaded, Simulator)):
        raise SimulatorUnusable(f"{where} is no Simulator")
    if loaded.plugin_id != found.name:
        raise SimulatorUnusable(f"{where} stands for {loaded.plugin_id}, its entry point for {found.name}")
    return loaded


def _bringer(found: EntryPoint) -> str:
    return found.dist.name if found.dist else "an unknown distribution"
