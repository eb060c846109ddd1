"""A worker in a process of its own, to be killed: carries everything to its end on a clock that jumps to what is due.

python worker_process.py NAME DATABASE_URL PLUGIN=BASE_URL…        (the keys come on standard input)
"""

import asyncio
import sys

from nagorik import PlatformSettings, PluginConfiguration
from nagorik.loading import Policy
from nagorik_host import open_host
from nagorik_host.vault import read_keyring
from nagorik_testing.clock import FlowingClock
from nagorik_testing.documents import MemoryDocuments
from nagorik_testing.installed import installed_simulators, load_simulator

SPEED = 5


async def main() -> None:
    name, url, *agencies = sys.argv[1:]
    keyring = read_keyring(sys.stdin.read())
    clock = FlowingClock(speed=SPEED)
    found = installed_simulators()
    where = dict(agency.split("=", 1) for agency in agencies)
    settings = PlatformSettings(
        plugins={
            plugin: PluginConfiguration(
                settings=load_simulator(found[plugin])(clock=clock).settings(base_url),
                egress=frozenset({"127.0.0.1"}),
            )
            for plugin, base_url in where.items()
        },
        admission=Policy(allow=frozenset(where)),
        documents=MemoryDocuments(),
        clock=clock,
    )
    async with open_host(url, keyring, settings) as host:
        worker = host.worker(name)
        while (due := await worker.run_until_idle()) is not None:
            clock.set(max(due, clock.now()))
            await asyncio.sleep(0.02)


asyncio.run(main())
