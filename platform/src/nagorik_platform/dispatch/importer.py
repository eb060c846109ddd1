"""A plugin's first use: imported off the event loop, within a time that no import can stretch."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from nagorik_platform.registry import LoadedPlugin, LoadingFailed, Quarantine, QuarantineCode, Registry

ImportResult = LoadedPlugin | Quarantine

_HINT = "Ask its owner for a fixed version, install it and restart."


class PluginImporter:
    """Imports each plugin once, however many calls wait for it.

    A thread that hangs cannot be ended. So each import has a daemon thread of its own: one that never returns
    holds up neither the imports of other plugins nor the end of the process.
    """

    def __init__(self, registry: Registry, seconds: float, prepare: Callable[[LoadedPlugin], None]) -> None:
        """``prepare`` does what else blocks, in the same thread; it raises nothing."""
        self._registry = registry
        self._seconds = seconds
        self._prepare = prepare
        self._pending: dict[str, asyncio.Future[ImportResult]] = {}

    async def load(self, plugin: str) -> ImportResult:
        """The plugin imported and prepared, or why it may not be called.

        Raises:
            KeyError: No such plugin is installed.
        """
        pending = self._pending.get(plugin)
        if pending is None:
            pending = self._pending[plugin] = self._start(plugin)
            pending.add_done_callback(lambda _: self._pending.pop(plugin, None))
        # One caller's cancellation is not the others'.
        return await asyncio.shield(pending)

    def _start(self, plugin: str) -> "asyncio.Future[ImportResult]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ImportResult] = loop.create_future()

        def end(result: ImportResult) -> None:
            if not future.done():
                future.set_result(result)

        def resolve(result: ImportResult) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(end, result)

        # The machine's time and not the loop's: a simulated clock does not know that an import is under way.
        alarm = threading.Timer(self._seconds, lambda: resolve(self._too_slow(plugin)))
        alarm.daemon = True

        def work() -> None:
            result = self._import(plugin)
            alarm.cancel()
            resolve(result)

        threading.Thread(target=work, name=f"nagorik-import-{plugin}", daemon=True).start()
        alarm.start()
        return future

    def _import(self, plugin: str) -> ImportResult:
        try:
            result = self._registry.activate(plugin)
            if isinstance(result, LoadedPlugin):
                self._prepare(result)
        except LoadingFailed as failed:
            return failed.quarantines[0]
        except BaseException as error:  # noqa: BLE001 - in this thread even KeyboardInterrupt is the plugin's
            exits = not isinstance(error, Exception)
            code = QuarantineCode.IMPORT_EXITED if exits else QuarantineCode.IMPORT_FAILED
            return self._registry.quarantine(plugin, code, f"raised {type(error).__name__} on import", _HINT)
        return result

    def _too_slow(self, plugin: str) -> Quarantine:
        why = f"was not imported within {self._seconds:g} seconds"
        return self._registry.quarantine(plugin, QuarantineCode.IMPORT_FAILED, why, _HINT)
