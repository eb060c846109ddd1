"""Running one hook: under a deadline that even a plugin which refuses to stop cannot break."""

import asyncio
import contextlib
import time
import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Final

from nagorik.platform.call_deadline import CallDeadline

GRACE: Final = 0.5
"""Seconds of the loop's time that a hook has beyond its deadline, in which the client's own errors arrive."""
STUBBORN: Final = 1.0
"""Seconds that a cancelled hook has to end before it is abandoned."""

Start = Callable[[], Coroutine[Any, Any, object]]
"""Makes a hook's coroutine; a plugin's own code, like the coroutine itself."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The hook returned this."""

    value: object


@dataclass(frozen=True, slots=True)
class Raised:
    """The hook raised this, whatever it is: even an attempt to end the process is only a plugin's fault."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Overran:
    """The hook did not end in time. ``abandoned`` says that it did not even end when it was cancelled."""

    abandoned: bool


End = Returned | Raised | Overran


class Drive:
    """Runs one hook step by step, a step being what it does between two waits.

    Attributes:
        longest_step: Seconds of the longest step so far, in which nothing else in the process could run. A step
            cannot be interrupted, only measured.
    """

    __slots__ = ("_abandoned", "longest_step")

    def __init__(self) -> None:
        self.longest_step = 0.0
        self._abandoned = False

    def abandon(self) -> None:
        """Never run another step of the hook, whatever it waits for."""
        self._abandoned = True

    async def to_end(self, start: Start) -> End:
        """The hook's end as a value: an event loop would let ``SystemExit`` through a task and end the host."""
        try:
            return Returned(await self._steps(start()))
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and the host goes on
            return Raised(error)

    @types.coroutine
    def _steps(self, hook: Coroutine[Any, Any, object]) -> Generator[Any, Any, object]:
        clock = time.perf_counter
        step: Callable[[Any], Any] = hook.send
        given: object = None
        while True:
            began = clock()
            try:
                awaited = step(given)
            except StopIteration as end:
                return end.value
            finally:
                self.longest_step = max(self.longest_step, clock() - began)
            try:
                given = yield awaited
                step = hook.send
            except GeneratorExit:
                hook.close()
                raise
            except BaseException as thrown:  # noqa: BLE001 - handed on to the hook
                given, step = thrown, hook.throw
            if self._abandoned:
                with contextlib.suppress(BaseException):
                    hook.close()
                return None


class Runner:
    """Runs hooks as tasks of their own, so that a caller's time is never a plugin's to spend."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[End]] = set()
        self._strays: set[asyncio.Task[End]] = set()

    async def run(self, start: Start, deadline: CallDeadline) -> tuple[End, float]:
        """Run a hook until its deadline and the grace; its end, and the seconds of its longest step.

        Nothing can be sent under ``deadline`` any more when this returns or raises. If the caller is cancelled, the
        hook is cancelled with it and awaited for as long as a stubborn hook is.
        """
        drive = Drive()
        task = asyncio.get_running_loop().create_task(drive.to_end(start))
        self._running.add(task)
        try:
            in_time = await _wait(task, deadline.remaining() + GRACE)
            deadline.close()
            if in_time:
                return task.result(), drive.longest_step
            return Overran(abandoned=not await self._stop(task, drive)), drive.longest_step
        except asyncio.CancelledError:
            deadline.close()
            await self._stop(task, drive)
            raise
        finally:
            self._running.discard(task)

    async def drain(self) -> None:
        """Wait until no hook is running; each ends by its own deadline."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def _stop(self, task: "asyncio.Task[End]", drive: Drive) -> bool:
        """Cancel a hook; whether it ends within its time. One that does not is not run any further.

        What it has started as tasks of its own runs on: nothing in asyncio can stop a task that will not stop.
        """
        if not task.done():
            task.cancel()
            try:
                if await _wait(task, STUBBORN):
                    return True
            finally:
                if not task.done():
                    drive.abandon()
                    task.cancel()
                    self._strays.add(task)
                    task.add_done_callback(self._strays.discard)
            return False
        return True


async def _wait(task: "asyncio.Task[End]", seconds: float) -> bool:
    """Whether ``task`` ends within ``seconds`` of the loop's time. Costs a third of ``asyncio.wait``."""
    if task.done():
        return True
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    alarm = loop.call_later(seconds, wake)
    task.add_done_callback(wake)
    try:
        await waiter
    finally:
        alarm.cancel()
        task.remove_done_callback(wake)
    return task.done()
