"""What a worker has in hand, and whether it still has it.

A worker may stand still at any line, for as long as its machine sleeps or its process is stopped, and others take
over what it had in hand meanwhile. So before it sends anything more that may change something at an agency, it asks
the database whether the application is still its own, and keeps it for another lease. The database's clock decides:
the worker's own may have stood still, too.
"""

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, not_, or_, select, update

from nagorik.clock import Clock
from nagorik_host.store.application_store import Lease
from nagorik_host.store.clock import ENDS_WITHIN, LASTS, LEASE_NOW, LONGEST_LEASE, NOW, UNTIL, is_known, lasts
from nagorik_host.store.database import Transaction, Unit
from nagorik_host.store.schema import MICROSECOND, applications, attempts, workers
from nagorik_platform.system_clock import SystemClock

APART: Final = 1.0
"""Seconds by which a worker's clock may differ from the database's."""
LEASES_APART: Final = 10
"""How many times as long as one worker's lease another's may be, while a host is set to another."""
_HOLD: Final = (
    update(applications)
    .where(
        applications.c.id == bindparam("application_"),
        applications.c.lease == bindparam("worker"),
        applications.c.lease_until > NOW,
        # A worker may have taken over from itself what it had lost, and begun anew what this call was about.
        select(attempts.c.entry)
        .where(
            attempts.c.application == applications.c.id,
            attempts.c.entry == bindparam("entry_"),
            attempts.c.ended_at.is_(None),
        )
        .exists(),
    )
    .values(lease_until=UNTIL)
)
_RENEW: Final = (
    update(applications)
    .where(applications.c.lease == bindparam("worker"), applications.c.id.in_(bindparam("held", expanding=True)))
    .values(lease_until=UNTIL)
    .returning(applications.c.id)
)
_GIVE_BACK: Final = (
    update(applications)
    .where(applications.c.lease == bindparam("worker"), applications.c.id.not_in(bindparam("held", expanding=True)))
    .values(lease_until=NOW)
)
_REGISTER: Final = insert(workers).values(started_at=NOW, beat_at=NOW, lease_until=UNTIL)
_BEAT: Final = update(workers).where(workers.c.id == bindparam("worker")).values(beat_at=NOW, lease_until=UNTIL)
_LIVING: Final = select(workers.c.id).where(workers.c.id == bindparam("worker"), lasts(workers.c.lease_until))
_FORGET: Final = delete(workers).where(workers.c.id == bindparam("worker"))
_STRIKE_OFF: Final = delete(workers).where(or_(workers.c.beat_at < UNTIL, not_(is_known(workers.c.beat_at))))


_TELL: Final = select(NOW)


class ClockWrong(Exception):
    """This machine's clock and the database's differ by so much that one of them is wrong."""

    def __init__(self, ahead: float) -> None:
        """Tell by how many seconds this machine's clock is ahead; it is behind where that is negative."""
        side = "ahead of" if ahead > 0 else "behind"
        super().__init__(
            f"this machine's clock is {abs(ahead):,.0f} seconds {side} the database's; a worker whose clock is wrong"
            " would make calls at the wrong time, so it takes nothing more in hand. Nothing was sent at a wrong time"
            " and nothing is lost. Set both clocks by NTP, then start the worker again"
        )
        self.ahead = ahead


async def check_clock(run: Callable[[Unit[datetime]], Awaitable[datetime]], clock: Clock) -> None:
    """See that the machine's clock agrees with the database's; a simulated one is nobody's to compare.

    Args:
        run: Runs a unit in a transaction, as ``Database.run``.
        clock: The machine's.

    Raises:
        ClockWrong: It does not.
        DatabaseUnavailable: The database cannot be reached.
    """
    if not isinstance(clock, SystemClock):
        return
    before = clock.now()
    told = await run(_told)
    after = clock.now()
    # The database's answer is from some moment between the two.
    ahead = (before - told).total_seconds() if before > told else min((after - told).total_seconds(), 0.0)
    if abs(ahead) > APART:
        raise ClockWrong(ahead)


def _told(transaction: Transaction) -> datetime:
    told: datetime = transaction.connection.execute(_TELL, {LEASE_NOW: None}).scalar_one()
    return told


def elapsed_of(clock: Clock) -> Callable[[], float]:
    """Seconds that have passed by ``clock``, on a scale that does not stand still while the machine sleeps.

    Time that is simulated has no machine that could sleep.
    """
    return _since_boot if isinstance(clock, SystemClock) else clock.monotonic


def _since_boot() -> float:
    # The event loop's time stands still while a machine is suspended; only Linux has a clock that does not.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class WorkerLease:
    """On what terms a worker has applications in hand.

    Attributes:
        worker: The worker's id.
        lasts: How long it is waited for when nothing is heard of it; at most ``LONGEST_LEASE``.
        clock: The time that leases are counted on, where that is not the database's.
    """

    worker: str
    lasts: timedelta
    clock: Clock | None = None

    def __post_init__(self) -> None:
        if self.lasts > LONGEST_LEASE:
            raise ValueError(f"a lease lasts {LONGEST_LEASE} at most")

    @property
    def taken(self) -> Lease:
        """The lease of an application that is taken in hand now."""
        return Lease(self.worker, self.lasts, self.now)

    @property
    def held_at_most(self) -> timedelta:
        """For how long from now on any worker can hold a place: its own lease may be another than this worker's.

        A row that says more was written by no worker, and would keep an agency from being called until then.
        """
        return min(LEASES_APART * self.lasts, ENDS_WITHIN)

    @property
    def now(self) -> datetime | None:
        """The time, where that is not the database's to say."""
        return self.clock.now() if self.clock is not None else None

    def holds(self, transaction: Transaction, application: str, entry: int) -> bool:
        """Whether an application is still in this worker's hands for an attempt; if so, it is for another lease."""
        wanted = self._wanted() | {"application_": application, "entry_": entry}
        return transaction.connection.execute(_HOLD, wanted).rowcount == 1

    def elapsed(self) -> float:
        """Seconds that have passed, by which it is reckoned here how long the database lets it last."""
        return elapsed_of(self.clock or SystemClock())()

    def end(self, asked: float) -> float:
        """When a lease ends, by ``elapsed``, that the database was asked for no sooner than ``asked``."""
        return asked + self.lasts.total_seconds()

    def renew(self, transaction: Transaction, held: Collection[str]) -> frozenset[str]:
        """Say that the worker lives, and has these applications in hand; which of them it still has."""
        transaction.connection.execute(_BEAT, self._wanted())
        if not held:
            return frozenset()
        return frozenset(transaction.connection.scalars(_RENEW, self._wanted() | {"held": list(held)}))

    def is_alive(self, transaction: Transaction, worker: str) -> bool:
        """Whether a worker that has lost what it had in hand goes on: it is this one, or was heard of lately."""
        if worker == self.worker:
            return True
        return transaction.connection.scalar(_LIVING, {"worker": worker, LEASE_NOW: self.now}) is not None

    def register(self, transaction: Transaction, name: str, *, keys: Collection[str], expiry: timedelta) -> None:
        """Write a worker down that begins and holds ``keys``; strike off whoever was not heard of for ``expiry``.

        What it has in hand already stays its own: a call that is under way counts on its lease, and may be about to
        send something.
        """
        transaction.connection.execute(_FORGET, {"worker": self.worker})
        transaction.connection.execute(_STRIKE_OFF, {LASTS: -(expiry // MICROSECOND), LEASE_NOW: self.now})
        row = {"id": self.worker, "name": name, "key_names": ",".join(keys)}
        transaction.connection.execute(_REGISTER, row | {LASTS: self.lasts // MICROSECOND, LEASE_NOW: self.now})

    def deregister(self, transaction: Transaction, held: Collection[str]) -> None:
        """Strike the worker off, and give back at once what its lease would keep from others.

        Not so what is ``held`` for a call that is under way: it may be about to send something.
        """
        transaction.connection.execute(_GIVE_BACK, {"worker": self.worker, LEASE_NOW: self.now, "held": list(held)})
        transaction.connection.execute(_FORGET, {"worker": self.worker})

    def _wanted(self) -> dict[str, Any]:
        return {"worker": self.worker, LASTS: self.lasts // MICROSECOND, LEASE_NOW: self.now}


@dataclass(slots=True, eq=False)
class HeldApplication:
    """An application in a worker's hands, for which a call is made: a ``RequestLease`` of the platform's.

    What it says of the lease's end is never later than what the database says: it counts from before that was asked.

    Attributes:
        application: Its id.
        entry: With it, names the attempt that the call belongs to.
        lease: On what terms the worker has it.
        until: When it may be in others' hands, as far as is known here, by ``lease.elapsed``.
    """

    application: str
    entry: int
    lease: WorkerLease
    until: float

    def holds(self, transaction: Transaction) -> bool:
        """As ``WorkerLease.holds``."""
        return self.lease.holds(transaction, self.application, self.entry)

    def remaining(self) -> float:
        """Seconds for which nobody else can have it, 0.0 or less once somebody can."""
        return self.until - self.lease.elapsed()

    def note_held(self, asked: float) -> None:
        """The database was asked at ``asked``, or later, whether it is still held for this attempt, and it is."""
        self.until = max(self.until, self.lease.end(asked))

    def note_renewed(self, asked: float) -> None:
        """The database was asked at ``asked``, or later, to let this worker have it for longer, and did.

        That may have been for an attempt after this one, unless nobody can have taken it over since.
        """
        if self.remaining() > 0:
            self.note_held(asked)
