"""The revisions make the tables that the code works with, on either database."""

import asyncio
import re
import socket

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, make_url
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import InternalError

from nagorik_host.store import open_database, postgresql
from nagorik_host.store.audit import changed_tables
from nagorik_host.store.database import DatabaseInvalid, DatabaseUnavailable, read_url
from nagorik_host.store.schema import REVISION, metadata
from nagorik_host.store.upgrade import SchemaOutdated, require_newest, revision_of, upgrade


async def test_revisions_make_the_tables_of_the_code(database):
    assert await database.run(changed_tables) == []
    assert await database.run(checks) == {
        (table.name, one.name, bare(str(one.sqltext)))
        for table in metadata.tables.values()
        for one in (*table.constraints, *(one for column in table.columns for one in column.constraints))
        if isinstance(one, CheckConstraint)
    }
    await require_newest(database)


def checks(transaction):
    inspector = inspect(transaction.connection)
    found = ((name, one) for name in metadata.tables for one in inspector.get_check_constraints(name))
    return {(name, one["name"], bare(one["sqltext"])) for name, one in found}


def bare(condition):
    """A condition without what a database adds when it shows it."""
    return re.sub(r"[\s()\"]|::\w+", "", condition)


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


def test_error_of_the_driver_itself_is_a_broken_connection_and_one_of_the_server_is_not():
    """Of a session that the server ended between two steps of one statement, on a connection that was just made."""
    of_driver = AsyncAdapt_asyncpg_dbapi(asyncpg).InternalClientError("cannot switch to state 12")
    with pytest.raises(DatabaseUnavailable, match="broke"), postgresql._translated():  # noqa: SLF001
        raise InternalError("SHOW", None, of_driver)
    with pytest.raises(DatabaseUnavailable, match="broke"), postgresql._translated():  # noqa: SLF001
        raise asyncpg.InternalClientError("cannot switch to state 12")
    damaged = asyncpg.DataCorruptedError("invalid page")
    with pytest.raises(InternalError), postgresql._translated():  # noqa: SLF001
        raise InternalError("SELECT", None, damaged)


def test_port_that_is_none_is_told_without_the_url():
    with pytest.raises(DatabaseInvalid, match="cannot be read"):
        read_url("postgresql://u:secret@host:port/n")
