"""A paper's file is what its content says, is read once, and is refused by the paper's name if it is none."""

import os
import tracemalloc
from errno import EIO
from pathlib import Path

import pytest

from nagorik.manifest import PublicService
from nagorik_host.document_files import DocumentFile, DocumentRefused, wanted_document
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_testing.fixtures.documents import specimen_pdf

EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\0" * 200
LARGE = 50_000_000
SERVICE = PublicService.model_validate(
    {
        "id": "shop.licence",
        "name": {"en": "A licence", "bn": "একটি লাইসেন্স"},
        "documents": [
            {"kind": "deed", "name": {"en": "Rent deed", "bn": "ভাড়ার দলিল"}, "largest_bytes": LARGE},
            "photo",
        ],
    }
)


def refusal(path, kind="deed", within=None) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught, wanted_document(SERVICE, kind, path, within=within):
        pass
    assert caught.value.text.bn != caught.value.text.en
    return caught.value


async def test_paper_with_a_bangla_name_is_taken_as_it_is(tmp_path, vault):
    content = specimen_pdf("DEED")
    path = tmp_path / "ভাড়ার দলিল ১.exe"
    path.write_bytes(content)
    documents = FolderDocumentStore(tmp_path / "kept", vault)
    with wanted_document(SERVICE, "deed", path) as paper:
        kept = await documents.take("deed", paper.media_type, paper.pieces())
    assert (kept.media_type, kept.bytes) == ("application/pdf", len(content))
    assert b"".join([piece async for piece in documents.open(kept)]) == content


async def test_large_paper_goes_by_without_being_in_memory(tmp_path, vault):
    path = tmp_path / "deed.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    os.truncate(path, LARGE)
    documents = FolderDocumentStore(tmp_path / "kept", vault)
    with wanted_document(SERVICE, "deed", path):
        pass  # what it takes to tell types apart is read by now
    tracemalloc.start()
    try:
        with wanted_document(SERVICE, "deed", path) as paper:
            kept = await documents.take("deed", paper.media_type, paper.pieces())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.bytes == LARGE
    assert peak < LARGE // 20
    os.truncate(path, LARGE + 1)
    assert "Rent deed: larger than 50 MB." in refusal(path).text.en


@pytest.mark.parametrize(
    ("content", "told"), [(EXE, "Rent deed: the file is no PDF, JPEG or PNG"), (b"", "Rent deed: the file is empty")]
)
def test_file_that_only_has_the_name_of_a_paper_is_refused(tmp_path, content, told):
    path = tmp_path / "deed.pdf"
    path.write_bytes(content)
    found = refusal(path)
    assert found.text.en.startswith(told)
    assert found.field == "file"


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "circle.pdf").symlink_to("circle.pdf")
    for name in ("pipe.pdf", "circle.pdf", ".", "absent.pdf", "a\0b", "x" * 5_000):
        assert "no such file" in refusal(tmp_path / name).text.en


def test_link_leads_nowhere_else_where_somebody_else_wrote_it(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "deed.pdf").write_bytes(specimen_pdf("DEED"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "link.pdf").symlink_to("../other/deed.pdf")
    own = tmp_path / "own"
    for name in (own / "link.pdf", Path("link.pdf"), Path("../other/deed.pdf"), Path("/etc/passwd")):
        assert "not in the folder" in refusal(name, within=own).text.en
    with wanted_document(SERVICE, "deed", tmp_path / "own" / "link.pdf") as paper:
        assert paper.media_type == "application/pdf"


def test_unknown_kind_is_refused_before_the_file_is_looked_at(tmp_path):
    found = refusal(tmp_path / "absent.pdf", "visa")
    assert found.field == "kind"
    assert "It takes: deed, photo." in found.text.en


def test_link_within_the_folder_is_followed_and_one_in_a_circle_is_not(tmp_path):
    (tmp_path / "scans" / "old").mkdir(parents=True)
    (tmp_path / "scans" / "deed.pdf").write_bytes(specimen_pdf("DEED"))
    (tmp_path / "scans" / "old" / "up.pdf").symlink_to("../deed.pdf")
    (tmp_path / "link.pdf").symlink_to("scans/old/up.pdf")
    (tmp_path / "absolute.pdf").symlink_to(tmp_path / "link.pdf")
    (tmp_path / "circle.pdf").symlink_to("circle.pdf")
    (tmp_path / "alias").symlink_to(".")
    for name in ("scans/deed.pdf", "link.pdf", "absolute.pdf", "alias/alias/link.pdf", str(tmp_path / "link.pdf")):
        with wanted_document(SERVICE, "deed", Path(name), within=tmp_path) as paper:
            assert paper.media_type == "application/pdf"
    for name in ("circle.pdf", "absent.pdf", ".", "scans", "a\0b", "x" * 5_000):
        assert "no such file" in refusal(Path(name), within=tmp_path).text.en


def test_folder_that_is_swapped_for_a_link_leads_nowhere_else(tmp_path):
    for name, content in (("counter", "DEED"), ("secret", "SECRET")):
        (tmp_path / name / "scans").mkdir(parents=True)
        (tmp_path / name / "scans" / "deed.pdf").write_bytes(specimen_pdf(content))
    (tmp_path / "counter/scans").rename(tmp_path / "away")
    (tmp_path / "counter/scans").symlink_to(tmp_path / "secret/scans")
    assert "not in the folder" in refusal(Path("scans/deed.pdf"), within=tmp_path / "counter").text.en


@pytest.mark.parametrize("pieces", [0, 1])
def test_paper_that_cannot_be_read_to_its_end_is_named_by_kind_and_file(tmp_path, pieces):
    class Failing:
        def __init__(self, file):
            self._file, self._left = file, pieces

        def __getattr__(self, name):
            return getattr(self._file, name)

        def read(self, size):
            if not self._left:
                raise OSError(EIO, "CANARY-PATH")
            self._left -= 1
            return self._file.read(size)

    path = tmp_path / "deed\x1b[31m.pdf"
    path.write_bytes(specimen_pdf("DEED"))
    with path.open("rb") as file, pytest.raises(DocumentRefused) as caught:
        list(DocumentFile(Failing(file), SERVICE.document_kind("deed").label, path.name).pieces())
    for told in (caught.value.text.en, caught.value.text.bn):
        assert "deed?[31m.pdf" in told
        assert "CANARY" not in told
        assert str(tmp_path) not in told
    assert caught.value.text.en.startswith("Rent deed: ")


def rewritten(path):
    """The content is another, and the time of its writing what it was."""
    was = path.stat()
    while path.stat().st_ctime_ns == was.st_ctime_ns:
        path.write_bytes(b"%PDF-1.7\n" + b"y" * 200_000)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (was.st_mtime_ns, was.st_size)


CHANGES = {
    "rewritten": rewritten,
    "longer": lambda path: os.truncate(path, 600_000),
    "shorter": lambda path: os.truncate(path, 100_000),
    "other": lambda path: os.pwrite(os.open(path, os.O_WRONLY), b"MZ", 0),
    "touched": lambda path: os.utime(path, ns=(1, 1)),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_file_that_changes_while_it_is_read_is_refused_and_not_kept(tmp_path, vault, change):
    path = tmp_path / "deed.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"x" * 200_000)
    documents = FolderDocumentStore(tmp_path / "kept", vault)
    with wanted_document(SERVICE, "deed", path) as paper:
        CHANGES[change](path)
        with pytest.raises(DocumentRefused) as caught:
            await documents.take("deed", paper.media_type, paper.pieces())
    assert caught.value.text.en == "Rent deed: the file changed while it was read. Hand it in again once it is whole."
    assert list(documents.kept()) == []
    assert [one for one in (tmp_path / "kept").rglob("*") if one.is_file()] == []
