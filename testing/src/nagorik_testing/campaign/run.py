"""A whole campaign in one process, cohort after cohort."""

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module

from nagorik import Platform
from nagorik_host.vault import make_keys, read_keyring
from nagorik_testing.campaign.cohort import IN_MEMORY, Cohort, prepare
from nagorik_testing.campaign.fate import draw
from nagorik_testing.campaign.plan import Plan
from nagorik_testing.campaign.told import Told


async def campaign(plan: Plan, progress: Callable[[Told], None] | None = None) -> Told:
    """Run it; ``progress`` hears after each cohort what there is to tell.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    if plan.url != IN_MEMORY:
        await prepare(plan.url)
    told = Told()
    for numbers in plan.cohorts:
        told.add(await run_cohort(plan, numbers, plan.url))
        if progress is not None:
            progress(told)
        await asyncio.sleep(0)
    return told


async def run_cohort(plan: Plan, numbers: Sequence[int], url: str) -> Told:
    """What becomes of the applications of one cohort, on the database at ``url``, which is prepared.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    cohort, told = Cohort(url, read_keyring(make_keys("campaign")), seed=plan.seed, workers=plan.workers), Told()
    async with Platform.discover(cohort.settings()) as platform:
        for record in platform.plugins:
            # Here and one after the other: a plugin's first use has a time limit, and the machine is kept busy.
            import_module(record.source.value.partition(":")[0])
        offers = cohort.agencies.offers(platform)
        await cohort.run([draw(plan.seed, number, offers) for number in numbers], platform, told)
    asked = {f"a{number}" for number in plan.only} | {"-"}
    told.findings = [found for found in told.findings if not plan.only or found.application in asked]
    return told
