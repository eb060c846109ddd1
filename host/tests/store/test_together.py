"""On PostgreSQL, what many calls came to is committed together, and nobody pays for another's failure."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from nagorik_host.store import open_database, postgresql
from nagorik_host.store.schema import agencies

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture
async def shared(ready_postgresql):
    opened = await open_database(ready_postgresql)
    yield opened
    await opened.close()


def write(name, *, fails=False):
    def unit(transaction):
        values = {"plugin": name, "failures": 0, "probes": 0}
        transaction.connection.execute(insert(agencies).values(**values))
        if fails:
            raise ValueError(name)
        return transaction.connection.scalar(text("SELECT pg_current_xact_id()::text"))

    return unit


async def names(database):
    return set(await database.run(lambda t: t.connection.scalars(select(agencies.c.plugin)).all()))


async def test_units_that_come_at_once_are_committed_together(shared):
    made = await asyncio.gather(*(shared.run_together(write(f"agency-{number}")) for number in range(20)))
    assert len(set(made)) <= postgresql.LANES
    assert await names(shared) == {f"agency-{number}" for number in range(20)}


async def test_unit_that_fails_takes_no_other_with_it(shared):
    units = [shared.run_together(write(f"agency-{number}", fails=number == 3)) for number in range(8)]
    ends = await asyncio.gather(*units, return_exceptions=True)
    assert [type(end) for end in ends] == [ValueError if number == 3 else str for number in range(8)]
    assert await names(shared) == {f"agency-{number}" for number in range(8) if number != 3}


async def test_statement_of_a_unit_that_binds_none_stands_although_a_later_one_fails(shared):
    with pytest.raises(ValueError, match="agency-1"):
        await shared.run_unbound(write("agency-1", fails=True))
    assert await names(shared) == {"agency-1"}
    with pytest.raises(ValueError, match="agency-2"):
        await shared.run(write("agency-2", fails=True))
    assert await names(shared) == {"agency-1"}


async def test_statement_that_fails_takes_no_other_with_it(shared):
    await shared.run(write("agency-1"))
    ends = await asyncio.gather(
        *(shared.run_together(write(f"agency-{number}")) for number in range(4)), return_exceptions=True
    )
    assert [isinstance(end, Exception) for end in ends] == [False, True, False, False]
    assert await names(shared) == {f"agency-{number}" for number in range(4)}


async def test_database_that_is_closed_finishes_what_was_begun(shared):
    writing = [asyncio.create_task(shared.run_together(write(f"agency-{number}"))) for number in range(4)]
    await asyncio.sleep(0)
    await shared.close()
    assert len(await asyncio.gather(*writing)) == 4
