"""What a plugin or its simulator raised, whole, for its author. A host reports the type and the place alone."""

import asyncio
import re
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import starlette

import nagorik_platform
from nagorik_platform.tracebacks import WITNESSES, frames_of

_RAISED: Final = re.compile(r" raised (\w+)")
_HIDDEN: Final = (
    *(str(Path(str(module.__file__)).parent) for module in (asyncio, nagorik_platform, starlette)),
    str(Path(__file__).parent),
    "<frozen ",
)
"""Frames that say nothing of the author's own code."""
_SEEN: Final = deque[tuple[str, tuple[str, ...], str]](maxlen=64)
"""Type, places and whole text of each exception."""


class SimulatorFailed(AssertionError):
    """A simulator raised something of its own, which is its cause."""


@contextmanager
def witnessed() -> Iterator[None]:
    """Keep the text of what is raised within, so that ``raised_as`` finds it."""
    WITNESSES.append(_see)
    try:
        yield
    finally:
        WITNESSES.remove(_see)


def raised_as(kind: str | None, place: str | None = None) -> str:
    """Return type, text and traceback of the last exception of this type at this place; empty if there is none."""
    for name, places, text in reversed(_SEEN):
        if name == kind and (place is None or any(at.endswith(place) for at in places)):
            return text
    return ""


def raised_in(sentence: str) -> str:
    """Return the same of the exception that a platform's sentence says was raised."""
    kind = _RAISED.search(sentence)
    return raised_as(kind[1]) if kind else ""


def _see(value: object) -> None:
    if isinstance(value, BaseException):
        places = tuple(f"{frame.file}:{frame.line} in {frame.function}" for frame in frames_of(value))
        _SEEN.append((type(value).__name__, places, _whole_text(value)))


def _whole_text(error: BaseException) -> str:
    if isinstance(error, SimulatorFailed) and error.__cause__ is not None:
        return f"{error}, not the plugin:\n{_whole_text(error.__cause__)}"
    whole = traceback.TracebackException.from_exception(error)
    _hide_frames(whole)
    return "".join(whole.format()).rstrip()


def _hide_frames(one: traceback.TracebackException) -> None:
    kept = [frame for frame in one.stack if not frame.filename.startswith(_HIDDEN)]
    one.stack = traceback.StackSummary.from_list(kept)
    for other in filter(None, (one.__cause__, one.__context__, *(one.exceptions or ()))):
        _hide_frames(other)
