"""A campaign whose workers are processes, killed at any moment; and what it finds."""

import asyncio
from datetime import timedelta

import pytest

from nagorik_testing.campaign.cases import CampaignPlan
from nagorik_testing.campaign.processes.cohort import campaign_of_processes
from nagorik_testing.campaign.processes.worker import WorkerSettings
from nagorik_testing.campaign.processes.worker_pool import WorkerExit, WorkerPool

pytestmark = pytest.mark.long

SEED = 5
APPLICATIONS = 5
EVERY = 12
"""Requests between two kills; each costs a lease, which runs out in real time."""


async def test_books_and_ledgers_agree_when_processes_are_killed(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    report = await campaign_of_processes(
        CampaignPlan(applications=APPLICATIONS, seed=SEED, url=url, workers=2), every=EVERY
    )
    assert report.findings == []
    assert report.applications == sum(report.ends.values()) == APPLICATIONS
    assert sum(report.killed.values()) > 0
    assert report.calls >= sum(report.at_operations.values())


async def test_worker_that_ends_by_itself_is_noticed(tmp_path):
    setting = WorkerSettings(
        database=f"sqlite:///{tmp_path}/store.db",
        keys="no keys at all",
        folder=tmp_path,
        lease=timedelta(seconds=2),
        plugins={},
    )
    pool = WorkerPool(setting, ["machine-1"])
    await pool.start("machine-1")
    async with asyncio.timeout(60):
        await pool.wait_until_dead("machine-1")
    assert pool.ended == [WorkerExit("machine-1", 1, "KeyringInvalid")]
    assert not pool.kill("machine-1")
    assert pool.killed == 0
