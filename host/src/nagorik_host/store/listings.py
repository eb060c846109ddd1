"""Lists of applications and of payments, page by page, in an order that does not change while one reads.

A page is read off indexes: one range of an index for each value that the list is of, and the ranges are merged. What
no index knows is compared row by row, of no more than ``MOST_READ`` rows a page. So a page costs the same however
many rows there are; where it is not full it still names where the next begins.
"""

import operator
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from nagorik.values import Money, dhaka_zone
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, Instant, applications, microseconds, payments, shown

MOST_READ: Final = 20_000
"""Rows that a page reads at most, beside one page of each range."""

_PLACE: Final = re.compile(r"([0-9]{1,17})-(.+)", re.DOTALL)

_APPLICATION: Final = (
    applications.c.id,
    applications.c.service,
    applications.c.state,
    applications.c.gateway,
    applications.c.hold_party,
    applications.c.hold_code,
    applications.c.blocked,
    applications.c.opened_at,
    applications.c.updated_at,
    applications.c.closed_at,
    applications.c.due_at,
    applications.c.operation,
    applications.c.target_plugin,
    applications.c.parked_at,
    applications.c.lease,
)
_PAYMENT: Final = (
    payments.c.id,
    payments.c.application,
    payments.c.gateway,
    payments.c.stage,
    payments.c.state,
    payments.c.poisha,
    payments.c.currency,
    payments.c.taken_poisha,
    payments.c.opened_at,
    payments.c.captured_at,
    payments.c.updated_at,
)


class PlaceInvalid(ValueError):
    """What was given is no place in a list."""


class PageCursor(NamedTuple):
    """A row's place in a list.

    Attributes:
        at: The time by which the list is ordered.
        id: The row's id, which orders those of the same time.
    """

    at: datetime
    id: str

    def __str__(self) -> str:
        """As it is written on a command line."""
        return f"{microseconds(self.at)}-{self.id}"

    @classmethod
    def read(cls, text: str) -> "PageCursor":
        """The place that ``text`` names.

        Raises:
            PlaceInvalid: It names none.
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise PlaceInvalid("this is no place in a list")
        return cls(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), found[2])


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list.

    Attributes:
        rows: The rows, in order.
        next: Where to go on; ``None`` at the end of the list.
    """

    rows: Sequence[Row[Any]]
    next: PageCursor | None


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """Which applications are wanted; what is ``None`` or empty does not matter. Times are aware.

    Attributes:
        states: The state is one of these.
        services: The service is one of these.
        plugins: The plugin that owns the service is one of these.
        gateway: The citizen pays by this.
        hold: It waits for this: the hold's code.
        blocked: The host leaves it alone because of this code.
        open_only: It is not closed.
        opened_from: It was taken in then or later.
        opened_before: It was taken in before that.
        updated_from: Something happened to it then or later.
        updated_before: Nothing has happened to it since.
        due_until: It is in its agency's queue and was due by then; such a list begins with the longest due.
    """

    states: Collection[str] = ()
    services: Collection[str] = ()
    plugins: Collection[str] = ()
    gateway: str | None = None
    hold: str | None = None
    blocked: str | None = None
    open_only: bool = False
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    updated_from: datetime | None = None
    updated_before: datetime | None = None
    due_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments are wanted; what is ``None`` or empty does not matter. Times are aware.

    Attributes:
        gateways: The gateway is one of these.
        states: The state is one of these.
        application: They belong to this application.
        day: The money was taken on this date in Dhaka, or they were begun on it where none was taken.
        amount_from: What was taken, or is asked for where nothing was, is at least this, and of its currency.
        amount_to: It is at most this, likewise.
        opened_from: They were begun then or later.
        opened_before: They were begun before that.
        updated_from: Something happened to them then or later.
        updated_before: Nothing has happened to them since.
    """

    gateways: Collection[str] = ()
    states: Collection[str] = ()
    application: str | None = None
    day: date | None = None
    amount_from: Money | None = None
    amount_to: Money | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    updated_from: datetime | None = None
    updated_before: datetime | None = None


def list_applications(
    transaction: Transaction, wanted: ApplicationFilter, *, after: PageCursor | None = None, limit: int
) -> Page:
    """A page of the applications that are ``wanted``: the latest taken in first, or the longest due first.

    Args:
        transaction: Where they are read.
        wanted: Which of them.
        after: The place that the page begins after; the beginning of the list if ``None``.
        limit: The most rows of a page, at least 1.
    """
    table = applications.c
    offer = [
        *_one_of(table.state, wanted.states),
        *_one_of(table.service, wanted.services),
        *_one_of(table.plugin, wanted.plugins),
    ]
    matching = [
        *([table.gateway == wanted.gateway] if wanted.gateway is not None else []),
        *([table.hold_code == wanted.hold] if wanted.hold is not None else []),
        *([table.blocked == wanted.blocked] if wanted.blocked is not None else []),
        *([table.closed_at.is_(None)] if wanted.open_only else []),
        *_between(table.updated_at, wanted.updated_from, wanted.updated_before),
    ]
    opened = _between(table.opened_at, wanted.opened_from, wanted.opened_before)
    if wanted.due_until is not None:
        ranges = _Ranges(applications, (table.target_plugin,), IN_QUEUE, table.due_at, newest_first=False)
        within = [table.due_at <= wanted.due_until]
        return ranges.page(transaction, _APPLICATION, None, within, [*offer, *matching, *opened], after, limit)
    for column, code in ((table.blocked, wanted.blocked), (table.hold_code, wanted.hold)):
        if code is not None:
            ranges = _Ranges(applications, (column,), column.is_not(None), table.opened_at)
            return ranges.page(transaction, _APPLICATION, [(code,)], opened, [*offer, *matching], after, limit)
    ranges = _Ranges(applications, (table.service, table.state), None, table.opened_at)
    found = [
        (service, state)
        for service, state in ranges.leads(transaction)
        if (not wanted.states or state in wanted.states)
        and (not wanted.services or service in wanted.services)
        and (not wanted.plugins or service.partition(".")[0] in wanted.plugins)
    ]
    return ranges.page(transaction, _APPLICATION, found, opened, matching, after, limit)


def list_payments(
    transaction: Transaction, wanted: PaymentFilter, *, after: PageCursor | None = None, limit: int
) -> Page:
    """A page of the payments that are ``wanted``, the latest begun first; as ``list_applications``."""
    table = payments.c
    opened = _between(table.opened_at, wanted.opened_from, wanted.opened_before)
    updated = [*_between(table.updated_at, wanted.updated_from, wanted.updated_before), *_of_amount(wanted)]
    if wanted.day is not None:
        first, before = (datetime.combine(wanted.day + timedelta(n), time(), dhaka_zone()) for n in (0, 1))
        # Nothing is taken before it is begun.
        opened.append(table.opened_at < before)
        updated += _between(func.coalesce(table.captured_at, table.opened_at), first, before)
    if wanted.application is not None:
        ranges = _Ranges(payments, (table.application,), None, table.opened_at)
        matching = [*_one_of(table.state, wanted.states), *_one_of(table.gateway, wanted.gateways), *updated]
        return ranges.page(transaction, _PAYMENT, [(wanted.application,)], opened, matching, after, limit)
    ranges = _Ranges(payments, (table.gateway, table.state), None, table.opened_at)
    found = [
        (gateway, state)
        for gateway, state in ranges.leads(transaction)
        if (not wanted.states or state in wanted.states) and (not wanted.gateways or gateway in wanted.gateways)
    ]
    return ranges.page(transaction, _PAYMENT, found, opened, updated, after, limit)


def applications_by_id(transaction: Transaction, ids: Iterable[str]) -> Sequence[Row[Any]]:
    """The applications with these ids, those taken in last first."""
    query: Select[Any] = select(*_APPLICATION).where(applications.c.id.in_(list(ids)))
    return transaction.connection.execute(query.order_by(applications.c.opened_at.desc(), applications.c.id)).all()


def distinct_leads(
    transaction: Transaction, columns: Sequence[Column[Any]], where: ColumnElement[bool] | None = None
) -> list[tuple[Any, ...]]:
    """Each combination of values that the first columns of an index have: one look into it for each of them."""
    query = select(*columns).order_by(*columns).limit(1)
    if where is not None:
        query = query.where(where)
    beyond = query.where(
        tuple_(*columns) > tuple_(*(bindparam(f"lead_{column.name}", type_=column.type) for column in columns))
    )
    found: list[tuple[Any, ...]] = []
    row = transaction.connection.execute(query).one_or_none()
    while row is not None:
        found.append(tuple(row))
        values = {f"lead_{column.name}": value for column, value in zip(columns, row, strict=True)}
        row = transaction.connection.execute(beyond, values).one_or_none()
    return found


@dataclass(frozen=True, slots=True)
class _Ranges:
    """The ranges of one index: by its first columns, and each in the order of a time and of the ids.

    Attributes:
        table: The table.
        lead: The index's first columns.
        where: What the index holds of the table, if not all.
        at: The time that orders a range.
        newest_first: Whether the latest time comes first.
    """

    table: Table
    lead: tuple[Column[Any], ...]
    where: ColumnElement[bool] | None
    at: Column[Any]
    newest_first: bool = True

    def leads(self, transaction: Transaction) -> list[tuple[Any, ...]]:
        """The ranges that there are, each by its values of ``lead``."""
        return distinct_leads(transaction, self.lead, self.where)

    def page(
        self,
        transaction: Transaction,
        columns: Sequence[Column[Any]],
        leads: Sequence[tuple[Any, ...]] | None,
        within: Sequence[ColumnElement[bool]],
        matching: Sequence[ColumnElement[bool]],
        after: PageCursor | None,
        limit: int,
    ) -> Page:
        """A page over all ranges together.

        Args:
            transaction: Where it is read.
            columns: What is read.
            leads: The ranges; all that there are if ``None``.
            within: Bounds of the time that orders a range.
            matching: What the index does not know, compared row by row.
            after: The place that the page begins after.
            limit: The most rows of the page.
        """
        chosen = self.leads(transaction) if leads is None else leads
        if not chosen:
            return Page((), None)
        share = max(limit, MOST_READ // len(chosen)) if matching else limit
        query = self._query(columns, within, matching, after).limit(share + 1)
        found: list[Row[Any]] = []
        # How far every range was read: a range that was not read to its end bounds what is known of the list.
        known: PageCursor | None = None
        for values in chosen:
            given = {f"lead_{column.name}": value for column, value in zip(self.lead, values, strict=True)}
            rows = transaction.connection.execute(query, given).all()
            if len(rows) > share:
                rows = rows[:share]
                last = self._place(rows[-1])
                known = last if known is None or self._is_before(last, known) else known
            found += [row for row in rows if row.fits]
        found.sort(key=self._place, reverse=self.newest_first)
        sure = [row for row in found if known is None or not self._is_before(known, self._place(row))]
        if len(sure) > limit:
            return Page(sure[:limit], self._place(sure[limit - 1]))
        return Page(sure, known)

    def _query(
        self,
        columns: Sequence[Column[Any]],
        within: Sequence[ColumnElement[bool]],
        matching: Sequence[ColumnElement[bool]],
        after: PageCursor | None,
    ) -> Select[Any]:
        key = (self.at, self.table.c.id)
        fits = case((and_(*matching), 1), else_=0) if matching else literal(1)
        query: Select[Any] = select(*columns, fits.label("fits")).where(
            *(column == bindparam(f"lead_{column.name}") for column in self.lead), *within
        )
        if self.where is not None:
            query = query.where(self.where)
        if after is not None:
            # Said twice: the first is a bound that any index can use, the second passes over those of the same time.
            last = tuple_(literal(after.at, Instant), literal(after.id))
            at = self.at <= after.at if self.newest_first else self.at >= after.at
            query = query.where(at, tuple_(*key) < last if self.newest_first else tuple_(*key) > last)
        return query.order_by(*(column.desc() if self.newest_first else column.asc() for column in key))

    def _place(self, row: Row[Any]) -> PageCursor:
        return PageCursor(getattr(row, self.at.name), shown(row.id))

    def _is_before(self, one: PageCursor, other: PageCursor) -> bool:
        return one > other if self.newest_first else one < other


def _one_of(column: Column[Any], values: Collection[str]) -> list[ColumnElement[bool]]:
    return [or_(*(column == value for value in sorted(values)))] if values else []


def _of_amount(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    table, bounds = payments.c, list[ColumnElement[bool]]()
    amount = func.coalesce(table.taken_poisha, table.poisha)
    for bound, held in ((wanted.amount_from, operator.ge), (wanted.amount_to, operator.le)):
        if bound is not None:
            bounds += [held(amount, bound.poisha), table.currency == bound.currency]
    return bounds


def _between(
    column: ColumnElement[Any], first: datetime | None, before: datetime | None
) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if first is not None:
        bounds.append(column >= first)
    if before is not None:
        bounds.append(column < before)
    return bounds
