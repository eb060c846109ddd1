"""One application in a worker's hands: the intent is committed, the call is made, the outcome is committed.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. Whoever claims the row then
finds the attempt and treats it as interrupted: the lifecycle knows what that means for each operation, and sends
nothing again whose effect it does not know. What a lost worker had claimed comes first: somebody's money or
application may be in question.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, func, insert, select, update

from nagorik import ApplicationDraft, ServiceNotOffered
from nagorik.clock import Clock
from nagorik_host.engine.agencies import HORIZON, AgencyScheduler
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.plugins import CapabilitiesCache, is_beyond
from nagorik_host.engine.queues import (
    SuspendedOffers,
    count_claimed,
    due_rows,
    expired_rows,
    park_suspended,
    suspended_offers,
    unpark_resumed,
)
from nagorik_host.store.application_store import (
    ApplicationStore,
    NoSuchApplication,
    StaleRevision,
    StoredApplication,
    record_attempt,
    set_aside,
    target_plugin,
)
from nagorik_host.store.cases import PLUGIN_FAULT, is_failed_by_its_plugin
from nagorik_host.store.database import Transaction, is_the_machines
from nagorik_host.store.host_keys import is_known_key
from nagorik_host.store.schema import applications, attempts
from nagorik_host.vault import Erased, KeyMissing, Vault
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

_log = get_logger("nagorik.host")

APPLICATION: Final[ContextVar[str | None]] = ContextVar("APPLICATION", default=None)
"""The id of the application that this task makes a call for, from the call until its outcome is committed."""

BLOCKED: Final = timedelta(minutes=5)
"""How long an application whose plugin is not installed is left alone before it is looked at again."""
DEFECT: Final = "defect"
SOON: Final = timedelta(milliseconds=50)
"""When to look again after another worker was quicker."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_ROW: Final = select(applications).where(applications.c.id == bindparam("application")).with_for_update()
_ATTEMPT: Final = insert(attempts)
_ENDED: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"))
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
)
_END: Final = _ENDED.where(attempts.c.entry == bindparam("entry_"))
_OPEN: Final = attempts.alias()
_END_OPEN: Final = _ENDED.where(
    attempts.c.entry
    == select(func.max(_OPEN.c.entry))
    .where(_OPEN.c.application == bindparam("application_"), _OPEN.c.ended_at.is_(None))
    .scalar_subquery()
).returning(attempts)


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """An application whose intent is committed and whose call is to be made.

    Attributes:
        stored: The application with the attempt in flight.
        draft: What the citizen handed in.
        capabilities: What its service offers.
        call: The call to make.
        attempt: The row of the attempt as it was begun.
        not_before: The instant of the agency's time that the call has for itself.
    """

    stored: StoredApplication
    draft: ApplicationDraft
    capabilities: ServiceCapabilities
    call: NextAction
    attempt: Mapping[str, Any]
    not_before: datetime

    @property
    def target_plugin(self) -> str:
        """The plugin that the call is made through."""
        return target_plugin(self.call, self.stored.plugin, self.stored.gateway)


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
    """The transactions in which one worker claims applications and completes its claims."""

    def __init__(
        self,
        store: ApplicationStore,
        capabilities: CapabilitiesCache,
        vault: Vault,
        agencies: AgencyScheduler,
        *,
        lease: WorkerLease,
        worker_name: str,
        concurrency: Mapping[str, int],
        releases: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """Work as the worker of ``lease``.

        Args:
            store: Where applications are.
            capabilities: What their services offer.
            vault: Hashes what a request was made from.
            agencies: What the agencies can bear.
            lease: On what terms the worker has applications in hand.
            worker_name: What an operator knows the worker by.
            concurrency: By plugin, the most calls in flight at its agency, over all workers.
            releases: By plugin, distribution and version of what is installed here.
            clock: The time that agencies and citizens live in.
        """
        self._store = store
        self._capabilities = capabilities
        self._vault = vault
        self._agencies = agencies
        self._worker = lease.worker
        self._worker_name = worker_name
        self._concurrency = concurrency
        self._releases = releases
        self._beyond: set[str] = set()
        self._clock = clock
        self._lease = lease

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due that is not set aside, to an agency that can bear the call then."""
        now = self._clock.now()
        suspended = suspended_offers(transaction)
        firsts = [
            max(queue.due_at, queue.free_at)
            for queue in self._agencies.queue_states(transaction, self._concurrency, now, beyond=self._beyond)
            if queue.due_at is not None and queue.plugin not in suspended.plugins
        ]
        return min(firsts, default=None)

    # The intent

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
        for queue in self._agencies.queue_states(transaction, self._concurrency, now, beyond=self._beyond):
            if queue.due_at is None or queue.plugin in batch.suspended.plugins:
                continue
            possible = max(queue.due_at, queue.free_at)
            if possible > now:
                batch.poll_at(possible)
            else:
                batch.is_idle = False
                self._claim_from(transaction, queue.plugin, batch, now, among)
        return batch

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
        rows = self._within_release(
            lambda: due_rows(
                transaction, name, most=free, now=now, suspended=batch.suspended, beyond=self._beyond, among=among
            )
        )
        slots = self._claim_rows(transaction, rows, batch, now)
        if len(rows) == free:
            batch.saturated = True
            batch.poll_at(max([*slots, now]) - HORIZON + SOON if free == granted else now + HORIZON)

    def _claim_expired(self, transaction: Transaction, batch: ClaimBatch, now: datetime) -> None:
        lost = self._within_release(
            lambda: expired_rows(
                transaction,
                self._concurrency,
                concurrency=sum(self._concurrency.values()),
                lease_now=self._lease.now,
                beyond=self._beyond,
            )
        )
        held = [
            row
            for row in lost
            if batch.suspended.covers(plugin=row.plugin, service=row.service, target_plugin=row.target_plugin)
        ]
        batch.is_idle = not lost
        for row in held:
            self._guarded(transaction, row, now, self._release)
        self._claim_rows(transaction, [row for row in lost if row not in held], batch, now)

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
        self, transaction: Transaction, rows: Sequence[Row[Any]], batch: ClaimBatch, now: datetime
    ) -> list[datetime]:
        """Take these in hand, each with an instant of its agency's time, which are returned."""
        claimed = [one for row in rows if (one := self._guarded(transaction, row, now, self._claim_row)) is not None]
        slots = []
        for name in sorted({one.target_plugin for one in claimed}):
            calls = [one for one in claimed if one.target_plugin == name]
            instants = self._agencies.reserve(transaction, name, len(calls), now)
            batch += [replace(one, not_before=at) for one, at in zip(calls, instants, strict=True)]
            slots += instants
        return slots

    def _guarded(
        self,
        transaction: Transaction,
        row: Row[Any],
        now: datetime,
        act: Callable[[Transaction, Row[Any], datetime], Claim | None],
    ) -> Claim | None:
        """Act on one row; whatever is wrong with it is its own affair. Nothing is written where ``act`` raises."""
        try:
            with transaction.nested():
                return act(transaction, row, now)
        except ServiceNotOffered:
            set_aside(transaction, row.id, "service-not-offered", again=now + BLOCKED, now=now)
        except (Erased, NoSuchApplication):
            set_aside(transaction, row.id, "erased", again=None, now=now)
        except Exception as error:
            # A key that the database knows is one that this process should have; any other, somebody made up.
            made_up = isinstance(error, KeyMissing) and not is_known_key(transaction, error.key)
            if is_the_machines(error) and not made_up:
                raise
            self._log_blocked(error, row.id, row.service)
            set_aside(transaction, row.id, DEFECT, again=None, now=now)
        return None

    def _claim_row(self, transaction: Transaction, row: Row[Any], now: datetime) -> Claim | None:
        """Commit the intent to make the call that an application waits for.

        ``row`` is a whole row of the table with its draft, locked in this transaction, that is due or whose worker is
        gone. Where there is no call to make after all, the row says when to look again and ``None`` is returned.
        """
        capabilities = self._capabilities.of(row.service, row.gateway)
        stored = replace(self._store.from_row(row), blocked=None)
        draft = self._store.open_draft(stored, row.draft)
        payment = _next_payment(stored.progress)
        if stored.progress.attempt is None:
            begun = begin(stored.progress, capabilities, now, payment)
        else:
            done = step(stored.progress, Interrupted(), capabilities, now)
            begun = begin_next(done, capabilities, now, payment)
            _end_open(transaction, stored, now)
        if begun.next.operation is None:
            self._store.change(transaction, stored, begun, now)
            return None
        return self._commit_intent(transaction, stored, draft, capabilities, begun, now, not_before=now)

    def _release(self, transaction: Transaction, row: Row[Any], now: datetime) -> None:
        """Take an application out of the hands of a worker that is gone, and call nobody."""
        stored = self._store.from_row(row)
        capabilities = self._capabilities.of(row.service, row.gateway)
        if stored.progress.attempt is None:
            done = Step(stored.progress, (), NextAction(operation=None))
        else:
            done = step(stored.progress, Interrupted(), capabilities, now)
            _end_open(transaction, stored, now)
        self._store.change(transaction, stored, done, now)

    def _commit_intent(
        self,
        transaction: Transaction,
        stored: StoredApplication,
        draft: ApplicationDraft,
        capabilities: ServiceCapabilities,
        begun: Step,
        now: datetime,
        *,
        not_before: datetime,
        read: bool = True,
    ) -> Claim:
        held = self._store.change(transaction, stored, begun, now, lease=self._lease.taken, read=read)
        attempt = held.progress.attempt
        assert attempt is not None  # noqa: S101 - begin named an operation, so it began an attempt
        row = {
            "application": held.id,
            "entry": held.entries,
            "operation": attempt.operation.value,
            "subject": attempt.subject,
            "worker": self._worker,
            "request_digest": self._digest(held, draft, begun.next),
            "began_at": now,
        }
        transaction.connection.execute(_ATTEMPT, row)
        if begun.events:
            record_attempt(transaction, row, now)
        return Claim(held, draft, capabilities, begun.next, row, not_before)

    def _digest(self, stored: StoredApplication, draft: ApplicationDraft, call: NextAction) -> str:
        """A keyed hash of what the request is made from, to tell later whether two were the same."""
        made_from = f"{stored.id}\x00{call.operation}\x00{call.payment}\x00{draft.model_dump_json()}"
        return self._vault.lookup("request", made_from)

    # The outcome

    def complete(
        self,
        transaction: Transaction,
        claim: Claim,
        outcome: CallAnswered | CallFailed,
        suspended: SuspendedOffers | None,
    ) -> Claim | None:
        """Commit what came of a call, and with it the next intent of the same application if that is due at once.

        Without ``suspended`` nothing follows: the worker is about to end. An answer that comes after the attempt was
        taken for interrupted is dropped: the row has gone on without it. Whatever else this raises than
        ``DatabaseUnavailable`` is this application's defect, and nothing of the outcome may be kept: the transaction
        is rolled back, and ``block`` follows in another.
        """
        now = self._clock.now()
        self._agencies.learn(transaction, claim.target_plugin, outcome, now)
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            return self._commit_outcome(transaction, claim, claim.stored, outcome, suspended, now, read=False)
        except StaleRevision:
            row = transaction.connection.execute(_ROW, {"application": claim.stored.id}).one()
            stored = self._store.from_row(row) if row.lease == self._worker else None
            if stored is None or stored.progress.attempt != claim.stored.progress.attempt:
                return None
            return self._commit_outcome(transaction, claim, stored, outcome, suspended, now, read=True)

    def block(self, transaction: Transaction, claim: Claim, error: Exception) -> None:
        """Leave an application with a defect to an officer, its attempt open: nobody knows what came of it."""
        self._log_blocked(error, claim.stored.id, claim.stored.progress.service)
        now = self._clock.now()
        set_aside(transaction, claim.stored.id, DEFECT, again=None, now=now, held_by=self._worker)

    def _log_blocked(self, error: Exception, application: str, service: str) -> None:
        defect = type(error).__name__
        _log.error(
            "application_blocked", defect=defect, application=application, service=service, worker=self._worker_name
        )

    def _commit_outcome(
        self,
        transaction: Transaction,
        claim: Claim,
        stored: StoredApplication,
        outcome: CallAnswered | CallFailed,
        suspended: SuspendedOffers | None,
        now: datetime,
        *,
        read: bool,
    ) -> Claim | None:
        """Complete a claim on ``stored``, which was ``read`` in this transaction or is what was taken in hand.

        Raises:
            StaleRevision: It is what was taken in hand, and the row has changed since; nothing was written.
        """
        done, held, not_before = step(stored.progress, outcome, claim.capabilities, now), None, None
        if suspended is not None and stored.blocked is None and done.next.due is not None and done.next.due <= now:
            begun = begin_next(done, claim.capabilities, now, _next_payment(done.progress))
            if begun.next.operation is not None:
                not_before = self._slot_after(transaction, claim, stored, begun.next, suspended, now)
            if begun.next.operation is None or not_before is not None:
                done = begun
        if not_before is not None:
            draft = self._store.draft(transaction, stored) if read else claim.draft
            held = self._commit_intent(
                transaction, stored, draft, claim.capabilities, done, now, not_before=not_before, read=read
            )
        else:
            self._store.change(transaction, stored, done, now, read=read)
        result = outcome.error.code if isinstance(outcome, CallFailed) else "answered"
        ended = {"ended_at": now, "result": result}
        name = {"application_": stored.id, "entry_": claim.attempt["entry"]}
        transaction.connection.execute(_END, name | ended)
        record_attempt(transaction, {**claim.attempt, **ended}, now)
        if held is None and result == PLUGIN_FAULT:
            self._leave_to_an_officer(transaction, stored, claim.attempt["operation"], now)
        return held

    def _leave_to_an_officer(
        self, transaction: Transaction, stored: StoredApplication, operation: str, now: datetime
    ) -> None:
        """Try no further what the plugin fails each time: it would be due for ever, beside all that can be done."""
        if is_failed_by_its_plugin(transaction, stored.id, operation):
            set_aside(transaction, stored.id, PLUGIN_FAULT, again=None, now=now)
            _log.error(
                "application_blocked",
                defect=PLUGIN_FAULT,
                application=stored.id,
                service=stored.progress.service,
                worker=self._worker_name,
            )

    def _slot_after(
        self,
        transaction: Transaction,
        claim: Claim,
        stored: StoredApplication,
        coming: NextAction,
        suspended: SuspendedOffers,
        now: datetime,
    ) -> datetime | None:
        """An instant of the agency's time for a call that follows ``claim``'s at once, if it may."""
        name = target_plugin(coming, stored.plugin, stored.gateway)
        if suspended.covers(plugin=stored.plugin, service=stored.progress.service, target_plugin=name):
            return None
        # It keeps its place at the same agency; at another it needs one.
        if name != claim.target_plugin and count_claimed(transaction, name) >= self._concurrency.get(name, 0):
            return None
        return self._agencies.reserve_one(transaction, name, now)


def _next_payment(progress: Progress) -> str:
    """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
    return str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))


def _end_open(transaction: Transaction, stored: StoredApplication, now: datetime) -> None:
    """The attempt that a lost worker left has an end."""
    ended = {"application_": stored.id, "ended_at": now, "result": "interrupted"}
    for row in transaction.connection.execute(_END_OPEN, ended):
        record_attempt(transaction, row._asdict(), now)
