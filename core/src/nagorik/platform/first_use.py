"""A plugin's first use: imported off the event loop, within a time that no import can stretch."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from nagorik.loading import LoadedPlugin, LoadingFailed, Quarantine, QuarantineCode, Registry

Made = LoadedPlugin | Quarantine

_HINT = "Ask its owner for a fixed version, install it and restart."


class FirstUse:
    """Imports each plugin once, however many calls wait for it.

    A thread that hangs cannot be ended. So each import has a daemon thread of its own: one that never returns
    holds up neither the imports of other plugins nor the end of the process.
    """

    def __init__(self, registry: Registry, seconds: float, prepare: Callable[[LoadedPlugin], None]) -> None:
        """``prepare`` does what else blocks, in the same thread; it raises nothing."""
        self._registry = registry
        self._seconds = seconds
        self._prepare = prepare
        self._pending: dict[str, asyncio.Future[Made]] = {}

    async def of(self, plugin: str) -> Made:
        """The plugin imported and prepared, or why it may not be called.

        Raises:
            KeyError: No such plugin is installed.
        """
        pending = self._pending.get(plugin)
        if pending is None:
            pending = self._pending[plugin] = self._begin(plugin)
            pending.add_done_callback(lambda _: self._pending.pop(plugin, None))
        # One caller's cancellation is not the others'.
        return await asyncio.shield(pending)

    def _begin(self, plugin: str) -> "asyncio.Future[Made]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Made] = loop.create_future()

        def end(made: Made) -> None:
            if not future.done():
                future.set_result(made)

        def tell(made: Made) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(end, made)

        # The machine's time and not the loop's: a simulated clock does not know that an import is under way.
        alarm = threading.Timer(self._seconds, lambda: tell(self._too_slow(plugin)))
        alarm.daemon = True

        def work() -> None:
            made = self._make(plugin)
            alarm.cancel()
            tell(made)

        threading.Thread(target=work, name=f"nagorik-import-{plugin}", daemon=True).start()
        alarm.start()
        return future

    def _make(self, plugin: str) -> Made:
        try:
            made = self._registry.activate(plugin)
            if isinstance(made, LoadedPlugin):
                self._prepare(made)
        except LoadingFailed as failed:
            return failed.quarantines[0]
        except BaseException as error:  # noqa: BLE001 - in this thread even KeyboardInterrupt is the plugin's
            exits = not isinstance(error, Exception)
            code = QuarantineCode.IMPORT_EXITED if exits else QuarantineCode.IMPORT_FAILED
            return self._registry.quarantine(plugin, code, f"raised {type(error).__name__} on import", _HINT)
        return made

    def _too_slow(self, plugin: str) -> Quarantine:
        why = f"was not imported within {self._seconds:g} seconds"
        return self._registry.quarantine(plugin, QuarantineCode.IMPORT_FAILED, why, _HINT)
