"""A whole campaign, cohort after cohort: in one process, or shared out over several, each with a database of its own.

What comes of a cohort does not depend on which process runs it, nor on how many there are.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import active_children, get_context
from multiprocessing.queues import SimpleQueue
from typing import Final
from uuid import uuid4

from sqlalchemy import URL, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from nagorik_host.store import DatabaseUnavailable
from nagorik_host.store.database import read_url
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import Platform
from nagorik_platform.logs import configure_logging
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort, prepare
from nagorik_simulation.campaign.event_loop import IdleTimeEventLoop
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.campaign.ward_office.site import ward_office


async def campaign(plan: CampaignPlan, progress: Callable[[CampaignReport], None] | None = None) -> CampaignReport:
    """Run it; ``progress`` gets the report so far after each cohort.

    In memory and on an ``IdleTimeEventLoop`` the same plan is the same campaign, call for call; on any other, timers
    run on while the machine is slow.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    if plan.url != IN_MEMORY:
        await prepare(plan.url)
    report = CampaignReport()
    for numbers in plan.cohorts:
        report.add(await run_cohort(plan, numbers, plan.url))
        if progress is not None:
            progress(report)
        await asyncio.sleep(0)
    return report


async def run_cohort(plan: CampaignPlan, numbers: Sequence[int], url: str) -> CampaignReport:
    """What becomes of the applications of one cohort, on the database at ``url``, which is prepared.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    keyring, report = read_keyring(make_keys("campaign")), CampaignReport()
    with ward_office():
        cohort = Cohort(url, keyring, seed=plan.seed, workers=plan.workers, evidence=plan.evidence)
        await _run_cohort(cohort, plan, numbers, report)
    asked = {f"a{number}" for number in plan.only} | {"-"}
    report.findings = [found for found in report.findings if not plan.only or found.application in asked]
    return report


async def _run_cohort(cohort: Cohort, plan: CampaignPlan, numbers: Sequence[int], report: CampaignReport) -> None:
    async with Platform.discover(cohort.settings()) as platform:
        for record in platform.plugins:
            # Here and one after the other: a plugin's first use has a time limit, and the machine is kept busy.
            import_module(record.source.value.partition(":")[0])
        offers = cohort.agencies.offers(platform)
        await cohort.run([plan.case(number, offers) for number in numbers], platform, report)


@contextmanager
def sibling_databases(url: str, number: int) -> Iterator[Sequence[str]]:
    """The URLs of so many empty databases with the newest tables; those that were made on a server are deleted.

    Raises:
        DatabaseInUse: One holds applications.
        DatabaseInvalid, DatabaseUnavailable: They cannot be used or made.
    """
    if url == IN_MEMORY:
        yield [IN_MEMORY] * number
        return
    asyncio.run(prepare(url))
    named = read_url(url)
    if named.get_backend_name() == "sqlite":
        others = [named.set(database=f"{named.database}.{place}") for place in range(2, number + 1)]
        made: list[URL] = []
    else:
        others = made = [named.set(database=f"{named.database}_{uuid4().hex[:12]}") for _ in range(number - 1)]
    try:
        asyncio.run(_on_the_server(named, "CREATE", made))
        further = [other.render_as_string(hide_password=False) for other in others]
        for one in further:
            asyncio.run(prepare(one))
        yield [url, *further]
    finally:
        asyncio.run(_on_the_server(named, "DROP", made))


async def _on_the_server(named: URL, what: str, databases: Sequence[URL]) -> None:
    if not databases:
        return
    engine = create_async_engine(named.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    quoted = engine.dialect.identifier_preparer.quote
    only_if, forced = ("IF EXISTS ", " WITH (FORCE)") if what == "DROP" else ("", "")
    try:
        async with engine.connect() as connection:
            for one in databases:
                await connection.execute(text(f"{what} DATABASE {only_if}{quoted(one.database or '')}{forced}"))
    except SQLAlchemyError:
        raise DatabaseUnavailable(
            "databases for the processes cannot be made beside the one that was named"
        ) from None
    finally:
        await engine.dispose()


_CONTEXT: Final = get_context("spawn")
_DATABASE_URL: Final[list[str]] = []
"""The URL of this process's database."""


def campaign_in_processes(
    plan: CampaignPlan, processes: int, progress: Callable[[CampaignReport], None]
) -> CampaignReport:
    """Run it; ``progress`` gets the report so far after each cohort.

    Whatever ends it early ends the processes too. SIGTERM does as Ctrl-C does; call it in the main thread.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
        KeyboardInterrupt: It was cut off.
        BrokenProcessPool: A process was ended from outside.
    """
    cohorts = plan.cohorts
    processes = max(1, min(processes, len(cohorts)))
    so_far, parts = CampaignReport(), dict[int, CampaignReport]()
    with _interruptible(), sibling_databases(plan.url, processes) as urls, _pool(urls) as pool:
        running = {pool.submit(_run_in_process, plan, numbers): place for place, numbers in enumerate(cohorts)}
        for done in as_completed(running):
            parts[running[done]] = done.result()
            so_far.add(done.result())
            progress(so_far)
    # In the order of the cohorts, whichever was first.
    report = CampaignReport()
    for place in sorted(parts):
        report.add(parts[place])
    return report


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
    pool = ProcessPoolExecutor(len(urls), mp_context=_CONTEXT, initializer=_start_process, initargs=(waiting,))
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_process(waiting: "SimpleQueue[str]") -> None:
    # Whoever started this process hears of an interruption and ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    configure_logging(level="ERROR")
    _DATABASE_URL.append(waiting.get())


def _run_in_process(plan: CampaignPlan, numbers: Sequence[int]) -> CampaignReport:
    url = _DATABASE_URL[0]
    with asyncio.Runner(loop_factory=IdleTimeEventLoop if url == IN_MEMORY else None) as runner:
        return runner.run(run_cohort(plan, numbers, url))
