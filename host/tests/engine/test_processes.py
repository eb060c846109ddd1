"""Two workers on one PostgreSQL, each in a process of its own; one is killed in the middle of its work."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from nagorik import ApplicationDraft, Consent, Operation, PlatformSettings, PluginConfiguration
from nagorik.bangladesh import Money
from nagorik.loading import Policy
from nagorik_host import open_host
from nagorik_host.store import open_database
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.schema import applications, attempts
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import make_keys, read_keyring
from nagorik_testing import SyntheticCitizens
from nagorik_testing.clock import FlowingClock
from nagorik_testing.installed import installed_simulators, load_simulator
from nagorik_testing.loopback import serve

WORKER = Path(__file__).with_name("worker_process.py")
APPLICATIONS = 6
STAGES = ("propagation", "filing", "intake", "review", "production")
PLUGINS = ("nid", "cashdesk")


async def begin(name, url, keys, urls):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(WORKER),
        name,
        url,
        *(f"{plugin}={base}" for plugin, base in urls.items()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    process.stdin.write(keys.encode())
    process.stdin.close()
    return process


async def test_worker_finishes_what_a_killed_process_left(postgresql_url):
    keys = make_keys("test")
    clock = FlowingClock(speed=600)
    found = installed_simulators()
    simulators = {name: load_simulator(found[name])(clock=clock) for name in PLUGINS}
    simulators["nid"].script.set("*", "approve", durations=dict.fromkeys(STAGES, timedelta(minutes=1)))
    database = await open_database(postgresql_url)
    await upgrade(database)
    await database.close()
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(serve(one)) for name, one in simulators.items()}
        settings = PlatformSettings(
            plugins={
                name: PluginConfiguration(settings=one.settings(urls[name]), egress=frozenset({"127.0.0.1"}))
                for name, one in simulators.items()
            },
            admission=Policy(allow=frozenset(PLUGINS)),
            clock=FlowingClock(),
        )
        host = await stack.enter_async_context(open_host(postgresql_url, read_keyring(keys), settings))
        for number in range(APPLICATIONS):
            example = simulators["nid"].example("nid.reissue", SyntheticCitizens().citizen(7000 + number))
            now = host.clock.now()
            await host.apply(
                ApplicationDraft(
                    service="nid.reissue",
                    applicant=example.applicant,
                    form=dict(example.form),
                    gateway="cashdesk.counter",
                ),
                consent=Consent(
                    id="consent-host",
                    service="nid.reissue",
                    operations=frozenset(Operation),
                    fee_ceiling=Money.taka(10_000),
                    given_at=now,
                    expires_at=now + timedelta(days=400),
                ),
            )
        doomed = await begin("doomed", postgresql_url, keys, urls)
        async with asyncio.timeout(60):
            # In the middle: something is filed, and a call is under way.
            while not simulators["nid"].ledger.effects("application"):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        doomed.send_signal(signal.SIGKILL)
        await doomed.wait()
        lost = await host.database.run(
            lambda t: t.connection.scalar(
                select(func.count()).select_from(attempts).where(attempts.c.ended_at.is_(None))
            )
        )
        # The machine's own minute until a lost worker is given up is not waited for here.
        await host.database.run(
            lambda t: t.connection.execute(
                update(applications).where(applications.c.lease.is_not(None)).values(lease_until=now)
            )
        )
        other = await begin("other", postgresql_url, keys, urls)
        async with asyncio.timeout(60):
            assert await other.wait() == 0
        rows = await host.database.run(lambda t: t.connection.execute(select(applications)).all())
        assert {row.state for row in rows} == {"closed"}
        assert lost > 0
        workers = await host.database.run(lambda t: t.connection.scalars(select(attempts.c.worker).distinct()).all())
        assert len(workers) == 2
        assert [one.problem async for one in verify_journals(host.database, host.vault)] == [None] * APPLICATIONS
    assert len(simulators["nid"].ledger.effects("application")) == APPLICATIONS
    assert len(simulators["cashdesk"].ledger.effects("capture")) == APPLICATIONS
