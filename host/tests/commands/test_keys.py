"""A database knows its keys: whatever opens it with others is refused, and tells which key and what to do."""

import asyncio
import os

import pytest
from host_site import EXAMPLES, add_key, at_work, rows

from nagorik_host.commands.checks import examine
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault, make_key, make_keys, read_keyring
from nagorik_platform.cli.checks import NOTE, WRONG
from nagorik_platform.system_clock import SystemClock

OPENING = [
    ("apply", EXAMPLES / "nid-reissue.json"),
    ("track", "ID"),
    ("worker", "--once"),
    ("stop", "plugin", "nid", "--reason-en", "x", "--reason-bn", "ক", "--officer", "A. Rahman"),
    ("keys", "rotate"),
    ("audit", "verify"),
]


def keys_told():
    return [(one.status, one.message) for one in examine(SystemClock().now()) if one.name == "host keys"]


@pytest.mark.parametrize("words", OPENING, ids=lambda words: " ".join(map(str, words[:2])))
def test_keys_of_another_host_open_nothing(ready, applied, place, words):
    (place / "keys.txt").write_text(make_keys("first"))
    (place / "keys.txt").chmod(0o600)
    before = rows(place, "SELECT count(*), max(revision) FROM applications")
    refused = ready(*(applied if word == "ID" else word for word in words))
    assert (refused.code, "another host's keys" in refused.err) == (2, True)
    assert rows(place, "SELECT count(*), max(revision) FROM applications") == before
    assert [status for status, told in keys_told() if "another host's keys" in told] == [WRONG]


@pytest.mark.parametrize("change", ["another", "absent"])
def test_wrapping_key_that_is_wrong_or_missing_opens_nothing(ready, applied, place, change):
    index, first = (place / "keys.txt").read_text().splitlines(keepends=True)
    other = make_key("first") if change == "another" else make_key("second")
    (place / "keys.txt").write_text(index + other)
    refused = ready("worker", "--once")
    assert refused.code == 2
    assert ("the key first is another than" if change == "another" else "the key first is not among") in refused.err
    assert rows(place, "SELECT blocked FROM applications") == [(None,)]
    (place / "keys.txt").write_text(index + first)
    assert ready("track", applied).code == 0


def test_added_key_is_rotated_to_and_the_retired_one_is_not_used_again(ready, applied, place):
    def wrapping() -> set[bytes]:
        return {key.partition(b":")[0] for (key,) in rows(place, "SELECT data_key FROM applications")}

    index, first = (place / "keys.txt").read_text().splitlines(keepends=True)
    add_key(ready, place)
    second = (place / "keys.txt").read_text().splitlines(keepends=True)[0]
    assert (NOTE, "second wraps nothing yet") in keys_told()
    assert ready("apply", EXAMPLES / "nid-migration.json").code == 0
    assert wrapping() == {b"first"}
    done = ready("keys", "rotate", "--json").document
    assert (done["key"], done["data_keys"], done["wrapped_anew"], done["damaged"]) == ("second", 2, 2, [])
    retired = dict(rows(place, "SELECT name, retired_at IS NOT NULL FROM host_keys"))
    assert retired == {"index": 0, "first": 1, "second": 0}
    (place / "keys.txt").write_text(index + second)
    assert ready("track", applied).code == 0
    (place / "keys.txt").write_text(index + first)
    assert "the key second is not among" in ready("track", applied).err
    # What stands first was retired: what is new is wrapped by the other all the same.
    (place / "keys.txt").write_text(index + first + second)
    assert ready("act", applied, "withdraw").code == 0
    ready("apply", EXAMPLES / "nid-reissue.json")
    assert wrapping() == {b"second"}
    assert "was retired by a rotation" in ready("keys", "rotate").err


@pytest.mark.parametrize(
    ("held", "told", "code"), [("first", "w: at work without the key second", 3), ("first,second", "still wrap", 0)]
)
def test_rotation_waits_for_workers_without_the_key(ready, applied, place, held, told, code):
    add_key(ready, place)
    at_work(place, "w", SystemClock().now(), keys=held)
    done = ready("keys", "rotate")
    assert (done.code, told in done.out + done.err) == (code, True)
    wrapped = rows(place, "SELECT substr(data_key, 1, 5) FROM applications")
    assert (wrapped == [(b"first",)]) is (code == 3)
    # Nothing is retired while somebody still wraps by it.
    assert rows(place, "SELECT retired_at FROM host_keys WHERE name = 'first'") == [(None,)]
    rows(place, "UPDATE workers SET lease_until = 0")
    assert ready("keys", "rotate").code == 0
    assert rows(place, "SELECT retired_at FROM host_keys WHERE name = 'first'") != [(None,)]


def test_damaged_keys_are_listed_and_the_others_are_wrapped(ready, applied, place):
    ready("apply", EXAMPLES / "nid-migration.json")
    rows(place, "UPDATE applications SET data_key = X'6669727374FF' WHERE id = ?", applied)
    documents = FolderDocumentStore(
        place / "nagorik-documents", Vault(read_keyring((place / "keys.txt").read_text()))
    )
    papers = [asyncio.run(documents.put("photo", "text/plain", b"paper")).id for _ in range(2)]
    broken = place / "nagorik-documents" / papers[0][:2] / papers[0]
    broken.write_bytes(broken.read_bytes()[:20])
    add_key(ready, place)
    done = ready("keys", "rotate")
    assert done.code == 1
    assert f"application {applied}: its key cannot be unwrapped" in done.err
    assert f"document {papers[0]}: its key cannot be unwrapped" in done.err
    assert "1 of 2 data keys are wrapped by second; 1 of them and 1 documents were not before" in done.out
    assert rows(place, "SELECT retired_at FROM host_keys WHERE name = 'first'") == [(None,)]


def test_key_that_a_worker_lacks_ends_it_and_leaves_the_application_as_it_is(ready, agencies, applied, place):
    # It was retired and dropped, while a process that began before it still wrapped by it.
    add_key(ready, place)
    ready("keys", "rotate")
    index_and_second = [line for line in (place / "keys.txt").read_text().splitlines() if "first" not in line]
    ((wrapped,),) = rows(place, "SELECT data_key FROM applications")
    rows(place, "UPDATE applications SET data_key = ?", b"first:" + wrapped.partition(b":")[2])
    (place / "keys.txt").write_text("\n".join(index_and_second) + "\n")
    ended = ready("worker", "--once")
    assert (ended.code, "the key first is not on the ring" in ended.err) == (2, True)
    assert rows(place, "SELECT blocked, lease FROM applications") == [(None, None)]
    assert rows(place, "SELECT count(*) FROM workers") == [(0,)]


@pytest.fixture
def open_to_all():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_keys_are_written_for_their_owner_alone_and_over_nothing(nagorik, place):
    assert nagorik("keys", "new", "2026-11", "--out", "new.txt").code == 0
    add_key(nagorik, place)
    assert [(place / name).stat().st_mode & 0o777 for name in ("new.txt", "keys.txt")] == [0o600, 0o600]
    assert list(read_keyring((place / "keys.txt").read_text()).wrapping) == ["second", "first"]
    assert "a key of this name" in nagorik("keys", "add", "second", "--out", "third.txt").err
    written = (place / "new.txt").read_text()
    again = nagorik("keys", "new", "2026-11", "--out", "new.txt")
    assert (again.code, "a file of this name is there" in again.err) == (2, True)
    assert (place / "new.txt").read_text() == written


@pytest.mark.usefixtures("open_to_all")
def test_database_and_documents_are_their_owners_alone(nagorik, place):
    assert nagorik("db", "upgrade").code == 0
    assert nagorik("apply", EXAMPLES / "nid-reissue.json").code == 0
    vault = Vault(read_keyring((place / "keys.txt").read_text()))
    asyncio.run(FolderDocumentStore(place / "nagorik-documents", vault).put("photo", "text/plain", b"paper"))
    made = [*place.glob("nagorik.db*"), place / "nagorik-documents", *(place / "nagorik-documents").glob("**/*")]
    assert len(made) >= 4
    assert {path.name: path.stat().st_mode & 0o077 for path in made} == {path.name: 0 for path in made}
