"""Hints on PostgreSQL: enqueued with the change, taken once, and nothing personal in them."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from uuid import uuid4

import asyncpg
import pytest

from nagorik_host.store import hints as hints_of_postgresql, open_database, postgresql
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.upgrade import upgrade


@pytest.fixture(autouse=True)
def prompt(monkeypatch):
    """Gives a way to say how long hints are waited for, in seconds; no test depends on how busy its machine is."""

    def wait(seconds):
        monkeypatch.setattr(postgresql, "PROMPT", seconds)

    wait(60.0)
    return wait


@pytest.fixture
async def shared(ready_postgresql):
    opened = await open_database(ready_postgresql)
    yield opened
    await opened.close()


def waking(*applications: str, agency: str = "nid"):
    def unit(transaction):
        for application in applications:
            transaction.add_hint(application, agency)

    return unit


async def test_hint_is_heard_when_it_is_committed_and_taken_once(shared):
    heard = asyncio.Event()
    application = str(uuid4())
    async with shared.hints(["nid"], heard.set) as hints, shared.hints(["nid"], heard.set) as others:
        assert await hints.take() == []
        await shared.run(waking(application))
        await asyncio.wait_for(heard.wait(), 10)
        assert await hints.take() == [application]
        assert await hints.take() == await others.take() == []


async def test_change_that_is_rolled_back_gives_no_hint(shared):
    def unit(transaction):
        transaction.add_hint(str(uuid4()), "nid")
        raise ArithmeticError

    async with shared.hints(["nid"], lambda: None) as hints:
        with pytest.raises(ArithmeticError):
            await shared.run(unit)
        assert await hints.take() == []


async def test_hints_for_one_application_are_one_hint(shared):
    application, other = str(uuid4()), str(uuid4())
    async with shared.hints(["nid"], lambda: None) as hints:
        await shared.run(waking(application))
        await shared.run(waking(application, other))
        assert sorted(await hints.take()) == sorted([application, other])


async def test_application_that_is_taken_in_hand_at_once_needs_no_hint(shared):
    application = str(uuid4())

    def unit(transaction):
        transaction.add_hint(application, "nid")
        transaction.drop_hint(application)

    async with shared.hints(["nid"], lambda: None) as hints:
        await shared.run(unit)
        assert await hints.take() == []


async def test_hints_are_for_those_who_call_that_agency(shared):
    application = str(uuid4())
    async with shared.hints(["nid"], lambda: None) as hints, shared.hints(["cashdesk"], lambda: None) as desk:
        await shared.run(waking(application, agency="cashdesk"))
        assert await hints.take() == []
        assert await desk.take() == [application]


async def test_hint_is_left_to_the_one_that_looks_after_its_agency(shared):
    nid, desk = str(uuid4()), str(uuid4())
    async with (
        shared.hints(["nid", "cashdesk"], lambda: None) as one,
        shared.hints(["nid", "cashdesk"], lambda: None) as other,
    ):
        await shared.run(waking(nid))
        await shared.run(waking(desk, agency="cashdesk"))
        assert await one.take([]) == []
        assert await one.take(["cashdesk"]) == [desk]
        assert await other.take(["nid"]) == [nid]


async def test_of_a_flood_of_hints_some_are_taken_at_a_time(shared, monkeypatch):
    monkeypatch.setattr(hints_of_postgresql, "TOGETHER", 2)
    monkeypatch.setattr(hints_of_postgresql, "MOST_TAKEN", 4)
    applications = {str(uuid4()) for _ in range(7)}
    async with shared.hints(["nid"], lambda: None) as hints:
        await shared.run(waking(*applications))
        first, second = await hints.take(), await hints.take()
        assert (len(first), len(second)) == (4, 3)
        assert {*first, *second} == applications


async def test_server_that_stands_still_is_not_waited_for_at_the_end(shared, monkeypatch):
    async def stand_still(**_):
        raise TimeoutError

    async with shared.hints(["nid"], lambda: None) as hints:
        await hints.take()
        connection = hints._listener._connection
        hints._listener._connection = SimpleNamespace(is_closed=lambda: False, close=stand_still)
    await connection.close()


async def test_upgrade_may_be_done_again_and_by_two_at_once(postgresql_url):
    opened = await open_database(postgresql_url)
    try:
        await asyncio.gather(opened.prepare(), opened.prepare())
        assert (await upgrade(opened))[0] is None
        before, after = await upgrade(opened)
        assert before == after
    finally:
        await opened.close()


REFUSE = """
CREATE SEQUENCE refusals;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('refusals') <= TG_ARGV[1]::int THEN RAISE EXCEPTION USING ERRCODE = TG_ARGV[0]; END IF;
    RETURN NULL;
END $$;
"""


async def refuse(shared, statement, code, *, times):
    """Let the server refuse statements about hints so many times, by its code for the reason."""
    connection = await shared._own_connection()
    try:
        await connection.execute(REFUSE)
        await connection.execute(
            f"CREATE TRIGGER refusing BEFORE {statement} ON nagorik_hints "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse('{code}', {times})"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("code", ["08006", "25006", "25P03", "28000", "40001", "42501", "53300", "55P03", "57014"])
async def test_database_is_away_for_hints_whenever_it_is_for_units(shared, code):
    await refuse(shared, "UPDATE", code, times=1000)
    raising = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"
    with pytest.raises(DatabaseUnavailable) as of_unit:
        await shared.run(lambda t: t.connection.exec_driver_sql(raising))
    async with shared.hints(["nid"], lambda: None) as hints:
        with pytest.raises(DatabaseUnavailable) as of_hints:
            await hints.take()
        assert str(of_hints.value) == str(of_unit.value)
        # They are there when it is back.
        await shared.run(lambda t: t.connection.exec_driver_sql("DROP TRIGGER refusing ON nagorik_hints"))
        application = str(uuid4())
        await shared.run(waking(application))
        assert await hints.take() == [application]


async def test_change_that_was_rolled_back_over_its_hint_is_done_again(shared):
    await refuse(shared, "INSERT", "40P01", times=2)
    application = str(uuid4())
    async with shared.hints(["nid"], lambda: None) as hints:
        await shared.run(waking(application))
        assert await hints.take() == [application]


async def test_database_without_a_table_of_hints_is_broken_for_hints_as_for_units(
    shared,
):
    """Waiting mends nothing, and a worker that went on without them would end nothing that makes something due."""
    await shared.run(lambda t: t.connection.exec_driver_sql("DROP TABLE nagorik_hints"))
    async with shared.hints(["nid"], lambda: None) as hints:
        with pytest.raises(asyncpg.UndefinedTableError):
            await hints.take()
    with pytest.raises(asyncpg.UndefinedTableError):
        await shared.run(waking(str(uuid4())))


@asynccontextmanager
async def holding(shared, table="nagorik_hints"):
    """Nobody else gets at the table of hints meanwhile."""
    holder = await shared._own_connection()
    try:
        await holder.execute("SET idle_in_transaction_session_timeout = 0")
        await holder.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        await holder.execute("ROLLBACK")
    finally:
        await holder.close()


async def test_hints_that_are_slow_to_come_hold_up_nobody_and_are_given_when_they_are_there(
    shared, prompt, monkeypatch
):
    monkeypatch.setattr(postgresql, "LOCKED", 600.0)
    application, later = str(uuid4()), str(uuid4())
    heard = asyncio.Event()
    async with shared.hints(["nid"], heard.set) as hints:
        assert await hints.take() == []
        await shared.run(waking(application))
        await asyncio.wait_for(heard.wait(), 60)
        listener = hints._listener
        prompt(0.05)
        async with holding(shared), asyncio.timeout(30):
            heard.clear()
            assert await hints.take() == await hints.take() == []
            assert not heard.is_set()
        await asyncio.wait_for(heard.wait(), 60)
        prompt(60.0)
        # One that comes after the question was answered and before the answer is fetched.
        await shared.run(waking(later))
        assert await hints.take() == [application, later]
        assert await hints.take() == []
        assert hints._listener is listener


async def test_what_the_server_says_too_late_of_hints_is_told_whoever_asks_next(shared, prompt, monkeypatch):
    monkeypatch.setattr(postgresql, "LOCKED", 0.2)
    application = str(uuid4())
    await shared.run(waking(application))
    async with shared.hints(["nid"], lambda: None) as hints:
        prompt(0.0)
        async with holding(shared), asyncio.timeout(30):
            assert await hints.take() == []
            await asyncio.wait({hints._taking})
            with pytest.raises(DatabaseUnavailable):
                await hints.take()
        prompt(60.0)
        assert await hints.take() == [application]


async def test_whoever_wants_no_hints_any_more_waits_for_none(shared, prompt, monkeypatch):
    monkeypatch.setattr(postgresql, "LOCKED", 600.0)
    async with shared.hints(["nid"], lambda: None) as hints:
        assert await hints.take() == []
        async with holding(shared), asyncio.timeout(30):
            prompt(0.05)
            assert await hints.take() == []
            await hints.close()
        assert hints._listener.is_closed
        assert hints._taking.cancelled()
