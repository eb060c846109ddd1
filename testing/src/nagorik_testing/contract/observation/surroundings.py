"""Making a process one of a host's, and letting it be heard what a plugin's code does there.

What has no audit event is replaced by something that tells and does the same: sleeping, the end of the process, the
environment, the standard streams.
"""

import atexit
import io
import logging
import os
import pkgutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import DistributionFinder
from pathlib import Path
from typing import Any, Final

import nagorik
import nagorik_toolkit
from nagorik_platform.logs import configure_logging
from nagorik_platform.system_clock import SystemClock
from nagorik_testing.contract.observation.audit import PluginActKind, ProcessWatch

KIT: Final = frozenset({"nagorik_testing", "pytest", "_pytest", "respx", "hypothesis"})
"""What a host has not installed, and a plugin could know a test by."""
KIT_DISTRIBUTIONS: Final = frozenset({"nagorik-testing", "pytest", "respx", "hypothesis"})
WRITES: Final = "writes to a standard stream"


def hide_kit() -> None:
    """Let nothing of the kit be found: no module, no distribution."""
    for name in [name for name in sys.modules if name.partition(".")[0] in KIT]:
        del sys.modules[name]
    sys.meta_path[:] = [_hiding(finder) for finder in sys.meta_path]
    main: Any = sys.modules["__main__"]
    vars(main).pop("main", None)
    sys.argv[:] = ["nagorik"]
    sys.orig_argv[:] = [sys.executable]


def _hiding(finder: Any) -> Any:
    class Hiding(DistributionFinder):
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            return None if name.partition(".")[0] in KIT else finder.find_spec(name, path, target)

        def find_distributions(self, *context: Any, **named: Any) -> Iterator[Any]:
            find = getattr(finder, "find_distributions", None)
            for found in find(*context, **named) if find is not None else ():
                if found.metadata["Name"].lower() not in KIT_DISTRIBUTIONS:
                    yield found

        def invalidate_caches(self) -> None:
            getattr(finder, "invalidate_caches", lambda: None)()

    return Hiding()


def tell_callers_time() -> None:
    """Let the platform's clock, whose type is a host's, tell the time of whoever calls."""
    kind: Any = SystemClock

    def now(clock: Any) -> datetime:
        told: datetime = clock.instant + timedelta(seconds=clock.passed - clock.passed_before)
        return told

    async def sleep(clock: Any, seconds: float) -> None:
        clock.passed += seconds
        await clock.wait(seconds)

    kind.instant = datetime.fromtimestamp(0, UTC)
    kind.passed = kind.passed_before = 0.0
    kind.now = now
    kind.monotonic = lambda clock: now(clock).timestamp()
    kind.sleep = sleep


_BETWEEN: Final = frozenset(
    (logging.__file__, warnings.__file__, os.__file__, "<frozen os>", "<frozen _collections_abc>")
)
"""Files between the plugin's code and what it calls, when it writes a line or reads the environment."""


class _WatchedStream(io.TextIOWrapper):
    """A standard stream that knows who writes to it."""

    watch: ProcessWatch

    def write(self, text: str) -> int:
        place = self.watch.place()
        if place is not None:
            self.watch.note(PluginActKind.OUTPUT, f"{WRITES} at {place}")
        return super().write(text)


class _WatchedLog(logging.Handler):
    """Hears every line of the standard library's logging, of which the text is nothing to it."""

    def __init__(self, watch: ProcessWatch) -> None:
        super().__init__(logging.NOTSET)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - who writes it is what matters
        place = self._watch.own_place(_BETWEEN)
        if place is not None:
            self._watch.note(PluginActKind.OUTPUT, f"logs past context.log at {place}")


def watch_output(watch: ProcessWatch) -> None:
    """Let what is written to the standard streams, logged or warned of be heard and go nowhere."""
    nowhere = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the process lives
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        os.dup2(nowhere.fileno(), descriptor)
        stream = _WatchedStream(os.fdopen(descriptor, "wb", closefd=False), encoding="utf-8", write_through=True)
        stream.watch = watch
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    configure_logging(level="CRITICAL", stream=io.StringIO())
    logging.getLogger().addHandler(_WatchedLog(watch))
    logging.getLogger().setLevel(1)
    warnings.simplefilter("always")

    def show(*_: object, **__: object) -> None:
        place = watch.own_place(_BETWEEN)
        if place is not None:
            watch.note(PluginActKind.OUTPUT, f"warns at {place}")

    warnings.showwarning = show


def watch_environment(watch: ProcessWatch, own: str) -> None:
    """Let it be heard which variables the plugin's code reads; those that begin with ``own`` are its own."""
    import pydantic_settings

    folder = Path(pydantic_settings.__file__).parent
    past = _BETWEEN | {str(file) for file in folder.rglob("*.py")}

    class _Environ(os._Environ[str]):
        def __getitem__(self, name: Any) -> Any:
            if not str(name).upper().startswith(own):
                place = watch.own_place(past)
                if place is not None:
                    watch.note(
                        PluginActKind.ENVIRONMENT, f"reads an environment variable that is not its own at {place}"
                    )
            return super().__getitem__(name)

        def __iter__(self) -> Any:
            place = watch.own_place(past)
            if place is not None:
                watch.note(PluginActKind.ENVIRONMENT, f"reads the whole environment at {place}")
            return super().__iter__()

    os.environ.__class__ = _Environ


def watch_sleep(watch: ProcessWatch) -> None:
    """Let it be heard for how long the plugin's code sleeps, in whatever thread."""
    usual = time.sleep

    def sleep(seconds: float) -> None:
        place = watch.place()
        if place is not None:
            watch.note(PluginActKind.WAIT, f"sleeps by the machine's clock at {place}", float(seconds))
        usual(seconds)

    time.sleep = sleep  # type: ignore[assignment]


def watch_end(watch: ProcessWatch) -> None:
    """Let it be heard what the plugin's code leaves to be done when the process ends."""
    usual: Any = atexit.register

    def register(*given: Any, **named: Any) -> Any:
        place = watch.own_place(frozenset())
        if place is not None:
            watch.note(PluginActKind.LEFT, f"leaves something to be done at the end of the process at {place}")
        return usual(*given, **named)

    atexit.register = register


def load_libraries() -> None:
    """Import what a plugin may import of the libraries, so that they are known before it changes them."""
    for package in (nagorik, nagorik_toolkit):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with suppress(ImportError):  # an extra that is not installed
                import_module(found.name)
    for name in ("httpcore", "nagorik_platform.agency_client.client", "nagorik_platform.dispatch.dispatcher"):
        import_module(name)
