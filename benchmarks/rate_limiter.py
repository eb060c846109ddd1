"""Several processes ask for one agency's time, on this machine's own clock: what would the agency see?

Fails where any second, from whatever instant on, sees more starts than are declared. A busy machine is the harder
test: processes are then late for their turns.

    .venv/bin/python benchmarks/rate_limiter.py --processes 3 --per-second 20
"""

import argparse
import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

from nagorik import RateLimited
from nagorik.clock import Deadline
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.store import open_database
from nagorik_host.store.upgrade import upgrade
from nagorik_platform.system_clock import SystemClock
from nagorik_testing.fixtures.isolation import scratch_folder

TASKS: Final = 10
"""Calls of one process that wait for their turn side by side."""


def process(url: str, per_second: float, seconds: float) -> list[float]:
    """One process; when it would have sent its requests, in seconds of the machine's calendar."""

    async def run() -> list[float]:
        database, clock, starts = await open_database(url), SystemClock(), list[float]()
        limiter, end = SharedRateLimiter(database, clock), time.time() + seconds

        async def call() -> None:
            while time.time() < end:
                try:
                    await limiter.acquire("agency", per_second, Deadline.after(5, clock))
                except RateLimited:
                    continue
                starts.append(time.time())

        await asyncio.gather(*(call() for _ in range(TASKS)))
        await database.close()
        return starts

    return asyncio.run(run())


async def prepare(url: str) -> None:
    """Make the tables."""
    database = await open_database(url)
    await upgrade(database)
    await database.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--per-second", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=8)
    arguments = parser.parse_args()
    with scratch_folder("pace") as folder:
        url = f"sqlite:///{folder}/store.db"
        asyncio.run(prepare(url))
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(arguments.processes, mp_context=spawn) as pool:
            one = partial(process, url, arguments.per_second)
            found = list(pool.map(one, [arguments.seconds] * arguments.processes))
    starts = sorted(at for of_one in found for at in of_one)
    busiest = first = 0
    for last, at in enumerate(starts):
        while starts[first] <= at - 1:
            first += 1
        busiest = max(busiest, last - first + 1)
    rate = len(starts) / (starts[-1] - starts[0])
    shares = ", ".join(str(len(of_one)) for of_one in found)
    print(f"{len(starts)} starts of {arguments.processes} processes ({shares}), {rate:.2f} a second")
    print(f"busiest second {busiest}; declared {arguments.per_second:g}")
    assert busiest <= arguments.per_second, "the agency was called faster than it can bear"


if __name__ == "__main__":
    main()
