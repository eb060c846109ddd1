"""On PostgreSQL each statement is a round trip, and there are few of them however many applications are in hand."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, select, update

from nagorik import ApplicationDraft
from nagorik_host.store import open_database
from nagorik_host.store.application_store import ApplicationStore, Lease, StaleRevision
from nagorik_host.store.ledger import LedgerBroken
from nagorik_host.store.schema import applications, journal
from nagorik_platform.lifecycle import CitizenActed, Due, Opened, ServiceCapabilities, open_application, step
from nagorik_testing import SyntheticCitizens

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CAPABILITIES = ServiceCapabilities(operations={}, gateway=None, lookup_grace=60.0)
LEASE = Lease("worker", timedelta(minutes=1), NOW)


@contextmanager
def round_trips(database):
    """What is sent to the server meanwhile, the beginning and the end of transactions too."""
    sent = []
    engine = database._engine.sync_engine

    def note_statement(connection, cursor, statement, *_):
        sent.append(statement)

    def note_transaction(query):
        sent.append(query.query)

    def checked_out(connection, *_):
        connection.driver_connection.add_query_logger(note_transaction)

    def checked_in(connection, *_):
        connection.driver_connection.remove_query_logger(note_transaction)

    heard = (
        ("before_cursor_execute", note_statement),
        ("checkout", checked_out),
        ("checkin", checked_in),
    )
    for name, listener in heard:
        event.listen(engine, name, listener)
    yield sent
    for name, listener in heard:
        event.remove(engine, name, listener)


@pytest.fixture
async def shared(ready_postgresql, vault):
    opened = await open_database(ready_postgresql)
    opened.use_ledger(vault)
    yield opened
    await opened.close()


@pytest.fixture
def store(vault):
    return ApplicationStore(vault)


@pytest.fixture
async def held(shared, store):
    """Applications in a worker's hands."""

    def unit(number):
        def take(transaction):
            said = {"at": NOW, "id": str(uuid4()), "service": "office.permit", "plugin_version": "office 1.0"}
            first = open_application(
                Opened(**said, client_reference=f"NGK-{number}", idempotency_key=str(uuid4())), CAPABILITIES
            )
            applicant = SyntheticCitizens(7).citizen(number).applicant()
            draft = ApplicationDraft(service="office.permit", applicant=applicant, form={})
            stored = store.open(transaction, draft, first)
            done = step(stored.progress, Due(), CAPABILITIES, NOW)
            return store.change(transaction, stored, done, NOW, lease=LEASE)

        return take

    return [await shared.run(unit(number)) for number in range(5)]


def let_go(store, stored):
    """Commit what came of a call for what a worker has in hand, without reading it again."""

    def unit(transaction):
        transaction.defer()
        done = step(stored.progress, CitizenActed("withdraw"), CAPABILITIES, NOW)
        return store.change(transaction, replace(stored, lease=Lease("worker")), done, NOW, read=False)

    return unit


async def states(shared):
    query = select(applications.c.state, applications.c.lease)
    return await shared.run(lambda t: [tuple(row) for row in t.connection.execute(query)])


async def test_what_came_of_many_calls_is_written_and_committed_in_one_round_trip(shared, store, held):
    with round_trips(shared) as sent:
        await asyncio.gather(*(shared.run_together(let_go(store, one)) for one in held))
    assert [statement.partition("\n")[0] for statement in sent] == ["WITH entries AS ("]
    assert await states(shared) == [("closed", None)] * len(held)


async def test_row_that_was_changed_meanwhile_fails_its_own_unit_and_nothing_of_it_is_written(shared, store, held):
    late = held[2]
    moved = update(applications).where(applications.c.id == late.id).values(revision=late.revision + 1)
    await shared.run(lambda t: t.connection.execute(moved))
    units = [shared.run_together(let_go(store, one)) for one in held]
    ends = await asyncio.gather(*units, return_exceptions=True)
    assert [isinstance(end, StaleRevision) for end in ends] == [one is late for one in held]
    assert sorted(await states(shared)) == [("closed", None)] * 4 + [("draft", "worker")]
    entries = select(journal.c.entry).where(journal.c.application == late.id)
    found = await shared.run(lambda t: t.connection.scalars(entries).all())
    assert len(found) == late.entries


async def test_transaction_that_has_read_is_committed_with_what_it_wrote(shared, store, held):
    def unit(transaction):
        store.read(transaction, held[0].id, for_change=True)
        return let_go(store, held[0])(transaction)

    with round_trips(shared) as sent:
        await shared.run_together(unit)
    # The driver begins with the first statement, after SQLAlchemy has told of it.
    assert [statement.split()[0].strip(";") for statement in sent] == ["SELECT", "BEGIN", "WITH", "COMMIT"]


DROPS = {
    "trigger": (
        "CREATE FUNCTION dropped() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER drops BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION dropped()"
    ),
    "rule": "CREATE RULE drops AS ON INSERT TO ledger DO INSTEAD NOTHING",
}


@pytest.mark.parametrize("kind", DROPS)
async def test_record_that_the_database_drops_is_missed_before_anything_is_committed(shared, store, held, kind):
    connection = await shared._own_connection()
    await connection.execute(DROPS[kind])
    with pytest.raises(LedgerBroken):
        await shared.run_together(let_go(store, held[0]))
    await connection.execute(f"DROP {kind} drops ON ledger")
    await connection.close()
    assert await states(shared) == [("draft", "worker")] * len(held)
