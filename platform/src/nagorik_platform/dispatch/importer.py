"""A plugin's import: off the event loop, once, and within a time that no import that hangs can stretch."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from nagorik_platform.registry import LoadedPlugin, Quarantine, QuarantineCode, Registry
from nagorik_platform.tracebacks import type_name

ImportResult = LoadedPlugin | Quarantine

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
        """Import what ``registry`` holds."""
        self._registry = registry
        self._seconds = seconds
        self._prepare = prepare
        self._ended = ended
        self._pending: dict[str, asyncio.Future[ImportResult]] = {}

    async def load_all(self, plugins: Sequence[str]) -> dict[str, ImportResult]:
        """``load`` for several, side by side."""
        return dict(zip(plugins, await asyncio.gather(*map(self.load, plugins)), strict=True))

    async def load(self, plugin: str) -> ImportResult:
        """Import and prepare a plugin, or find why it may not be called.

        Raises:
            KeyError: No such plugin is installed.
        """
        if self._registry.is_prepared(plugin):
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
        started, results = time.perf_counter(), list[ImportResult]()

        def end(result: ImportResult) -> None:
            if not future.done():
                self._ended(plugin, result, time.perf_counter() - started)
                future.set_result(result)

        def watch() -> None:
            name = f"nagorik-import-{plugin}"
            work = threading.Thread(target=lambda: results.append(self._import(plugin)), name=name, daemon=True)
            work.start()
            work.join(self._seconds)
            if not results:
                why = f"did not end its import within {self._seconds:g} seconds"
                results.append(self._registry.quarantine(plugin, QuarantineCode.IMPORT_FAILED, why, _HINT))
            with suppress(RuntimeError):  # the loop is closed, and no call waits any more
                loop.call_soon_threadsafe(end, results[0])

        # The machine's time and not the loop's: a simulated clock does not know that an import is under way.
        threading.Thread(target=watch, daemon=True).start()
        return future

    def _import(self, plugin: str) -> ImportResult:
        try:
            result = self._registry.activate(plugin)
            if isinstance(result, LoadedPlugin):
                self._prepare(result)
                self._registry.note_prepared(result)
        except BaseException as error:  # noqa: BLE001 - in this thread even KeyboardInterrupt is the plugin's
            code = QuarantineCode.IMPORT_FAILED if isinstance(error, Exception) else QuarantineCode.IMPORT_EXITED
            return self._registry.quarantine(plugin, code, f"raised {type_name(error)} on import", _HINT)
        return result
