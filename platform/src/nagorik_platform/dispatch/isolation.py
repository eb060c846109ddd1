"""What a plugin's code may do to the event loop that it shares with the host and with other plugins' calls.

asyncio lets any task cancel all others and stop the loop, and lets ``SystemExit`` through a task and end the
process. On a ``GuardedEventLoop`` a plugin's code reaches its own call alone: what would end more than that is not
done, and is the plugin's fault. What it does cannot be interrupted; but it is known whose code runs, and for how long
it has held up everybody else's. Whatever stops the loop all the same, ``run_guarded`` runs it again.
"""

import asyncio
import math
import selectors
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from pathlib import Path
from types import AsyncGeneratorType
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple

from nagorik.errors import PluginFault
from nagorik_platform.dispatch.faults import log_fault
from nagorik_platform.dispatch.reconcile import fault_of
from nagorik_platform.dispatch.steps import LongestStep, LoopShare, StepAccount
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import PluginRecord
from nagorik_platform.tracebacks import frames_of, type_name

log: Final = get_logger("nagorik")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Ts = TypeVarTuple("Ts")

CANCELLED_OTHERS: Final = "cancelled-others"
STOPPED_LOOP: Final = "stopped-loop"
BLOCKED_LOOP: Final = "blocked-loop"
CHANGED_EXECUTOR: Final = "changed-executor"
GENERATOR: Final = "generator"
"""Stands in an operation's place for an asynchronous generator that is cleared away, whichever call had begun it."""
STARVED_OTHERS: Final = "starved-others"
"""Many short steps, which together leave too little of the event loop to others."""
CLOSING: Final = 10.0
"""Seconds in which what was left behind has to end once all is done."""
MOST_RESTARTS: Final = 10
"""How often a loop that something stopped, nobody knows what, is run again before the process ends."""


class SupportsFileno(Protocol):
    """What a loop can watch: it has a file descriptor."""

MOST_FILES: Final = 10_000
"""Files of code of which it is remembered whose they are; code that is made up as it runs names any number."""
SIGNALS_AGAIN: Final = 1.0
"""Seconds after which it is looked again whether a plugin handles any of the process's signals."""
STEPS_OF_A_CALL: Final = 3
"""How many of the longest steps that are allowed the short steps of one call may take together."""
    def fileno(self) -> int:
        """The descriptor."""
        ...


class LateFault(Protocol):
    """Is told of a fault of what a call left behind."""

    def __call__(self, fault: PluginFault, seconds: float | None = None) -> None:
        """``seconds`` is how long it blocked the event loop."""
        ...


class PluginCall:
    """A call of a plugin, as the context of all that its code starts.

    Attributes:
        record: The plugin.
        operation: What is called, by its name in the manifest.
        fault: What the plugin's code did while the call went on, and could not; it cannot be undone by catching.
        longest: The longest step of its code, in whatever tasks and callbacks it ran.
        longest_step: Seconds that a step of what it left behind may take at most, without being a fault.
        held: Seconds for which its code has held up the event loop, all its steps together.
    """

    __slots__ = (
        "_in_short_steps",
        "_is_over",
        "_late",
        "_left_behind",
        "_parent",
        "fault",
        "has_starved_others",
        "held",
        "longest",
        "longest_step",
        "operation",
        "record",
    )

    def __init__(
        self,
        record: PluginRecord,
        has_starved_others: Whether its steps were short, and so many that it is told as a fault already.
        operation: str,
        late: LateFault = log_fault,
        *,
        longest_step: float = math.inf,
    ) -> None:
        """Begin a call.

        Args:
            record: The plugin.
            operation: What is called.
            late: Is told of a fault of what the call left behind, after its end.
        left_behind: LoopShare | None = None,
            longest_step: Seconds that a step of what it left behind may take at most, without being a fault.
        """
        self.record = record
        self.operation = operation
        self.fault: PluginFault | None = None
        self.longest = LongestStep()
        self.held = 0.0
        self._late = late
            left_behind: Counts what the plugin's calls left behind, all together.
        self.longest_step = longest_step
        self._is_over = False
        self._parent = PLUGIN_CALL.get()

    def note(self, kind: str, error: BaseException | None = None) -> None:
        """The plugin's code did what would have ended more than its call."""
        self.has_starved_others = False
        self._in_short_steps = 0.0
        self._left_behind = left_behind or LoopShare()
        fault = fault_of(error, self.record, kind) if error is not None else PluginFault(kind, plugin=self.record.id)
        if self._is_over:
            self._late(fault)
        elif self.fault is None:
            self.fault = fault

    def charge(self, took: float, now: float) -> None:
        """A step of its code took so many seconds up to ``now``, in which nothing else could run."""
        self.held += took
        if not self._is_over:
            self.longest.note(took)
            if took <= self.longest_step:
                self._charge_short(took)
        elif took <= self.longest_step:
            held = self._left_behind.note(took, now)
            if held is not None:
                self._late(PluginFault(STARVED_OTHERS, plugin=self.record.id), held)
        elif (seconds := self.longest.net(took)) > self.longest_step:
            self._late(PluginFault(BLOCKED_LOOP, plugin=self.record.id), seconds)

    def end(self) -> None:
        """The call is over."""
        self._is_over = True

    def covers(self, other: "PluginCall | None") -> bool:
        """Whether ``other`` is this call, or a question that it has put to another plugin."""
        while other is not None and other is not self:
    def _charge_short(self, took: float) -> None:
        self._in_short_steps += took
        most = STEPS_OF_A_CALL * self.longest_step
        if self._in_short_steps <= most or self.has_starved_others:
            return
        held = self.longest.net_of_all(self._in_short_steps)
        if held > most:
            self.has_starved_others = True
            self._late(PluginFault(STARVED_OTHERS, plugin=self.record.id), held)

            other = other._parent
        return other is not None


PLUGIN_CALL: Final[ContextVar[PluginCall | None]] = ContextVar("PLUGIN_CALL", default=None)
"""The call whose code runs; ``None`` for the host's own."""


class TaskExited(Exception):
    """Stands in a task's end for ``SystemExit`` and ``KeyboardInterrupt``, which would end the process."""


class _ExitsContained(Coroutine[Any, Any, T_co]):
    """A coroutine that a plugin made a task of, which cannot end the process."""

    def __init__(self, inner: Coroutine[Any, Any, T_co], call: PluginCall) -> None:
        self._inner = inner
        self._call = call
        # By these the event loop names a task in what it logs.
        self.__name__ = type_name(inner)
        self.__qualname__ = self.__name__

    def send(self, value: Any, /) -> Any:
        try:
            return self._inner.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            self._call.note("raised", error)
        raise TaskExited

    def throw(self, *raised: Any) -> Any:
        try:
            return self._inner.throw(*raised)
        except (SystemExit, KeyboardInterrupt) as error:
            self._call.note("raised", error)
        raise TaskExited

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Any:
        return self._inner.__await__()


class GuardedTask(asyncio.Task[T_co]):
    """A task that the host may cancel, and of plugins' code only that of the call to which the task belongs.

    Attributes:
        call: The call, unless the task is the host's own.
    """

    call: PluginCall | None = None

    def cancel(self, msg: Any | None = None) -> bool:
        """As ``asyncio.Task.cancel``; nothing is done for a stranger, whose fault it is."""
        canceller = PLUGIN_CALL.get()
        if canceller is not None and not self.done() and not canceller.covers(self.call):
            canceller.note(CANCELLED_OTHERS)
            return False
        return super().cancel(msg)


class _Step:
    """A callback of a plugin's code, or a step of one of its tasks, which cannot end the process."""

    __slots__ = ("_account", "_call", "_callback")

    def __init__(self, account: StepAccount, call: PluginCall, callback: Callable[..., object]) -> None:
        self._account = account
        self._call = call
        self._callback = callback

    def __call__(self, *arguments: Any) -> None:
        before = self._account.switch(self._call)
        try:
            self._callback(*arguments)
        except (SystemExit, KeyboardInterrupt) as error:
            self._call.note("raised", error)
        finally:
            self._account.switch(before)


class _CountingSelector(selectors.DefaultSelector):
    """Tells a loop's account of its turns: a loop does nothing else between two of them."""

    account: StepAccount | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As for any selector."""
        if self.account is None:
            return super().select(timeout)
        return self.account.wait(super().select, timeout)


class GuardedEventLoop(asyncio.SelectorEventLoop):
    """An event loop that no plugin's code ends, neither for the host nor for another call.

    Attributes:
        account: Whose code runs, and for how long plugins' code has held up the loop so far.
    """

    def __init__(self) -> None:
        """Make one, whose tasks are each a ``GuardedTask``."""
        selector = _CountingSelector()
        super().__init__(selector)
        self.account = selector.account = StepAccount(self.time)
        self.set_task_factory(_guarded_task)
        self._executors: dict[str, ThreadPoolExecutor] = {}
        self._generators_of: dict[Path, tuple[PluginRecord, float]] = {}

    def run_forever(self) -> None:
        """As for any loop; it is known whose code runs when an asynchronous generator is cleared away."""
        self.call_soon(self._heed_generators)
        super().run_forever()

    def stop(self) -> None:
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        call = PLUGIN_CALL.get()
        if call is not None:
            call.note(STOPPED_LOOP)
        else:
            super().stop()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """As for any loop; a plugin's calls share threads of the plugin's own, and fill nobody else's."""
        call = PLUGIN_CALL.get()
        if executor is None and call is not None:
            name = call.record.id
            executor = self._executors.get(name)
            if executor is None:
                executor = self._executors[name] = ThreadPoolExecutor(thread_name_prefix=f"nagorik-plugin-{name}")
        return super().run_in_executor(executor, func, *args)

    def set_default_executor(self, executor: ThreadPoolExecutor) -> None:  # type: ignore[override]
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        call = PLUGIN_CALL.get()
        if call is not None:
            call.note(CHANGED_EXECUTOR)
        else:
            super().set_default_executor(executor)

    async def shutdown_default_executor(self, *args: Any) -> None:
        """As for any loop, with the plugins' threads; nothing is done for a plugin, whose fault it is."""
        call = PLUGIN_CALL.get()
        if call is not None:
            call.note(CHANGED_EXECUTOR)
            return
        left = list(self._executors.values())
        await asyncio.gather(*(asyncio.to_thread(executor.shutdown, cancel_futures=True) for executor in left))
        await super().shutdown_default_executor(*args)

    # Whatever runs on a loop was given to it by one of these.

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As for any loop; what a plugin's code calls is a step of its call."""
        return super().call_soon(self._step(callback, context), *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As ``call_soon``."""
        return super().call_soon_threadsafe(self._step(callback, context), *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As ``call_soon``."""
        return super().call_at(when, self._step(callback, context), *args, context=context)

    def add_reader(self, fd: int | SupportsFileno, callback: Callable[[*Ts], Any], *args: *Ts) -> None:
        """As ``call_soon``."""
        super().add_reader(fd, self._step(callback, None), *args)

    def add_writer(self, fd: int | SupportsFileno, callback: Callable[[*Ts], Any], *args: *Ts) -> None:
        """As ``call_soon``."""
        super().add_writer(fd, self._step(callback, None), *args)

    def _heed_generators(self) -> None:
        began, left = sys.get_asyncgen_hooks()

        def note_plugin(generator: AsyncGenerator[Any, Any]) -> None:
            call = PLUGIN_CALL.get()
            if call is not None and call.record.directory is not None:
                self._generators_of[call.record.directory] = call.record, call.longest_step
            if began is not None:
                began(generator)

        def clear_away(generator: AsyncGenerator[Any, Any]) -> None:
            # Nobody says in whose step the last reference to it was dropped.
            context = copy_context()
            context.run(PLUGIN_CALL.set, self._call_of(generator))
            if left is not None:
                context.run(left, generator)

        sys.set_asyncgen_hooks(note_plugin, clear_away)

    def _call_of(self, generator: AsyncGenerator[Any, Any]) -> PluginCall | None:
        """What a generator that is left is cleared away as; ``None`` for one of the host's."""
        file = Path(generator.ag_code.co_filename) if isinstance(generator, AsyncGeneratorType) else Path()
        for directory, (record, longest_step) in self._generators_of.items():
            if file.is_relative_to(directory):
                call = PluginCall(record, GENERATOR, longest_step=longest_step)
                call.end()
                return call
        return None

    def _step(self, callback: Any, context: Context | None) -> Any:
        call = PLUGIN_CALL.get() if context is None else context.get(PLUGIN_CALL)
        return callback if call is None else _Step(self.account, call, callback)


def _guarded_task(
    loop: asyncio.AbstractEventLoop, coroutine: Any, *, context: Context | None = None, **options: Any
) -> GuardedTask[Any]:
    call = context.get(PLUGIN_CALL) if context is not None else PLUGIN_CALL.get()
    if call is not None and asyncio.iscoroutine(coroutine):
        coroutine = _ExitsContained(coroutine, call)
    task: GuardedTask[Any] = GuardedTask(coroutine, loop=loop, context=context, **options)
    task.call = call
    return task


def call_on_step(loop: asyncio.AbstractEventLoop) -> PluginCall | None:
    """The call whose code ``loop`` runs at this moment; from any thread."""
    whose = loop.account.whose if isinstance(loop, GuardedEventLoop) else None
    return whose if isinstance(whose, PluginCall) else None


def run_as(call: PluginCall, code: Callable[[], T]) -> T:
    """What a plugin's code gives that needs no task, run at once as all there is to ``call``."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # an import's own thread
        loop = None
    context = copy_context()
    context.run(PLUGIN_CALL.set, call)
    try:
        if not isinstance(loop, GuardedEventLoop):
            return context.run(code)
        before = loop.account.switch(call)
        try:
            return context.run(code)
        finally:
            loop.account.switch(before)
    finally:
        call.end()


def held_by_others(call: PluginCall) -> Callable[[], float]:
    """Tells for how many seconds the running loop was held up so far, by whatever is not this call's code.

    Of a short step that runs at this moment nothing is told before it has ended, and of a loop that is not guarded
    nothing at all.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, GuardedEventLoop):
        return lambda: 0.0
    account = loop.account
    return lambda: max(account.held, account.stood()) - call.held


def run_guarded(
    main: Callable[[], Coroutine[Any, Any, T]], *, give_up: Callable[[T | None], object] | None = None
) -> T:
    """Run ``main`` to its end on a loop of its own, which is run again when something stops it.

    Args:
        main: What is run.
        give_up: Ends the process, from another thread, where the loop is not closed within ``CLOSING`` seconds after
            ``main`` has ended; it is given what ``main`` returned, if it did. A plugin's thread that hangs would be
            waited for without end.

    Raises:
        CancelledError: ``main`` was cancelled; or the loop was stopped too often, and it is cancelled for that.
        SystemExit, KeyboardInterrupt: ``main`` raised it.
    """
    runner = asyncio.Runner(loop_factory=GuardedEventLoop)
    result: T | None = None
    try:
        result = ended = _run_on(runner.get_loop(), main)
    finally:
        waiting = None if give_up is None else threading.Timer(CLOSING, give_up, (result,))
        if waiting is not None:
            waiting.daemon = True
            waiting.start()
        runner.close()
        if waiting is not None:
            waiting.cancel()
    return ended


def _run_on(loop: asyncio.AbstractEventLoop, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    task = loop.create_task(main())
    restarts = 0
    while True:
        try:
            return loop.run_until_complete(task)
        except (RuntimeError, SystemExit, KeyboardInterrupt) as stop:
            if task.done():
                raise
            _tell_stop(stop)
        restarts += 1
        if restarts > MOST_RESTARTS:
            raise asyncio.CancelledError


def _tell_stop(stop: BaseException) -> None:
    frames = list(frames_of(stop))
    # Of a loop that was stopped from outside of all tasks, the frames are asyncio's own and say nothing.
    where = None if isinstance(stop, RuntimeError) or not frames else f"{frames[-1].place}:{frames[-1].function}"
    log.error("event_loop_stopped", exception=type_name(stop), where=where)
