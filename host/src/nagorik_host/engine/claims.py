"""What is due, whose turn it is, and the transactions in which a worker claims it and completes its claims.

Each agency has a queue of its own and places of its own, so that one that is slow or down holds up no other. What a
lost worker had claimed comes first: somebody's money or application may be in question.

What an officer has suspended is parked when its turn comes, and put back when it may go on: however much a suspension
holds back, a poll passes over no more of it than a page, and over each application once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, bindparam, func, or_, select, update

from nagorik import ServiceNotOffered
from nagorik.clock import Clock
from nagorik_host.engine.agencies import HORIZON, AgencyScheduler
from nagorik_host.engine.leases import Claim, LeaseHolder
from nagorik_host.store.application_store import NoSuchApplication, StoredApplication, target_plugin
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, applications, payloads, suspensions
from nagorik_host.vault import Erased, SealBroken
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    IllegalTransition,
    JournalBroken,
    NextAction,
    UnexpectedAnswer,
)

_CLAIMED: Final = (
    select(func.count())
    .select_from(applications)
    .where(applications.c.lease.is_not(None), applications.c.target_plugin == bindparam("target_plugin"))
)
_ROWS: Final = select(applications, payloads.c.draft).join(
    payloads, payloads.c.application == applications.c.id, isouter=True
)
"""Applications with what the citizen handed in, which is gone where it was erased."""
_SUSPENDED: Final = select(suspensions.c.kind, suspensions.c.name)
_EXPIRED: Final = (
    _ROWS.where(
        applications.c.lease.is_not(None),
        applications.c.lease_until <= bindparam("now"),
        applications.c.target_plugin.in_(bindparam("target_plugins", expanding=True)),
    )
    .order_by(applications.c.lease_until)
    .limit(bindparam("concurrency"))
    .with_for_update(of=applications, skip_locked=True)
)


def _due(*, among: bool) -> Select[Any]:
    query = _ROWS.where(
        applications.c.target_plugin == bindparam("target_plugin"),
        applications.c.due_at <= bindparam("now"),
        IN_QUEUE,
        applications.c.lease.is_(None),
        applications.c.plugin.not_in(bindparam("suspended_plugins", expanding=True)),
        applications.c.service.not_in(bindparam("suspended_services", expanding=True)),
    )
    if among:
        query = query.where(applications.c.id.in_(bindparam("among", expanding=True)))
    return (
        query.order_by(applications.c.due_at)
        .limit(bindparam("granted"))
        .with_for_update(of=applications, skip_locked=True)
    )


_DUE: Final = _due(among=False)
_DUE_AMONG: Final = _due(among=True)
"""Statements are made once: making one costs SQLAlchemy more than running it costs SQLite."""


PAGE: Final = 1000
"""Most applications that a poll parks at one agency, or puts back of one service."""

_FIRST_DUE: Final = (
    select(applications.c.id, applications.c.service, applications.c.plugin)
    .where(
        applications.c.target_plugin == bindparam("target_plugin_"),
        applications.c.due_at <= bindparam("now"),
        IN_QUEUE,
    )
    .order_by(applications.c.due_at)
    .limit(bindparam("page"))
    .subquery()
)
_PARK: Final = (
    update(applications)
    .where(
        applications.c.id.in_(
            select(_FIRST_DUE.c.id).where(
                or_(
                    _FIRST_DUE.c.service.in_(bindparam("suspended_services", expanding=True)),
                    _FIRST_DUE.c.plugin.in_(bindparam("suspended_plugins", expanding=True)),
                )
            )
        ),
        applications.c.lease.is_(None),
    )
    .values(parked_at=bindparam("at"))
)
_PARKED: Final = applications.c.parked_at.is_not(None)
_FIRST_PARKED: Final = select(func.min(applications.c.service)).where(_PARKED)
_NEXT_PARKED: Final = _FIRST_PARKED.where(applications.c.service > bindparam("service"))
_PAGE_PARKED: Final = (
    select(applications.c.id).where(_PARKED, applications.c.service == bindparam("service_")).limit(bindparam("page"))
)
_UNPARK: Final = update(applications).where(applications.c.id.in_(_PAGE_PARKED)).values(parked_at=None)


@dataclass(frozen=True, slots=True)
class SuspendedOffers:
    """What an officer has suspended, by plugin and by service."""

    plugins: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def covers(self, *, plugin: str, service: str, target_plugin: str) -> bool:
        """Whether an application may not be worked on now."""
        return service in self.services or bool({plugin, target_plugin} & self.plugins)


def suspended_offers(transaction: Transaction) -> SuspendedOffers:
    """What is suspended now."""
    found = transaction.connection.execute(_SUSPENDED).all()
    return SuspendedOffers(
        plugins=frozenset(row.name for row in found if row.kind == "plugin"),
        services=frozenset(row.name for row in found if row.kind == "service"),
    )


def park_suspended(
    transaction: Transaction, target_plugin: str, *, now: datetime, suspended: SuspendedOffers
) -> bool:
    """Park what is suspended of the first that are due to call ``target_plugin``; whether all of a page was."""
    if not suspended.services and not suspended.plugins:
        return False
    wanted: dict[str, Any] = {
        "target_plugin_": target_plugin,
        "now": now,
        "at": now,
        "page": PAGE,
        "suspended_plugins": list(suspended.plugins),
        "suspended_services": list(suspended.services),
    }
    return transaction.connection.execute(_PARK, wanted).rowcount == PAGE


def unpark_resumed(transaction: Transaction, suspended: SuspendedOffers) -> None:
    """Put applications back in their queues that are not suspended any more, a page of each service."""
    service: str | None = transaction.connection.scalar(_FIRST_PARKED)
    while service is not None:
        if service not in suspended.services and service.partition(".")[0] not in suspended.plugins:
            transaction.connection.execute(_UNPARK, {"service_": service, "page": PAGE})
        service = transaction.connection.scalar(_NEXT_PARKED, {"service": service})


def count_claimed(transaction: Transaction, target_plugin: str) -> int:
    """How many applications all workers together have in hand that call this agency."""
    return transaction.connection.scalar(_CLAIMED, {"target_plugin": target_plugin}) or 0


def due_rows(
    transaction: Transaction,
    target_plugin: str,
    *,
    most: int,
    now: datetime,
    suspended: SuspendedOffers,
    among: Collection[str] | None = None,
) -> Sequence[Row[Any]]:
    """Rows that are due to call ``target_plugin``, the longest due first, each locked until the transaction ends.

    ``among`` limits them to applications that a hint was about; a hint that is late finds nothing.
    """
    wanted: dict[str, Any] = {
        "target_plugin": target_plugin,
        "now": now,
        "suspended_plugins": list(suspended.plugins),
        "suspended_services": list(suspended.services),
        "granted": most,
    }
    if among is None:
        return transaction.connection.execute(_DUE, wanted).all()
    return transaction.connection.execute(_DUE_AMONG, wanted | {"among": list(among)}).all()


def expired_rows(
    transaction: Transaction, target_plugins: Iterable[str], *, concurrency: int, lease_now: datetime
) -> Sequence[Row[Any]]:
    """Rows in the hands of workers that are lost, locked; ``lease_now`` is the machine's own time."""
    wanted = {"now": lease_now, "target_plugins": list(target_plugins), "concurrency": concurrency}
    return transaction.connection.execute(_EXPIRED, wanted).all()


_log = structlog.stdlib.get_logger("nagorik.host")

BLOCKED: Final = timedelta(minutes=5)
"""How long an application whose plugin is not installed is left alone before it is looked at again."""
DEFECT: Final = "defect"
SOON: Final = timedelta(milliseconds=50)
"""When to look again after another worker was quicker."""

_DEFECTS: Final = (IllegalTransition, JournalBroken, SealBroken, UnexpectedAnswer, ValueError)
"""What is wrong with one application is an officer's case; it holds up nobody else's."""


class ClaimBatch(list[Claim]):
    """What a worker took in hand when it looked.

    Attributes:
        saturated: Whether there was more than there were places for.
        next_poll: When something else can be taken in hand, as far as can be told now.
        is_idle: Whether nothing was due at all; then ``next_poll`` is when the first application falls due.
        suspended: What was stopped at that time.
        has_messages: Whether messages lay unread then, where that was asked.
    """

    def __init__(self, suspended: SuspendedOffers) -> None:
        """Begin with nothing in hand."""
        super().__init__()
        self.saturated = False
        self.next_poll: datetime | None = None
        self.is_idle = True
        self.suspended = suspended
        self.has_messages = False

    def poll_at(self, instant: datetime) -> None:
        """Something can be taken in hand then."""
        self.next_poll = instant if self.next_poll is None else min(self.next_poll, instant)


class Claims:
    """One worker's transactions."""

    def __init__(
        self,
        leases: LeaseHolder,
        agencies: AgencyScheduler,
        *,
        concurrency: Mapping[str, int],
        clock: Clock,
        lease_clock: Clock,
    ) -> None:
        """Claim with ``leases``; ``concurrency`` are the most calls in flight at each agency, over all workers."""
        self._leases = leases
        self._agencies = agencies
        self._concurrency = concurrency
        self._clock = clock
        self._lease_clock = lease_clock

    def claim(
        self, transaction: Transaction, *, full_scan: bool = True, among: Collection[str] | None = None
    ) -> ClaimBatch:
        """Take in hand what is due and can be called.

        Args:
            transaction: Of the host's database.
            full_scan: Whether to look for what lost workers had in hand, too.
            among: The applications to look at; all, where nothing is given.
        """
        now = self._clock.now()
        batch = ClaimBatch(suspended_offers(transaction))
        if full_scan:
            unpark_resumed(transaction, batch.suspended)
            self._claim_expired(transaction, batch, now)
        for queue in self._agencies.queue_states(transaction, self._concurrency, now):
            if queue.due_at is None or queue.plugin in batch.suspended.plugins:
                continue
            possible = max(queue.due_at, queue.free_at)
            if possible > now:
                batch.poll_at(possible)
            else:
                batch.is_idle = False
                self._claim_from(transaction, queue.plugin, batch, now, among)
        return batch

    def complete(
        self,
        transaction: Transaction,
        claim: Claim,
        outcome: CallAnswered | CallFailed,
        suspended: SuspendedOffers | None,
    ) -> Claim | None:
        """Commit what came of a call, and with it the next intent of the same application if that is due at once.

        Without ``suspended`` nothing follows: the worker is about to end.
        """
        now = self._clock.now()
        self._agencies.learn(transaction, claim.target_plugin, outcome, now)
        may_follow = (
            partial(self._may_follow, transaction, claim.target_plugin, suspended) if suspended is not None else None
        )
        try:
            return self._leases.complete(transaction, claim, outcome, may_follow).following
        except _DEFECTS as error:
            self._log_blocked(error, claim.stored.progress.service)
            self._leases.block(transaction, claim, DEFECT)
            return None

    def block(self, transaction: Transaction, claim: Claim) -> None:
        """Leave an application whose call broke in a way that no plugin may to an officer."""
        self._leases.block(transaction, claim, DEFECT)

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due that is not set aside, to an agency that can bear the call then."""
        now = self._clock.now()
        suspended = suspended_offers(transaction)
        firsts = [
            max(queue.due_at, queue.free_at)
            for queue in self._agencies.queue_states(transaction, self._concurrency, now)
            if queue.due_at is not None and queue.plugin not in suspended.plugins
        ]
        return min(firsts, default=None)

    def _claim_from(
        self, transaction: Transaction, name: str, batch: ClaimBatch, now: datetime, among: Collection[str] | None
    ) -> None:
        granted = self._agencies.available(transaction, name, self._concurrency[name], now)
        if granted == 0:
            batch.poll_at(now + SOON)
            return
        # Counted after the agency's row is locked: whoever had it before has counted, too.
        free = min(granted, self._concurrency[name] - count_claimed(transaction, name))
        if free <= 0:
            batch.saturated = True
            return
        if park_suspended(transaction, name, now=now, suspended=batch.suspended):
            batch.saturated = True
            return
        rows = due_rows(transaction, name, most=free, now=now, suspended=batch.suspended, among=among)
        slots = self._claim_rows(transaction, rows, batch, now)
        if len(rows) == free:
            batch.saturated = True
            batch.poll_at(max([*slots, now]) - HORIZON + SOON if free == granted else now + HORIZON)

    def _claim_expired(self, transaction: Transaction, batch: ClaimBatch, now: datetime) -> None:
        lost = expired_rows(
            transaction,
            self._concurrency,
            concurrency=sum(self._concurrency.values()),
            lease_now=self._lease_clock.now(),
        )
        held = [
            row
            for row in lost
            if batch.suspended.covers(plugin=row.plugin, service=row.service, target_plugin=row.target_plugin)
        ]
        batch.is_idle = not lost
        for row in held:
            self._guarded(transaction, row, now, self._leases.release)
        self._claim_rows(transaction, [row for row in lost if row not in held], batch, now)

    def _claim_rows(
        self, transaction: Transaction, rows: Sequence[Row[Any]], batch: ClaimBatch, now: datetime
    ) -> list[datetime]:
        """Take these in hand, each with an instant of its agency's time, which are returned."""
        claimed = [
            one for row in rows if (one := self._guarded(transaction, row, now, self._leases.claim)) is not None
        ]
        slots = []
        for name in sorted({one.target_plugin for one in claimed}):
            calls = [one for one in claimed if one.target_plugin == name]
            instants = self._agencies.reserve(transaction, name, len(calls), now)
            batch += [replace(one, not_before=at) for one, at in zip(calls, instants, strict=True)]
            slots += instants
        return slots

    def _guarded(self, transaction: Transaction, row: Row[Any], now: datetime, act: Any) -> Claim | None:
        """Act on one row; whatever is wrong with it is its own affair."""
        try:
            claimed: Claim | None = act(transaction, row)
        except ServiceNotOffered:
            _block(transaction, row.id, "service-not-offered", now + BLOCKED)
        except (Erased, NoSuchApplication):
            _block(transaction, row.id, "erased", None)
        except _DEFECTS as error:
            self._log_blocked(error, row.service)
            _block(transaction, row.id, DEFECT, None)
        else:
            return claimed
        return None

    def _may_follow(
        self,
        transaction: Transaction,
        before: str,
        suspended: SuspendedOffers,
        stored: StoredApplication,
        coming: NextAction,
    ) -> datetime | None:
        """An instant of the agency's time for a call that follows another at once, if it may."""
        name = target_plugin(coming, stored.plugin, stored.gateway)
        if suspended.covers(plugin=stored.plugin, service=stored.progress.service, target_plugin=name):
            return None
        # It keeps its place at the same agency; at another it needs one.
        if name != before and count_claimed(transaction, name) >= self._concurrency.get(name, 0):
            return None
        return self._agencies.reserve_one(transaction, name, self._clock.now())

    @staticmethod
    def _log_blocked(error: Exception, service: str) -> None:
        _log.error("application_blocked", defect=type(error).__name__, service=service)


def _block(transaction: Transaction, application: str, code: str, again: datetime | None) -> None:
    transaction.connection.execute(
        update(applications)
        .where(applications.c.id == application)
        .values(blocked=code, due_at=again, lease=None, lease_until=None)
    )
