"""Running one hook: under a deadline that even a plugin which refuses to stop cannot break."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

GRACE: Final = 0.5
"""Seconds of the loop's time that a hook has beyond its deadline, in which the client's own errors arrive."""
STUBBORN: Final = 1.0
"""Seconds that a cancelled hook has to end before it is abandoned."""


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


class Runner:
    """Runs hooks as tasks of their own, so that a caller's time is never a plugin's to spend."""

    def __init__(self) -> None:
        self._strays: set[asyncio.Task[End]] = set()

    async def run(self, hook: Coroutine[Any, Any, object], seconds: float) -> End:
        """Await ``hook`` for at most ``seconds`` and the grace.

        If the caller is cancelled, the hook is cancelled with it and awaited for as long as a stubborn hook is.
        """
        task = asyncio.get_running_loop().create_task(_contained(hook))
        try:
            if await _wait(task, seconds + GRACE):
                # A hook that cancels itself has ended, and must not cancel its caller.
                return Raised(asyncio.CancelledError()) if task.cancelled() else task.result()
        except asyncio.CancelledError:
            task.cancel()
            await self._let_end(task)
            raise
        task.cancel()
        return Overran(abandoned=not await self._let_end(task))

    async def _let_end(self, task: "asyncio.Task[End]") -> bool:
        """Whether a cancelled task ends within its time; one that does not is remembered, not awaited."""
        if await _wait(task, STUBBORN):
            return True
        self._strays.add(task)
        task.add_done_callback(self._strays.discard)
        return False


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


async def _contained(hook: Coroutine[Any, Any, object]) -> End:
    """The hook's end as a value: an event loop would let ``SystemExit`` through a task and end the host."""
    try:
        return Returned(await hook)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and the host goes on
        return Raised(error)
