"""One pace for all processes: who sends the next request to an agency, and when.

An agency's time is a row of the database. Each request has an instant of it, no two have the same, and instants are
so far apart that no second sees more requests than the plugin's manifest says, even when each is sent a little late.
What is later than that was overtaken, and takes a new instant.

The processes' clocks agree to well within that little, as clocks do that are kept by NTP.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from sqlalchemy import BigInteger, Row, bindparam, case, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.leases import LOST, HeldApplication, elapsed_of
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import MICROSECOND, Instant, agencies
from nagorik_platform.agency_client.limits import burst_window

LATE: Final = timedelta(milliseconds=100)
"""How long after its instant a request may still be sent. An agency gets as much less of its rate, a tenth."""
UNKNOWN: Final = "pace-unknown"
"""Why an agency is not called while the database cannot be reached; says nothing of the agency."""

FARTHEST: Final = timedelta(seconds=1)
"""How far ahead, at most, one that is late may take an instant, and how much of the agency's time it may take up with
it: whoever stood still must not push the agency's time ahead for all."""

TAKEN_UP: Final = type_coerce(
    case(
        (agencies.c.paced_to > bindparam("now", type_=Instant), type_coerce(agencies.c.paced_to, BigInteger)),
        else_=type_coerce(bindparam("now", type_=Instant), BigInteger),
    )
    + bindparam("interval", type_=BigInteger),
    BigInteger,
)
"""An agency's time with one more request in it."""

_NAMED: Final = agencies.c.plugin == bindparam("name")
_ROW: Final = select(agencies).where(_NAMED).with_for_update()
_NEXT: Final = (
    update(agencies)
    .where(_NAMED, agencies.c.paced_to < bindparam("latest", type_=Instant))
    .values(paced_to=TAKEN_UP)
    .returning(agencies.c.paced_to)
)


def interval_of(per_second: float) -> timedelta:
    """How far apart the instants of an agency are.

    Of requests sent up to ``LATE`` after such instants, those that fall in one second have instants within a second
    and ``LATE``.
    """
    requests, seconds = burst_window(per_second)
    return ceil((timedelta(seconds=seconds) + LATE) / MICROSECOND / requests) * MICROSECOND


def row_of(transaction: Transaction, plugin: str, now: datetime) -> Row[Any]:
    """An agency's row, locked; it is made where there is none."""
    row = transaction.connection.execute(_ROW, {"name": plugin}).one_or_none()
    if row is None:
        try:
            with transaction.connection.begin_nested():
                transaction.connection.execute(insert(agencies).values(plugin=plugin, paced_to=now, failures=0))
        except IntegrityError:
            pass  # another process was first
        row = transaction.connection.execute(_ROW, {"name": plugin}).one()
    return row


@dataclass(slots=True)
class Reservation:
    """The instant that a call was taken in hand with, for the first of its requests.

    Attributes:
        plugin: The agency's plugin.
        at: The instant.
        held: The application in the worker's hands, where the call may change something at its agency.
    """

    plugin: str
    at: datetime
    held: HeldApplication | None = None
    _used: bool = field(default=False, init=False)

    def redeem(self, plugin: str) -> datetime | None:
        """The instant, if it is one of this agency's and nobody has used it."""
        if self._used or plugin != self.plugin:
            return None
        self._used = True
        return self.at


RESERVED: Final[ContextVar[Reservation | None]] = ContextVar("nagorik_host_reserved", default=None)
"""What the present call was granted; a task that it starts sees it, too."""


class SharedRateLimiter:
    """The rate limiter where processes share their agencies, a ``nagorik_platform.agency_client.RateLimiter``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take instants of ``clock`` from what ``database`` holds."""
        self._database = database
        self._clock = clock
        self._elapsed = elapsed_of(clock)

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> None:
        """As ``RateLimiter.acquire``: wait for the call's own instant, or for one more of the agency's time.

        A call that may change something goes on only while its application is in its worker's hands. The commit of
        the intent says so for the first request, if that is sent in time; for any other the database is asked at the
        last moment.

        Raises:
            RateLimited: The agency's time is taken up to the deadline.
            AgencyUnavailable: ``pace-unknown``: the database cannot be reached; ``lease-lost``: the application may
                be in another worker's hands.
        """
        reservation, interval = RESERVED.get(), interval_of(per_second)
        held = reservation.held if reservation is not None else None
        at = reservation.redeem(plugin) if reservation is not None else None
        first = at is not None
        lead, stretch = timedelta(0), timedelta(0)
        while True:
            if at is None:
                at = await self._next(plugin, interval + stretch, lead, deadline)
            began, elapsed = self._clock.now(), self._elapsed()
            early = (at - began).total_seconds()
            if early > 0:
                if early >= deadline.remaining():
                    raise RateLimited(retry_after=early, layer=Layer.CORE)
                await self._clock.sleep(early)
            if held is not None and not first:
                await self._hold(held)
            # By the calendar, which a machine that was stopped may set late, and by what has passed since.
            passed = timedelta(seconds=self._elapsed() - elapsed)
            late = max(self._clock.now() - at, began + passed - at)
            if late <= LATE + stretch:
                return
            # The commit took that long, or this process has too much to do. Who then is late for an instant that was
            # ahead takes up a stretch of the agency's time, in which nobody else sends anything.
            stretch = min(2 * late, FARTHEST) if lead else stretch
            lead = min(max(lead, 2 * late), FARTHEST)
            at, first = None, False

    async def _hold(self, held: HeldApplication) -> None:
        try:
            holds = await self._database.run(held.holds)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None
        if not holds:
            raise AgencyUnavailable(because=LOST, layer=Layer.CORE)

    async def _next(self, plugin: str, interval: timedelta, lead: timedelta, deadline: Deadline) -> datetime:
        remaining = timedelta(seconds=deadline.remaining())

        def unit(transaction: Transaction) -> tuple[datetime | None, datetime]:
            now = self._clock.now()
            wanted: dict[str, Any] = {
                "name": plugin,
                "now": now + lead,
                "latest": now + remaining,
                "interval": interval // MICROSECOND,
            }
            paced_to: datetime | None = transaction.connection.scalar(_NEXT, wanted)
            if paced_to is None:
                taken_to: datetime = row_of(transaction, plugin, now).paced_to
                # A row that was only just made has time left.
                paced_to = transaction.connection.scalar(_NEXT, wanted)
                if paced_to is None:
                    return None, taken_to
            return paced_to - interval, now

        try:
            at, free_at = await self._database.run(unit)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None
        if at is None:
            waiting = (free_at - self._clock.now()).total_seconds()
            raise RateLimited(retry_after=max(waiting, 0.0), layer=Layer.CORE)
        return at
