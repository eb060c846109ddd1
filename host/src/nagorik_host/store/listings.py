"""Lists of applications and of payments, page by page, in an order that does not change while one reads."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Row, Select, case, func, literal, or_, select, tuple_

from nagorik.model.status import ApplicationState
from nagorik.values import dhaka_zone
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, Instant, applications, microseconds, payments, shown

_PLACE: Final = re.compile(r"([0-9]{1,17})-(.+)", re.DOTALL)

_A: Final = applications.c
_P: Final = payments.c
_PARTY: Final = case(
    (
        or_(_A.blocked.is_not(None), _A.state == ApplicationState.MANUAL_REVIEW.value),
        "person",
    ),
    else_=func.coalesce(_A.hold_party, ""),
)
_APPLICATION: Final[Select[Any]] = select(
    *(_A.id, _A.service, _A.state, _A.gateway, _A.hold_party.label("waits_for"), _A.hold_code.label("hold")),
    *(
        _A.blocked,
        _A.opened_at,
        _A.updated_at,
        _A.closed_at,
        _A.due_at,
        _A.operation,
        _A.target_plugin.label("calls"),
    ),
    _A.lease.is_not(None).label("in_hand"),
)
_PAYMENT: Final[Select[Any]] = select(
    *(_P.id, _P.application, _P.gateway, _P.stage, _P.state, _P.poisha, _P.currency, _P.taken_poisha, _P.opened_at),
    *(_P.captured_at, _P.updated_at),
)


class PlaceInvalid(ValueError):
    """The text is no place in a list."""


class PageCursor(NamedTuple):
    """A row's place in a list: the time by which it is ordered, and the id, which orders those of one time."""

    at: datetime
    id: str

    def __str__(self) -> str:
        """Its form on a command line."""
        return f"{microseconds(self.at)}-{self.id}"

    @classmethod
    def read(cls, text: str) -> "PageCursor":
        """The place that ``text`` names.

        Raises:
            PlaceInvalid: It names no place.
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise PlaceInvalid("--after takes the place that a page of this list ended with")
        return cls(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), found[2])


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, in order, and where the next page begins; ``None`` at the end of the list."""

    rows: Sequence[Row[Any]]
    next: PageCursor | None


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """Which applications are wanted; ``None`` or empty matches all. Times are aware; ``_from`` is inclusive.

    ``opened`` is when it was taken in, ``owner`` who did so; ``hold`` and ``blocked`` are codes. With ``due_until``
    it is in its agency's queue and was due by then; such a list begins with the longest due. ``waits_for`` names the
    parties of a hold, the empty one for an application that no party holds up; what is set aside waits for a person.
    """

    states: Collection[str] = ()
    services: Collection[str] = ()
    plugins: Collection[str] = ()
    hold: str | None = None
    blocked: str | None = None
    owner: str | None = None
    open_only: bool = False
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    due_until: datetime | None = None
    waits_for: Collection[str] = ()
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments are wanted; ``None`` or empty matches all. Times are aware; ``_from`` is inclusive.

    ``day`` is the date in Dhaka on which money was taken, or on which the payment was begun where no money was.
    ``opened`` is when it was begun.
    """

    gateways: Collection[str] = ()
    states: Collection[str] = ()
    day: date | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


def list_applications(
    transaction: Transaction, wanted: ApplicationFilter, *, after: PageCursor | None = None, limit: int
) -> Page:
    """At most ``limit`` (at least 1) applications after a place: the latest taken in first, or the longest due."""
    query = _APPLICATION.where(
        *_one_of(_A.state, wanted.states),
        *_one_of(_A.service, wanted.services),
        *_one_of(_A.plugin, wanted.plugins),
        *([_A.hold_code == wanted.hold] if wanted.hold is not None else []),
        *([_A.blocked == wanted.blocked] if wanted.blocked is not None else []),
        *([_A.owner == wanted.owner] if wanted.owner is not None else []),
        *([_A.closed_at.is_(None)] if wanted.open_only else []),
        *_one_of(_PARTY, wanted.waits_for),
        *_between(_A.opened_at, wanted.opened_from, wanted.opened_before),
    )
    if wanted.due_until is not None:
        due = query.where(IN_QUEUE, _A.due_at <= wanted.due_until)
        return _page(transaction, due, (_A.due_at, _A.id), after, limit, is_ascending=True)
    return _page(transaction, query, (_A.opened_at, _A.id), after, limit, is_ascending=wanted.oldest_first)


def list_payments(
    transaction: Transaction, wanted: PaymentFilter, *, after: PageCursor | None = None, limit: int
) -> Page:
    """At most ``limit`` (at least 1) payments after a place, the latest begun first."""
    query = _PAYMENT.where(
        *_one_of(_P.state, wanted.states),
        *_one_of(_P.gateway, wanted.gateways),
        *_between(_P.opened_at, wanted.opened_from, wanted.opened_before),
    )
    if wanted.day is not None:
        first, before = (datetime.combine(wanted.day + timedelta(n), time(), dhaka_zone()) for n in (0, 1))
        query = query.where(*_between(func.coalesce(_P.captured_at, _P.opened_at), first, before))
    return _page(transaction, query, (_P.opened_at, _P.id), after, limit)


def applications_by_id(
    transaction: Transaction, ids: Iterable[str], *, owner: str | None = None
) -> Sequence[Row[Any]]:
    """The applications with these ids, those taken in last first; with ``owner``, those that it took in."""
    query = _APPLICATION.where(_A.id.in_(list(ids)), *([_A.owner == owner] if owner is not None else []))
    return transaction.connection.execute(query.order_by(_A.opened_at.desc(), _A.id)).all()


def _page(
    transaction: Transaction,
    query: Select[Any],
    by: Sequence[Column[Any]],
    after: PageCursor | None,
    limit: int,
    *,
    is_ascending: bool = False,
) -> Page:
    """A page in the order of a time and of the ids: the latest comes first, or the earliest."""
    if after is not None:
        last = tuple_(literal(after.at, Instant), literal(after.id))
        query = query.where(tuple_(*by) > last if is_ascending else tuple_(*by) < last)
    query = query.order_by(*(column.asc() if is_ascending else column.desc() for column in by))
    rows = transaction.connection.execute(query.limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last_row = rows[limit - 1]
    return Page(rows[:limit], PageCursor(getattr(last_row, by[0].name), shown(last_row.id)))


def _one_of(column: ColumnElement[Any], values: Collection[str]) -> list[ColumnElement[bool]]:
    return [column.in_(sorted(values))] if values else []


def _between(
    column: ColumnElement[Any], first: datetime | None, before: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [column >= first] if first is not None else []
    return [*bounds, *([column < before] if before is not None else [])]
