"""What the guide says of PostgreSQL's files: what was erased stands in them until its tables are written anew."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from nagorik import ApplicationDraft
from nagorik_host.store import open_database
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.retention import erase
from nagorik_host.store.schema import applications, payloads
from nagorik_platform.lifecycle import CitizenActed, Opened, ServiceCapabilities, open_application, step
from nagorik_testing import SyntheticCitizens

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CAPABILITIES = ServiceCapabilities(operations={}, gateway=None, lookup_grace=60.0)
FILES = text(
    "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()"
)
XMIN, XMAX = (f"CAST(CAST(pg_snapshot_{end}(pg_current_snapshot()) AS text) AS bigint)" for end in ("xmin", "xmax"))


@pytest.fixture
async def shared(ready_postgresql, vault):
    opened = await open_database(ready_postgresql)
    opened.use_ledger(vault)
    yield opened
    await opened.close()


def closed(vault):
    """Open an application and withdraw it; its id."""
    store = ApplicationStore(vault)

    def unit(transaction):
        opened = Opened(
            at=NOW,
            id=str(uuid4()),
            service="office.permit",
            plugin_version="office 1.0",
            client_reference="NGK-1",
            idempotency_key=str(uuid4()),
        )
        applicant = SyntheticCitizens(7).citizen(1).applicant()
        draft = ApplicationDraft(service="office.permit", applicant=applicant, form={})
        (stored,) = store.open_all(transaction, [(draft, open_application(opened, CAPABILITIES))])
        done = step(stored.progress, CitizenActed("withdraw"), CAPABILITIES, NOW)
        return store.change(transaction, stored, done, NOW).id

    return unit


async def outside_transactions(database, *commands):
    async with database._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:  # noqa: SLF001
        for command in commands:
            await connection.execute(text(command))


async def wait_for_older_transactions(database):
    """Until every transaction on the server that is older than now, in any database, has ended."""

    def horizon(transaction):
        return transaction.connection.execute(text(f"SELECT {XMIN}, {XMAX}")).one()

    begun = (await database.run(horizon))[1]
    while (await database.run(horizon))[0] < begun:
        pass


def held_in(folder, sought):
    content = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert len(content) > 100_000
    return [value in content for value in sought]


async def test_tables_that_are_written_anew_hold_nothing_that_was_erased(shared, vault):
    identity = await shared.run(closed(vault))
    sealed = select(applications.c.data_key, payloads.c.draft).join(payloads).where(applications.c.id == identity)
    sought = await shared.run(lambda t: list(t.connection.execute(sealed).one()))
    folder = Path(await shared.run(lambda t: t.connection.scalar(FILES)))
    await shared.run(lambda t: erase(t, identity, NOW))
    await outside_transactions(shared, "CHECKPOINT")
    assert held_in(folder, sought)[0]
    await wait_for_older_transactions(shared)
    await outside_transactions(shared, "VACUUM FULL applications, payloads, inbox", "CHECKPOINT")
    assert held_in(folder, sought) == [False, False]
