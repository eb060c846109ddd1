"""The revisions make the tables that the code works with, on either database."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from nagorik_host.store import open_database
from nagorik_host.store.schema import metadata
from nagorik_host.store.upgrade import SchemaOutdated, newest, require_newest, revision_of, upgrade


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
        assert await upgrade(database) == (None, newest())
        assert await upgrade(database) == (newest(), newest())
        assert await revision_of(database) == newest()
    finally:
        await database.close()
