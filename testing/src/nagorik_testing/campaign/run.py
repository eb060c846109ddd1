"""A whole campaign, cohort after cohort on the same database."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from nagorik import Platform
from nagorik_host.vault import make_keys, read_keyring
from nagorik_testing.campaign.cohort import Cohort, Told, prepare
from nagorik_testing.campaign.fate import Fate, draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of a campaign.

    Attributes:
        applications: How many.
        seed: From which all is drawn.
        url: The database.
        workers: How many work side by side.
        cohort: How many applications live side by side.
        only: The numbers of the only applications to run, as in the campaign of this seed.
    """

    applications: int
    seed: int
    url: str
    workers: int = 2
    cohort: int = 200
    only: tuple[int, ...] = ()

    @property
    def cohorts(self) -> Sequence[Sequence[int]]:
        """The numbers of the applications of each cohort."""
        numbers = self.only or range(1, self.applications + 1)
        return [numbers[first : first + self.cohort] for first in range(0, len(numbers), self.cohort)]


async def campaign(plan: Plan, progress: Callable[[Told], None] | None = None) -> Told:
    """Run it; ``progress`` hears after each cohort what there is to tell.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    await prepare(plan.url)
    keyring, told = read_keyring(make_keys("campaign")), Told()
    for numbers in plan.cohorts:
        cohort = Cohort(plan.url, keyring, seed=plan.seed, workers=plan.workers)
        async with Platform.discover(cohort.settings()) as platform:
            for record in platform.plugins:
                # Here and one after the other: a plugin's first use has a time limit, and the machine is kept busy.
                import_module(record.source.value.partition(":")[0])
            offers = cohort.agencies.offers(platform)
            fates: Sequence[Fate] = [draw(plan.seed, number, offers) for number in numbers]
            await cohort.run(fates, platform, told)
        if progress is not None:
            progress(told)
        await asyncio.sleep(0)
    return told
