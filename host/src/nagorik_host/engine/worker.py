"""A worker: claims what is due, makes the calls, and holds no more than it can complete.

It polls on NOTIFY, at the next due time, a quarter of a second after a poll that found some, and every second. A poll
finds whatever is due, so a hint that is lost costs a moment and one that comes twice costs nothing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from nagorik.operations import OPERATIONS
from nagorik_host.engine.claims import APPLICATION, Claim, ClaimBatch, Claims, EndedCall
from nagorik_host.engine.housekeeping import Housekeeping
from nagorik_host.engine.inbox import Inbox
from nagorik_host.engine.leases import HeldApplication, check_clock
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, WorkerObserver
from nagorik_host.engine.outage import LAST_PATIENCE, OutageRetry
from nagorik_host.engine.rate_limiter import RESERVED, Reservation
from nagorik_host.engine.reloads import ReadSettings
from nagorik_host.store.database import Database, DatabaseUnavailable, is_the_machines
from nagorik_platform import Platform
from nagorik_platform.lifecycle import CallAnswered, CallFailed
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_host.host import Host

_log = get_logger("nagorik.host")

POLL: Final = 1.0
"""Seconds from one poll to the next, at most."""
POLLS_APART: Final = 0.25
"""Seconds from one poll to the next that is due by time: what fell due meanwhile is claimed together."""
TOGETHER: Final = 32
"""Most outcomes of one commit."""
APART: Final = (0.02, 0.2)
"""Seconds from one poll to the next, however many hints come, and from one commit of outcomes to the next while more
than half of the calls are under way: twice what the one took, at least and at most. So a process with too much to do
claims and commits more together."""
LAST_POLL: Final = 10.0
"""Seconds that a poll under way may still take once a worker is to end, whose database may stand still."""
FAREWELL: Final = 5.0
"""Seconds in which a worker gives back at the end what it holds; what it could not, its lease does."""
MOMENT: Final = timedelta(seconds=1)
"""How long a worker that is to end as soon as it is idle still waits for the next call."""


class Worker:
    """One of any number of workers on the same database; an ``Engine``.

    Attributes:
        id: Its id.
        housekeeping: What it does beside its calls, by itself while it runs.
    """

    def __init__(
        self,
        claims: Claims,
        *,
        database: Database,
        platform: Platform,
        inbox: Inbox,
        host: "Host",
        name: str,
        observer: WorkerObserver | None,
        read_settings: ReadSettings | None,
    ) -> None:
        """Work on what ``database`` holds for the agencies of ``claims``; see ``Host.worker``."""
        self.id, self._name = claims.lease.worker, name
        self._database, self._platform, self._inbox = database, platform, inbox
        self._claims, self._clock = claims, claims.clock
        self.next_due, self.ensure_rows = claims.next_due, claims.ensure_rows
        self.housekeeping = Housekeeping(
            host, claims.lease, name, held=lambda: tuple(self._calls.values()), read_settings=read_settings
        )
        self._observers = observer or WorkerObserver()
        self._outage = OutageRetry(
            database, claims.lease, name, self._observers, is_stopping=lambda: self._is_stopping
        )
        self._calls: dict[asyncio.Task[None], HeldApplication] = {}
        self._outcomes: list[EndedCall] = []
        self._committing: asyncio.Task[None] | None = None
        self._commit_at = float("-inf")
        self._ended = 0
        self._failed: BaseException | None = None
        self._woken, self._news = asyncio.Event(), asyncio.Event()
        self._reading = asyncio.Lock()
        self._beating: asyncio.Task[object] | None = None
        self._stop: asyncio.Event | None = None
        self._runs = self._is_ending = False

    @property
    def in_hand(self) -> tuple[str, ...]:
        """As ``Engine.in_hand``."""
        return tuple(held.application for held in self._calls.values())

    async def run(
        self,
        stop: asyncio.Event,
        *,
        until_idle: bool = False,
        grace: float | None = None,
        at_once: asyncio.Event | None = None,
    ) -> int:
        """As ``Engine.run``."""
        if self._runs:
            raise RuntimeError("this worker is running already")
        self._runs, self._stop, self._is_ending = True, stop, False
        is_cancelled = False
        try:
            await self._work_until(stop, until_idle=until_idle)
        except asyncio.CancelledError:
            is_cancelled = True
        except Exception as error:  # noqa: BLE001 - raised below, once all that runs has ended
            self._note(error)
        ending = asyncio.create_task(self._end(grace, at_once))
        while not ending.done():
            try:
                await asyncio.wait({ending})
            except asyncio.CancelledError:
                is_cancelled = True
                self._give_up()
        failed, self._failed = self._failed, None
        if is_cancelled:
            if failed is not None:
                _log.error("worker_failed_as_it_ended", worker=self._name, defect=type_name(failed))
            raise asyncio.CancelledError
        if failed is not None:
            raise failed
        return ending.result()

    async def run_until_idle(self) -> datetime | None:
        """As ``Engine.run_until_idle``."""
        while self._stop is None or not self._stop.is_set():
            ended = self._ended
            is_busy = await self.poll()
            self._raise_failure()
            if is_busy or self._ended != ended:
                continue
            if not self._calls:
                return await self._outage.run(self.next_due)
            await asyncio.wait(set(self._calls), return_when=asyncio.FIRST_COMPLETED)
        return None

    async def poll(self) -> bool:
        """As ``Engine.poll``."""
        batch, read = await self._poll(), await self._read()
        return bool(batch or batch.passed or read)

    # The loop

    async def _work_until(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        keeping = self.housekeeping
        await check_clock(self._outage.run, self._clock)
        await self._outage.run(keeping.register)
        with suppress(DatabaseUnavailable):  # it is done again as often as a heartbeat is sent
            await keeping.take_up_settings()
        self._beating = asyncio.create_task(keeping.send_heartbeats())
        self._beating.add_done_callback(lambda _: self._wake())
        _log.info("worker_started", worker=self._name)
        async with self._database.listening(self._wake):
            work = self._work_until_idle() if until_idle else self._work(stop)
            others = (self._read_on(), keeping.heed_reloads(), keeping.tidy())
            working, stopping, *beside = [asyncio.create_task(one) for one in (work, stop.wait(), *others)]
            try:
                await asyncio.wait({working, stopping, *beside}, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    self._wake()
                    await asyncio.wait({working}, timeout=LAST_POLL)
                for task in (working, *beside):
                    if task.done():
                        with suppress(*([DatabaseUnavailable] if stop.is_set() else [])):
                            task.result()
            finally:
                await _end_tasks([working, stopping, *beside])

    async def _work(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._woken.clear()
            began = loop.time()
            batch = await self._poll()
            next_at = _apart(began, loop.time())
            self._raise_failure()
            now = self._clock.now()
            wait = ((batch.next_poll or now + timedelta(seconds=POLL)) - now).total_seconds()
            await _set_within(self._woken, min(max(wait, POLLS_APART), POLL))
            await asyncio.sleep(max(next_at - loop.time(), 0.0))

    async def _work_until_idle(self) -> None:
        while (due := await self.run_until_idle()) is not None and due <= self._clock.now() + MOMENT:
            self._woken.clear()
            await _set_within(self._woken, POLLS_APART)

    async def _read_on(self) -> None:
        """Read messages beside the calls: when there is news of one, and every second."""
        while True:
            self._news.clear()
            with suppress(DatabaseUnavailable):  # what is in the inbox stays there
                while await self._read():
                    self._woken.set()
            await _set_within(self._news, POLL)

    async def _read(self) -> int:
        async with self._reading:
            return await self._inbox.handle()

    def _wake(self) -> None:
        self._woken.set()
        self._news.set()

    @property
    def _is_stopping(self) -> bool:
        return self._is_ending or (self._stop is not None and self._stop.is_set())

    # Claims and calls

    async def _poll(self) -> ClaimBatch:
        """Claim what is due, and begin the calls."""
        try:
            batch = await self._outage.run(self._claims.claim)
        except DatabaseUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whose it is shows when each is written by itself
            batch = await self._outage.run(partial(self._claims.claim, each_alone=True))
        self._begin_calls(batch)
        return batch

    def _begin_calls(self, batch: ClaimBatch) -> None:
        if self._is_ending:
            return  # its leases were given back, or run out
        if batch:
            self._observers.note("claimed", len(batch))
        for claim in batch:
            task = asyncio.create_task(self._run_claim(claim))
            self._calls[task] = claim.held
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first step.
        del self._calls[task]
        self._ended += 1
        if not task.cancelled():
            self._note(task.exception())
        if self._failed is not None or not self._calls:
            self._woken.set()

    async def _run_claim(self, claim: Claim) -> None:
        """Make a call, and wait until what came of it is committed."""
        APPLICATION.set(claim.stored.id)
        name, operation, slot = claim.target_plugin, claim.call.operation, claim.slot
        if slot is not None:
            await self._clock.sleep(max(self._claims.pace(name).early(slot), 0.0))
        writes = operation is not None and OPERATIONS[operation].writes
        reservation = Reservation(name, slot, claim.held if writes else None)
        RESERVED.set(reservation)
        try:
            outcome = await self._perform(claim)
            committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._outcomes.append(EndedCall(claim, outcome, committed))
            if self._committing is None:
                self._committing = asyncio.create_task(self._commit_outcomes())
            await committed
        except Exception as error:
            if is_the_machines(error):
                raise
            # One application's defect is that of no other.
            await self._outage.run(partial(self._claims.block, claim=claim, error=error), is_outcome=True)
        else:
            await self._learn(name, outcome, is_sent=reservation.is_used)

    async def _perform(self, claim: Claim) -> CallAnswered | CallFailed:
        loop, operation = asyncio.get_running_loop(), claim.call.operation
        named, began, ended = (claim.target_plugin, operation.value if operation else ""), loop.time(), BROKEN
        self._observers.note("call_began", *named)
        try:
            outcome = await perform(self._platform, claim.draft, claim.stored.progress, claim.call)
            ended = outcome.error.code if isinstance(outcome, CallFailed) else ANSWERED
        except asyncio.CancelledError:
            ended = INTERRUPTED
            raise
        finally:
            self._observers.note("call_ended", *named, ended, loop.time() - began)
        return outcome

    async def _commit_outcomes(self) -> None:
        """Commit outcomes, those together that come while others are being committed."""
        loop = asyncio.get_running_loop()
        while self._outcomes:
            early = self._commit_at - loop.time()
            if early > 0 and 2 * len(self._outcomes) < len(self._calls):
                await asyncio.sleep(early)
            began = loop.time()
            together, self._outcomes = self._outcomes[:TOGETHER], self._outcomes[TOGETHER:]
            await self._commit(together)
            self._commit_at = _apart(began, loop.time())
        self._committing = None

    async def _commit(self, together: Sequence[EndedCall], *, refills: bool = True) -> None:
        """Commit outcomes; where that fails, each alone, so that no application pays for another's defect."""
        APPLICATION.set(together[0].claim.stored.id)
        unit = partial(self._claims.complete, calls=together, follows=not self._is_stopping, refills=refills)
        try:
            batch = await self._outage.run(unit, is_outcome=True)
        except BaseException as error:  # noqa: BLE001 - raised where each outcome is waited for
            for one in together:
                if refills and isinstance(error, Exception) and not is_the_machines(error):
                    await self._commit([one], refills=False)
                _end_future(one.committed, error)
            return
        for one in together:
            _end_future(one.committed)
        self._begin_calls(batch)
        if batch.next_poll is not None and batch.next_poll <= self._clock.now() + timedelta(seconds=POLL):
            self._woken.set()

    async def _learn(self, plugin: str, outcome: CallAnswered | CallFailed, *, is_sent: bool) -> None:
        """Write down whether an agency could be reached, where that is news."""
        if plugin not in self._claims.down and not self._claims.health.is_news(plugin, outcome):
            return
        unit = partial(
            self._claims.health.learn, plugin=plugin, outcome=outcome, now=self._clock.now(), is_sent=is_sent
        )
        try:
            change = await self._database.run(unit)
        except DatabaseUnavailable:
            return  # the next call says it again; the application's own outcome is written down already
        if change is None:
            return
        if change.down_since is not None:
            self._claims.down.add(plugin)
            _log.warning("agency_is_down", plugin=plugin, cause=change.cause)
        else:
            self._claims.down.discard(plugin)
            _log.info("agency_is_back", plugin=plugin)

    # The end

    async def _end(self, grace: float | None, at_once: asyncio.Event | None) -> int:
        """End all that is under way, and delete the worker's row; how many calls were given up."""
        self._is_ending = True
        try:
            hurried = asyncio.create_task((at_once or asyncio.Event()).wait())
            waiting: set[asyncio.Future[Any]] = {asyncio.gather(*self._calls, return_exceptions=True), hurried}
            timeout = self._longest_end() if grace is None else grace
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            left = tuple(self._calls)
            self._give_up()
            if left:
                await asyncio.wait(left)
            if self._committing is not None:
                await asyncio.wait({self._committing}, timeout=FAREWELL)
            await _end_tasks([hurried, *([self._beating] if self._beating is not None else [])])
            try:
                await self._deregister()
            except Exception as error:  # noqa: BLE001 - raised by the caller, after what ended the worker
                self._note(error)
            _log.info("worker_stopped", worker=self._name)
            return len(left)
        finally:
            self._runs, self._beating = False, None

    def _give_up(self) -> None:
        for task in self._calls:
            task.cancel()

    def _longest_end(self) -> float:
        limits = (one.manifest.limits for one in self._platform.plugins if one.manifest is not None)
        return LAST_PATIENCE + max((one.deadline for one in limits), default=0.0)

    async def _deregister(self) -> None:
        """Give back what the worker holds, even if the database comes back in a moment only."""
        try:
            async with asyncio.timeout(FAREWELL):
                await self._outage.run(self.housekeeping.deregister, is_outcome=True)
        except TimeoutError:
            raise DatabaseUnavailable("the database does not answer") from None

    def _note(self, error: BaseException | None) -> None:
        self._failed = self._failed or error

    def _raise_failure(self) -> None:
        if self._beating is not None and self._beating.done():
            self._note(asyncio.CancelledError() if self._beating.cancelled() else self._beating.exception())
        if self._failed is not None:
            raise self._failed


def _apart(began: float, ended: float) -> float:
    """When what began and ended then may begin again, by ``APART``."""
    return began + min(max(2 * (ended - began), APART[0]), APART[1])


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _end_future(future: "asyncio.Future[None]", error: BaseException | None = None) -> None:
    if not future.done():
        future.set_exception(error) if error is not None else future.set_result(None)


async def _end_tasks(tasks: Iterable[asyncio.Task[object]]) -> None:
    """Cancel tasks and wait until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.wait(ending)
