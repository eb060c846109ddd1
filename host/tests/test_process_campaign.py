"""A campaign whose workers are processes, killed at any moment; and what it finds."""

import asyncio
from datetime import timedelta

from nagorik_testing.campaign.plan import Plan
from nagorik_testing.campaign.processes.crew import Crew, Ended
from nagorik_testing.campaign.processes.run import campaign_of_processes
from nagorik_testing.campaign.processes.setting import Setting

SEED = 5
APPLICATIONS = 5
EVERY = 12
"""Requests between two kills; each costs a lease, which runs out in real time."""


async def test_books_and_ledgers_agree_when_processes_are_killed(tmp_path):
    url = f"sqlite:///{tmp_path}/books.db"
    told = await campaign_of_processes(Plan(applications=APPLICATIONS, seed=SEED, url=url, workers=2), every=EVERY)
    assert told.findings == []
    assert told.applications == sum(told.ends.values()) == APPLICATIONS
    assert sum(told.killed.values()) > 0
    assert told.calls >= sum(told.at_operations.values())


async def test_worker_that_ends_by_itself_is_noticed(tmp_path):
    setting = Setting(
        database=f"sqlite:///{tmp_path}/books.db",
        keys="no keys at all",
        folder=tmp_path,
        lease=timedelta(seconds=2),
        plugins={},
    )
    crew = Crew(setting, ["machine-1"])
    await crew.start("machine-1")
    async with asyncio.timeout(60):
        await crew.gone("machine-1")
    assert crew.ended == [Ended("machine-1", 1, "KeyringInvalid")]
    assert not crew.kill("machine-1")
    assert crew.killed == 0
