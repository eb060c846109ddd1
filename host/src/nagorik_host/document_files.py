"""A paper as a file: what it is by its content, and the content itself, which is never in memory as a whole."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal

from nagorik import Text
from nagorik.manifest import PublicService
from nagorik_host.media_types import detect_media_type
from nagorik_host.texts import sentence
from nagorik_host.vault import PIECE
from nagorik_platform.documents import document_problem, unknown_kind

_BEGINNING: Final = 4_096
"""Bytes that are looked at before any is kept."""


class DocumentRefused(Exception):
    """A paper that cannot be handed in.

    Attributes:
        text: Why, and what to do, by the paper's name and never by the file's.
        field: Whether its kind is wrong, or the file.
    """

    def __init__(self, text: Text, field: Literal["kind", "file"] = "file") -> None:
        """Say why."""
        super().__init__(text.en)
        self.text = text
        self.field = field


class DocumentFile:
    """A paper that is open for reading.

    Attributes:
        bytes: Its size.
        media_type: What it is by its content.
    """

    def __init__(self, file: BinaryIO, paper: Text) -> None:
        """Look at ``file``, the one of ``paper``."""
        self._file = file
        self._paper = paper
        self._found = os.fstat(file.fileno())
        self._beginning = file.read(_BEGINNING)
        self.bytes = self._found.st_size
        self.media_type = detect_media_type(self._beginning)

    def pieces(self) -> Iterator[bytes]:
        """Its content, in pieces for the store.

        Raises:
            DocumentRefused: It is not what it was when it was opened: somebody is still writing it.
        """
        self._file.seek(0)
        read = 0
        while piece := self._file.read(PIECE):
            if (not read and not piece.startswith(self._beginning)) or read + len(piece) > self.bytes:
                break
            read += len(piece)
            yield piece
        now = os.fstat(self._file.fileno())
        if (read, now.st_size, now.st_mtime_ns) != (self.bytes, self.bytes, self._found.st_mtime_ns):
            raise refused("changed", self._paper)


@contextmanager
def wanted_document(
    service: PublicService, kind: str, path: Path, *, within: Path | None = None
) -> Iterator[DocumentFile]:
    """The file at ``path``, as a paper that a service takes.

    Args:
        service: What the application is for.
        kind: What the paper is said to be.
        path: Where it is.
        within: The folder that it may not lead out of, by a link for instance, where somebody else wrote the path.

    Raises:
        DocumentRefused: It is not there, no ordinary file, outside, or none that the service takes as this.
    """
    listed = service.document_kind(kind)
    if listed is None:
        raise DocumentRefused(unknown_kind(service, 0).text, "kind")
    try:
        file = os.fdopen(_descriptor(path, listed.label, within), "rb")
    except (OSError, RuntimeError, ValueError):  # also for a name that no file can have, and for links in a circle
        raise refused("unreadable", listed.label) from None
    with file:
        paper = DocumentFile(file, listed.label)
        problem = document_problem(service, kind, paper.media_type, paper.bytes, 0)
        if problem is not None:
            raise DocumentRefused(problem.text)
        yield paper


def refused(code: str, paper: Text) -> DocumentRefused:
    """The refusal of a paper, by the code of its sentence."""
    text = sentence("paper", code)
    if text is None:
        raise KeyError(code)
    bn, en = text.bn.replace("{paper}", paper.bn), text.en.replace("{paper}", paper.en)
    return DocumentRefused(Text(bn=bn, en=en))


def _descriptor(path: Path, paper: Text, within: Path | None) -> int:
    resolved = path.resolve(strict=True)
    if within is not None and not resolved.is_relative_to(within.resolve(strict=True)):
        raise refused("outside", paper)
    # Resolved, it holds no link any more; one that was put there since is not followed, nor a pipe waited for.
    descriptor = os.open(resolved, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise refused("unreadable", paper)
    return descriptor
