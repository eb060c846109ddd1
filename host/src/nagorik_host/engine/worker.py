"""A worker: claims what is due, makes the calls, and holds no more than it can complete.

It polls on NOTIFY, at the next due time, a quarter of a second after a poll that found some, and every second. A poll
finds whatever is due, so a hint that is lost costs a moment and one that comes twice costs nothing.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from nagorik.operations import OPERATIONS, Operation
from nagorik_host.engine.claims import APPLICATION, CallOutcome, Claim, ClaimBatch, Claims, EndedCall
from nagorik_host.engine.housekeeping import Housekeeping, ReadSettings
from nagorik_host.engine.leases import WorkerLease, check_clock
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, WorkerObserver
from nagorik_host.engine.outage import LAST_PATIENCE, OutageRetry
from nagorik_host.engine.rate_limiter import RESERVED, Reservation
from nagorik_host.store.database import DatabaseUnavailable, is_the_machines
from nagorik_platform.lifecycle import CallFailed
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.logs import get_logger

if TYPE_CHECKING:
    from nagorik_host.host import Host

_log = get_logger("nagorik.host")

POLL: Final = 1.0
"""Seconds from one poll to the next, at most."""
POLLS_APART: Final = 0.25
"""Seconds from one poll to the next that is due by time: what fell due meanwhile is claimed together."""
APART: Final = (0.02, 0.2)
"""Seconds from one poll to the next, however many hints come, and from one commit of outcomes to the next while more
than half of the calls are under way: twice what the one took, at least and at most. So a process with too much to do
claims and commits more together."""
FAREWELL: Final = 5.0
"""Seconds that a poll, a commit, and giving back what it holds may each take once a worker is to end, whose database
may stand still. What it could not give back, its lease does."""
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
        host: "Host",
        name: str,
        observer: WorkerObserver | None,
        *,
        read_settings: ReadSettings | None,
        only: Collection[str] | None,
    ) -> None:
        """Work on what ``host`` keeps; arguments as those of ``Host.worker``."""
        self.id, self._host, self._name = str(uuid4()), host, name
        lease = WorkerLease(self.id, host.lease, host.lease_clock)
        self._claims = Claims(host, lease, only)
        self.next_due = self._claims.next_due
        self.housekeeping = Housekeeping(
            host, lease, name, held=lambda: [one.held for one in self._calls.values()], read_settings=read_settings
        )
        self._observers = observer or WorkerObserver()
        self._outage = OutageRetry(host.database, lease, name, self._observers, is_stopping=lambda: self._is_stopping)
        self._calls: dict[asyncio.Task[None], Claim] = {}
        self._outcomes: list[EndedCall] = []
        self._committing: asyncio.Task[None] | None = None
        self._commits, self._commit_at = asyncio.Lock(), float("-inf")
        self._ended = 0
        self._failed: BaseException | None = None
        self._woken, self._news, self._reads = asyncio.Event(), asyncio.Event(), asyncio.Lock()
        self._stop: asyncio.Event | None = None
        self._is_ending = False

    @property
    def in_hand(self) -> tuple[str, ...]:
        """As ``Engine.in_hand``."""
        return tuple(claim.stored.id for claim in self._calls.values())

    async def run(
        self, stop: asyncio.Event, *, until_idle: bool = False, at_once: asyncio.Event | None = None
    ) -> int:
        """As ``Engine.run``."""
        self._stop, self._is_ending, self._failed = stop, False, None
        beating = asyncio.create_task(self.housekeeping.repeat(self.housekeeping.heartbeat))
        try:
            await self._work_until(stop, beating, until_idle=until_idle)
        except asyncio.CancelledError:
            await _end_tasks(self._calls)
            raise
        finally:
            left = await self._end(beating, at_once or asyncio.Event())
        if self._failed is not None:
            raise self._failed
        return left

    async def run_until_idle(self) -> datetime | None:
        """As ``Engine.run_until_idle``."""
        while not self._is_stopping:
            ended = self._ended
            if await self.poll() or self._ended != ended:
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

    async def _work_until(self, stop: asyncio.Event, beating: asyncio.Task[None], *, until_idle: bool) -> None:
        keeping = self.housekeeping
        await check_clock(self._outage.run, self._host.clock)
        await self._outage.run(keeping.register)
        with suppress(DatabaseUnavailable):  # it is done again as often as a heartbeat is sent
            await keeping.take_up_settings()
        _log.info("worker_started", worker=self._name)
        work = self._work_until_idle() if until_idle else self._work(stop)
        repeated = [keeping.repeat(one) for one in (keeping.take_up_settings, keeping.drop_old_keys)]
        others = (stop.wait(), self._read_on(), *repeated)
        async with self._host.database.listening(self._wake):
            working, *beside = [asyncio.create_task(one) for one in (work, *others)]
            try:
                done, _ = await asyncio.wait({working, beating, *beside}, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    self._wake()
                    await asyncio.wait({working}, timeout=FAREWELL)
                else:
                    done.pop().result()
            finally:
                await _end_tasks([working, *beside])

    async def _work(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._woken.clear()
            began = loop.time()
            batch = await self._poll()
            await asyncio.sleep(began + _pause(loop.time() - began) - loop.time())
            now = self._host.clock.now()
            wait = ((batch.next_poll or now + timedelta(seconds=POLL)) - now).total_seconds()
            await _set_within(self._woken, min(max(wait, POLLS_APART), POLL))

    async def _work_until_idle(self) -> None:
        while (due := await self.run_until_idle()) is not None and due <= self._host.clock.now() + MOMENT:
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
        async with self._reads:
            return await self._host.inbox.handle()

    def _wake(self) -> None:
        self._woken.set()
        self._news.set()

    @property
    def _is_stopping(self) -> bool:
        return self._is_ending or (self._stop is not None and self._stop.is_set())

    # Claims and calls

    async def _poll(self) -> ClaimBatch:
        """Claim what is due, and begin the calls."""
        if self._failed is not None:
            raise self._failed
        batch = await self._outage.run(self._claims.claim)
        self._begin_calls(batch)
        return batch

    def _begin_calls(self, batch: ClaimBatch) -> None:
        if self._is_ending:
            return  # its leases were given back, or run out
        self._observers.note("claimed", len(batch))
        for claim in batch:
            task = asyncio.create_task(self._run_claim(claim))
            self._calls[task] = claim
            self._claims.own[claim.target_plugin] += 1
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first step.
        self._claims.own[self._calls.pop(task).target_plugin] -= 1
        self._ended += 1
        if not task.cancelled():
            self._failed = self._failed or task.exception()
        if self._failed is not None or not self._calls:
            self._woken.set()

    async def _run_claim(self, claim: Claim) -> None:
        """Make a call, and wait until what came of it is committed."""
        APPLICATION.set(claim.stored.id)
        name, slot, operation = claim.target_plugin, claim.slot, Operation(claim.attempt["operation"])
        if slot is not None:
            await self._host.clock.sleep(max(self._claims.pace(name).early(slot), 0.0))
        reservation = Reservation(name, slot, claim.held if OPERATIONS[operation].writes else None)
        RESERVED.set(reservation)
        try:
            outcome = await self._perform(claim, name, operation.value)
            await self._commit_with_others(claim, outcome)
        except Exception as error:
            if is_the_machines(error):
                raise
            # One application's defect is that of no other.
            await self._outage.run(partial(self._claims.block, claim=claim, error=error), is_outcome=True)
        else:
            await self._learn(name, outcome, is_sent=reservation.is_used)

    async def _perform(self, claim: Claim, *named: str) -> CallOutcome:
        clock, ended = asyncio.get_running_loop().time, BROKEN
        began = clock()
        self._observers.note("call_began", *named)
        try:
            outcome = await perform(self._host.platform, claim.draft, claim.stored.progress, claim.call)
            ended = outcome.error.code if isinstance(outcome, CallFailed) else ANSWERED
        except asyncio.CancelledError:
            ended = INTERRUPTED
            raise
        finally:
            self._observers.note("call_ended", *named, ended, clock() - began)
        return outcome

    async def _commit_with_others(self, claim: Claim, outcome: CallOutcome) -> None:
        """Commit an outcome, with those that come while others are being committed."""
        if not self._outcomes or self._committing is None:
            self._committing = asyncio.create_task(self._commit_together())
        self._outcomes.append((claim, outcome))
        try:
            await asyncio.shield(self._committing)
        except Exception as error:
            if is_the_machines(error):
                raise
            # No application pays for another's defect.
            await self._commit([(claim, outcome)])

    async def _commit_together(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._commits:
            early = self._commit_at - loop.time()
            if early > 0 and 2 * len(self._outcomes) < len(self._calls):
                await asyncio.sleep(early)
            together, self._outcomes, began = self._outcomes, [], loop.time()
            await self._commit(together)
            self._commit_at = began + _pause(loop.time() - began)

    async def _commit(self, calls: Sequence[EndedCall]) -> None:
        unit = partial(self._claims.complete, calls=calls, follows=not self._is_stopping)
        batch = await self._outage.run(unit, is_outcome=True)
        self._begin_calls(batch)
        if batch.next_poll is not None and batch.next_poll <= self._host.clock.now() + timedelta(seconds=POLL):
            self._woken.set()

    async def _learn(self, plugin: str, outcome: CallOutcome, *, is_sent: bool) -> None:
        """Write down whether an agency could be reached, where that is news."""
        health, now = self._host.health, self._host.clock.now()
        if not health.is_news(plugin, outcome):
            return
        with suppress(DatabaseUnavailable):  # the next call says it again; this one's outcome is written down
            learn = partial(health.learn, plugin=plugin, outcome=outcome, now=now, is_sent=is_sent)
            if (change := await self._host.database.run(learn)) is not None:
                is_down = change.down_since is not None
                _log.warning("agency_is_down" if is_down else "agency_is_back", plugin=plugin, cause=change.cause)

    # The end

    async def _end(self, beating: asyncio.Task[None], at_once: asyncio.Event) -> int:
        """End all that is under way, and delete the worker's row; how many calls were given up."""
        self._is_ending, self._stop = True, None
        manifests = (one.manifest for one in self._host.platform.plugins)
        longest = max((one.limits.deadline for one in manifests if one is not None), default=0.0)
        hurried = asyncio.create_task(at_once.wait())
        waiting: set[asyncio.Future[Any]] = {asyncio.gather(*self._calls, return_exceptions=True), hurried}
        await asyncio.wait(waiting, timeout=LAST_PATIENCE + longest, return_when=asyncio.FIRST_COMPLETED)
        left = tuple(self._calls)
        await _end_tasks([hurried, *left])
        if self._committing is not None:
            await asyncio.wait({self._committing}, timeout=FAREWELL)
        await _end_tasks([beating])
        try:
            async with asyncio.timeout(FAREWELL):
                await self._outage.run(self.housekeeping.deregister, is_outcome=True)
        except TimeoutError:
            raise DatabaseUnavailable("the database does not answer") from None
        _log.info("worker_stopped", worker=self._name)
        return len(left)


def _pause(took: float) -> float:
    """Seconds from when what took so long began until it may begin again."""
    return min(max(2 * took, APART[0]), APART[1])


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation
            await event.wait()


async def _end_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
