"""Files that a command writes for somebody: new ones, whole, and for their owner's eyes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from nagorik_host.commands.running import CommandRefused

_NOWHERE: Final = "no file can be written there; nothing was written"


@contextmanager
def new_files(targets: Sequence[Path]) -> Iterator[list[IO[bytes]]]:
    """Files that only their owner can read; none has its name before all are written to their end."""
    with ExitStack() as left, ExitStack() as placed:
        files: list[IO[bytes]] = []
        parts: list[Path] = []
        for target in targets:
            _require_free(target)
            part = target.parent / f".{uuid4().hex}.part"
            try:
                descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except OSError:
                raise CommandRefused(_NOWHERE) from None
            left.callback(part.unlink, missing_ok=True)
            parts.append(part)
            files.append(left.enter_context(os.fdopen(descriptor, "wb")))
        yield files
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        for target in targets:
            try:
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            except OSError:
                text = "a file of this name was made meanwhile; it is left as it is, and nothing was written"
                raise CommandRefused(text) from None
            placed.callback(target.unlink, missing_ok=True)
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
        placed.pop_all()


def _require_free(target: Path) -> None:
    """See that nothing has a file's name yet, and that one can have it: a name may be none, or too long."""
    try:
        os.lstat(target)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        raise CommandRefused(_NOWHERE) from None
    raise CommandRefused("a file of this name is there; it is left as it is")
