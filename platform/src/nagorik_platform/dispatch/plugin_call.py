"""A plugin's code as the platform runs it: step by step, each measured, and without ending the process.

A step runs between two waits. It cannot be interrupted, only measured: one that blocks the event loop is a fault of
its plugin. Bare callbacks and threads of a plugin are not followed.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context, ContextVar
from types import coroutine
from typing import Any, Final, TypeVar

from nagorik.errors import PluginFault
from nagorik_platform.dispatch.reconcile import fault_of
from nagorik_platform.registry import PluginRecord

T = TypeVar("T")

CANCEL_GRACE: Final = 1.0
"""Seconds of the loop's time that cancelled code of a plugin has to end; after that it is never run again."""


class ExitContained(Exception):
    """Stands in for ``SystemExit`` and ``KeyboardInterrupt``, which would end the process."""


class PluginCall:
    """A call of a plugin, as the context of all that its code starts.

    Attributes:
        record: The plugin.
        operation: What is called, by its name in the manifest.
        fault: An attempt of the plugin's code to end the process, which it cannot undo by catching.
        longest_step: Seconds of the longest step so far, in all of its tasks.
        is_abandoned: Whether no further step of its code is to run.
    """

    __slots__ = ("_tasks", "fault", "is_abandoned", "longest_step", "operation", "record")

    def __init__(self, record: PluginRecord, operation: str) -> None:
        """Begin a call."""
        self.record = record
        self.operation = operation
        self.fault: PluginFault | None = None
        self.longest_step = 0.0
        self.is_abandoned = False
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, step: Callable[..., T], *given: Any) -> T:
        """Run code of the plugin up to its next wait, or to its end.

        Raises:
            ExitContained: The code would have ended the process; that is the call's ``fault``.
        """
        began = time.perf_counter()
        try:
            return step(*given)
        except (SystemExit, KeyboardInterrupt) as error:
            self.fault = self.fault or fault_of(error, self.record)
        finally:
            self.longest_step = max(self.longest_step, time.perf_counter() - began)
        raise ExitContained

    @coroutine
    def run_all(self, code: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Run a coroutine of the plugin to its end.

        Raises:
            CancelledError: The call is abandoned.
        """
        step: Callable[[Any], Any] = code.send
        given: Any = None
        while not self.is_abandoned:
            try:
                awaited = self.run(step, given)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                given, step = (yield awaited), code.send
            except BaseException as thrown:  # noqa: BLE001 - handed on to the code that waits
                given, step = thrown, code.throw
        with suppress(BaseException):
            self.run(code.close)
        raise asyncio.CancelledError

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Note a task that the call's code has begun."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> bool:
        """Cancel the tasks that the call's code has left, if any; one that does not end is given up."""
        leaves_tasks = bool(self._tasks)
        if leaves_tasks:
            self._cancel_all()
            asyncio.get_running_loop().call_later(CANCEL_GRACE, self.abandon)
        return leaves_tasks

    def abandon(self) -> None:
        """Run no further step of the call's code, in any of its tasks."""
        self.is_abandoned = True
        self._cancel_all()

    def _cancel_all(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()


PLUGIN_CALL: Final[ContextVar[PluginCall | None]] = ContextVar("PLUGIN_CALL", default=None)
"""The call whose code runs; ``None`` for the host's own."""


def begin_task(
    loop: asyncio.AbstractEventLoop, code: Coroutine[Any, Any, T], *, context: Context | None = None, **options: Any
) -> asyncio.Task[T]:
    """Begin a task, as an event loop's task factory: what a plugin's code begins is part of its call."""
    call = PLUGIN_CALL.get() if context is None else context.get(PLUGIN_CALL)
    if call is None:
        return asyncio.Task(code, loop=loop, context=context, **options)
    task = asyncio.Task(_as_part(call, code), loop=loop, context=context, **options)
    # One that was cancelled before its first step was never awaited, and Python warns of that.
    task.add_done_callback(lambda _: code.close())
    call.keep(task)
    return task


async def _as_part(call: PluginCall, code: Coroutine[Any, Any, T]) -> T:
    return await call.run_all(code)
