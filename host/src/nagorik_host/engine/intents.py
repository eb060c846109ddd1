"""An intent: that a call is to be made is committed before it is, with who makes it and what from."""

from datetime import datetime
from uuid import UUID, uuid5

from nagorik import ApplicationDraft
from nagorik_host.engine.claim_batch import Claim
from nagorik_host.engine.leases import HeldApplication, WorkerLease
from nagorik_host.engine.pace import PaceSlot
from nagorik_host.store.application_records import record_attempt
from nagorik_host.store.application_store import ApplicationStore, StoredApplication
from nagorik_host.store.database import Transaction
from nagorik_host.vault import Vault
from nagorik_platform.lifecycle import NextAction, Progress, ServiceCapabilities, Step


class Intents:
    """Commits the intents of one worker."""

    def __init__(self, store: ApplicationStore, vault: Vault, lease: WorkerLease) -> None:
        """Commit as the worker of ``lease``.

        Args:
            store: Where applications are.
            vault: Hashes what a request was made from.
            lease: On what terms the worker has applications in hand.
        """
        self._store = store
        self._vault = vault
        self._lease = lease

    def commit(
        self,
        transaction: Transaction,
        stored: StoredApplication,
        draft: ApplicationDraft,
        capabilities: ServiceCapabilities,
        begun: Step,
        now: datetime,
        *,
        slot: PaceSlot,
        read: bool = True,
    ) -> Claim:
        """Take an application in hand for the call that ``begun`` names, and write the attempt down.

        ``read`` is as for ``ApplicationStore.change``.
        """
        until = self._lease.end(self._lease.elapsed())
        held = self._store.change(transaction, stored, begun, now, lease=self._lease.taken, read=read)
        attempt = held.progress.attempt
        assert attempt is not None  # noqa: S101 - begin named an operation, so it began an attempt
        row = {
            "application": held.id,
            "entry": held.entries,
            "operation": attempt.operation.value,
            "subject": attempt.subject,
            "worker": self._lease.worker,
            "request_digest": self._digest(held, draft, begun.next),
            "began_at": now,
        }
        transaction.begin_attempt(row)
        if begun.events:
            record_attempt(transaction, row, now)
        lease = HeldApplication(held.id, held.entries, self._lease, until)
        return Claim(held, draft, capabilities, begun.next, row, slot, lease)

    def _digest(self, stored: StoredApplication, draft: ApplicationDraft, call: NextAction) -> str:
        """A keyed hash of what the request is made from, to tell later whether two were the same."""
        made_from = f"{stored.id}\x00{call.operation}\x00{call.payment}\x00{draft.model_dump_json()}"
        return self._vault.lookup("request", made_from)


def next_payment(progress: Progress) -> str:
    """The id of a payment if one has to be opened: the same for the same row, however often this is tried."""
    return str(uuid5(UUID(progress.idempotency_key), f"payment/{len(progress.payments) + 1}"))
