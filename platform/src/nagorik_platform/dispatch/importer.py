"""A plugin's import: off the event loop, once, and within a time that no import that hangs can stretch."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from nagorik_platform.registry import LoadedPlugin, LoadingFailed, Quarantine, QuarantineCode, Registry
from nagorik_platform.tracebacks import type_name

ImportResult = LoadedPlugin | Quarantine

AT_ONCE: Final = 4
"""Plugins that are imported side by side when many are to be; more would only wait for each other."""

_LOOKS: Final = 10
"""How often it is looked whether an import gets on, within the seconds that it may stand still."""
_LONGEST: Final = 10
"""The longest that an import may take in all, as a multiple of the seconds that it may stand still."""
_HINT: Final = "Ask its owner for a fixed version, install it and restart."


class PluginImporter:
    """Imports each plugin once, however many calls wait for it.

    A thread that hangs cannot be ended. So each import has a daemon thread of its own: one that never returns
    holds up neither the imports of other plugins nor the end of the process. Where an earlier platform of the same
    registry has imported it, nothing can hang, and no thread is begun.

    Attributes:
        begun: How many imports were begun so far.
    """

    def __init__(
        self,
        registry: Registry,
        seconds: float,
        prepare: Callable[[LoadedPlugin], None] = lambda _: None,
        ended: Callable[[str, ImportResult, float], None] = lambda *_: None,
    ) -> None:
        """Import what ``registry`` holds.

        Args:
            registry: Knows the plugins.
            seconds: Real seconds, above zero, that an import may stand still before its plugin is quarantined. It
                stands still while no further module comes into the process: on a slow disk, or where several are
                imported at once and wait for each other's locks, an import takes longer than that and gets on.
            prepare: Does what else blocks, in the same thread; it raises nothing.
            ended: Hears of each import on the event loop: the plugin, what came of it, and the real seconds it took.
        """
        self._registry = registry
        self._seconds = seconds
        self._prepare = prepare
        self._ended = ended
        self._pending: dict[str, asyncio.Future[ImportResult]] = {}
        self.begun = 0

    @property
    def is_busy(self) -> bool:
        """Whether an import is under way, which takes time of the interpreter from everybody."""
        return bool(self._pending)

    async def load_all(self, plugins: Iterable[str]) -> dict[str, ImportResult]:
        """``load`` for several, a few at a time; a call that needs one of them meanwhile does not queue for it.

        Raises:
            KeyError: One is not installed.
        """
        places = asyncio.Semaphore(AT_ONCE)

        async def one(plugin: str) -> tuple[str, ImportResult]:
            async with places:
                return plugin, await self.load(plugin)

        return dict(await asyncio.gather(*map(one, plugins)))

    async def load(self, plugin: str) -> ImportResult:
        """The plugin imported and prepared, or why it may not be called.

        Raises:
            KeyError: No such plugin is installed.
        """
        if self._registry.is_prepared(plugin):
            started = time.perf_counter()
            self.begun += 1
            result = self._import(plugin)
            self._ended(plugin, result, time.perf_counter() - started)
            return result
        pending = self._pending.get(plugin)
        if pending is None:
            pending = self._pending[plugin] = self._start(plugin)
            pending.add_done_callback(lambda _: self._pending.pop(plugin, None))
        # One caller's cancellation is not the others'.
        return await asyncio.shield(pending)

    def _start(self, plugin: str) -> "asyncio.Future[ImportResult]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ImportResult] = loop.create_future()
        self.begun += 1
        started = time.perf_counter()

        def end(result: ImportResult) -> None:
            if not future.done():
                self._ended(plugin, result, time.perf_counter() - started)
                future.set_result(result)

        def resolve(result: ImportResult) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(end, result)

        ended = threading.Event()

        def watch() -> None:
            # The machine's time and not the loop's: a simulated clock does not know that an import is under way.
            loaded, moved = len(sys.modules), time.perf_counter()
            while not ended.wait(self._seconds / _LOOKS):
                now = time.perf_counter()
                if loaded != len(sys.modules):
                    loaded, moved = len(sys.modules), now
                if now - moved >= self._seconds:
                    resolve(self._too_slow(plugin, f"did not get on with its import for {self._seconds:g} seconds"))
                    return
                if now - started >= self._seconds * _LONGEST:
                    resolve(self._too_slow(plugin, f"was not imported within {self._seconds * _LONGEST:g} seconds"))
                    return

        def work() -> None:
            result = self._import(plugin)
            ended.set()
            resolve(result)

        threading.Thread(target=work, name=f"nagorik-import-{plugin}", daemon=True).start()
        threading.Thread(target=watch, name=f"nagorik-import-{plugin}-watch", daemon=True).start()
        return future

    def _import(self, plugin: str) -> ImportResult:
        try:
            result = self._registry.activate(plugin)
            if isinstance(result, LoadedPlugin):
                self._prepare(result)
                self._registry.note_prepared(result)
        except LoadingFailed as failed:
            return failed.quarantines[0]
        except BaseException as error:  # noqa: BLE001 - in this thread even KeyboardInterrupt is the plugin's
            exits = not isinstance(error, Exception)
            code = QuarantineCode.IMPORT_EXITED if exits else QuarantineCode.IMPORT_FAILED
            return self._registry.quarantine(plugin, code, f"raised {type_name(error)} on import", _HINT)
        return result

    def _too_slow(self, plugin: str, why: str) -> Quarantine:
        return self._registry.quarantine(plugin, QuarantineCode.IMPORT_FAILED, why, _HINT)
