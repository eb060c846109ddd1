"""Settings that one process has once: what an import changes of them is put back, and told of whose source does it.

A plugin that sets them changes how the host, and every other plugin, works. Several are imported side by side, so
that a change alone does not say whose it is; the source does. Filters of warnings are not among them: pydantic
changes them for a moment with every model, in whatever thread.
"""

import decimal
import locale
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from nagorik.data_files import DataFileInvalid, read_file

_SETTERS: Final = {
    "recursion-limit": re.compile(rb"\bsetrecursionlimit\b"),
    "socket-timeout": re.compile(rb"\bsetdefaulttimeout\b"),
    "locale": re.compile(rb"\bsetlocale\b"),
    "decimal-defaults": re.compile(rb"\bDefaultContext\b"),
    "decimal-context": re.compile(rb"\b[gs]etcontext\b"),
}
_OF_DECIMAL: Final = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


class SettingChange(NamedTuple):
    """A setting that a plugin's source changes on import, and where."""

    setting: str
    file: str
    line: int


def _defaults_of_decimal() -> tuple[Any, ...]:
    context = decimal.DefaultContext
    return (*(getattr(context, name) for name in _OF_DECIMAL), dict(context.traps))


def _set_defaults_of_decimal(values: tuple[Any, ...]) -> None:
    *members, traps = values
    for name, value in zip(_OF_DECIMAL, members, strict=True):
        setattr(decimal.DefaultContext, name, value)
    decimal.DefaultContext.traps.update(traps)


# The first lets the others be put back where it was made very small.
_SHARED: Final[Mapping[str, tuple[Callable[[], Any], Callable[[Any], object]]]] = {
    "recursion-limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "socket-timeout": (socket.getdefaulttimeout, socket.setdefaulttimeout),
    "locale": (lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
    "decimal-defaults": (_defaults_of_decimal, _set_defaults_of_decimal),
}


class _Imports:
    """The imports under way, and the settings as they were when none was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: list[set[str]] = []
        self._before: dict[str, Any] = {}

    def begin(self, changed: set[str]) -> None:
        """One more begins; what is changed until it ends comes into ``changed``."""
        with self._lock:
            if not self._under_way:
                self._before = {name: read() for name, (read, _) in _SHARED.items()}
            self._under_way.append(changed)

    def end(self, changed: set[str]) -> None:
        """One ends: undo what was changed, by whichever of those under way."""
        with self._lock:
            for name, (read, write) in _SHARED.items():
                if read() != self._before[name]:
                    write(self._before[name])
                    for each in self._under_way:
                        each.add(name)
            self._under_way = [each for each in self._under_way if each is not changed]


_IMPORTS: Final = _Imports()


@contextmanager
def settings_kept() -> Iterator[set[str]]:
    """Put back, at the end of the block, what was changed in it; the set then holds the settings' names.

    Where several such blocks run at once, in threads, each has what was changed by any of them.
    """
    changed = set[str]()
    own = decimal.getcontext().copy()  # each thread has one
    _IMPORTS.begin(changed)
    try:
        yield changed
    finally:
        _IMPORTS.end(changed)
        if _shape(decimal.getcontext()) != _shape(own):
            changed.add("decimal-context")
        decimal.setcontext(own)


def _shape(context: decimal.Context) -> tuple[Any, ...]:
    return (*(getattr(context, name) for name in _OF_DECIMAL), dict(context.traps))


def setting_changes(directory: Path, changed: set[str]) -> list[SettingChange]:
    """Where the source in ``directory`` sets what was changed; sorted."""
    found = list[SettingChange]()
    for file in sorted(directory.rglob("*.py")) if changed else ():
        try:
            lines = read_file(file).splitlines()
        except DataFileInvalid:
            continue  # cannot be imported either
        name = str(file.relative_to(directory))
        found += [
            SettingChange(setting, name, number)
            for number, line in enumerate(lines, start=1)
            for setting in changed
            if _SETTERS[setting].search(line)
        ]
    return sorted(found)
