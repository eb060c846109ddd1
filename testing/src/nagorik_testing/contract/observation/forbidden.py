"""What a plugin's code may not do to its process: one table, and one watch that hears of it.

Most of it Python's own audit events report. For the rest a function, the standard streams and the environment are
replaced by what reports and does the same. Nothing is refused. Of what is done, its row and the place in the plugin's
code are kept and no value: a path or an address may name a citizen.
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
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, BinaryIO, Final, cast

import pydantic_settings

from nagorik_platform.dispatch import plugin_call
from nagorik_platform.logs import configure_logging

LONGEST_WAIT: Final = 0.05
"""Real seconds that a call may wait by the machine's clock; giving up a turn is no wait."""
WRITES: Final = "writes to a standard stream"
LOGS: Final = "logs past context.log"
ELSEWHERE: Final = "a thread or a callback of its own"
"""Stands for the place of what is done where no frame is the plugin's, in what the plugin has started."""

FORBIDDEN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "writes a file": ("open to write",),
        "reads a file that is not its own": ("open to read",),
        "lists a folder": ("os.listdir", "os.scandir"),
        "removes a file or a folder": ("os.remove", "os.rmdir"),
        "makes a folder, a link or a pipe": ("os.mkdir", "os.link", "os.symlink", "os.mkfifo"),
        "renames or changes a file": ("os.rename", "os.truncate", "os.chmod", "os.chown", "os.utime"),
        "makes a temporary file or folder": ("tempfile",),
        "opens a database": ("sqlite3.connect",),
        "uses the network by itself ({event})": (
            *("socket", "http", "urllib", "smtplib", "ftplib", "imaplib", "poplib", "nntplib"),
        ),
        "starts or signals a process ({event})": (
            *("subprocess", "pty", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"),
            *("os.startfile", "os.kill", "os.killpg", "signal.pthread_kill"),
        ),
        "calls into the machine's own libraries (ctypes)": ("ctypes",),
        "looks through all objects of the process": ("gc.get_objects", "gc.get_referrers"),
        "looks into other threads": ("sys._current_frames",),
        "traces what others run": ("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"),
        "listens to what others do": ("sys.addaudithook",),
    }
)
"""What is not done, by the audit events that report it, or the modules that they are of."""
READABLE: Final = frozenset({"open to read", "os.listdir", "os.scandir"})
"""Events that are allowed in a folder that any code may read. A database is allowed in memory."""

_BY_EVENT: Final = MappingProxyType({event: what for what, events in FORBIDDEN.items() for event in events})
_OBSERVERS: Final = str(Path(__file__).parent) + os.sep
_TRANSPARENT: Final = (_OBSERVERS, str(plugin_call.__file__))
"""Files whose code stands on the stack of everything, and does nothing by itself."""
_BETWEEN: Final = (
    *(_OBSERVERS, logging.__file__, warnings.__file__, os.__file__, "<frozen os>", "<frozen _collections_abc>"),
    str(Path(pydantic_settings.__file__).parent) + os.sep,
)
"""Files between the plugin's code and what it calls, when it warns or reads the environment."""
_CALLBACK: Final = asyncio.Handle._run.__code__
"""Below it on a stack is the event loop, which runs everybody's code."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ProcessWatch:
    """Keeps what a plugin's code does; an audit hook cannot be taken back.

    Attributes:
        acts: What was done, in order: the check that forbids it, and in English when and what.
        where: When it is done, as far as no call of the plugin is known.
        offer: What is called.
    """

    def __init__(
        self, plugin: Path, others: Sequence[Path | str], *, readable: Sequence[str], foreign: Sequence[str]
    ) -> None:
        """Watch from now on.

        Args:
            plugin: The folder of the plugin's package.
            others: Files and folders whose code stands between the plugin and the world, and answers for itself.
            readable: Folders that any code may read, such as those of libraries.
            foreign: Folders in these that are another plugin's.
        """
        self.acts: dict[tuple[str, str, str], None] = {}
        self.where, self.offer = "the import", ""
        self._plugin, self._others = _prefixes([plugin]), (*_prefixes(others), "<frozen importlib")
        self._readable, self._foreign = _prefixes(readable), _prefixes(foreign)
        sys.addaudithook(self._heard)

    def note(self, check: str, what: str) -> None:
        """Keep what was seen, in the call that it belongs to, as far as that is known."""
        call = plugin_call.PLUGIN_CALL.get()
        where = self.where if call is None else f"{call.operation} of {self.offer}"
        self.acts[f"process/{check}", where, what] = None

    def note_here(self, check: str, what: str, *, direct: bool = False) -> None:
        """Keep what is done just now, if it is the plugin's doing; see ``place``."""
        if (place := self.place(direct=direct)) is not None:
            self.note(check, f"{what} at {place}")

    def is_of_plugin(self, frame: FrameType) -> bool:
        """Return whether a frame runs the plugin's own code."""
        file = frame.f_code.co_filename
        return file.startswith(self._plugin) and not file.startswith(self._others)

    def place(self, *, direct: bool = False) -> str | None:
        """Return where in the plugin's code this is done, or ``None`` where it is not its doing.

        The innermost code that is either the plugin's or the platform's answers for it; what the import system does
        is not its doing. Where it is ``direct``, no code of a library stands between.
        """
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not _CALLBACK:
            file = frame.f_code.co_filename
            if self.is_of_plugin(frame):
                return f"{Path(file).name}:{frame.f_lineno}"
            if file.startswith(self._others) and not file.startswith(_TRANSPARENT):
                return None
            if direct and not file.startswith(_BETWEEN):
                return None
            frame = frame.f_back
        is_strange_thread = frame is None and threading.current_thread() is not threading.main_thread()
        return ELSEWHERE if plugin_call.PLUGIN_CALL.get() is not None or is_strange_thread else None

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = given
            writes = flags & _WRITING if mode is None else set(mode) & set("wax+")
            event = "" if isinstance(path, int) else "open to write" if writes else "open to read"
        what = _BY_EVENT.get(event) or _BY_EVENT.get(event.partition(".")[0])
        if what is not None and (place := self.place()) is not None and not self._allows(event, *given[:1]):
            self.note("reach", f"{what.replace('{event}', event)} at {place}")

    def _allows(self, event: str, path: Any = None) -> bool:
        if event not in READABLE:
            return event == "sqlite3.connect" and path == ":memory:"
        try:
            full = f"{Path(os.fsdecode(os.curdir if path is None else path)).resolve()}{os.sep}"
        except (TypeError, ValueError, OSError):
            return False
        readable = full.startswith(self._readable) and not full.startswith(self._foreign)
        return readable or full.startswith(self._plugin)


def _prefixes(places: Sequence[Path | str]) -> tuple[str, ...]:
    """Each file or folder, as it is named and as it is, to begin a path with."""
    forms = [form for place in places for form in (Path(place).absolute(), Path(place).resolve())]
    return tuple(dict.fromkeys(str(form) if form.suffix == ".py" else f"{form}{os.sep}" for form in forms))


# What no audit event reports


def listen(watch: ProcessWatch, own: str) -> None:
    """Let it be heard what is written, logged, slept, left for the end, and read of the environment.

    Variables whose names begin with ``own`` are the plugin's own. What is written goes nowhere.
    """
    _listen_to_streams(watch)
    warnings.simplefilter("always")
    warnings.showwarning = lambda *_, **__: watch.note_here("output", "warns", direct=True)
    end = "leaves something to be done at the end of the process"
    before(atexit, "register", lambda *_, **__: watch.note_here("as-found", end, direct=True))

    def sleeps(seconds: float) -> None:
        if seconds >= LONGEST_WAIT:
            watch.note_here("waits", f"sleeps for {seconds:.2f} seconds by the machine's clock")

    before(time, "sleep", sleeps)

    class Environ(os._Environ[str]):
        def __getitem__(self, name: Any) -> Any:
            if not str(name).upper().startswith(own):
                watch.note_here("reach", "reads an environment variable that is not its own", direct=True)
            return super().__getitem__(name)

        def __iter__(self) -> Any:
            watch.note_here("reach", "reads the whole environment", direct=True)
            return super().__iter__()

    os.environ.__class__ = Environ


def before(holder: Any, name: str, report: Callable[..., None]) -> None:
    """Have ``report`` called with what a function or a method is given, before that itself."""
    usual = getattr(holder, name)

    def reported(*given: Any, **named: Any) -> Any:
        report(*given, **named)
        return usual(*given, **named)

    setattr(holder, name, reported)


class _WatchedStream(io.TextIOWrapper):
    watch: ProcessWatch
    what = WRITES

    def write(self, text: str) -> int:
        self.watch.note_here("output", self.what, direct=self.what == LOGS)
        return super().write(text)


def _listen_to_streams(watch: ProcessWatch) -> None:
    def watched(raw: io.BufferedIOBase) -> _WatchedStream:
        stream = _WatchedStream(cast("BinaryIO", raw), encoding="utf-8", write_through=True)
        stream.watch = watch
        return stream

    nowhere = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the process lives
    for descriptor in (1, 2):
        os.dup2(nowhere.fileno(), descriptor)
    sys.stdout = sys.__stdout__ = watched(os.fdopen(1, "wb", closefd=False))  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = watched(os.fdopen(2, "wb", closefd=False))  # type: ignore[misc]
    configure_logging(level="CRITICAL", stream=io.StringIO())
    logs = watched(io.BytesIO())
    logs.what = LOGS
    logging.getLogger().addHandler(logging.StreamHandler(logs))
    logging.getLogger().setLevel(1)
