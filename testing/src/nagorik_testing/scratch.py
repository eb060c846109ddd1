"""A folder for files that nobody needs afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A folder that is deleted at the end, in memory where the system keeps files there: no disk is waited for."""
    place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with TemporaryDirectory(prefix=f"nagorik-{name}-", dir=place) as folder:
        yield Path(folder)
