"""A rotation of keys that is killed anywhere, and run again, wraps everything by the new key and loses nothing."""

import asyncio
import itertools
from functools import partial

import pytest
from host_site import EXAMPLES, add_key, rows

from nagorik_host.store import database, retention
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault, read_keyring

APPLICATIONS, MESSAGES, DOCUMENTS = 5, 3, 3


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


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
    papers = [asyncio.run(documents.put("photo", "text/plain", b"paper")) for _ in range(DOCUMENTS)]
    add_key(ready, place)
    return papers


def ring(place) -> Vault:
    return Vault(read_keyring((place / "keys.txt").read_text()))


def mortal(open_whole, *, at: int, committed: bool):
    """Opens a database whose process is killed at one transaction, before or after it is committed."""

    async def open_mortal(url):
        whole, left = await open_whole(url), itertools.count(at - 1, -1)
        run = whole.run

        async def run_or_die(unit):
            is_last = next(left) == 0
            if is_last and not committed:
                raise Killed
            result = await run(unit)
            if is_last:
                raise Killed
            return result

        whole.run = run_or_die
        return whole

    return open_mortal


def wrapped(place) -> tuple[dict[str, bytes], list[str]]:
    """All data keys by id, and the keys that the database knows as in use."""
    keys = dict(rows(place, "SELECT id, data_key FROM applications UNION SELECT id, data_key FROM inbox"))
    return keys, [
        name for (name,) in rows(place, "SELECT name FROM host_keys WHERE retired_at IS NULL ORDER BY name")
    ]


@pytest.mark.parametrize("committed", [False, True], ids=["before-commit", "after-commit"])
def test_killed_rotation_goes_on_and_loses_nothing(ready, place, kept, monkeypatch, committed):
    before = {name: ring(place).data_key(data_key, name) for name, data_key in wrapped(place)[0].items()}
    seals = {name: key.seal(b"content", "place") for name, key in before.items()}
    whole = database.open_database
    for at in range(1, 100):
        with monkeypatch.context() as patched:
            patched.setattr(database, "open_database", mortal(whole, at=at, committed=committed))
            try:
                done = ready("keys", "rotate", "--json")
            except Killed:
                done = None
        # What stands half done is of use to all who hold both keys.
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
    assert (done.code, done.document["damaged"]) == (0, [])
    assert done.document["data_keys"] == len(before) == APPLICATIONS + MESSAGES
    keys, in_use = wrapped(place)
    assert in_use == ["index", "second"]
    assert {data_key.partition(b":")[0] for data_key in keys.values()} == {b"second"}
    # The older key is needed for nothing.
    lines = (place / "keys.txt").read_text().splitlines(keepends=True)
    (place / "keys.txt").write_text("".join(line for line in lines if not line.startswith("first:")))
    documents = FolderDocumentStore(place / "nagorik-documents", ring(place))

    async def content_of(reference) -> bytes:
        return b"".join([piece async for piece in documents.open(reference)])

    assert [asyncio.run(content_of(paper)) for paper in kept] == [b"paper"] * DOCUMENTS
    assert ready("audit", "verify").code == 0
    assert ready("apply", EXAMPLES / "nid-reissue.json").code == 0


@pytest.mark.usefixtures("kept")
def test_row_without_an_id_is_not_passed_over(ready, place):
    rows(place, "UPDATE inbox SET id = '' WHERE id = (SELECT max(id) FROM inbox)")
    done = ready("keys", "rotate", "--json")
    # Its key is sealed for the id that it had, so that it cannot be wrapped anew; the old key is needed still.
    assert (done.document["data_keys"], done.document["damaged"]) == (APPLICATIONS + MESSAGES, ["message "])
