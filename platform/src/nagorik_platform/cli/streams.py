"""Standard output and error as a command can rely on them.

A process that was started without one of them gives its number to the next file that it opens, such as a database,
and what is printed then goes into that. A reader may also leave early, as ``head`` does, or a disk be full: the
command comes to its own end all the same, and what is printed from then on is dropped.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any


class StandardOutput(io.FileIO):
    """A process's standard output or error, until its reader leaves."""

    lost: str | None = None
    """The error for which something could not be written; ``None`` where its reader had seen enough."""

    def write(self, content: Any, /) -> int:
        """Write what can be written, and drop the rest."""
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
    """Put such streams in the place of this process's own."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which is given the lowest number that is free
    for number, name in ((1, "stdout"), (2, "stderr")):
        before: object = getattr(sys, name)
        encoding, errors, is_eager = "utf-8", "backslashreplace", False
        if isinstance(before, io.TextIOWrapper):
            before.flush()
            encoding, errors = before.encoding, before.errors or errors
            is_eager = before.line_buffering or before.write_through
        raw = io.BufferedWriter(StandardOutput(number, "w", closefd=False))
        setattr(sys, name, io.TextIOWrapper(raw, encoding=encoding, errors=errors, line_buffering=is_eager))


def lost_output() -> str | None:
    """The error that kept something from standard output; ``None`` where all was written."""
    with suppress(BrokenPipeError):  # of a stream that is not the command's own
        sys.stdout.flush()
    raw = getattr(sys.stdout.buffer, "raw", None) if isinstance(sys.stdout, io.TextIOWrapper) else None
    return raw.lost if isinstance(raw, StandardOutput) else None
