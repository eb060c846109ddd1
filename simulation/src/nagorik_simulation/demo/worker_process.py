"""The worker's own process: ``python -m nagorik_simulation.demo.worker_process``, settings on standard input."""

import asyncio
import json
import sys
from pathlib import Path

from nagorik_host import open_host
from nagorik_host.vault import read_keyring
from nagorik_platform.logs import configure_logging
from nagorik_simulation.demo.worker import DemoSettings, RequestCounter
from nagorik_testing.simulator.shared_clock import SharedClock


async def main() -> None:
    """Poll whenever a line comes, until there are no more."""
    setting = DemoSettings(**json.loads(sys.stdin.readline()))
    folder = Path(setting.folder)
    clock, machine = SharedClock(folder / "clock"), SharedClock(folder / "machine")
    calls = RequestCounter(lambda application, requests: _send(application=application, requests=requests))
    settings = setting.platform(clock, calls)
    async with open_host(setting.database, read_keyring(setting.keys), settings, lease_clock=machine) as host:
        await host.platform.import_plugins()
        worker = host.worker("demo")
        while await asyncio.to_thread(sys.stdin.readline):
            due = await worker.run_until_idle()
            _send(due=due.isoformat() if due is not None else None)


def _send(**message: object) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    configure_logging(level="ERROR")
    asyncio.run(main())
