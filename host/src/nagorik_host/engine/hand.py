"""One application in hand: the intent is committed, the call is made, the outcome is committed.

These are the only three moments. A worker that dies before the first leaves the row due as it was; one that dies
between the first and the last leaves an attempt without an end, and its lease runs out. Whoever takes the row then
finds the attempt and treats it as interrupted: the core knows what that means for each operation, and sends nothing
again whose effect it does not know.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row, insert, select, update

from nagorik import ApplicationDraft
from nagorik.clock import Clock
from nagorik.journey import Answered, Failed, Interrupted, Next, Outcome, Plan, begin, step
from nagorik_host.engine.plans import Plans
from nagorik_host.store.books import Books, Kept, Lease
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_host.vault import Vault

LEASE: Final = timedelta(seconds=60)
"""How long a worker of whom nothing is heard is waited for. Calls may take longer: a living worker renews it."""


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """An application whose intent is committed and whose call is to be made now.

    Attributes:
        kept: The application with the attempt in flight.
        draft: What the citizen handed in.
        plan: What its service offers.
        call: The call to make.
        entry: The journal's entry that announces it.
    """

    kept: Kept
    draft: ApplicationDraft
    plan: Plan
    call: Next
    entry: int


class Hand:
    """Takes applications in hand for one worker, and lays them down again."""

    def __init__(
        self, books: Books, plans: Plans, vault: Vault, *, worker: str, clock: Clock, lease_clock: Clock
    ) -> None:
        """Work as ``worker``.

        Args:
            books: Where applications are.
            plans: What their services offer.
            vault: Hashes what a request was made from.
            worker: The worker's id.
            clock: The time that agencies and citizens live in.
            lease_clock: The machine's own time, in which processes live and die; in production the same.
        """
        self._books = books
        self._plans = plans
        self._vault = vault
        self._worker = worker
        self._clock = clock
        self._lease_clock = lease_clock

    def take(self, transaction: Transaction, row: Row[Any]) -> Taken | None:
        """Commit the intent to make the call that an application waits for.

        ``row`` is a whole row of the table, locked in this transaction, that is due or whose worker is gone. Where
        there is no call to make after all, the row says when to look again and ``None`` is returned.

        Raises:
            ServiceNotOffered: No installed plugin offers its service or gateway any more.
            Erased: The citizen's data were erased.
        """
        now = self._clock.now()
        plan = self._plans.plan(row.service, row.gateway)
        kept = self._books.kept_of(row)
        if kept.progress.attempt is not None:
            kept = self._interrupted(transaction, kept, plan, now)
        begun = begin(kept.progress, plan, now, self._next_payment(kept))
        if begun.next.operation is None:
            self._books.change(transaction, kept, begun, now)
            return None
        lease = Lease(self._worker, self._lease_clock.now() + LEASE)
        held = self._books.change(transaction, kept, begun, now, lease=lease)
        draft = self._books.draft(transaction, held)
        attempt = held.progress.attempt
        assert attempt is not None  # noqa: S101 - begin named an operation, so it began an attempt
        transaction.connection.execute(
            insert(attempts).values(
                application=held.id,
                entry=held.entries,
                operation=attempt.operation.value,
                subject=attempt.subject,
                worker=self._worker,
                request_digest=self._digest(held, draft, begun.next),
                began_at=now,
            )
        )
        return Taken(held, draft, plan, begun.next, held.entries)

    def lay_down(self, transaction: Transaction, taken: Taken, outcome: Answered | Failed) -> bool:
        """Commit what came of the call; whether it was still ours to say.

        An answer that comes after the attempt was taken for interrupted is dropped: the row has gone on without it.
        """
        query = select(applications).where(applications.c.id == taken.kept.id).with_for_update()
        row = transaction.connection.execute(query).one()
        if row.lease != self._worker:
            return False
        kept = taken.kept if row.revision == taken.kept.revision else self._books.kept_of(row)
        if kept.progress.attempt != taken.kept.progress.attempt:
            return False
        now = self._clock.now()
        self._books.change(transaction, kept, step(kept.progress, outcome, taken.plan, now), now)
        self._end(transaction, taken.kept.id, taken.entry, _told(outcome), now)
        return True

    def _interrupted(self, transaction: Transaction, kept: Kept, plan: Plan, now: datetime) -> Kept:
        """The row after its worker was lost."""
        done = step(kept.progress, Interrupted(), plan, now)
        query = (
            select(attempts.c.entry)
            .where(attempts.c.application == kept.id, attempts.c.ended_at.is_(None))
            .order_by(attempts.c.entry.desc())
            .limit(1)
        )
        entry = transaction.connection.scalar(query)
        if entry is not None:
            self._end(transaction, kept.id, entry, "interrupted", now)
        return self._books.change(transaction, kept, done, now)

    @staticmethod
    def _end(transaction: Transaction, application: str, entry: int, result: str, now: datetime) -> None:
        transaction.connection.execute(
            update(attempts)
            .where(attempts.c.application == application, attempts.c.entry == entry)
            .values(ended_at=now, result=result)
        )

    def _digest(self, kept: Kept, draft: ApplicationDraft, call: Next) -> str:
        """A keyed hash of what the request is made from, to tell later whether two were the same."""
        made_from = f"{kept.id}\x00{call.operation}\x00{call.payment}\x00{draft.model_dump_json()}"
        return self._vault.lookup("request", made_from)

    @staticmethod
    def _next_payment(kept: Kept) -> str:
        """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
        return str(uuid5(UUID(kept.progress.idempotency_key), f"payment/{len(kept.progress.payments) + 1}"))


def _told(outcome: Outcome) -> str:
    return outcome.error.code if isinstance(outcome, Failed) else "answered"
