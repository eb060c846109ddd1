"""What ends one worker after another is left to an officer, and the plugin that does it is kept out.

An application whose call ends its worker takes with it all that the worker has in hand, and nobody knows which of it
was the cause. So after some losses an application is carried by a worker that has nothing else in hand, and reads no
messages meanwhile. Only what ended its worker there is left to an officer, and counts against its plugin. Between two
such applications the others have a turn: several that take long hold up nobody for longer than one does. What is
said here of applications holds for a message that may end its reader: it is read by a worker with nothing in hand.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select, update

from nagorik import Applicant
from nagorik_host.store.application_store import ApplicationStore, StoredApplication, set_aside, target_plugin
from nagorik_host.store.cases import (
    LOSSES_OF_A_SUSPECT,
    WORKERS_LOST,
    Losses,
    losses_in_a_row,
    lost_lately,
)
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import workers
from nagorik_host.vault import Erased, KeyMissing
from nagorik_platform.lifecycle import Step
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")

SUSPECTS_APART: Final = timedelta(seconds=1)
"""How long an application that may end its worker is left due while anything else is in the same hands."""
LOOKS: Final = 5
"""How often a worker that has put everything else down for such an application looks for it, before it goes on; and
how often it looks for others after one, before it takes the next."""

NONE: Final = Losses(0, 0)

_MARK: Final = update(workers).where(workers.c.id == bindparam("worker")).values(alone=bindparam("application"))
_ALONE: Final = select(workers.c.id).where(
    workers.c.id == bindparam("worker"), workers.c.alone == bindparam("application")
)


class WorkerLosses:
    """Which applications may be what ends workers, as one worker sees it.

    Attributes:
        deadly: The plugins whose calls ended one worker after another, as this one found since it last looked.
        is_reading: Whether the worker reads messages, whose reading may end it as well.
    """

    def __init__(self, store: ApplicationStore, *, worker: str, worker_name: str) -> None:
        """See as the worker of this id, which an operator knows by ``worker_name``."""
        self._store = store
        self._worker = worker
        self._worker_name = worker_name
        self._is_free = True
        self._alone: str | None = None
        self._awaited: str | None = None
        self._looks = 0
        self._is_marked = False
        self._looks_for_others = 0
        self._message_waits = False
        self._reads_alone = False
        self.deadly: set[str] = set()
        self.is_reading = False

    def note_in_hand(self, transaction: Transaction, applications: Collection[str]) -> None:
        """These are in the worker's hands, and no others."""
        self._is_free = not applications and not self.is_reading
        if self._alone is not None and self._alone not in applications:
            self._alone, self._looks_for_others = None, LOOKS
        elif self._looks_for_others:
            # Whatever there was of others was taken in one look.
            self._looks_for_others = 0 if applications else self._looks_for_others - 1
        if self._is_marked and self._alone is None:
            transaction.connection.execute(_MARK, {"worker": self._worker, "application": None})
        if self._awaited is None or not self._is_free:
            self._looks = 0
        elif self._looks < LOOKS:
            self._looks += 1
        else:
            # Somebody else has it, or there is no instant for it yet.
            self._awaited = None

    def note_committed(self) -> None:
        """What was taken in hand since ``note_in_hand`` is committed."""
        self._is_marked = self._alone is not None

    @property
    def is_apart(self) -> bool:
        """Whether an application is in hand alone, or is to be next."""
        return self._alone is not None or self._awaited is not None

    @property
    def awaits_reading(self) -> bool:
        """Whether a message is to be read as soon as nothing is in hand."""
        return self._message_waits and not self.is_apart

    @property
    def is_put_down(self) -> bool:
        """Whether calls that follow from those in hand are left due, so that something else can be in hand alone."""
        return self._alone is None and (self._awaited is not None or self._message_waits)

    @property
    def is_full(self) -> bool:
        """Whether nothing is taken in hand now: what is there is to be alone, or what comes next."""
        waits = self._awaited is not None and not self._is_free
        return self._alone is not None or self._reads_alone or waits or self.awaits_reading

    def begin_reading(self, in_hand: Collection[str]) -> bool:
        """Messages are read from now on; whether so that nothing is in hand until they are."""
        self.is_reading, self._reads_alone = True, self._message_waits and not in_hand
        return self._reads_alone

    def end_reading(self, *, message_waits: bool) -> None:
        """No message is being read; whether one was left that is to be read with nothing else in hand."""
        self.is_reading, self._reads_alone, self._message_waits = False, False, message_waits

    @property
    def awaited(self) -> Collection[str] | None:
        """What alone is taken in hand now, where that is so."""
        return None if self._awaited is None else (self._awaited,)

    def is_suspect(self, transaction: Transaction, stored: StoredApplication, done: Step) -> bool:
        """Whether what ``done`` leaves to do has ended workers so often that nothing else is carried beside it."""
        return _losses(transaction, stored, done).are_suspect

    def has_room(self, transaction: Transaction, stored: StoredApplication, begun: Step) -> bool:
        """Whether an application may be taken in hand; one that may end its worker has nothing else beside it.

        Where it has to wait for that, nothing more is taken in hand until it was.
        """
        if self._alone is not None:
            return False
        if self.is_suspect(transaction, stored, begun):
            if self._looks_for_others:
                return False
            if not self._is_free:
                self._awaited = self._awaited or stored.id
                return False
            self._alone, self._is_marked = stored.id, True
            transaction.connection.execute(_MARK, {"worker": self._worker, "application": stored.id})
        if self._awaited == stored.id:
            self._awaited = None
        self._is_free = False
        return True

    def was_alone(self, transaction: Transaction, application: str, worker: str) -> bool:
        """Whether an application was all that a worker had in hand that is lost."""
        return transaction.connection.scalar(_ALONE, {"worker": worker, "application": application}) is not None

    def leave(self, transaction: Transaction, stored: StoredApplication, done: Step, now: datetime) -> bool:
        """Leave what ended one worker after another to an officer; whether it did."""
        if not _losses(transaction, stored, done).are_a_case:
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


def _losses(transaction: Transaction, stored: StoredApplication, done: Step) -> Losses:
    """The attempts in a row at what ``done`` leaves to do that ended with their worker."""
    coming = done.next
    if coming.operation is None:
        return NONE
    subject = coming.payment or (coming.deliverable.kind if coming.deliverable is not None else None)
    # Nearly always it went well the last time, which the row tells by itself.
    if done.progress.backoff(coming.operation, subject).failures < LOSSES_OF_A_SUSPECT:
        return NONE
    return losses_in_a_row(transaction, stored.id, coming.operation.value)
