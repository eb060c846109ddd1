"""A whole campaign, cohort after cohort: in one process, or in memory shared out over several.

What comes of a cohort does not depend on which process runs it, nor on how many there are.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, get_context

from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform.logs import configure_logging
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort, carry, prepare
from nagorik_simulation.campaign.event_loop import IdleTimeEventLoop
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.campaign.ward_office.site import ward_office


def run_cohort(plan: CampaignPlan, numbers: Sequence[int]) -> CampaignReport:
    """What becomes of the applications of one cohort, on the plan's database, which is prepared.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    factory = IdleTimeEventLoop if plan.url == IN_MEMORY else None
    with ward_office(), asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(carry(Cohort(plan, read_keyring(make_keys("campaign"))), numbers))


def campaign_in_processes(
    plan: CampaignPlan, processes: int, progress: Callable[[CampaignReport], None]
) -> CampaignReport:
    """Run a campaign; ``progress`` gets the report so far after each cohort.

    In memory the same plan is the same campaign, call for call. What ends it early ends the processes too. SIGTERM
    does as Ctrl-C does; call it in the main thread.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
        KeyboardInterrupt: It was cut off.
        BrokenProcessPool: A process was ended from outside.
    """
    if plan.url != IN_MEMORY:
        # A database is one cohort's at a time.
        processes = 1
        asyncio.run(prepare(plan.url))
    so_far, parts = CampaignReport(), dict[int, CampaignReport]()
    with _pool(max(1, min(processes, len(plan.cohorts)))) as pool:
        running = {pool.submit(run_cohort, plan, numbers): place for place, numbers in enumerate(plan.cohorts)}
        for done in as_completed(running):
            parts[running[done]] = done.result()
            so_far.add(done.result())
            progress(so_far)
    # In the order of the cohorts, not of their ends.
    report = CampaignReport()
    for place in sorted(parts):
        report.add(parts[place])
    return report


@contextmanager
def _pool(number: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes, which end with this, also where SIGTERM ends it."""
    before, handler = set(active_children()), signal.signal(signal.SIGTERM, signal.default_int_handler)
    pool = ProcessPoolExecutor(number, mp_context=get_context("spawn"), initializer=_start_process)
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        signal.signal(signal.SIGTERM, handler)


def _start_process() -> None:
    # Its parent hears of an interruption and ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    configure_logging(level="ERROR")
