"""Refusing plugins' code what would change the process for everybody in it: its resource limits and its directory.

Python tells its audit hooks (PEP 578) of both before they happen, on the stack of whoever asks, in any thread. So it
is known whose code it is, nothing has to be put back, and no step of a plugin's pays for a look at what it left. A
hook cannot be taken off again, and tells of no other change: the umask, and how nice the process is, are not watched.
"""

import os
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final, Protocol
from weakref import ref

CHANGED_PROCESS: Final = "changed-process"
_EVENTS: Final = frozenset({"resource.setrlimit", "resource.prlimit", "os.chdir"})


class ProcessChangeRefused(PermissionError):
    """A plugin's code would have changed the process for everybody in it; nothing was changed."""


class PluginWatch(Protocol):
    """Knows plugins' code when it runs."""

    def refuses(self, fault: str, frame: FrameType | None) -> bool:
        """Whether a plugin asks, whose ``fault`` it is then; ``frame`` is where."""
        ...


_LOCK: Final = threading.Lock()
_WATCHES: Final[dict[int, tuple["ref[PluginWatch]", ...]]] = {}
"""By process: what a child that was forked does to itself, such as before it becomes another program, is its own."""


def refuse_process_changes(watch: PluginWatch) -> None:
    """From now on refuse to whoever ``watch`` knows for a plugin what would change this process.

    For as long as there is ``watch``, of which only a weak reference is kept.
    """
    with _LOCK:
        if not _WATCHES:
            sys.addaudithook(_heed)
        own = os.getpid()
        # Another tuple each time: whoever reads one needs no lock, which a child might be forked with.
        _WATCHES[own] = (*(one for one in _WATCHES.get(own, ()) if one() is not None), ref(watch))


def _heed(event: str, arguments: Sequence[Any]) -> None:
    # Told of whatever Python audits: nearly always it is none of these.
    if event not in _EVENTS or (event == "resource.prlimit" and arguments[2] is None):
        return
    watches = [watch for one in _WATCHES.get(os.getpid(), ()) if (watch := one()) is not None]
    if any(watch.refuses(CHANGED_PROCESS, sys._getframe(1)) for watch in watches):
        raise ProcessChangeRefused("a plugin's code may not change its process's limits or directory")
