"""One application in hand: the intent is committed, the call is made, the outcome is committed.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. Whoever takes the row then
finds the attempt and treats it as interrupted: the core knows what that means for each operation, and sends nothing
again whose effect it does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, insert, select, update

from nagorik import ApplicationDraft
from nagorik.clock import Clock
from nagorik.journey import Answered, Failed, Interrupted, Next, Outcome, Plan, Progress, Step, begin, step
from nagorik_host.engine.plans import Plans
from nagorik_host.store.books import Books, Kept, Lease, Moved, callee
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_host.vault import Vault

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
class Taken:
    """An application whose intent is committed and whose call is to be made.

    Attributes:
        kept: The application with the attempt in flight.
        draft: What the citizen handed in.
        plan: What its service offers.
        call: The call to make.
        entry: The journal's last entry when the intent was committed; with the application, it names the attempt.
        not_before: The instant of the agency's time that the call has for itself.
    """

    kept: Kept
    draft: ApplicationDraft
    plan: Plan
    call: Next
    entry: int
    not_before: datetime

    @property
    def callee(self) -> str:
        """The plugin that the call is made through."""
        return callee(self.call, self.kept.plugin, self.kept.gateway)


@dataclass(frozen=True, slots=True, repr=False)
class Laid:
    """What became of a call's outcome.

    Attributes:
        ours: Whether it was still ours to say.
        following: The same application with its next call, where that may be made at once.
    """

    ours: bool
    following: Taken | None = None


GoOn = Callable[[Kept, Next], datetime | None]
"""Whether a call may follow at once, and not before when; asked when everything else speaks for it."""


class Hand:
    """Takes applications in hand for one worker, and lays them down again."""

    def __init__(
        self,
        books: Books,
        plans: Plans,
        vault: Vault,
        *,
        worker: str,
        clock: Clock,
        lease_clock: Clock,
        lease: timedelta = LEASE,
    ) -> None:
        """Work as ``worker``.

        Args:
            books: Where applications are.
            plans: What their services offer.
            vault: Hashes what a request was made from.
            worker: The worker's id.
            clock: The time that agencies and citizens live in.
            lease_clock: The machine's own time, in which processes live and die; in production the same.
            lease: How long the worker is waited for when nothing is heard of it.
        """
        self._books = books
        self._plans = plans
        self._vault = vault
        self._worker = worker
        self._clock = clock
        self._lease_clock = lease_clock
        self._lease = lease

    def take(self, transaction: Transaction, row: Row[Any]) -> Taken | None:
        """Commit the intent to make the call that an application waits for.

        ``row`` is a whole row of the table with its draft, locked in this transaction, that is due or whose worker is
        gone. Where there is no call to make after all, the row says when to look again and ``None`` is returned.
        Nothing is written where this raises.

        Raises:
            ServiceNotOffered: No installed plugin offers its service or gateway any more.
            Erased: The citizen's data were erased.
        """
        now = self._clock.now()
        plan = self._plans.plan(row.service, row.gateway)
        kept = replace(self._books.kept_of(row), blocked=None)
        draft = self._books.draft_of(kept, row.draft)
        before, open_entry = self._before(transaction, kept, plan, now)
        begun = self._begin(before, plan, now)
        if open_entry is not None:
            self._end(transaction, kept.id, open_entry, "interrupted", now)
        if begun.next.operation is None:
            self._books.change(transaction, kept, begun, now)
            return None
        return self._hold(transaction, kept, draft, plan, begun, now)

    def recover(self, transaction: Transaction, row: Row[Any]) -> None:
        """Take an application out of the hands of a worker that is gone, and call nobody.

        Raises:
            ServiceNotOffered: As ``take``.
            Erased: As ``take``.
        """
        now = self._clock.now()
        kept = self._books.kept_of(row)
        before, open_entry = self._before(transaction, kept, self._plans.plan(row.service, row.gateway), now)
        if open_entry is not None:
            self._end(transaction, kept.id, open_entry, "interrupted", now)
        self._books.change(transaction, kept, before, now)

    def lay_down(
        self, transaction: Transaction, taken: Taken, outcome: Answered | Failed, go_on: GoOn | None = None
    ) -> Laid:
        """Commit what came of the call, and the intent of the one that follows at once if it may.

        An answer that comes after the attempt was taken for interrupted is dropped: the row has gone on without it.
        """
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            return self._lay(transaction, taken, taken.kept, outcome, go_on, read=False)
        except Moved:
            row = transaction.connection.execute(_ROW, {"application": taken.kept.id}).one()
            if row.lease != self._worker:
                return Laid(ours=False)
            kept = self._books.kept_of(row)
            if kept.progress.attempt != taken.kept.progress.attempt:
                return Laid(ours=False)
            return self._lay(transaction, taken, kept, outcome, go_on, read=True)

    def _lay(
        self,
        transaction: Transaction,
        taken: Taken,
        kept: Kept,
        outcome: Answered | Failed,
        go_on: GoOn | None,
        *,
        read: bool,
    ) -> Laid:
        """Lay down on ``kept``, which was ``read`` in this transaction or is what was taken in hand.

        Raises:
            Moved: It is what was taken in hand, and the row has changed since; nothing was written.
        """
        now = self._clock.now()
        done = step(kept.progress, outcome, taken.plan, now)
        following, not_before = done, None
        if go_on is not None and kept.blocked is None and done.next.due is not None and done.next.due <= now:
            following = self._begin(done, taken.plan, now)
            if following.next.operation is not None:
                not_before = go_on(kept, following.next)
        if not_before is not None:
            draft = self._books.draft(transaction, kept) if read else taken.draft
            held = self._hold(transaction, kept, draft, taken.plan, following, now, not_before=not_before, read=read)
            laid = Laid(ours=True, following=held)
        else:
            goes_on = following.next.operation is not None
            self._books.change(transaction, kept, done if goes_on else following, now, read=read)
            laid = Laid(ours=True)
        self._end(transaction, kept.id, taken.entry, _told(outcome), now)
        return laid

    def give_up(self, transaction: Transaction, taken: Taken, code: str) -> None:
        """Leave an application to an officer, with the attempt open: nobody knows what came of it."""
        transaction.connection.execute(
            update(applications)
            .where(applications.c.id == taken.kept.id, applications.c.lease == self._worker)
            .values(blocked=code, due_at=None, lease=None, lease_until=None)
        )

    def _before(self, transaction: Transaction, kept: Kept, plan: Plan, now: datetime) -> tuple[Step, int | None]:
        """The row as it is, or after its worker was lost; and the attempt that then has no end."""
        if kept.progress.attempt is None:
            return Step(kept.progress, (), Next(operation=None)), None
        entry = transaction.connection.scalar(_OPEN_ATTEMPT, {"application": kept.id})
        return step(kept.progress, Interrupted(), plan, now), entry

    def _begin(self, before: Step, plan: Plan, now: datetime) -> Step:
        """What comes after ``before``, as one step with it."""
        begun = begin(before.progress, plan, now, _next_payment(before.progress))
        return Step(begun.progress, before.events + begun.events, begun.next)

    def _hold(
        self,
        transaction: Transaction,
        kept: Kept,
        draft: ApplicationDraft,
        plan: Plan,
        begun: Step,
        now: datetime,
        *,
        not_before: datetime | None = None,
        read: bool = True,
    ) -> Taken:
        lease = Lease(self._worker, self._lease_clock.now() + self._lease)
        held = self._books.change(transaction, kept, begun, now, lease=lease, read=read)
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
        return Taken(held, draft, plan, begun.next, held.entries, not_before or now)

    @staticmethod
    def _end(transaction: Transaction, application: str, entry: int, result: str, now: datetime) -> None:
        wanted = {"application_": application, "entry_": entry, "ended_at": now, "result": result}
        transaction.connection.execute(_END, wanted)

    def _digest(self, kept: Kept, draft: ApplicationDraft, call: Next) -> str:
        """A keyed hash of what the request is made from, to tell later whether two were the same."""
        made_from = f"{kept.id}\x00{call.operation}\x00{call.payment}\x00{draft.model_dump_json()}"
        return self._vault.lookup("request", made_from)


def _next_payment(progress: Progress) -> str:
    """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
    return str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))


def _told(outcome: Outcome) -> str:
    return outcome.error.code if isinstance(outcome, Failed) else "answered"
