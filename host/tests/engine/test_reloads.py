"""Credentials that expire and are replaced while applications are under way: one outage, and no restart."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from host_world import rows
from sqlalchemy import select
from structlog.testing import capture_logs

from nagorik_host.store.overview import read_workers
from nagorik_host.store.reloads import ask_reload
from nagorik_host.store.schema import agencies, attempts, outages
from nagorik_platform.logs.redaction import redact
from nagorik_testing import in_process_configurations


async def test_new_credentials_end_the_outage_and_all_applications_go_on(world, ready_url):
    nid = world.simulators["nid"]
    async with world.host(ready_url) as host:
        worker = host.worker(read_settings=lambda: in_process_configurations(world.simulators.values()))
        for number in range(12):
            await world.apply(host, number)
        nid.login_endpoint.password = "another-1"
        await world.carry(worker, for_at_most=timedelta(hours=2))
        assert await rows(host, select(agencies.c.cause).where(agencies.c.plugin == "nid")) == ["credentials-wrong"]
        # Those that were under way met one refusal, and then one after a quarter of an hour, and one after an hour.
        assert 1 < sum(request.is_login for request in nid.ledger.requests()) <= 3
        refused = await rows(host, select(attempts.c.result).where(attempts.c.result == "credentials-rejected"))
        assert len(refused) <= 20

        await host.database.run(lambda t: ask_reload(t, host.clock.now()))
        began = host.clock.now()
        await worker.housekeeping.take_up_settings()
        await world.carry(worker)
        assert await world.states(host) == ["closed"] * 12
        (ended,) = await rows(host, select(outages.c.ended_at))
        assert ended - began < timedelta(minutes=1)


@pytest.mark.parametrize("wrong", ["unreadable", "unusable"])
async def test_settings_that_cannot_be_taken_up_leave_the_worker_as_it_was_and_are_named(world, ready_url, wrong):
    nid, given = world.simulators["nid"], in_process_configurations(world.simulators.values())
    bad = {**nid.settings("http://127.0.0.1"), "read_timeout": "CANARY"}
    del bad["password"]
    unusable = {**given, "nid": type(given["nid"])(settings=bad)}
    read = Mock(side_effect=[given, *[PermissionError(13, "denied") if wrong == "unreadable" else unusable] * 2])
    async with world.host(ready_url) as host:
        worker = host.worker("first", read_settings=read)
        await world.apply(host)
        await host.platform.import_plugins()
        await host.database.run(worker.housekeeping.register)
        await worker.housekeeping.take_up_settings()
        number = await host.database.run(lambda t: ask_reload(t, host.clock.now()))
        with capture_logs() as lines:
            await worker.housekeeping.take_up_settings()
            await worker.housekeeping.take_up_settings()
        line, *others = [redact(None, "error", one) for one in lines if one["event"] == "settings_not_reloaded"]
        if wrong == "unreadable":
            assert line["because"] == "host-settings"
        else:  # as it stands in the log: what is not one word there is masked
            assert (line["plugin"], others) == ("nid", [])
            assert line["settings"] == ["read_timeout:float-parsing", "password:missing"]
        assert "CANARY" not in str(lines)
        (row,) = await host.database.run(lambda t: read_workers(t, world.machine.now()))
        assert row.settings_reload == number - 1
        await world.carry(worker)
        assert await world.states(host) == ["closed"]
