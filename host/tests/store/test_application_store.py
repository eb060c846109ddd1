"""Applications are kept as they were handed in, sealed, and their journal shows any change."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from nagorik import ApplicationDraft, Consent, Operation
from nagorik.operations import Idempotency
from nagorik.values import Money
from nagorik_host.store.application_store import ApplicationStore, Lease, NoSuchApplication, entries_in
from nagorik_host.store.chain import ChainBroken, verify_chain
from nagorik_host.store.schema import applications, journal, payloads
from nagorik_platform.lifecycle import (
    CitizenActed,
    Due,
    Opened,
    ServiceCapabilities,
    amounts_to,
    open_application,
    step,
)
from nagorik_testing import SyntheticCitizens

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CAPABILITIES = ServiceCapabilities(
    operations={Operation.ELIGIBILITY: None, Operation.SUBMIT: Idempotency.CLIENT_REFERENCE, Operation.FIND: None},
    gateway=None,
    lookup_grace=60.0,
)
CITIZEN = SyntheticCitizens(7).citizen(11)


def opened(reference: str = "NGK-BOOKS-1") -> Opened:
    consent = Consent(
        id="consent-books",
        service="office.permit",
        operations=frozenset({Operation.SUBMIT}),
        fee_ceiling=Money.taka(500),
        given_at=NOW,
        expires_at=NOW + timedelta(days=30),
        acting="centre-0042/operator-7",
    )
    return Opened(
        at=NOW,
        id=str(uuid4()),
        service="office.permit",
        plugin_version="office 1.0",
        client_reference=reference,
        idempotency_key=str(uuid4()),
        consent=consent,
    )


def draft() -> ApplicationDraft:
    return ApplicationDraft(service="office.permit", applicant=CITIZEN.applicant(), form={"name": CITIZEN.name.en})


@pytest.fixture
def store(vault):
    return ApplicationStore(vault)


@pytest.fixture
async def kept(database, store):
    first = open_application(opened(), CAPABILITIES)
    (taken,) = await database.run(lambda transaction: store.open_all(transaction, [(draft(), first)]))
    return taken


async def test_application_is_read_as_it_was_opened(database, store, kept):
    read = await database.run(lambda transaction: store.read(transaction, kept.id))
    assert read.progress == kept.progress
    assert (read.revision, read.entries, read.chain, read.lease) == (1, kept.entries, kept.chain, None)
    assert await database.run(lambda transaction: store.draft(transaction, read)) == draft()
    events = await database.run(lambda transaction: store.events(transaction, read))
    assert amounts_to(events, read.progress)


async def test_same_application_comes_in_once(database, store, kept):
    again = open_application(opened(), CAPABILITIES)
    assert await database.run(lambda transaction: store.open_all(transaction, [(draft(), again)])) == [kept.id]


async def test_nothing_that_leads_to_the_citizen_is_readable(database, kept):
    def everything(transaction):
        found = []
        for table in (applications, journal, payloads):
            for row in transaction.connection.execute(select(table)):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
        return b"\x00".join(found)

    stored = await database.run(everything)
    for secret in (CITIZEN.name.en, CITIZEN.name.bn, CITIZEN.nid("smart").value, "NGK-BOOKS-1", "consent-books"):
        assert secret.encode() not in stored
    assert b"centre-0042/operator-7" in stored
    assert b"office.permit" in stored


async def test_change_raises_the_revision_and_lets_go(database, store, kept):
    later = NOW + timedelta(hours=1)

    def change(transaction):
        row = store.read(transaction, kept.id, for_change=True)
        done = step(row.progress, CitizenActed("withdraw"), CAPABILITIES, later)
        return store.change(transaction, row, done, later)

    changed = await database.run(change)
    read = await database.run(lambda transaction: store.read(transaction, kept.id))
    assert read.progress == changed.progress
    assert (read.revision, read.lease) == (2, None)
    events = await database.run(lambda transaction: store.events(transaction, read))
    assert amounts_to(events, read.progress)
    closed = await database.run(
        lambda transaction: transaction.connection.scalar(
            select(applications.c.closed_at).where(applications.c.id == kept.id)
        )
    )
    assert closed == later


@pytest.mark.parametrize("now", [NOW, None], ids=["simulated", "the-database's"])
async def test_application_in_hand_is_not_due(database, store, kept, now):
    lease = Lease("worker", timedelta(minutes=1), now)

    def change(transaction):
        row = store.read(transaction, kept.id, for_change=True)
        return store.change(transaction, row, step(row.progress, Due(), CAPABILITIES, NOW), NOW, lease=lease)

    began = datetime.now(UTC)
    assert (await database.run(change)).lease == Lease("worker")
    row = await database.run(lambda transaction: transaction.connection.execute(select(applications)).one())
    assert (row.due_at, row.lease) == (None, "worker")
    if now is not None:
        assert row.lease_until == now + timedelta(minutes=1)
    else:
        # A database on the same machine: SQLite tells milliseconds.
        moment = timedelta(milliseconds=1)
        assert began - moment <= row.lease_until - timedelta(minutes=1) <= datetime.now(UTC) + moment


async def test_unit_that_fails_leaves_nothing(database, store):
    first = open_application(opened("NGK-BOOKS-2"), CAPABILITIES)

    def fail(transaction):
        store.open_all(transaction, [(draft(), first)])
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await database.run(fail)
    with pytest.raises(NoSuchApplication):
        await database.run(lambda transaction: store.read(transaction, first.progress.id))


async def test_chain_verifies_without_a_data_key(database, vault, kept):
    def verify(transaction):
        transaction.connection.execute(update(applications).values(data_key=None))
        rows = list(entries_in(transaction, kept.id))
        verify_chain(rows, application=kept.id, head=kept.chain, count=kept.entries, vault=vault)
        return len(rows)

    assert await database.run(verify) == kept.entries > 0


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(update(journal).values(outline="{}"), id="outline"),
        pytest.param(update(journal).values(kind="held"), id="kind"),
        pytest.param(update(journal).values(at=NOW + timedelta(seconds=1)), id="time"),
        pytest.param(update(journal).values(sealed=b"\x01something else"), id="sealed"),
        pytest.param(update(journal).values(link=b"0" * 32), id="link"),
        pytest.param(update(journal).values(entry=journal.c.entry + 1), id="moved"),
        pytest.param(delete(journal), id="dropped"),
    ],
)
async def test_change_to_the_journal_is_noticed(database, vault, kept, tamper):
    def verify(transaction):
        transaction.connection.execute(tamper)
        rows = list(entries_in(transaction, kept.id))
        with pytest.raises(ChainBroken):
            verify_chain(rows, application=kept.id, head=kept.chain, count=kept.entries, vault=vault)
        return True

    assert await database.run(verify)
