"""Who makes how many of the calls that an agency bears at once.

A worker holds places at an agency from one call to the next, so that nobody need ask before each call who else is
there. What all living workers hold is never more than the agency bears. Each has its share; what one has no use for
is lent to whoever has, and given back when somebody wants it. The places of a worker that was not heard of for a
lease are anybody's.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from nagorik_host.engine.affinity import AgencyAffinity
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.store.clock import HELD_AT_MOST, LASTS, LEASE_NOW, UNTIL, is_held, is_known, lasts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import MICROSECOND, places, workers

KEPT_FROM: Final = 32
"""Places from which on an agency has one that is kept for whoever stands by. It is used at all times, one call by
itself, which costs up to four times what a call among the first worker's costs: of so many it is less than a tenth of
all. Of fewer, what an agency's first worker held when it was lost is waited for, which is a lease at most."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_LIVING: Final = lasts(places.c.held_until)
_OTHER_WORKERS: Final = (
    select(func.count())
    .select_from(workers)
    .where(workers.c.id != bindparam("worker_"), workers.c.beat_at > UNTIL, is_known(workers.c.beat_at))
)
_OF_ALL: Final = select(places, _OTHER_WORKERS.scalar_subquery().label("others")).where(
    places.c.plugin.in_(bindparam("names", expanding=True)), is_held(places.c.held_until)
)
_OWN: Final = (places.c.plugin == bindparam("name_"), places.c.worker == bindparam("worker_"))
_HOLD: Final = update(places).where(*_OWN).values(held_until=UNTIL)
_FIRST: Final = insert(places).values(held_until=UNTIL)
_GIVE_BACK: Final = update(places).where(*_OWN, _LIVING)
# In the order in which a grant goes through agencies, so that a worker's heartbeat and its grant wait for each other
# never: the rows are locked by the inner statement, one after another.
_OWN_IN_ORDER: Final = (
    select(places.c.plugin)
    .where(places.c.worker == bindparam("worker_"), _LIVING)
    .order_by(places.c.plugin)
    .with_for_update()
)
_RENEW: Final = (
    update(places)
    .where(places.c.worker == bindparam("worker_"), places.c.plugin.in_(_OWN_IN_ORDER), _LIVING)
    .values(held_until=UNTIL)
)
_FORGET: Final = delete(places).where(places.c.worker == bindparam("worker_"))


class PlacesRow(NamedTuple):
    """What one worker holds at one agency, and how many more it has use for."""

    plugin: str
    worker: str
    held: int
    wanted: int
    others: int
    """How many workers there are beside the one that asks."""


class PlacesShare(NamedTuple):
    """How many of an agency's places a worker may hold though others want some, and how many if nobody does."""

    share: int
    bound: int


class KeptPlaces(NamedTuple):
    """What a worker keeps of its places at an agency, and how many it may use of them, if others want some."""

    held: int
    limit: int | None


class WorkerPlaces:
    """One worker's places at all agencies: what the database lets it hold, and what of that is in use."""

    def __init__(self, lease: WorkerLease, affinity: AgencyAffinity, concurrency: Mapping[str, int]) -> None:
        """Hold none.

        Args:
            lease: On what terms the worker holds them.
            affinity: Which agencies it looks after.
            concurrency: By plugin, the most calls in flight at its agency, over all workers.
        """
        self._lease = lease
        self._affinity = affinity
        self._concurrency = concurrency
        self._held: dict[str, int] = dict.fromkeys(concurrency, 0)
        self._used: Counter[str] = Counter()
        self._limits: dict[str, int] = {}
        """What is to be given back, as soon as it is not in use any more, to those who want it."""

    def free(self, plugin: str) -> int:
        """How many more calls may be made at an agency."""
        held = self._held[plugin]
        return max(0, min(held, self._limits.get(plugin, held)) - self._used[plugin])

    def may_go_on(self, plugin: str) -> bool:
        """Whether a call that has ended may be followed by another in its place."""
        held = self._held[plugin]
        return self._used[plugin] <= min(held, self._limits.get(plugin, held))

    def used(self, plugin: str) -> int:
        """How many calls are in this worker's hands."""
        return self._used[plugin]

    def held(self, plugin: str) -> int:
        """How many places it holds."""
        return self._held[plugin]

    def most(self, plugin: str, *, held: int, lent: bool) -> int:
        """How many more calls this worker may get to make at an agency, where it holds ``held`` places.

        Whoever holds some gets no more of them before those of others may be ``lent`` to it.
        """
        bound = self._concurrency[plugin] if lent or held == 0 else min(held, self._limits.get(plugin, held))
        return bound - self._used[plugin]

    def use(self, plugin: str, calls: int = 1) -> None:
        """Calls are taken in hand."""
        self._used[plugin] += calls

    def release(self, plugin: str, calls: int = 1) -> None:
        """Calls have ended, or were not taken in hand after all."""
        self._used[plugin] -= calls

    def note(self, held: Mapping[str, int]) -> None:
        """So many places are this worker's, as the database has it."""
        self._held |= held

    def note_kept(self, kept: Mapping[str, "KeptPlaces"]) -> None:
        """As ``note``, and what is to be given back of them."""
        for plugin, (held, limit) in kept.items():
            self._held[plugin] = held
            if limit is None:
                self._limits.pop(plugin, None)
            else:
                self._limits[plugin] = limit

    @property
    def plugins(self) -> Collection[str]:
        """The agencies' plugins."""
        return self._held.keys()

    @property
    def is_empty(self) -> bool:
        """Whether no place is held."""
        return not any(self._held.values())

    # In transactions

    def acquire(self, transaction: Transaction, plugin: str, wanted: int, *, lent: bool) -> int:
        """Hold as many places as there is use for, as far as they are free; how many are held then.

        The agency's row is locked in this transaction.

        Args:
            transaction: Of the host's database.
            plugin: The agency's plugin.
            wanted: How many calls are due beside those that are in hand.
            lent: Whether more than this worker's share may be held, where nobody else wants it.
        """
        rows = self._rows(transaction, [plugin])
        others = [row for row in rows if row.worker != self._lease.worker]
        need = self._used[plugin] + wanted
        share, bound = self._share(transaction, plugin, others)
        # Whoever begins has no more than its share, until others have had the time to say what they want.
        beyond = lent and self._held[plugin] >= share and not any(row.wanted for row in others)
        most = bound if beyond else max(share, self._held[plugin])
        free = self._concurrency[plugin] - sum(row.held for row in others)
        held = max(min(need, most, free), min(self._used[plugin], max(free, 0)), 0)
        values = {"held": held, "wanted": max(0, need - held)}
        own = self._own(plugin)
        if not transaction.connection.execute(_HOLD, own | values).rowcount:
            first = {"plugin": plugin, "worker": self._lease.worker, **self._times(), **values}
            transaction.connection.execute(_FIRST, first)
        return held

    def rebalance(self, transaction: Transaction, busy: Iterable[str]) -> dict[str, KeptPlaces]:
        """Give back what there is no use for, and what others want beyond this worker's share; what is kept.

        Each of its statements may stand without the others.
        """
        kept, busy_at = {}, set(busy)
        rows = self._rows(transaction, self._concurrency)
        for row in rows:
            if row.worker != self._lease.worker:
                continue
            others = [one for one in rows if one.plugin == row.plugin and one.worker != row.worker]
            used, limit, wanted = self._used[row.plugin], None, row.wanted
            held = row.held
            if row.plugin not in busy_at:
                held, wanted = min(held, used), 0
            elif any(one.wanted for one in others):
                limit = self._share(transaction, row.plugin, others).share
                held = min(held, max(limit, used))
            if (held, wanted) != (row.held, row.wanted):
                values = {"held": held, "wanted": wanted}
                transaction.connection.execute(_GIVE_BACK, self._own(row.plugin) | values)
            kept[row.plugin] = KeptPlaces(held, limit)
        return kept

    def renew(self, transaction: Transaction) -> None:
        """Say that the worker lives and has use for its places; what others have taken stays theirs."""
        transaction.connection.execute(_RENEW, {"worker_": self._lease.worker, **self._times()})

    def forget(self, transaction: Transaction) -> None:
        """Give back all."""
        transaction.connection.execute(_FORGET, {"worker_": self._lease.worker})

    def _rows(self, transaction: Transaction, plugins: Iterable[str]) -> list[PlacesRow]:
        most = self._lease.held_at_most // MICROSECOND
        wanted = self._others() | {"names": list(plugins), HELD_AT_MOST: most}
        found = transaction.connection.execute(_OF_ALL, wanted)
        return [PlacesRow(row.plugin, row.worker, row.held, row.wanted, row.others) for row in found]

    def _share(self, transaction: Transaction, plugin: str, others: list[PlacesRow]) -> "PlacesShare":
        if others:
            registered = others[0].others
        else:
            registered = transaction.connection.scalar(_OTHER_WORKERS, self._others()) or 0
        here = sum(1 for row in others if row.held or row.wanted)
        number, total = max(registered, here), self._concurrency[plugin]
        if not number:
            return PlacesShare(total, total)
        # What a worker has in use that stands still is nobody's until its lease has run out: so not all of many.
        bound = total - 1 if total >= KEPT_FROM else total
        sharers = min(self._affinity.sharers(plugin), 1 + number)
        return PlacesShare(min(bound, ceil(total / sharers)), bound)

    def _others(self) -> dict[str, Any]:
        lasts = -(self._lease.lasts // MICROSECOND)
        return {"worker_": self._lease.worker, LEASE_NOW: self._lease.now, LASTS: lasts}

    def _times(self) -> dict[str, Any]:
        return {LEASE_NOW: self._lease.now, LASTS: self._lease.lasts // MICROSECOND}

    def _own(self, plugin: str) -> dict[str, Any]:
        return {"name_": plugin, "worker_": self._lease.worker, **self._times()}
