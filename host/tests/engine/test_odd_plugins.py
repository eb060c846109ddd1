"""What a plugin does wrong at one citizen's application is that one's case; the worker and all others go on."""

from datetime import timedelta

import pytest
from host_world import carry, rows
from sqlalchemy import select

from nagorik_host.store.application_store import LeaseTooShort
from nagorik_host.store.cases import FAULTS_OF_A_CASE, list_cases, unblock
from nagorik_host.store.schema import applications

DAYS = timedelta(days=2)


async def row_of(host, application):
    (row,) = await rows(host, select(applications).where(applications.c.id == application))
    return row


@pytest.mark.parametrize(
    "word", ["check-in-ages", "closed-for-ever", "wait-for-a-word", "long-quote", "deliverable-with-nul"]
)
async def test_value_that_cannot_be_kept_ends_no_worker(office, ready_url, word):
    async with office.host(ready_url) as host:
        odd, plain = await office.apply(host, word), await office.apply(host)
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert (await row_of(host, plain)).state == "closed"
        # It can be shown, and waits for nothing that never comes.
        await host.track(odd)
        row = await row_of(host, odd)
        assert row.due_at is None or row.due_at <= host.clock.now() + timedelta(days=367)


async def test_application_that_its_plugin_fails_each_time_is_a_case_and_due_no_more(office, ready_url):
    async with office.host(ready_url) as host:
        bad = await office.apply(host, "raises")
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert len(office.plugin.JUDGED) == FAULTS_OF_A_CASE
        (case,) = await host.database.run(lambda t: list_cases(t, 9, host.clock.now()))
        assert (case.application, case.blocked) == (bad, "plugin-fault")
        assert (await row_of(host, bad)).due_at is None
        office.plugin.MENDED = True
        await host.database.run(lambda t: unblock(t, bad, host.clock.now()))
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert (await row_of(host, bad)).state == "closed"


async def test_host_does_not_open_with_calls_that_outlast_its_lease(office, ready_file):
    with pytest.raises(LeaseTooShort, match="a call of office"):
        async with office.host(ready_file, lease=timedelta(0)):
            pass
