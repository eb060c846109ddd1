"""A cash desk's tills: sessions that are opened with a float and closed with a count, and what moved within each.

What is expected follows from the host's own payments through the cash desk's gateway. A sum belongs to the session in
whose time the gateway dates it, but never later than the host learned of it. What becomes known after the close of
that session, or moved while no session was open, is counted by the next close as late, and changes nothing of what is
expected then. Each sum is counted by one session. Rows are never changed, and the ledger has a digest of each.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text as sql_text,
)

from nagorik import Text
from nagorik.model.status import PaymentState
from nagorik.values import Money, dhaka_date, to_ascii_digits
from nagorik_counter.schema import till_closes, till_entries, till_openings
from nagorik_host.store.database import Transaction
from nagorik_host.store.projections import centre_of
from nagorik_host.store.schema import payments, shown
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN
from nagorik_toolkit.texts import Fill, money_text

EntryKind = Literal["taken", "given-back"]
CURRENCY: Final = "BDT"
"""What lies in a till; a payment in another currency is none of a till's."""

_UNPAID: Final = (PaymentState.INITIATED, PaymentState.PENDING)
_UNKNOWN: Final = (PaymentState.UNKNOWN,)
_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")


class TillRefused(Exception):
    """Nothing was written. ``till.toml`` has a sentence for each code, to be filled with ``fills``."""

    def __init__(self, code: str, **fills: Fill) -> None:
        """Say why, by a code."""
        super().__init__(code)
        self.code = code
        self.fills = fills


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
    """A sum that moved, in poisha; below zero where an entry before it said more than is so.

    ``at`` is the gateway's time, but never later than the host learned of it; ``ahead`` says that it would be. A sum
    that is ``late`` is of another time. ``before`` counts earlier entries of this payment and kind.
    """

    payment: str
    kind: EntryKind
    at: datetime
    poisha: int
    late: bool
    before: int = 0
    ahead: bool = False


class TillReckoning(NamedTuple):
    """What is expected in a till up to an instant, and what is not known.

    ``entries`` are those that no session has counted yet. ``unknown``, ``unpaid`` and ``by_hand`` count payments; the
    last were to be given back by hand since the opening, which no gateway reports.
    """

    entries: Sequence[TillEntry]
    unknown: int
    unpaid: int
    by_hand: int
    by_hand_poisha: int

    def sum(self, kind: EntryKind, *, late: bool = False) -> int:
        """What the entries of a kind come to, in poisha."""
        return sum_of(self.entries, kind, late=late)

    @property
    def ahead(self) -> int:
        """How many of its sums the gateway dates later than the host learned of them."""
        return sum(entry.ahead for entry in self.entries)


class TillClose(NamedTuple):
    """A session as it was closed; ``second`` and ``reason`` where the count is another than was expected.

    ``pieces`` says how many there were of each note and coin, by its worth in poisha; ``None`` without such a count.
    """

    closed_at: datetime
    closed_by: str
    second: str | None
    reason: str | None
    counted: Money
    pieces: Mapping[int, int] | None
    reckoning: TillReckoning


class TillSession(NamedTuple):
    """A session, open or closed; ``waiting`` has become known since the close and waits for the next session's."""

    opening: TillOpening
    close: TillClose | None
    reckoning: TillReckoning
    waiting: Sequence[TillEntry] = ()

    @property
    def expected(self) -> int:
        """Float, and what was taken, less what was given back, in poisha; below zero where more was given back."""
        reckoning = self.reckoning
        return self.opening.float_money.poisha + reckoning.sum("taken") - reckoning.sum("given-back")

    @property
    def difference(self) -> int | None:
        """What was counted less what was expected, in poisha; ``None`` while nothing was counted."""
        return self.close.counted.poisha - self.expected if self.close is not None else None


class TillCount(NamedTuple):
    """A count, by the person who made it; ``second`` looked, too, where ``reason`` says why it is another sum."""

    counted: Money
    by: str
    pieces: Mapping[int, int] | None = None
    second: str | None = None
    reason: str | None = None


class ListedSession(NamedTuple):
    """A session in a list, with its sums alone; an open one has no sums."""

    opening: TillOpening
    closed_at: datetime | None
    closed_by: str | None
    expected: int | None
    counted: int | None

    @property
    def difference(self) -> int | None:
        """What was counted less what was expected, in poisha; ``None`` while it is open."""
        return self.counted - self.expected if self.counted is not None and self.expected is not None else None


class Unclaimed(NamedTuple):
    """Cash of which no till tells."""

    number: int
    poisha: int


def sum_of(entries: Sequence[TillEntry], kind: EntryKind, *, late: bool) -> int:
    """What those of a kind come to, in poisha."""
    return sum(one.poisha for one in entries if one.kind == kind and one.late == late)


def signed_money(poisha: int) -> Text:
    """An amount that may be below zero, as it is read aloud."""
    written = money_text(Money(poisha=abs(poisha)))
    return written if poisha >= 0 else Text(bn=f"−{written.bn}", en=f"−{written.en}")


def _id(name: str) -> Text:
    return Text(bn=name, en=name)


def is_same_person(one: str, other: str) -> bool:
    """Whether two ids are the same but for case, script of digits, zeros before a number, and what is between these.

    Of an id, letters and digits alone are compared: whoever would pass as two has nothing else to write differently.
    """
    return _person(one) == _person(other)


def _person(name: str) -> str:
    plain = _ZEROS.sub("", to_ascii_digits(unicodedata.normalize("NFKC", name).casefold()))
    # A vowel sign belongs to its Bangla letter.
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LMN")


def _require_whole(**ids: str | None) -> None:
    """See that each id has a letter or a digit in each of its parts; each is named after its option."""
    for option, given in ids.items():
        if given is not None and not all(_person(part) for part in given.split("/")):
            raise TillRefused("id", option=_id(f"--{option}"))


def open_till(
    transaction: Transaction, *, till: str, float_money: Money, by: str, gateway: str, clock: Callable[[], datetime]
) -> TillOpening:
    """Begin a session at the time of ``clock``, which is asked once nobody else opens or closes a till of the centre.

    Raises:
        TillRefused: ``id`` where a part of an id is empty; ``already-open``; ``within`` where another till takes in
            the same payments; ``other-gateway``; ``clock-back`` where the till's last session was opened or closed
            later than now.
    """
    _require_whole(till=till, by=by)
    centre = centre_of(till)
    _lock(transaction, centre)
    now = clock()
    others = select(till_openings.c.till).where(till_openings.c.centre == centre).distinct()
    for other in sorted(transaction.connection.scalars(others)):
        if other != till and (_is_within(other, till) or _is_within(till, other)):
            raise TillRefused("within", till=_id(till), other=_id(other))
    last = _last(transaction, till)
    if last is not None:
        _require_over(transaction, last, gateway, now)
    opening = TillOpening(
        str(uuid4()), till, last.number + 1 if last is not None else 1, gateway, float_money, now, by
    )
    values = opening._asdict() | {"float_poisha": float_money.poisha, "centre": centre}
    del values["float_money"]
    transaction.connection.execute(insert(till_openings).values(**values))
    transaction.record_row(till_openings, opening.id, at=now)
    return opening


def _require_over(transaction: Transaction, last: TillOpening, gateway: str, now: datetime) -> None:
    """See that a till's last session is closed, and that another may follow it now."""
    closed = _closed(transaction, last.id)
    if closed is None:
        raise TillRefused("already-open", till=_id(last.till), by=_id(last.opened_by), at=last.opened_at)
    if last.gateway != gateway:
        raise TillRefused("other-gateway", till=_id(last.till), gateway=_id(last.gateway), other=_id(gateway))
    if now < closed.closed_at:
        raise TillRefused("clock-back", now=now, then=closed.closed_at)


def close_till(
    transaction: Transaction, till: str | None, count: TillCount, clock: Callable[[], datetime]
) -> TillSession:
    """End a till's open session for good, at the time of ``clock``; without a name, that of the only open till.

    Raises:
        TillRefused: ``id`` where a part of a person's id is empty; ``never-opened``, ``none-open``, ``which-till``;
            ``already-closed``, by whoever came first;
            ``clock-back`` where it was opened later than now; ``same-person``; ``reason-missing`` and
            ``second-missing`` where the count is another than was expected.
    """
    _require_whole(by=count.by, second=count.second)
    till = till if till is not None else _only_open(transaction)
    _lock(transaction, centre_of(till))
    now = clock()
    opening = _last(transaction, till)
    if opening is None:
        raise TillRefused("never-opened", till=_id(till))
    closed = _closed(transaction, opening.id)
    if closed is not None:
        raise TillRefused("already-closed", till=_id(till), by=_id(closed.closed_by), at=closed.closed_at)
    if now < opening.opened_at:
        raise TillRefused("clock-back", now=now, then=opening.opened_at)
    if count.second is not None and is_same_person(count.second, count.by):
        raise TillRefused("same-person")
    reckoning = reckon(transaction, opening, now)
    close = TillClose(now, count.by, count.second, count.reason, count.counted, count.pieces, reckoning)
    session = TillSession(opening, close, reckoning)
    if session.difference:
        _require_explained(session, count)
    _write(transaction, opening.id, close)
    return session


def _require_explained(session: TillSession, count: TillCount) -> None:
    difference = session.difference or 0
    fills: dict[str, Fill] = {
        "expected": signed_money(session.expected),
        "counted": count.counted,
        "difference": Money(poisha=abs(difference)),
    }
    if count.reason is None or count.second is None:
        what = "both" if count.reason is None and count.second is None else "reason" if count.second else "second"
        raise TillRefused(f"{what}-missing-{'over' if difference > 0 else 'short'}", **fills)


def _write(transaction: Transaction, session: str, close: TillClose) -> None:
    reckoning, at = close.reckoning, close.closed_at
    transaction.connection.execute(
        insert(till_closes).values(
            session=session,
            closed_at=at,
            closed_by=close.closed_by,
            second=close.second,
            reason=close.reason,
            taken_poisha=reckoning.sum("taken"),
            given_back_poisha=reckoning.sum("given-back"),
            counted_poisha=close.counted.poisha,
            pieces=_written_pieces(close.pieces),
            unknown=reckoning.unknown,
            unpaid=reckoning.unpaid,
            by_hand=reckoning.by_hand,
            by_hand_poisha=reckoning.by_hand_poisha,
        )
    )
    transaction.record_row(till_closes, session, at=at)
    rows = [_entry_row(entry, session) for entry in reckoning.entries]
    if rows:
        transaction.connection.execute(insert(till_entries), rows)
    for row in rows:
        transaction.record_row(till_entries, row["id"], at=at)


def _entry_row(entry: TillEntry, session: str) -> dict[str, Any]:
    return {
        "id": f"{entry.payment}/{entry.kind}/{entry.before + 1}",
        "session": session,
        "payment": entry.payment,
        "kind": entry.kind,
        "at": entry.at,
        "poisha": entry.poisha,
        "late": int(entry.late),
        "ahead": int(entry.ahead),
    }


# Reckoning


def reckon(transaction: Transaction, opening: TillOpening, until: datetime) -> TillReckoning:
    """What no session has told of yet, as known at ``until``; what moved before a till's book began is none of it."""
    until = max(until, opening.opened_at)
    since = transaction.connection.execute(
        select(func.min(till_openings.c.opened_at)).where(till_openings.c.till == opening.till)
    ).scalar_one()
    found: list[TillEntry] = []
    for row in transaction.connection.execute(_moved(opening)):
        if row.taken != row.told_taken and (row.told_taken_times or max(_taken_at(row), row.opened_at) >= since):
            found.append(_entry(row, "taken", opening, until))
        if row.back != row.told_back and (row.told_back_times or _back_at(row) >= since):
            found.append(_entry(row, "given-back", opening, until))
    entries = sorted(found, key=lambda one: (one.at, one.payment, one.kind))
    return TillReckoning(tuple(entries), *_left_open(transaction, opening, until))


def _taken_at(row: Row[Any]) -> datetime:
    at: datetime = min(row.captured_at, row.captured_known_at)
    return at


def _back_at(row: Row[Any]) -> datetime:
    at: datetime = min(row.refunded_at, row.refunded_known_at)
    return at


def _entry(row: Row[Any], kind: EntryKind, opening: TillOpening, until: datetime) -> TillEntry:
    is_taken = kind == "taken"
    so, told = (row.taken, row.told_taken) if is_taken else (row.back, row.told_back)
    poisha = int(so) - int(told)
    before = row.told_taken_times if is_taken else row.told_back_times
    if before:
        return TillEntry(row.id, kind, min(row.updated_at, until), poisha, late=True, before=before)
    dated = row.captured_at if is_taken else row.refunded_at
    # The host's own clock may have been set back since it learned of it.
    known = min(row.captured_known_at if is_taken else row.refunded_known_at, until)
    at = min(dated, known)
    return TillEntry(row.id, kind, at, poisha, late=at < opening.opened_at, ahead=dated > known)


def _of_till(opening: TillOpening) -> ColumnElement[bool]:
    """Its payments: of who acted by the till's own id, or by one that begins with all its parts."""
    p = payments.c
    return and_(p.gateway == opening.gateway, p.currency == CURRENCY, _acts_within(opening.till))


def _acts_within(till: str) -> ColumnElement[bool]:
    """Whether who acted did so by a till's id, or by one that begins with all its parts."""
    p, centre = payments.c, centre_of(till)
    if till == centre:
        return p.centre == till
    # The centre's index finds them. No LIKE: on SQLite, it takes no notice of case.
    return and_(p.centre == centre, or_(p.acting == till, func.substr(p.acting, 1, len(till) + 1) == f"{till}/"))


def _is_within(one: str, other: str) -> bool:
    """Whether an id is another, or begins with all its parts."""
    return f"{one}/".startswith(f"{other}/")


def _told(kind: EntryKind, what: ColumnElement[int]) -> ColumnElement[int]:
    e = till_entries.c
    return select(what).where(e.payment == payments.c.id, e.kind == kind).correlate(payments).scalar_subquery()


def _moved(opening: TillOpening) -> Select[Any]:
    """Payments of which more or less may have been taken or given back than sessions have told of.

    Of nearly all, one entry of each kind has told all there is, which its key shows; only the others are added up.
    """
    p, e = payments.c, till_entries.c
    whole = func.coalesce(p.taken_poisha, p.poisha)
    taken = case((and_(p.captured_at.is_not(None), p.state.not_in([*MONEY_NOT_TAKEN])), whole), else_=0)
    back = case((p.refunded_at.is_not(None), whole), else_=0)
    told = func.coalesce(func.sum(e.poisha), 0)
    return select(
        *(p.id, p.opened_at, p.captured_at, p.captured_known_at, p.refunded_at, p.refunded_known_at, p.updated_at),
        *(taken.label("taken"), back.label("back")),
        *(_told("taken", told).label("told_taken"), _told("given-back", told).label("told_back")),
        _told("taken", func.count()).label("told_taken_times"),
        _told("given-back", func.count()).label("told_back_times"),
    ).where(
        _of_till(opening),
        p.captured_at.is_not(None),
        or_(
            _may_differ("taken", taken),
            and_(p.refunded_at.is_not(None), _may_differ("given-back", back)),
        ),
    )


def _may_differ(kind: EntryKind, so: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a payment's first entry of a kind says another sum than is so, or is not its only one."""
    e = till_entries.c
    first = select(e.poisha).where(e.id == payments.c.id.concat(f"/{kind}/1")).correlate(payments).scalar_subquery()
    others = exists().where(e.id == payments.c.id.concat(f"/{kind}/2"))
    return or_(func.coalesce(first, 0) != so, others)


def _left_open(transaction: Transaction, opening: TillOpening, until: datetime) -> tuple[int, int, int, int]:
    """Payments that are unknown, that are unpaid, and what is to be given back by hand, with its sum."""
    p = payments.c
    by_state = select(p.state, func.count()).where(_of_till(opening), p.state.in_([*_UNKNOWN, *_UNPAID]))
    numbers = {row.state: row[1] for row in transaction.connection.execute(by_state.group_by(p.state))}
    by_hand = select(func.count(), func.coalesce(func.sum(func.coalesce(p.taken_poisha, p.poisha)), 0)).where(
        _of_till(opening),
        p.state == PaymentState.REFUND_MANUAL,
        p.updated_at >= opening.opened_at,
        p.updated_at < until,
    )
    number, poisha = transaction.connection.execute(by_hand).one()
    unknown, unpaid = (sum(numbers.get(state, 0) for state in states) for states in (_UNKNOWN, _UNPAID))
    return unknown, unpaid, number, int(poisha)


# Reading


def read_session(transaction: Transaction, till: str | None, number: int | None, now: datetime) -> TillSession:
    """A till's session: that of a number, or its last; without a till, that of the only one that is open.

    Raises:
        TillRefused: ``never-opened``, ``no-session``, ``none-open``, ``which-till``.
    """
    till = till if till is not None else _only_open(transaction)
    last = _last(transaction, till)
    if last is None:
        raise TillRefused("never-opened", till=_id(till))
    opening = last if number is None else _numbered(transaction, till, number)
    if opening is None:
        raise TillRefused("no-session", till=_id(till), number=number or 0, last=last.number)
    row = _closed(transaction, opening.id)
    if row is None:
        return TillSession(opening, None, reckon(transaction, opening, now))
    reckoning = _told_by(transaction, row)
    close = TillClose(
        row.closed_at,
        row.closed_by,
        row.second,
        row.reason,
        Money(poisha=row.counted_poisha),
        read_pieces(row.pieces),
        reckoning,
    )
    # Of the last session of all: what is known now and waits for the next one's close.
    waiting = reckon(transaction, opening, now).entries if opening.number == last.number else ()
    return TillSession(opening, close, reckoning, tuple(one._replace(late=True) for one in waiting))


def _told_by(transaction: Transaction, close: Row[Any]) -> TillReckoning:
    e = till_entries.c
    query = select(till_entries).where(e.session == close.session).order_by(e.at, e.payment, e.kind)
    rows = transaction.connection.execute(query)
    entries = tuple(
        TillEntry(
            *(row.payment, row.kind, row.at, row.poisha, bool(row.late)),
            before=int(row.id.rpartition("/")[2]) - 1,
            ahead=bool(row.ahead),
        )
        for row in rows
    )
    return TillReckoning(entries, close.unknown, close.unpaid, close.by_hand, close.by_hand_poisha)


def belongs_to(transaction: Transaction, till: str, entry: TillEntry) -> int | None:
    """The number of the session in whose time a late sum moved, or whose entry it corrects; ``None`` for none."""
    o, c = till_openings.c, till_closes.c
    within = select(o.number).where(o.till == till)
    if entry.before:
        first = f"{entry.payment}/{entry.kind}/1"
        query = within.join(till_entries, till_entries.c.session == o.id).where(till_entries.c.id == first)
    else:
        query = within.join(till_closes, c.session == o.id).where(o.opened_at <= entry.at, c.closed_at > entry.at)
    found: int | None = transaction.connection.scalar(query)
    return found


def list_sessions(transaction: Transaction, till: str | None, limit: int) -> list[ListedSession]:
    """Sessions, the last opened first, at most ``limit``; of one till, or of all."""
    c = till_closes.c
    query = (
        select(till_openings, c.closed_at, c.closed_by, c.taken_poisha, c.given_back_poisha, c.counted_poisha)
        .outerjoin(till_closes, c.session == till_openings.c.id)
        .order_by(till_openings.c.opened_at.desc(), till_openings.c.id)
        .limit(limit)
    )
    found = transaction.connection.execute(query if till is None else query.where(till_openings.c.till == till))
    return [_listed(row) for row in found]


def _listed(row: Row[Any]) -> ListedSession:
    is_closed = row.closed_at is not None
    expected = row.float_poisha + row.taken_poisha - row.given_back_poisha if is_closed else None
    return ListedSession(_opening(row), row.closed_at, row.closed_by, expected, row.counted_poisha)


class OpenTill(NamedTuple):
    """A till that is open, since when, and by whom; whoever changed the database may have put anything there."""

    till: str
    opened_at: datetime
    opened_by: str


def open_tills(transaction: Transaction) -> list[OpenTill]:
    """The tills that are open, the longest first."""
    o = till_openings.c
    is_closed = exists().where(till_closes.c.session == o.id)
    query = select(o.till, o.opened_at, o.opened_by).where(~is_closed).order_by(o.opened_at, o.id)
    return [OpenTill(shown(row[0]), row[1], shown(row[2])) for row in transaction.connection.execute(query)]


def left_open_overnight(transaction: Transaction, now: datetime) -> list[OpenTill]:
    """The open tills that were opened on an earlier day in Dhaka."""
    return [one for one in open_tills(transaction) if dhaka_date(one.opened_at) < dhaka_date(now)]


def last_close(transaction: Transaction, opening: TillOpening) -> TillClose | None:
    """The close of the session before one; ``None`` where it is the till's first."""
    if opening.number == 1:
        return None
    return read_session(transaction, opening.till, opening.number - 1, opening.opened_at).close


def is_known(transaction: Transaction, till: str, gateway: str) -> bool:
    """Whether a payment through the gateway was ever begun by who acts under a till's id."""
    p = payments.c
    query = select(p.id).where(p.gateway == gateway, _acts_within(till)).limit(1)
    return transaction.connection.execute(query).one_or_none() is not None


def unclaimed(transaction: Transaction, gateway: str) -> Unclaimed:
    """Cash of which no till tells, taken since the first till was opened.

    Nobody acted, or who did had no till then: a till that was opened later tells of nothing before it.
    """
    p, o = payments.c, till_openings.c
    first = transaction.connection.scalar(select(func.min(o.opened_at)).where(o.gateway == gateway))
    if first is None:
        return Unclaimed(0, 0)
    parts = o.till.concat("/")
    is_within = func.substr(p.acting.concat("/"), 1, func.length(parts)) == parts
    has_till = exists().where(o.centre == p.centre, o.gateway == gateway, is_within, _is_taken_since(o.opened_at))
    query = select(func.count(), func.coalesce(func.sum(func.coalesce(p.taken_poisha, p.poisha)), 0)).where(
        p.gateway == gateway,
        p.currency == CURRENCY,
        p.captured_at.is_not(None),
        p.state.not_in([*MONEY_NOT_TAKEN]),
        _is_taken_since(literal(first, o.opened_at.type)),
        ~has_till,
    )
    number, poisha = transaction.connection.execute(query).one()
    return Unclaimed(number, int(poisha))


def _is_taken_since(instant: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a payment's money is of a book that begins at an instant, as ``reckon`` has it."""
    p = payments.c
    return or_(and_(p.captured_at >= instant, p.captured_known_at >= instant), p.opened_at >= instant)


def _only_open(transaction: Transaction) -> str:
    found = open_tills(transaction)
    if not found:
        raise TillRefused("none-open")
    if len(found) > 1:
        named = ", ".join(one.till for one in found[:_NAMED])
        raise TillRefused("which-till", tills=_id(named if len(found) <= _NAMED else f"{named}, …"))
    return found[0].till


_NAMED: Final = 5
"""Tills that are named where one is to be chosen."""


def _last(transaction: Transaction, till: str) -> TillOpening | None:
    query = select(till_openings).where(till_openings.c.till == till).order_by(till_openings.c.number.desc()).limit(1)
    row = transaction.connection.execute(query).one_or_none()
    return _opening(row) if row is not None else None


def _numbered(transaction: Transaction, till: str, number: int) -> TillOpening | None:
    query = select(till_openings).where(till_openings.c.till == till, till_openings.c.number == number)
    row = transaction.connection.execute(query).one_or_none()
    return _opening(row) if row is not None else None


def _closed(transaction: Transaction, session: str) -> Row[Any] | None:
    return transaction.connection.execute(select(till_closes).where(till_closes.c.session == session)).one_or_none()


def _opening(row: Row[Any]) -> TillOpening:
    money = Money(poisha=row.float_poisha)
    return TillOpening(row.id, row.till, row.number, row.gateway, money, row.opened_at, row.opened_by)


def _lock(transaction: Transaction, centre: str) -> None:
    """Nobody else opens or closes a till of this centre until the transaction ends; on SQLite nobody else writes."""
    if transaction.connection.dialect.name == "postgresql":
        query = sql_text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
        transaction.connection.execute(query, {"name": f"nagorik-till/{centre}"})


def _written_pieces(pieces: Mapping[int, int] | None) -> str | None:
    if pieces is None:
        return None
    return json.dumps({str(worth): pieces[worth] for worth in sorted(pieces, reverse=True)}, separators=(",", ":"))


def read_pieces(written: str | None) -> dict[int, int] | None:
    """How many there were of each note and coin, as a close keeps it."""
    if written is None:
        return None
    return {int(worth): number for worth, number in json.loads(written).items()}
