"""A worker: takes what is due, makes the calls, and never holds more than it can complete.

Everything is level-triggered. A worker looks at what is due, whatever made it look: a hint, a timer or another look.
A hint that is lost costs a moment and one that comes twice costs nothing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf
from random import Random
from typing import Final
from uuid import uuid4

from nagorik.clock import Clock
from nagorik_host.engine.affinity import AgencyAffinity
from nagorik_host.engine.agencies import AgencyScheduler
from nagorik_host.engine.claim_batch import ClaimBatch
from nagorik_host.engine.claims import Claims
from nagorik_host.engine.completions import Completions
from nagorik_host.engine.executor import ClaimExecutor, WorkState, end_task
from nagorik_host.engine.housekeeping import Housekeeping
from nagorik_host.engine.inbox import INBOX, Inbox
from nagorik_host.engine.intents import Intents
from nagorik_host.engine.leases import WorkerLease, check_clock
from nagorik_host.engine.losses import WorkerLosses
from nagorik_host.engine.observers import ObserverGroup, WorkerObserver
from nagorik_host.engine.offers import Offers
from nagorik_host.engine.outage import LAST_PATIENCE, OutageRetry, pauses
from nagorik_host.engine.pace import AgencyPace
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.engine.poller import Poller
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.reloads import ReadSettings, SettingsReloader
from nagorik_host.store.application_store import LEASE, ApplicationStore
from nagorik_host.store.database import Database, DatabaseUnavailable, Hints
from nagorik_host.store.retention import MESSAGE_AGE
from nagorik_host.vault import Vault
from nagorik_platform import Platform
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

FULL_SCAN: Final = 1.0
"""Seconds between two scans of what is due: what no hint was heard of is found no later than this, once it is this
worker's turn."""
MOST_APART: Final = 5
"""The most full scans of a worker from one that looks for what is lost, parked or unread, too, to the next."""
LOOKS_APART: Final = 0.25
"""Seconds from one look at what falls due to the next, at least. A look costs more than a call, however much it
finds; and what fell due meanwhile is taken in hand together, and shares what the database costs."""
MOST_HINTED: Final = 256
"""Most applications that are looked at because of hints. Where there were more, as when much is let go on at once, it
is looked at whatever is due: that costs no more, and no statement grows with the number of hints."""
LAST_LOOK: Final = 10.0
"""Seconds that a look which is under way may still take once a worker is to end, whose database may stand still."""
FAREWELL: Final = 5.0
"""Seconds that a worker takes at the end to give back what it holds; what it could not, its lease does."""
MOMENT: Final = 1.0
"""Seconds until the next call that a worker still waits for which is to end as soon as it is idle."""


class Worker:
    """One of any number of workers on the same database."""

    def __init__(
        self,
        *,
        database: Database,
        platform: Platform,
        store: ApplicationStore,
        vault: Vault,
        agencies: AgencyScheduler,
        rate_limiter: SharedRateLimiter,
        inbox: Inbox,
        capabilities: CapabilitiesCache,
        concurrency: Mapping[str, int],
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
            agencies: What the agencies can bear.
            rate_limiter: Hands out the agencies' time.
            inbox: Messages to be read.
            capabilities: What services offer, and what the host charges beside their fees.
            concurrency: By plugin, the most calls in flight at its agency, over all workers.
            releases: By plugin, distribution and version of what is installed here. What is pinned to a later
                release is left to workers that have it.
            clock: The time of agencies and citizens.
            lease_clock: What leases are counted on, where that is not the database's clock.
            lease: How long it is waited for when nothing is heard of it; then others have what it had in hand. So
                long it waits for a database, too.
            message_age: How long messages are kept, whatever became of them.
            name: What an operator knows it by, such as the machine's name.
            observer: Is told what the worker does.
            read_settings: Reads what the host says of each plugin, each time that somebody asks for a reload; without
                it the worker keeps the settings that it has.
            sweep: Clears away what processes that ended had begun to write; how much that was.
        """
        self.id = str(uuid4())
        self._name = name
        self._database = database
        self._platform = platform
        self._agencies = agencies
        self._inbox = inbox
        self._concurrency = concurrency
        self._clock = clock
        self._rate_limiter = rate_limiter
        own_lease = WorkerLease(self.id, lease, lease_clock)
        self._affinity = affinity = AgencyAffinity(own_lease, concurrency)
        places = WorkerPlaces(own_lease, affinity, concurrency)
        intents = Intents(store, vault, own_lease)
        self._losses = losses = WorkerLosses(store, worker=self.id, worker_name=name)
        self.claims = Claims(
            store,
            capabilities,
            intents,
            agencies,
            losses,
            lease=own_lease,
            places=places,
            affinity=affinity,
            worker_name=name,
            concurrency=concurrency,
            releases=releases,
            clock=clock,
        )
        self.completions = Completions(store, self.claims, intents, losses, worker=self.id, clock=clock)
        self._housekeeping = Housekeeping(
            database,
            platform,
            vault,
            lease=own_lease,
            places=places,
            plugins=tuple(concurrency),
            held=lambda: self._executor.held,
            clock=clock,
            message_age=message_age,
            worker_name=name,
            reloader=SettingsReloader(
                database,
                platform,
                read_settings,
                vault=vault,
                worker=self.id,
                clock=clock,
            ),
            sweep=sweep,
        )
        observers = ObserverGroup(self._housekeeping.throughput, observer or WorkerObserver())
        self._state = WorkState()
        self._retry = OutageRetry(database, own_lease, name, observers, is_stopping=lambda: self._state.is_stopping)
        self._executor = ClaimExecutor(
            database,
            platform,
            self.completions,
            agencies.health,
            lease=own_lease,
            rate_limiter=rate_limiter,
            pace=self._pace,
            places=places,
            retry=self._retry,
            state=self._state,
            observer=observers,
            clock=clock,
        )
        self._poller = Poller(
            platform,
            self.claims,
            losses,
            inbox,
            self._executor,
            offers=Offers(agencies, pace=self._pace, places=places, retry=self._retry, clock=clock),
            places=places,
            retry=self._retry,
            state=self._state,
            observer=observers,
            clock=clock,
        )
        self._reading: asyncio.Task[int] | None = None
        self._runs = False
        self._messages_heard = False
        self._hint_heard = False

    async def run(
        self,
        stop: asyncio.Event,
        *,
        until_idle: bool = False,
        grace: float | None = None,
        at_once: asyncio.Event | None = None,
    ) -> int:
        """Work until ``stop`` is set, then complete what is in hand; how many calls were given up at the end.

        Args:
            stop: Ends the work. Nothing more is looked for from then on; what a look that is under way takes in
                hand is carried out, unless it takes longer than ``LAST_LOOK``. A database that is away is waited for
                no more, but for what came of calls, and for that half a minute.
            until_idle: Whether to end, too, as soon as nothing is in hand and nothing can be done for a moment.
            grace: Seconds that calls in flight are waited for at the end, at most; without it, as long as the longest
                deadline of a plugin's calls, and half a minute to write down what came of them. A call that is given
                up is treated as interrupted by whoever takes the application next.
            at_once: Ends the wait for calls in flight as soon as it is set.

        Raises:
            DatabaseUnavailable: The database could not be reached for longer than others wait for this worker, or at
                the end.
            ClockWrong: This machine's clock and the database's differ by more than a second.
            KeysRefused: The keys are not those that this database belongs to.
            KeyMissing: Something is wrapped by a key of this database that is not on the ring; it stays as it is.
            RuntimeError: It is running already.
            CancelledError: Something cancelled what this worker does beside its calls, such as its heartbeats.
        """
        if self._runs:
            raise RuntimeError("this worker is running already")
        self._runs = True
        self._state.stop, self._state.is_ending, self._state.failed = stop, False, None
        beside: list[asyncio.Task[object]] = []
        is_cancelled = False
        try:
            await self._run(stop, beside, until_idle=until_idle)
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        except Exception as error:
            # Whoever cancels its end would hear of it nowhere.
            self._note_error(error)
            raise
        finally:
            # However it came to an end, nothing more follows from what is in flight.
            self._state.is_ending = True
            given_up, kept = await self._end(beside, grace, at_once, is_cancelled=is_cancelled)
        # What went wrong while it ended is told as what went wrong before, and before what came of that.
        self._raise_failure()
        if kept is not None:
            raise kept
        return given_up

    async def _run(self, stop: asyncio.Event, beside: list[asyncio.Task[object]], *, until_idle: bool) -> None:
        """Work until ``stop`` is set; what goes on ``beside`` the work is for whoever called to end."""
        await check_clock(self._retry.run, self._clock)
        await self._retry.run(self._housekeeping.register)
        with suppress(DatabaseUnavailable):  # it is done again as often as a heartbeat is sent
            await self._housekeeping.reload()
        await self._poller.heed_losses(self._concurrency)
        keeping = self._housekeeping
        stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
        others = (keeping.send_heartbeats(), keeping.heed_reloads(), keeping.tell_throughput())
        beside += [stopping, *(asyncio.create_task(one) for one in others)]
        _log.info("worker_started", worker=self._name)
        async with self._database.hints(list(self._concurrency), self._hear_hint) as hints:
            tidying = asyncio.create_task(keeping.tidy(hints))
            beside.append(tidying)
            try:
                with self._inbox.listening(self._state.woken.set):
                    await self._work_until(stopping, hints, stop, tuple(beside), until_idle=until_idle)
            finally:
                self._note_failure(tidying)
                await end_task(tidying)
                beside.remove(tidying)
                await self._end_reading()

    async def _end(
        self,
        beside: Collection[asyncio.Task[object]],
        grace: float | None,
        at_once: asyncio.Event | None,
        *,
        is_cancelled: bool,
    ) -> tuple[int, Exception | None]:
        """As ``_wind_down``, to its end: whoever cancels it only has the calls in flight given up.

        What went on beside the work would otherwise go on for ever, and keep places for a worker that does nothing.
        """
        ending = asyncio.create_task(self._wind_down(beside, grace, at_once))
        while not ending.done():
            try:
                await asyncio.wait({ending})
            except asyncio.CancelledError:
                is_cancelled = True
                self._executor.give_up()
        given_up, kept = ending.result()
        if is_cancelled:
            # Whoever cancels a task hears of nothing else.
            for failure in (self._state.failed, kept):
                if failure is not None:
                    _log.error("worker_failed_as_it_ended", worker=self._name, defect=type_name(failure))
            raise asyncio.CancelledError
        return given_up, kept

    async def _wind_down(
        self, beside: Collection[asyncio.Task[object]], grace: float | None, at_once: asyncio.Event | None
    ) -> tuple[int, Exception | None]:
        """End all that is under way, and strike the worker off.

        How many calls were given up, and what kept it from being struck off, if anything did.
        """
        try:
            await self._end_reading()
            self._state.endings += 1
            given_up = await self._executor.finish(self._longest_end() if grace is None else grace, at_once)
            self._note_failure(*beside)
            for task in beside:
                await end_task(task)
            kept = await self._deregister()
            self._state.endings += 1
            if beside:
                _log.info("worker_stopped", worker=self._name)
            return given_up, kept
        finally:
            self._runs = False

    async def _end_reading(self) -> None:
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=MOMENT)
            self._note_failure(self._reading)
            await end_task(self._reading)
            self._reading = None

    def _longest_end(self) -> float:
        """Seconds until a call that is in flight has ended and what came of it is written down, at most.

        What takes longer is kept from its end by a database that stands still.
        """
        manifests = (record.manifest for record in self._platform.plugins)
        return LAST_PATIENCE + max((one.limits.deadline for one in manifests if one is not None), default=0.0)

    async def _deregister(self) -> Exception | None:
        """Strike this worker off, which hides nothing that ended it; what kept it from that, if anything did.

        A database that is away may be back in a moment; else its lease runs out, too.
        """
        kept: Exception = DatabaseUnavailable("the database does not answer")
        further = pauses(Random())  # noqa: S311 - spreads load, guards nothing
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                while True:
                    try:
                        # What is being committed of calls that were given up may take more in hand.
                        await self._database.settle()
                        await self._database.run(self._housekeeping.deregister)
                    except DatabaseUnavailable as error:
                        kept = error
                    except Exception as error:  # noqa: BLE001 - whoever called the worker is told, after what ended it
                        return error
                    else:
                        return None
                    await asyncio.sleep(next(further))
        return kept

    @property
    def in_hand(self) -> tuple[str, ...]:
        """The ids of the applications whose calls are under way."""
        return self._executor.in_hand

    async def erase_messages(self) -> int:
        """Erase what agencies and gateways sent longer ago than messages are kept; how many there were."""
        return await self._housekeeping.erase_messages()

    async def run_until_idle(self) -> datetime | None:
        """Work until nothing is due and nothing is in hand; when something falls due next, if it ever does."""
        while self._state.stop is None or not self._state.stop.is_set():
            completions, waited = self._executor.completed, self._losses.awaits_reading
            read, batch = await self._poll()
            self._raise_failure()
            # A call that ended meanwhile may have made something due, or be what a message was waiting for, which
            # kept back all that was due. Else, of an agency with a place left nothing more is due.
            may_be_more = read or (batch and batch.saturated) or (waited and not self._losses.awaits_reading)
            if may_be_more or self._executor.completed != completions:
                continue
            if not self.in_hand:
                if self._losses.awaits_reading:
                    continue
                return await self._next_due(batch)
            await self._executor.wait()
            self._raise_failure()
        return None

    async def poll(self) -> bool:
        """Take in hand what is due and can be called now; whether there was anything."""
        read, batch = await self._poll()
        return bool(batch or read)

    async def _poll(self) -> tuple[int, ClaimBatch]:
        """Take in hand what is due and read messages; how many were done with, and what was taken."""
        batch = await self._poller.claim(full_scan=True, sweep=True, look=True)
        # What waited to be read with nothing else in hand may have been read by others: that shows by reading.
        waits = self._losses.awaits_reading and not self.in_hand
        reads = (batch.has_messages or waits) and not self._losses.is_apart
        return (await self._read_messages(alone=self._losses.begin_reading(self.in_hand)) if reads else 0), batch

    async def heartbeat(self) -> None:
        """Say that this worker lives and still has in hand what it has."""
        await self._housekeeping.heartbeat()

    async def reload(self) -> None:
        """Take up other settings of plugins, if somebody asked for that; a running worker does it by itself.

        The first time, agencies are tried at once that refused other credentials than those of the plugins now.
        """
        await self._housekeeping.reload()

    def hint(self) -> None:
        """Something may be due."""
        self._state.woken.set()

    # The loop

    async def _work_until(
        self,
        stopping: asyncio.Task[object],
        hints: Hints,
        stop: asyncio.Event,
        others: Collection[asyncio.Task[object]],
        *,
        until_idle: bool,
    ) -> None:
        """Work until ``stop`` is heard by ``stopping``, and for no longer than a last look may take."""
        working = asyncio.create_task(self._work(hints, stop, others, until_idle=until_idle))
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({working}, timeout=LAST_LOOK)
            if not working.done():
                return
        finally:
            await end_task(working)
        try:
            working.result()
        except DatabaseUnavailable:
            # It may be back when what is in hand has ended; whoever then strikes the worker off finds that out.
            if not stop.is_set():
                raise

    async def _work(
        self, hints: Hints, stop: asyncio.Event, others: Collection[asyncio.Task[object]], *, until_idle: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        scanned_at = swept_at = looked_at = rested_at = wanted_at = -inf
        freed = self._executor.freed
        next_poll: datetime | None = None
        while not stop.is_set():
            self._state.woken.clear()
            rests = until_idle and not self.in_hand and self._reading is None
            if rests and loop.time() >= rested_at + LOOKS_APART:
                rested_at = loop.time()
                if await self._is_idle():
                    return
            scans = loop.time() >= scanned_at + FULL_SCAN
            # All of them together sweep as often as one that is alone.
            sweeps = scans and loop.time() >= swept_at + min(self._affinity.living, MOST_APART) * FULL_SCAN
            # Whatever else wakes a worker has left no hint to ask the database for.
            hinted = await self._hinted(hints) if sweeps or self._hint_heard else []
            has_room = self._losses.awaits_reading and not self.in_hand
            read = self._read_beside_the_work(sweeps or INBOX in hinted or self._inbox.has_news or has_room)
            if scans:
                scanned_at = loop.time()
                swept_at = scanned_at if sweeps else swept_at
                self._affinity.note_load(time.process_time(), scanned_at)
                freed, wanted_at = self._executor.freed, scanned_at
                next_poll = await self._scan(sweeps=sweeps)
                looked_at = loop.time()
            elif (
                (is_time := self._is_time(next_poll, looked_at))
                or self._is_wanting(freed, wanted_at)
                or read
                or len(hinted) > MOST_HINTED
            ):
                # Places are asked for now and then, and not whenever a call ends; a look that asks for none may see
                # nothing to be done until then, and puts off no other.
                freed, wanted_at = self._executor.freed, loop.time()
                next_look = self._next_look(await self._poller.claim(full_scan=is_time))
                next_poll = next_look if is_time else _first(next_poll, next_look)
                looked_at = loop.time() if is_time else looked_at
            elif hinted:
                # What falls due beside what was hinted at is awaited as before.
                next_poll = _first(next_poll, (await self._poller.claim(full_scan=False, among=hinted)).next_poll)
            wait = scanned_at + FULL_SCAN - loop.time()
            if next_poll is not None:
                until_due = (next_poll - self._clock.now()).total_seconds()
                wait = min(wait, max(until_due, looked_at + LOOKS_APART - loop.time()))
            if until_idle:
                # The end of the last call, or of reading, wakes nobody where nothing more was due.
                wait = min(wait, LOOKS_APART)
            await self._wait(max(wait, 0.0), others)

    async def _is_idle(self) -> bool:
        """Whether nothing is in hand and nothing can be done for a moment; what can be done is taken in hand."""
        waited = self._losses.awaits_reading
        read, batch = await self._poll()
        self._raise_failure()
        if waited or read or batch or self.in_hand or self._losses.awaits_reading:
            return False
        due = await self._next_due(batch)
        return due is None or (due - self._clock.now()).total_seconds() > MOMENT

    async def _next_due(self, batch: ClaimBatch) -> datetime | None:
        """When something falls due next after a look that took nothing in hand, and left nothing there."""
        await self._poller.rebalance(())
        return batch.next_poll if batch.is_idle else await self._retry.run(self.claims.next_due)

    def _is_wanting(self, freed: int, wanted_at: float) -> bool:
        """Whether more was due than could be taken in hand, and may be taken now.

        Whatever wakes a worker, there is a place for it once a call has given one back; or others have left theirs,
        for which it is looked no more often than for what falls due.
        """
        has_room = self._executor.freed != freed or asyncio.get_running_loop().time() >= wanted_at + LOOKS_APART
        return self._state.left_due or (self._state.saturated and has_room)

    def _next_look(self, batch: ClaimBatch) -> datetime | None:
        """When to look again after a look, as far as can be told; soon, where something was due.

        What falls due after it at the same agency is not known, and would be taken in hand all at once at the next
        full scan: at an agency with few places, which nobody would have used meanwhile.
        """
        if not (batch or batch.passed_over or batch.left_unparked):
            return batch.next_poll
        soon = self._clock.now() + timedelta(seconds=LOOKS_APART)
        return soon if batch.next_poll is None else min(batch.next_poll, soon)

    def _is_time(self, next_poll: datetime | None, looked_at: float) -> bool:
        """Whether something has fallen due, and it is long enough since the last look."""
        is_due = next_poll is not None and next_poll <= self._clock.now()
        return is_due and asyncio.get_running_loop().time() >= looked_at + LOOKS_APART

    async def _scan(self, *, sweeps: bool) -> datetime | None:
        """Take in hand whatever is due; when something can be next. Whoever has nothing to do finds out by a look."""
        busy: Collection[str] = ()
        if sweeps or self.in_hand or self._state.saturated or self._state.left_due:
            due, is_quiet = None, False
        else:
            due = await self._poller.next_due()
            is_quiet = due is None or due > self._clock.now()
        if not is_quiet:
            batch = await self._poller.claim(full_scan=True, sweep=sweeps)
            due, busy = self._next_look(batch), batch.busy
        await self._poller.rebalance(busy)
        return due

    async def _wait(self, seconds: float, others: Collection[asyncio.Task[object]]) -> None:
        woken = asyncio.create_task(self._state.woken.wait())
        await asyncio.wait({woken, *others}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        await end_task(woken)
        self._raise_failure(*others)

    def _hear_hint(self) -> None:
        self._hint_heard = True
        self._state.woken.set()

    async def _hinted(self, hints: Hints) -> list[str]:
        self._hint_heard = False
        try:
            hinted = await hints.take([name for name in self._concurrency if self._affinity.comes_first(name)])
        except DatabaseUnavailable:
            # The full scan finds whatever there was a hint of, and waits for the database if it has to.
            return []
        # Not all of so many need have been given.
        self._hint_heard = self._hint_heard or len(hinted) > MOST_HINTED
        return hinted

    def _read_beside_the_work(self, heard: bool) -> int:  # noqa: FBT001 - the loop's own condition
        """How many messages were read since this was asked; if any were ``heard`` of, begin to read them."""
        read = 0
        self._messages_heard = self._messages_heard or heard
        if self._reading is not None and self._reading.done():
            self._raise_failure(self._reading)
            read, self._reading = self._reading.result(), None
        if self._reading is None and self._messages_heard and not self._losses.is_apart:
            self._messages_heard = False
            # Before anything else is taken in hand in this turn.
            alone = self._losses.begin_reading(self.in_hand)
            self._reading = asyncio.create_task(self._inbox_read(alone=alone))
        return read

    async def _read_messages(self, *, alone: bool) -> int:
        try:
            return await self._inbox.handle(alone=alone)
        finally:
            self._losses.end_reading(message_waits=self._inbox.suspect_waits)

    async def _inbox_read(self, *, alone: bool) -> int:
        read = 0
        with suppress(DatabaseUnavailable):  # what is in the inbox stays there for the next full scan
            read = await self._read_messages(alone=alone)
        if read or self._messages_heard:
            self._state.woken.set()
        return read

    def _pace(self, plugin: str) -> AgencyPace:
        return self._rate_limiter.pace(plugin, self._agencies.limits(plugin).per_second)

    def _note_failure(self, *others: asyncio.Task[object]) -> None:
        for task in others:
            if task.done():
                self._state.failed = self._state.failed or (
                    asyncio.CancelledError() if task.cancelled() else task.exception()
                )

    def _note_error(self, error: Exception) -> None:
        self._state.failed = self._state.failed or error

    def _raise_failure(self, *others: asyncio.Task[object]) -> None:
        self._note_failure(*others)
        if self._state.failed is not None:
            raise self._state.failed


def _first(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)
