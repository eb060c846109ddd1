"""Citizens' documents in a folder, each sealed by a key of its own that the host's keys wrap.

Every document that is handed in is kept by itself, so that erasing one citizen's never takes away another's. It is
sealed and opened piece by piece: none is ever in memory as a whole.
"""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from nagorik import ContractViolation
from nagorik.model.application import DocumentReference
from nagorik_host.media_types import BEGINNING, contradicts
from nagorik_host.store.off_loop import OwnThreads
from nagorik_host.vault import PIECE, SEALED_PIECE, KeyMissing, SealBroken, Vault

PLACE: Final = "document"
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}")
_FILES: Final = f"??/{'?' * 32}"
_UNFINISHED: Final = "unfinished"
"""The folder within, in which files are written before they are whole."""
LEFT_AFTER: Final = timedelta(hours=1)
"""A file in it to which nothing was written for so long was left by a process that ended."""
_LENGTH: Final = 2
"""Bytes that say how long the wrapped key is, which comes before the sealed content."""


class NoSuchDocument(LookupError):
    """The folder holds no document by this id."""


class FolderDocumentStore:
    """The core's ``DocumentStore``. Any number of processes may share the folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Keep documents in ``folder``, which is made with the first."""
        self._folder = folder
        self._vault = vault
        self._threads = OwnThreads("nagorik-documents")

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        """Keep a document that an agency handed out, and return its reference. Errors of ``content`` pass through.

        Raises:
            ContractViolation: It is empty, or by its content another than ``media_type``; nothing is kept.
        """
        # A wrong kind or type is the plugin's fault before the content is read.
        DocumentReference(id="0", kind=kind, media_type=media_type, bytes=0, sha256="0" * 64)
        pieces = pieces_of((content,) if isinstance(content, bytes) else content)
        return await self.take(kind, media_type, _as_declared(media_type, pieces))

    async def take(self, kind: str, media_type: str, pieces: Iterable[bytes]) -> DocumentReference:
        """Keep a document that comes in pieces, each of ``PIECE`` bytes but for the last, and return its reference.

        Where ``pieces`` raises, nothing is kept.
        """
        # Made first: a wrong kind is refused before anything is kept.
        made = DocumentReference(id=uuid4().hex, kind=kind, media_type=media_type, bytes=0, sha256="0" * 64)
        size, digest = await self._threads.run(partial(self._write, made.id, pieces))
        return made.model_copy(update={"bytes": size, "sha256": digest})

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks of 64 KiB.

        Raises:
            NoSuchDocument: It is not here.
            KeyMissing: Its key is wrapped by one that is not on the ring.
            SealBroken: The file was changed.
        """
        try:
            path = self._path(document.id)
            file = await self._threads.run(lambda: path.open("rb"))
        except FileNotFoundError:
            raise NoSuchDocument from None
        with file:
            wrapped = await self._threads.run(partial(_wrapped_key, file))
            key = self._vault.data_key(wrapped, document.id)
            pieces = key.open_pieces(iter(lambda: file.read(SEALED_PIECE), b""), PLACE)
            while piece := await self._threads.run(partial(next, pieces, b"")):
                yield piece

    async def claim(self, identity: str, owner: str) -> bool:
        """Give a document its owner, once and for good; returns whether it has no other.

        One that is not here has no owner; the caller finds out when it opens it.
        """
        return await self._threads.run(partial(self._claim, identity, owner))

    @property
    def is_there(self) -> bool:
        """Whether the folder is there; it is made with the first document."""
        return self._folder.is_dir()

    def remove(self, identity: str) -> bool:
        """Erase a document, its unfinished file included; returns whether it was there."""
        try:
            path = self._path(identity)
            with self._alone():
                self._unfinished(identity).unlink(missing_ok=True)
                _owner_of(path).unlink(missing_ok=True)
                path.unlink()
        except (NoSuchDocument, FileNotFoundError):
            return False
        return True

    def opens(self, identity: str) -> bool:
        """Whether a document is here whose key this ring unwraps; another host's is not."""
        try:
            with self._path(identity).open("rb") as file:
                self._vault.data_key(_wrapped_key(file), identity)
        except (NoSuchDocument, FileNotFoundError, KeyMissing, SealBroken):
            return False
        return True

    def kept(self) -> Iterator[str]:
        """The ids of all documents that are here."""
        return (path.name for path in self._folder.glob(_FILES))

    def kept_at(self, identity: str) -> datetime | None:
        """When a document was written last, in UTC; ``None`` where it is not here."""
        return _written_at(self._path(identity)) if _IDENTITY.fullmatch(identity) else None

    def sweep(self) -> int:
        """Remove the files that ``unfinished`` counts; returns how many."""
        left = unfinished_files(self._folder)
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def unfinished(self) -> int:
        """How many files processes that ended have left."""
        return len(unfinished_files(self._folder))

    def rotate(self) -> tuple[int, list[str]]:
        """Wrap the key of every document by the host's key in use.

        Returns how many had another, and the ids of damaged documents, which stay as they are.
        """
        anew, damaged = 0, []
        for path in sorted(self._folder.glob(_FILES)):
            try:
                # Else one that is erased meanwhile would be back.
                with self._alone(), path.open("rb") as file:
                    wrapped = _wrapped_key(file)
                    if self._vault.wrapped_by(wrapped) != self._vault.current:
                        rewrapped = self._vault.rewrap(wrapped, path.name)
                        with self._replacing(path, rewrapped) as anew_file:
                            shutil.copyfileobj(file, anew_file)
                        anew += 1
            except FileNotFoundError:
                continue  # erased meanwhile
            except (KeyMissing, SealBroken):
                damaged.append(path.name)
        return anew, damaged

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time change what is here; new documents need not wait.

        Raises:
            FileNotFoundError: There is no folder.
        """
        with _opened_folder(self._folder) as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield

    def _claim(self, identity: str, owner: str) -> bool:
        path = self._path(identity) if _IDENTITY.fullmatch(identity) else None
        if path is None or not path.exists():
            return True
        beside = self._unfinished(uuid4().hex)
        with _new_file(beside) as file:
            file.write(owner.encode())
        try:
            os.link(beside, _owner_of(path))  # one process alone, and with its whole content
        except FileExistsError:
            return _owner_of(path).read_bytes() == owner.encode()
        finally:
            beside.unlink(missing_ok=True)
        return True

    def _write(self, identity: str, pieces: Iterable[bytes]) -> tuple[int, str]:
        path = self._path(identity)
        key, wrapped = self._vault.make_data_key(identity)
        # A folder that is made on the way to another would be open to all.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        digest, sizes = hashlib.sha256(), []

        def gone_by() -> Iterator[bytes]:
            for piece in pieces:
                digest.update(piece)
                sizes.append(len(piece))
                yield piece

        with self._replacing(path, wrapped) as file:
            file.writelines(key.seal_pieces(gone_by(), PLACE))
        return sum(sizes), digest.hexdigest()

    @contextmanager
    def _replacing(self, path: Path, wrapped: bytes) -> Iterator[IO[bytes]]:
        """Write a file as a whole and for good: a reader finds the old content or the new.

        A file that cannot be written to its end is removed; a process that is killed leaves it for ``sweep``.
        """
        beside = self._unfinished(path.name)
        beside.unlink(missing_ok=True)
        try:
            with _new_file(beside) as file:
                file.write(len(wrapped).to_bytes(_LENGTH, "big") + wrapped)
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        # The database refers to it and survives a loss of power; so must its place in the folder.
        with _opened_folder(path.parent) as folder:
            os.fsync(folder)

    def _unfinished(self, name: str) -> Path:
        """The place of a file before it is whole."""
        folder = self._folder / _UNFINISHED
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def _path(self, identity: str) -> Path:
        if not _IDENTITY.fullmatch(identity):
            raise NoSuchDocument  # and no way out of the folder
        return self._folder / identity[:2] / identity


def unfinished_files(folder: Path) -> list[Path]:
    """The files of a documents' folder that processes began to write and left."""
    before = datetime.now(UTC) - LEFT_AFTER
    begun = (folder / _UNFINISHED).glob("*")
    return [path for path in begun if (at := _written_at(path)) is not None and at < before]


def pieces_of(content: Iterable[bytes]) -> Iterator[bytes]:
    """Content that comes in pieces of any length, in pieces of ``PIECE`` bytes."""
    held = bytearray()
    for piece in content:
        for start in range(0, len(piece), PIECE):
            held += piece[start : start + PIECE]
            if len(held) >= PIECE:
                yield bytes(held[:PIECE])
                del held[:PIECE]
    if held:
        yield bytes(held)


def _as_declared(media_type: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces.

    Raises:
        ContractViolation: They are empty, or their content is of another type.
    """
    first = next(pieces, None)
    if first is None:
        raise ContractViolation("document-empty")
    if contradicts(media_type, first[:BEGINNING]):
        raise ContractViolation("document-of-another-type")
    yield first
    yield from pieces


def _wrapped_key(file: IO[bytes]) -> bytes:
    return file.read(int.from_bytes(file.read(_LENGTH), "big"))


def _owner_of(path: Path) -> Path:
    """The file that names a document's owner."""
    return path.with_name(f"{path.name}.owner")


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _new_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
