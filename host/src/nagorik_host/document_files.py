"""A paper as a file: what it is by its content, and the content itself, which is never in memory as a whole."""

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from errno import EINVAL, ELOOP
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Literal, Self

from nagorik import Text
from nagorik.manifest import PublicService
from nagorik_host.media_types import detect_media_type
from nagorik_host.texts import sentence
from nagorik_host.vault import PIECE
from nagorik_platform.documents import document_problem, unknown_kind

_BEGINNING: Final = 4_096
"""Bytes that are looked at before any is kept."""
_MOST_LINKS: Final = 40
"""Links that are followed on the way to a file, as many as the kernel follows."""
_LONGEST_NAME: Final = 120
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Neither a link that was put there meanwhile is followed, nor a pipe waited for."""
_FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""A folder that may be gone through need not be one that may be listed."""


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


class _Outside(Exception):
    """A path leads out of the folder that it may not lead out of."""


class DocumentFolder:
    """The folder that papers lie in, opened once: what takes its place while they are read is not looked into."""

    def __init__(self, path: Path) -> None:
        """Open the folder.

        Raises:
            OSError: It is not there, is none, or cannot be read.
        """
        resolved = path.resolve(strict=True)
        self._names = (path.absolute(), resolved)
        self._descriptor = os.open(resolved, _FOLDER)

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._descriptor)

    def open(self, name: str) -> int:
        """Open a file for reading, by its path from this folder; a link is followed within the folder alone.

        Raises:
            OSError: It is not there, or cannot be read.
            _Outside: The path, or a link on it, leads out of the folder.
        """
        ahead, links = deque(self._steps(name)), 0
        with ExitStack() as opened:
            here = [self._descriptor]
            while ahead:
                step = ahead.popleft()
                if step == "..":
                    here.pop()
                    if not here:
                        raise _Outside
                    continue
                target = _link(step, here[-1])
                if target is not None:
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(ELOOP, os.strerror(ELOOP))
                    if Path(target).is_absolute():
                        here = [self._descriptor]
                    ahead.extendleft(reversed(self._steps(target)))
                    continue
                if not ahead:
                    return os.open(step, _FILE, dir_fd=here[-1])
                here.append(os.open(step, _FOLDER, dir_fd=here[-1]))
                opened.callback(os.close, here[-1])
        raise IsADirectoryError

    def _steps(self, name: str) -> list[str]:
        """The parts of a path, from here on where it is an absolute one."""
        path = Path(name)
        if not path.is_absolute():
            return list(path.parts)
        for known in self._names:
            if path.is_relative_to(known):
                return list(path.relative_to(known).parts)
        raise _Outside


def _link(name: str, folder: int) -> str | None:
    """Where a link leads; ``None`` for anything else."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno == EINVAL:
            return None
        raise


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
    service: PublicService, kind: str, path: Path, *, within: DocumentFolder | None = None
) -> Iterator[DocumentFile]:
    """The file at ``path``, as a paper that a service takes.

    Args:
        service: What the application is for.
        kind: What the paper is said to be.
        path: Where it is; from ``within`` on, where that is given.
        within: The folder that it may not lead out of, by a link for instance, where somebody else wrote the path.

    Raises:
        DocumentRefused: It is not there, no ordinary file, outside, or none that the service takes as this.
    """
    listed = service.document_kind(kind)
    if listed is None:
        raise DocumentRefused(unknown_kind(service, 0).text, "kind")
    try:
        file = os.fdopen(_descriptor(path, within), "rb")
    except _Outside:
        raise refused("outside", listed.label) from None
    except (FileNotFoundError, NotADirectoryError, ValueError):  # also for a name that no file can have
        raise refused("unreadable", listed.label, is_there=False) from None
    except (OSError, RuntimeError):  # also for links in a circle
        raise refused("unreadable", listed.label) from None
    with file:
        paper = DocumentFile(file, listed.label, path.name)
        problem = document_problem(service, kind, paper.media_type, paper.bytes, 0)
        if problem is not None:
            raise DocumentRefused(problem.text)
        yield paper


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


def _descriptor(path: Path, within: DocumentFolder | None) -> int:
    # Resolved, a path holds no link any more; one that was put there since is not followed.
    descriptor = within.open(str(path)) if within is not None else os.open(path.resolve(strict=True), _FILE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError
    return descriptor
