"""One application in a worker's hands: commit the intent, make the call, commit the outcome.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. The claim that finds it takes
the attempt for interrupted: the lifecycle knows what that means for each operation, and sends nothing again whose
effect it does not know. What ends three workers in a row is left to an officer.

A leased row is a permit: while a claim has an agency's row locked, nobody else raises the number of its leases, so no
agency gets more calls at once than it bears. The commit of an outcome keeps the lease for the application's next call
there, or hands it on to the next application that is due there.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, func, select, update

from nagorik import ApplicationDraft, PaymentReport, PaymentStarted, ServiceNotOffered
from nagorik.clock import Clock
from nagorik_host.engine.gathered import GatheredTransaction
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.instants import HORIZON, TakenInstants, interval_of, most_within, take_instants, time_of
from nagorik_host.engine.leases import HeldApplication, WorkerLease
from nagorik_host.engine.permits import UnderWay, count_under_way, drop_wishes, wish
from nagorik_host.engine.plugins import CapabilitiesCache, is_beyond
from nagorik_host.engine.queues import Queues, SuspendedOffers, suspended_offers
from nagorik_host.store.application_store import (
    ApplicationStore,
    NoSuchApplication,
    StaleRevision,
    StoredApplication,
    set_aside,
    target_plugin,
)
from nagorik_host.store.cases import (
    INTERRUPTED,
    LOSSES_OF_A_CASE,
    PLUGIN_FAULT,
    WORKERS_LOST,
    is_failed_by_its_plugin,
    losses_in_a_row,
)
from nagorik_host.store.checkouts import drop_if_ended, keep_checkout
from nagorik_host.store.database import Transaction, is_the_machines
from nagorik_host.store.ledger import record_of_attempt
from nagorik_host.store.schema import applications, attempts
from nagorik_host.vault import Erased, Vault
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    Interrupted,
    NextAction,
    Progress,
    ServiceCapabilities,
    Step,
    begin,
    begin_next,
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

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_ROW: Final = select(applications).where(applications.c.id == bindparam("application")).with_for_update()
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


@dataclass(frozen=True, slots=True)
class AgencyLimits:
    """What one agency bears, as its plugin's manifest says."""

    per_second: float
    concurrency: int


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """An application whose intent is committed and whose call is to be made.

    Attributes:
        stored: The application with the attempt in flight.
        draft: What the citizen handed in.
        capabilities: What its service offers.
        call: The call to make.
        attempt: The row of the attempt as it was begun.
        held: For how long nobody else can hold it.
    """

    stored: StoredApplication
    draft: ApplicationDraft
    capabilities: ServiceCapabilities
    call: NextAction
    attempt: Mapping[str, Any]
    held: HeldApplication

    @property
    def target_plugin(self) -> str:
        """The plugin that the call is made through."""
        return target_plugin(self.call, self.stored.plugin, self.stored.gateway)


class ClaimBatch(list[Claim]):
    """What one claim took.

    Attributes:
        suspended: What was suspended then.
        down: The agencies that are down.
        taken: Instants of the agencies' time, by plugin, one for each call.
        next_poll: When something else can be claimed, as far as is known; ``None`` where only the end of a call, a
            hint or somebody's decision makes more.
        passed: How many rows were dealt with that lead to no call.
        lacks_rows: Whether an agency has no row, as in an older copy of the database that the worker goes on with.
    """

    def __init__(self, suspended: SuspendedOffers) -> None:
        """Begin with nothing."""
        super().__init__()
        self.suspended = suspended
        self.down: set[str] = set()
        self.taken: dict[str, TakenInstants] = {}
        self.next_poll: datetime | None = None
        self.passed = 0
        self.lacks_rows = False

    def poll_at(self, instant: datetime) -> None:
        """Note that something can be claimed then."""
        self.next_poll = instant if self.next_poll is None else min(self.next_poll, instant)


@dataclass(slots=True, kw_only=True)
class Claims:
    """The transactions in which one worker claims applications and completes its claims.

    Attributes:
        store: Reads and writes applications.
        vault: Hashes what a request was made from.
        capabilities: What services offer.
        health: Which agencies are down, and when each is tried again.
        lease: On what terms the worker holds applications.
        worker_name: What an operator knows it by.
        limits: What each agency bears over all workers, by plugin; only these are called.
        releases: By plugin, distribution and version of what is installed here.
        clock: The time that agencies and citizens live in.
    """

    store: ApplicationStore
    vault: Vault
    capabilities: CapabilitiesCache
    health: HealthTracker
    lease: WorkerLease
    worker_name: str
    limits: Mapping[str, AgencyLimits]
    releases: Mapping[str, str]
    clock: Clock
    _queues: Queues = field(init=False)

    def __post_init__(self) -> None:
        self._queues = Queues(sorted(self.limits), set())

    # Claiming

    def claim(self, transaction: Transaction, *, each_alone: bool = False, is_running: bool = False) -> ClaimBatch:
        """Claim what is due, as far as the agencies bear it, and commit an intent for each.

        Whatever it raises, it may be run again with ``each_alone``: then what is wrong with one application is that
        application's defect, and what is raised is the machine's.

        Args:
            transaction: Of the host's database.
            each_alone: Whether each application is written within a savepoint, which costs as much as a statement.
            is_running: Whether the worker polls again soon, so that others may leave places to it.
        """
        if each_alone:
            return self._claim(transaction, alone=True, is_running=is_running)
        gathered = GatheredTransaction.within(transaction)
        batch = self._claim(gathered, alone=False, is_running=is_running)
        gathered.write()
        return batch

    def _claim(self, transaction: Transaction, *, alone: bool, is_running: bool) -> ClaimBatch:
        now = self.clock.now()
        batch = ClaimBatch(suspended_offers(transaction))
        lost = self._within_release(lambda: self._queues.expired(transaction, self.lease.now))
        for row in lost:
            self._guarded(transaction, row, now, self._release, alone=alone)
        batch.passed = len(lost)
        due, states = [], self._queues.states(transaction)
        batch.lacks_rows = len(states) < len(self.limits)
        for queue in states:
            if queue.down_since is not None:
                batch.down.add(queue.plugin)
            at = self._may_be_called(queue, batch.suspended, now)
            if at is not None and at <= now:
                due.append(queue.plugin)
            elif at is not None:
                batch.poll_at(at)
        if due:
            counted: dict[str, UnderWay] = {}
            for queue in self._queues.lock(transaction, due):
                # Counted once the rows are locked: what others have committed by then is seen.
                counted = counted or count_under_way(transaction, due, self.lease.worker, time_of(self.clock))
                flying, before = counted[queue.plugin], len(batch)
                is_left = self._claim_at(transaction, queue, flying.number, batch, now, alone=alone)
                self._ask_for_places(transaction, queue, flying, len(batch) - before, is_left=is_left and is_running)
                if is_left:
                    batch.poll_at(now)
        return batch

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due at an agency that can be called then."""
        now, suspended = self.clock.now(), suspended_offers(transaction)
        found = (self._may_be_called(queue, suspended, now) for queue in self._queues.states(transaction))
        return min((at for at in found if at is not None), default=None)

    def _may_be_called(self, queue: Row[Any], suspended: SuspendedOffers, now: datetime) -> datetime | None:
        """When the first application of a queue can be called for; ``None`` where none can."""
        self.health.note_failures(queue.plugin, queue.failures)
        if queue.due_at is None or queue.plugin in suspended.plugins:
            return None
        others: list[datetime] = [queue.due_at, queue.next_at - HORIZON + timedelta(microseconds=1)]
        if queue.down_since is not None:
            others.append(self.health.probe_at(queue, now))
        left_until = self.health.left_until(queue, now)
        return max(others if left_until is None else [*others, left_until])

    def _claim_at(
        self, transaction: Transaction, queue: Row[Any], flying: int, batch: ClaimBatch, now: datetime, *, alone: bool
    ) -> bool:
        """Claim what is due at one agency; whether more may be due there than could be claimed."""
        name, limits, is_probe = queue.plugin, self.limits[queue.plugin], queue.down_since is not None
        interval = interval_of(limits.per_second)
        open_for = now + HORIZON - max(queue.next_at, now)
        free = min(limits.concurrency - flying, most_within(open_for, interval))
        free = min(free, 1) if is_probe else free
        if free <= 0 or open_for <= timedelta(0):
            return open_for > timedelta(0) and not is_probe
        batch.passed += self._queues.park(transaction, name, now, batch.suspended)
        if is_probe and not self.health.take_probe(transaction, queue, now):
            return False
        due = partial(
            self._queues.due, transaction, name, most=free, now=now, suspended=batch.suspended, is_probe=is_probe
        )
        rows = self._within_release(due)
        begun = (self._guarded(transaction, row, now, self._begin, alone=alone) for row in rows)
        claimed = [claim for claim in begun if claim is not None]
        batch += claimed
        batch.passed += len(rows) - len(claimed)
        if claimed:
            batch.taken[name] = take_instants(transaction, name, len(claimed), interval, time_of(self.clock))
        elif is_probe:
            self.health.give_back_probe(transaction, name, now)
        return len(rows) == free or len(claimed) < len(rows)

    def _ask_for_places(
        self, transaction: Transaction, queue: Row[Any], flying: UnderWay, claimed: int, *, is_left: bool
    ) -> None:
        """Wish for the places that this worker lacks of its share, while more is due than it could claim."""
        lacks = flying.share(self.limits[queue.plugin].concurrency) - flying.own - claimed
        now = time_of(self.clock)
        if is_left and lacks > 0 and queue.down_since is None and flying.workers:
            wish(transaction, queue.plugin, self.lease.worker, lacks, now)
        elif flying.has_wish:
            drop_wishes(transaction, self.lease.worker, [queue.plugin])

    def _within_release(self, read: Callable[[], Sequence[Row[Any]]]) -> Sequence[Row[Any]]:
        """Rows of releases that are understood here; later ones are left out from when one is met."""
        while True:
            rows = read()
            beyond = {row.plugin_version for row in rows if self._is_beyond(row)}
            if not beyond:
                return rows
            self._queues.beyond |= beyond

    def _is_beyond(self, row: Row[Any]) -> bool:
        installed = self.releases.get(row.plugin, row.plugin_version)
        return installed != row.plugin_version and is_beyond(row.plugin_version, installed)

    def _guarded(
        self,
        transaction: Transaction,
        row: Row[Any],
        now: datetime,
        act: Callable[[Transaction, Row[Any], datetime], Claim | None],
        *,
        alone: bool,
    ) -> Claim | None:
        """Act on one row. Where ``act`` raises, nothing of it is written and the row is set aside."""
        try:
            with transaction.nested() if alone else nullcontext():
                return act(transaction, row, now)
        except ServiceNotOffered:
            set_aside(transaction, row.id, "service-not-offered", again=now + BLOCKED, now=now)
        except (Erased, NoSuchApplication):
            set_aside(transaction, row.id, "erased", again=None, now=now)
        except Exception as error:
            if not alone or is_the_machines(error):
                raise
            self._set_aside(transaction, row.id, row.service, DEFECT, now, defect=type_name(error))
        return None

    def _begin(self, transaction: Transaction, row: Row[Any], now: datetime) -> Claim | None:
        """Commit the intent of the call that a due row waits for; where there is none now, the row says when next."""
        capabilities = self.capabilities.of(row.service, row.gateway)
        stored = replace(self.store.from_row(row), blocked=None)
        if stored.progress.attempt is not None:
            # It was left to an officer with its call in flight, and nobody has heard of that since.
            self._interrupt(transaction, stored, DEFECT, now)
            return None
        draft = self.store.open_draft(stored, row.draft)
        begun = begin(stored.progress, capabilities, now, next_payment(stored.progress))
        if begun.next.operation is None:
            self.store.change(transaction, stored, begun, now)
            return None
        if target_plugin(begun.next, stored.plugin, stored.gateway) != row.target_plugin:
            # It waits in another agency's queue from now on.
            coming = NextAction(begun.next.operation, now)
            self.store.change(transaction, stored, Step(stored.progress, (), coming), now)
            return None
        return self._intend(transaction, stored, draft, capabilities, begun, now)

    def _intend(
        self,
        transaction: Transaction,
        stored: StoredApplication,
        draft: ApplicationDraft,
        capabilities: ServiceCapabilities,
        begun: Step,
        now: datetime,
    ) -> Claim:
        """Lease an application for the call that ``begun`` names, and write the attempt down."""
        until = self.lease.end(self.lease.elapsed())
        held = self.store.change(transaction, stored, begun, now, lease=self.lease.taken)
        attempt = held.progress.attempt
        assert attempt is not None  # noqa: S101 - begin named an operation, so it began an attempt
        made_from = f"{held.id}\x00{begun.next.operation}\x00{begun.next.payment}\x00{draft.model_dump_json()}"
        row = {
            "application": held.id,
            "entry": held.entries,
            "operation": attempt.operation.value,
            "subject": attempt.subject,
            "worker": self.lease.worker,
            # A keyed hash, to find out later whether two requests were the same.
            "request_digest": self.vault.lookup("request", made_from),
            "began_at": now,
        }
        transaction.begin_attempt(row)
        if begun.events:
            transaction.record(held.id, now, record_of_attempt(row))
        return Claim(
            held, draft, capabilities, begun.next, row, HeldApplication(held.id, held.entries, self.lease, until)
        )

    # What lost workers held

    def _release(self, transaction: Transaction, row: Row[Any], now: datetime) -> None:
        """Take an application from a worker that is gone; its call's outcome is unknown."""
        stored = self.store.from_row(row)
        if stored.progress.attempt is None:
            capabilities = self.capabilities.of(row.service, row.gateway)
            done = Step(stored.progress, (), next_action(stored.progress, capabilities, now))
            self.store.change(transaction, stored, done, now)
            return
        # A worker that lives and has lost the lease was not ended by this call.
        lost = LEASE_LOST if self.lease.is_alive(transaction, row.lease) else INTERRUPTED
        done = self._interrupt(transaction, stored, lost, now)
        if _has_ended_workers(transaction, stored, done):
            self._set_aside(transaction, stored.id, row.service, WORKERS_LOST, now)

    def _interrupt(self, transaction: Transaction, stored: StoredApplication, result: str, now: datetime) -> Step:
        """End a call in flight of which nobody will hear; what follows from that."""
        progress = stored.progress
        done = step(progress, Interrupted(), self.capabilities.of(progress.service, stored.gateway), now)
        ended = {"application_": stored.id, "ended_at": now, "result": result}
        for row in transaction.connection.execute(_END_OPEN, ended):
            transaction.record(stored.id, now, record_of_attempt(row._mapping))
        self.store.change(transaction, stored, done, now)
        return done

    # Completing

    def complete(
        self,
        transaction: Transaction,
        claim: Claim,
        outcome: CallAnswered | CallFailed,
        suspended: SuspendedOffers | None,
        *,
        may_follow: bool,
        refills: bool = True,
    ) -> Claim | None:
        """Commit what came of a call, and with it the intent of the call that keeps its permit.

        That is the application's own next call, where it is due at once at the same agency, or else the agency's next
        application. An outcome that comes after the attempt was taken for interrupted is dropped: the row has gone
        on without it. Whatever else this raises than ``DatabaseUnavailable`` is this application's defect, or that of
        the next one where ``refills``: the transaction is rolled back.

        Args:
            transaction: Of the host's database.
            claim: The call.
            outcome: What came of it.
            suspended: What is suspended; ``None`` where nothing follows, because the worker is to end.
            may_follow: Whether the agency has time for another call soon.
            refills: Whether another application may follow.
        """
        now, commit = self.clock.now(), partial(self._commit, transaction, claim, outcome)
        follows = suspended if may_follow else None
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            following = commit(claim.stored, follows, now, read=False)
        except StaleRevision:
            row = transaction.connection.execute(_ROW, {"application": claim.stored.id}).one()
            stored = self.store.from_row(row) if row.lease == self.lease.worker else None
            if stored is None or stored.progress.attempt != claim.stored.progress.attempt:
                return None
            following = commit(stored, follows, now, read=True)
        if following is None and refills and suspended is not None and isinstance(outcome, CallAnswered):
            return self._refill(transaction, claim.target_plugin, suspended, now)
        return following

    def complete_all(
        self, transaction: Transaction, completions: Sequence[Callable[[Transaction], Claim | None]]
    ) -> list[Claim | None]:
        """Run several ``complete`` in one transaction; each is told what follows."""
        gathered = GatheredTransaction.within(transaction)
        following = [complete(gathered) for complete in completions]
        gathered.write()
        return following

    def block(self, transaction: Transaction, claim: Claim, error: Exception) -> None:
        """Leave an application with a defect to an officer, its attempt open: nobody knows what came of it."""
        service, now = claim.stored.progress.service, self.clock.now()
        held_by = self.lease.worker
        self._set_aside(transaction, claim.stored.id, service, DEFECT, now, defect=type_name(error), held_by=held_by)

    def _commit(
        self,
        transaction: Transaction,
        claim: Claim,
        outcome: CallAnswered | CallFailed,
        stored: StoredApplication,
        suspended: SuspendedOffers | None,
        now: datetime,
        *,
        read: bool,
    ) -> Claim | None:
        """Complete a claim on ``stored``, which was ``read`` in this transaction or is what was claimed.

        Raises:
            StaleRevision: It is what was claimed, and the row has changed since; nothing was written.
        """
        done = step(stored.progress, outcome, claim.capabilities, now)
        is_deadly = _has_ended_workers(transaction, stored, done)
        begun = self._follow(claim, stored, done, suspended, now) if not is_deadly else None
        following = None
        if begun is not None:
            draft = self.store.draft(transaction, stored) if read else claim.draft
            following = self._intend(transaction, stored, draft, claim.capabilities, begun, now)
        else:
            self.store.change(transaction, stored, done, now)
            if target_plugin(done.next, stored.plugin, stored.gateway) in self.limits:
                transaction.drop_hint(stored.id)  # this worker looks again at once
        _follow_checkout(transaction, stored, outcome, done.progress)
        result = outcome.error.code if isinstance(outcome, CallFailed) else "answered"
        ended = {"ended_at": now, "result": result}
        transaction.end_attempt({"application_": stored.id, "entry_": claim.attempt["entry"]} | ended)
        transaction.record(stored.id, now, record_of_attempt({**claim.attempt, **ended}))
        if is_deadly:
            self._set_aside(transaction, stored.id, stored.progress.service, WORKERS_LOST, now)
        is_fault = following is None and result == PLUGIN_FAULT
        if is_fault and isinstance(transaction, GatheredTransaction):
            transaction.write()
        if is_fault and is_failed_by_its_plugin(transaction, stored.id, claim.attempt["operation"]):
            self._set_aside(transaction, stored.id, stored.progress.service, PLUGIN_FAULT, now)
        return following

    @staticmethod
    def _follow(
        claim: Claim, stored: StoredApplication, done: Step, suspended: SuspendedOffers | None, now: datetime
    ) -> Step | None:
        """``done`` with the intent of the call that follows at once at the same agency, if one does."""
        if suspended is None or stored.blocked is not None or done.next.due is None or done.next.due > now:
            return None
        begun = begin_next(done, claim.capabilities, now, next_payment(done.progress))
        if begun.next.operation is None:
            return None
        name, service = target_plugin(begun.next, stored.plugin, stored.gateway), stored.progress.service
        covered = suspended.covers(plugin=stored.plugin, service=service, target_plugin=name)
        return begun if name == claim.target_plugin and not covered else None

    def _refill(
        self, transaction: Transaction, plugin: str, suspended: SuspendedOffers, now: datetime
    ) -> Claim | None:
        """Hand a permit that has come free on to the agency's next application, unless somebody waits for it."""
        row = self._queues.next_of(transaction, plugin, now=now, horizon=now + HORIZON, suspended=suspended)
        if row is None or self._is_beyond(row):
            return None
        flying = count_under_way(transaction, [plugin], self.lease.worker, time_of(self.clock))[plugin]
        if flying.number >= self.limits[plugin].concurrency:
            return None
        return self._guarded(transaction, row, now, self._begin, alone=False)

    def _set_aside(
        self,
        transaction: Transaction,
        application: str,
        service: str,
        code: str,
        now: datetime,
        *,
        defect: str | None = None,
        held_by: str | None = None,
    ) -> None:
        """Leave an application to an officer: trying it further would end the same way each time."""
        set_aside(transaction, application, code, again=None, now=now, held_by=held_by)
        _log.error(
            "application_blocked",
            defect=defect or code,
            application=application,
            service=service,
            worker=self.worker_name,
        )


def next_payment(progress: Progress) -> str:
    """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
    return str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))


def _has_ended_workers(transaction: Transaction, stored: StoredApplication, done: Step) -> bool:
    """Whether the latest attempts at what comes next ended with so many workers that an officer is to look."""
    coming = done.next
    if coming.operation is None:
        return False
    subject = coming.payment or (coming.deliverable.kind if coming.deliverable is not None else None)
    # Nearly always it went well the last time, which the row shows by itself.
    if done.progress.backoff(coming.operation, subject).failures < LOSSES_OF_A_CASE - 1:
        return False
    return losses_in_a_row(transaction, stored.id, coming.operation.value) >= LOSSES_OF_A_CASE


def _follow_checkout(
    transaction: Transaction, stored: StoredApplication, outcome: CallAnswered | CallFailed, after: Progress
) -> None:
    """Keep where a payment that was begun is paid, and drop it once the gateway has said how it ended."""
    attempt = stored.progress.attempt
    if not isinstance(outcome, CallAnswered) or attempt is None or attempt.payment is None:
        return
    if isinstance(outcome.result, PaymentStarted):
        keep_checkout(transaction, stored, attempt.payment, outcome.result)
    elif isinstance(outcome.result, PaymentReport):
        drop_if_ended(transaction, after, attempt.payment)
