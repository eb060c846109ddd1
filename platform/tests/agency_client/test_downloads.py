"""A file from the agency: small in memory, large on disk and sealed there, within its bound in either case."""

import asyncio
import os
import tempfile

import httpx
import pytest

from nagorik.errors import AgencyUnavailable, Layer

PLAIN = b"%PDF-1.7 of one citizen "


class Coming(httpx.AsyncByteStream):
    """A body that is made as it is read."""

    def __init__(self, size: int, piece: bytes = PLAIN * 2_730) -> None:
        self.size = size
        self.piece = piece

    async def __aiter__(self):
        left = self.size
        while left > 0:
            yield self.piece[:left]
            left -= len(self.piece)


def answer(size: int, status: int = 200) -> httpx.Response:
    return httpx.Response(status, stream=Coming(size), headers={"Content-Type": "application/pdf; v=1"})


def whole(size: int) -> bytes:
    piece = PLAIN * 2_730
    return (piece * (size // len(piece) + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 999_999, 1_000_000, 1_000_001, 1_300_000, 5_000_000])
async def test_file_is_what_the_agency_sent_at_any_size_and_as_often_as_it_is_read(world, size):
    world.agency.will(answer(size))
    file = await world.bind().download("file", "/a")
    assert file.content_type == "application/pdf"
    assert file.content == whole(size)
    assert b"".join(file) == b"".join(file) == whole(size)


async def test_nothing_of_a_large_file_is_readable_on_disk_and_none_is_left_there(world, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = []
    make = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: opened.append(make()) or opened[-1])
    world.agency.will(answer(2_000_000))
    file = await world.bind().download("file", "/a")
    (on_disk,) = opened
    kept = os.pread(on_disk.fileno(), 4_000_000, 0)
    assert len(kept) > 2_000_000
    assert b"citizen" not in kept
    assert list(tmp_path.iterdir()) == []
    assert file.content == whole(2_000_000)
    del file
    # The thread that wrote last may not have let go of it yet.
    await asyncio.get_running_loop().shutdown_default_executor()
    assert on_disk.closed


@pytest.mark.parametrize("size", [900_000, 5_000_001])
async def test_file_beyond_its_bound_breaks_the_contract(world, size):
    world.agency.will(answer(size))
    limit = None if size > 1_000_000 else size - 1
    with pytest.raises(AgencyUnavailable) as caught:
        await world.bind().download("file", "/a", limit=limit)
    assert caught.value.because == "response-too-large"


async def test_disk_without_room_is_the_hosts_own_trouble(world, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    client = world.client(manifest={"circuit": {"contract_violations": 1}})
    world.agency.will(answer(2_000_000), answer(1_000))
    with pytest.raises(AgencyUnavailable) as caught:
        await world.bind(client=client).download("file", "/a")
    assert (caught.value.because, caught.value.layer) == ("file-not-kept", Layer.CORE)
    assert str(tmp_path) not in str(caught.value.to_problem())
    assert caught.value.__context__ is None
    assert (await world.bind(client=client).download("file", "/a")).content == whole(1_000)
