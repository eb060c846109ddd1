"""A cash desk's tills: sessions that are opened with a float and closed with a count, and what moved within each.

What is expected follows from the host's own payments through the cash desk's gateway. A sum belongs to the session in
whose time the gateway dates it, but never later than the host learned of it. The first close after that counts it: as
late where it moved before the session was opened, which changes nothing of what is expected. Rows are never changed,
and the ledger has a digest of each.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select, text as sql_text

from nagorik import Text
from nagorik.model.status import PaymentState
from nagorik.values import Money
from nagorik_counter.schema import till_closes, till_entries, till_openings
from nagorik_host.store.database import Transaction
from nagorik_host.store.projections import centre_of
from nagorik_host.store.schema import payments
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN
from nagorik_toolkit.texts import Fill, money_text

EntryKind = Literal["taken", "given-back"]
CURRENCY: Final = "BDT"
"""A till holds this currency alone."""

_O: Final = till_openings.c
_C: Final = till_closes.c
_E: Final = till_entries.c
_P: Final = payments.c
_MONEY: Final = func.coalesce(_P.taken_poisha, _P.poisha)
_IS_TAKEN: Final = and_(_P.captured_at.is_not(None), _P.state.not_in([*MONEY_NOT_TAKEN]))


class TillRefused(Exception):
    """Nothing was written. ``till.toml`` has a sentence for each code, to be filled with ``fills``."""

    def __init__(self, code: str, **fills: Fill) -> None:
        """Keep the code of the reason."""
        super().__init__(code)
        self.code, self.fills = code, fills


class TillOpening(NamedTuple):
    """A session as it was opened; what moves at ``opened_at`` is the session's.

    ``till`` is an id that acts for citizens, or the first parts of several such ids; ``number`` counts from 1.
    """

    id: str
    till: str
    number: int
    gateway: str
    float_money: Money
    opened_at: datetime
    opened_by: str


class TillEntry(NamedTuple):
    """A sum that moved, in poisha; ``late`` where that was before the session was opened."""

    payment: str
    kind: EntryKind
    at: datetime
    poisha: int
    late: bool


class TillCount(NamedTuple):
    """A count, by the person who made it.

    ``pieces`` says how many there were of each note and coin, by its worth in poisha; ``None`` without such a count.
    ``second`` and ``reason`` are needed where it is another sum than was expected.
    """

    counted: Money
    by: str
    pieces: Mapping[int, int] | None = None
    second: str | None = None
    reason: str | None = None


class TillSession(NamedTuple):
    """A session; ``closed_at`` and ``close`` are ``None`` while it is open.

    ``unknown`` and ``by_hand`` count payments; the latter were to be given back by hand since the opening, which no
    gateway reports. ``waiting`` has become known since the till's last close, and the next one counts it.
    """

    opening: TillOpening
    closed_at: datetime | None
    close: TillCount | None
    entries: Sequence[TillEntry]
    unknown: int
    by_hand: int
    by_hand_poisha: int
    waiting: Sequence[TillEntry] = ()

    @property
    def late(self) -> Sequence[TillEntry]:
        """The entries that moved before the session was opened."""
        return [one for one in self.entries if one.late]

    def sum(self, kind: EntryKind) -> int:
        """What moved within the session, in poisha."""
        return sum_of([one for one in self.entries if not one.late], kind)

    @property
    def expected(self) -> int:
        """Float, and what was taken, less what was given back, in poisha; below zero where more was given back."""
        return self.opening.float_money.poisha + self.sum("taken") - self.sum("given-back")

    @property
    def difference(self) -> int | None:
        """What was counted less what was expected, in poisha; ``None`` while it is open."""
        return self.close.counted.poisha - self.expected if self.close is not None else None


def sum_of(entries: Sequence[TillEntry], kind: EntryKind) -> int:
    """The sum of the entries of a kind, in poisha."""
    return sum(one.poisha for one in entries if one.kind == kind)


def signed_money(poisha: int) -> Text:
    """An amount that may be below zero, as it is read aloud."""
    written = money_text(Money(poisha=abs(poisha)))
    return written if poisha >= 0 else Text(bn=f"−{written.bn}", en=f"−{written.en}")


def same_text(written: str) -> Text:
    """A name or an id, the same in both languages."""
    return Text(bn=written, en=written)


def open_till(
    transaction: Transaction, *, till: str, float_money: Money, by: str, gateway: str, clock: Callable[[], datetime]
) -> TillOpening:
    """Begin a session at the time of ``clock``, which is asked once no other process opens or closes a till.

    Raises:
        TillRefused: ``already-open``; ``within`` where another till takes in the same payments; ``other-gateway``;
            ``clock-back`` where the till's last session was closed later than now.
    """
    _lock(transaction)
    now = clock()
    others = select(_O.till).where(_O.centre == centre_of(till)).distinct()
    for other in sorted(transaction.connection.scalars(others)):
        if other != till and (f"{other}/".startswith(f"{till}/") or f"{till}/".startswith(f"{other}/")):
            raise TillRefused("within", till=same_text(till), other=same_text(other))
    last = _find(transaction, till)
    if last is not None:
        closed = _closed(transaction, last)
        if closed is None:
            raise TillRefused("already-open", till=same_text(till), by=same_text(last.opened_by), at=last.opened_at)
        if last.gateway != gateway:
            known, wanted = same_text(last.gateway), same_text(gateway)
            raise TillRefused("other-gateway", till=same_text(till), gateway=known, other=wanted)
        if now < closed.closed_at:
            raise TillRefused("clock-back", now=now, then=closed.closed_at)
    number = last.number + 1 if last is not None else 1
    opening = TillOpening(str(uuid4()), till, number, gateway, float_money, now, by)
    values = opening._asdict() | {"float_poisha": float_money.poisha, "centre": centre_of(till)}
    del values["float_money"]
    transaction.connection.execute(insert(till_openings).values(**values))
    transaction.record_row(till_openings, opening.id, at=now)
    return opening


def close_till(
    transaction: Transaction, till: str | None, count: TillCount, clock: Callable[[], datetime]
) -> TillSession:
    """End a till's open session for good, at the time of ``clock``; without a name, that of the only open till.

    Raises:
        TillRefused: ``never-opened``, ``none-open``, ``which-till``; ``already-closed``; ``clock-back`` where it was
            opened later than now; ``same-person``; ``unexplained-short`` and ``unexplained-over`` where the count is
            another than was expected, without a reason or a second person.
    """
    _lock(transaction)
    opening = _chosen(transaction, till)
    closed, now = _closed(transaction, opening), clock()
    if closed is not None:
        by = same_text(closed.closed_by)
        raise TillRefused("already-closed", till=same_text(opening.till), by=by, at=closed.closed_at)
    if now < opening.opened_at:
        raise TillRefused("clock-back", now=now, then=opening.opened_at)
    if count.second is not None and count.second.casefold() == count.by.casefold():
        raise TillRefused("same-person")
    session = _reckon(transaction, opening, now)._replace(closed_at=now, close=count)
    if session.difference and not (count.reason and count.second):
        raise TillRefused(
            "unexplained-over" if session.difference > 0 else "unexplained-short",
            expected=signed_money(session.expected),
            counted=count.counted,
            difference=Money(poisha=abs(session.difference)),
        )
    _write(transaction, session, count, now)
    return session


def _write(transaction: Transaction, session: TillSession, count: TillCount, now: datetime) -> None:
    values = {
        "session": session.opening.id,
        "closed_at": now,
        "closed_by": count.by,
        "second": count.second,
        "reason": count.reason,
        "counted_poisha": count.counted.poisha,
        "pieces": json.dumps(count.pieces) if count.pieces is not None else None,
        "unknown": session.unknown,
        "by_hand": session.by_hand,
        "by_hand_poisha": session.by_hand_poisha,
    }
    transaction.connection.execute(insert(till_closes).values(**values))
    transaction.record_row(till_closes, session.opening.id, at=now)
    rows = [one._asdict() | {"session": session.opening.id, "late": int(one.late)} for one in session.entries]
    if rows:
        transaction.connection.execute(insert(till_entries), rows)
    for row in rows:
        transaction.record_row(till_entries, row["payment"], row["kind"], at=now)


def _lock(transaction: Transaction) -> None:
    """Keep other processes from opening or closing a till until the transaction ends. SQLite has one writer."""
    if transaction.connection.dialect.name == "postgresql":
        transaction.connection.execute(sql_text("SELECT pg_advisory_xact_lock(hashtextextended('nagorik-till', 0))"))


def _reckon(transaction: Transaction, opening: TillOpening, until: datetime) -> TillSession:
    """A session as known at ``until``, with all that no close has counted yet."""
    execute, until = transaction.connection.execute, max(until, opening.opened_at)
    since = execute(select(func.min(_O.opened_at)).where(_O.till == opening.till)).scalar_one()
    of_till = and_(_P.gateway == opening.gateway, _P.currency == CURRENCY, _acts_within(opening.till))
    found: list[TillEntry] = []
    kinds: tuple[tuple[EntryKind, Any, Any, ColumnElement[bool]], ...] = (
        ("taken", _P.captured_at, _P.captured_known_at, _IS_TAKEN),
        ("given-back", _P.refunded_at, _P.refunded_known_at, _P.refunded_at.is_not(None)),
    )
    for kind, dated, known, has_moved in kinds:
        is_counted = exists().where(_E.payment == _P.id, _E.kind == kind)
        query = select(_P.id, dated, known, _MONEY).where(of_till, has_moved, ~is_counted)
        for payment, *instants, poisha in execute(query):
            # The host's own clock may have been set back since it learned of it.
            at = min(*instants, until)
            if at >= since:
                found.append(TillEntry(payment, kind, at, poisha, at < opening.opened_at))
    unknown = select(func.count()).where(of_till, _P.state == PaymentState.UNKNOWN)
    by_hand = _count_and_sum(
        and_(of_till, _P.state == PaymentState.REFUND_MANUAL, _P.updated_at.between(opening.opened_at, until))
    )
    number, poisha = execute(by_hand).one()
    entries = sorted(found, key=lambda one: (one.at, one.payment, one.kind))
    return TillSession(opening, None, None, entries, execute(unknown).scalar_one(), number, int(poisha))


def _count_and_sum(*wanted: ColumnElement[bool]) -> Any:
    return select(func.count(), func.coalesce(func.sum(_MONEY), 0)).where(*wanted)


def _acts_within(till: str) -> ColumnElement[bool]:
    """Whether the acting id of a payment is a till's id, or begins with all its parts."""
    centre = centre_of(till)
    if till == centre:
        return _P.centre == till
    # The centre's index finds them. No LIKE: on SQLite, it ignores case.
    return and_(_P.centre == centre, or_(_P.acting == till, func.substr(_P.acting, 1, len(till) + 1) == f"{till}/"))


def read_session(transaction: Transaction, till: str | None, number: int | None, now: datetime) -> TillSession:
    """A till's session: that of a number, or its last; without a till, that of the only one that is open.

    Raises:
        TillRefused: ``never-opened``, ``no-session``, ``none-open``, ``which-till``.
    """
    last = _chosen(transaction, till)
    opening = last if number is None else _find(transaction, last.till, number)
    if opening is None:
        raise TillRefused("no-session", till=same_text(last.till), number=number or 0, last=last.number)
    return _read(transaction, opening, now, is_last=opening.number == last.number)


def _read(transaction: Transaction, opening: TillOpening, now: datetime, *, is_last: bool) -> TillSession:
    row = _closed(transaction, opening)
    if row is None:
        return _reckon(transaction, opening, now)
    query = select(till_entries).where(_E.session == opening.id).order_by(_E.at, _E.payment, _E.kind)
    entries = [
        TillEntry(one.payment, one.kind, one.at, one.poisha, bool(one.late))
        for one in transaction.connection.execute(query)
    ]
    pieces = {int(worth): number for worth, number in json.loads(row.pieces).items()} if row.pieces else None
    count = TillCount(Money(poisha=row.counted_poisha), row.closed_by, pieces, row.second, row.reason)
    waiting = _reckon(transaction, opening, now).entries if is_last else ()
    return TillSession(opening, row.closed_at, count, entries, row.unknown, row.by_hand, row.by_hand_poisha, waiting)


def list_sessions(transaction: Transaction, till: str | None, limit: int, now: datetime) -> list[TillSession]:
    """Sessions, the last opened first, at most ``limit``; of one till, or of all."""
    query = select(till_openings).order_by(_O.opened_at.desc(), _O.id).limit(limit)
    found = transaction.connection.execute(query if till is None else query.where(_O.till == till)).all()
    return [_read(transaction, _opening(row), now, is_last=False) for row in found]


def open_tills(transaction: Transaction) -> list[TillOpening]:
    """The sessions that are open, the longest first."""
    query = select(till_openings).where(~exists().where(_C.session == _O.id)).order_by(_O.opened_at, _O.id)
    return [_opening(row) for row in transaction.connection.execute(query)]


def is_known(transaction: Transaction, till: str, gateway: str) -> bool:
    """Whether a payment through the gateway was ever begun under a till's id."""
    query = select(_P.id).where(_P.gateway == gateway, _acts_within(till)).limit(1)
    return transaction.connection.execute(query).one_or_none() is not None


def unclaimed(transaction: Transaction, gateway: str) -> tuple[int, int]:
    """How many payments since the first opening belong to no till that was open by then; their sum in poisha."""

    def is_since(instant: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(_P.captured_at >= instant, _P.captured_known_at >= instant)

    first = select(func.min(_O.opened_at)).where(_O.gateway == gateway).scalar_subquery()
    part = _O.till.concat("/")
    is_within = func.substr(_P.acting.concat("/"), 1, func.length(part)) == part
    has_till = exists().where(_O.centre == _P.centre, _O.gateway == gateway, is_within, is_since(_O.opened_at))
    query = _count_and_sum(_P.gateway == gateway, _P.currency == CURRENCY, _IS_TAKEN, is_since(first), ~has_till)
    number, poisha = transaction.connection.execute(query).one()
    return number, int(poisha)


def _chosen(transaction: Transaction, till: str | None) -> TillOpening:
    """The last session of a till, or of the only open till."""
    if till is not None:
        last = _find(transaction, till)
        if last is None:
            raise TillRefused("never-opened", till=same_text(till))
        return last
    found = open_tills(transaction)
    if not found:
        raise TillRefused("none-open")
    if len(found) > 1:
        raise TillRefused("which-till", tills=same_text(", ".join(one.till for one in found)))
    return found[0]


def _find(transaction: Transaction, till: str, number: int | None = None) -> TillOpening | None:
    """A till's session by its number, or its last."""
    query = select(till_openings).where(_O.till == till).order_by(_O.number.desc()).limit(1)
    row = transaction.connection.execute(query if number is None else query.where(_O.number == number)).one_or_none()
    return _opening(row) if row is not None else None


def _closed(transaction: Transaction, opening: TillOpening) -> Row[Any] | None:
    return transaction.connection.execute(select(till_closes).where(_C.session == opening.id)).one_or_none()


def _opening(row: Row[Any]) -> TillOpening:
    money = Money(poisha=row.float_poisha)
    return TillOpening(row.id, row.till, row.number, row.gateway, money, row.opened_at, row.opened_by)
