"""What is written is recorded, once and in order, whoever writes and however a commit ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, func, select, update

from nagorik_host.commands.running import ending_of
from nagorik_host.store import Database, open_database
from nagorik_host.store.audit import verify_ledger
from nagorik_host.store.cases import Decision, record_decision
from nagorik_host.store.database import is_the_machines
from nagorik_host.store.ledger import LedgerMissing, LedgerWentBack
from nagorik_host.store.schema import decisions, ledger
from nagorik_platform.cli.commands import ExitCode

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def decide(transaction, number=1):
    decision = Decision(NOW + timedelta(seconds=number), "A. Rahman", "stop", f"service {number}", "A fault.")
    record_decision(transaction, decision)


async def rows(database):
    query = select(ledger).order_by(ledger.c.writer, ledger.c.number)
    return await database.run(lambda t: t.connection.execute(query).all())


async def findings(database, vault):
    return [finding async for page in verify_ledger(database, vault) for finding in page.findings]


def chains(found):
    return {writer: [row.number for row in found if row.writer == writer] for writer in {row.writer for row in found}}


async def test_connection_has_a_chain_that_the_next_process_goes_on_with(ready_url, vault):
    for number in range(3):
        database = await open_database(ready_url)
        database.use_ledger(vault)
        await database.run(partial(decide, number=number))
        found = await rows(database)
        assert chains(found) == {1: list(range(1, number + 2))}
        assert {row.kind for row in found} == {"decisions"}
        assert await findings(database, vault) == []
        await database.close()


async def test_audit_reads_the_same_however_often_a_unit_is_run(database, vault, monkeypatch):
    monkeypatch.setattr("nagorik_host.store.audit.chains.RECORDS", 2)
    monkeypatch.setattr("nagorik_host.store.audit.findings.PAGE", 2)
    for number in range(7):
        await database.run(partial(decide, number=number))

    class Repeating(Database):
        async def run(self, unit):
            await database.run(unit)
            return await database.run(unit)

        async def close(self):
            raise AssertionError("it is another's")

    async def verified(asked):
        return [(page.records, page.findings) async for page in verify_ledger(asked, vault)]

    assert await verified(Repeating()) == await verified(database)
    await database.run(lambda t: t.connection.execute(delete(ledger).where(ledger.c.number == 5)))
    assert {one.code for one in await findings(Repeating(), vault)} >= {"ledger-broken"}


async def test_what_is_rolled_back_is_not_recorded(database, vault):
    def broken(transaction):
        decide(transaction)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await database.run(broken)
    assert await rows(database) == []
    await database.run(decide)
    assert await findings(database, vault) == []


async def test_part_that_is_rolled_back_is_not_recorded(database, vault):
    def broken(transaction):
        decide(transaction, 2)
        raise RuntimeError("in the part")

    def partly(transaction):
        decide(transaction, 1)
        with pytest.raises(RuntimeError, match="in the part"), transaction.nested():
            broken(transaction)
        decide(transaction, 3)

    await database.run(partly)
    kept = await database.run(lambda t: t.connection.scalars(select(decisions.c.subject)).all())
    assert sorted(kept) == ["service 1", "service 3"]
    assert [row.kind for row in await rows(database)] == ["decisions", "decisions"]
    assert await findings(database, vault) == []


async def test_chain_goes_on_after_a_commit_that_may_have_been_lost(database, vault, monkeypatch):
    await database.run(decide)
    with monkeypatch.context() as lost:
        # Committed, and not known to be.
        lost.setattr("nagorik_host.store.ledger.Appended.committed", lambda _: None)
        await database.run(partial(decide, number=2))
    await database.run(partial(decide, number=3))
    assert chains(await rows(database)) == {1: [1, 2, 3]}
    assert await findings(database, vault) == []


async def test_those_who_write_at_once_wait_for_nobody_and_lose_nothing(database, ready_url, vault):
    others = [await open_database(ready_url) for _ in range(2)]
    for other in others:
        other.use_ledger(vault)
    units = [partial(decide, number=number) for number in range(60)]
    await asyncio.gather(*(one.run(unit) for one, unit in zip([database, *others] * 20, units, strict=True)))
    for other in others:
        await other.close()
    found = await rows(database)
    assert len([row for row in found if row.kind == "decisions"]) == 60
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in chains(found).values())
    assert await findings(database, vault) == []


async def test_database_that_was_opened_without_keys_writes_nothing_that_is_to_be_recorded(ready_file):
    database = await open_database(ready_file)
    with pytest.raises(LedgerMissing):
        await database.run(decide)
    assert await database.run(lambda t: t.connection.scalars(select(decisions.c.id)).all()) == []
    await database.close()


@pytest.mark.parametrize(
    "change",
    [delete(ledger), update(ledger).values(link=b"another's")],
    ids=["an older copy", "one that went its own way"],
)
async def test_database_that_lost_what_this_process_has_written_is_not_written_on(database, vault, change):
    await database.run(decide)
    await database.run(lambda t: t.connection.execute(change))
    # A connection that is new goes on in a chain of its own, as all are after a server was lost.
    await database.run(lambda t: t.connection.info.clear())
    with pytest.raises(LedgerWentBack) as caught:
        await database.run(partial(decide, number=2))
    text, code = ending_of(caught.value)
    assert ("nagorik db restored" in text, code) == (True, ExitCode.USAGE)
    assert is_the_machines(caught.value)
    assert await database.run(lambda t: t.connection.scalar(select(func.count()).select_from(decisions))) == 1
