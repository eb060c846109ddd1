"""Files onto the disk: all of them or none, and never over anything."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

_LIKE_ANY_FOLDER: Final = 0o777


class CannotWrite(Exception):
    """Nothing was written; the text says what stands in the way."""


def refuse_to_overwrite(target: Path) -> None:
    """Nothing may be there yet, not even an empty folder or a link that leads nowhere.

    Raises:
        CannotWrite: Something is, or there is no folder to write in.
    """
    if os.path.lexists(target):
        raise CannotWrite(f"{target} exists already: name another folder with --directory, or remove it")
    if not target.parent.is_dir():
        raise CannotWrite(f"the folder {target.parent} does not exist")


def write(files: Mapping[PurePosixPath, str], target: Path) -> None:
    """Write the files below ``target``: at first into a folder beside it, which then takes its name.

    Raises:
        CannotWrite: Something is there already, or the disk refuses.
    """
    refuse_to_overwrite(target)
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise CannotWrite(f"{target.parent} cannot be written: {error.strerror}") from None
    try:
        for path, text in files.items():
            file = beside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        beside.chmod(_LIKE_ANY_FOLDER & ~_umask())
        refuse_to_overwrite(target)
        beside.rename(target)
    except OSError as error:
        raise CannotWrite(f"{target} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _umask() -> int:
    # It can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
