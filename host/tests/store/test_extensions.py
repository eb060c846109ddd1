"""Tables of an extension in a host's database: made, audited, erased, wrapped anew; left alone without it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text as TextColumn, delete, insert, select

from nagorik import Text
from nagorik_host import extensions
from nagorik_host.extensions import Extension, ExtensionInvalid
from nagorik_host.store import open_database
from nagorik_host.store.audit import changed_tables, verify_ledger
from nagorik_host.store.retention import erase, rotate
from nagorik_host.store.schema import applications
from nagorik_host.store.upgrade import SchemaOutdated, require_newest, revision_of, upgrade
from nagorik_host.vault import Vault
from nagorik_platform.cli.commands import Contribution

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
metadata = MetaData()
wishes = Table(
    "desk_wishes",
    metadata,
    Column("id", TextColumn, primary_key=True),
    Column("application", TextColumn, nullable=False),
    Column("data_key", LargeBinary),
)
MEANING = Text(en="A wish was changed.", bn="একটি অনুরোধ বদলানো হয়েছে।")
REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "d1", None, None, None


def upgrade():
    op.create_table(
        "desk_wishes",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("data_key", sa.LargeBinary()),
    )
"""


def forget_wishes(transaction, application, at):
    found = transaction.connection.scalars(select(wishes.c.id).where(wishes.c.application == application)).all()
    transaction.connection.execute(delete(wishes).where(wishes.c.application == application))
    for one in found:
        transaction.record_row(wishes, one, at=at)


@dataclass
class Machine:
    """What is installed; a database that the extension's tables were made in."""

    patch: pytest.MonkeyPatch
    desk: Extension

    def install(self, *found: Extension) -> None:
        self.patch.setattr("nagorik_host.extensions.installed", lambda: found)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    folder = tmp_path / "revisions"
    folder.mkdir()
    (folder / "d1.py").write_text(REVISION)
    desk = Extension(
        name="desk",
        metadata=metadata,
        migrations=str(folder),
        revision="d1",
        findings=lambda: {"desk_wishes": MEANING},
        erase=forget_wishes,
        wrapped={"wish": wishes},
    )
    made = Machine(monkeypatch, desk)
    made.install(desk)
    return made


@pytest.fixture
async def desk_database(machine, database_url, vault):
    opened = await open_database(database_url)
    await upgrade(opened)
    opened.use_ledger(vault)
    yield opened
    await opened.close()


async def add(database, vault, application="a-1"):
    def write(transaction):
        row = {"id": "w-1", "application": application, "data_key": vault.make_data_key("w-1")[1]}
        transaction.connection.execute(insert(wishes).values(**row))
        transaction.record_row(wishes, "w-1", at=NOW)

    await database.run(write)


async def found_in(database, vault) -> set[str]:
    return {str(one) async for page in verify_ledger(database, vault) for one in page.findings}


async def test_database_is_opened_with_the_extensions_tables_only(machine, database_url):
    machine.install()
    database = await open_database(database_url)
    try:
        await upgrade(database)
        await require_newest(database)
        machine.install(machine.desk)
        with pytest.raises(SchemaOutdated, match="revision none and this extension desk needs d1"):
            await require_newest(database)
        await upgrade(database)
        await require_newest(database)
        assert await database.run(changed_tables) == []
    finally:
        await database.close()


async def test_audit_finds_a_row_that_was_changed_and_what_it_means(desk_database, vault):
    await add(desk_database, vault)
    assert await found_in(desk_database, vault) == set()
    await desk_database.run(lambda t: t.connection.exec_driver_sql("UPDATE desk_wishes SET application = 'a-2'"))
    assert await found_in(desk_database, vault) == {"desk-wishes-differ (is another)"}
    assert extensions.finding_text("desk-wishes-differ") == MEANING
    assert extensions.finding_text("decisions-differ") is None


async def test_tables_of_an_extension_that_is_not_installed_are_left_alone(desk_database, vault, machine):
    await add(desk_database, vault)
    machine.install()
    await require_newest(desk_database)
    assert await upgrade(desk_database) == (await revision_of(desk_database),) * 2
    assert await found_in(desk_database, vault) == set()
    await desk_database.run(lambda t: t.connection.exec_driver_sql("CREATE TABLE strange (id INTEGER)"))
    assert [str(one) for one in await desk_database.run(changed_tables)] == ["schema-differs (remove_table strange)"]
    machine.install(machine.desk)
    assert await desk_database.run(lambda t: t.connection.scalars(select(wishes.c.id)).all()) == ["w-1"]


async def test_erasure_and_rotation_of_keys_reach_the_extensions_rows(desk_database, keyring, vault):
    row = dict.fromkeys(("service", "plugin", "plugin_version", "client_reference", "state", "target_plugin"), "x")
    row |= {"id": "a-1", "opened_at": NOW, "updated_at": NOW, "closed_at": NOW, "revision": 1, "entries": 0}
    row |= {"chain": b"", "progress": b""}
    await desk_database.run(lambda t: t.connection.execute(insert(applications).values(**row)).rowcount)
    await add(desk_database, vault)
    newer = Vault(replace(keyring, wrapping={"newer": bytes(32), **keyring.wrapping}))
    assert (await rotate(desk_database, newer)).wrapped_anew == 1
    await desk_database.run(lambda t: erase(t, "a-1", NOW))
    assert await desk_database.run(lambda t: t.connection.scalars(select(wishes.c.id)).all()) == []
    assert "desk-wishes-differ" not in str(await found_in(desk_database, vault))


def test_extension_that_cannot_be_used_is_refused_by_name(monkeypatch):
    broken = Contribution("nagorik-desk", "1.0", "desk", "no_such_module:extension", group="nagorik.extensions")
    monkeypatch.setattr("nagorik_host.extensions.find", lambda _: [broken])
    extensions.installed.cache_clear()
    try:
        with pytest.raises(ExtensionInvalid, match=r"the extension desk of nagorik-desk 1\.0 cannot be used"):
            extensions.installed()
    finally:
        extensions.installed.cache_clear()
