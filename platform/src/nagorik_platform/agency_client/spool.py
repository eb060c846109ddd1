"""A large file from the agency on its way to the host's store: on disk, sealed by a key that is nowhere else."""

import asyncio
import weakref
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from tempfile import SpooledTemporaryFile
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nagorik.errors import AgencyUnavailable, Layer
from nagorik_platform.agency_client.bodies import Unreadable
from nagorik_platform.agency_client.retry_table import Failure

_IN_MEMORY: Final = 1_000_000
"""Bytes of a file up to which it is not on disk."""
_NONCE_BYTES: Final = 12


class Spool:
    """Bytes that are written once and then read, piece by piece and any number of times.

    The file has no name: it is gone with this object, or with the process. It lies where ``tempfile`` puts it.
    """

    def __init__(self) -> None:
        """Begin in memory."""
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._file.close)
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._sealed: list[int] = []
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Write further bytes; raises ``Unreadable`` where the disk takes no more."""
        sealed = self._cipher.encrypt(len(self._sealed).to_bytes(_NONCE_BYTES), piece, None)
        try:
            self._file.write(sealed)
            self._file.flush()
        except OSError:
            raise Unreadable(Failure.SPOOL) from None
        self._sealed.append(len(sealed))
        self.size += len(piece)

    def __iter__(self) -> Iterator[bytes]:
        """What was written, in pieces; raises ``AgencyUnavailable`` where the disk does not give it back."""
        place = 0
        for number, size in enumerate(self._sealed):
            try:
                self._file.seek(place)
                piece = self._cipher.decrypt(number.to_bytes(_NONCE_BYTES), self._file.read(size), None)
            except (OSError, InvalidTag):
                raise AgencyUnavailable(because=Failure.SPOOL.value, layer=Layer.CORE) from None
            yield piece
            place += size


async def read_file(parts: AsyncGenerator[bytes]) -> bytes | Spool:
    """Read a whole body: bytes where it is small, on disk otherwise. A thread waits for the disk."""
    spool = Spool()
    async with aclosing(parts) as coming:
        async for part in coming:
            if spool.size + len(part) < _IN_MEMORY:
                spool.write(part)
            else:
                await asyncio.to_thread(spool.write, part)
    return spool if spool.size >= _IN_MEMORY else b"".join(spool)
