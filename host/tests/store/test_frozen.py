"""A machine that stands still holds up nobody who works on the same PostgreSQL."""

import asyncio
import threading
from types import SimpleNamespace

import asyncpg
import pytest
from sqlalchemy import insert, select, text, update

from nagorik_host.store import open_database, postgresql
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.schema import agencies

MAKE = insert(agencies).values(plugin="wasa", failures=0, probes=0)
CHANGE = update(agencies).values(failures=agencies.c.failures + 1)
IDLE = postgresql.IDLE
LOCK = "SELECT * FROM agencies FOR UPDATE"


@pytest.fixture
async def databases(ready_postgresql, monkeypatch):
    """Gives a database whose sessions wait so long for their clients and for others, in seconds."""
    opened = []

    async def make(*, idle=60.0, locked=60.0, longest=60.0):
        monkeypatch.setattr(postgresql, "IDLE", idle)
        monkeypatch.setattr(postgresql, "LOCKED", locked)
        monkeypatch.setattr(postgresql, "LONGEST", longest)
        opened.append(await open_database(ready_postgresql))
        return opened[-1]

    first = await make()
    await first.run(lambda t: t.connection.execute(MAKE))
    yield make
    for one in opened:
        await one.close()


async def failures(database):
    return await database.run(lambda t: t.connection.scalar(select(agencies.c.failures)))


async def test_transaction_of_a_client_that_stands_still_does_not_stop_others(databases, ready_postgresql):
    await databases(idle=0.05)
    frozen = await asyncpg.connect(ready_postgresql, server_settings=postgresql.session_settings())
    mine = await databases()
    try:
        await frozen.execute("BEGIN")
        await frozen.execute(LOCK)
        async with asyncio.timeout(60):
            await mine.run(lambda t: t.connection.execute(CHANGE))
        # It goes on, and nothing that it had locked is its own any more.
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
            await frozen.execute("COMMIT")
    finally:
        await frozen.close()
    assert await failures(mine) == 1


async def test_unit_that_was_rolled_back_while_its_client_stood_still_is_said_to_be_so(databases):
    frozen, mine = await databases(idle=0.05), await databases()

    def stand_still(transaction):
        transaction.connection.execute(CHANGE)
        # The event loop stands still with it, and the server waits.
        threading.Event().wait(0.3)
        transaction.connection.execute(CHANGE)

    with pytest.raises(DatabaseUnavailable):
        await frozen.run(stand_still)
    assert await failures(mine) == 0


async def test_unit_that_waits_for_what_another_has_locked_is_done_when_it_is_let_go(databases, ready_postgresql):
    mine = await databases(locked=0.05)
    holder = await asyncpg.connect(ready_postgresql)
    try:
        await holder.execute("BEGIN")
        await holder.execute(LOCK)
        tries = 0

        def change(transaction):
            nonlocal tries
            tries += 1
            transaction.connection.execute(CHANGE)

        changing = asyncio.create_task(mine.run(change))
        async with asyncio.timeout(60):
            while tries < 2:  # noqa: ASYNC110 - a try has no event
                await asyncio.sleep(0.005)
        await holder.execute("COMMIT")
        await changing
    finally:
        await holder.close()
    assert await failures(mine) == 1


async def test_database_in_which_nothing_is_let_go_is_unavailable(databases, ready_postgresql):
    mine = await databases(locked=0.02)
    holder = await asyncpg.connect(ready_postgresql)
    try:
        await holder.execute("BEGIN")
        await holder.execute(LOCK)
        with pytest.raises(DatabaseUnavailable):
            await mine.run(lambda t: t.connection.execute(CHANGE))
    finally:
        await holder.close()


async def test_statement_that_takes_too_long_is_given_up_unless_it_may_take_its_time(databases):
    mine = await databases(longest=0.05)
    slow = text("SELECT pg_sleep(0.2)")
    with pytest.raises(DatabaseUnavailable):
        await mine.run(lambda t: t.connection.execute(slow))

    def patiently(transaction):
        transaction.take_time()
        transaction.connection.execute(slow)

    await mine.run(patiently)
    # The next unit on the same connection is bounded again.
    with pytest.raises(DatabaseUnavailable):
        await mine.run(lambda t: t.connection.execute(slow))


async def test_server_looks_after_connections_that_say_nothing(databases):
    mine = await databases()
    show = text("SHOW idle_in_transaction_session_timeout")
    assert await mine.run(lambda t: t.connection.scalar(show)) == "1min"
    assert {"tcp_keepalives_idle", "tcp_user_timeout", "lock_timeout"} <= set(postgresql.session_settings())
    assert LEASE.total_seconds() / 4 > IDLE


async def test_database_that_stands_still_is_closed_without_its_answer(databases, monkeypatch):
    async def stand_still(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(postgresql, "CLOSING", 0.01)
    database = await databases()
    engine = database._engine  # noqa: SLF001
    monkeypatch.setattr(database, "_engine", SimpleNamespace(dispose=stand_still))
    monkeypatch.setattr(database, "run", stand_still)
    monkeypatch.setattr(postgresql, "LONGEST", 0.01)
    database._at_rest.clear()  # noqa: SLF001 - as while a unit waits for its answer
    async with asyncio.timeout(30):
        await database.close()
    await engine.dispose()
