"""A plugin's import: off the event loop, once, and within a time that no import that hangs can stretch."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from nagorik_platform.registry import LoadedPlugin, Quarantine, QuarantineCode, Registry
from nagorik_platform.tracebacks import type_name

ImportResult = LoadedPlugin | Quarantine

AT_ONCE: Final = 4
"""Plugins that are imported side by side when many are to be; more would only wait for each other."""
LONGEST: Final = 10
"""The longest that an import may take in all, as a multiple of the seconds that it may stand still."""
_HINT: Final = "Ask its owner for a fixed version, install it and restart."


class PluginImporter:
    """Imports each plugin once, however many calls wait for it.

    A thread that hangs cannot be ended. So each import has a daemon thread of its own: one that never returns
    holds up neither the imports of other plugins nor the end of the process. Where an earlier platform of the same
    registry has imported it, nothing can hang, and no thread is begun.
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
            ended: Is called on the event loop after each import: the plugin, the result, the real seconds it took.
        """
        self._registry = registry
        self._seconds = seconds
        self._prepare = prepare
        self._ended = ended
        self._pending: dict[str, asyncio.Future[ImportResult]] = {}
        self._begun = 0

    def undisturbed(self) -> int | None:
        """How many imports were begun so far; ``None`` while one takes time of the interpreter from everybody."""
        return None if self._pending else self._begun

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
            self._begun += 1
            result = self._import(plugin)
            self._ended(plugin, result, 0.0)
            return result
        if plugin not in self._pending:
            pending = self._pending[plugin] = self._start(plugin)
            pending.add_done_callback(lambda _: self._pending.pop(plugin, None))
        # One caller's cancellation is not the others'.
        return await asyncio.shield(self._pending[plugin])

    def _start(self, plugin: str) -> "asyncio.Future[ImportResult]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ImportResult] = loop.create_future()
        started, ended = time.perf_counter(), threading.Event()
        self._begun += 1

        def end(result: ImportResult) -> None:
            if not future.done():
                self._ended(plugin, result, time.perf_counter() - started)
                future.set_result(result)

        def resolve(result: ImportResult) -> None:
            with suppress(RuntimeError):  # the loop is closed, and no call waits any more
                loop.call_soon_threadsafe(end, result)

        def work() -> None:
            result = self._import(plugin)
            ended.set()
            resolve(result)

        def watch() -> None:
            # The machine's time and not the loop's: a simulated clock does not know that an import is under way.
            for _ in range(LONGEST):
                loaded = len(sys.modules)
                if ended.wait(self._seconds):
                    return
                if len(sys.modules) == loaded:
                    break
            why = (
                f"did not get on with its import for {self._seconds:g} seconds, or for {LONGEST} times as long at all"
            )
            resolve(self._registry.quarantine(plugin, QuarantineCode.IMPORT_FAILED, why, _HINT))

        for target in (work, watch):
            threading.Thread(target=target, name=f"nagorik-import-{plugin}", daemon=True).start()
        return future

    def _import(self, plugin: str) -> ImportResult:
        try:
            result = self._registry.activate(plugin)
            if isinstance(result, LoadedPlugin):
                self._prepare(result)
                self._registry.note_prepared(result)
        except BaseException as error:  # noqa: BLE001 - in this thread even KeyboardInterrupt is the plugin's
            exits = not isinstance(error, Exception)
            code = QuarantineCode.IMPORT_EXITED if exits else QuarantineCode.IMPORT_FAILED
            return self._registry.quarantine(plugin, code, f"raised {type_name(error)} on import", _HINT)
        return result
