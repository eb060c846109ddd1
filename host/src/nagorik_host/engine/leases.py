"""One application under a worker's lease: the intent is committed, the call is made, the outcome is committed.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. Whoever claims the row then
finds the attempt and treats it as interrupted: the lifecycle knows what that means for each operation, and sends
nothing again whose effect it does not know.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, insert, select, update

from nagorik import ApplicationDraft
from nagorik.clock import Clock
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.store.application_store import (
    ApplicationStore,
    Lease,
    StaleRevision,
    StoredApplication,
    target_plugin,
)
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_host.vault import Vault
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    Input,
    Interrupted,
    NextAction,
    Progress,
    ServiceCapabilities,
    Step,
    begin,
    step,
)

APPLICATION: Final[ContextVar[str | None]] = ContextVar("APPLICATION", default=None)
"""The id of the application that this task makes a call for, from the call until its outcome is committed."""


LEASE: Final = timedelta(seconds=60)
"""How long a worker of whom nothing is heard is waited for. Calls may take longer: a living worker renews it."""

_ROW: Final = select(applications).where(applications.c.id == bindparam("application")).with_for_update()
_OPEN_ATTEMPT: Final = (
    select(attempts.c.entry)
    .where(attempts.c.application == bindparam("application"), attempts.c.ended_at.is_(None))
    .order_by(attempts.c.entry.desc())
    .limit(1)
)
_ATTEMPT: Final = insert(attempts)
_END: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"), attempts.c.entry == bindparam("entry_"))
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
)


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """An application whose intent is committed and whose call is to be made.

    Attributes:
        stored: The application with the attempt in flight.
        draft: What the citizen handed in.
        capabilities: What its service offers.
        call: The call to make.
        entry: The journal's last entry when the intent was committed; with the application, it names the attempt.
        not_before: The instant of the agency's time that the call has for itself.
    """

    stored: StoredApplication
    draft: ApplicationDraft
    capabilities: ServiceCapabilities
    call: NextAction
    entry: int
    not_before: datetime

    @property
    def target_plugin(self) -> str:
        """The plugin that the call is made through."""
        return target_plugin(self.call, self.stored.plugin, self.stored.gateway)


@dataclass(frozen=True, slots=True, repr=False)
class Completion:
    """What became of a call's outcome.

    Attributes:
        ours: Whether it was still ours to say.
        following: The same application with its next call, where that may be made at once.
    """

    ours: bool
    following: Claim | None = None


MayFollow = Callable[[StoredApplication, NextAction], datetime | None]
"""Whether a call may follow at once, and not before when; asked when everything else speaks for it."""


class LeaseHolder:
    """Claims applications for one worker, and completes its claims."""

    def __init__(
        self,
        store: ApplicationStore,
        capabilities: CapabilitiesCache,
        vault: Vault,
        *,
        worker: str,
        clock: Clock,
        lease_clock: Clock,
        lease: timedelta = LEASE,
    ) -> None:
        """Work as ``worker``.

        Args:
            store: Where applications are.
            capabilities: What their services offer.
            vault: Hashes what a request was made from.
            worker: The worker's id.
            clock: The time that agencies and citizens live in.
            lease_clock: The machine's own time, in which processes live and die; in production the same.
            lease: How long the worker is waited for when nothing is heard of it.
        """
        self._store = store
        self._capabilities = capabilities
        self._vault = vault
        self._worker = worker
        self._clock = clock
        self._lease_clock = lease_clock
        self._lease = lease

    def claim(self, transaction: Transaction, row: Row[Any]) -> Claim | None:
        """Commit the intent to make the call that an application waits for.

        ``row`` is a whole row of the table with its draft, locked in this transaction, that is due or whose worker is
        gone. Where there is no call to make after all, the row says when to look again and ``None`` is returned.
        Nothing is written where this raises.

        Raises:
            ServiceNotOffered: No installed plugin offers its service or gateway any more.
            Erased: The citizen's data were erased.
        """
        now = self._clock.now()
        capabilities = self._capabilities.of(row.service, row.gateway)
        stored = replace(self._store.from_row(row), blocked=None)
        draft = self._store.open_draft(stored, row.draft)
        before, open_entry = self._before(transaction, stored, capabilities, now)
        begun = self._begin(before, capabilities, now)
        if open_entry is not None:
            self._end(transaction, stored.id, open_entry, "interrupted", now)
        if begun.next.operation is None:
            self._store.change(transaction, stored, begun, now)
            return None
        return self._commit_intent(transaction, stored, draft, capabilities, begun, now)

    def release(self, transaction: Transaction, row: Row[Any]) -> None:
        """Take an application out of the hands of a worker that is gone, and call nobody.

        Raises:
            ServiceNotOffered: As ``claim``.
            Erased: As ``claim``.
        """
        now = self._clock.now()
        stored = self._store.from_row(row)
        before, open_entry = self._before(transaction, stored, self._capabilities.of(row.service, row.gateway), now)
        if open_entry is not None:
            self._end(transaction, stored.id, open_entry, "interrupted", now)
        self._store.change(transaction, stored, before, now)

    def complete(
        self,
        transaction: Transaction,
        claim: Claim,
        outcome: CallAnswered | CallFailed,
        may_follow: MayFollow | None = None,
    ) -> Completion:
        """Commit what came of the call, and the intent of the one that follows at once if it may.

        An answer that comes after the attempt was taken for interrupted is dropped: the row has gone on without it.
        """
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            return self._complete(transaction, claim, claim.stored, outcome, may_follow, read=False)
        except StaleRevision:
            row = transaction.connection.execute(_ROW, {"application": claim.stored.id}).one()
            if row.lease != self._worker:
                return Completion(ours=False)
            stored = self._store.from_row(row)
            if stored.progress.attempt != claim.stored.progress.attempt:
                return Completion(ours=False)
            return self._complete(transaction, claim, stored, outcome, may_follow, read=True)

    def _complete(
        self,
        transaction: Transaction,
        claim: Claim,
        stored: StoredApplication,
        outcome: CallAnswered | CallFailed,
        may_follow: MayFollow | None,
        *,
        read: bool,
    ) -> Completion:
        """Complete a claim on ``stored``, which was ``read`` in this transaction or is what was taken in hand.

        Raises:
            StaleRevision: It is what was taken in hand, and the row has changed since; nothing was written.
        """
        now = self._clock.now()
        done = step(stored.progress, outcome, claim.capabilities, now)
        following, not_before = done, None
        if may_follow is not None and stored.blocked is None and done.next.due is not None and done.next.due <= now:
            following = self._begin(done, claim.capabilities, now)
            if following.next.operation is not None:
                not_before = may_follow(stored, following.next)
        if not_before is not None:
            draft = self._store.draft(transaction, stored) if read else claim.draft
            held = self._commit_intent(
                transaction, stored, draft, claim.capabilities, following, now, not_before=not_before, read=read
            )
            completion = Completion(ours=True, following=held)
        else:
            goes_on = following.next.operation is not None
            self._store.change(transaction, stored, done if goes_on else following, now, read=read)
            completion = Completion(ours=True)
        self._end(transaction, stored.id, claim.entry, _result_of(outcome), now)
        return completion

    def block(self, transaction: Transaction, claim: Claim, code: str) -> None:
        """Leave an application to an officer, with the attempt open: nobody knows what came of it."""
        transaction.connection.execute(
            update(applications)
            .where(applications.c.id == claim.stored.id, applications.c.lease == self._worker)
            .values(blocked=code, due_at=None, lease=None, lease_until=None)
        )

    def _before(
        self, transaction: Transaction, stored: StoredApplication, capabilities: ServiceCapabilities, now: datetime
    ) -> tuple[Step, int | None]:
        """The row as it is, or after its worker was lost; and the attempt that then has no end."""
        if stored.progress.attempt is None:
            return Step(stored.progress, (), NextAction(operation=None)), None
        entry = transaction.connection.scalar(_OPEN_ATTEMPT, {"application": stored.id})
        return step(stored.progress, Interrupted(), capabilities, now), entry

    def _begin(self, before: Step, capabilities: ServiceCapabilities, now: datetime) -> Step:
        """What comes after ``before``, as one step with it."""
        begun = begin(before.progress, capabilities, now, _next_payment(before.progress))
        return Step(begun.progress, before.events + begun.events, begun.next)

    def _commit_intent(
        self,
        transaction: Transaction,
        stored: StoredApplication,
        draft: ApplicationDraft,
        capabilities: ServiceCapabilities,
        begun: Step,
        now: datetime,
        *,
        not_before: datetime | None = None,
        read: bool = True,
    ) -> Claim:
        lease = Lease(self._worker, self._lease_clock.now() + self._lease)
        held = self._store.change(transaction, stored, begun, now, lease=lease, read=read)
        attempt = held.progress.attempt
        assert attempt is not None  # noqa: S101 - begin named an operation, so it began an attempt
        transaction.connection.execute(
            _ATTEMPT,
            {
                "application": held.id,
                "entry": held.entries,
                "operation": attempt.operation.value,
                "subject": attempt.subject,
                "worker": self._worker,
                "request_digest": self._digest(held, draft, begun.next),
                "began_at": now,
            },
        )
        return Claim(held, draft, capabilities, begun.next, held.entries, not_before or now)

    @staticmethod
    def _end(transaction: Transaction, application: str, entry: int, result: str, now: datetime) -> None:
        wanted = {"application_": application, "entry_": entry, "ended_at": now, "result": result}
        transaction.connection.execute(_END, wanted)

    def _digest(self, stored: StoredApplication, draft: ApplicationDraft, call: NextAction) -> str:
        """A keyed hash of what the request is made from, to tell later whether two were the same."""
        made_from = f"{stored.id}\x00{call.operation}\x00{call.payment}\x00{draft.model_dump_json()}"
        return self._vault.lookup("request", made_from)


def _next_payment(progress: Progress) -> str:
    """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
    return str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))


def _result_of(outcome: Input) -> str:
    return outcome.error.code if isinstance(outcome, CallFailed) else "answered"
