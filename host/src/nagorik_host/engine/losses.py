"""What ends one worker after another is left to an officer, and the plugin that does it is kept out.

An application whose call ends its worker takes with it all that the worker has in hand. So after some losses it is
carried with no other such application beside it, and after one more by nobody.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from nagorik import Applicant
from nagorik_host.store.application_store import ApplicationStore, StoredApplication, set_aside, target_plugin
from nagorik_host.store.cases import (
    LOSSES_OF_A_CASE,
    LOSSES_OF_A_SUSPECT,
    WORKERS_LOST,
    losses_in_a_row,
    lost_lately,
)
from nagorik_host.store.database import Transaction
from nagorik_host.vault import Erased, KeyMissing
from nagorik_platform.lifecycle import Step
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")

SUSPECTS_APART: Final = timedelta(seconds=1)
"""How long an application that may end its worker is left due while another such is in the same hands."""


class WorkerLosses:
    """Which applications may be what ends workers, as one worker sees it.

    Attributes:
        deadly: The plugins whose calls ended one worker after another, as this one found since it last looked.
    """

    def __init__(self, store: ApplicationStore, *, worker_name: str) -> None:
        """See as the worker that an operator knows by ``worker_name``."""
        self._store = store
        self._worker_name = worker_name
        self._suspect: str | None = None
        self.deadly: set[str] = set()

    def note_in_hand(self, applications: Collection[str]) -> None:
        """These are in the worker's hands, and no others."""
        self._suspect = self._suspect if self._suspect in applications else None

    def is_suspect(self, transaction: Transaction, stored: StoredApplication, done: Step) -> bool:
        """Whether what ``done`` leaves to do has ended workers so often that no other such is carried beside it."""
        return _losses(transaction, stored, done) >= LOSSES_OF_A_SUSPECT

    def has_room(self, transaction: Transaction, stored: StoredApplication, begun: Step) -> bool:
        """Whether an application may be taken in hand; one that may end its worker has no other such beside it."""
        if not self.is_suspect(transaction, stored, begun):
            return True
        if self._suspect is not None:
            return False
        self._suspect = stored.id
        return True

    def leave(self, transaction: Transaction, stored: StoredApplication, done: Step, now: datetime) -> bool:
        """Leave what ended one worker after another to an officer; whether it did."""
        if _losses(transaction, stored, done) < LOSSES_OF_A_CASE:
            return False
        self.leave_to_an_officer(transaction, stored, WORKERS_LOST, now)
        self.deadly.add(target_plugin(done.next, stored.plugin, stored.gateway))
        return True

    def leave_to_an_officer(
        self, transaction: Transaction, stored: StoredApplication, code: str, now: datetime
    ) -> None:
        """Try no further what ends the same way each time: it would be due for ever, beside all that can be done."""
        transaction.flush()
        set_aside(transaction, stored.id, code, again=None, now=now)
        _log.error(
            "application_blocked",
            defect=code,
            application=stored.id,
            service=stored.progress.service,
            worker=self._worker_name,
        )

    def citizens(
        self, transaction: Transaction, plugins: Collection[str], now: datetime
    ) -> dict[str, list[Applicant]]:
        """By plugin, the citizens with whose applications its calls ended one worker after another lately."""
        found: dict[str, list[Applicant]] = {}
        for row in lost_lately(transaction, plugins, now):
            # Where a key is missing it cannot be told whose it is.
            with suppress(Erased, KeyMissing):
                draft = self._store.open_draft(self._store.from_row(row), row.draft)
                found.setdefault(row.target_plugin, []).append(draft.applicant)
        return found


def _losses(transaction: Transaction, stored: StoredApplication, done: Step) -> int:
    """How many attempts in a row at what ``done`` leaves to do ended with their worker."""
    coming = done.next
    if coming.operation is None:
        return 0
    subject = coming.payment or (coming.deliverable.kind if coming.deliverable is not None else None)
    # Nearly always it went well the last time, which the row tells by itself.
    if done.progress.backoff(coming.operation, subject).failures < LOSSES_OF_A_SUSPECT:
        return 0
    return losses_in_a_row(transaction, stored.id, coming.operation.value)
