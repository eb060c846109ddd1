"""Looking for what is due, and taking of it in hand what the worker has places and the agencies have time for."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from nagorik.clock import Clock
from nagorik_host.engine.claim_batch import Claim, ClaimBatch, ClaimOffer
from nagorik_host.engine.claims import Claims
from nagorik_host.engine.executor import ClaimExecutor, WorkState
from nagorik_host.engine.inbox import Inbox
from nagorik_host.engine.losses import WorkerLosses
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.offers import Offers
from nagorik_host.engine.outage import OutageRetry
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.store.database import DatabaseUnavailable, Transaction
from nagorik_platform import Platform


class Poller:
    """Takes in hand for one worker what is due, and has it carried out."""

    def __init__(
        self,
        platform: Platform,
        claims: Claims,
        losses: WorkerLosses,
        inbox: Inbox,
        executor: ClaimExecutor,
        *,
        offers: Offers,
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
            losses: What may end the worker.
            inbox: Messages that may lie unread.
            executor: Carries out what is taken in hand.
            offers: What may be taken in hand.
            places: How many calls the worker may make at each agency.
            retry: Waits for a database that is away.
            state: What the worker's parts tell each other.
            observer: Is told what is taken in hand.
            clock: The time of agencies and citizens.
        """
        self._platform = platform
        self._claims = claims
        self._losses = losses
        self._inbox = inbox
        self._executor = executor
        self._offers = offers
        self._places = places
        self._retry = retry
        self._state = state
        self._observer = observer
        self._clock = clock

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
        taken, endings = list[Claim](), self._state.endings
        try:
            return await self._look(taken, full_scan=full_scan, sweep=sweep, among=among, look=look)
        finally:
            # Whatever became of the look since: each has a place, and nobody else carries it out.
            self._carry_out(taken, is_given_back=self._state.endings != endings)

    def _carry_out(self, taken: Sequence[Claim], *, is_given_back: bool) -> None:
        """Carry out what was taken in hand, unless the worker has struck itself off meanwhile: others may have it."""
        if is_given_back:
            for claim in taken:
                self._places.release(claim.target_plugin)
            return
        if taken:
            self._observer.claimed(len(taken))
        for claim in taken:
            self._executor.start(claim)

    async def _look(
        self, taken: list[Claim], *, full_scan: bool, sweep: bool, among: Collection[str] | None, look: bool
    ) -> ClaimBatch:
        """As ``claim``; what is committed is added to ``taken`` at once, and is to be carried out."""
        await self._offers.ensure_rows()
        self._state.left_due, freed = False, self._executor.freed
        offers = {name: offer for name, offer in self._offers.at_hand().items() if name not in self._state.down}
        batch = await self._claim_offered(offers, taken, full_scan=full_scan, sweep=sweep, among=among, look=look)
        if batch.needs:
            further = await self._offers.take(batch, lent=full_scan)
            if further:
                batch.merge(await self._claim_offered(further, taken, full_scan=False, among=among))
        if batch.lacks_rows:
            self._offers.forget_rows()
        state = self._state
        state.suspended, state.saturated, state.down = batch.suspended, batch.saturated, batch.down
        if batch.saturated and self._executor.freed != freed:
            # A call ended too late for this look to find its place free, and before there was known to be use for it.
            state.woken.set()
        if batch.left_unparked:
            # Each look gets further by a page, and what may be called for waits behind it.
            state.woken.set()
        if self._losses.deadly:
            deadly, self._losses.deadly = self._losses.deadly, set()
            await self.heed_losses(deadly)
        state.backlog = batch.backlog
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
        taken: list[Claim],
        *,
        full_scan: bool,
        among: Collection[str] | None,
        sweep: bool = False,
        look: bool = False,
    ) -> ClaimBatch:
        """Take in hand what is offered; a place of each is in use from now on, until its call has ended.

        ``taken`` is in hand, too, and not yet carried out; what is committed is added to it.
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
            taken += batch
        finally:
            for name, offer in offers.items():
                self._places.release(name, len(offer.slots) - claimed[name])
        for name, offer in offers.items():
            await self._offers.give_back(name, offer, claimed[name])
        self._places.note(batch.held)
        return batch

    def _claim_and_look(self, transaction: Transaction, **options: Any) -> ClaimBatch:
        batch = self._claims.claim(transaction, **options)
        batch.has_messages = self._inbox.has_unread(transaction)
        return batch
