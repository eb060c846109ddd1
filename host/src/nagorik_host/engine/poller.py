"""Looking for what is due, and taking of it in hand what the worker has places and the agencies have time for."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from nagorik.clock import Clock
from nagorik_host.engine.agencies import AgencyScheduler
from nagorik_host.engine.claim_batch import Claim, ClaimBatch, ClaimOffer
from nagorik_host.engine.claims import Claims
from nagorik_host.engine.executor import ClaimExecutor, WorkState
from nagorik_host.engine.inbox import Inbox
from nagorik_host.engine.instants import TakenInstants, give_back_instants, time_of
from nagorik_host.engine.losses import WorkerLosses
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.outage import OutageRetry
from nagorik_host.engine.pace import KEPT, AgencyPace, PaceSlot
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.store.database import DatabaseUnavailable, Transaction
from nagorik_platform import Platform


class Poller:
    """Takes in hand for one worker what is due, and has it carried out."""

    def __init__(
        self,
        platform: Platform,
        claims: Claims,
        agencies: AgencyScheduler,
        losses: WorkerLosses,
        inbox: Inbox,
        executor: ClaimExecutor,
        *,
        concurrency: Mapping[str, int],
        pace: Callable[[str], AgencyPace],
        places: WorkerPlaces,
        retry: OutageRetry,
        state: WorkState,
        observer: WorkerObserver,
        clock: Clock,
    ) -> None:
        """Look for work in the agencies' queues.

        Args:
            platform: Keeps plugins out that end workers.
            claims: The transactions in which applications are taken in hand.
            agencies: What the agencies can bear.
            losses: What may end the worker.
            inbox: Messages that may lie unread.
            executor: Carries out what is taken in hand.
            concurrency: By plugin, the most calls in flight at its agency, over all workers.
            pace: Gives an agency's time.
            places: How many calls the worker may make at each agency.
            retry: Waits for a database that is away.
            state: What the worker's parts tell each other.
            observer: Is told what is taken in hand.
            clock: The time of agencies and citizens.
        """
        self._platform = platform
        self._claims = claims
        self._agencies = agencies
        self._losses = losses
        self._inbox = inbox
        self._executor = executor
        self._concurrency = concurrency
        self._pace = pace
        self._places = places
        self._retry = retry
        self._state = state
        self._observer = observer
        self._clock = clock
        self._has_rows = False

    async def claim(
        self, *, full_scan: bool, sweep: bool = False, among: Collection[str] | None = None, look: bool = False
    ) -> ClaimBatch:
        """Take in hand what is due; places and instants are taken first where there are too few.

        Args:
            full_scan: Whether more than this worker's share of the places may be asked for.
            sweep: Whether to look for what lost workers had in hand, and for what was parked, too.
            among: The applications to look at; all, where nothing is given.
            look: Whether to look for messages, too.
        """
        if not self._has_rows:
            await self._retry.run(self._ensure_rows)
            self._has_rows = True
        self._state.left_due = False
        slots = {name: self._pace(name).take_spare(self._places.free(name)) for name in self._concurrency}
        offers = {name: ClaimOffer(found) for name, found in slots.items() if found and name not in self._state.down}
        batch = await self._claim_offered(offers, full_scan=full_scan, sweep=sweep, among=among, look=look)
        if batch.needs:
            further = await self._grant(batch, lent=full_scan)
            if further:
                batch.merge(await self._claim_offered(further, full_scan=False, among=among, taken=batch))
        state = self._state
        state.suspended, state.saturated, state.down = batch.suspended, batch.saturated, batch.down
        if self._losses.deadly:
            deadly, self._losses.deadly = self._losses.deadly, set()
            await self.heed_losses(deadly)
        state.backlog = batch.backlog
        if batch:
            self._observer.claimed(len(batch))
        for claim in batch:
            self._executor.start(claim)
        return batch

    async def next_due(self) -> datetime | None:
        """When something can be taken in hand next that this worker comes first for, or others have left to it."""
        return await self._retry.run(partial(self._claims.next_due, own=True), unbound=True)

    async def rebalance(self, busy: Collection[str]) -> None:
        """Give back places that others want, and those at agencies for which nothing is due."""
        if not self._places.is_empty:
            unit = partial(self._places.rebalance, busy=busy)
            self._places.note_kept(await self._retry.run(unit, unbound=True))

    async def heed_losses(self, plugins: Collection[str]) -> None:
        """Keep plugins out whose calls ended workers, this one's process or others."""
        lost = await self._retry.run(partial(self._losses.citizens, plugins=plugins, now=self._clock.now()))
        for plugin, citizens in lost.items():
            self._platform.record_losses(plugin, citizens)

    async def _claim_offered(
        self,
        offers: Mapping[str, ClaimOffer],
        *,
        full_scan: bool,
        among: Collection[str] | None,
        sweep: bool = False,
        look: bool = False,
        taken: Sequence[Claim] = (),
    ) -> ClaimBatch:
        """Take in hand what is offered; a place of each is in use from now on, until its call has ended.

        ``taken`` is in hand, too, and not yet carried out.
        """
        for name, offer in offers.items():
            self._places.use(name, len(offer.slots))
        claimed: Counter[str] = Counter()
        in_hand = (*self._executor.in_hand, *(claim.stored.id for claim in taken))
        try:
            unit = partial(self._claim_and_look if look else self._claims.claim, full_scan=full_scan, sweep=sweep)
            unit = partial(unit, offers=offers, among=among, in_hand=in_hand)
            try:
                batch = await self._retry.run(unit)
            except DatabaseUnavailable:
                raise
            except Exception:  # noqa: BLE001 - whose it is shows when each is written by itself
                batch = await self._retry.run(partial(unit, each_alone=True))
            self._losses.note_committed()
            claimed.update(claim.target_plugin for claim in batch)
        finally:
            for name, offer in offers.items():
                self._places.release(name, len(offer.slots) - claimed[name])
        for name, offer in offers.items():
            left = offer.slots[claimed[name] :]
            if left and offer.is_probe:
                await self._retry.run(partial(self._agencies.give_back_probe, plugin=name, now=self._clock.now()))
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
            if await self._retry.run(unit):
                pace.note_given_back(len(left))
                return
        pace.give_back(list(left))

    async def _grant(self, batch: ClaimBatch, *, lent: bool) -> dict[str, ClaimOffer]:
        """Take places and instants for what is due; what can be taken in hand with them."""
        paces = {name: self._pace(name) for name in batch.needs}
        asked = {name: pace.asked() for name, pace in paces.items()}
        needs = {name: need._replace(lead=paces[name].lead) for name, need in batch.needs.items()}
        granted = await self._retry.run(partial(self._claims.grant, needs=needs, lent=lent))
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

    def _claim_and_look(self, transaction: Transaction, **options: Any) -> ClaimBatch:
        batch = self._claims.claim(transaction, **options)
        batch.has_messages = self._inbox.has_unread(transaction)
        return batch

    def _ensure_rows(self, transaction: Transaction) -> None:
        self._agencies.ensure_rows(transaction, self._concurrency, time_of(self._clock))
