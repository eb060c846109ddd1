"""Which worker looks after which agency first, so that what many workers share costs hardly more than what one has.

What is due costs least where one worker does all of it: its calls share transactions and instants, and nobody else
looks. So each agency has its living workers in an order that all of them reckon alike, and they come in turn: the
first at once, the second when something has been due for a while, the others when it has been for longer. Whoever
stands still, was killed or has too much to do is helped by the next, and nobody has to know why. No more workers come
first than have enough to do; the others stand by.

Nothing relies on it. Workers that do not know of each other both take what is due, each application once: a row's
lock and lease say whose it is.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from math import ceil
from typing import Final

from sqlalchemy import select

from nagorik_host.engine.leases import WorkerLease
from nagorik_host.store.clock import LEASE_NOW, lasts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import workers

STEP: Final = timedelta(milliseconds=500)
"""How long something is due before the next worker of an agency may take it."""
LONGEST: Final = 2 * STEP
"""How long something is due, at most, before any worker may."""
BUSY: Final = 0.95
"""The part of its time that a process may use for work, and still share its agencies with nobody else."""
UNSHARED: Final = 0.85
"""What a worker needs for work that it does alone, as a part of what two need who share it: each commit has more in
it (``benchmarks/host.py``)."""

ENOUGH: Final = 16
"""Places of agencies that are worth a worker: what it has in hand together shares what the database costs."""

_LIVING: Final = select(workers.c.id).where(lasts(workers.c.lease_until))


class AgencyAffinity:
    """One worker's turn at each agency."""

    def __init__(self, lease: WorkerLease, concurrency: Mapping[str, int]) -> None:
        """Come first everywhere, until others are known.

        Args:
            lease: Names the worker.
            concurrency: By plugin, the most calls in flight at its agency, over all workers.
        """
        self._lease = lease
        self._concurrency = concurrency
        self._living: frozenset[str] = frozenset({lease.worker})
        self._turns: dict[str, int] = {}
        self._measured: tuple[float, float] | None = None
        self._sharers = 1
        self._is_full = False

    def refresh(self, transaction: Transaction) -> None:
        """See which workers live."""
        found = transaction.connection.scalars(_LIVING, {LEASE_NOW: self._lease.now})
        living = frozenset({self._lease.worker, *found})
        if living != self._living:
            self._living, self._turns = living, turns_of(self._lease.worker, living, self._concurrency)

    def note_load(self, used: float, elapsed: float) -> None:
        """The process has used so many seconds of a processor, of so many that have passed, since it began."""
        if self._measured is not None and elapsed > self._measured[1]:
            used_before, elapsed_before = self._measured
            load, full = used - used_before, BUSY * (elapsed - elapsed_before)
            was_full, self._is_full = self._is_full, load > full
            if self._is_full:
                # Once is a burst.
                self._sharers = min(self._sharers + was_full, self.living)
            elif self._sharers > 1:
                fewer = self._sharers - 1
                needed = load * self._sharers * (UNSHARED if fewer == 1 else 1.0)
                if needed <= full * fewer:
                    self._sharers = fewer
        self._measured = used, elapsed

    @property
    def living(self) -> int:
        """How many workers there are, this one among them."""
        return len(self._living)

    def sharers(self, plugin: str) -> int:
        """Among how many workers an agency's places are shared, as far as this one can tell.

        Whoever looks after it has them for itself, and shares them with one more each time that it is seen to have
        too much to do, but for the first time in a row: what few do costs less than what all do a part of. Whoever
        helps is one of two, and shares with more if it is kept busy in turn.
        """
        return min(self._sharers if self.comes_first(plugin) else self._sharers + 1, self.living)

    def comes_first(self, plugin: str) -> bool:
        """Whether this worker is the one that looks after an agency."""
        return self._turns.get(plugin, 0) == 0

    def patience(self, plugin: str) -> timedelta:
        """How long something has to be due at an agency before this worker takes it in hand."""
        return min(self._turns.get(plugin, 0) * STEP, LONGEST)


def turns_of(worker: str, living: Collection[str], concurrency: Mapping[str, int]) -> dict[str, int]:
    """By agency, how many of ``living`` come before ``worker``.

    Of those that have enough to do, each agency has an order of its own (rendezvous hashing), so that the agencies of
    one that is gone fall to several. None is first at more than its share of the places.

    Args:
        worker: One of ``living``.
        living: The workers' ids.
        concurrency: By plugin, the places of its agency.
    """
    total = sum(concurrency.values())
    common = sorted(living, key=partial(_weight, ""))
    number = min(len(common), max(1, ceil(total / ENOUGH)))
    at_work, standing_by = common[:number], common[number:]
    left = dict.fromkeys(at_work, ceil(total / number))
    turns = {}
    # The largest first: what comes last is small enough to fit anywhere.
    for plugin in sorted(concurrency, key=lambda name: (-concurrency[name], name)):
        order = sorted(at_work, key=partial(_weight, plugin))
        first = next((one for one in order if left[one] >= concurrency[plugin]), max(order, key=left.__getitem__))
        left[first] -= concurrency[plugin]
        order.remove(first)
        turns[plugin] = [first, *order, *standing_by].index(worker)
    return turns


def _weight(plugin: str, worker: str) -> bytes:
    return blake2b(f"{plugin}/{worker}".encode(), digest_size=8).digest()
