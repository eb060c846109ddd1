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
_LONGEST_NAME: Final = 120
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""A pipe is not waited for."""


class DocumentRefused(Exception):
    """A paper that cannot be handed in.

    Attributes:
        text: Why, and what to do, by the paper's name and never by the file's.
        field: Whether its kind is wrong, or the file.
        is_there: Whether there is anything by the file's name, be it that it cannot be read.
    """

    def __init__(self, text: Text, field: Literal["kind", "file"] = "file", *, is_there: bool = True) -> None:
        """Say why."""
        super().__init__(text.en)
        self.text = text
        self.field = field
        self.is_there = is_there


class DocumentFile:
    """A paper that is open for reading.

    Attributes:
        bytes: Its size.
        media_type: What it is by its content.
    """

    def __init__(self, file: BinaryIO, paper: Text, name: str) -> None:
        """Look at ``file``, the one of ``paper``, called ``name``.

        Raises:
            DocumentRefused: It cannot be read.
        """
        self._file = file
        self._paper = paper
        self._name = name
        self._found = os.fstat(file.fileno())
        self._beginning = self._read(_BEGINNING)
        self.bytes = self._found.st_size
        self.media_type = detect_media_type(self._beginning)

    def pieces(self) -> Iterator[bytes]:
        """Its content, in pieces for the store.

        Raises:
            DocumentRefused: It is not what it was when it was opened: somebody is still writing it; or it cannot be
                read to its end.
        """
        self._file.seek(0)
        read = 0
        while piece := self._read(PIECE):
            if (not read and not piece.startswith(self._beginning)) or read + len(piece) > self.bytes:
                break
            read += len(piece)
            yield piece
        if read != self.bytes or _as_it_is(os.fstat(self._file.fileno())) != _as_it_is(self._found):
            raise refused("changed", self._paper)

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError:
            failed = refused("not-read", self._paper, self._name)
        raise failed


def _as_it_is(file: os.stat_result) -> tuple[int, int, int]:
    """What changes with a file; when it was written can be set to anything, and when its entry changed cannot."""
    return file.st_size, file.st_mtime_ns, file.st_ctime_ns


@contextmanager
def wanted_document(
    service: PublicService, kind: str, path: Path, *, within: Path | None = None
) -> Iterator[DocumentFile]:
    """The file at ``path``, as a document that a service takes.

    Args:
        service: What the application is for.
        kind: What the document is said to be.
        path: Where it is; from ``within`` on, where that is given.
        within: The folder that it may not lead out of, by a link for instance, where the path comes from a file.

    Raises:
        DocumentRefused: It is not there, no ordinary file, outside, or the service does not take it as this.
    """
    listed = service.document_kind(kind)
    if listed is None:
        raise DocumentRefused(unknown_kind(service, 0).text, "kind")
    try:
        file = os.fdopen(os.open(path if within is None else within / path, _FILE), "rb")
    except (FileNotFoundError, NotADirectoryError, ValueError):  # also for a name that no file can have
        raise refused("unreadable", listed.label, is_there=False) from None
    except OSError:  # also for links in a circle
        raise refused("unreadable", listed.label) from None
    with file:
        found = os.fstat(file.fileno())
        if within is not None and not _is_within(found, within / path, within):
            raise refused("outside", listed.label)
        if not stat.S_ISREG(found.st_mode):
            raise refused("unreadable", listed.label)
        paper = DocumentFile(file, listed.label, path.name)
        problem = document_problem(service, kind, paper.media_type, paper.bytes, 0)
        if problem is not None:
            raise DocumentRefused(problem.text)
        yield paper


def _is_within(opened: os.stat_result, path: Path, folder: Path) -> bool:
    """Whether the opened file lies in the folder, links resolved; a link that was changed meanwhile leads outside."""
    try:
        real = path.resolve(strict=True)
        return real.is_relative_to(folder.resolve(strict=True)) and os.path.samestat(opened, real.stat())
    except OSError:
        return False


def refused(code: str, paper: Text, name: str = "", *, is_there: bool = True) -> DocumentRefused:
    """The refusal of a paper, by the code of its sentence and, where that says it, the name of its file."""
    return DocumentRefused(paper_text(code, paper, name), is_there=is_there)


def paper_text(code: str, paper: Text, name: str = "", **said: str) -> Text:
    """What is said of a paper and its file, by the code of the sentence."""
    text = sentence("paper", code)
    if text is None:
        raise KeyError(code)
    bn, en = text.bn.replace("{paper}", paper.bn), text.en.replace("{paper}", paper.en)
    for key, words in {"file": _shown(name), **said}.items():
        bn, en = bn.replace(f"{{{key}}}", words), en.replace(f"{{{key}}}", words)
    return Text(bn=bn, en=en)


def _shown(name: str) -> str:
    """A file's name without what steers a terminal, and not longer than a line."""
    return "".join(one if one.isprintable() else "?" for one in name[:_LONGEST_NAME])
