"""Citizens' documents in a folder: sealed, whole, each by itself, and never outside."""

import hashlib
import os
import shutil
import stat
import tracemalloc
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import ValidationError

from nagorik import ContractViolation
from nagorik.model.application import DocumentReference
from nagorik_host.store.documents import FolderDocumentStore, NoSuchDocument, pieces_of
from nagorik_host.vault import PIECE, SEALED_PIECE, SealBroken, Vault, make_key, make_keys, read_keyring

PAPER = b"%PDF-1.7 a citizen's own paper"


@pytest.fixture
def documents(tmp_path, vault) -> FolderDocumentStore:
    return FolderDocumentStore(tmp_path / "documents", vault)


def files(folder) -> list:
    return [path for path in folder.rglob("*") if path.is_file()]


async def opened(documents: FolderDocumentStore, reference: DocumentReference) -> bytes:
    return b"".join([chunk async for chunk in documents.open(reference)])


@pytest.mark.parametrize("content", [b"", PAPER, os.urandom(PIECE), os.urandom(PIECE * 2), os.urandom(PIECE * 2 + 1)])
async def test_document_is_given_back_as_it_was(documents, content):
    reference = await documents.take("passport", "application/pdf", pieces_of([content]))
    assert (reference.kind, reference.media_type, reference.bytes) == ("passport", "application/pdf", len(content))
    assert reference.sha256 == hashlib.sha256(content).hexdigest()
    assert await opened(documents, reference) == content


@pytest.mark.parametrize("kind", ["", "4613278905", "Rahima's card"])
async def test_document_whose_kind_could_name_somebody_is_not_kept(documents, tmp_path, kind):
    with pytest.raises(ValidationError):
        await documents.put(kind, "application/pdf", PAPER)
    assert files(tmp_path / "documents") == []


async def test_content_is_sealed_and_only_the_owner_reads_files_and_folders(documents, tmp_path):
    await documents.put("passport", "application/pdf", PAPER)
    (file,) = files(tmp_path / "documents")
    assert b"citizen" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_same_content_twice_is_two_documents(documents, tmp_path):
    one, other = [await documents.put("photo", "application/pdf", PAPER) for _ in range(2)]
    assert documents.remove(one.id)
    assert not documents.remove(one.id)
    assert await opened(documents, other) == PAPER
    with pytest.raises(NoSuchDocument):
        await opened(documents, one)
    assert len(files(tmp_path / "documents")) == 1


async def test_file_that_was_changed_or_moved_does_not_open(documents, tmp_path):
    one, other = [await documents.put("photo", "application/pdf", PAPER) for _ in range(2)]
    paths = {path.name: path for path in files(tmp_path / "documents")}
    whole = paths[one.id].read_bytes()
    paths[other.id].write_bytes(whole)
    paths[one.id].write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    for reference in (one, other):
        with pytest.raises(SealBroken):
            await opened(documents, reference)


@pytest.mark.parametrize(
    "damage",
    [
        lambda pieces: pieces[:-1],
        lambda pieces: pieces[1:],
        lambda pieces: [pieces[1], pieces[0], pieces[2]],
        lambda pieces: [pieces[0], pieces[2]],
        lambda pieces: [*pieces, pieces[2]],
        lambda _: [],
    ],
    ids=["end cut off", "beginning cut off", "swapped", "middle left out", "end twice", "empty"],
)
async def test_pieces_cannot_be_left_out_moved_or_cut_off(documents, tmp_path, damage):
    reference = await documents.take("passport", "application/pdf", pieces_of([os.urandom(PIECE * 3)]))
    (file,) = files(tmp_path / "documents")
    whole = file.read_bytes()
    head = len(whole) - 3 * SEALED_PIECE
    pieces = [whole[at : at + SEALED_PIECE] for at in range(head, len(whole), SEALED_PIECE)]
    file.write_bytes(whole[:head] + b"".join(damage(pieces)))
    with pytest.raises(SealBroken):
        await opened(documents, reference)


async def test_large_document_is_never_in_memory_as_a_whole(documents):
    number, piece = 800, os.urandom(PIECE)
    await documents.take("passport", "application/pdf", [piece])
    tracemalloc.start()
    try:
        reference = await documents.take("passport", "application/pdf", (piece for _ in range(number)))
        digest = hashlib.sha256()
        async for chunk in documents.open(reference):
            digest.update(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (reference.bytes, reference.sha256) == (number * PIECE, digest.hexdigest())
    assert peak < 20 * PIECE


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "document-empty"),
        ([], "document-empty"),
        ([b"", b"<html>please", b" log in</html>"], "document-of-another-type"),
        (b"<html>please log in</html>", "document-of-another-type"),
    ],
)
async def test_what_an_agency_calls_a_document_and_is_none_is_not_kept(documents, tmp_path, content, detail):
    with pytest.raises(ContractViolation) as caught:
        await documents.put("licence", "application/pdf", content)
    assert caught.value.detail == detail
    assert files(tmp_path / "documents") == []


@pytest.mark.parametrize("length", [1_000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
async def test_what_an_agency_sends_in_pieces_of_any_length_is_kept_as_it_was(documents, length):
    content = PAPER + os.urandom(3 * PIECE)
    pieces = [content[start : start + length] for start in range(0, len(content), length)]
    kept = await documents.put("licence", "application/pdf", (piece for piece in [b"", *pieces]))
    assert (kept.bytes, kept.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await opened(documents, kept) == content


async def test_document_that_breaks_off_is_not_kept(documents, tmp_path):
    def breaking() -> object:
        yield os.urandom(PIECE)
        raise OSError("the stick was pulled out")

    with pytest.raises(OSError, match="pulled out"):
        await documents.take("passport", "application/pdf", breaking())
    assert files(tmp_path / "documents") == []


async def test_unfinished_file_is_swept_once_nothing_was_written_to_it_for_an_hour(documents, tmp_path):
    folder = tmp_path / "documents" / "unfinished"
    folder.mkdir(parents=True)
    young, old = folder / ("0" * 32), folder / ("1" * 32)
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert (documents.unfinished(), documents.sweep(), documents.unfinished()) == (1, 1, 0)
    assert (young.exists(), old.exists()) == (True, False)


async def test_rotation_wraps_each_key_once_and_the_old_key_may_go(tmp_path):
    first = make_keys("first")
    folder = tmp_path / "documents"
    before = FolderDocumentStore(folder, Vault(read_keyring(first)))
    references = [await before.put("photo", "application/pdf", PAPER) for _ in range(3)]
    second = make_key("second") + first
    both = FolderDocumentStore(folder, Vault(read_keyring(second)))
    assert (both.rotate(), both.rotate()) == ((3, []), (0, []))
    only = "".join(line for line in second.splitlines(keepends=True) if not line.startswith("first:"))
    after = FolderDocumentStore(folder, Vault(read_keyring(only)))
    assert [await opened(after, one) for one in references] == [PAPER] * 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(folder)} == {0o600}


@pytest.mark.parametrize("call", ["nagorik_host.store.documents.os.fsync", "pathlib.Path.replace"])
async def test_what_breaks_off_leaves_the_old_file_or_none(tmp_path, monkeypatch, call):
    """The disk fills up while a document is written, and while its key is wrapped anew."""
    first, folder = make_keys("first"), tmp_path / "documents"
    documents = FolderDocumentStore(folder, Vault(read_keyring(first)))
    kept = await documents.put("photo", "application/pdf", PAPER)
    rotating = FolderDocumentStore(folder, Vault(read_keyring(make_key("second") + first)))

    def break_off(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(call, break_off)
        with pytest.raises(OSError, match="no space"):
            await documents.put("photo", "application/pdf", PAPER)
        with pytest.raises(OSError, match="no space"):
            rotating.rotate()
    assert list(documents.kept()) == [kept.id]
    assert await opened(documents, kept) == PAPER
    assert [path.name for path in files(folder)] == [kept.id]
    assert rotating.rotate() == (1, [])
    assert await opened(rotating, kept) == PAPER


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["..", "../../keys.txt", "/etc/passwd", "", ".", "a/../../b", "\0", "০" * 32, "A" * 32, "a" * 33]
    ),
    st.text(alphabet="./\\abc", min_size=1, max_size=40),
)


@given(identity=HOSTILE.filter(lambda text: len(text) != 32 or set(text) - set("0123456789abcdef")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_id_leads_out_of_the_folder(documents, tmp_path, identity):
    outside = tmp_path / "keys.txt"
    outside.write_text("secret")
    reference = DocumentReference.model_construct(
        id=identity, kind="photo", media_type="image/png", bytes=6, sha256="0" * 64
    )
    with pytest.raises(NoSuchDocument):
        await opened(documents, reference)
    assert not documents.remove(identity)
    assert documents.kept_at(identity) is None
    assert outside.read_text() == "secret"


async def test_document_that_is_erased_while_it_is_wrapped_anew_is_not_back(tmp_path, monkeypatch):
    text = make_keys("old")
    old = Vault(read_keyring(text))
    kept = await FolderDocumentStore(tmp_path / "documents", old).put("passport", "application/pdf", PAPER)
    documents = FolderDocumentStore(tmp_path / "documents", Vault(read_keyring(make_key("new") + text)))
    begun, copy, removed = Event(), shutil.copyfileobj, []

    def slowly(*arguments):
        begun.set()
        # Whoever erases waits for what is under way, so that it cannot be over here.
        eraser.join(0.2)
        removed.append(not eraser.is_alive())
        copy(*arguments)

    def erase():
        begun.wait()
        documents.remove(kept.id)

    monkeypatch.setattr("nagorik_host.store.documents.shutil.copyfileobj", slowly)
    eraser = Thread(target=erase)
    eraser.start()
    assert documents.rotate() == (1, [])
    eraser.join()
    assert (removed, files(tmp_path / "documents")) == ([False], [])


async def test_what_was_begun_of_an_erased_document_goes_with_it(documents, tmp_path):
    kept = await documents.put("passport", "application/pdf", PAPER)
    (file,) = files(tmp_path / "documents")
    (tmp_path / "documents" / "unfinished" / file.name).write_bytes(file.read_bytes())
    assert documents.remove(kept.id)
    assert files(tmp_path / "documents") == []


async def test_document_of_another_host_is_told(documents, tmp_path):
    other = FolderDocumentStore(tmp_path / "documents", Vault(read_keyring(make_keys("first"))))
    theirs, own = [await one.put("passport", "application/pdf", PAPER) for one in (other, documents)]
    assert (documents.opens(own.id), documents.opens(theirs.id), documents.opens("0" * 32)) == (True, False, False)
    assert not documents.opens("../x")
