"""A database that was restored from a copy: the agencies may know more of an application than its row does.

From the restoration on, every write of every open application is looked up before it is first made. So is every write
of what comes in until the database has caught up: the lost database may have had it already.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update

from nagorik.operations import Operation
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.cases import Decision, record_decision
from nagorik_host.store.clock import LEASE_NOW, lasts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agency_tokens, applications, restorations, workers
from nagorik_platform.lifecycle import NextAction, Step, restore

PAGE: Final = 500
_OPEN: Final = (
    select(applications)
    .where(applications.c.closed_at.is_(None), applications.c.id > bindparam("after"))
    .order_by(applications.c.id)
    .limit(PAGE)
    .with_for_update()
)
_NO_TOKENS: Final = dict.fromkeys(("login", "data_key", "sealed", "renew_at", "under_way"))
_IS_BEHIND: Final = restorations.c.caught_up_at.is_(None)


class WorkersActive(Exception):
    """A worker is at work on the database, or was less than its lease ago."""


def mark_restored(
    transaction: Transaction, store: ApplicationStore, restoration: Decision, *, lease_now: datetime | None = None
) -> int:
    """Put every write of every open application in doubt, all of them or no one; how many applications there were.

    ``lease_now`` is the time by which workers are alive, where that is not the database's to say.

    Raises:
        WorkersActive: A worker sends while it is not known what has been sent.
    """
    transaction.take_time()
    at, number, after = restoration.at, 0, ""
    while rows := transaction.connection.execute(_OPEN, {"after": after}).all():
        for row in rows:
            stored = store.from_row(row)
            progress, event = restore(stored.progress, restoration.officer, restoration.reason, at)
            # What an application waits for stays as it was; a lost worker keeps it until its lease has run out.
            operation = Operation(row.operation) if row.operation is not None else None
            coming = NextAction(operation, row.due_at if stored.lease is None else at)
            store.change(transaction, stored, Step(progress, (event,), coming), at, lease=stored.lease)
            transaction.drop_hint(row.id)
        number, after = number + len(rows), rows[-1].id
    said = insert(restorations).values(at=at, officer=restoration.officer, reason=restoration.reason)
    transaction.connection.execute(said)
    transaction.record_row(restorations, at, at=at)
    # Every process logs in anew. What an agency has refused stays refused.
    transaction.connection.execute(update(agency_tokens).values(_NO_TOKENS))
    record_decision(transaction, restoration._replace(subject=f"{number} applications"))
    # Asked last, so that a worker that began meanwhile is seen.
    at_work = select(workers.c.id).where(lasts(workers.c.lease_until)).limit(1)
    if transaction.connection.scalar(at_work, {LEASE_NOW: lease_now}) is not None:
        raise WorkersActive
    return number


def catching_up(transaction: Transaction) -> Row[Any] | None:
    """``at``, ``officer`` and ``reason`` of the latest restoration, unless the database has caught up since."""
    query = select(restorations).where(_IS_BEHIND).order_by(restorations.c.at.desc()).limit(1)
    return transaction.connection.execute(query).one_or_none()


def mark_caught_up(transaction: Transaction, officer: str, reason: str, now: datetime) -> bool:
    """All that came in since the copy was made has come in again; whether anything was left to catch up.

    What comes in from now on is sent without being looked up.
    """
    caught_up = update(restorations).where(_IS_BEHIND).values(caught_up_at=now).returning(restorations.c.at)
    done = transaction.connection.scalars(caught_up).all()
    for at in done:
        transaction.record_row(restorations, at, at=now)
    if done:
        record_decision(transaction, Decision(now, officer, "caught-up", "database", reason))
    return bool(done)


def in_doubt(first: Step, restoration: Row[Any] | None, now: datetime) -> Step:
    """An application's first step, with its writes in doubt while the database is catching up."""
    if restoration is None:
        return first
    progress, event = restore(first.progress, restoration.officer, restoration.reason, now)
    return Step(progress, (*first.events, event), first.next)
