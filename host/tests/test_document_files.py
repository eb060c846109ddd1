"""A paper's file is what its content says, is read once, and is refused by the paper's name if it is none."""

import os
import tracemalloc
from pathlib import Path

import pytest

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import PublicService
from nagorik_host.application_file import keep_documents
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_testing.fixtures.documents import specimen_pdf

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


@pytest.fixture
def documents(tmp_path, vault):
    return FolderDocumentStore(tmp_path / "kept", vault)


@pytest.fixture
def keep(documents):
    """Keeps one paper; gives its reference."""

    async def keep(path, kind="deed", within=None):
        (kept,) = await keep_documents(documents, SERVICE, [(kind, path)], name="here", within=within)
        return kept

    return keep


@pytest.fixture
def refusal(keep, documents):
    """Why one paper cannot be kept, in both languages."""

    async def refusal(path, kind="deed", within=None):
        with pytest.raises(DataFileInvalid, match=r"^here: documents\.0\.file: ") as caught:
            await keep(path, kind, within)
        assert list(documents.kept()) == []
        return str(caught.value).removeprefix("here: documents.0.file: ")

    return refusal


async def test_large_paper_goes_by_without_being_in_memory(tmp_path, documents, keep, refusal):
    path = tmp_path / "deed.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    os.truncate(path, LARGE + 1)
    assert "Rent deed: larger than 50 MB." in await refusal(path)
    os.truncate(path, LARGE)
    tracemalloc.start()
    try:
        kept = await keep(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.bytes == LARGE
    assert peak < LARGE // 20


async def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, refusal):
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "circle.pdf").symlink_to("circle.pdf")
    for name in ("pipe.pdf", "circle.pdf", ".", "absent.pdf", "a\0b", "x" * 5_000):
        assert "no such file" in await refusal(tmp_path / name)


async def test_link_out_of_the_folder_leads_nowhere_and_one_within_is_followed(tmp_path, keep, refusal):
    own = tmp_path / "own"
    for folder in ("other", "own"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "deed.pdf").write_bytes(specimen_pdf("DEED"))
    (own / "out.pdf").symlink_to("../other/deed.pdf")
    (own / "in.pdf").symlink_to(own / "deed.pdf")
    for name in (own / "out.pdf", Path("out.pdf"), Path("../other/deed.pdf"), Path("/etc/passwd")):
        assert "not in the folder" in await refusal(name, within=own)
    assert (await keep(Path("in.pdf"), within=own)).media_type == "application/pdf"
    assert (await keep(own / "out.pdf")).media_type == "application/pdf"


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
}


@pytest.mark.parametrize("change", CHANGES)
async def test_file_that_changes_while_it_is_read_is_refused_and_not_kept(
    tmp_path, documents, refusal, monkeypatch, change
):
    path, take = tmp_path / "deed.pdf", documents.take
    path.write_bytes(b"%PDF-1.7\n" + b"x" * 200_000)

    async def late(kind, media_type, pieces):
        CHANGES[change](path)
        return await take(kind, media_type, pieces)

    monkeypatch.setattr(documents, "take", late)
    assert "Rent deed: the file changed while it was read. Hand it in again once it is whole." in await refusal(path)
    assert [one for one in (tmp_path / "kept").rglob("*") if one.is_file()] == []
