"""Citizens' documents in a folder, each sealed by a key of its own that the host's keys wrap.

Every document that is handed in is kept by itself, so that erasing one citizen's never takes away another's.
"""

import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from nagorik.model.application import DocumentReference
from nagorik_host.store.off_loop import OwnThreads
from nagorik_host.vault import KeyMissing, SealBroken, Vault

CHUNK: Final = 65_536
PLACE: Final = "document"
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}")
_FILES: Final = f"??/{'?' * 32}"
_UNFINISHED: Final = f"{_FILES}.new"
_LENGTH: Final = 2
"""Bytes that say how long the wrapped key is, which comes before the sealed content."""


class NoSuchDocument(LookupError):
    """The folder holds no document by this id."""


class FolderDocumentStore:
    """Implements the core's ``DocumentStore``. Any number of processes may share the folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Keep documents in ``folder``, which is made with the first."""
        self._folder = folder
        self._vault = vault
        self._threads = OwnThreads("nagorik-documents")

    async def put(self, kind: str, media_type: str, content: bytes) -> DocumentReference:
        """Keep a document and return its reference."""
        identity = uuid4().hex
        digest = hashlib.sha256(content).hexdigest()
        # Made first: a kind that is none is refused before anything is kept.
        made = DocumentReference(id=identity, kind=kind, media_type=media_type, bytes=len(content), sha256=digest)
        await self._threads.run(partial(self._write, identity, content))
        return made

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks of 64 KiB.

        Raises:
            NoSuchDocument: It is not here.
            KeyMissing: Its key is wrapped by one that is not on the ring.
            SealBroken: The file was changed.
        """
        content = await self._threads.run(partial(self._read, document.id))
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    def remove(self, identity: str) -> bool:
        """Erase a document; whether it was there."""
        try:
            self._path(identity).unlink()
        except (NoSuchDocument, FileNotFoundError):
            return False
        return True

    def kept(self) -> Iterator[str]:
        """The ids of all documents that are here."""
        return (path.name for path in self._folder.glob(_FILES))

    def kept_at(self, identity: str) -> datetime | None:
        """When a document was written last, in UTC; ``None`` if it is not here any more."""
        try:
            return _written_at(self._path(identity))
        except NoSuchDocument:
            return None

    def sweep(self, before: datetime) -> int:
        """Remove what a process that died began to write before this instant; how many files there were."""
        removed = 0
        for path in list(self._folder.glob(_UNFINISHED)):
            written_at = _written_at(path)
            if written_at is not None and written_at < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def rotate(self) -> tuple[int, list[str]]:
        """Wrap the key of every document by the host's key in use.

        Returns how many were wrapped by another, and the ids of those that are damaged and were left as they are.
        """
        anew, damaged = 0, []
        for path in sorted(self._folder.glob(_FILES)):
            try:
                wrapped, sealed = _parts(path.read_bytes())
                if self._vault.wrapped_by(wrapped) != self._vault.current:
                    _replace(path, self._vault.rewrap(wrapped, path.name), sealed)
                    anew += 1
            except FileNotFoundError:
                continue  # erased meanwhile
            except (KeyMissing, SealBroken):
                damaged.append(path.name)
        return anew, damaged

    def _write(self, identity: str, content: bytes) -> None:
        path = self._path(identity)
        key, wrapped = self._vault.make_data_key(identity)
        # A folder that is made on the way to another would be open to all.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _replace(path, wrapped, key.seal(content, PLACE))

    def _read(self, identity: str) -> bytes:
        try:
            wrapped, sealed = _parts(self._path(identity).read_bytes())
        except FileNotFoundError:
            raise NoSuchDocument from None
        return self._vault.data_key(wrapped, identity).open(sealed, PLACE)

    def _path(self, identity: str) -> Path:
        if not _IDENTITY.fullmatch(identity):
            raise NoSuchDocument  # and no way out of the folder
        return self._folder / identity[:2] / identity


def _parts(content: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(content[:_LENGTH], "big")
    return content[_LENGTH : _LENGTH + length], content[_LENGTH + length :]


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _replace(path: Path, wrapped: bytes, sealed: bytes) -> None:
    """Write a file as a whole, for good: whoever reads it finds the old content or the new, whatever breaks off."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(len(wrapped).to_bytes(_LENGTH, "big") + wrapped + sealed)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    # The database says that it is here, and it survives a loss of power; so does its place in the folder.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
