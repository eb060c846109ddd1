"""What waits until all units of a transaction are done is written with it, or not at all."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from nagorik_host.store.schema import applications, attempts

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def begun(entry, *, application="a-1"):
    return {
        "application": application,
        "entry": entry,
        "operation": "submit",
        "subject": None,
        "worker": "worker-1",
        "request_digest": "digest",
        "began_at": NOW,
    }


def ended(entry):
    return {"application_": "a-1", "entry_": entry, "ended_at": NOW, "result": "answered"}


@pytest.fixture
async def kept(database):
    """A database with an application."""
    values = {
        "id": "a-1",
        "service": "office.permit",
        "plugin": "office",
        "plugin_version": "office 1.0",
        "client_reference": "hash",
        "state": "draft",
        "opened_at": NOW,
        "updated_at": NOW,
        "target_plugin": "office",
        "data_key": b"key",
        "progress": b"progress",
        "revision": 1,
        "entries": 0,
        "chain": b"link",
    }
    await database.run(lambda t: t.connection.execute(insert(applications).values(values)))
    return database


async def found(database):
    query = select(attempts.c.entry, attempts.c.result).order_by(attempts.c.entry)
    return await database.run(lambda t: [tuple(row) for row in t.connection.execute(query)])


async def test_rows_of_all_kinds_are_written_with_the_transaction(kept):
    def begin(transaction):
        transaction.defer()
        for entry in (1, 2):
            transaction.begin_attempt(begun(entry))
        transaction.append_entries([("a-1", 1, NOW, "due", "{}", b"sealed", b"link")])
        return transaction.connection.execute(select(attempts)).all()

    assert await kept.run(begin) == []
    assert await found(kept) == [(1, None), (2, None)]

    def end(transaction):
        transaction.defer()
        transaction.end_attempt(ended(1))

    await kept.run(end)
    assert await found(kept) == [(1, "answered"), (2, None)]


async def test_what_waits_can_be_read_once_it_is_flushed(kept):
    def unit(transaction):
        transaction.defer()
        transaction.begin_attempt(begun(1))
        transaction.flush()
        return len(transaction.connection.execute(select(attempts)).all())

    assert await kept.run(unit) == 1
    assert await found(kept) == [(1, None)]


async def test_part_that_did_not_happen_leaves_nothing_to_be_written(kept):
    def unit(transaction):
        transaction.defer()
        transaction.begin_attempt(begun(1))
        with suppress(ValueError), transaction.nested():
            transaction.begin_attempt(begun(2))
            raise ValueError

    await kept.run(unit)
    assert await found(kept) == [(1, None)]


async def test_row_that_cannot_be_written_fails_its_unit_and_no_other(kept):
    def unit(row):
        def write(transaction):
            transaction.defer()
            transaction.begin_attempt(row)

        return write

    await kept.run_together(unit(begun(1)))
    with pytest.raises(DBAPIError):
        await kept.run_together(unit(begun(2, application="nobody")))
    assert await found(kept) == [(1, None)]


async def test_unit_that_does_not_defer_writes_at_once(kept):
    def unit(transaction):
        transaction.begin_attempt(begun(1))
        transaction.end_attempt(ended(1))
        return [tuple(row) for row in transaction.connection.execute(select(attempts.c.result))]

    assert await kept.run(unit) == [("answered",)]
