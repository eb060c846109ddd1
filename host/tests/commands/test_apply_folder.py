"""A folder of many files: each is taken in once, whatever ends it in the middle."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from nagorik_host import open_host
from nagorik_host.commands import running
from nagorik_host.commands.apply import TOGETHER, apply_files
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import applications

EXAMPLES = Path(__file__).parents[3] / "examples" / "host"


@pytest.fixture
def folder(place) -> Path:
    """More files than are taken in at a time, two of them of the same content and one that is refused."""
    given = json.loads((EXAMPLES / "nid-reissue.json").read_text("utf-8"))
    into = place / "in"
    into.mkdir()
    for number in range(2 * TOGETHER + 30):
        content = {**given, "client_reference": f"UDC-{number:04}"}
        (into / f"{number:04}.json").write_text(json.dumps(content), "utf-8")
    (into / "twice.json").write_bytes((into / "0003.json").read_bytes())
    (into / "wrong.json").write_text("[]", "utf-8")
    return into


@pytest.fixture
def hosts(place, ready_url):
    """Opens a host on a database of either kind."""

    @asynccontextmanager
    async def opened():
        settings = load_host_settings()
        platform = settings.platform(clock=running.CLOCK)
        async with open_host(ready_url, settings.keyring(), platform) as host:
            yield host, FolderDocumentStore(settings.documents, host.vault)

    return opened


async def count(host) -> int:
    return await host.database.run(
        lambda transaction: transaction.connection.scalar(select(func.count()).select_from(applications))
    )


async def test_every_file_is_listed_in_order_and_taken_in_once(hosts, folder):
    files = sorted(folder.glob("*.json"))
    async with hosts() as (host, documents):
        first = await apply_files(host, documents, files)
        again = await apply_files(host, documents, files)
        number = await count(host)
    assert [one.file for one in first] == [file.name for file in files]
    wanted = {file.name: "taken" for file in files} | {"wrong.json": "refused", "twice.json": "already-open"}
    assert {one.file: one.result for one in first} == wanted
    ids = {one.file: one.application for one in first}
    assert ids["0003.json"] == ids["twice.json"]
    assert {one.result for one in again} == {"already-open", "refused"}
    assert {one.file: one.application for one in again} == ids
    assert number == len(files) - 2


async def test_two_that_take_the_same_folder_in_at_once_take_each_file_in_once(hosts, folder):
    files = sorted(folder.glob("0*.json"))
    async with hosts() as (one, documents), hosts() as (other, _):
        first, second = await asyncio.gather(
            apply_files(one, documents, files), apply_files(other, documents, list(reversed(files)))
        )
        assert await count(one) == len(files)
    found = [{file.file: file.application for file in each} for each in (first, second)]
    assert found[0] == found[1]
    assert None not in found[0].values()
    assert sum(file.result == "taken" for file in (*first, *second)) == len(files)


async def test_folder_is_applied_again_after_the_database_went_away_in_the_middle(hosts, folder):
    files = sorted(folder.glob("0*.json"))
    async with hosts() as (host, documents):
        await apply_files(host, documents, files[:TOGETHER])
        await host.database.close()
        with pytest.raises(DatabaseUnavailable):
            await apply_files(host, documents, files)
    async with hosts() as (host, documents):
        assert await count(host) == TOGETHER
        again = await apply_files(host, documents, files)
    assert sorted({one.result for one in again}) == ["already-open", "taken"]
    assert None not in {one.application for one in again}
