"""What every demonstration runs on: simulators on real sockets of this machine, and a host on a new database."""

from contextlib import AsyncExitStack
from pathlib import Path

from nagorik.clock import Clock
from nagorik_host import Host, open_host
from nagorik_host.store import open_database
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import PlatformSettings
from nagorik_simulation.worker_process import WorkerSettings
from nagorik_testing.simulator.base import Simulator, installed_simulators, load_simulator
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.loopback import serve


async def serve_simulators(
    stack: AsyncExitStack, folder: Path, clock: SimulatedClock
) -> tuple[dict[str, Simulator], WorkerSettings]:
    """Serve every installed simulator on the loopback until ``stack`` ends; ``folder`` is where the host's files go.

    Raises:
        SimulatorUnusable: One that an installed plugin brings cannot be used.
    """
    simulators = {name: load_simulator(found)(clock=clock) for name, found in installed_simulators().items()}
    plugins = {name: one.settings(await stack.enter_async_context(serve(one))) for name, one in simulators.items()}
    database = f"sqlite:///{folder}/store.db"
    return simulators, WorkerSettings(database=database, folder=str(folder), keys=make_keys("demo"), plugins=plugins)


async def open_demo_host(
    stack: AsyncExitStack, setting: WorkerSettings, platform: PlatformSettings, lease_clock: Clock | None
) -> Host:
    """Open a host on a new database until ``stack`` ends, its plugins imported."""
    database = await open_database(setting.database)
    await upgrade(database)
    await database.close()
    opened = open_host(setting.database, read_keyring(setting.keys), platform, lease_clock=lease_clock)
    host = await stack.enter_async_context(opened)
    await host.platform.import_plugins()
    return host
