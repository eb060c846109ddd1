"""A database of each revision that there was is kept, and upgraded to the newest one."""

import sqlite3
from pathlib import Path

import pytest

from nagorik_host.store import open_database
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.audit import changed_tables, verify_journals, verify_ledger
from nagorik_host.store.host_keys import admit_keys
from nagorik_host.store.listings import ApplicationFilter, list_applications
from nagorik_host.store.schema import REVISION
from nagorik_host.store.upgrade import require_newest, upgrade
from nagorik_host.vault import Vault, read_keyring
from nagorik_testing import SimulatedClock

FOLDER = Path(__file__).parent / "revisions"
REVISIONS = sorted(file.stem for file in FOLDER.glob("*.sql"))


def test_newest_revision_is_kept():
    assert REVISION in REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
async def test_database_of_a_revision_is_upgraded_and_loses_nothing(tmp_path, revision):
    connection = sqlite3.connect(tmp_path / "kept.db")
    connection.executescript((FOLDER / f"{revision}.sql").read_text())
    connection.close()
    database = await open_database(f"sqlite:///{tmp_path}/kept.db")
    assert await upgrade(database) == (revision, REVISION)
    await require_newest(database)
    assert await database.run(changed_tables) == []
    vault = Vault(await admit_keys(database, read_keyring((FOLDER / "keys.txt").read_text()), SimulatedClock().now()))
    database.use_ledger(vault)
    found = [one async for one in verify_journals(database, vault)]
    assert [one.findings for one in found] == [[], []]
    assert [one.findings async for one in verify_ledger(database, vault) if one.findings] == []

    def read(transaction):
        rows = list_applications(transaction, ApplicationFilter(), limit=10).rows
        store = ApplicationStore(vault)
        held = [store.read(transaction, row.id) for row in rows]
        return {one.progress.state.value: store.draft(transaction, one).form for one in held}

    assert await database.run(read) == {"draft": {"word": "permit"}, "closed": {"word": "permit"}}
    await database.close()
