"""Standard input, output and error as a command can rely on them, whatever its process was started with.

A process that was started without one of them gives its number to the next file that it opens, such as a database,
and what is printed then goes into that. A reader may also leave early, as ``head`` does, or a disk be full: the
command comes to its own end all the same, with its own exit code, and what is printed from then on goes nowhere.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, Final

ROOM: Final = 16
"""Files that a command opens at once, to read a database for instance; with fewer free, none is begun."""


class StandardOutput(io.FileIO):
    """A process's standard output or error, until nobody takes what is written to it."""

    lost: str | None = None
    """Why something could not be written, as the name of an error; ``None`` too where its reader had seen enough."""

    def write(self, content: Any, /) -> int:
        """Write what can be written; all of it is done with."""
        try:
            return super().write(content)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.lost = errno.errorcode.get(error.errno or 0, "OSError")
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return memoryview(content).nbytes


def open_streams() -> None:
    """Put streams that can be relied on in the place of this process's own."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which is given the lowest number that is free
    for number, name in ((1, "stdout"), (2, "stderr")):
        before: object = getattr(sys, name)
        if before is None or type(before) is io.TextIOWrapper:
            setattr(sys, name, _over(StandardOutput(number, "w", closefd=False), before))


def has_room() -> bool:
    """Whether this process may open the files that a command needs."""
    opened: list[int] = []
    try:
        opened.extend(os.dup(0) for _ in range(ROOM))
    except OSError:
        return False
    finally:
        for number in opened:
            os.close(number)
    return True


def is_out_of_files(error: BaseException | None) -> bool:
    """Whether an exception comes of a file or a socket too many, in this process or on this machine."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_out_of_files, error.exceptions))
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return True
    return error is not None and is_out_of_files(error.__cause__ or error.__context__)


def lost_output() -> str | None:
    """The name of the error that kept something from standard output; ``None`` where all was written."""
    with suppress(BrokenPipeError):  # of a stream that is not the command's own
        sys.stdout.flush()
    raw = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer) if isinstance(sys.stdout, io.TextIOWrapper) else None
    return raw.lost if isinstance(raw, StandardOutput) else None


def _over(raw: StandardOutput, before: io.TextIOWrapper | None) -> io.TextIOWrapper:
    """A stream like the one before; where there was none, what is written is read by nobody."""
    if before is None:
        return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace")
    before.flush()
    return io.TextIOWrapper(
        # Unbuffered, as PYTHONUNBUFFERED wants it, has nothing in between.
        raw if before.write_through else io.BufferedWriter(raw),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )
