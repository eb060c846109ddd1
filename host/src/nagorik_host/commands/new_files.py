"""Files that a command writes: new ones, for their owner's eyes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from nagorik_host.commands.running import CommandRefused

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@contextmanager
def new_files(targets: Sequence[Path]) -> Iterator[list[IO[bytes]]]:
    """Make files that only their owner can read; all are removed if any of them is not written to its end."""
    with ExitStack() as opened, ExitStack() as made:
        files: list[IO[bytes]] = []
        for target in targets:
            try:
                descriptor = os.open(target, _NEW, 0o600)
            except FileExistsError:
                raise CommandRefused("a file of this name is there; it is left as it is") from None
            except (OSError, ValueError):
                raise CommandRefused("no file can be written there; nothing was written") from None
            made.callback(target.unlink, missing_ok=True)
            files.append(opened.enter_context(os.fdopen(descriptor, "wb")))
        yield files
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        made.pop_all()
