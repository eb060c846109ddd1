"""Credentials that expire and are replaced while applications are under way: one outage, and no restart."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from nagorik_host.store.overview import read_workers
from nagorik_host.store.reloads import ask_reload
from nagorik_host.store.schema import agencies, attempts, outages
from nagorik_platform.logs.redaction import redact
from nagorik_testing import in_process_configurations
from nagorik_testing.contract.rig import is_login

APPLICATIONS = 12
CONCURRENCY = 4
"""Calls in flight at once, says the plugin's manifest."""


@pytest.fixture
def nid(world):
    return world.simulators["nid"]


def logins(nid):
    return [request for request in nid.ledger.requests() if is_login(request.operation)]


async def agency(host):
    return await host.database.run(
        lambda t: t.connection.execute(select(agencies).where(agencies.c.plugin == "nid")).one()
    )


async def refusals(host):
    query = select(attempts.c.application).where(attempts.c.result == "credentials-rejected")
    return await host.database.run(lambda t: t.connection.scalars(query).all())


async def test_new_credentials_end_the_outage_and_all_applications_go_on(world, ready_url, nid):
    async with world.host(ready_url) as host:
        worker = host.worker(read_settings=lambda: in_process_configurations(world.simulators.values()))
        ids = [await world.apply(host, number) for number in range(APPLICATIONS)]
        nid.login_endpoint.password = "another-1"
        await world.carry(worker, for_at_most=timedelta(hours=2))
        down = await agency(host)
        assert (down.down_since is not None, down.cause) == (True, "credentials-wrong")
        # Those that were under way met one refusal, and then one after a quarter of an hour, and one after an hour.
        assert 1 < len(logins(nid)) <= 3
        assert len(await refusals(host)) <= CONCURRENCY + 16
        assert len(await host.database.run(lambda t: t.connection.execute(select(outages)).all())) == 1
        for one in ids:
            assert (await host.progress(one)).hold is None

        await host.database.run(lambda t: ask_reload(t, host.clock.now()))
        began = host.clock.now()
        await worker.housekeeping.take_up_settings()
        assert (await agency(host)).probe_at == began
        await world.carry(worker)
        assert {(await host.progress(one)).state.value for one in ids} == {"closed"}
        ended = await host.database.run(lambda t: t.connection.scalar(select(outages.c.ended_at)))
        assert ended - began < timedelta(minutes=1)


@pytest.mark.parametrize("error", [ValueError("nagorik.toml is missing"), PermissionError(13, "Permission denied")])
async def test_settings_that_cannot_be_read_are_not_taken_up_and_are_told(world, ready_url, error):
    async with world.host(ready_url) as host:
        given = in_process_configurations(world.simulators.values())
        is_there = [True]

        def read():
            if not is_there[-1]:
                raise error
            return given

        worker = host.worker("first", read_settings=read)
        await host.platform.import_plugins()
        await host.database.run(worker.housekeeping.register)
        await worker.housekeeping.take_up_settings()
        is_there.append(False)
        number = await host.database.run(lambda t: ask_reload(t, host.clock.now()))
        with capture_logs() as lines:
            await worker.housekeeping.take_up_settings()
        told = [redact(None, "error", line) for line in lines]
        assert [(line["event"], line["because"]) for line in told] == [("settings_not_reloaded", "host-settings")]
        (row,) = await host.database.run(lambda t: read_workers(t, world.machine.now()))
        assert row.settings_reload == number - 1


async def test_settings_that_cannot_be_used_leave_the_worker_as_it_was_and_are_told(world, ready_url, nid):
    async with world.host(ready_url) as host:
        given = in_process_configurations(world.simulators.values())
        told = [given]
        worker = host.worker("first", read_settings=lambda: told[-1])
        one = await world.apply(host)
        await host.platform.import_plugins()
        await host.database.run(worker.housekeeping.register)
        await worker.housekeeping.take_up_settings()
        wrong = {name: value for name, value in nid.settings("http://127.0.0.1").items() if name != "password"}
        told.append({**given, "nid": type(given["nid"])(settings={**wrong, "read_timeout": "CANARY"})})
        number = await host.database.run(lambda t: ask_reload(t, host.clock.now()))
        with capture_logs() as lines:
            await worker.housekeeping.take_up_settings()
            await worker.housekeeping.take_up_settings()
        # As it stands in the log: whatever is not one word there is masked.
        assert [redact(None, "error", line) for line in lines if line["event"] == "settings_not_reloaded"] == [
            {
                "event": "settings_not_reloaded",
                "because": "settings-rejected",
                "plugin": "nid",
                "settings": ["read_timeout:float-parsing", "password:missing"],
                "log_level": "error",
            }
        ]
        assert "CANARY" not in str(lines)
        (row,) = await host.database.run(lambda t: read_workers(t, world.machine.now()))
        assert row.settings_reload == number - 1
        await world.carry(worker)
        assert (await host.progress(one)).state.value == "closed"
