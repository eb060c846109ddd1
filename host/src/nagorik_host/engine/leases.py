"""Leases: how long a worker holds an application, and whether it still does.

A worker may stand still at any line, and others take over what it held. So before it sends anything more that may
change something at an agency, it asks the database whether the application is still its own. The database's clock
decides: the worker's own may have stood still, too.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, select, update

from nagorik.clock import Clock
from nagorik_host.store.clock import LASTS, LEASE_NOW, NOW, UNTIL, lasts
from nagorik_host.store.database import Transaction, Unit
from nagorik_host.store.schema import MICROSECOND, applications, attempts, workers
from nagorik_platform.system_clock import SystemClock

APART: Final = 1.0
"""Seconds by which a worker's clock may differ from the database's."""
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
# The event loop's time stands still while a machine is suspended; only Linux has a clock that does not.
_SINCE_BOOT: Final = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)


def leases_at(plugin: ColumnElement[str]) -> ColumnElement[int]:
    """Count the calls of applications under way at an agency, as a subquery."""
    held = applications.c.lease.is_not(None), applications.c.target_plugin == plugin
    return select(func.count()).where(*held).scalar_subquery()


class ClockWrong(Exception):
    """This machine's clock and the database's differ by so much that one of them is wrong."""

    def __init__(self, ahead: float) -> None:
        """Name by how many seconds this machine's clock is ahead; negative where it is behind."""
        side = "ahead of" if ahead > 0 else "behind"
        super().__init__(
            f"this machine's clock is {abs(ahead):,.0f} seconds {side} the database's; a worker whose clock is wrong"
            " would make calls at the wrong time, so it claims nothing more. Nothing was sent at a wrong time and"
            " nothing is lost. Set both clocks by NTP, then start the worker again"
        )
        self.ahead = ahead


async def check_clock(run: Callable[[Unit[datetime]], Awaitable[datetime]], clock: Clock) -> None:
    """Compare the machine's clock with the database's; a simulated clock is compared with nothing.

    Raises:
        ClockWrong: They differ by more than ``APART``.
        DatabaseUnavailable: The database cannot be reached.
    """
    if not isinstance(clock, SystemClock):
        return
    before = clock.now()
    read = await run(lambda transaction: transaction.connection.execute(select(NOW), {LEASE_NOW: None}).scalar_one())
    after = clock.now()
    # The database read its clock at some moment between the two.
    ahead = (before - read).total_seconds() if before > read else min((after - read).total_seconds(), 0.0)
    if abs(ahead) > APART:
        raise ClockWrong(ahead)


def elapsed_of(clock: Clock) -> Callable[[], float]:
    """Seconds that have passed by ``clock``, on a scale that goes on while the machine sleeps, where it has one."""
    return _SINCE_BOOT if isinstance(clock, SystemClock) else clock.monotonic


@dataclass(frozen=True, slots=True)
class WorkerLease:
    """On what terms a worker holds applications.

    Attributes:
        worker: The worker's id.
        lasts: How long it is waited for when nothing is heard of it; at most ``LONGEST_LEASE``.
        clock: The time that leases are counted on, where that is not the database's.
    """

    worker: str
    lasts: timedelta
    clock: Clock | None = None

    @property
    def now(self) -> datetime | None:
        """The time, where that is not the database's to say."""
        return self.clock.now() if self.clock is not None else None

    def elapsed(self) -> float:
        """Seconds that have passed, by which this process reckons how long a lease lasts."""
        return elapsed_of(self.clock or SystemClock())()

    def is_alive(self, transaction: Transaction, worker: str) -> bool:
        """Whether a worker is this one, or was heard of within its lease."""
        living = select(workers.c.id).where(workers.c.id == worker, lasts(workers.c.lease_until))
        return worker == self.worker or transaction.connection.scalar(living, {LEASE_NOW: self.now}) is not None

    def wanted(self, **others: Any) -> dict[str, Any]:
        """The parameters of a statement about this lease."""
        return {"worker": self.worker, LASTS: self.lasts // MICROSECOND, LEASE_NOW: self.now, **others}


@dataclass(slots=True, eq=False)
class HeldApplication:
    """An application that a worker holds for one call: a ``RequestLease`` of the platform's.

    It never says that the lease ends later than the database says: it counts from before the database was asked.

    Attributes:
        application: Its id.
        entry: With it, names the attempt that the call belongs to.
        lease: On what terms the worker holds it.
        asked: When the database was asked that has found it held since, by ``lease.elapsed``.
    """

    application: str
    entry: int
    lease: WorkerLease
    asked: float

    def holds(self, transaction: Transaction) -> bool:
        """Whether the worker still holds it for this attempt; if so, it does for another lease."""
        wanted = self.lease.wanted(application_=self.application, entry_=self.entry)
        return transaction.connection.execute(_HOLD, wanted).rowcount == 1

    def remaining(self) -> float:
        """Seconds for which no one else can hold it, 0.0 or less once another can."""
        return self.asked + self.lease.lasts.total_seconds() - self.lease.elapsed()

    def note_held(self, asked: float) -> None:
        """Note that the database, asked at ``asked`` or later, found it held for this attempt."""
        self.asked = max(self.asked, asked)
