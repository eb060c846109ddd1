"""Whose code does what, as the interpreter itself tells it: files, sockets, processes, other code's insides.

Python's audit events cannot be taken back, so there is one hook in a process, and it looks up one word and returns
while nothing is watched. Nothing is refused, and of what is done only the kind and the place in the plugin's code are
kept: a path or an address may name a citizen.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, Final, NamedTuple


class PluginActKind(StrEnum):
    """What an act is about."""

    FILE = "file"
    NETWORK = "network"
    PROCESS = "process"
    INTERPRETER = "interpreter"
    ENVIRONMENT = "environment"
    OUTPUT = "output"
    LEFT = "left"
    SETTING = "setting"
    PATCH = "patch"
    RETAINED = "retained"
    CARRIED = "carried"
    FOREIGN = "foreign"
    WAIT = "wait"
    BLOCK = "block"


class PluginAct(NamedTuple):
    """One thing that a plugin's code did."""

    kind: PluginActKind
    what: str
    """In English, without anything that it was done with."""
    seconds: float = 0.0
    """How long it took, where that is what matters."""


class CodeOwner(StrEnum):
    """Whose code it is."""

    PLUGIN = "plugin"
    PLATFORM = "platform"


ACTING: Final[ContextVar[CodeOwner | None]] = ContextVar("ACTING", default=None)
"""Who has started what runs now, where no frame of its stack says so."""
ELSEWHERE: Final = "a thread or a callback of its own"
"""Stands for the place of what is done where no frame is the plugin's, in what the plugin has started."""

_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "os.listdir": "lists a folder",
        "os.scandir": "lists a folder",
        "os.mkdir": "makes a folder",
        "os.rename": "renames a file",
        "os.remove": "removes a file",
        "os.rmdir": "removes a folder",
        "os.link": "links a file",
        "os.symlink": "links a file",
        "os.truncate": "shortens a file",
        "os.chmod": "changes a file's rights",
        "os.chown": "changes a file's owner",
        "os.utime": "changes a file's times",
        "os.mkfifo": "makes a pipe",
        "sqlite3.connect": "opens a database",
        "tempfile.mkstemp": "makes a temporary file",
        "tempfile.mkdtemp": "makes a temporary folder",
    }
)
_READING: Final = frozenset({"os.listdir", "os.scandir"})
_NETWORK: Final = frozenset({"socket", "http", "urllib", "smtplib", "ftplib", "imaplib", "poplib", "nntplib"})
"""Modules whose events are all of the network."""
_PROCESSES: Final = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.kill",
        "os.killpg",
        "pty.spawn",
        "signal.pthread_kill",
    }
)
_INTERPRETER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gc.get_objects": "looks through all objects of the process",
        "gc.get_referrers": "looks through all objects of the process",
        "sys._current_frames": "looks into other threads",
        "sys.settrace": "traces what others run",
        "sys.setprofile": "traces what others run",
        "sys.addaudithook": "listens to what others do",
        "sys.monitoring.register_callback": "traces what others run",
    }
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CALLBACK: Final = asyncio.Handle._run.__code__
"""Below it on a stack is the event loop, which runs everybody's code."""


class ProcessWatch:
    """Keeps what a plugin's code does, from ``begin`` to ``take``."""

    def __init__(
        self, plugin: Path, platform: Sequence[Path], *, readable: Sequence[str], foreign: Sequence[str]
    ) -> None:
        """Watch nothing yet.

        Args:
            plugin: The folder of the plugin's package.
            platform: Folders whose code stands between the plugin and the world, and answers for itself.
            readable: Folders that any code may read, such as those of libraries.
            foreign: Folders in these that are another plugin's.
        """
        self._plugin = _prefixes([plugin])
        self._platform = _prefixes(platform)
        self._readable = (*self._plugin, *_prefixes([Path(folder) for folder in readable]))
        self._foreign = _prefixes([Path(folder) for folder in foreign])
        self._owners: dict[str, CodeOwner | None] = {}
        self._acts: list[PluginAct] = []
        self._is_watching = False
        sys.addaudithook(self._heard)

    def begin(self) -> None:
        """Watch from now on."""
        self._is_watching = True

    def take(self) -> list[PluginAct]:
        """What was done since the last time, and watch no longer."""
        self._is_watching = False
        taken, self._acts = self._acts, []
        return list(dict.fromkeys(taken))

    def note(self, kind: PluginActKind, what: str, seconds: float = 0.0) -> None:
        """Keep what another observer saw; told whether or not anything is watched."""
        self._acts.append(PluginAct(kind, what, seconds))

    def owner_of(self, file: str) -> CodeOwner | None:
        """Whose code lies in a file; ``None`` for a library's and for what lies in none."""
        if file not in self._owners:
            path = f"{file}{os.sep}"
            self._owners[file] = (
                CodeOwner.PLUGIN
                if path.startswith(self._plugin)
                else CodeOwner.PLATFORM
                if path.startswith(self._platform)
                else None
            )
        return self._owners[file]

    def place(self) -> str | None:
        """Where in the plugin's code this is done, or ``None`` where it is not its doing.

        The innermost code that is either the plugin's or the platform's answers for it; what the import system does
        for an ``import`` is nobody's.
        """
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            owner = self.owner_of(code.co_filename)
            if owner is CodeOwner.PLUGIN:
                return _named(frame)
            if owner is CodeOwner.PLATFORM or code.co_filename.startswith("<frozen importlib"):
                # The watch itself is the kit's, and called by those who look on.
                if frame.f_code.co_filename not in _OBSERVERS:
                    return None
            elif code is _CALLBACK:
                break
            frame = frame.f_back
        return ELSEWHERE if ACTING.get() is CodeOwner.PLUGIN or (frame is None and _is_strange_thread()) else None

    def own_place(self, past: frozenset[str]) -> str | None:
        """Where the plugin's code itself calls this, files of ``past`` left out between; ``None`` if another's."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and (frame.f_code.co_filename in past or frame.f_code.co_filename in _OBSERVERS):
            frame = frame.f_back
        if frame is None or self.owner_of(frame.f_code.co_filename) is not CodeOwner.PLUGIN:
            return None
        return _named(frame)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_watching:
            return
        if event == "open":
            self._opened(*arguments)
        elif event in _FILES:
            self._handled(event, arguments)
        elif event in _INTERPRETER:
            self._at(PluginActKind.INTERPRETER, _INTERPRETER[event])
        elif event in _PROCESSES:
            self._at(PluginActKind.PROCESS, f"starts or signals a process ({event})")
        else:
            module = event.partition(".")[0]
            if module in _NETWORK:
                self._at(PluginActKind.NETWORK, f"uses the network by itself ({event})")
            elif module == "ctypes":
                self._at(PluginActKind.INTERPRETER, "calls into the machine's own libraries (ctypes)")

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        place = self.place()
        if place is None:
            return
        writes = bool(flags & _WRITING) if mode is None else bool(set(mode) & set("wax+"))
        if writes or not self._may_be_read(path):
            self.note(
                PluginActKind.FILE, f"{'writes a file' if writes else 'reads a file that is not its own'} at {place}"
            )

    def _handled(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0] if arguments else ""
        place = self.place()
        if place is None or (event == "sqlite3.connect" and path == ":memory:"):
            return
        if event not in _READING or not self._may_be_read(path if path is not None else os.curdir):
            self.note(PluginActKind.FILE, f"{_FILES[event]} at {place}")

    def _may_be_read(self, path: Any) -> bool:
        try:
            full = f"{Path(os.fsdecode(path)).resolve()}{os.sep}"
        except (TypeError, ValueError, OSError):
            return False
        if full.startswith(self._plugin):
            return True
        return full.startswith(self._readable) and not full.startswith(self._foreign)

    def _at(self, kind: PluginActKind, what: str) -> None:
        place = self.place()
        if place is not None:
            self.note(kind, f"{what} at {place}")


_OBSERVERS: Final = frozenset(
    str(Path(__file__).with_name(f"{name}.py")) for name in ("audit", "host_process", "surroundings")
)
"""Files of those who look on, which stand between the plugin's code and the watch."""


def _prefixes(folders: Sequence[Path]) -> tuple[str, ...]:
    """Each folder, as it is named and as it is, to begin a path with."""
    named = (str(form) for folder in folders for form in (folder.absolute(), folder.resolve()))
    return tuple(dict.fromkeys(f"{name}{os.sep}" for name in named))


def _named(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _is_strange_thread() -> bool:
    """Whether this is a thread of which no frame says who has started it."""
    import threading

    return threading.current_thread() is not threading.main_thread()
