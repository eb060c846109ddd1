"""What of a plugin's failure may be told: the kind of exception and the place, never its text."""

import traceback
from pathlib import Path
from typing import Final

from nagorik.errors import PluginFault
from nagorik.loading import PluginRecord

_EXITS: Final = (SystemExit, KeyboardInterrupt)


def fault_of(error: BaseException, record: PluginRecord, kind: str = "raised") -> PluginFault:
    """A plugin's foreign exception as its fault; ``exit`` where it would have ended the process."""
    return PluginFault(
        "exit" if isinstance(error, _EXITS) else kind,
        plugin=record.id,
        exception=type(error).__name__,
        where=_place(error, record.directory),
    )


def only(error: BaseException) -> BaseException:
    """The one error in a group of one, as a ``TaskGroup`` makes it of the first failure among its tasks."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _place(error: BaseException, directory: Path | None) -> str | None:
    """File, line and function of the innermost frame inside the plugin; never the line's text or a value."""
    if directory is None:
        return None
    inside = [
        frame
        for frame in traceback.StackSummary.extract(
            traceback.walk_tb(error.__traceback__), lookup_lines=False, capture_locals=False
        )
        if Path(frame.filename).is_relative_to(directory)
    ]
    if not inside:
        return None
    frame = inside[-1]
    return f"{Path(frame.filename).relative_to(directory)}:{frame.lineno} in {frame.name}"
