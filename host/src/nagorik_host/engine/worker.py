"""A worker: claims what is due, makes the calls, and holds no more than it can complete.

It polls on NOTIFY, at the next due time, a quarter of a second after a poll that found some, and every second. A poll
finds whatever is due, so a hint that is lost costs a moment and one that comes twice costs nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from nagorik.clock import Clock
from nagorik.operations import OPERATIONS
from nagorik_host.engine.claims import APPLICATION, AgencyLimits, Claim, ClaimBatch, Claims
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.housekeeping import Housekeeping
from nagorik_host.engine.inbox import Inbox
from nagorik_host.engine.instants import ensure_row, time_of
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, ContainedObserver, WorkerObserver
from nagorik_host.engine.outage import LAST_PATIENCE, OutageRetry, pauses
from nagorik_host.engine.pace import AgencyPace, PaceSlot
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.engine.rate_limiter import RESERVED, Reservation, SharedRateLimiter
from nagorik_host.engine.reloads import ReadSettings, SettingsReloader
from nagorik_host.store.application_store import LEASE, ApplicationStore
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction, Unit, is_the_machines
from nagorik_host.store.retention import MESSAGE_AGE
from nagorik_host.vault import Vault
from nagorik_platform import Platform
from nagorik_platform.lifecycle import CallAnswered, CallFailed
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

POLL: Final = 1.0
"""Seconds from one poll to the next, at most."""
POLLS_APART: Final = 0.25
"""Seconds from one poll to the next that is due by time: what fell due meanwhile is claimed together."""
LEAST_APART: Final = 0.02
"""Seconds from one poll to the next, however many hints come."""
TOGETHER: Final = 32
"""Most outcomes of one commit."""
LAST_POLL: Final = 10.0
"""Seconds that a poll under way may still take once a worker is to end, whose database may stand still."""
FAREWELL: Final = 5.0
"""Seconds in which a worker gives back at the end what it holds; what it could not, its lease does."""
MOMENT: Final = timedelta(seconds=1)
"""How long a worker that is to end as soon as it is idle still waits for the next call."""


_Outcome = tuple[Unit[Claim | None], "asyncio.Future[Claim | None]"]
"""What commits the outcome of a call, and the claim that follows once it is committed."""


class Worker:
    """One of any number of workers on the same database; an ``Engine``."""

    def __init__(
        self,
        *,
        database: Database,
        platform: Platform,
        store: ApplicationStore,
        vault: Vault,
        health: HealthTracker,
        rate_limiter: SharedRateLimiter,
        inbox: Inbox,
        capabilities: CapabilitiesCache,
        limits: Mapping[str, AgencyLimits],
        releases: Mapping[str, str],
        clock: Clock,
        lease_clock: Clock | None = None,
        lease: timedelta = LEASE,
        message_age: timedelta = MESSAGE_AGE,
        name: str = "worker",
        observer: WorkerObserver | None = None,
        read_settings: ReadSettings | None = None,
        sweep: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        """Work on what ``database`` holds.

        Args:
            database: The host's.
            platform: Makes the calls.
            store: Reads and writes applications.
            vault: Of the same host.
            health: Which agencies are down.
            rate_limiter: Hands out the agencies' time.
            inbox: Messages to be read.
            capabilities: What services offer, and what the host charges beside their fees.
            limits: What each agency bears over all workers, by plugin; only what these are due to call is claimed.
            releases: By plugin, distribution and version of what is installed here. What is pinned to a later release
                is left to workers that have it.
            clock: The time of agencies and citizens.
            lease_clock: What leases are counted on, where that is not the database's clock.
            lease: How long others wait for this worker when nothing is heard of it, and it for a database.
            message_age: How long messages are kept.
            name: What an operator knows it by, such as the machine's name.
            observer: Is called with what the worker does.
            read_settings: Reads what the host says of each plugin; without it the worker keeps the settings it has.
            sweep: Removes what ended processes had begun to write; returns how much.
        """
        self.id = str(uuid4())
        self._name = name
        self._database = database
        self._platform = platform
        self._health = health
        self._rate_limiter = rate_limiter
        self._inbox = inbox
        self._limits = limits
        self._clock = clock
        self._lease = WorkerLease(self.id, lease, lease_clock)
        self._claims = Claims(
            store=store,
            vault=vault,
            capabilities=capabilities,
            health=health,
            lease=self._lease,
            worker_name=name,
            limits=limits,
            releases=releases,
            clock=clock,
        )
        self._housekeeping = Housekeeping(
            database=database,
            platform=platform,
            vault=vault,
            lease=self._lease,
            plugins=tuple(limits),
            held=lambda: tuple(self._calls.values()),
            clock=clock,
            message_age=message_age,
            worker_name=name,
            reloader=SettingsReloader(
                database=database, platform=platform, vault=vault, clock=clock, worker=self.id, read=read_settings
            ),
            sweep=sweep,
        )
        self._observers = ContainedObserver(observer or WorkerObserver())
        self._outage = OutageRetry(
            database, self._lease, name, self._observers, is_stopping=lambda: self._is_stopping
        )
        self._calls: dict[asyncio.Task[None], HeldApplication] = {}
        self._outcomes: list[_Outcome] = []
        self._committing: asyncio.Task[None] | None = None
        self._ended = 0
        self._failed: BaseException | None = None
        self._suspended = SuspendedOffers()
        self._down: set[str] = set()
        self._woken, self._news = asyncio.Event(), asyncio.Event()
        self._reading = asyncio.Lock()
        self._stop: asyncio.Event | None = None
        self._runs = self._has_rows = self._is_ending = False

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
        self._runs, self._stop, self._is_ending, self._failed = True, stop, False, None
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
        given_up, kept = ending.result()
        failures = [failure for failure in (self._failed, kept) if failure is not None]
        if is_cancelled:
            # A caller that cancels is given nothing else.
            for failure in failures:
                _log.error("worker_failed_as_it_ended", worker=self._name, defect=type_name(failure))
            raise asyncio.CancelledError
        if failures:
            raise failures[0]
        return given_up

    async def run_until_idle(self) -> datetime | None:
        """As ``Engine.run_until_idle``."""
        while self._stop is None or not self._stop.is_set():
            ended = self._ended
            batch = await self._poll()
            read = await self._read()
            self._raise_failure()
            if read or batch or batch.passed or self._ended != ended:
                continue
            if not self._calls:
                return await self._outage.run(self._claims.next_due)
            await asyncio.wait(set(self._calls), return_when=asyncio.FIRST_COMPLETED)
        return None

    async def poll(self) -> bool:
        """As ``Engine.poll``."""
        batch, read = await self._poll(), await self._read()
        return bool(batch or batch.passed or read)

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due (aware) that this worker may call for then, if one does."""
        return self._claims.next_due(transaction)

    def ensure_rows(self, transaction: Transaction) -> None:
        """Make the rows of the agencies that have none; a worker does it by itself before its first poll."""
        for plugin in sorted(self._limits):
            ensure_row(transaction, plugin, time_of(self._clock))

    async def heartbeat(self) -> None:
        """Renew this worker's leases, as a running worker does by itself."""
        await self._housekeeping.heartbeat()

    async def reload(self) -> None:
        """Take up other settings of plugins, if a reload was asked for; a running worker does it by itself."""
        await self._housekeeping.reloader.heed()

    async def erase_messages(self) -> int:
        """Erase messages older than they are kept; how many there were. A running worker does it by itself."""
        return await self._housekeeping.erase_messages()

    # The loop

    async def _work_until(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        keeping = self._housekeeping
        await check_clock(self._outage.run, self._clock)
        await self._outage.run(keeping.register)
        with suppress(DatabaseUnavailable):  # it is done again as often as a heartbeat is sent
            await keeping.reloader.heed()
        self._beating = asyncio.create_task(keeping.send_heartbeats())
        self._beating.add_done_callback(lambda _: self._wake())
        _log.info("worker_started", worker=self._name)
        async with self._database.listening(self._wake):
            working = asyncio.create_task(self._work(stop, until_idle=until_idle))
            stopping = asyncio.create_task(stop.wait())
            others = (self._read_on(), keeping.heed_reloads(), keeping.tidy())
            beside: list[asyncio.Task[object]] = [asyncio.create_task(one) for one in others]
            try:
                await asyncio.wait({working, stopping, *beside}, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    await asyncio.wait({working}, timeout=LAST_POLL)
                for task in (working, *beside):
                    if task.done():
                        with suppress(*([DatabaseUnavailable] if stop.is_set() else [])):
                            task.result()
            finally:
                await _end_tasks([working, stopping, *beside])

    async def _work(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._woken.clear()
            batch, polled_at = await self._poll(), loop.time()
            self._raise_failure()
            is_quiet = not (batch or batch.passed or self._calls)
            if until_idle and is_quiet and not await self._read() and await self._is_idle():
                return
            wait = POLLS_APART if until_idle else POLL
            if batch.next_poll is not None:
                wait = min(wait, max((batch.next_poll - self._clock.now()).total_seconds(), POLLS_APART))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            await asyncio.sleep(max(polled_at + LEAST_APART - loop.time(), 0.0))

    async def _is_idle(self) -> bool:
        due = await self._outage.run(self._claims.next_due)
        return not self._calls and (due is None or due > self._clock.now() + MOMENT)

    async def _read_on(self) -> None:
        """Read messages beside the calls: when there is news of one, and every second."""
        while True:
            self._news.clear()
            with suppress(DatabaseUnavailable):  # what is in the inbox stays there
                while await self._read():
                    self._woken.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._news.wait()

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
        if not self._has_rows:
            await self._outage.run(self.ensure_rows)
            self._has_rows = True
        asked = {name: self._pace(name).asked() for name in self._limits}
        unit = partial(self._claims.claim, is_running=self._runs and not self._is_stopping)
        try:
            batch = await self._outage.run(unit)
        except DatabaseUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whose it is shows when each is written by itself
            batch = await self._outage.run(partial(unit, each_alone=True))
        self._suspended, self._down = batch.suspended, batch.down
        self._has_rows = not batch.lacks_rows
        if self._is_ending:
            return batch  # its leases were given back, or run out
        if batch:
            self._observers.claimed(len(batch))
        slots = {name: self._pace(name).note_taken(taken, asked[name]) for name, taken in batch.taken.items()}
        used = Counter[str]()
        for claim in batch:
            own, place = slots[claim.target_plugin], used[claim.target_plugin]
            used[claim.target_plugin] += 1
            self._start(claim, own[place] if place < len(own) else None)
        return batch

    def _start(self, claim: Claim, slot: PaceSlot | None) -> None:
        task = asyncio.create_task(self._run_claim(claim, slot))
        self._calls[task] = claim.held
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first step.
        del self._calls[task]
        self._ended += 1
        if not task.cancelled():
            self._note(task.exception())
        self._woken.set()

    async def _run_claim(self, claim: Claim, slot: PaceSlot | None) -> None:
        """Make a call, and those that follow with its permit."""
        task, current = asyncio.current_task(), claim
        assert task is not None  # noqa: S101 - a coroutine runs in one
        while True:
            following = await self._carry_out(current, slot)
            if following is None:
                return
            if following.stored.id != current.stored.id:
                self._observers.claimed(1)
            self._calls[task], current, slot = following.held, following, None

    async def _carry_out(self, claim: Claim, slot: PaceSlot | None) -> Claim | None:
        """Make one call and commit what came of it; the call that follows, if one does."""
        APPLICATION.set(claim.stored.id)
        if slot is not None:
            await self._clock.sleep(max(self._pace(claim.target_plugin).early(slot), 0.0))
        operation = claim.call.operation
        writes = operation is not None and OPERATIONS[operation].writes
        reservation = Reservation(claim.target_plugin, slot, claim.held if writes else None)
        RESERVED.set(reservation)
        try:
            outcome = await self._perform(claim)
            following = await self._complete(claim, outcome)
        except Exception as error:
            if is_the_machines(error):
                raise
            # One application's defect is nobody else's.
            await self._outage.run(partial(self._claims.block, claim=claim, error=error), is_outcome=True)
            return None
        await self._learn(
            claim.target_plugin, outcome, is_sent=reservation.is_used or not self._rate_limiter.is_asked
        )
        return following

    async def _perform(self, claim: Claim) -> CallAnswered | CallFailed:
        loop, operation = asyncio.get_running_loop(), claim.call.operation
        named, began, ended = (claim.target_plugin, operation.value if operation else ""), loop.time(), BROKEN
        self._observers.call_began(*named)
        try:
            outcome = await perform(self._platform, claim.draft, claim.stored.progress, claim.call)
            ended = outcome.error.code if isinstance(outcome, CallFailed) else ANSWERED
        except asyncio.CancelledError:
            ended = INTERRUPTED
            raise
        finally:
            self._observers.call_ended(*named, ended, loop.time() - began)
        return outcome

    async def _complete(self, claim: Claim, outcome: CallAnswered | CallFailed) -> Claim | None:
        name = claim.target_plugin
        unit = partial(
            self._claims.complete,
            claim=claim,
            outcome=outcome,
            suspended=None if self._is_stopping else self._suspended,
            may_follow=name not in self._down and self._pace(name).is_open,
        )
        try:
            return await self._committed(unit)
        except Exception as error:
            if is_the_machines(error):
                raise
            # It may be what is wrong with the next application.
            return await self._outage.run(partial(unit, refills=False), is_outcome=True)

    async def _committed(self, unit: Unit[Claim | None]) -> Claim | None:
        """Commit an outcome together with all that come while others are being committed."""
        done: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._outcomes.append((unit, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_outcomes())
        return await done

    async def _commit_outcomes(self) -> None:
        while self._outcomes:
            together, self._outcomes = self._outcomes[:TOGETHER], self._outcomes[TOGETHER:]
            units = [unit for unit, _ in together]
            try:
                found = await self._outage.run(partial(self._claims.complete_all, completions=units), is_outcome=True)
            except BaseException as error:  # noqa: BLE001 - raised where each outcome is waited for
                if len(together) > 1 and isinstance(error, Exception) and not is_the_machines(error):
                    await self._commit_each(together)
                    continue
                for _, done in together:
                    if not done.done():
                        done.set_exception(error)
            else:
                for (_, done), following in zip(together, found, strict=True):
                    if not done.done():
                        done.set_result(following)
        self._committing = None

    async def _commit_each(self, together: Sequence["_Outcome"]) -> None:
        """Commit each outcome by itself, so that no application pays for another's defect."""
        for unit, done in together:
            try:
                following = await self._outage.run(unit, is_outcome=True)
            except BaseException as error:  # noqa: BLE001 - raised where the outcome is waited for
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(following)

    async def _learn(self, plugin: str, outcome: CallAnswered | CallFailed, *, is_sent: bool) -> None:
        """Write down whether an agency could be reached, where that is news."""
        if plugin not in self._down and not self._health.is_news(plugin, outcome):
            return
        unit = partial(self._health.learn, plugin=plugin, outcome=outcome, now=self._clock.now(), is_sent=is_sent)
        try:
            change = await self._database.run(unit)
        except DatabaseUnavailable:
            return  # the next call says it again; the application's own outcome is written down already
        if change is None:
            return
        if change.is_down:
            self._down = self._down | {plugin}
            _log.warning("agency_is_down", plugin=plugin, cause=change.cause)
        else:
            self._down = self._down - {plugin}
            _log.info("agency_is_back", plugin=plugin)

    def _pace(self, plugin: str) -> AgencyPace:
        return self._rate_limiter.pace(plugin, self._limits[plugin].per_second)

    # The end

    async def _end(self, grace: float | None, at_once: asyncio.Event | None) -> tuple[int, Exception | None]:
        """End all that is under way, and delete the worker's row; how many calls were given up, and what failed."""
        self._is_ending = True
        try:
            hurried = asyncio.create_task((at_once or asyncio.Event()).wait())
            calls = asyncio.gather(*self._calls, return_exceptions=True)
            timeout = self._longest_end() if grace is None else grace
            waiting: set[asyncio.Future[Any]] = {calls, hurried}
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            left = tuple(self._calls)
            self._give_up()
            if left:
                await asyncio.wait(left)
            if self._committing is not None:
                await asyncio.wait({self._committing}, timeout=FAREWELL)
            await _end_tasks([hurried, *([self._beating] if self._beating is not None else [])])
            kept = await self._deregister()
            _log.info("worker_stopped", worker=self._name)
            return len(left), kept
        finally:
            self._runs, self._beating = False, None

    _beating: asyncio.Task[object] | None = None

    def _give_up(self) -> None:
        for task in self._calls:
            task.cancel()

    def _longest_end(self) -> float:
        manifests = (record.manifest for record in self._platform.plugins)
        return LAST_PATIENCE + max((one.limits.deadline for one in manifests if one is not None), default=0.0)

    async def _deregister(self) -> Exception | None:
        """Give back what the worker holds, even if the database comes back in a moment only; what failed."""
        kept: Exception = DatabaseUnavailable("the database does not answer")
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                for pause in pauses():
                    try:
                        # What is being committed of calls that were given up may lease more.
                        await self._database.settle()
                        await self._database.run(self._housekeeping.deregister)
                    except DatabaseUnavailable as error:
                        kept = error
                    except Exception as error:  # noqa: BLE001 - raised by the caller, after what ended the worker
                        return error
                    else:
                        return None
                    await asyncio.sleep(pause)
        return kept

    def _note(self, error: BaseException | None) -> None:
        self._failed = self._failed or error

    def _raise_failure(self) -> None:
        if self._beating is not None and self._beating.done():
            self._note(asyncio.CancelledError() if self._beating.cancelled() else self._beating.exception())
        if self._failed is not None:
            raise self._failed


async def _end_tasks(tasks: Iterable[asyncio.Task[object]]) -> None:
    """Cancel tasks and wait until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.wait(ending)
