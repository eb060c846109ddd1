"""A rotation of keys that is killed anywhere, and run again, wraps everything by the new key and loses nothing."""

import asyncio
import json
import sqlite3
from functools import partial

import pytest
from host_site import EXAMPLES, add_key

from nagorik.model.application import DocumentReference
from nagorik_host.store import database, retention
from nagorik_host.store.database import Database
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault, read_keyring

APPLICATIONS, MESSAGES, DOCUMENTS = 5, 3, 3


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class MortalDatabase(Database):
    """Kills its process at one transaction, before or after it is committed."""

    def __init__(self, whole: Database, *, at: int, committed: bool) -> None:
        self.whole = whole
        self.left = at
        self.committed = committed

    def use_ledger(self, vault):
        self.whole.use_ledger(vault)

    async def run(self, unit):
        self.left -= 1
        if self.left == 0 and not self.committed:
            raise Killed
        result = await self.whole.run(unit)
        if self.left == 0:
            raise Killed
        return result

    async def close(self):
        await self.whole.close()


@pytest.fixture
def kept(ready, world, place, monkeypatch):
    """Applications, messages and documents, each wrapped by the first key; and two rows a page."""
    monkeypatch.setattr(retention, "PAGE", 2)

    async def fill(host):
        for number in range(APPLICATIONS):
            await world.apply_as(host, number)
        for number in range(MESSAGES):
            # Neither of the two plugins reads any, so no door is open to them.
            message = {"headers": {}, "body": str(number).encode()}
            await host.database.run(partial(host.inbox.keep, offer="nid.reissue", **message))

    world.run(fill)
    documents = FolderDocumentStore(place / "nagorik-documents", ring(place))
    for number in range(DOCUMENTS):
        documents._write(f"{number:032}", [b"paper"])  # noqa: SLF001
    add_key(ready, place)


def ring(place) -> Vault:
    return Vault(read_keyring((place / "keys.txt").read_text()))


async def content_of(documents: FolderDocumentStore, identity: str) -> bytes:
    reference = DocumentReference(id=identity, kind="photo", media_type="image/png", bytes=5, sha256="0" * 64)
    return b"".join([piece async for piece in documents.open(reference)])


def wrapped(place) -> tuple[dict[str, bytes], list[str]]:
    """All data keys by id, and the keys that the database knows as in use."""
    with sqlite3.connect(place / "nagorik.db") as connection:
        keys = dict(connection.execute("SELECT id, data_key FROM applications UNION SELECT id, data_key FROM inbox"))
        in_use = connection.execute("SELECT name FROM host_keys WHERE retired_at IS NULL ORDER BY name").fetchall()
    connection.close()
    return keys, [name for (name,) in in_use]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("committed", [False, True], ids=["before-commit", "after-commit"])
def test_killed_rotation_goes_on_and_loses_nothing(ready, place, monkeypatch, committed):
    before = {name: ring(place).data_key(data_key, name) for name, data_key in wrapped(place)[0].items()}
    seals = {name: key.seal(b"content", "place") for name, key in before.items()}
    whole = database.open_database
    for at in range(1, 100):

        async def mortal(url, at=at):
            return MortalDatabase(await whole(url), at=at, committed=committed)

        with monkeypatch.context() as patched:
            patched.setattr(database, "open_database", mortal)
            try:
                done = ready("keys", "rotate", "--json")
            except Killed:
                done = None
        # Whatever stands half done is of use to whoever holds both keys.
        assert ready("audit", "verify").code == 0
        keys, in_use = wrapped(place)
        assert keys.keys() == before.keys()
        openers = {name: ring(place).data_key(data_key, name) for name, data_key in keys.items()}
        assert all(openers[name].open(seals[name], "place") == b"content" for name in seals)
        if done is not None:
            break
        assert "first" in in_use or {key.partition(b":")[0] for key in keys.values()} == {b"second"}
    else:
        pytest.fail("no rotation came to its end")
    assert at > 8
    assert done.code == 0
    assert done.document["data_keys"] == len(before) == APPLICATIONS + MESSAGES
    assert done.document["damaged"] == []
    keys, in_use = wrapped(place)
    assert in_use == ["index", "second"]
    assert {data_key.partition(b":")[0] for data_key in keys.values()} == {b"second"}
    # The older key is needed for nothing.
    lines = (place / "keys.txt").read_text().splitlines(keepends=True)
    (place / "keys.txt").write_text("".join(line for line in lines if not line.startswith("first:")))
    documents = FolderDocumentStore(place / "nagorik-documents", ring(place))
    names = [f"{number:032}" for number in range(DOCUMENTS)]
    assert [asyncio.run(content_of(documents, name)) for name in names] == [b"paper"] * DOCUMENTS
    assert ready("audit", "verify").code == 0
    told = ready("apply", EXAMPLES / "nid-reissue.json", "--json").document
    assert json.dumps(told).count("taken") == 1


@pytest.mark.usefixtures("kept")
def test_row_without_an_id_is_not_passed_over(ready, place):
    with sqlite3.connect(place / "nagorik.db") as connection:
        (one,) = connection.execute("SELECT max(id) FROM inbox").fetchone()
        connection.execute("UPDATE inbox SET id = '' WHERE id = ?", [one])
    connection.close()
    done = ready("keys", "rotate", "--json")
    # Its key is sealed for the id that it had, so that it cannot be wrapped anew; the old key is needed still.
    assert (done.document["data_keys"], done.document["damaged"]) == (APPLICATIONS + MESSAGES, ["message "])
