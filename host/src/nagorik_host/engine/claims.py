"""One application in a worker's hands: commit the intent, make the call, commit the outcome.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. The claim that finds it takes
the attempt for interrupted: the lifecycle knows what that means for each operation, and sends nothing again whose
effect it does not know. What ends three workers in a row is left to an officer.

A leased row is a permit: while a claim has an agency's row locked, no other raises the number of its leases, so no
agency gets more calls at once than it bears. The commit of an outcome keeps the lease for the application's next call
there, or hands it on to the next application that is due there.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, func, select, update

from nagorik import ApplicationDraft, PaymentReport, PaymentStarted, ServiceNotOffered
from nagorik.clock import Clock
from nagorik.manifest import Limits
from nagorik_host.engine.gathered import GatheredTransaction
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.leases import HeldApplication, WorkerLease
from nagorik_host.engine.pace import (
    HORIZON,
    AgencyPace,
    PaceSlot,
    ensure_row,
    interval_of,
    most_within,
    time_of,
)
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.engine.queues import Queues, SuspendedOffers, UnderWay, suspended_offers
from nagorik_host.engine.rate_limiter import SharedRateLimiter
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
from nagorik_host.store.clock import LEASE_NOW
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
LEFT_TO_OTHERS: Final = timedelta(seconds=1)
"""How long a worker leaves places beyond its share to others: so long each takes to poll, at most."""
DEFECT: Final = "defect"

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


@dataclass(slots=True, repr=False, eq=False)
class Claim:
    """An application whose intent is committed and whose call is to be made.

    ``attempt`` is its row as begun, ``slot`` an instant of the agency's time for the first request, if there is one.
    """

    stored: StoredApplication
    draft: ApplicationDraft
    capabilities: ServiceCapabilities
    call: NextAction
    attempt: Mapping[str, Any]
    held: HeldApplication
    slot: PaceSlot | None = None

    @property
    def target_plugin(self) -> str:
        """The plugin that the call is made through."""
        return target_plugin(self.call, self.stored.plugin, self.stored.gateway)


class EndedCall(NamedTuple):
    """A call and what came of it; ``committed`` is done once that is in the database."""

    claim: Claim
    outcome: CallAnswered | CallFailed
    committed: "asyncio.Future[None]"


class ClaimBatch(list[Claim]):
    """What one transaction claimed.

    Attributes:
        next_poll: When something else can be claimed, as far as is known.
        passed: How many rows were dealt with that lead to no call.
    """

    next_poll: datetime | None = None
    passed = 0

    def poll_at(self, instant: datetime) -> None:
        """Note that something can be claimed then."""
        self.next_poll = instant if self.next_poll is None else min(self.next_poll, instant)


@dataclass(slots=True, repr=False, kw_only=True)
class _Unit(GatheredTransaction):
    """One transaction of a worker: when it is, what it claimed, and whether each row is written by itself."""

    now: datetime
    batch: ClaimBatch = field(default_factory=ClaimBatch)
    alone: bool = False


@dataclass(repr=False, eq=False, kw_only=True)
class Claims:
    """The transactions in which one worker claims applications and completes its claims.

    Attributes:
        limits: What the agencies bear whose calls it makes, by plugin.
        releases: The releases of plugins that are installed: what is pinned to later ones is left alone.
        suspended: What an officer had suspended when this worker claimed last.
        down: The agencies that were down then, or went down since.
    """

    store: ApplicationStore
    vault: Vault
    capabilities: CapabilitiesCache
    health: HealthTracker
    rate_limiter: SharedRateLimiter
    lease: WorkerLease
    limits: Mapping[str, Limits]
    releases: Mapping[str, str]
    clock: Clock
    suspended: SuspendedOffers = field(default_factory=SuspendedOffers, init=False)
    down: set[str] = field(default_factory=set, init=False)
    _workers: int = field(default=1, init=False)
    _left: dict[str, datetime] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._queues = Queues(self.limits, self.releases)

    # Claiming

    def claim(self, transaction: Transaction, *, each_alone: bool = False) -> ClaimBatch:
        """Claim what is due, as far as the agencies bear it, and commit an intent for each.

        If it raises, it may be run again with ``each_alone``: then what is wrong with one application is that
        application's defect, and what is raised is the machine's.

        Args:
            transaction: Of the host's database.
            each_alone: Whether each application is written within a savepoint, which costs as much as a statement.
        """
        unit, due = self._unit(transaction, alone=each_alone), dict[str, datetime]()
        self.suspended = suspended_offers(unit)
        self._act_on(unit, self._queues.expired(unit, self.lease.now), self._release)
        states = self._queues.states(unit, self.suspended)
        if len(states) < len(self.limits):
            # A new database, or an older copy that the worker goes on with.
            self.ensure_rows(unit)
            states = self._queues.states(unit, self.suspended)
        self.down = {queue.plugin for queue in states if queue.down_since is not None}
        for queue in states:
            at = self._callable_at(queue, unit.now)
            if at is not None and at <= unit.now:
                due[queue.plugin] = queue.next_at
            elif at is not None:
                unit.batch.poll_at(at)
        if due:
            self._workers = 1 + self._queues.others(unit, self.lease.worker, self.lease.now)
            locked = self._queues.lock(unit, due)
            # Counted once the rows are locked: what others have committed by then is seen.
            counted = self._queues.counted(unit, due, self.lease.worker, time_of(self.clock))
            for queue in locked:
                if self._claim_at(unit, queue, due[queue.plugin], counted[queue.plugin]):
                    unit.batch.poll_at(unit.now)
        return self._written(unit, transaction)

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due at an agency that can be called then."""
        now, self.suspended = self.clock.now(), suspended_offers(transaction)
        found = (self._callable_at(queue, now) for queue in self._queues.states(transaction, self.suspended))
        return min((at for at in found if at is not None), default=None)

    def ensure_rows(self, transaction: Transaction) -> None:
        """Make the rows of the agencies that are missing; a claim does it by itself."""
        for plugin in sorted(self.limits):
            ensure_row(transaction, plugin)

    def _callable_at(self, queue: Row[Any], now: datetime) -> datetime | None:
        """When the first application of a queue can be called for; ``None`` where no one can."""
        self.health.note_failures(queue.plugin, queue.failures)
        if queue.due_at is None or queue.plugin in self.suspended.plugins:
            return None
        times: list[datetime | None] = [queue.due_at, queue.next_at - HORIZON + timedelta(microseconds=1)]
        times.append(self.health.probe_at(queue, now) if queue.down_since is not None else None)
        return max(at for at in times if at is not None)

    def _claim_at(self, unit: _Unit, queue: Row[Any], next_at: datetime, flying: UnderWay) -> bool:
        """Claim what is due at one agency; whether this worker lacks places there while more may be due."""
        name, limits, is_probe = queue.plugin, self.limits[queue.plugin], queue.down_since is not None
        open_for = unit.now + HORIZON - max(next_at, unit.now)
        lacks = max(self._share(name), 1) - flying.own
        free = self._leave_to_others(name, limits.concurrency - flying.number, max(lacks, 0), unit.now)
        free = min(free, 1 if is_probe else most_within(open_for, interval_of(limits.per_second)))
        if free <= 0 or open_for <= timedelta(0):
            return lacks > 0 and open_for > timedelta(0) and not is_probe
        if is_probe and not self.health.take_probe(unit, queue, unit.now):
            return False
        rows = self._queues.due(unit, name, free, unit.now, self.suspended, is_probe=is_probe)
        claimed = self._act_on(unit, rows, self._begin)
        if is_probe and not claimed:
            self.health.give_back_probe(unit, name, unit.now)
        return claimed < len(rows) or (len(rows) == free and claimed < lacks)

    def _share(self, plugin: str) -> int:
        """How many calls at an agency are this worker's, if all workers that live make as many."""
        return self.limits[plugin].concurrency // self._workers

    def _leave_to_others(self, plugin: str, free: int, lacks: int, now: datetime) -> int:
        """How many free places this worker takes: those beyond its share once others have left them for a second."""
        if free > lacks and now < self._left.setdefault(plugin, now) + LEFT_TO_OTHERS:
            return lacks
        self._left.pop(plugin, None)
        return free

    def _unit(self, transaction: Transaction, *, alone: bool = False) -> _Unit:
        return _Unit(transaction.connection, transaction.due, transaction.records, now=self.clock.now(), alone=alone)

    def _written(self, unit: _Unit, transaction: Transaction) -> ClaimBatch:
        """Take an instant for each call of a batch, and write what was gathered."""
        for name, number in sorted(Counter(claim.target_plugin for claim in unit.batch).items()):
            calls = (claim for claim in unit.batch if claim.target_plugin == name)
            for claim, slot in zip(calls, self.pace(name).take_in(unit, number), strict=False):
                claim.slot = slot
        unit.write()
        transaction.due, transaction.records = unit.due, unit.records
        return unit.batch

    def _act_on(self, unit: _Unit, rows: Sequence[Row[Any]], act: Callable[[_Unit, Row[Any]], None]) -> int:
        """Act on rows; how many claims came of it. Where ``act`` raises, nothing of its row is written."""
        before = len(unit.batch)
        for row in rows:
            try:
                with unit.nested() if unit.alone else nullcontext():
                    act(unit, row)
                    if unit.alone:
                        unit.write()
            except ServiceNotOffered:
                set_aside(unit, row.id, "service-not-offered", again=unit.now + BLOCKED, now=unit.now)
            except (Erased, NoSuchApplication):
                set_aside(unit, row.id, "erased", again=None, now=unit.now)
            except Exception as error:
                if not unit.alone or is_the_machines(error):
                    raise
                unit.forget()
                _leave_to_officer(unit, row.id, row.service, DEFECT, defect=type_name(error))
        claimed = len(unit.batch) - before
        unit.batch.passed += len(rows) - claimed
        return claimed

    def _begin(self, unit: _Unit, row: Row[Any]) -> None:
        """Commit the intent of the call that a due row waits for; if it is not due now, the row says when."""
        capabilities = self.capabilities.of(row.service, row.gateway)
        stored = replace(self.store.from_row(row), blocked=None)
        if stored.progress.attempt is not None:
            # It was left to an officer with its call in flight, and its outcome was not heard of since.
            self._interrupt(unit, stored, DEFECT)
            return
        draft = self.store.open_draft(stored, row.draft)
        begun = begin(stored.progress, capabilities, unit.now, next_payment(stored.progress))
        if begun.next.operation is None:
            self.store.change(unit, stored, begun, unit.now)
        elif target_plugin(begun.next, stored.plugin, stored.gateway) != row.target_plugin:
            # It waits in another agency's queue from now on.
            coming = Step(stored.progress, (), NextAction(begun.next.operation, unit.now))
            self.store.change(unit, stored, coming, unit.now)
        else:
            self._intend(unit, stored, draft, capabilities, begun)

    def _intend(
        self,
        unit: _Unit,
        stored: StoredApplication,
        draft: ApplicationDraft,
        capabilities: ServiceCapabilities,
        begun: Step,
    ) -> None:
        """Lease an application for the call that ``begun`` names, and write the attempt down."""
        until = self.lease.end(self.lease.elapsed())
        held = self.store.change(unit, stored, begun, unit.now, lease=self.lease.taken)
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
            "began_at": unit.now,
        }
        unit.begin_attempt(row)
        if begun.events:
            unit.record(held.id, unit.now, record_of_attempt(row))
        held_here = HeldApplication(held.id, held.entries, self.lease, until)
        unit.batch.append(Claim(held, draft, capabilities, begun.next, row, held_here))

    # What lost workers held

    def _release(self, unit: _Unit, row: Row[Any]) -> None:
        """Take an application from a worker that is gone; its call's outcome is unknown."""
        stored = self.store.from_row(row)
        if stored.progress.attempt is None:
            capabilities = self.capabilities.of(row.service, row.gateway)
            coming = next_action(stored.progress, capabilities, unit.now)
            self.store.change(unit, stored, Step(stored.progress, (), coming), unit.now)
            return
        # A worker that lives and has lost the lease was not ended by this call.
        done = self._interrupt(unit, stored, LEASE_LOST if self.lease.is_alive(unit, row.lease) else INTERRUPTED)
        if _has_ended_workers(unit, stored, done):
            _leave_to_officer(unit, stored.id, row.service, WORKERS_LOST)

    def _interrupt(self, unit: _Unit, stored: StoredApplication, result: str) -> Step:
        """End a call in flight whose outcome will not be heard of; what follows from that."""
        progress = stored.progress
        done = step(progress, Interrupted(), self.capabilities.of(progress.service, stored.gateway), unit.now)
        ended = {"application_": stored.id, "ended_at": unit.now, "result": result}
        for row in unit.connection.execute(_END_OPEN, ended):
            unit.record(stored.id, unit.now, record_of_attempt(row._mapping))
        self.store.change(unit, stored, done, unit.now)
        return done

    # Completing

    def complete(
        self, transaction: Transaction, calls: Sequence[EndedCall], *, follows: bool, refills: bool = True
    ) -> ClaimBatch:
        """Commit what came of calls, and with it the intents of the calls that keep their permits.

        These are each application's own next call, where it is due at once at the same agency, or else the agency's
        next applications. An outcome that comes after its attempt was taken for interrupted is dropped: the row has
        gone on without it. What else this raises than ``DatabaseUnavailable`` is the defect of one of the
        applications, or of a next one where ``refills``: nothing is written.

        Args:
            transaction: Of the host's database.
            calls: The calls and what came of them.
            follows: Whether calls follow; not where the worker is to end.
            refills: Whether those of other applications do.
        """
        unit, freed = self._unit(transaction), Counter[str]()
        for call in calls:
            if self._complete(unit, call, follows=follows):
                if isinstance(call.outcome, CallAnswered):
                    freed[call.claim.target_plugin] += 1
                else:
                    unit.batch.poll_at(unit.now)
        for name, number in sorted(freed.items()) if refills and follows else ():
            if name in self.down:
                continue
            bounds: dict[str, Any] = {"concurrency": self.limits[name].concurrency, "share": self._share(name)}
            bounds |= {"worker": self.lease.worker, LEASE_NOW: time_of(self.clock)}
            rows = self._queues.refill(unit, name, number, unit.now, self.suspended, bounds)
            self._act_on(unit, rows, self._begin)
        return self._written(unit, transaction)

    def block(self, transaction: Transaction, claim: Claim, error: Exception) -> None:
        """Leave an application with a defect to an officer, its attempt open: its outcome is not known."""
        unit, service, defect = self._unit(transaction), claim.stored.progress.service, type_name(error)
        _leave_to_officer(unit, claim.stored.id, service, DEFECT, defect=defect, held_by=self.lease.worker)

    def _complete(self, unit: _Unit, call: EndedCall, *, follows: bool) -> bool:
        """Commit what came of one call; whether its permit has come free."""
        claim, before = call.claim, len(unit.batch)
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            self._commit(unit, call, claim.stored, follows=follows, read=False)
        except StaleRevision:
            row = unit.connection.execute(_ROW, {"application": claim.stored.id}).one()
            stored = self.store.from_row(row) if row.lease == self.lease.worker else None
            if stored is None or stored.progress.attempt != claim.stored.progress.attempt:
                return False
            self._commit(unit, call, stored, follows=follows, read=True)
        return len(unit.batch) == before

    def _commit(self, unit: _Unit, call: EndedCall, stored: StoredApplication, *, follows: bool, read: bool) -> None:
        """Complete a claim on ``stored``, which was ``read`` in this transaction or is what was claimed.

        Raises:
            StaleRevision: It is what was claimed, and the row has changed since; nothing was written.
        """
        claim, outcome, _ = call
        done = step(stored.progress, outcome, claim.capabilities, unit.now)
        is_deadly = _has_ended_workers(unit, stored, done)
        begun = self._follow(claim, stored, done, unit.now) if follows and not is_deadly else None
        if begun is not None:
            draft = self.store.draft(unit, stored) if read else claim.draft
            self._intend(unit, stored, draft, claim.capabilities, begun)
        else:
            self.store.change(unit, stored, done, unit.now)
            if target_plugin(done.next, stored.plugin, stored.gateway) in self.limits:
                unit.drop_hint(stored.id)  # this worker looks again at once
                if done.next.due is not None:
                    unit.batch.poll_at(done.next.due)
        _follow_checkout(unit, stored, outcome, done.progress)
        result = outcome.error.code if isinstance(outcome, CallFailed) else "answered"
        ended = {"ended_at": unit.now, "result": result}
        unit.end_attempt({"application_": stored.id, "entry_": claim.attempt["entry"]} | ended)
        unit.record(stored.id, unit.now, record_of_attempt({**claim.attempt, **ended}))
        if is_deadly:
            _leave_to_officer(unit, stored.id, stored.progress.service, WORKERS_LOST)
        if begun is None and result == PLUGIN_FAULT:
            unit.write()
            if is_failed_by_its_plugin(unit, stored.id, claim.attempt["operation"]):
                _leave_to_officer(unit, stored.id, stored.progress.service, PLUGIN_FAULT)

    def _follow(self, claim: Claim, stored: StoredApplication, done: Step, now: datetime) -> Step | None:
        """``done`` with the intent of the call that follows at once at the same agency, if one does."""
        name, service, due = claim.target_plugin, stored.progress.service, done.next.due
        if stored.blocked is not None or due is None or due > now or name in self.down:
            return None
        begun = begin_next(done, claim.capabilities, now, next_payment(done.progress))
        if begun.next.operation is None or target_plugin(begun.next, stored.plugin, stored.gateway) != name:
            return None
        covered = self.suspended.covers(plugin=stored.plugin, service=service, target_plugin=name)
        return begun if not covered and self.pace(name).until_open <= 0 else None

    def pace(self, plugin: str) -> AgencyPace:
        """The time of an agency whose calls it makes."""
        return self.rate_limiter.pace(plugin, self.limits[plugin].per_second)


def next_payment(progress: Progress) -> str:
    """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
    return str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))


def _leave_to_officer(
    unit: _Unit, application: str, service: str, code: str, *, defect: str | None = None, held_by: str | None = None
) -> None:
    """Set an application aside: trying it further would end the same way each time."""
    set_aside(unit, application, code, again=None, now=unit.now, held_by=held_by)
    _log.error("application_blocked", defect=defect or code, application=application, service=service)


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
