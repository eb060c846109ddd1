"""SQLite's file: what is wrong with it is said in words, and what is deleted is overwritten."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, bindparam, insert, select, text

from nagorik_host.store import open_database, sqlite
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import erased_references, host_keys


async def write(database):
    await database.run(lambda t: t.connection.execute(insert(erased_references).values(reference="r")))


async def test_file_that_may_only_be_read_is_not_written_and_that_is_said(ready_file):
    path = ready_file.removeprefix("sqlite:///")
    database = await open_database(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(DatabaseUnavailable, match="may only be read by this user"):
        await write(database)
    await database.close()


async def test_nothing_is_written_once_a_copy_stands_in_the_files_place(ready_file, tmp_path):
    path = Path(ready_file.removeprefix("sqlite:///"))
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    database = await open_database(ready_file)
    copy.replace(path)
    with pytest.raises(DatabaseUnavailable, match="another file stands in its place"):
        await write(database)
    await database.close()


async def test_full_disk_is_told_and_what_was_there_stays(ready_file, monkeypatch):
    monkeypatch.setattr(sqlite, "_PRAGMAS", (*sqlite._PRAGMAS, "max_page_count = 1"))  # noqa: SLF001
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
