"""The same seed is the same campaign, call for call, however slow the machine is."""

import time

import pytest

from nagorik_simulation.campaign import runner
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort

pytestmark = pytest.mark.long

PLAN = CampaignPlan(applications=6, seed=5, url=IN_MEMORY)
SLOWER = 1_000
"""How many times slower a machine is on which all else takes as long as here."""


@pytest.fixture
def ledgers(monkeypatch):
    """Runs the campaign on a machine that is slower than this one; what each agency's ledger holds of it."""
    ran = []

    class KeptCohort(Cohort):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            ran.append(self)

    monkeypatch.setattr(runner, "Cohort", KeptCohort)
    monotonic = time.monotonic

    def run(*, slower):
        ran.clear()
        with monkeypatch.context() as machine:
            machine.setattr(time, "monotonic", lambda: monotonic() * slower)
            reports = [runner.run_cohort(PLAN, numbers) for numbers in PLAN.cohorts]
        names = {}
        seen = {
            (number, plugin): [
                # Keys are made for each campaign, and the payments' ids by them.
                (one.operation, one.at, names.setdefault(one.client_reference, len(names)), one.fault, one.status)
                for one in simulator.ledger.requests()
            ]
            for number, cohort in enumerate(ran)
            for plugin, simulator in cohort.agencies.simulators.items()
        }
        return reports, seen

    return run


def test_ledgers_are_the_same_on_a_slow_machine(ledgers):
    reports, seen = ledgers(slower=1)
    assert sum(map(len, seen.values())) > PLAN.applications * 5
    assert ledgers(slower=SLOWER) == (reports, seen)
