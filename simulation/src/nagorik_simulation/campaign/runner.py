"""A whole campaign, cohort after cohort."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from nagorik_host.vault import make_keys, read_keyring
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort, carry, prepare
from nagorik_simulation.campaign.event_loop import IdleTimeEventLoop
from nagorik_simulation.campaign.processes.cohort import EVERY, ProcessCohort
from nagorik_simulation.campaign.processes.own_server import OwnServer, own_server
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.campaign.ward_office.site import ward_office
from nagorik_testing.fixtures.isolation import scratch_folder


def run_cohort(
    plan: CampaignPlan, numbers: Sequence[int], server: OwnServer | None = None, *, every: int = EVERY
) -> CampaignReport:
    """What becomes of the applications of one cohort; arguments and errors as of ``campaign``.

    ``server`` is the campaign's own, if it has one.
    """
    is_repeatable = plan.url == IN_MEMORY and not plan.kill_processes
    factory = IdleTimeEventLoop if is_repeatable else None
    with scratch_folder("campaign") as folder, ward_office() as site, asyncio.Runner(loop_factory=factory) as runner:
        if server is not None:
            plan = replace(plan, url=server.database())
        elif plan.kill_processes and plan.url == IN_MEMORY:
            plan = replace(plan, url=f"sqlite:///{folder}/store.db")
        if not is_repeatable:
            runner.run(prepare(plan.url))
        keys = make_keys("campaign")
        cohort = Cohort(plan, read_keyring(keys))
        if plan.kill_processes:
            cohort = ProcessCohort(plan, keys, folder, site, server, every=every)
        return runner.run(carry(cohort, numbers))


def campaign(
    plan: CampaignPlan, progress: Callable[[CampaignReport], None] = lambda _: None, *, every: int = EVERY
) -> CampaignReport:
    """Run a campaign; ``progress`` gets the report so far after each cohort.

    In memory the same plan is the same campaign, call for call. With processes the seed decides what awaits each
    application and the rhythm of the disruptions, one in ``every`` requests on average; what a process is doing when
    it is disturbed is the machine's affair.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
        ServerMissing: It wants a server of its own, and there is no PostgreSQL.
    """
    report = CampaignReport()
    with ExitStack() as stack:
        server = stack.enter_context(own_server()) if plan.own_server else None
        for numbers in plan.cohorts:
            report.add(run_cohort(plan, numbers, server, every=every))
            progress(report)
    return report
