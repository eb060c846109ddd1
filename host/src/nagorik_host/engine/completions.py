"""What came of a call is committed, and with it the intent of the call that follows.

An answer that comes after others have taken over the application is dropped: the row has gone on without it. A place
that nothing follows in is filled with the agency's next application, while more is due there than there are places.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from nagorik import PaymentReport, PaymentStarted
from nagorik.clock import Clock
from nagorik_host.engine.claim_batch import Claim
from nagorik_host.engine.claims import DEFECT, Claims
from nagorik_host.engine.intents import Intents, next_payment
from nagorik_host.engine.losses import WorkerLosses
from nagorik_host.engine.pace import PaceSlot
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.store.application_records import record_attempt
from nagorik_host.store.application_store import (
    ApplicationStore,
    StaleRevision,
    StoredApplication,
    set_aside,
    target_plugin,
)
from nagorik_host.store.cases import PLUGIN_FAULT, is_failed_by_its_plugin
from nagorik_host.store.checkouts import drop_if_ended, keep_checkout
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications
from nagorik_platform.lifecycle import CallAnswered, CallFailed, Progress, Step, begin_next, step

# Made once: making a statement costs SQLAlchemy more than running it costs SQLite.
_ROW: Final = select(applications).where(applications.c.id == bindparam("application")).with_for_update()


@dataclass(frozen=True, slots=True, repr=False)
class Completion:
    """What follows from the outcome of a call, worked out before it is written.

    Attributes:
        done: The outcome taken in.
        begun: As ``done``, and the intent of the call that follows at once; ``None`` where none may.
        follows: The plugin that this call is made through, if there is one.
    """

    done: Step
    begun: Step | None
    follows: str | None


class Completions:
    """The transactions in which one worker completes its claims."""

    def __init__(
        self,
        store: ApplicationStore,
        claims: Claims,
        intents: Intents,
        losses: WorkerLosses,
        *,
        worker: str,
        clock: Clock,
    ) -> None:
        """Complete what was claimed by a worker.

        Args:
            store: Where applications are.
            claims: Takes the next application in hand.
            intents: Commits the intent of the call that follows.
            losses: What may end the worker.
            worker: The worker's id.
            clock: The time that agencies and citizens live in.
        """
        self._store = store
        self._claims = claims
        self._intents = intents
        self._losses = losses
        self._worker = worker
        self._clock = clock

    def plan(self, claim: Claim, outcome: CallAnswered | CallFailed, suspended: SuspendedOffers | None) -> Completion:
        """What follows from the outcome of a call, as far as is known before its application is read again.

        Without ``suspended`` nothing follows at once: the worker is about to end. Whatever this raises is this
        application's defect.
        """
        return self._plan(claim, claim.stored, outcome, suspended, self._clock.now())

    def _plan(
        self,
        claim: Claim,
        stored: StoredApplication,
        outcome: CallAnswered | CallFailed,
        suspended: SuspendedOffers | None,
        now: datetime,
    ) -> Completion:
        done = step(stored.progress, outcome, claim.capabilities, now)
        if suspended is None or stored.blocked is not None or done.next.due is None or done.next.due > now:
            return Completion(done, None, None)
        begun = begin_next(done, claim.capabilities, now, next_payment(done.progress))
        if begun.next.operation is None:
            return Completion(begun, None, None)
        name = target_plugin(begun.next, stored.plugin, stored.gateway)
        if suspended.covers(plugin=stored.plugin, service=stored.progress.service, target_plugin=name):
            return Completion(done, None, None)
        return Completion(done, begun, name)

    def complete(
        self,
        transaction: Transaction,
        claim: Claim,
        outcome: CallAnswered | CallFailed,
        suspended: SuspendedOffers | None,
        *,
        planned: Completion | None = None,
        slot: PaceSlot | None = None,
    ) -> Claim | None:
        """Commit what came of a call, and with it the next intent of the same application if that is due at once.

        An answer that comes after the attempt was taken for interrupted is dropped: the row has gone on without it.
        Whatever else this raises than ``DatabaseUnavailable`` is this application's defect, and nothing of the
        outcome may be kept: the transaction is rolled back, and ``block`` follows in another.

        Args:
            transaction: Of the host's database.
            claim: The call.
            outcome: What came of it.
            suspended: As for ``plan``.
            planned: What ``plan`` made of it.
            slot: An instant for the call that follows; without one the application is left due. Where none follows,
                one for the agency's next application that is due, which is taken in hand in place of this one.
        """
        transaction.defer()
        now = self._clock.now()
        planned = planned or self._plan(claim, claim.stored, outcome, suspended, now)
        try:
            # Nearly always the row is as it was left, and need not be read again to be sure of that.
            held = self._commit_outcome(transaction, claim, claim.stored, outcome, planned, slot, now, read=False)
        except StaleRevision:
            row = transaction.connection.execute(_ROW, {"application": claim.stored.id}).one()
            stored = self._store.from_row(row) if row.lease == self._worker else None
            if stored is None or stored.progress.attempt != claim.stored.progress.attempt:
                return None
            anew = self._plan(claim, stored, outcome, suspended, now)
            fits = slot if anew.follows == planned.follows else None
            return self._commit_outcome(transaction, claim, stored, outcome, anew, fits, now, read=True)
        if planned.follows is None and slot is not None and suspended is not None:
            return self._claims.claim_next(transaction, claim.target_plugin, slot, suspended, now)
        return held

    def block(self, transaction: Transaction, claim: Claim, error: Exception) -> None:
        """Leave an application with a defect to an officer, its attempt open: nobody knows what came of it."""
        self._claims.log_blocked(error, claim.stored.id, claim.stored.progress.service)
        now = self._clock.now()
        set_aside(transaction, claim.stored.id, DEFECT, again=None, now=now, held_by=self._worker)

    def _commit_outcome(
        self,
        transaction: Transaction,
        claim: Claim,
        stored: StoredApplication,
        outcome: CallAnswered | CallFailed,
        planned: Completion,
        slot: PaceSlot | None,
        now: datetime,
        *,
        read: bool,
    ) -> Claim | None:
        """Complete a claim on ``stored``, which was ``read`` in this transaction or is what was taken in hand.

        Raises:
            StaleRevision: It is what was taken in hand, and the row has changed since; nothing was written.
        """
        held = None
        is_suspect = self._losses.is_suspect(transaction, stored, planned.done)
        if planned.begun is not None and slot is not None and not is_suspect and not self._losses.is_put_down:
            draft = self._store.draft(transaction, stored) if read else claim.draft
            held = self._intents.commit(
                transaction, stored, draft, claim.capabilities, planned.begun, now, slot=slot, read=read
            )
        else:
            self._store.change(transaction, stored, planned.done, now, read=read)
            if planned.follows == claim.target_plugin:
                transaction.drop_hint(stored.id)  # this worker has a place for it, and looks again at once
        _follow_checkout(transaction, stored, outcome, planned.done.progress)
        result = outcome.error.code if isinstance(outcome, CallFailed) else "answered"
        ended = {"ended_at": now, "result": result}
        name = {"application_": stored.id, "entry_": claim.attempt["entry"]}
        transaction.end_attempt(name | ended)
        record_attempt(transaction, {**claim.attempt, **ended}, now)
        if is_suspect and self._losses.leave(transaction, stored, planned.done, now):
            return None
        if held is None and result == PLUGIN_FAULT:
            transaction.flush()
            if is_failed_by_its_plugin(transaction, stored.id, claim.attempt["operation"]):
                self._losses.leave_to_an_officer(transaction, stored, PLUGIN_FAULT, now)
        return held


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
