"""A campaign whose cohorts are shared out over processes, each with books of its own.

What comes of a cohort does not depend on which process runs it, nor on how many there are.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from multiprocessing.queues import SimpleQueue
from typing import Final

from nagorik.logs import configure_logging
from nagorik_testing.campaign.beside import databases
from nagorik_testing.campaign.plan import Plan
from nagorik_testing.campaign.run import run_cohort
from nagorik_testing.campaign.told import Told

_CONTEXT: Final = get_context("spawn")
_OWN: Final[list[str]] = []
"""The URL of this process's books."""


def campaign_in_processes(plan: Plan, processes: int, progress: Callable[[Told], None]) -> Told:
    """Run it; ``progress`` hears after each cohort what there is to tell.

    Whatever ends it early ends the processes too. SIGTERM does as Ctrl-C does; call it in the main thread.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
        KeyboardInterrupt: It was cut off.
        BrokenProcessPool: A process was ended from outside.
    """
    cohorts = plan.cohorts
    processes = max(1, min(processes, len(cohorts)))
    so_far, parts = Told(), dict[int, Told]()
    with _interruptible(), databases(plan.url, processes) as urls, _pool(urls) as pool:
        running = {pool.submit(_run, plan, numbers): place for place, numbers in enumerate(cohorts)}
        for done in as_completed(running):
            parts[running[done]] = done.result()
            so_far.add(done.result())
            progress(so_far)
    # In the order of the cohorts, whichever was first.
    told = Told()
    for place in sorted(parts):
        told.add(parts[place])
    return told


@contextmanager
def _interruptible() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _pool(urls: Sequence[str]) -> Iterator[ProcessPoolExecutor]:
    """Processes, each with one of the databases; none outlives this."""
    waiting = _CONTEXT.SimpleQueue()
    for url in urls:
        waiting.put(url)
    before = set(active_children())
    pool = ProcessPoolExecutor(len(urls), mp_context=_CONTEXT, initializer=_begin, initargs=(waiting,))
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(waiting: "SimpleQueue[str]") -> None:
    # Whoever started this process hears of an interruption and ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    configure_logging(level="ERROR")
    _OWN.append(waiting.get())


def _run(plan: Plan, numbers: Sequence[int]) -> Told:
    return asyncio.run(run_cohort(plan, numbers, _OWN[0]))
