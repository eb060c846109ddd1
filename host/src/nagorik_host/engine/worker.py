"""A worker: takes what is due, makes the calls, and never holds more than it can complete.

Everything is level-triggered. A worker looks at what is due, whatever made it look: a hint, a timer or another look.
A hint that is lost costs a moment and one that comes twice costs nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar
from uuid import uuid4

from nagorik.clock import Clock
from nagorik.operations import OPERATIONS
from nagorik_host.engine.agencies import AgencyScheduler
from nagorik_host.engine.claim_batch import Claim, ClaimBatch, ClaimOffer
from nagorik_host.engine.claims import APPLICATION, Claims
from nagorik_host.engine.completions import Completions
from nagorik_host.engine.inbox import INBOX, Inbox
from nagorik_host.engine.instants import TakenInstants, give_back_instants, time_of
from nagorik_host.engine.intents import Intents
from nagorik_host.engine.leases import HeldApplication, WorkerLease, check_clock
from nagorik_host.engine.observers import (
    ANSWERED,
    BROKEN,
    INTERRUPTED,
    Availability,
    ObserverGroup,
    Throughput,
    WorkerObserver,
)
from nagorik_host.engine.pace import KEPT, AgencyPace, PaceSlot
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.plugins import CapabilitiesCache, kept_out_by
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.engine.rate_limiter import RESERVED, Reservation, SharedRateLimiter
from nagorik_host.store.application_store import LEASE, ApplicationStore
from nagorik_host.store.database import (
    Database,
    DatabaseUnavailable,
    Hints,
    Transaction,
    Unit,
    is_the_machines,
)
from nagorik_host.store.host_keys import sign_on
from nagorik_host.store.overview import count_due, note_kept_out
from nagorik_host.store.retention import MESSAGE_AGE, erase_messages
from nagorik_host.vault import Vault
from nagorik_platform import Platform
from nagorik_platform.lifecycle import CallAnswered, CallFailed
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.logs import get_logger

T = TypeVar("T")

_log = get_logger("nagorik.host")

FULL_SCAN: Final = 1.0
"""Seconds between two scans of everything: what no hint was heard of is found no later than this."""
MOMENT: Final = 1.0
"""Seconds until the next call that a worker still waits for which is to end as soon as it is idle."""
HEARTBEATS: Final = 4
"""How often a living worker is heard of within its lease."""
WORKER_EXPIRY: Final = timedelta(days=1)
"""A worker that was not heard of for so long is struck off; until then its name tells whose calls have no end."""
TIDY: Final = 3600.0
"""Seconds between two times that old hints are cleared away."""
MINUTE: Final = 60.0
"""Seconds between two lines of the log that say what was done."""
PAUSE: Final = 0.05
"""Seconds before a database that is away is tried again; they double up to the longest pause."""
LONGEST_PAUSE: Final = 5.0


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
        concurrency: Mapping[str, int],
        releases: Mapping[str, str],
        clock: Clock,
        lease_clock: Clock | None = None,
        lease: timedelta = LEASE,
        message_age: timedelta = MESSAGE_AGE,
        name: str = "worker",
        observer: WorkerObserver | None = None,
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
        """
        self.id = str(uuid4())
        self._name = name
        self._database = database
        self._platform = platform
        self._store = store
        self._vault = vault
        self._message_age = message_age
        self._agencies = agencies
        self._inbox = inbox
        self._concurrency = concurrency
        self._clock = clock
        self._lease = WorkerLease(self.id, lease, lease_clock)
        self._places = WorkerPlaces(self._lease, concurrency)
        self._rate_limiter = rate_limiter
        intents = Intents(store, vault, self._lease)
        self.claims = Claims(
            store,
            CapabilitiesCache(platform),
            intents,
            agencies,
            lease=self._lease,
            places=self._places,
            worker_name=name,
            concurrency=concurrency,
            releases=releases,
            clock=clock,
        )
        self.completions = Completions(store, self.claims, intents, worker=self.id, name=name, clock=clock)
        self._throughput = Throughput()
        self._observer = ObserverGroup(self._throughput, observer or WorkerObserver())
        self._availability = Availability()
        self._in_flight: dict[asyncio.Task[None], str] = {}
        self._completions = 0
        self._woken = asyncio.Event()
        self._saturated = False
        self._left_due = False
        self._down: set[str] = set()
        self._backlog: set[str] = set()
        self._has_rows = False
        self._suspended = SuspendedOffers()
        self._stop: asyncio.Event | None = None
        self._ending = False
        self._failed: BaseException | None = None
        self._reading: asyncio.Task[int] | None = None
        self._messages_heard = False

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
            stop: Ends the work. Nothing more is taken in hand from then on.
            until_idle: Whether to end, too, as soon as nothing is in hand and nothing can be done for a moment.
            grace: Seconds that calls in flight are waited for at the end, at most; without it, as long as each call's
                own deadline. A call that is given up is treated as interrupted by whoever takes the application next.
            at_once: Ends the wait for calls in flight as soon as it is set.

        Raises:
            DatabaseUnavailable: The database could not be reached for longer than others wait for this worker.
            ClockWrong: This machine's clock and the database's differ by more than a second.
            KeysRefused: The keys are not those that this database belongs to.
            KeyMissing: Something is wrapped by a key of this database that is not on the ring; it stays as it is.
        """
        self._stop, self._ending = stop, False
        await check_clock(self._commit, self._clock)
        await self._commit(self._register)
        heartbeats = asyncio.create_task(self._send_heartbeats())
        telling = asyncio.create_task(self._tell_throughput())
        stopping = asyncio.create_task(stop.wait())
        _log.info("worker_started", worker=self._name)
        try:
            heard = self._woken.set
            async with self._database.hints(list(self._concurrency), heard) as hints:
                tidying = asyncio.create_task(self._tidy(hints))
                try:
                    with self._inbox.listening(heard):
                        await (self._work_off() if until_idle else self._work(hints, stop, (stopping, heartbeats)))
                finally:
                    await _end(tidying)
                    if self._reading is not None:
                        await asyncio.wait({self._reading}, timeout=MOMENT)
                        await _end(self._reading)
                        self._reading = None
        finally:
            # However it came to an end, nothing more follows from what is in flight.
            self._ending = True
            given_up = await self._finish_in_flight(grace, at_once)
            for task in (heartbeats, telling, stopping):
                await _end(task)
            await self._database.run(self._deregister)
            _log.info("worker_stopped", worker=self._name)
        return given_up

    @property
    def in_hand(self) -> tuple[str, ...]:
        """The ids of the applications whose calls are under way."""
        return tuple(self._in_flight.values())

    async def run_until_idle(self) -> datetime | None:
        """Work until nothing is due and nothing is in hand; when something falls due next, if it ever does."""
        while self._stop is None or not self._stop.is_set():
            completions = self._completions
            read, batch = await self._poll()
            self._raise_failure()
            # A call that ended meanwhile may have made something due, or be what a message was waiting for. Else, of
            # an agency with a place left nothing more is due.
            if read or (batch and batch.saturated) or self._completions != completions:
                continue
            if not self._in_flight:
                await self._rebalance(())
                return batch.next_poll if batch.is_idle else await self._commit(self.claims.next_due)
            await asyncio.wait(set(self._in_flight), return_when=asyncio.FIRST_COMPLETED)
            self._raise_failure()
        return None

    async def poll(self) -> bool:
        """Take in hand what is due and can be called now; whether there was anything."""
        read, batch = await self._poll()
        return bool(batch or read)

    async def _poll(self) -> tuple[int, ClaimBatch]:
        """Take in hand what is due and read messages; how many were done with, and what was taken."""
        batch = await self._claim(full_scan=True, look=True)
        return (await self._inbox.handle() if batch.has_messages else 0), batch

    async def heartbeat(self) -> None:
        """Say that this worker lives and still has in hand what it has."""
        await self._database.run(self._renew)

    def hint(self) -> None:
        """Something may be due."""
        self._woken.set()

    # The loop

    async def _work_off(self) -> None:
        while (due := await self.run_until_idle()) is not None:
            wait = (due - self._clock.now()).total_seconds()
            if wait > MOMENT:
                return
            await self._clock.sleep(max(wait, 0.0))

    async def _work(self, hints: Hints, stop: asyncio.Event, others: Collection[asyncio.Task[object]]) -> None:
        loop = asyncio.get_running_loop()
        scanned_at = -FULL_SCAN
        wait = 0.0
        while not stop.is_set():
            self._woken.clear()
            hinted = await self._hinted(hints)
            scans = loop.time() >= scanned_at + FULL_SCAN
            read = self._read_beside_the_work(scans or INBOX in hinted or self._inbox.has_news)
            if scans:
                scanned_at = loop.time()
                found = await self._claim(full_scan=True)
                await self._rebalance(found.busy)
            elif self._saturated or self._left_due or wait <= 0 or read:
                found = await self._claim(full_scan=False)
            elif hinted:
                found = await self._claim(full_scan=False, among=hinted)
            else:
                found = None
            wait = scanned_at + FULL_SCAN - loop.time()
            if found is not None and found.next_poll is not None:
                wait = min(wait, (found.next_poll - self._clock.now()).total_seconds())
            await self._wait(max(wait, 0.0), others)

    async def _wait(self, seconds: float, others: Collection[asyncio.Task[object]]) -> None:
        woken = asyncio.create_task(self._woken.wait())
        await asyncio.wait({woken, *others}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        await _end(woken)
        self._raise_failure(*others)

    async def _hinted(self, hints: Hints) -> list[str]:
        try:
            return await hints.take()
        except DatabaseUnavailable:
            # The full scan finds whatever there was a hint of, and waits for the database if it has to.
            return []

    def _read_beside_the_work(self, heard: bool) -> int:  # noqa: FBT001 - the loop's own condition
        """How many messages were read since this was asked; if any were ``heard`` of, begin to read them."""
        read = 0
        self._messages_heard = self._messages_heard or heard
        if self._reading is not None and self._reading.done():
            read, self._reading = self._reading.result(), None
        if self._reading is None and self._messages_heard:
            self._messages_heard = False
            self._reading = asyncio.create_task(self._inbox_read())
        return read

    async def _inbox_read(self) -> int:
        read = 0
        with suppress(DatabaseUnavailable):  # what is in the inbox stays there for the next full scan
            read = await self._inbox.handle()
        if read or self._messages_heard:
            self._woken.set()
        return read

    async def _claim(
        self, *, full_scan: bool, among: Collection[str] | None = None, look: bool = False
    ) -> ClaimBatch:
        """Take in hand what is due; places and instants are taken first where there are too few."""
        if not self._has_rows:
            await self._commit(self._ensure_rows)
            self._has_rows = True
        self._left_due = False
        slots = {name: self._pace(name).take_spare(self._places.free(name)) for name in self._concurrency}
        offers = {name: ClaimOffer(found) for name, found in slots.items() if found and name not in self._down}
        batch = await self._claim_offered(offers, full_scan=full_scan, among=among, look=look)
        if batch.needs:
            further = await self._grant(batch, lent=full_scan)
            if further:
                batch.merge(await self._claim_offered(further, full_scan=False, among=among))
        self._suspended, self._saturated, self._down = batch.suspended, batch.saturated, batch.down
        self._backlog = batch.backlog
        if batch:
            self._observer.claimed(len(batch))
        for claim in batch:
            self._start(claim)
        return batch

    async def _claim_offered(
        self,
        offers: Mapping[str, ClaimOffer],
        *,
        full_scan: bool,
        among: Collection[str] | None,
        look: bool = False,
    ) -> ClaimBatch:
        """Take in hand what is offered; a place of each is in use from now on, until its call has ended."""
        for name, offer in offers.items():
            self._places.use(name, len(offer.slots))
        claimed: Counter[str] = Counter()
        try:
            unit = partial(self._claim_and_look if look else self.claims.claim, full_scan=full_scan)
            unit = partial(unit, offers=offers, among=among)
            try:
                batch = await self._commit(unit)
            except DatabaseUnavailable:
                raise
            except Exception:  # noqa: BLE001 - whose it is shows when each is written by itself
                batch = await self._commit(partial(unit, each_alone=True))
            claimed.update(claim.target_plugin for claim in batch)
        finally:
            for name, offer in offers.items():
                self._places.release(name, len(offer.slots) - claimed[name])
        for name, offer in offers.items():
            left = offer.slots[claimed[name] :]
            if left and offer.is_probe:
                await self._commit(partial(self._agencies.give_back_probe, plugin=name, now=self._clock.now()))
            elif left:
                await self._give_back(name, left, offer.taken)
        self._places.note(batch.held)
        return batch

    async def _give_back(self, plugin: str, left: Sequence[PaceSlot], taken: TakenInstants | None) -> None:
        """Keep instants that were not used for the next who has use for one; or let others have them, if they can."""
        pace = self._pace(plugin)
        if taken is not None and pace.interval > KEPT:
            used = taken.number - len(left)
            unit = partial(give_back_instants, plugin=plugin, taken=taken, used=used, interval=pace.interval)
            if await self._commit(unit):
                pace.note_given_back(len(left))
                return
        pace.give_back(list(left))

    async def _grant(self, batch: ClaimBatch, *, lent: bool) -> dict[str, ClaimOffer]:
        """Take places and instants for what is due; what can be taken in hand with them."""
        paces = {name: self._pace(name) for name in batch.needs}
        asked = {name: pace.asked() for name, pace in paces.items()}
        needs = {name: need._replace(lead=paces[name].lead) for name, need in batch.needs.items()}
        granted = await self._commit(partial(self.claims.grant, needs=needs, lent=lent))
        self._places.note({name: one.held for name, one in granted.items()})
        offers = {}
        for name, one in granted.items():
            if one.taken is None:
                # Whoever ends a call, here or elsewhere, has a place to give.
                batch.saturated = batch.saturated or not batch.needs[name].is_probe
                continue
            slots = paces[name].note_taken(one.taken, asked[name])
            wanted = min(batch.needs[name].calls, self._places.free(name))
            if slots:
                offers[name] = ClaimOffer(slots[:wanted], one.is_probe, one.taken if len(slots) <= wanted else None)
                paces[name].give_back(slots[wanted:])
            if len(slots) < wanted:
                batch.poll_at(paces[name].opens_at)
        return offers

    async def _rebalance(self, busy: Collection[str]) -> None:
        """Give back places that others want, and those at agencies for which nothing is due."""
        if not self._places.is_empty:
            self._places.note_kept(await self._commit(partial(self._places.rebalance, busy=busy)))

    def _pace(self, plugin: str) -> AgencyPace:
        return self._rate_limiter.pace(plugin, self._agencies.limits(plugin).per_second)

    async def _commit(self, unit: Unit[T], *, together: bool = False) -> T:
        """Run a unit, and wait for a database that is away, for as long as others wait for this worker.

        A unit that may have happened is run again: what it took in hand the first time is in nobody's hands then, and
        is taken up when that lease runs out.
        """
        loop = asyncio.get_running_loop()
        begun_at, away_since = loop.time(), None
        pause = PAUSE
        is_back = False
        run = self._database.run_together if together else self._database.run
        try:
            while True:
                try:
                    result = await run(unit)
                except DatabaseUnavailable:
                    if away_since is None:
                        away_since = loop.time()
                        if self._availability.lost(begun_at=begun_at):
                            _log.error("database_unavailable", worker=self._name)
                            self._observer.database_lost()
                    if loop.time() - away_since >= self._lease.lasts.total_seconds():
                        raise
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                else:
                    is_back = True
                    return result
        finally:
            if away_since is not None and self._availability.found(loop.time(), is_back=is_back):
                _log.warning("database_is_back", worker=self._name)

    # In transactions

    def _claim_and_look(self, transaction: Transaction, **options: Any) -> ClaimBatch:
        batch = self.claims.claim(transaction, **options)
        batch.has_messages = self._inbox.has_unread(transaction)
        return batch

    def _ensure_rows(self, transaction: Transaction) -> None:
        self._agencies.ensure_rows(transaction, self._concurrency, time_of(self._clock))

    def _register(self, transaction: Transaction) -> None:
        sign_on(transaction, self._vault)
        # A worker that was killed never deregisters.
        self._lease.register(transaction, self._name, keys=self._vault.names, expiry=WORKER_EXPIRY)

    def _renew(self, transaction: Transaction) -> None:
        self._lease.renew(transaction, list(self._in_flight.values()))
        self._places.renew(transaction)
        note_kept_out(transaction, self.id, kept_out_by(self._platform))
        transaction.seal_ledger(self._clock.now())

    def _deregister(self, transaction: Transaction) -> None:
        self._lease.deregister(transaction)
        self._places.forget(transaction)

    # In flight

    def _start(self, claim: Claim) -> None:
        task = asyncio.create_task(self._run_claim(claim))
        self._in_flight[task] = claim.stored.id
        task.add_done_callback(self._done)

    async def _run_claim(self, claim: Claim) -> None:
        """Make the call, and those that follow from it at once."""
        current: Claim | None = claim
        while current is not None:
            place = current.target_plugin
            try:
                current = await self._carry_out(current)
            except BaseException:
                self._places.release(place)
                raise
            # A call that follows at the same agency keeps the place; at another it has taken one.
            if current is None or current.target_plugin != place:
                self._places.release(place)

    async def _carry_out(self, claim: Claim) -> Claim | None:
        """Make one call and commit what came of it; the call that follows, if one does at once."""
        APPLICATION.set(claim.stored.id)
        early = self._pace(claim.target_plugin).early(claim.slot)
        if early > 0:
            await self._clock.sleep(early)
        RESERVED.set(self._reservation(claim))
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
        await self._learn(claim.target_plugin, outcome)
        return following

    async def _complete(self, claim: Claim, outcome: CallAnswered | CallFailed) -> Claim | None:
        ending = self._ending or (self._stop is not None and self._stop.is_set())
        suspended = None if ending else self._suspended
        planned = self.completions.plan(claim, outcome, suspended)
        name = planned.follows
        if name is None and suspended is not None and self._may_be_followed(claim.target_plugin, outcome):
            name = claim.target_plugin
        slot = await self._slot_after(claim.target_plugin, name) if name is not None else None
        unit = partial(self.completions.complete, claim=claim, outcome=outcome, suspended=suspended, planned=planned)
        following = None
        try:
            following = await self._commit_outcome(
                partial(unit, slot=slot), unit if planned.follows is None else None
            )
        finally:
            if name is not None and slot is not None and following is None:
                self._pace(name).give_back([slot])
                if name != claim.target_plugin:
                    self._places.release(name)
        if planned.follows is not None and following is None:
            # It was left due, and this worker looks after it as soon as there is an instant.
            self._left_due = True
            self._woken.set()
        elif following is None:
            self._backlog.discard(claim.target_plugin)
        elif following.stored.id != claim.stored.id:
            self._note_next(following)
        return following

    def _may_be_followed(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an application may be taken in hand at an agency in the place of one that was called for."""
        return plugin in self._backlog and isinstance(outcome, CallAnswered)

    def _note_next(self, claim: Claim) -> None:
        """The present task goes on with another application."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._in_flight[task] = claim.stored.id
        self._observer.claimed(1)

    async def _commit_outcome(self, unit: Unit[Claim | None], alone: Unit[Claim | None] | None) -> Claim | None:
        """Commit an outcome; ``alone`` is the same without another application, which may be what is wrong."""
        try:
            return await self._commit(unit, together=True)
        except Exception as error:
            if alone is None or is_the_machines(error):
                raise
            return await self._commit(alone, together=True)

    async def _slot_after(self, plugin: str, name: str) -> PaceSlot | None:
        """An instant and a place for a call to ``name`` after one to ``plugin``, if both can be had at once."""
        stays = name == plugin
        if name in self._down or not (self._places.may_go_on(name) if stays else self._places.free(name)):
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

    async def _learn(self, plugin: str, outcome: CallAnswered | CallFailed) -> None:
        """Write down how an agency fares, where that is news."""
        if not self._agencies.is_news(plugin, outcome):
            return
        now = self._clock.now()
        try:
            change = await self._database.run(partial(self._agencies.learn, plugin=plugin, outcome=outcome, now=now))
        except DatabaseUnavailable:
            # The next call says it again; the application's own outcome is written down already.
            return
        if change is None:
            return
        if change.is_down:
            self._down = self._down | {plugin}
            _log.warning("agency_is_down", plugin=plugin, cause=change.cause)
        else:
            self._down = self._down - {plugin}
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
        await self._commit(partial(self.completions.block, claim=claim, error=error))

    def _reservation(self, claim: Claim) -> Reservation:
        operation = claim.call.operation
        writes = operation is not None and OPERATIONS[operation].writes
        held = HeldApplication(claim.stored.id, claim.attempt["entry"], self._lease) if writes else None
        return Reservation(claim.target_plugin, claim.slot, held)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task, None)
        self._completions += 1
        if not task.cancelled() and task.exception() is not None:
            self._failed = self._failed or task.exception()
        if self._saturated or self._failed is not None:
            self._woken.set()

    def _raise_failure(self, *others: asyncio.Task[object]) -> None:
        for task in others:
            if task.done() and not task.cancelled() and task.exception() is not None:
                self._failed = self._failed or task.exception()
        if self._failed is not None:
            raise self._failed

    async def _finish_in_flight(self, grace: float | None, at_once: asyncio.Event | None) -> int:
        """Wait for the calls in flight, each of which has a deadline of its own, and give up what is left."""
        flying = asyncio.gather(*self._in_flight, return_exceptions=True)
        hurried = asyncio.create_task((at_once or asyncio.Event()).wait())
        waiting: set[asyncio.Future[Any]] = {flying, hurried}
        await asyncio.wait(waiting, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        await _end(hurried)
        left = tuple(self._in_flight)
        for task in left:
            await _end(task)
        return len(left)

    async def _tell_throughput(self) -> None:
        while True:
            await asyncio.sleep(MINUTE)
            due: dict[str, int] | None = None
            with suppress(DatabaseUnavailable):
                due = dict(await self._database.run(partial(count_due, until=self._clock.now())))
            _log.info(
                "worker_throughput",
                worker=self._name,
                seconds=round(MINUTE),
                calls=self._throughput.take(),
                in_hand=len(self._in_flight),
                due=due,
            )

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(self._lease.lasts.total_seconds() / HEARTBEATS)
            with suppress(DatabaseUnavailable):
                await self.heartbeat()
                await check_clock(self._database.run, self._clock)

    async def _tidy(self, hints: Hints) -> None:
        while True:
            await asyncio.sleep(TIDY)
            with suppress(DatabaseUnavailable):
                await hints.tidy()
            with suppress(DatabaseUnavailable):
                await self.erase_messages()

    async def erase_messages(self) -> int:
        """Erase what agencies and gateways sent longer ago than messages are kept; how many there were."""
        now = self._clock.now()
        return await erase_messages(self._database, received_before=now - self._message_age, now=now)


async def _end(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait({task})
