"""What a plugin's code may not do to its process: one table, and who listens for it.

Most of it Python's own audit events report. For the rest a function, the standard streams and the environment are
replaced by what reports and does the same. Nothing is refused, and of what is done only its row and the place in the
plugin's code are kept: a path or an address may name a citizen.
"""

import asyncio
import atexit
import io
import logging
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, Final, NamedTuple

from nagorik_platform.logs import configure_logging

LONGEST_WAIT: Final = 0.05
"""Real seconds that a call may wait by the machine's clock; one that gives up its turn waits for none."""
WRITES: Final = "writes to a standard stream"
LOGS: Final = "logs past context.log"

ObservedAct = tuple[str, str]
"""The check that forbids it, and what was done, in English."""


ACTING: Final[ContextVar[bool]] = ContextVar("ACTING", default=False)
"""Whether the plugin has started what runs now, where no frame of its stack says so."""
_ELSEWHERE: Final = "a thread or a callback of its own"
"""Stands for the place of what is done where no frame is the plugin's, in what the plugin has started."""
_OBSERVERS: Final = str(Path(__file__).parent) + os.sep
"""Where the code of those who look on lies, which stands between the plugin's and the watch."""
_CALLBACK: Final = asyncio.Handle._run.__code__
"""Below it on a stack is the event loop, which runs everybody's code."""
_BETWEEN: Final = frozenset(
    (logging.__file__, warnings.__file__, os.__file__, "<frozen os>", "<frozen _collections_abc>")
)
"""Files between the plugin's code and what it calls, when it writes a line or reads the environment."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class PermittedUse(StrEnum):
    """What of an event is no harm."""

    NOTHING = "nothing"
    READABLE = "what lies in a folder that any code may read"
    IN_MEMORY = "what lies in memory"


class Forbidden(NamedTuple):
    """One row: what is not done, the check that says so, and the audit events or modules that report it."""

    check: str
    what: str
    events: tuple[str, ...]
    allowed: PermittedUse = PermittedUse.NOTHING


FORBIDDEN: Final = (
    Forbidden("files", "writes a file", ("open to write",)),
    Forbidden("files", "reads a file that is not its own", ("open to read",), PermittedUse.READABLE),
    Forbidden("files", "lists a folder", ("os.listdir", "os.scandir"), PermittedUse.READABLE),
    Forbidden("files", "makes a folder", ("os.mkdir",)),
    Forbidden("files", "renames a file", ("os.rename",)),
    Forbidden("files", "removes a file or a folder", ("os.remove", "os.rmdir")),
    Forbidden("files", "links a file", ("os.link", "os.symlink")),
    Forbidden("files", "shortens a file", ("os.truncate",)),
    Forbidden("files", "changes a file's rights, owner or times", ("os.chmod", "os.chown", "os.utime")),
    Forbidden("files", "makes a pipe", ("os.mkfifo",)),
    Forbidden("files", "makes a temporary file or folder", ("tempfile",)),
    Forbidden("files", "opens a database", ("sqlite3.connect",), PermittedUse.IN_MEMORY),
    Forbidden(
        "network",
        "uses the network by itself ({event})",
        ("socket", "http", "urllib", "smtplib", "ftplib", "imaplib", "poplib", "nntplib"),
    ),
    Forbidden(
        "subprocesses",
        "starts or signals a process ({event})",
        ("subprocess", "pty", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"),
    ),
    Forbidden(
        "subprocesses",
        "starts or signals a process ({event})",
        ("os.startfile", "os.kill", "os.killpg", "signal.pthread_kill"),
    ),
    Forbidden("interpreter", "calls into the machine's own libraries (ctypes)", ("ctypes",)),
    Forbidden("interpreter", "looks through all objects of the process", ("gc.get_objects", "gc.get_referrers")),
    Forbidden("interpreter", "looks into other threads", ("sys._current_frames",)),
    Forbidden(
        "interpreter",
        "traces what others run",
        ("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"),
    ),
    Forbidden("interpreter", "listens to what others do", ("sys.addaudithook",)),
)
_BY_EVENT: Final[Mapping[str, Forbidden]] = MappingProxyType(
    {event: row for row in FORBIDDEN for event in row.events}
)


class ProcessWatch:
    """Keeps what a plugin's code does, from ``begin`` to ``take``; an audit hook cannot be taken back."""

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
        self._others = (*_prefixes(platform), "<frozen importlib")
        self._readable = _prefixes(readable)
        self._foreign = _prefixes(foreign)
        self._acts: dict[ObservedAct, None] = {}
        self._is_watching = False
        sys.addaudithook(self._heard)

    def begin(self) -> None:
        """Watch from now on."""
        self._is_watching = True

    def take(self) -> list[ObservedAct]:
        """What was done since the last time, and watch no longer."""
        self._is_watching = False
        taken, self._acts = self._acts, {}
        return list(taken)

    def note(self, check: str, what: str) -> None:
        """Keep what another observer saw, whether or not anything is watched."""
        self._acts[check, what] = None

    def note_here(
        self, check: str, what: str, past: frozenset[str] | None = None, *, allowed: Callable[[], bool] | None = None
    ) -> None:
        """Keep what is done just now, if it is the plugin's doing.

        Args:
            check: The check that forbids it.
            what: What is done.
            past: Files between it and the plugin's code, which has to call it itself; if ``None``, any may be.
            allowed: Whether it is no harm, asked if it is the plugin's doing.
        """
        place = self.place() if past is None else self._own_place(past)
        if place is not None and not (allowed is not None and allowed()):
            self.note(check, f"{what} at {place}")

    def is_of_plugin(self, frame: FrameType) -> bool:
        """Whether a frame runs the plugin's own code."""
        return frame.f_code.co_filename.startswith(self._plugin)

    def place(self) -> str | None:
        """Where in the plugin's code this is done, or ``None`` where it is not its doing.

        The innermost code that is either the plugin's or the platform's answers for it; what the import system does
        for an ``import`` is nobody's.
        """
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if self.is_of_plugin(frame):
                return _named(frame)
            file = frame.f_code.co_filename
            if file.startswith(self._others) and not file.startswith(_OBSERVERS):
                return None
            if frame.f_code is _CALLBACK:
                break
            frame = frame.f_back
        is_strange_thread = frame is None and threading.current_thread() is not threading.main_thread()
        return _ELSEWHERE if ACTING.get() or is_strange_thread else None

    def _own_place(self, past: frozenset[str]) -> str | None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and (
            frame.f_code.co_filename in past or frame.f_code.co_filename.startswith(_OBSERVERS)
        ):
            frame = frame.f_back
        return _named(frame) if frame is not None and self.is_of_plugin(frame) else None

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        if not self._is_watching:
            return
        if event == "open":
            path, mode, flags = given
            if isinstance(path, int):
                return
            writes = bool(flags & _WRITING) if mode is None else bool(set(mode) & set("wax+"))
            event = "open to write" if writes else "open to read"
        row = _BY_EVENT.get(event) or _BY_EVENT.get(event.partition(".")[0])
        if row is not None:
            self.note_here(
                row.check, row.what.replace("{event}", event), allowed=lambda: self._allows(row.allowed, *given[:1])
            )

    def _allows(self, allowed: PermittedUse, path: Any = None) -> bool:
        if allowed is not PermittedUse.READABLE:
            return allowed is PermittedUse.IN_MEMORY and path == ":memory:"
        try:
            full = f"{Path(os.fsdecode(os.curdir if path is None else path)).resolve()}{os.sep}"
        except (TypeError, ValueError, OSError):
            return False
        return full.startswith(self._plugin) or (
            full.startswith(self._readable) and not full.startswith(self._foreign)
        )


def _prefixes(folders: Sequence[Path | str]) -> tuple[str, ...]:
    """Each folder, as it is named and as it is, to begin a path with."""
    named = (str(form) for folder in folders for form in (Path(folder).absolute(), Path(folder).resolve()))
    return tuple(dict.fromkeys(f"{name}{os.sep}" for name in named))


def _named(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


# What no audit event reports


def listen(watch: ProcessWatch, environment: str) -> None:
    """Let it be heard what is written, slept, left for the end, and read of the environment.

    Variables whose names begin with ``environment`` are the plugin's own. What is written goes nowhere.
    """
    _listen_to_streams(watch)
    warnings.simplefilter("always")
    warnings.showwarning = lambda *_, **__: watch.note_here("output", "warns", _BETWEEN)
    end = "leaves something to be done at the end of the process"
    _before(atexit, "register", lambda *_, **__: watch.note_here("left-behind", end, frozenset()))

    def sleeps(seconds: float) -> None:
        if seconds >= LONGEST_WAIT:
            watch.note_here("waits", f"sleeps for {seconds:.2f} seconds by the machine's clock")

    _before(time, "sleep", sleeps)
    _listen_to_environment(watch, environment)


def _before(holder: Any, name: str, report: Callable[..., None]) -> None:
    usual = getattr(holder, name)

    def reported(*given: Any, **named: Any) -> Any:
        report(*given, **named)
        return usual(*given, **named)

    setattr(holder, name, reported)


class _WatchedStream(io.TextIOWrapper):
    watch: ProcessWatch

    def write(self, text: str) -> int:
        self.watch.note_here("output", WRITES)
        return super().write(text)


class _WatchedLog(logging.Handler):
    """Hears every line of the standard library's logging, of which the text is nothing to it."""

    watch: ProcessWatch

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - who writes it is what matters
        self.watch.note_here("output", LOGS, _BETWEEN)


def _listen_to_streams(watch: ProcessWatch) -> None:
    nowhere = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the process lives
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        os.dup2(nowhere.fileno(), descriptor)
        stream = _WatchedStream(os.fdopen(descriptor, "wb", closefd=False), encoding="utf-8", write_through=True)
        stream.watch = watch
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    configure_logging(level="CRITICAL", stream=io.StringIO())
    log = _WatchedLog(logging.NOTSET)
    log.watch = watch
    logging.getLogger().addHandler(log)
    logging.getLogger().setLevel(1)


def _listen_to_environment(watch: ProcessWatch, own: str) -> None:
    import pydantic_settings

    past = _BETWEEN | {str(file) for file in Path(pydantic_settings.__file__).parent.rglob("*.py")}

    class _Environ(os._Environ[str]):
        def __getitem__(self, name: Any) -> Any:
            if not str(name).upper().startswith(own):
                watch.note_here("environment", "reads an environment variable that is not its own", past)
            return super().__getitem__(name)

        def __iter__(self) -> Any:
            watch.note_here("environment", "reads the whole environment", past)
            return super().__iter__()

    os.environ.__class__ = _Environ
