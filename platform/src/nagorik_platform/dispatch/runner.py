"""Running one hook: under a deadline that even a plugin which refuses to stop cannot break."""

import asyncio
import contextlib
import time
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Final

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer
from nagorik_platform.dispatch.isolation import GuardedEventLoop, held_by_others
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL, PluginCall
from nagorik_platform.dispatch.steps import LongestStep


class CallDeadline(Deadline):
    """The deadline of one call, closed when the call has ended.

    The agency's client asks it before everything that it sends. So a plugin that keeps its context, or leaves a task
    behind, sends nothing after its call, when nobody would account for the effect.

    It stands still while the call waits for what is not its plugin's to answer for, see ``stopped``. The time for
    which others' code holds up the event loop runs on: what is sent so late may be sent when the application is
    somebody else's. But the plugin does not answer for it, see ``excused``.
    """

    __slots__ = ("_closed", "_held", "_stops")

    _closed: bool
    _held: Callable[[], float]
    _stops: "_Stops"

    def __init__(self, clock: Clock, at: float) -> None:
        super().__init__(clock, at)
        object.__setattr__(self, "_closed", False)
        object.__setattr__(self, "_held", _not_held)
        object.__setattr__(self, "_stops", _Stops())

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "CallDeadline":
        """A deadline ``seconds`` from now on ``clock``."""
        return cls(clock, clock.monotonic() + seconds)

    def close(self) -> None:
        """The call has ended."""
        object.__setattr__(self, "_closed", True)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed.

        Raises:
            AgencyUnavailable: ``call-over``: the call has ended, by its deadline or before.
        """
        if self._closed:
            raise AgencyUnavailable(because="call-over", layer=Layer.PLUGIN)
        stops, now = self._stops, self.clock.monotonic()
        return max(0.0, self.at + stops.stood - (stops.since if stops.waiting else now))

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Let the deadline stand still within the block; of blocks that overlap, no time counts twice."""
        stops, loop = self._stops, asyncio.get_running_loop()
        if not stops.waiting:
            stops.since, stops.loop_since, stops.held_since = self.clock.monotonic(), loop.time(), self._held()
        stops.waiting += 1
        try:
            yield
        finally:
            stops.waiting -= 1
            if not stops.waiting:
                stops.stood += self.clock.monotonic() - stops.since
                stops.loop_stood += loop.time() - stops.loop_since
                stops.held += self._held() - stops.held_since

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still now."""
        return bool(self._stops.waiting)

    def heed(self, held: Callable[[], float]) -> None:
        """Excuse, from now on, what ``held`` tells: seconds for which others have held up the loop."""
        before = held()
        object.__setattr__(self, "_held", lambda: held() - before)

    def excused(self) -> float:
        """Seconds of the loop's time so far that are not the plugin's: it stood still, or others held up the loop."""
        stops, held = self._stops, self._held()
        if not stops.waiting:
            return stops.loop_stood + held - stops.held
        # Of the time for which it stands still, none counts twice.
        return stops.loop_stood + asyncio.get_running_loop().time() - stops.loop_since + stops.held_since - stops.held


def _not_held() -> float:
    return 0.0


@dataclass(slots=True)
class _Stops:
    """For how long a deadline stood still, by the call's clock and by the loop's, and the loop was held meanwhile."""

    waiting: int = 0
    since: float = 0.0
    stood: float = 0.0
    loop_since: float = 0.0
    loop_stood: float = 0.0
    held_since: float = 0.0
    held: float = 0.0


GRACE: Final = 0.5
"""Seconds of the loop's time that a hook has beyond its deadline, in which the client's own errors arrive."""
MOMENT: Final = 0.05
"""Seconds after which it is looked again whether a deadline that stands still goes on."""
CANCEL_GRACE: Final = 1.0
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
class TimedOut:
    """The hook did not end in time. ``abandoned`` says that it did not even end when it was cancelled."""

    abandoned: bool


HookEnd = Returned | Raised | TimedOut


class HookStepper:
    """Runs one hook step by step, a step being what it does between two waits."""

    __slots__ = ("_abandoned", "_longest")

    def __init__(self, longest: LongestStep) -> None:
        """Note in ``longest`` how long steps take: a step cannot be interrupted, only measured."""
        self._longest = longest
        self._abandoned = False

    def abandon(self) -> None:
        """Never run another step of the hook, whatever it waits for."""
        self._abandoned = True

    async def run(self, start: Start) -> HookEnd:
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
                self._longest.note(clock() - began)
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
        self._running: set[asyncio.Task[HookEnd]] = set()
        self._strays: set[asyncio.Task[HookEnd]] = set()

    async def run(self, start: Start, deadline: CallDeadline, call: PluginCall) -> tuple[HookEnd, float]:
        """Run a hook until its deadline and the grace; its end, and the seconds of its longest step.

        All that its code starts is in the context of ``call``, which ends with the hook.

        Nothing can be sent under ``deadline`` any more when this returns or raises. If the caller is cancelled, the
        hook is cancelled with it and awaited for as long as a stubborn hook is.

        While other calls' code holds up the loop, the hook is waited for longer by as much. Its deadline is not: what
        it sends, it sends by then. So it ends as it may, and what it could not send is no fault of its plugin.
        """
        stepper = HookStepper(call.longest)
        deadline.heed(held_by_others(call))
        context = copy_context()
        context.run(PLUGIN_CALL.set, call)
        loop = asyncio.get_running_loop()
        if isinstance(loop, GuardedEventLoop):
            loop.note_call(call)
        task = loop.create_task(stepper.run(start), context=context)
        self._running.add(task)
        try:
            in_time = await _wait_out(task, deadline.remaining() + GRACE, deadline)
            deadline.close()
            if in_time:
                # A hook that cancels its own task and waits for nothing more returns into a task that is cancelled.
                end = task.result() if not task.cancelled() else Raised(asyncio.CancelledError())
                return end, call.longest.seconds
            return TimedOut(abandoned=not await self._stop(task, stepper, deadline)), call.longest.seconds
        except asyncio.CancelledError:
            deadline.close()
            await self._stop(task, stepper, deadline)
            raise
        finally:
            self._running.discard(task)
            if isinstance(loop, GuardedEventLoop):
                loop.check_signals(call)
            call.end()

    async def drain(self) -> None:
        """Wait until no hook is running; each ends by its own deadline."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def _stop(self, task: "asyncio.Task[HookEnd]", stepper: HookStepper, deadline: CallDeadline) -> bool:
        """Cancel a hook; whether it ends within its time. One that does not is not run any further.

        What it has started as tasks of its own runs on: nothing in asyncio can stop a task that will not stop.
        """
        if not task.done():
            task.cancel()
            try:
                if await _wait_out(task, CANCEL_GRACE, deadline):
                    return True
            finally:
                if not task.done():
                    stepper.abandon()
                    task.cancel()
                    self._strays.add(task)
                    task.add_done_callback(self._strays.discard)
            return False
        return True


async def _wait_out(task: "asyncio.Task[HookEnd]", seconds: float, deadline: CallDeadline) -> bool:
    """Whether ``task`` ends within ``seconds`` of the loop's time, those left out that ``deadline`` excuses."""
    loop = asyncio.get_running_loop()
    # What others held up is added to the end, and not to the moment at which it is found out: by then the hook's own
    # code may have taken far more than it had.
    end = loop.time() + seconds - deadline.excused()
    while not await _wait(task, seconds):
        seconds = end + deadline.excused() - loop.time()
        if deadline.is_stopped:
            seconds = max(seconds, MOMENT)
        elif seconds <= 0:
            return False
    return True


async def _wait(task: "asyncio.Task[HookEnd]", seconds: float) -> bool:
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
