"""Carrying out what a worker has taken in hand: the call, its outcome, and the calls that follow at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nagorik.clock import Clock
from nagorik.operations import OPERATIONS
from nagorik_host.engine.claim_batch import Claim
from nagorik_host.engine.claims import APPLICATION
from nagorik_host.engine.completions import Completions
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.leases import HeldApplication, WorkerLease
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, WorkerObserver
from nagorik_host.engine.outage import OutageRetry
from nagorik_host.engine.pace import AgencyPace, PaceSlot
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.engine.rate_limiter import RESERVED, Reservation, SharedRateLimiter
from nagorik_host.store.database import Database, DatabaseUnavailable, Unit, is_the_machines
from nagorik_platform import Platform
from nagorik_platform.lifecycle import CallAnswered, CallFailed
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")


@dataclass(slots=True)
class _Flight:
    """What a call that is under way has taken: the application, and a place at the agency of the plugin ``place``."""

    held: HeldApplication
    place: str


@dataclass(slots=True)
class WorkState:
    """What a worker's looking for work and its calls tell each other.

    Attributes:
        woken: Is set when there is a reason to look for work.
        stop: Ends the work, once it was begun.
        is_ending: Whether it came to its end, however that was.
        endings: How often the worker has begun to strike itself off, or has done so. Between the two, what it takes
            in hand may be given back to others before it hears that it has it.
        failed: What ends it, where something does.
        suspended: What was suspended when it was last looked.
        down: The agencies that are taken to be down.
        saturated: Whether there was more due than there were places for.
        left_due: Whether a call that follows another at once was left due.
        backlog: The agencies for which more was due than could be taken in hand.
    """

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event | None = None
    is_ending: bool = False
    endings: int = 0
    failed: BaseException | None = None
    suspended: SuspendedOffers = field(default_factory=SuspendedOffers)
    down: set[str] = field(default_factory=set)
    saturated: bool = False
    left_due: bool = False
    backlog: set[str] = field(default_factory=set)

    @property
    def is_stopping(self) -> bool:
        """Whether nothing more is taken in hand."""
        return self.is_ending or (self.stop is not None and self.stop.is_set())


class ClaimExecutor:
    """Carries out one worker's claims, each as a task.

    Attributes:
        completed: How many came to an end so far.
        freed: How many places at agencies they have given back so far.
    """

    def __init__(
        self,
        database: Database,
        platform: Platform,
        completions: Completions,
        health: HealthTracker,
        *,
        lease: WorkerLease,
        rate_limiter: SharedRateLimiter,
        pace: Callable[[str], AgencyPace],
        places: WorkerPlaces,
        retry: OutageRetry,
        state: WorkState,
        observer: WorkerObserver,
        clock: Clock,
    ) -> None:
        """Carry out what is started.

        Args:
            database: The host's.
            platform: Makes the calls.
            completions: Commits what came of them.
            health: Learns how agencies fare.
            lease: The worker's.
            rate_limiter: Knows whether a call has sent anything.
            pace: Gives an agency's time.
            places: How many calls the worker may make at each agency.
            retry: Waits for a database that is away.
            state: What the worker's parts tell each other.
            observer: Is told of each call.
            clock: The time of agencies and citizens.
        """
        self._database = database
        self._platform = platform
        self._completions = completions
        self._health = health
        self._lease = lease
        self._rate_limiter = rate_limiter
        self._pace = pace
        self._places = places
        self._retry = retry
        self._state = state
        self._observer = observer
        self._clock = clock
        self._in_flight: dict[asyncio.Task[None], _Flight] = {}
        self.completed = self.freed = 0

    @property
    def in_hand(self) -> tuple[str, ...]:
        """The ids of the applications whose calls are under way."""
        return tuple(flight.held.application for flight in self._in_flight.values())

    @property
    def held(self) -> tuple[HeldApplication, ...]:
        """What of applications is in hand for the calls under way."""
        return tuple(flight.held for flight in self._in_flight.values())

    async def wait(self) -> None:
        """Wait until one of the calls under way has ended."""
        await asyncio.wait(set(self._in_flight), return_when=asyncio.FIRST_COMPLETED)

    def start(self, claim: Claim) -> None:
        """Make the call of a claim, whose place is in use."""
        task = asyncio.create_task(self._run_claim(claim))
        self._in_flight[task] = _Flight(claim.held, claim.target_plugin)
        task.add_done_callback(self._done)

    def give_up(self) -> None:
        """Have all calls under way end at once."""
        for task in self._in_flight:
            task.cancel()

    async def finish(self, grace: float | None, at_once: asyncio.Event | None) -> int:
        """Wait for the calls in flight, each of which has a deadline of its own; how many are given up.

        Args:
            grace: Seconds that they are waited for at most.
            at_once: Ends the wait as soon as it is set.
        """
        flying = asyncio.gather(*self._in_flight, return_exceptions=True)
        hurried = asyncio.create_task((at_once or asyncio.Event()).wait())
        waiting: set[asyncio.Future[Any]] = {flying, hurried}
        await asyncio.wait(waiting, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        await end_task(hurried)
        left = tuple(self._in_flight)
        self.give_up()
        if left:
            # All at once: each may take a while to end.
            await asyncio.wait(left)
        return len(left)

    async def _run_claim(self, claim: Claim) -> None:
        """Make the call, and those that follow from it at once."""
        current: Claim | None = claim
        while current is not None:
            current = await self._carry_out(current)

    def _free(self, place: str) -> None:
        self._places.release(place)
        self.freed += 1

    async def _carry_out(self, claim: Claim) -> Claim | None:
        """Make one call and commit what came of it; the call that follows, if one does at once."""
        APPLICATION.set(claim.stored.id)
        early = self._pace(claim.target_plugin).early(claim.slot)
        if early > 0:
            await self._clock.sleep(early)
        reservation = self._reservation(claim)
        RESERVED.set(reservation)
        try:
            outcome = await self._perform(claim)
        except Exception as error:  # noqa: BLE001 - one application's defect is nobody else's
            await self._block(claim, error)
            return None
        try:
            following = await self._complete(claim, outcome)
        except Exception as error:
            if is_the_machines(error):
                raise
            await self._block(claim, error)
            return None
        is_sent = reservation.is_used or not self._rate_limiter.is_asked
        await self._learn(claim.target_plugin, outcome, is_sent=is_sent)
        return following

    async def _complete(self, claim: Claim, outcome: CallAnswered | CallFailed) -> Claim | None:
        suspended = None if self._state.is_stopping else self._state.suspended
        planned = self._completions.plan(claim, outcome, suspended)
        name = planned.follows
        if name is None and suspended is not None and self._may_be_followed(claim.target_plugin, outcome):
            name = claim.target_plugin
        slot = await self._slot_after(claim.target_plugin, name) if name is not None else None
        unit = partial(self._completions.complete, claim=claim, outcome=outcome, suspended=suspended, planned=planned)
        following = None
        try:
            following = await self._commit(partial(unit, slot=slot), unit if planned.follows is None else None)
        finally:
            if name is not None and slot is not None and following is None:
                self._pace(name).give_back([slot])
                if name != claim.target_plugin:
                    self._places.release(name)
        if planned.follows is not None and following is None:
            # It was left due, and this worker looks after it as soon as there is an instant.
            self._state.left_due = True
            self._state.woken.set()
        elif following is None:
            self._state.backlog.discard(claim.target_plugin)
        else:
            self._note_next(following, claim)
        return following

    def _may_be_followed(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an application may be taken in hand at an agency in the place of one that was called for."""
        return plugin in self._state.backlog and isinstance(outcome, CallAnswered)

    def _note_next(self, claim: Claim, before: Claim) -> None:
        """The present task goes on with another call, of the same application or of another."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        left = self._in_flight[task].place
        self._in_flight[task] = _Flight(claim.held, claim.target_plugin)
        if claim.target_plugin != left:
            # A call that follows at the same agency keeps the place; at another it has taken one.
            self._free(left)
        if claim.stored.id != before.stored.id:
            self._observer.claimed(1)

    async def _commit(self, unit: Unit[Claim | None], alone: Unit[Claim | None] | None) -> Claim | None:
        """Commit an outcome; ``alone`` is the same without another application, which may be what is wrong."""
        try:
            return await self._retry.run(unit, together=True, is_outcome=True)
        except Exception as error:
            if alone is None or is_the_machines(error):
                raise
            return await self._retry.run(alone, together=True, is_outcome=True)

    async def _slot_after(self, plugin: str, name: str) -> PaceSlot | None:
        """An instant and a place for a call to ``name`` after one to ``plugin``, if both can be had at once."""
        stays = name == plugin
        if name in self._state.down or not (self._places.may_go_on(name) if stays else self._places.free(name)):
            return None
        if not stays:
            self._places.use(name)
        slot = None
        try:
            slot = await self._pace(name).take_now()
        finally:
            if slot is None and not stays:
                self._places.release(name)
        return slot

    async def _learn(self, plugin: str, outcome: CallAnswered | CallFailed, *, is_sent: bool) -> None:
        """Write down how an agency fares, where that is news."""
        if plugin not in self._state.down and not self._health.is_news(plugin, outcome):
            return
        now, unit = self._clock.now(), partial(self._health.learn, is_sent=is_sent)
        try:
            change = await self._database.run(partial(unit, plugin=plugin, outcome=outcome, now=now))
        except DatabaseUnavailable:
            # The next call says it again; the application's own outcome is written down already.
            return
        if change is None:
            return
        if change.is_down:
            self._state.down = self._state.down | {plugin}
            _log.warning("agency_is_down", plugin=plugin, cause=change.cause)
        else:
            self._state.down = self._state.down - {plugin}
            _log.info("agency_is_back", plugin=plugin)

    async def _perform(self, claim: Claim) -> CallAnswered | CallFailed:
        """Make a call, and let it be counted."""
        loop = asyncio.get_running_loop()
        operation = claim.call.operation
        named, began, ended = (claim.target_plugin, operation.value if operation else ""), loop.time(), BROKEN
        self._observer.call_began(*named)
        try:
            outcome = await perform(self._platform, claim.draft, claim.stored.progress, claim.call)
            ended = outcome.error.code if isinstance(outcome, CallFailed) else ANSWERED
        except asyncio.CancelledError:
            ended = INTERRUPTED
            raise
        finally:
            self._observer.call_ended(*named, ended, loop.time() - began)
        return outcome

    async def _block(self, claim: Claim, error: Exception) -> None:
        await self._retry.run(partial(self._completions.block, claim=claim, error=error), is_outcome=True)

    def _reservation(self, claim: Claim) -> Reservation:
        operation = claim.call.operation
        writes = operation is not None and OPERATIONS[operation].writes
        return Reservation(claim.target_plugin, claim.slot, claim.held if writes else None)

    def _done(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first step.
        self._free(self._in_flight.pop(task).place)
        self.completed += 1
        if not task.cancelled() and task.exception() is not None:
            self._state.failed = self._state.failed or task.exception()
        if self._state.saturated or self._state.failed is not None:
            self._state.woken.set()


async def end_task(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait({task})
