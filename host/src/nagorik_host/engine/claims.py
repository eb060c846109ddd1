"""One application in a worker's hands: the intent is committed, the call is made, the outcome is committed.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. Whoever claims the row then
finds the attempt and treats it as interrupted: the lifecycle knows what that means for each operation, and sends
nothing again whose effect it does not know. What a lost worker had claimed comes first: somebody's money or
application may be in question.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select, update

from nagorik import ServiceNotOffered
from nagorik.clock import Clock
from nagorik_host.engine.affinity import AgencyAffinity
from nagorik_host.engine.agencies import AgencyScheduler, QueueState
from nagorik_host.engine.claim_batch import Claim, ClaimBatch, ClaimOffer, Need
from nagorik_host.engine.intents import Intents, next_payment
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.losses import SUSPECTS_APART, WorkerLosses
from nagorik_host.engine.pace import PaceSlot
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.plugins import CapabilitiesCache, is_beyond
from nagorik_host.engine.queues import (
    SuspendedOffers,
    count_due,
    due_rows,
    expired_rows,
    park_suspended,
    suspended_offers,
    unpark_resumed,
)
from nagorik_host.store.application_records import record_attempt
from nagorik_host.store.application_store import (
    ApplicationStore,
    NoSuchApplication,
    StoredApplication,
    set_aside,
    target_plugin,
)
from nagorik_host.store.cases import INTERRUPTED, INTERRUPTED_ALONE
from nagorik_host.store.database import Transaction, is_the_machines
from nagorik_host.store.host_keys import is_known_key
from nagorik_host.store.schema import attempts
from nagorik_host.vault import Erased, KeyMissing
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.lifecycle import (
    Interrupted,
    NextAction,
    Step,
    begin,
    next_action,
    step,
)
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

APPLICATION: Final[ContextVar[str | None]] = ContextVar("APPLICATION", default=None)
"""The id of the application that this task makes a call for, from the call until its outcome is committed."""

BLOCKED: Final = timedelta(minutes=5)
"""How long an application whose plugin is not installed is left alone before it is looked at again."""
DEFECT: Final = "defect"
PASSED_OVER: Final = 100
"""Rows that lead to no call, of which one look deals with no more at one agency: others wait for its transaction."""
OTHERS: Final = 2
"""Other workers that want more places, from which on one that has none need not say that it does, too."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_OPEN: Final = attempts.alias()
_END_OPEN: Final = (
    update(attempts)
    .where(
        attempts.c.application == bindparam("application_"),
        attempts.c.entry
        == select(func.max(_OPEN.c.entry))
        .where(_OPEN.c.application == bindparam("application_"), _OPEN.c.ended_at.is_(None))
        .scalar_subquery(),
    )
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
    .returning(attempts)
)


class RowDamaged(Exception):
    """A row of an application holds what no host has written."""


class Claims:
    """The transactions in which one worker claims applications and completes its claims."""

    def __init__(
        self,
        store: ApplicationStore,
        capabilities: CapabilitiesCache,
        intents: Intents,
        agencies: AgencyScheduler,
        losses: WorkerLosses,
        *,
        lease: WorkerLease,
        places: WorkerPlaces,
        affinity: AgencyAffinity,
        worker_name: str,
        concurrency: Mapping[str, int],
        releases: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """Work as the worker of ``lease``.

        Args:
            store: Where applications are.
            capabilities: What their services offer.
            intents: Commits the intents of the same worker.
            agencies: What the agencies can bear.
            losses: What may end the worker.
            lease: On what terms the worker has applications in hand.
            places: How many calls it may make at each agency.
            affinity: Which agencies it looks after.
            worker_name: What an operator knows the worker by.
            concurrency: By plugin, the most calls in flight at its agency, over all workers.
            releases: By plugin, distribution and version of what is installed here.
            clock: The time that agencies and citizens live in.
        """
        self._store = store
        self._capabilities = capabilities
        self._intents = intents
        self._agencies = agencies
        self._losses = losses
        self._worker = lease.worker
        self._worker_name = worker_name
        self._concurrency = concurrency
        self._each_alone = False
        self._releases = releases
        self._beyond: set[str] = set()
        self._clock = clock
        self._lease = lease
        self._places = places
        self._affinity = affinity

    def next_due(self, transaction: Transaction, *, own: bool = False) -> datetime | None:
        """When the first application falls due that is not set aside, to an agency that can bear the call then.

        It is due when it is this worker's turn to take it. With ``own``, what others come first for is left out,
        unless they have left it until that was so.
        """
        now = self._clock.now()
        suspended = suspended_offers(transaction)
        firsts = [
            (max(queue.due_at + self._affinity.patience(queue.plugin), queue.free_at), queue.plugin)
            for queue in self._queue_states(transaction, now)
            if queue.due_at is not None and queue.plugin not in suspended.plugins
        ]
        wanted = (at for at, plugin in firsts if not own or at <= now or self._affinity.comes_first(plugin))
        return min(wanted, default=None)

    def _queue_states(self, transaction: Transaction, now: datetime) -> list[QueueState]:
        return self._agencies.queue_states(
            transaction,
            self._concurrency,
            now,
            worker=self._worker,
            lease_now=self._lease.now,
            held_at_most=self._lease.held_at_most,
            beyond=self._beyond,
        )

    # The intent

    def claim(
        self,
        transaction: Transaction,
        *,
        offers: Mapping[str, ClaimOffer],
        full_scan: bool = True,
        sweep: bool = True,
        among: Collection[str] | None = None,
        in_hand: Collection[str] = (),
        each_alone: bool = False,
    ) -> ClaimBatch:
        """Take in hand what is due, as far as there are places and instants for it.

        Whatever it raises, it may be asked again with ``each_alone``: then what is wrong with one application is that
        application's defect, and what is raised is the machine's.

        Args:
            transaction: Of the host's database; it locks applications and no agency.
            offers: What may be taken in hand, by plugin.
            full_scan: Whether more than this worker's share of the places may be asked for.
            sweep: Whether to look for what lost workers had in hand, and for what was parked, too.
            among: The applications to look at; all, where nothing is given.
            in_hand: The applications that the worker has in hand.
            each_alone: Whether each application is written within a savepoint, which costs as much as a statement.
        """
        self._each_alone = each_alone
        if not each_alone:
            transaction.defer()
        now = self._clock.now()
        self._losses.note_in_hand(transaction, in_hand)
        batch, is_left = ClaimBatch(suspended_offers(transaction)), False
        if sweep:
            self._affinity.refresh(transaction)
            unpark_resumed(transaction, batch.suspended)
            self._release_expired(transaction, batch, now)
        states = self._queue_states(transaction, now)
        batch.lacks_rows = len(states) < len(self._concurrency)
        for queue in states:
            batch.held[queue.plugin] = queue.held
            if queue.is_down:
                batch.down.add(queue.plugin)
            if queue.due_at is None or queue.plugin in batch.suspended.plugins:
                continue
            patience = self._affinity.patience(queue.plugin)
            if queue.due_at + patience > now:
                if patience:
                    is_left = True  # to others, unless it is still there at the next full scan
                else:
                    batch.poll_at(max(queue.due_at, queue.free_at))
                continue
            batch.busy.add(queue.plugin)
            if self._losses.is_full:
                batch.saturated = True
                continue
            looked_at = self._losses.awaited or among
            self._claim_from(transaction, queue, offers.get(queue.plugin), batch, now, looked_at, lent=full_scan)
        batch.is_idle = batch.is_idle and not batch.busy and not is_left
        return batch

    def _claim_from(
        self,
        transaction: Transaction,
        queue: QueueState,
        offer: ClaimOffer | None,
        batch: ClaimBatch,
        now: datetime,
        among: Collection[str] | None,
        *,
        lent: bool,
    ) -> None:
        name = queue.plugin
        seen = now - self._affinity.patience(name)
        # What others have taken, because nothing was heard of this worker, is not its own any more.
        is_usable = offer is not None and offer.is_probe == queue.is_down and queue.held > 0
        slots = offer.slots if offer is not None and is_usable else ()
        if park_suspended(transaction, name, now=now, suspended=batch.suspended):
            batch.saturated = batch.left_unparked = True
            return
        if slots:
            # What is awaited was put off for others' sake alone.
            until = seen if self._losses.awaited is None else now + SUSPECTS_APART
            is_used_up = self._claim_due(
                transaction,
                name,
                lambda most: due_rows(
                    transaction,
                    name,
                    most=most,
                    now=until,
                    suspended=batch.suspended,
                    beyond=self._beyond,
                    among=among,
                    to_probe=queue.is_down,
                ),
                slots,
                batch,
                now,
            )
            if not is_used_up:
                return
        elif queue.free_at > now:
            batch.poll_at(queue.free_at)
            return
        if queue.is_down:
            batch.needs |= {} if slots else {name: Need(1, is_probe=True)}
            return
        # Where all are held and the others know that this worker has use for more, asking again changes nothing. Nor
        # does it where two others have: one at least holds none beyond its share, and for it the rest is shared out.
        is_known = queue.wanted > 0 or (queue.held == 0 and queue.others_wanting >= OTHERS)
        is_vain = is_known and queue.held_by_all >= self._concurrency[name]
        most = self._places.most(name, held=queue.held, lent=lent and not is_vain)
        if is_vain and queue.held == 0:
            most = 0
        if most <= 0:
            # Whoever ends a call, here or elsewhere, has a place to give; nobody need be asked for one before.
            batch.saturated = True
            batch.backlog.add(name)
            return
        transaction.flush_changes()  # what was taken in hand just now is not due any more
        due = count_due(transaction, name, most=most, now=seen, suspended=batch.suspended, beyond=self._beyond)
        if due:
            batch.needs[name] = Need(due)

    def _claim_due(
        self,
        transaction: Transaction,
        name: str,
        read: Callable[[int], Sequence[Row[Any]]],
        slots: Sequence[PaceSlot],
        batch: ClaimBatch,
        now: datetime,
    ) -> bool:
        """Take in hand what ``read`` finds due at an agency; whether no instant is left, and there may be more due.

        A row that leads to no call takes no other's turn: the next is looked at in its place. One that is due again
        at once waits for another look.
        """
        unused, passed = slots, set[str]()
        while True:
            rows = self._within_release(partial(read, len(unused)))
            fresh = [row for row in rows if row.id not in passed]
            claimed = self._claim_rows(transaction, fresh, unused, now)
            batch += claimed
            if not self._losses.is_full:  # or they were not all looked at
                over = {row.id for row in fresh} - {claim.stored.id for claim in claimed}
                batch.passed_over += len(over)
                passed |= over
            if len(rows) < len(unused):
                return False
            unused = unused[len(claimed) :]
            is_cut_short = len(fresh) < len(rows) or len(passed) >= PASSED_OVER or self._losses.is_full
            if not unused or is_cut_short:
                batch.saturated = True
                batch.backlog.add(name)
                return not unused
            transaction.flush_changes()  # what was taken in hand just now is not due any more

    def _release_expired(self, transaction: Transaction, batch: ClaimBatch, now: datetime) -> None:
        """Take what lost workers had in hand out of their hands; it is due again then, or waits for its time."""
        lost = self._within_release(
            lambda: expired_rows(
                transaction,
                self._concurrency,
                concurrency=sum(self._concurrency.values()),
                lease_now=self._lease.now,
                beyond=self._beyond,
            )
        )
        batch.is_idle = not lost
        for row in lost:
            self._guarded(transaction, row, now, self._release)

    def _within_release(self, read: Callable[[], Sequence[Row[Any]]]) -> Sequence[Row[Any]]:
        """Rows of releases that are understood here; others are passed over from the moment that one is met."""
        while True:
            rows = read()
            beyond = {row.plugin_version for row in rows if self._is_beyond(row)}
            if not beyond:
                return rows
            self._beyond |= beyond

    def _is_beyond(self, row: Row[Any]) -> bool:
        installed = self._releases.get(row.plugin, row.plugin_version)
        return installed != row.plugin_version and is_beyond(row.plugin_version, installed)

    def _claim_rows(
        self, transaction: Transaction, rows: Sequence[Row[Any]], slots: Sequence[PaceSlot], now: datetime
    ) -> list[Claim]:
        """Take these in hand, each with an instant of its agency's time."""
        claimed: list[Claim] = []
        for row in rows:
            if self._losses.is_full:
                break
            act = partial(self._claim_row, slot=slots[len(claimed)])
            one = self._guarded(transaction, row, now, act)
            if one is not None:
                claimed.append(one)
        return claimed

    def _guarded(
        self,
        transaction: Transaction,
        row: Row[Any],
        now: datetime,
        act: Callable[[Transaction, Row[Any], datetime], Claim | None],
    ) -> Claim | None:
        """Act on one row; whatever is wrong with it is its own affair. Nothing is written where ``act`` raises."""
        try:
            with transaction.nested() if self._each_alone else nullcontext():
                return act(transaction, row, now)
        except ServiceNotOffered:
            set_aside(transaction, row.id, "service-not-offered", again=now + BLOCKED, now=now)
        except (Erased, NoSuchApplication):
            set_aside(transaction, row.id, "erased", again=None, now=now)
        except Exception as error:
            if not self._each_alone:
                raise
            # A key that the database knows is one that this process should have; any other, somebody made up.
            made_up = isinstance(error, KeyMissing) and not is_known_key(transaction, error.key)
            if is_the_machines(error) and not made_up:
                raise
            self.log_blocked(error, row.id, row.service)
            set_aside(transaction, row.id, DEFECT, again=None, now=now)
        return None

    def _claim_row(self, transaction: Transaction, row: Row[Any], now: datetime, *, slot: PaceSlot) -> Claim | None:
        """Commit the intent to make the call that an application waits for.

        ``row`` is a whole row of the table with its draft, locked in this transaction, that is due. Where there
        is no call to make after all, the row says when to look again and ``None`` is returned; so it is where the
        call goes to another agency than the row was queued for, whose time and places ``slot`` is not.
        """
        capabilities = self._capabilities.of(row.service, row.gateway)
        stored = replace(self._from_row(row), blocked=None)
        if stored.progress.attempt is not None:
            # It was left to an officer with its call in flight, and nobody has heard of that since.
            self._interrupt(transaction, stored, DEFECT, now)
            return None
        draft = self._store.open_draft(stored, row.draft)
        begun = begin(stored.progress, capabilities, now, next_payment(stored.progress))
        if begun.next.operation is None:
            self._store.change(transaction, stored, begun, now)
            return None
        if target_plugin(begun.next, stored.plugin, stored.gateway) != row.target_plugin:
            coming = NextAction(begun.next.operation, now)
            self._store.change(transaction, stored, Step(stored.progress, (), coming), now)
            return None
        if not self._losses.has_room(transaction, stored, begun):
            later = NextAction(begun.next.operation, now + SUSPECTS_APART)
            self._store.change(transaction, stored, Step(stored.progress, (), later), now)
            return None
        return self._intents.commit(transaction, stored, draft, capabilities, begun, now, slot=slot)

    def _release(self, transaction: Transaction, row: Row[Any], now: datetime) -> None:
        """Take an application out of the hands of a worker that is gone, and call nobody."""
        stored = self._from_row(row)
        if stored.progress.attempt is None:
            capabilities = self._capabilities.of(row.service, row.gateway)
            done = Step(stored.progress, (), next_action(stored.progress, capabilities, now))
            self._store.change(transaction, stored, done, now)
        else:
            # What was committed and never heard of is in a worker's hands that does not know of it, and lives.
            done = self._interrupt(transaction, stored, self._end_of_lost(transaction, row), now)
        self._losses.leave(transaction, stored, done, now)

    def _interrupt(self, transaction: Transaction, stored: StoredApplication, result: str, now: datetime) -> Step:
        """End a call in flight of which nobody will hear; what follows from that."""
        progress = stored.progress
        done = step(progress, Interrupted(), self._capabilities.of(progress.service, stored.gateway), now)
        _end_open(transaction, stored, result, now)
        self._store.change(transaction, stored, done, now)
        return done

    def _from_row(self, row: Row[Any]) -> StoredApplication:
        """The application of a row.

        Raises:
            RowDamaged: A column that every step builds on holds what no host writes there, as SQLite lets it.
        """
        is_sound = isinstance(row.plugin_version, str) and isinstance(row.chain, bytes)
        if not (is_sound and type(row.entries) is int and type(row.revision) is int):
            raise RowDamaged
        return self._store.from_row(row)

    def _end_of_lost(self, transaction: Transaction, row: Row[Any]) -> str:
        if self._lease.is_alive(transaction, row.lease):
            return LEASE_LOST
        return INTERRUPTED_ALONE if self._losses.was_alone(transaction, row.id, row.lease) else INTERRUPTED

    def claim_next(
        self, transaction: Transaction, plugin: str, slot: PaceSlot, suspended: SuspendedOffers, now: datetime
    ) -> Claim | None:
        """Take in hand what is longest due at an agency, in the place of what has just come to an end there."""
        if self._losses.is_full:
            return None
        # What other units of the same commit have taken is found as it was.
        most = 1 + sum(target == plugin for target in transaction.taken.values())
        seen = now - self._affinity.patience(plugin)
        rows = self._within_release(
            lambda: due_rows(transaction, plugin, most=most, now=seen, suspended=suspended, beyond=self._beyond)
        )
        first = [row for row in rows if row.id not in transaction.taken][:1]
        claimed = self._claim_rows(transaction, first, [slot], now)
        transaction.taken.update((claim.stored.id, plugin) for claim in claimed)
        return next(iter(claimed), None)

    def log_blocked(self, error: Exception, application: str, service: str) -> None:
        """Tell the operator that an application was left to an officer, and by what kind of error."""
        defect = type_name(error)
        _log.error(
            "application_blocked", defect=defect, application=application, service=service, worker=self._worker_name
        )


def _end_open(transaction: Transaction, stored: StoredApplication, result: str, now: datetime) -> None:
    """The attempt that a worker left has an end."""
    ended = {"application_": stored.id, "ended_at": now, "result": result}
    for row in transaction.connection.execute(_END_OPEN, ended):
        record_attempt(transaction, row._asdict(), now)
