"""One application in a worker's hands: commit the intent, make the call, commit the outcome.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. The claim that finds it takes
the attempt for interrupted: the lifecycle knows what that means for each operation, and sends nothing again whose
effect it does not know. What ends three workers in a row is left to an officer.

A leased row is a permit: while a claim has an agency's row locked, no other raises the number of its leases, so no
agency gets more calls at once than it bears. The commit of an outcome keeps the lease for the application's next call
there, or hands it on to the next application that is due there.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row, Select, bindparam, select, update

from nagorik import ApplicationDraft, PaymentReport, PaymentStarted, ServiceNotOffered
from nagorik_host.engine import queues
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
from nagorik_host.engine.plugins import is_beyond
from nagorik_host.engine.queues import SuspendedOffers, suspended_offers
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.store.application_store import (
    Lease,
    NoSuchApplication,
    StaleRevision,
    StoredApplication,
    set_aside,
    target_plugin,
)
from nagorik_host.store.cases import (
    FAULTS_OF_A_CASE,
    INTERRUPTED,
    LOSSES_OF_A_CASE,
    PLUGIN_FAULT,
    WORKERS_LOST,
    ended_in_a_row,
)
from nagorik_host.store.checkouts import drop_if_ended, keep_checkout
from nagorik_host.store.clock import LEASE_NOW
from nagorik_host.store.database import BEGIN_ATTEMPT, END_ATTEMPT, Transaction, is_the_machines
from nagorik_host.store.ledger import record_of_attempt
from nagorik_host.store.schema import applications, attempts
from nagorik_host.vault import Erased
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
    step,
)
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_host.host import Host

_log = get_logger("nagorik.host")

CallOutcome = CallAnswered | CallFailed
APPLICATION: Final[ContextVar[str | None]] = ContextVar("APPLICATION", default=None)
"""The id of the application that this task makes a call for, from the call until its outcome is committed."""

BLOCKED: Final = timedelta(minutes=5)
"""How long an application whose plugin is not installed is left alone before it is looked at again."""
LEFT_TO_OTHERS: Final = timedelta(seconds=1)
"""How long a worker leaves places beyond its share to others: so long each takes to poll, at most."""
DEFECT: Final = "defect"

_ROW: Final = select(applications).where(applications.c.id == bindparam("application")).with_for_update()
_END_OPEN: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"), attempts.c.ended_at.is_(None))
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


EndedCall = tuple[Claim, CallOutcome]


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
class _Unit(Transaction):
    """A transaction on several applications, whose journals and attempts are written together at its end."""

    now: datetime
    batch: ClaimBatch = field(default_factory=ClaimBatch)
    entries: list[Sequence[Any]] = field(default_factory=list)
    begun: list[Mapping[str, Any]] = field(default_factory=list)
    ended: list[Mapping[str, Any]] = field(default_factory=list)

    def append_entries(self, entries: Sequence[Sequence[Any]]) -> None:
        """As ``Transaction.append_entries``, at the end."""
        self.entries += entries

    def write(self) -> None:
        """Write what was gathered, with one statement of each kind."""
        if self.entries:
            Transaction.append_entries(self, self.entries)
        for statement, rows in ((BEGIN_ATTEMPT, self.begun), (END_ATTEMPT, self.ended)):
            if rows:
                self.connection.execute(statement, rows)
        self.entries, self.begun, self.ended = [], [], []


class Claims:
    """The transactions in which one worker claims applications and completes its claims.

    Attributes:
        lease: On what terms the worker holds applications.
        limits: What the agencies bear whose calls it makes, by plugin.
        rate_limiter: Has the time of the agencies.
        own: The calls that the worker has under way, by agency.
    """

    def __init__(self, host: "Host", lease: WorkerLease, only: Collection[str] | None) -> None:
        """Claim what ``host`` keeps, for the calls of all its plugins or of these ``only``."""
        self.lease, self.own, self._host = lease, Counter[str](), host
        self.rate_limiter = host.rate_limiter or SharedRateLimiter(host.database, host.clock)
        manifests = [one.manifest for one in host.platform.plugins if one.manifest is not None]
        self.limits = {one.id: one.limits for one in manifests if only is None or one.id in only}
        self._releases = {one.id: one.source.label for one in host.platform.plugins}
        self._beyond: set[str] = set()
        # As of the last claim: what an officer had suspended, which agencies were down, how many workers lived.
        self._suspended, self._down, self._workers = SuspendedOffers(), frozenset[str](), 1
        self._left: dict[str, datetime] = {}

    # Claiming

    def claim(self, transaction: Transaction) -> ClaimBatch:
        """Claim what is due, as far as the agencies bear it, and commit an intent for each."""
        unit, free = self._unit(transaction), list[str]()
        self._suspended = suspended_offers(unit)
        self._act_on(unit, self._rows(unit, queues.EXPIRED), self._release)
        for queue in self._states(unit):
            at = self._callable_at(queue)
            if at is not None and (at > unit.now or self._lacks(queue.plugin) > 0):
                unit.batch.poll_at(at)
            if at is not None and at <= unit.now and queue.under_way < self.limits[queue.plugin].concurrency:
                free.append(queue.plugin)
        locked = unit.connection.scalars(queues.LOCKED, {"names": free}).all() if free else ()
        # Counted again once the rows are locked: what others have committed by then is seen.
        for queue in self._rows(unit, queues.STATES, names=locked) if locked else ():
            self._claim_at(unit, queue)
        return self._written(unit)

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due at an agency that can be called then."""
        self._suspended = suspended_offers(transaction)
        found = (self._callable_at(queue) for queue in self._states(transaction))
        return min((at for at in found if at is not None), default=None)

    def _rows(self, transaction: Transaction, statement: Select[Any], **others: Any) -> Sequence[Row[Any]]:
        wanted = {
            "names": list(self.limits),
            "beyond": list(self._beyond),
            "suspended_plugins": list(self._suspended.plugins),
            "suspended_services": list(self._suspended.services),
            "worker": self.lease.worker,
            LEASE_NOW: self.lease.now,
            queues.AGENCY_NOW: time_of(self._host.clock),
        }
        return transaction.connection.execute(statement, wanted | others).all()

    def _states(self, transaction: Transaction) -> Sequence[Row[Any]]:
        states = self._rows(transaction, queues.STATES)
        if len(states) < len(self.limits):
            # A new database, or an older copy that the worker goes on with.
            for plugin in sorted(self.limits):
                ensure_row(transaction, plugin)
            states = self._rows(transaction, queues.STATES)
        self._down = frozenset(queue.plugin for queue in states if queue.down_since is not None)
        self._workers = 1 + max((queue.others for queue in states), default=0)
        return states

    def _callable_at(self, queue: Row[Any]) -> datetime | None:
        """When the first application of a queue can be called for; ``None`` where no one can."""
        self._host.health.note_failures(queue.plugin, queue.failures)
        if queue.due_at is None or queue.plugin in self._suspended.plugins:
            return None
        at: datetime = max(queue.due_at, queue.next_at - HORIZON + timedelta(microseconds=1))
        return max(at, queue.probe_at) if queue.down_since is not None else at

    def _claim_at(self, unit: _Unit, queue: Row[Any]) -> None:
        """Claim what is due at one agency, whose row is locked."""
        name, is_probe, health = queue.plugin, queue.down_since is not None, self._host.health
        open_for = unit.now + HORIZON - max(queue.next_at, unit.now)
        limits = self.limits[name]
        most = 1 if is_probe else most_within(open_for, interval_of(limits.per_second))
        most = min(self._own_part(name, limits.concurrency - queue.under_way, unit.now), most)
        if most <= 0 or open_for <= timedelta(0) or (is_probe and not health.take_probe(unit, queue, unit.now)):
            return
        wanted = {"target_plugin": name, "now": unit.now, "most": most}
        # To probe an agency that is down, a question comes before what may have an effect.
        rows = (is_probe and self._rows(unit, queues.QUESTIONS, **wanted)) or self._rows(unit, queues.DUE, **wanted)
        if not self._act_on(unit, rows, self._begin) and is_probe:
            health.give_back_probe(unit, name, unit.now)

    def _lacks(self, plugin: str) -> int:
        """How many more calls at an agency are this worker's, if all workers that live make as many."""
        return max(self.limits[plugin].concurrency // self._workers, 1) - self.own[plugin]

    def _own_part(self, plugin: str, free: int, now: datetime) -> int:
        """How many free places this worker takes: those beyond its share once others have left them for a second."""
        if free > self._lacks(plugin) and now < self._left.setdefault(plugin, now) + LEFT_TO_OTHERS:
            return self._lacks(plugin)
        self._left.pop(plugin, None)
        return free

    def _unit(self, transaction: Transaction) -> _Unit:
        return _Unit(transaction.connection, transaction.due, transaction.records, now=self._host.clock.now())

    def _written(self, unit: _Unit) -> ClaimBatch:
        """Take an instant for each call of a batch, and write what was gathered."""
        for name, number in sorted(Counter(claim.target_plugin for claim in unit.batch).items()):
            calls = (claim for claim in unit.batch if claim.target_plugin == name)
            for claim, slot in zip(calls, self.pace(name).take_in(unit, number), strict=False):
                claim.slot = slot
        unit.write()
        return unit.batch

    def _act_on(self, unit: _Unit, rows: Sequence[Row[Any]], act: Callable[[_Unit, Row[Any]], None]) -> int:
        """Act on rows; how many claims came of it. What is wrong with one application is a defect of it alone."""
        before = len(unit.batch)
        for row in rows:
            installed = self._releases.get(row.plugin, row.plugin_version)
            if installed != row.plugin_version and is_beyond(row.plugin_version, installed):
                self._beyond.add(row.plugin_version)  # not found again
                continue
            try:
                act(unit, row)
            except ServiceNotOffered:
                set_aside(unit, row.id, "service-not-offered", again=unit.now + BLOCKED, now=unit.now)
            except (Erased, NoSuchApplication):
                set_aside(unit, row.id, "erased", again=None, now=unit.now)
            except Exception as error:
                if is_the_machines(error):
                    raise
                _leave_to_officer(unit, row.id, row.service, DEFECT, defect=type_name(error))
        claimed = len(unit.batch) - before
        unit.batch.passed += len(rows) - claimed
        return claimed

    def _begin(self, unit: _Unit, row: Row[Any]) -> None:
        """Commit the intent of the call that a due row waits for; if it is not due now, the row says when."""
        capabilities = self._host.capabilities.of(row.service, row.gateway)
        stored = replace(self._host.store.from_row(row), blocked=None)
        if stored.progress.attempt is not None:
            # It was left to an officer with its call in flight, and its outcome was not heard of since.
            self._interrupt(unit, stored, DEFECT)
            return
        draft = self._host.store.open_draft(stored, row.draft)
        begun = begin(stored.progress, capabilities, unit.now, next_payment(stored.progress))
        if begun.next.operation is None:
            self._host.store.change(unit, stored, begun, unit.now)
        elif target_plugin(begun.next, stored.plugin, stored.gateway) != row.target_plugin:
            # It waits in another agency's queue from now on.
            coming = Step(stored.progress, (), NextAction(begun.next.operation, unit.now))
            self._host.store.change(unit, stored, coming, unit.now)
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
        asked = self.lease.elapsed()
        lease = Lease(self.lease.worker, self.lease.lasts, self.lease.now)
        held = self._host.store.change(unit, stored, begun, unit.now, lease=lease)
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
            "request_digest": self._host.vault.lookup("request", made_from),
            "began_at": unit.now,
        }
        unit.begun.append(row)
        if begun.events:
            unit.record(held.id, unit.now, record_of_attempt(row))
        held_here = HeldApplication(held.id, held.entries, self.lease, asked)
        unit.batch.append(Claim(held, draft, capabilities, begun.next, row, held_here))

    # What lost workers held

    def _release(self, unit: _Unit, row: Row[Any]) -> None:
        """Take an application from a worker that is gone; its call's outcome is unknown."""
        stored = self._host.store.from_row(row)
        # A worker that lives and has lost the lease was not ended by this call.
        done = self._interrupt(unit, stored, LEASE_LOST if self.lease.is_alive(unit, row.lease) else INTERRUPTED)
        if _has_ended_workers(unit, stored, done):
            _leave_to_officer(unit, stored.id, row.service, WORKERS_LOST)

    def _interrupt(self, unit: _Unit, stored: StoredApplication, result: str) -> Step:
        """End a call in flight whose outcome will not be heard of; what follows from that."""
        progress = stored.progress
        done = step(progress, Interrupted(), self._host.capabilities.of(progress.service, stored.gateway), unit.now)
        ended = {"application_": stored.id, "ended_at": unit.now, "result": result}
        for row in unit.connection.execute(_END_OPEN, ended):
            unit.record(stored.id, unit.now, record_of_attempt(row._mapping))
        self._host.store.change(unit, stored, done, unit.now)
        return done

    # Completing

    def complete(self, transaction: Transaction, calls: Sequence[EndedCall], *, follows: bool) -> ClaimBatch:
        """Commit what came of calls, and with it the intents of the calls that keep their permits.

        These are each application's own next call, where it is due at once at the same agency, or else the agency's
        next applications. An outcome that comes after its attempt was taken for interrupted is dropped: the row has
        gone on without it. Where this raises, nothing is written.

        Args:
            transaction: Of the host's database.
            calls: The calls and what came of them.
            follows: Whether calls follow; not where the worker is to end.
        """
        unit, freed = self._unit(transaction), Counter[str]()
        for claim, outcome in calls:
            if self._complete(unit, claim, outcome, follows=follows):
                if isinstance(outcome, CallAnswered):
                    freed[claim.target_plugin] += 1
                else:
                    unit.batch.poll_at(unit.now)
        for name, number in sorted(freed.items()) if follows else ():
            # Places beyond this worker's share come free for others.
            most = min(number, self.limits[name].concurrency // self._workers - self.own[name] + number)
            if most > 0 and self._is_open(name):
                rows = self._rows(unit, queues.REFILL, target_plugin=name, now=unit.now, most=most)
                self._act_on(unit, rows, self._begin)
        return self._written(unit)

    def block(self, transaction: Transaction, claim: Claim, error: Exception) -> None:
        """Leave an application with a defect to an officer, its attempt open: its outcome is not known."""
        unit, service, defect = self._unit(transaction), claim.stored.progress.service, type_name(error)
        _leave_to_officer(unit, claim.stored.id, service, DEFECT, defect=defect, held_by=self.lease.worker)

    def _complete(self, unit: _Unit, claim: Claim, outcome: CallOutcome, *, follows: bool) -> bool:
        """Commit what came of one call; whether its permit has come free."""
        before = len(unit.batch)
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            self._commit(unit, claim, outcome, claim.stored, follows=follows)
        except StaleRevision:
            row = unit.connection.execute(_ROW, {"application": claim.stored.id}).one()
            stored = self._host.store.from_row(row) if row.lease == self.lease.worker else None
            if stored is None or stored.progress.attempt != claim.stored.progress.attempt:
                return False
            self._commit(unit, claim, outcome, stored, follows=follows)
        return len(unit.batch) == before

    def _commit(
        self, unit: _Unit, claim: Claim, outcome: CallOutcome, stored: StoredApplication, *, follows: bool
    ) -> None:
        """Complete a claim on ``stored``, which is what was claimed or was read in this transaction.

        Raises:
            StaleRevision: The row has changed since; nothing was written.
        """
        done = step(stored.progress, outcome, claim.capabilities, unit.now)
        is_deadly = _has_ended_workers(unit, stored, done)
        begun = self._follow(claim, stored, done, unit.now) if follows and not is_deadly else None
        if begun is not None:
            draft = claim.draft if stored is claim.stored else self._host.store.draft(unit, stored)
            self._intend(unit, stored, draft, claim.capabilities, begun)
        else:
            self._host.store.change(unit, stored, done, unit.now)
            if target_plugin(done.next, stored.plugin, stored.gateway) in self.limits:
                unit.drop_hint(stored.id)  # this worker looks again at once
                if done.next.due is not None:
                    unit.batch.poll_at(done.next.due)
        match outcome:
            case CallAnswered(PaymentStarted() as started) if claim.call.payment is not None:
                keep_checkout(unit, stored, claim.call.payment, started)
            case CallAnswered(PaymentReport()) if claim.call.payment is not None:
                drop_if_ended(unit, done.progress, claim.call.payment)
        result = outcome.error.code if isinstance(outcome, CallFailed) else "answered"
        ended = {"ended_at": unit.now, "result": result}
        unit.ended.append({"application_": stored.id, "entry_": claim.attempt["entry"]} | ended)
        unit.record(stored.id, unit.now, record_of_attempt({**claim.attempt, **ended}))
        if is_deadly:
            _leave_to_officer(unit, stored.id, stored.progress.service, WORKERS_LOST)
        if begun is None and result == PLUGIN_FAULT:
            unit.write()
            if ended_in_a_row(unit, stored.id, claim.attempt["operation"], PLUGIN_FAULT) == FAULTS_OF_A_CASE:
                _leave_to_officer(unit, stored.id, stored.progress.service, PLUGIN_FAULT)

    def _follow(self, claim: Claim, stored: StoredApplication, done: Step, now: datetime) -> Step | None:
        """``done`` with the intent of the call that follows at once at the same agency, if one does."""
        name, service, due = claim.target_plugin, stored.progress.service, done.next.due
        if stored.blocked is not None or due is None or due > now or not self._is_open(name):
            return None
        begun = begin_next(done, claim.capabilities, now, next_payment(done.progress))
        if begun.next.operation is None or target_plugin(begun.next, stored.plugin, stored.gateway) != name:
            return None
        covered = self._suspended.covers(plugin=stored.plugin, service=service, target_plugin=name)
        return None if covered else begun

    def _is_open(self, plugin: str) -> bool:
        return plugin not in self._down and self.pace(plugin).until_open <= 0

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
    coming = done.next.operation
    # Nearly always all went well the last time, which the row shows by itself.
    if coming is None or all(one.failures < LOSSES_OF_A_CASE - 1 for one in done.progress.backoffs):
        return False
    return ended_in_a_row(transaction, stored.id, coming.value, INTERRUPTED) >= LOSSES_OF_A_CASE
