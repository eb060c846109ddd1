"""The revisions make the tables that the code works with, on either database."""

import asyncio
import socket

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url

import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables
from nagorik_host.store import open_database, postgresql
from nagorik_host.store.database import DatabaseUnavailable
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


async def test_several_upgrades_at_once_wait_for_each_other(database_url):
    opened = [await open_database(database_url) for _ in range(3)]
    try:
        befores = [before for before, _ in await asyncio.gather(*(upgrade(one) for one in opened))]
        assert sorted(befores, key=str) == [REVISION, REVISION, None]
        await require_newest(opened[0])
    finally:
        for one in opened:
            await one.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"username": "nobody_here"}, "does not let this user in"),
        ({"database": "nothing_here"}, "no database of this name"),
        ({"host": "127.0.0.1", "port": 9, "query": {}}, "cannot be reached"),
    ],
)
async def test_what_is_wrong_with_the_way_to_a_server_is_told(postgresql_url, change, told):
    database = await open_database(make_url(postgresql_url).set(**change).render_as_string(hide_password=False))
    try:
        with pytest.raises(DatabaseUnavailable, match=told):
            await revision_of(database)
        with pytest.raises(DatabaseUnavailable, match=told):
            await upgrade(database)
    finally:
        await database.close()


async def test_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(postgresql, "CONNECTING", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = await open_database(f"postgresql://somebody@127.0.0.1:{silent.getsockname()[1]}/any")
        try:
            with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
                await revision_of(database)
            with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
                await upgrade(database)
        finally:
            await database.close()
