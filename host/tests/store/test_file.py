"""A file that cannot be written: what can be read is read, and what is wrong is told in words."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import LargeBinary, bindparam, insert, make_url, select, text

from nagorik_host.store import open_database, sqlite
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import erased_references, host_keys
from nagorik_host.store.upgrade import require_newest


async def count(database):
    return await database.run(lambda t: len(t.connection.execute(select(erased_references)).all()))


async def write(database):
    await database.run(lambda t: t.connection.execute(insert(erased_references).values(reference="r")))


@pytest.mark.parametrize("in_use", [False, True])
async def test_file_that_may_only_be_read_is_read_and_not_written(ready_file, in_use):
    writing = await open_database(ready_file)
    await write(writing)
    if not in_use:
        await writing.close()
    path = ready_file.removeprefix("sqlite:///")
    reading = await open_database(f"sqlite:///file:{path}?mode=ro&uri=true")
    try:
        await require_newest(reading)
        assert await count(reading) == 1
        with pytest.raises(DatabaseUnavailable, match="may only be read by this user"):
            await write(reading)
        if in_use:
            await writing.run(lambda t: t.connection.execute(insert(erased_references).values(reference="s")))
            assert await count(reading) == 2
    finally:
        await reading.close()
        await writing.close()


def test_user_who_may_only_read_the_folder_reads_it(sqlite_template):
    """Tried as another user, since whoever runs tests may be allowed everything."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        file.write_bytes(sqlite_template.read_bytes())
        file.chmod(0o444)
        Path(folder).chmod(0o555)
        child = os.fork()
        if child == 0:
            try:
                os.setgid(65534)
                os.setuid(65534)
                database = sqlite.SqliteDatabase(make_url(f"sqlite:///{file}"))
                found = database._read(lambda t: len(t.connection.execute(select(host_keys)).all()))
                os._exit(0 if found == 0 and database._only_reads else 1)
            except BaseException:  # noqa: BLE001 - the child must not run on as the test does
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0


async def test_full_disk_is_told_and_what_was_there_stays(ready_file, monkeypatch):
    monkeypatch.setattr(sqlite, "_PRAGMAS", (*sqlite._PRAGMAS, "max_page_count = 1"))
    database = await open_database(ready_file)
    many = text("INSERT INTO host_keys (name, check_value, added_at) VALUES ('k', :v, 0)")
    try:
        with pytest.raises(DatabaseUnavailable, match="the disk is full"):
            await database.run(
                lambda t: t.connection.execute(many.bindparams(bindparam("v", b"x" * 10**7, LargeBinary)))
            )
        assert await database.run(lambda t: t.connection.execute(select(host_keys)).all()) == []
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("content", "told"), [(b"no database at all, " * 500, "is no database"), (None, "cannot be opened")]
)
async def test_what_is_no_database_is_told(tmp_path, content, told):
    file = tmp_path / "store.db"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(DatabaseUnavailable, match=told):
        await open_database(f"sqlite:///{file}")


async def test_what_is_deleted_is_overwritten(ready_file):
    database = await open_database(ready_file)
    assert await database.run(lambda t: t.connection.scalar(text("PRAGMA secure_delete"))) == 1
    await write(database)
    assert await database.scrub()
    log = ready_file.removeprefix("sqlite:///") + "-wal"
    assert os.stat(log).st_size == 0  # noqa: PTH116 - a file on this machine
    await database.close()


async def test_host_needs_none_of_the_loops_own_threads(ready_file, tmp_path, vault):
    database, documents = await open_database(ready_file), FolderDocumentStore(tmp_path / "documents", vault)
    await asyncio.get_running_loop().shutdown_default_executor()
    try:
        assert await database.snapshot(lambda t: t.connection.execute(select(erased_references)).all()) == []
        assert await database.scrub()
        kept = await documents.put("passport", "application/pdf", b"%PDF-1.7")
        assert [chunk async for chunk in documents.open(kept)] == [b"%PDF-1.7"]
    finally:
        await database.close()
