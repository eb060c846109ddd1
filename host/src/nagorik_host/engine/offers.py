"""What a worker may take in hand at its agencies: a place for each call, and an instant of the agency's time.

Both are taken in transactions that do nothing else, so that nobody waits long for an agency's row.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from nagorik.clock import Clock
from nagorik_host.engine.agencies import AgencyScheduler
from nagorik_host.engine.claim_batch import ClaimBatch, ClaimOffer, Granted, Need
from nagorik_host.engine.instants import TakenInstants, give_back_instants, row_of, take_instants, time_of
from nagorik_host.engine.outage import OutageRetry
from nagorik_host.engine.pace import KEPT, AgencyPace, PaceSlot
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.store.database import Transaction


class Offers:
    """Takes places and instants for one worker, and gives back what it has no use for."""

    def __init__(
        self,
        agencies: AgencyScheduler,
        *,
        pace: Callable[[str], AgencyPace],
        places: WorkerPlaces,
        retry: OutageRetry,
        clock: Clock,
    ) -> None:
        """Offer what agencies can bear.

        Args:
            agencies: What the agencies can bear.
            pace: Gives an agency's time.
            places: How many calls the worker may make at each agency.
            retry: Waits for a database that is away.
            clock: The time of agencies and citizens.
        """
        self._agencies = agencies
        self._pace = pace
        self._places = places
        self._retry = retry
        self._clock = clock
        self._has_rows = False

    async def ensure_rows(self) -> None:
        """Have a row for each agency."""
        if not self._has_rows:
            unit = partial(self._agencies.ensure_rows, plugins=self._places.plugins, now=time_of(self._clock))
            await self._retry.run(unit)
            self._has_rows = True

    def forget_rows(self) -> None:
        """The database has lost some: see to them again."""
        self._has_rows = False

    def at_hand(self) -> dict[str, ClaimOffer]:
        """What there are places and instants for without asking anybody, by plugin."""
        slots = {name: self._pace(name).take_spare(self._places.free(name)) for name in self._places.plugins}
        return {name: ClaimOffer(found) for name, found in slots.items() if found}

    async def take(self, batch: ClaimBatch, *, lent: bool) -> dict[str, ClaimOffer]:
        """Take places and instants for what ``batch`` needs; what can be taken in hand with them, by plugin.

        Args:
            batch: Is told where it has to wait.
            lent: Whether this worker may hold more than its share where others have no use for it.
        """
        paces = {name: self._pace(name) for name in batch.needs}
        asked = {name: pace.asked() for name, pace in paces.items()}
        needs = {name: need._replace(lead=paces[name].lead) for name, need in batch.needs.items()}
        granted = await self._retry.run(partial(self.grant, needs=needs, lent=lent))
        self._places.note({name: one.held for name, one in granted.items()})
        offers = {}
        for name, one in granted.items():
            if one.taken is None:
                # Whoever ends a call, here or elsewhere, has a place to give.
                if not batch.needs[name].is_probe:
                    batch.saturated = True
                    batch.backlog.add(name)
                continue
            slots = paces[name].note_taken(one.taken, asked[name])
            wanted = min(batch.needs[name].calls, self._places.free(name))
            if slots:
                offers[name] = ClaimOffer(slots[:wanted], one.is_probe, one.taken if len(slots) <= wanted else None)
                paces[name].give_back(slots[wanted:])
            if len(slots) < wanted:
                batch.poll_at(paces[name].opens_at)
        return offers

    async def give_back(self, name: str, offer: ClaimOffer, used: int) -> None:
        """Only the first ``used`` of an offer were used."""
        left = offer.slots[used:]
        if not left:
            return
        # Before the probe: whoever takes that needs an instant for it.
        await self._give_back_instants(name, left, offer.taken)
        if offer.is_probe:
            await self._retry.run(partial(self._agencies.health.give_back_probe, plugin=name, at=self._clock.now()))

    async def _give_back_instants(self, plugin: str, left: Sequence[PaceSlot], taken: TakenInstants | None) -> None:
        """Keep instants that were not used for the next who has use for one; or let others have them, if they can."""
        pace = self._pace(plugin)
        if taken is not None and pace.interval > KEPT:
            used = taken.number - len(left)
            unit = partial(give_back_instants, plugin=plugin, taken=taken, used=used, interval=pace.interval)
            if await self._retry.run(unit):
                pace.note_given_back(len(left))
                return
        pace.give_back(list(left))

    # In transactions

    def grant(self, transaction: Transaction, *, needs: Mapping[str, Need], lent: bool) -> dict[str, Granted]:
        """Places and instants for calls that are due, as far as agencies can bear them.

        Args:
            transaction: One that does nothing else.
            needs: What is needed, by plugin.
            lent: As for ``take``.
        """
        # In one order, so that two workers never wait for each other.
        return {name: self._grant(transaction, name, needs[name], lent=lent) for name in sorted(needs)}

    def _grant(self, transaction: Transaction, name: str, need: Need, *, lent: bool) -> Granted:
        row = row_of(transaction, name, time_of(self._clock))
        is_down = row.down_since is not None
        wanted, held = 1 if is_down else need.calls, self._places.held(name)
        if wanted > self._places.free(name) and (lent or held == 0):
            held = self._places.acquire(transaction, name, wanted, lent=lent)
        free = min(wanted, held - self._places.used(name))
        if free <= 0 or (is_down and self._agencies.health.probe_at(row, self._clock.now()) > self._clock.now()):
            return Granted(held, None)
        interval = self._agencies.limits(name).interval
        taken = take_instants(transaction, name, free, interval, time_of(self._clock), lead=need.lead)
        if is_down and taken.number > 0:  # or it would be left alone for a probe that there was no time for
            self._agencies.health.take_probe(transaction, row, self._clock.now())
        return Granted(held, taken, is_down)
