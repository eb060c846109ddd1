"""Where an exception arose: file, line and function, never a text, source line or value, which may hold anything."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import walk_tb
from typing import Final, NamedTuple

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.<>]{0,119}")
_DIGITS: Final = re.compile(r"\d(?:[_.]{0,3}\d){5}")
_MASK: Final = "•••"
"""As in ``nagorik.privacy``, which a command that shows its help does not import."""
WITNESSES: Final[list[Callable[[object], None]]] = []
"""A developer's tool adds one, to see whole what is named by its type alone; a host adds nothing."""


def type_name(value: object, *, qualified: bool = False) -> str:
    """The name of the type of ``value``, an exception for instance; a mask where it was made to say more."""
    for witness in WITNESSES:
        witness(value)
    return _name(type(value).__qualname__ if qualified else type(value).__name__)


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) and not _DIGITS.search(text) else _MASK


class Frame(NamedTuple):
    """One place that an exception passed."""

    file: str
    line: int
    function: str
    """Its qualified name."""

    @property
    def place(self) -> str:
        """``module.py:12``, without the directory that an installation happens to have."""
        return f"{Path(self.file).name}:{self.line}"


def frames_of(error: BaseException) -> Iterator[Frame]:
    """The frames that ``error`` passed, outermost first."""
    for frame, line in walk_tb(error.__traceback__):
        yield Frame(frame.f_code.co_filename, line or 0, frame.f_code.co_qualname)


def frame_inside(error: BaseException, directory: Path) -> Frame | None:
    """The innermost frame in a file below ``directory``, its file relative to that; or ``None``."""
    inside = [frame for frame in frames_of(error) if Path(frame.file).is_relative_to(directory)]
    return inside[-1]._replace(file=str(Path(inside[-1].file).relative_to(directory))) if inside else None


def failure(error: BaseException) -> str:
    """An error's type, the module that was missing and its innermost place; its text may hold a value."""
    places = [f" at {frame.place}" for frame in frames_of(error)]
    return f"{type_name(error)}{missing_module(error)}{places[-1] if places else ''}"


def missing_module(error: BaseException) -> str:
    """What an error's text may say of the exception beside its type: which module there was not, in brackets."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return f" (there is no module {_name(str(name))})" if name else ""
