"""Citizens' documents in a folder, each sealed by a key of its own that the host's keys wrap.

Every document that is handed in is kept by itself, so that erasing one citizen's never takes away another's.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from nagorik.model.document import DocumentReference
from nagorik_host.vault import Vault

CHUNK: Final = 65_536
PLACE: Final = "document"
_FILES: Final = f"??/{'?' * 32}"
_LENGTH: Final = 2
"""Bytes that say how long the wrapped key is, which comes before the sealed content."""


class NoSuchDocument(LookupError):
    """The folder holds no document by this id."""


class FolderDocuments:
    """Implements the core's ``DocumentStore``. Any number of processes may share the folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Keep documents in ``folder``, which is made with the first."""
        self._folder = folder
        self._vault = vault

    async def put(self, kind: str, media_type: str, content: bytes) -> DocumentReference:
        """Keep a document and return its reference."""
        identity = uuid4().hex
        await asyncio.to_thread(self._write, identity, content)
        digest = hashlib.sha256(content).hexdigest()
        return DocumentReference(id=identity, kind=kind, media_type=media_type, bytes=len(content), sha256=digest)

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks of 64 KiB.

        Raises:
            NoSuchDocument: It is not here.
            SealBroken: The file was changed, or its key is not on the ring.
        """
        content = await asyncio.to_thread(self._read, document.id)
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    def remove(self, identity: str) -> bool:
        """Erase a document; whether it was there."""
        path = self._path(identity)
        there = path.exists()
        path.unlink(missing_ok=True)
        return there

    def rotate(self) -> int:
        """Wrap the key of every document by the host's key in use; how many were wrapped by another."""
        anew = 0
        for path in sorted(self._folder.glob(_FILES)):
            wrapped, sealed = _parts(path.read_bytes())
            if self._vault.wrapped_by(wrapped) != self._vault.current:
                _replace(path, self._vault.rewrap(wrapped, path.name), sealed)
                anew += 1
        return anew

    def _write(self, identity: str, content: bytes) -> None:
        path = self._path(identity)
        key, wrapped = self._vault.make_data_key(identity)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, wrapped, key.seal(content, PLACE))

    def _read(self, identity: str) -> bytes:
        try:
            wrapped, sealed = _parts(self._path(identity).read_bytes())
        except FileNotFoundError:
            raise NoSuchDocument from None
        return self._vault.data_key(wrapped, identity).open(sealed, PLACE)

    def _path(self, identity: str) -> Path:
        if not (identity.isascii() and identity.isalnum()):
            raise NoSuchDocument
        return self._folder / identity[:2] / identity


def _parts(content: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(content[:_LENGTH], "big")
    return content[_LENGTH : _LENGTH + length], content[_LENGTH + length :]


def _replace(path: Path, wrapped: bytes, sealed: bytes) -> None:
    """Write a file as a whole: whoever reads it finds the old content or the new."""
    beside = path.with_name(f"{path.name}.new")
    beside.touch(mode=0o600)
    beside.write_bytes(len(wrapped).to_bytes(_LENGTH, "big") + wrapped + sealed)
    beside.replace(path)
