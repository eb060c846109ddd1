"""Repair the row of an application whose journal is ahead of it: the row becomes the fold of its journal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import and_, func, select

from nagorik.operations import Operation
from nagorik_host.store.application_store import ApplicationStore, entries_in
from nagorik_host.store.cases import Decision, record_decision
from nagorik_host.store.chain import ChainBroken, JournalEntry, event_of, verify_chain
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, journal
from nagorik_host.vault import Vault
from nagorik_platform.lifecycle import NextAction, Step, amounts_to, replay

_OWN: Final = select(func.count()).where(journal.c.application == applications.c.id)
_ENTRIES: Final = _OWN.correlate(applications).scalar_subquery()
_IS_BEHIND: Final = and_(applications.c.data_key.is_not(None), applications.c.entries < _ENTRIES)


class NotRepairable(Exception):
    """The row cannot be repaired; the text says why."""


def behind(transaction: Transaction) -> Sequence[str]:
    """The ids of the applications whose journal has more entries than their row counts."""
    transaction.take_time()
    return transaction.connection.scalars(select(applications.c.id).where(_IS_BEHIND)).all()


def repair(transaction: Transaction, store: ApplicationStore, vault: Vault, decision: Decision) -> None:
    """Make the row of a decision's subject the fold of its journal, due at once.

    A call in flight stays in flight, so that the next worker looks up its outcome.

    Raises:
        NotRepairable: The journal is not ahead of the row, or is not what hosts have written; the row was never the
            fold of it; or a worker has the application.
        NoSuchApplication: The database holds no application by this id.
        Erased: The citizen's data were erased.
    """
    application, now = decision.subject, decision.at
    stored = store.read(transaction, application, for_change=True)
    if stored.lease is not None:
        raise NotRepairable("a worker has it; try again when the call has ended")
    entries = list(entries_in(transaction, application))
    if not is_behind(entries, application=application, head=stored.chain, count=stored.entries, vault=vault):
        raise NotRepairable("its journal is not ahead of it, or is not what was written: nagorik audit verify")
    events = [event_of(entry, stored.key) for entry in entries]
    if not amounts_to(events[: stored.entries], stored.progress):
        raise NotRepairable("it is not what its journal was at any time; restore its row from a backup")
    progress = replay(events)
    if progress.attempt is None:
        progress = progress.model_copy(update={"attempt": stored.progress.attempt})
    query = select(applications.c.operation).where(applications.c.id == application)
    operation = transaction.connection.scalar(query)
    coming = NextAction(Operation(operation) if operation is not None else None, now)
    repaired = replace(stored, entries=len(entries), chain=entries[-1].link, blocked=None)
    store.change(transaction, repaired, Step(progress, (), coming), now)
    transaction.record(application, now, {"repaired": True})
    record_decision(transaction, decision)


def is_behind(entries: Sequence[JournalEntry], *, application: str, head: bytes, count: int, vault: Vault) -> bool:
    """Whether a journal verifies and goes on after its ``count``-th entry, whose link is ``head``."""
    try:
        verify_chain(entries, application=application, head=entries[-1].link, count=len(entries), vault=vault)
    except (ChainBroken, IndexError):
        return False
    return 0 < count < len(entries) and entries[count - 1].link == head
