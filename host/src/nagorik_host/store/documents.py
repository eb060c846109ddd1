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
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Final, NamedTuple
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
"""The folder within, in which files are written before they are whole: looking for them passes over no others."""
_LENGTH: Final = 2
"""Bytes that say how long the wrapped key is, which comes before the sealed content."""


class NoSuchDocument(LookupError):
    """The folder holds no document by this id."""


class _Told(NamedTuple):
    """What is known of a content once all of it has gone by."""

    bytes: int
    sha256: str


class FolderDocumentStore:
    """Implements the core's ``DocumentStore``. Any number of processes may share the folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Keep documents in ``folder``, which is made with the first."""
        self._folder = folder
        self._vault = vault
        self._threads = OwnThreads("nagorik-documents")

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        """Keep a document that an agency handed out, and return its reference.

        What comes in pieces is gone through once, and is never in memory as a whole; what that raises is raised.

        Raises:
            ContractViolation: It is empty, or by its content another than ``media_type``; nothing is kept.
        """
        # Made first: a kind or a type that is none is the plugin's fault before anything is asked of the content.
        DocumentReference(id="0", kind=kind, media_type=media_type, bytes=0, sha256="0" * 64)
        pieces = pieces_of((content,) if isinstance(content, bytes) else content)
        return await self.take(kind, media_type, _as_declared(media_type, pieces))

    async def take(self, kind: str, media_type: str, pieces: Iterable[bytes]) -> DocumentReference:
        """Keep a document that comes in pieces, each of ``PIECE`` bytes but for the last, and return its reference.

        What ``pieces`` raises is raised, and then nothing is kept.
        """
        identity = uuid4().hex
        # Made first: a kind that is none is refused before anything is kept.
        made = DocumentReference(id=identity, kind=kind, media_type=media_type, bytes=0, sha256="0" * 64)
        told = await self._threads.run(partial(self._write, identity, pieces))
        return made.model_copy(update=told._asdict())

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks of 64 KiB.

        Raises:
            NoSuchDocument: It is not here.
            KeyMissing: Its key is wrapped by one that is not on the ring.
            SealBroken: The file was changed.
        """
        file = await self._threads.run(partial(self._opened, document.id))
        with file:
            wrapped = await self._threads.run(partial(_wrapped_key, file))
            key = self._vault.data_key(wrapped, document.id)
            pieces = key.open_pieces(iter(lambda: file.read(SEALED_PIECE), b""), PLACE)
            while piece := await self._threads.run(partial(next, pieces, b"")):
                yield piece

    async def tidy(self) -> int:
        """As ``sweep``, beside the loop."""
        return await self._threads.run(self.sweep)

    async def claim(self, identity: str, owner: str) -> bool:
        """Say whose a document is, once and for good; whether it is nobody else's.

        What is not here is nobody's, and is met when it is opened.
        """
        return await self._threads.run(partial(self._claim, identity, owner))

    @property
    def is_there(self) -> bool:
        """Whether the folder is there; it is made with the first document."""
        return self._folder.is_dir()

    def remove(self, identity: str) -> bool:
        """Erase a document, and what was begun to be written of it; whether it was there."""
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
        """When a document was written last, in UTC; ``None`` if it is not here any more."""
        try:
            return _written_at(self._path(identity))
        except NoSuchDocument:
            return None

    def sweep(self) -> int:
        """Remove what processes that ended had begun to write; how many files there were.

        Whoever writes one holds its lock, and the system gives that back when it ends, however it does.
        """
        return sum(self._remove_unfinished(path) for path in _begun(self._folder))

    def unfinished(self) -> int:
        """As ``unfinished_files``."""
        return unfinished_files(self._folder)

    def _remove_unfinished(self, path: Path) -> bool:
        with suppress(FileNotFoundError, BlockingIOError), _locked(path):
            path.unlink()
            return True
        return False

    def rotate(self) -> tuple[int, list[str]]:
        """Wrap the key of every document by the host's key in use.

        Returns how many were wrapped by another, and the ids of those that are damaged and were left as they are.
        """
        anew, damaged = 0, []
        for path in sorted(self._folder.glob(_FILES)):
            try:
                # One that is erased while it is wrapped anew would be back.
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
        """Keep all processes but one from changing what is here; new documents are none of it.

        Raises:
            FileNotFoundError: There is no folder.
        """
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _claim(self, identity: str, owner: str) -> bool:
        try:
            path = self._path(identity)
        except NoSuchDocument:
            return True
        if not path.exists():
            return True
        beside = self._unfinished(uuid4().hex)
        with begin_file(beside) as file:
            try:
                file.write(owner.encode())
                file.flush()
                os.link(beside, _owner_of(path))  # by one alone, and with all that it says
            except FileExistsError:
                return _owner_of(path).read_bytes() == owner.encode()
            finally:
                beside.unlink(missing_ok=True)
        return True

    def _write(self, identity: str, pieces: Iterable[bytes]) -> _Told:
        path = self._path(identity)
        key, wrapped = self._vault.make_data_key(identity)
        # A folder that is made on the way to another would be open to all.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        digest, size = hashlib.sha256(), 0

        def gone_by() -> Iterator[bytes]:
            nonlocal size
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece

        with self._replacing(path, wrapped) as file:
            file.writelines(key.seal_pieces(gone_by(), PLACE))
        return _Told(size, digest.hexdigest())

    @contextmanager
    def _replacing(self, path: Path, wrapped: bytes) -> Iterator[IO[bytes]]:
        """Write a file as a whole, for good: whoever reads it finds the old content or the new, whatever breaks off.

        What cannot be written to its end is removed; a process that ends at once leaves it for ``sweep``.
        """
        beside = self._unfinished(path.name)
        beside.unlink(missing_ok=True)
        with begin_file(beside) as file:
            try:
                file.write(len(wrapped).to_bytes(_LENGTH, "big") + wrapped)
                yield file
                file.flush()
                os.fsync(file.fileno())
                beside.replace(path)  # while it is locked: nobody else removes it
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        # The database says that it is here, and it survives a loss of power; so does its place in the folder.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unfinished(self, name: str) -> Path:
        """What a file is written as before it is whole."""
        folder = self._folder / _UNFINISHED
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def _opened(self, identity: str) -> IO[bytes]:
        try:
            return self._path(identity).open("rb")
        except FileNotFoundError:
            raise NoSuchDocument from None

    def _path(self, identity: str) -> Path:
        if not _IDENTITY.fullmatch(identity):
            raise NoSuchDocument  # and no way out of the folder
        return self._folder / identity[:2] / identity


def unfinished_files(folder: Path) -> int:
    """How many files of a documents' folder are left of processes that ended while they wrote them."""
    return sum(_is_left(path) for path in _begun(folder))


def _begun(folder: Path) -> list[Path]:
    return list((folder / _UNFINISHED).glob("*"))


def pieces_of(content: Iterable[bytes]) -> Iterator[bytes]:
    """Content that comes in pieces of any length, as it is taken in."""
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
    """The pieces of what is not empty, and is not told by its content to be of another type.

    Raises:
        ContractViolation: It is.
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
    """What says whose a document is."""
    return path.with_name(f"{path.name}.owner")


@contextmanager
def begin_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file, and its lock: while that is held, nobody takes the file for what one that ended has left."""
    while True:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, path):
                continue  # somebody took it for such before it was locked
            yield file
            return


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of what an ended process has left.

    Raises:
        BlockingIOError: Somebody who lives is writing it.
        FileNotFoundError: It is there no more.
    """
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(file, path):
            raise FileNotFoundError
        yield


def _is_left(path: Path) -> bool:
    with suppress(FileNotFoundError, BlockingIOError), _locked(path):
        return True
    return False


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one that is at ``path`` now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
