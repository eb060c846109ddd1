"""The revisions make the tables that the code works with, on either database."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables
from nagorik_host.store import open_database
from nagorik_host.store.schema import REVISION, metadata
from nagorik_host.store.upgrade import SchemaOutdated, require_newest, revision_of, upgrade


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_name": is_ours})
    return list(compare_metadata(context, metadata))


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """The queue's tables are made by the queue's own code."""
    return kind != "table" or name is None or not name.startswith("nagorik_hints")


async def test_revisions_make_the_tables_of_the_code(database):
    assert await database.run(lambda transaction: differences(transaction.connection)) == []
    await require_newest(database)


async def test_upgrade_tells_from_where_to_where_and_may_be_repeated(database_url):
    database = await open_database(database_url)
    try:
        with pytest.raises(SchemaOutdated, match="revision none"):
            await require_newest(database)
        assert await upgrade(database) == (None, REVISION)
        assert await upgrade(database) == (REVISION, REVISION)
        assert await revision_of(database) == REVISION
    finally:
        await database.close()


def test_the_revision_of_the_tables_is_the_newest_migration():
    scripts = Config()
    scripts.set_main_option("script_location", "nagorik_host.store:migrations")
    assert ScriptDirectory.from_config(scripts).get_current_head() == REVISION
