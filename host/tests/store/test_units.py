"""On PostgreSQL, an unbound statement stands by itself, and a database that is closed finishes its units."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from nagorik_host.store import open_database
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


async def test_statement_of_a_unit_that_binds_none_stands_although_a_later_one_fails(shared):
    with pytest.raises(ValueError, match="agency-1"):
        await shared.run_unbound(write("agency-1", fails=True))
    assert await names(shared) == {"agency-1"}
    with pytest.raises(ValueError, match="agency-2"):
        await shared.run(write("agency-2", fails=True))
    assert await names(shared) == {"agency-1"}


async def test_database_that_is_closed_finishes_what_was_begun(shared):
    writing = [asyncio.create_task(shared.run(write(f"agency-{number}"))) for number in range(4)]
    await asyncio.sleep(0)
    await shared.close()
    assert len(await asyncio.gather(*writing)) == 4
