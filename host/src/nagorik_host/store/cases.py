"""The cases that wait for an officer, and what officers decided: who, what, and why.

A case is a decision that only an officer can take, or a row that the host cannot advance. Decisions on one
application are in its journal; the others are kept here.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Final, Literal, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, Subquery, and_, bindparam, case, func, insert, or_, select

from nagorik.model.status import ApplicationState, PaymentState
from nagorik_host.store.application_store import NoSuchApplication, set_aside
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import FOR_A_PERSON, TO_GIVE_BACK, applications, attempts, decisions, payments, shown
from nagorik_platform.lifecycle import Party
from nagorik_platform.lifecycle.rules.holds import REFUND_BEFORE_A_PERSON
from nagorik_platform.lifecycle.state import REFUND_BY_HAND, REFUND_IN_DOUBT, REFUND_OVERDUE

_A: Final = applications.c


class Decision(NamedTuple):
    """One decision; its subject is a service, a plugin's releases, an application, or the database."""

    at: datetime
    officer: str
    kind: Literal["stop", "resume", "accept-plugin", "look-again", "repair", "restored", "caught-up"]
    subject: str
    reason: str


def record_decision(transaction: Transaction, decision: Decision) -> None:
    """Keep a decision, in the transaction in which it takes effect."""
    identity = str(uuid4())
    transaction.connection.execute(insert(decisions).values(id=identity, **decision._asdict()))
    transaction.record_row(decisions, identity, at=decision.at)


def latest_decisions(transaction: Transaction, limit: int) -> list[Decision]:
    """The latest decisions, the newest first."""
    query = select(*(decisions.c[name] for name in Decision._fields)).order_by(decisions.c.at.desc()).limit(limit)
    return [Decision(*row) for row in transaction.connection.execute(query)]


ERASED: Final = "erased"
PLUGIN_CHANGED: Final = "plugin-changed"
"""Waits for a decision of its own, on another release of a plugin."""
PAGE: Final = 500


class NotBlocked(Exception):
    """The application is not blocked, or blocked for good."""


class OfficerCase(NamedTuple):
    """An application that waits for an officer; nothing in it leads to the citizen.

    ``hold`` and ``blocked`` are the codes of its hold and of why the host leaves it alone; it changed at ``since``.
    """

    application: str
    service: str
    state: str
    hold: str | None
    blocked: str | None
    since: datetime


_OWED_AS: Final = (REFUND_OVERDUE, REFUND_BY_HAND, REFUND_IN_DOUBT)
"""The codes of money that is to be given back; of several payments, the last here counts."""


def _owed(now: datetime) -> Subquery:
    """Applications with money that an officer is to give back, and the place of the code in ``_OWED_AS``."""
    p = payments.c
    by_hand = p.state == PaymentState.REFUND_MANUAL.value
    # As ``Payment.refund_in_doubt`` has it of a row.
    in_doubt = or_(p.refund_ordered_at.is_not(None), p.refunded_at.is_not(None))
    code = case((and_(by_hand, in_doubt), 2), (by_hand, 1), else_=0)
    overdue = p.refund_requested_at <= now - REFUND_BEFORE_A_PERSON
    found = select(p.application, func.max(code).label("code")).where(TO_GIVE_BACK, or_(by_hand, overdue))
    return found.group_by(p.application).subquery()


_WAITS_OTHERWISE: Final = and_(
    *(_A.closed_at.is_(None), _A.hold_party.is_distinct_from(Party.PERSON.value)),
    *(_A.blocked.is_(None), _A.state != ApplicationState.MANUAL_REVIEW.value),
)
"""Applications that do not wait for an officer."""


def count_cases(transaction: Transaction, now: datetime) -> int:
    """How many applications wait for an officer."""
    count = select(func.count()).select_from(applications)
    owed = _owed(now)
    beside = count.join(owed, owed.c.application == applications.c.id).where(_WAITS_OTHERWISE)
    return sum(transaction.connection.scalar(query) or 0 for query in (count.where(FOR_A_PERSON), beside))


def list_cases(transaction: Transaction, limit: int, now: datetime, *, owner: str | None = None) -> list[OfficerCase]:
    """At most ``limit`` applications that wait for an officer, the longest first; with ``owner``, those it took in.

    Money to be given back by hand, or overdue, is an officer's also where the application waits for something else.
    """
    query = select(applications).order_by(applications.c.updated_at).limit(limit)
    query = query if owner is None else query.where(_A.owner == owner)
    waiting = [(row, row.hold_code) for row in transaction.connection.execute(query.where(FOR_A_PERSON))]
    owed = _owed(now)
    beside = query.add_columns(owed.c.code).join(owed, owed.c.application == applications.c.id)
    money = [(row, _OWED_AS[row.code]) for row in transaction.connection.execute(beside.where(_WAITS_OTHERWISE))]
    return [
        OfficerCase(shown(row.id), shown(row.service), shown(row.state), hold, row.blocked, row.updated_at)
        for row, hold in sorted([*waiting, *money], key=lambda one: one[0].updated_at)[:limit]
    ]


PLUGIN_FAULT: Final = "plugin-fault"
INTERRUPTED: Final = "interrupted"
"""The result of an attempt whose worker ended before it."""
WORKERS_LOST: Final = "workers-lost"
FAULTS_OF_A_CASE: Final = 3
"""Attempts in a row at one operation of an application that its plugin failed, or that ended with their worker, after
which an officer looks."""
LOSSES_OF_A_CASE: Final = FAULTS_OF_A_CASE

_LATEST: Final = (
    select(attempts.c.result)
    .where(attempts.c.application == bindparam("application_"), attempts.c.operation == bindparam("operation_"))
    .order_by(attempts.c.entry.desc())
    .limit(FAULTS_OF_A_CASE)
)


def ended_in_a_row(transaction: Transaction, application: str, operation: str, ended_as: str) -> int:
    """How many of the latest attempts at an operation ended so, up to ``FAULTS_OF_A_CASE``."""
    latest = transaction.connection.scalars(_LATEST, {"application_": application, "operation_": operation})
    return len(list(takewhile(lambda result: result == ended_as, latest.all())))


def unblock(transaction: Transaction, application: str, now: datetime) -> str:
    """Let the host look again at an application that it left alone; returns why it had.

    Raises:
        NoSuchApplication: The database holds no application by this id.
        NotBlocked: It is not blocked, or its citizen's data were erased.
    """
    query = select(_A.blocked).where(_A.id == application).with_for_update()
    row = transaction.connection.execute(query).one_or_none()
    if row is None:
        raise NoSuchApplication
    blocked: str | None = row.blocked
    if blocked is None or blocked == ERASED:
        raise NotBlocked
    set_aside(transaction, application, None, again=now, now=now)
    return blocked


class BlockedFilter(NamedTuple):
    """Which of the applications that the host left alone, but for ``ERASED`` and ``PLUGIN_CHANGED``.

    Each field may be ``None``: the code of why, the plugin of their service or that they would call, their service,
    and the instant from which on they changed.
    """

    code: str | None = None
    plugin: str | None = None
    service: str | None = None
    since: datetime | None = None

    def __str__(self) -> str:
        named = [one for one in (self.code, self.plugin, self.service) if one is not None]
        return ", ".join([*named, *([f"since {self.since.isoformat(timespec='minutes')}"] if self.since else [])])

    def matches(self) -> ColumnElement[bool]:
        """The condition on a row."""
        wanted = (
            (self.code, _A.blocked == self.code),
            (self.plugin, or_(_A.plugin == self.plugin, _A.target_plugin == self.plugin)),
            (self.service, _A.service == self.service),
        )
        is_left_alone = and_(_A.closed_at.is_(None), _A.blocked.not_in([ERASED, PLUGIN_CHANGED]))
        since = [_A.updated_at >= self.since] if self.since is not None else []
        return and_(is_left_alone, *(condition for value, condition in wanted if value is not None), *since)


class BlockedCount(NamedTuple):
    """How many applications of one service the host left alone, and why."""

    code: str
    service: str
    number: int


def count_blocked_cases(transaction: Transaction, wanted: BlockedFilter) -> list[BlockedCount]:
    """How many applications match, by code and service."""
    by = (_A.blocked, _A.service)
    query = select(*by, func.count()).where(wanted.matches()).group_by(*by).order_by(*by)
    return [BlockedCount(*row) for row in transaction.connection.execute(query)]


def unblock_page(transaction: Transaction, wanted: BlockedFilter, after: str, now: datetime) -> Sequence[str]:
    """Let the host look again at a page of applications that match, with ids after ``after``; returns their ids."""
    query = select(_A.id).where(_A.id > after, wanted.matches()).order_by(_A.id).limit(PAGE)
    found = transaction.connection.scalars(query.with_for_update()).all()
    for application in found:
        set_aside(transaction, application, None, again=now, now=now)
    return found
