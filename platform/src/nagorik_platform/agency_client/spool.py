"""A large file from the agency on its way to the host's store: on disk, sealed by a key that is nowhere else."""

import asyncio
import os
import tempfile
import weakref
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nagorik.errors import AgencyUnavailable, Layer
from nagorik_platform.agency_client.retry_table import Failure

_IN_MEMORY: Final = 1_000_000
"""Bytes of a file from which on it is spooled."""
_PIECE: Final = 65_536
"""Bytes that are sealed together, at most, and written from that many on: each thread that does it keeps as much."""
_NONCE_BYTES: Final = 12
_KEY_BITS: Final = 256


class NotSpooled(Exception):
    """The disk takes no more."""


class Spool:
    """Bytes that are written once and then read, piece by piece and any number of times.

    The file has no name: it is gone with this object, or with the process. It lies where ``tempfile`` puts it.
    """

    def __init__(self) -> None:
        """Make the file.

        Raises:
            OSError: There is no place for it.
        """
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._file.close)
        self._cipher = AESGCM(AESGCM.generate_key(_KEY_BITS))
        self._sealed: list[int] = []

    def write(self, piece: bytes | bytearray) -> None:
        """Write further bytes.

        Raises:
            OSError: The disk takes no more.
        """
        with memoryview(piece) as whole:
            for start in range(0, len(whole), _PIECE):
                sealed = self._cipher.encrypt(_nonce(len(self._sealed)), whole[start : start + _PIECE], None)
                self._file.write(sealed)
                self._sealed.append(len(sealed))
        self._file.flush()

    def __iter__(self) -> Iterator[bytes]:
        """What was written, in pieces.

        Raises:
            AgencyUnavailable: ``file-not-kept``: the disk does not give it back.
        """
        place = 0
        for number, size in enumerate(self._sealed):
            try:
                piece = self._cipher.decrypt(_nonce(number), os.pread(self._file.fileno(), size, place), None)
            except (OSError, InvalidTag):
                break
            yield piece
            place += size
        else:
            return
        raise AgencyUnavailable(because=Failure.SPOOL.value, layer=Layer.CORE)


async def read_file(parts: AsyncGenerator[bytes]) -> bytes | Spool:
    """All of a body: bytes where it is small, on disk else. The disk is waited for in a thread.

    Raises:
        NotSpooled: The disk takes no more.
    """
    held, spool = bytearray(), None
    async with aclosing(parts) as coming:
        async for part in coming:
            held += part
            if len(held) < (_IN_MEMORY if spool is None else _PIECE):
                continue
            spool = await _spooled(spool, held)
            held.clear()
    return bytes(held) if spool is None else await _spooled(spool, held)


async def _spooled(spool: Spool | None, held: bytearray) -> Spool:
    try:
        writing = Spool() if spool is None else spool
        if held:
            await asyncio.to_thread(writing.write, held)  # which returns nothing: its future outlives it
    except OSError:
        failed = NotSpooled()
    else:
        return writing
    raise failed


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES, "big")
