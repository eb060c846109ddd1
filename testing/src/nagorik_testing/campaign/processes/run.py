"""A whole campaign with processes, cohort after cohort on the same database."""

from collections.abc import Callable
from importlib import import_module

from nagorik import Platform
from nagorik_host.vault import make_keys
from nagorik_testing.campaign.cohort import IN_MEMORY, prepare
from nagorik_testing.campaign.fate import draw
from nagorik_testing.campaign.plan import Plan
from nagorik_testing.campaign.processes.cohort import EVERY, ProcessCohort
from nagorik_testing.campaign.told import Told
from nagorik_testing.scratch import scratch_folder


async def campaign_of_processes(
    plan: Plan, progress: Callable[[Told], None] | None = None, *, every: int = EVERY
) -> Told:
    """Run it; ``progress`` hears after each cohort what there is to tell.

    The seed decides what awaits each application and the rhythm of the kills. What a process is doing when it is
    killed is the machine's affair, and no two campaigns are the same.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    keys, told, asked = make_keys("campaign"), Told(), {"-", *(f"a{number}" for number in plan.only)}
    for numbers in plan.cohorts:
        with scratch_folder("campaign") as folder:
            url = f"sqlite:///{folder}/books.db" if plan.url == IN_MEMORY else plan.url
            await prepare(url)
            cohort = ProcessCohort(url, keys, folder, seed=plan.seed, workers=plan.workers, every=every)
            async with Platform.discover(cohort.settings()) as platform:
                for record in platform.plugins:
                    import_module(record.source.value.partition(":")[0])
                offers = cohort.agencies.offers(platform)
                await cohort.run([draw(plan.seed, number, offers) for number in numbers], platform, told)
        told.findings = [found for found in told.findings if not plan.only or found.application in asked]
        if progress is not None:
            progress(told)
    return told
