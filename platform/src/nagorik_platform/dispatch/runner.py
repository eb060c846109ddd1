"""Running one hook: under a deadline that even a plugin which refuses to stop cannot break."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias, cast

from nagorik.clock import Deadline
from nagorik.errors import AgencyUnavailable, Layer, PluginFault
from nagorik_platform.dispatch.plugin_call import CANCEL_GRACE, PLUGIN_CALL, PluginCall, begin_task

GRACE: Final = 0.5
"""Seconds of the loop's time that a hook has beyond its deadline, in which the client's own errors arrive."""
_EAGERLY: Final[dict[str, Any]] = {"eager_start": True} if sys.version_info >= (3, 12) else {}


@dataclass(frozen=True, slots=True)
class CallDeadline(Deadline):
    """The deadline of one call, closed when the call has ended.

    The agency's client asks it before everything that it sends. So a plugin that keeps its context, or leaves a task
    behind, sends nothing after its call, when the effect would not be accounted for.
    """

    _is_closed: bool = field(default=False, init=False)

    def close(self) -> None:
        """End the call: nothing is sent any more."""
        object.__setattr__(self, "_is_closed", True)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed.

        Raises:
            AgencyUnavailable: ``call-over``: the call has ended, by its deadline or before.
        """
        if self._is_closed:
            raise AgencyUnavailable(because="call-over", layer=Layer.PLUGIN)
        return max(0.0, self.at - self.clock.monotonic())


class HookEnd(NamedTuple):
    """How a hook ended.

    Attributes:
        value: What it returned.
        error: What it raised, even an attempt to end the process; or the fault of not having ended in time.
    """

    value: object = None
    error: BaseException | None = None


_Start: TypeAlias = Callable[[], Coroutine[Any, Any, object]]
_Ended: TypeAlias = asyncio.Future[HookEnd | None]


class Runner:
    """Runs hooks as tasks of their own, so that a caller's time is never a plugin's to spend."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, start: _Start, deadline: CallDeadline, call: PluginCall) -> HookEnd:
        """Run the hook that ``start`` makes, as ``call``, until its deadline and the grace.

        Nothing can be sent under ``deadline`` any more when this returns or raises. If the caller is cancelled, the
        hook is cancelled with it and awaited for as long as a stubborn hook is.
        """
        loop = asyncio.get_running_loop()
        if loop.get_task_factory() is None:
            loop.set_task_factory(cast("Any", begin_task))
        context = copy_context()
        context.run(PLUGIN_CALL.set, call)
        ended: _Ended = loop.create_future()
        hook = _run_hook(start, call, ended)
        if loop.get_task_factory() is begin_task:
            # On Python 3.12 and later its first step runs at once, and still not as the caller's.
            task = asyncio.Task(hook, loop=loop, context=context, **_EAGERLY)
        else:
            task = loop.create_task(hook, context=context)
        self._tasks.add(task)
        # The grace begins as the deadline is noticed: where other code has held the loop up, the client's own errors
        # come first.
        timer = loop.call_later(deadline.remaining(), loop.call_later, GRACE, _settle, ended, None)
        try:
            end = await ended
        finally:
            timer.cancel()
            deadline.close()
            try:
                if not task.done():
                    await _stop(task, call)
            finally:
                self._tasks.discard(task)
                call.end()
        if call.fault is None and end is not None:
            return end
        late = PluginFault("abandoned" if call.is_abandoned else "deadline", plugin=call.record.id)
        return HookEnd(error=call.fault or late)

    async def drain(self) -> None:
        """Wait until no hook is running; each ends by its own deadline."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))


async def _run_hook(start: _Start, call: PluginCall, ended: _Ended) -> None:
    """Run a hook to its end, which is kept even if the hook has cancelled its own task."""
    try:
        end = HookEnd(await call.run_all(call.run(start)))
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and the host goes on
        end = HookEnd(error=error)
    _settle(ended, end)


def _settle(ended: _Ended, end: HookEnd | None) -> None:
    if not ended.done():
        ended.set_result(end)


async def _stop(task: asyncio.Task[None], call: PluginCall) -> None:
    """Cancel a hook; if it does not end within its time, run no further step of it."""
    task.cancel()
    try:
        await asyncio.wait({task}, timeout=CANCEL_GRACE)
    finally:
        if not task.done():
            call.abandon()
            task.cancel()
