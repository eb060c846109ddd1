"""A whole campaign, cohort after cohort, in this process."""

import asyncio
from collections.abc import Callable, Sequence

from nagorik_host.vault import make_keys, read_keyring
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


def campaign(plan: CampaignPlan, progress: Callable[[CampaignReport], None]) -> CampaignReport:
    """Run a campaign; ``progress`` gets the report so far after each cohort.

    In memory the same plan is the same campaign, call for call.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
    """
    if plan.url != IN_MEMORY:
        asyncio.run(prepare(plan.url))
    report = CampaignReport()
    for numbers in plan.cohorts:
        report.add(run_cohort(plan, numbers))
        progress(report)
    return report
