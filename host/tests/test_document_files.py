"""A paper's file is what its content says, is read once, and is refused by the paper's name if it is none."""

import os
import tracemalloc

import pytest

from nagorik.manifest import PublicService
from nagorik_host.document_files import DocumentRefused, wanted_document
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
    assert "not in the folder" in refusal(tmp_path / "own" / "link.pdf", within=tmp_path / "own").text.en
    with wanted_document(SERVICE, "deed", tmp_path / "own" / "link.pdf") as paper:
        assert paper.media_type == "application/pdf"


def test_unknown_kind_is_refused_before_the_file_is_looked_at(tmp_path):
    found = refusal(tmp_path / "absent.pdf", "visa")
    assert found.field == "kind"
    assert "It takes: deed, photo." in found.text.en


CHANGES = {
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
