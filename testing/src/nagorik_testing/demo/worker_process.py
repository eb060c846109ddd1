"""The worker's own process: ``python -m nagorik_testing.demo.worker_process``, with its setting on standard input."""

import asyncio
import json
import sys
from pathlib import Path

from nagorik.logs import configure_logging
from nagorik_host import open_host
from nagorik_host.vault import read_keyring
from nagorik_testing.demo.work import Setting
from nagorik_testing.shared_clock import SharedClock


async def main() -> None:
    """Look whenever a line comes, until there are no more."""
    setting = Setting(**json.loads(sys.stdin.readline()))
    folder = Path(setting.folder)
    clock, machine = SharedClock(folder / "clock"), SharedClock(folder / "machine")
    settings = setting.platform(
        clock, lambda application, requests: _tell(application=application, requests=requests)
    )
    async with open_host(setting.database, read_keyring(setting.keys), settings, lease_clock=machine) as host:
        worker = host.worker("demo")
        while await asyncio.to_thread(sys.stdin.readline):
            due = await worker.run_until_idle()
            _tell(due=due.isoformat() if due is not None else None)


def _tell_requests(application: str, requests: int) -> None:
    _tell(application=application, requests=requests)


def _tell(**told: object) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    configure_logging(level="ERROR")
    asyncio.run(main())
