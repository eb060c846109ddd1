"""Agencies' queues, workers and the inbox, in numbers."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Select, bindparam, case, func, select, update

from nagorik_host.store.clock import ENDS_WITHIN
from nagorik_host.store.database import Transaction
from nagorik_host.store.messages import READERS_LOST
from nagorik_host.store.schema import IN_QUEUE, UNREAD, Instant, agencies, applications, inbox, paces, workers

OVERDUE: Final = timedelta(minutes=15)
"""What has been due for longer waits for a worker, a slow agency, or an officer who stopped it."""

_UNTIL: Final = bindparam("until", type_=Instant)
_A: Final = applications.c
_HELD: Final = (
    select(_A.lease, _A.target_plugin, func.count().label("number"))
    .where(_A.lease.is_not(None))
    .group_by(_A.lease, _A.target_plugin)
)
_QUEUES: Final = (
    select(
        _A.target_plugin.label("plugin"),
        func.count(case((_A.due_at <= _UNTIL, 1))).label("due"),
        func.count(case((_A.due_at > _UNTIL, 1))).label("waiting"),
        func.min(_A.due_at).label("first_due"),
    )
    .where(IN_QUEUE)
    .group_by(_A.target_plugin)
)
_CIRCUIT: Final = [agencies.c[name] for name in ("plugin", "failures", "down_since", "cause", "probe_at")]
_DUE: Final = select(_A.target_plugin, func.count()).where(IN_QUEUE, _A.due_at <= _UNTIL)
_BLOCKED: Final = select(_A.blocked, func.count()).where(_A.blocked.is_not(None))
_UNREAD: Final = select(func.count()).where(UNREAD)
_LEFT: Final = _UNREAD.where(inbox.c.received_at <= _UNTIL)
_SET_ASIDE: Final = select(func.count()).where(inbox.c.result == READERS_LOST)


class AgencyOverview(NamedTuple):
    """One agency, by its plugin, as all workers together treat it.

    ``due``, ``waiting`` and ``in_flight`` count applications that are due to call it, will be, and are claimed.
    ``paced_to`` is the instant up to which calls are spoken for; ``failures`` counts calls in a row that did not
    reach it; ``cause`` is why at first, as a code; ``probe_at`` is when it is tried again.
    """

    plugin: str
    due: int = 0
    waiting: int = 0
    first_due: datetime | None = None
    in_flight: int = 0
    paced_to: datetime | None = None
    failures: int = 0
    down_since: datetime | None = None
    cause: str | None = None
    probe_at: datetime | None = None


class KeptOutPlugin(NamedTuple):
    """A plugin that a worker keeps out for its faults, by the quarantine's code.

    ``since`` may be unknown; it is tried again at ``probe_at``, or after a restart alone where that is ``None``.
    """

    plugin: str
    code: str
    since: datetime | None
    probe_at: datetime | None


class WorkerOverview(NamedTuple):
    """One worker; its id is new each time that it starts, and its times are by its machine's clock.

    ``in_hand`` counts its applications by the plugin that they call; ``settings_reload`` is the last that it has
    taken up.
    """

    id: str
    name: str
    started_at: datetime
    beat_at: datetime
    is_alive: bool
    in_hand: Mapping[str, int]
    kept_out: Sequence[KeptOutPlugin] = ()
    settings_reload: int | None = None


_KEEPS_OUT: Final = update(workers).where(workers.c.id == bindparam("worker")).values(kept_out=bindparam("kept"))


def read_agencies(transaction: Transaction, now: datetime) -> list[AgencyOverview]:
    """Every agency that is or was called or has a queue, in the order of their ids, as of ``now`` (aware)."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    reached = select(*_CIRCUIT, paces.c.next_at.label("paced_to")).outerjoin(
        paces, paces.c.plugin == agencies.c.plugin
    )
    for row in transaction.connection.execute(reached):
        found[row.plugin] |= row._asdict()
    for row in transaction.connection.execute(_QUEUES, {"until": now}):
        found[row.plugin] |= row._asdict()
    in_flight = Counter[str]()
    for row in transaction.connection.execute(_HELD):
        in_flight[row.target_plugin] += row.number
    for plugin, number in in_flight.items():
        found[plugin]["in_flight"] = number
    return [AgencyOverview(**{"plugin": plugin, **one}) for plugin, one in sorted(found.items())]


def count_overdue(transaction: Transaction, now: datetime) -> Mapping[str, int]:
    """How many applications have been due for longer than ``OVERDUE``, by the plugin that they call."""
    return _counts(transaction, _DUE, _A.target_plugin, until=now - OVERDUE)


def count_blocked(transaction: Transaction) -> Mapping[str, int]:
    """How many applications the host leaves alone, by code."""
    return _counts(transaction, _BLOCKED, _A.blocked)


def count_unread(transaction: Transaction) -> int:
    """How many messages of agencies and gateways are unread."""
    return transaction.connection.scalar(_UNREAD) or 0


def count_neglected(transaction: Transaction, now: datetime) -> tuple[int, int]:
    """How many messages are unread for longer than ``OVERDUE``, and are set aside as they ended several workers."""
    left = transaction.connection.scalar(_LEFT, {"until": now - OVERDUE})
    return left or 0, transaction.connection.scalar(_SET_ASIDE) or 0


def _counts(transaction: Transaction, query: Select[Any], by: Column[Any], **wanted: datetime) -> dict[str, int]:
    return {row[0]: row[1] for row in transaction.connection.execute(query.group_by(by).order_by(by), wanted)}


def read_workers(transaction: Transaction, now: datetime) -> Sequence[WorkerOverview]:
    """Every worker of the last day as of ``now`` (aware, the machine's time): those at work first, then by name."""
    held: dict[str, dict[str, int]] = defaultdict(dict)
    for row in transaction.connection.execute(_HELD):
        held[row.lease][row.target_plugin] = row.number
    found = [
        WorkerOverview(
            id=row.id,
            name=row.name,
            started_at=row.started_at,
            beat_at=row.beat_at,
            is_alive=now < row.lease_until <= now + ENDS_WITHIN,
            in_hand=dict(sorted(held[row.id].items())),
            kept_out=[
                KeptOutPlugin(plugin, code, *(datetime.fromisoformat(at) if at else None for at in times))
                for plugin, code, *times in json.loads(row.kept_out or "[]")
            ],
            settings_reload=row.settings_reload,
        )
        for row in transaction.connection.execute(select(workers))
    ]
    return sorted(found, key=lambda one: (not one.is_alive, one.name, one.started_at, one.id))


def note_kept_out(transaction: Transaction, worker: str, found: Iterable[KeptOutPlugin]) -> None:
    """Write down what a worker, by its id, keeps out now."""
    kept = [[one.plugin, one.code, *(at and at.isoformat() for at in (one.since, one.probe_at))] for one in found]
    transaction.connection.execute(_KEEPS_OUT, {"worker": worker, "kept": json.dumps(kept) if kept else None})
