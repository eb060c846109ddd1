"""A till's sessions: what is expected follows from the payments, and each sum is told by one session and no other."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import Connection, delete, insert, make_url, select, update

from nagorik.values import Money
from nagorik_counter.schema import metadata as counter_metadata, till_closes, till_entries, till_openings
from nagorik_counter.tills import (
    TillCount,
    TillRefused,
    close_till,
    is_known,
    list_sessions,
    open_till,
    read_session,
    sum_of,
    unclaimed,
)
from nagorik_host.extensions import finding_text
from nagorik_host.store.audit import verify_ledger
from nagorik_host.store.database import Transaction
from nagorik_host.store.projections import centre_of
from nagorik_host.store.schema import applications, metadata, payments
from nagorik_host.store.sqlite import engine_of

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TILL = "centre-0042/operator-7"
GATEWAY = "cashdesk.counter"
MINUTE = timedelta(minutes=1)
APPLICATION = {
    "id": "application",
    "service": "office.permit",
    "plugin": "office",
    "plugin_version": "office 1.0",
    "client_reference": "reference",
    "state": "in_review",
    "opened_at": NOW,
    "updated_at": NOW,
    "target_plugin": "office",
    "revision": 1,
    "entries": 0,
    "chain": b"",
    "progress": b"",
}


def payment_row(identity: str, *, acting: str | None = TILL, poisha: int = 34_500, **values: Any) -> dict[str, Any]:
    captured_at = values.get("captured_at", NOW)
    return {
        "id": identity,
        "application": "application",
        "gateway": GATEWAY,
        "stage": "application",
        "quote": "quote",
        "state": "captured",
        "poisha": poisha,
        "currency": "BDT",
        "taken_poisha": None,
        "opened_at": NOW,
        "captured_at": NOW,
        "captured_known_at": captured_at,
        "refunded_at": None,
        "refunded_known_at": values.get("refunded_at"),
        "updated_at": NOW,
        "acting": acting,
        "centre": centre_of(acting) if acting is not None else None,
        **values,
    }


async def put(database, *rows: dict[str, Any]) -> None:
    def write(transaction):
        if transaction.connection.execute(select(applications.c.id)).first() is None:
            transaction.connection.execute(insert(applications).values(**APPLICATION))
        for row in rows:
            transaction.connection.execute(insert(payments).values(**row))

    await database.run(write)


async def change(database, identity: str, **values: Any) -> None:
    query = update(payments).where(payments.c.id == identity).values(**values)
    await database.run(lambda transaction: transaction.connection.execute(query))


async def opened(database, at: datetime = NOW, *, till: str = TILL, taka: int = 0):
    do = partial(open_till, till=till, float_money=Money.taka(taka), by=TILL, gateway=GATEWAY)
    return await database.run(partial(do, clock=lambda: at))


async def closed(database, at: datetime, taka: int, *, till: str | None = TILL, explained: bool = False):
    reason, second = ("Torn note", "centre-0042/manager-1") if explained else (None, None)
    count = TillCount(Money.taka(taka), TILL, reason=reason, second=second)
    return await database.run(partial(close_till, till=till, count=count, clock=lambda: at))


async def refusal_of(doing) -> str:
    with pytest.raises(TillRefused) as refused:
        await doing
    return refused.value.code


async def test_what_moves_between_opening_and_close_is_expected_and_nothing_else(database):
    await opened(database, taka=100)
    end = NOW + 10 * MINUTE
    await put(
        database,
        payment_row("at-the-opening"),
        payment_row("before-the-close", captured_at=end - timedelta(microseconds=1)),
        payment_row("of-another", acting="centre-0042/operator-8"),
        payment_row("of-a-longer-name", acting=f"{TILL}0"),
        payment_row("of-nobody", acting=None),
        payment_row("by-another-gateway", gateway="bkash.wallet"),
        payment_row("never-taken", state="pending", captured_at=None),
        payment_row("given-back", poisha=20_000, refunded_at=NOW + MINUTE, state="refunded"),
        payment_row("other-amount", taken_poisha=30_000, state="under_investigation"),
    )
    session = await closed(database, end, 100 + 345 + 345 + 300)
    told = sorted((entry.payment, entry.kind) for entry in session.entries)
    assert told == [
        ("at-the-opening", "taken"),
        ("before-the-close", "taken"),
        ("given-back", "given-back"),
        ("given-back", "taken"),
        ("other-amount", "taken"),
    ]
    assert (session.difference, session.expected) == (0, 109_000)
    following = await opened(database, end)
    await put(database, payment_row("at-the-close", captured_at=end))
    assert following.number == 2
    assert (await closed(database, end + MINUTE, 345)).expected == 34_500


async def test_news_that_come_late_are_told_by_the_next_session_and_change_nothing_of_what_it_expects(database):
    await opened(database)
    await put(database, payment_row("late", state="unknown", captured_at=None), payment_row("back"))
    first = await closed(database, NOW + MINUTE, 345)
    assert (first.unknown, first.difference) == (1, 0)
    learned = NOW + 3 * MINUTE
    await change(database, "late", state="captured", captured_at=NOW + MINUTE / 2, captured_known_at=learned)
    await change(database, "back", state="refunded", refunded_at=NOW + MINUTE / 3, refunded_known_at=learned)
    between = payment_row("between", captured_at=NOW + 2 * MINUTE, poisha=100)
    await put(database, between)
    waiting = (await database.run(lambda t: read_session(t, TILL, None, learned))).waiting
    assert [(one.payment, one.kind) for one in waiting] == [
        ("back", "given-back"),
        ("late", "taken"),
        ("between", "taken"),
    ]
    await opened(database, learned, taka=10)
    second = await closed(database, learned + MINUTE, 10)
    assert [one.payment for one in second.entries] == ["back", "late", "between"]
    assert (second.expected, sum_of(second.late, "taken")) == (1000, 34_600)
    await opened(database, learned + MINUTE)
    assert (await closed(database, learned + 2 * MINUTE, 0)).entries == []


async def test_money_that_a_gateway_dates_ahead_counts_when_the_host_learned_of_it(database):
    ahead = timedelta(hours=5)
    await opened(database)
    await put(
        database,
        payment_row("ahead", poisha=115_000, captured_at=NOW + ahead, captured_known_at=NOW + MINUTE),
        payment_row("back", refunded_at=NOW + ahead, refunded_known_at=NOW + MINUTE),
        # The host's own clock was set back since.
        payment_row("later", poisha=100, captured_at=NOW + ahead, captured_known_at=NOW + 3 * MINUTE),
    )
    session = await closed(database, NOW + 2 * MINUTE, 1151)
    counted = [(one.payment, one.kind, one.at, one.late) for one in session.entries]
    assert counted == [
        ("back", "taken", NOW, False),
        ("ahead", "taken", NOW + MINUTE, False),
        ("back", "given-back", NOW + MINUTE, False),
        ("later", "taken", NOW + 2 * MINUTE, False),
    ]
    kept = await database.run(lambda t: read_session(t, TILL, None, NOW + 2 * MINUTE))
    assert (kept.entries, kept.waiting) == (session.entries, [])


async def test_book_of_a_till_begins_with_its_first_opening(database):
    await put(database, payment_row("long-ago", opened_at=NOW - 2 * MINUTE, captured_at=NOW - MINUTE))
    await opened(database)
    session = await closed(database, NOW + MINUTE, 0)
    assert session.entries == []


async def test_a_till_of_a_centre_takes_in_all_who_act_there(database):
    await opened(database, till="centre-0042")
    await put(
        database,
        payment_row("one"),
        payment_row("two", acting="centre-0042/operator-8"),
        payment_row("another", acting="centre-00421/operator-7"),
    )
    assert await refusal_of(opened(database, NOW + MINUTE)) == "within"
    await opened(database, till="centre-00421/operator-7")
    assert await refusal_of(opened(database, till="centre-00421")) == "within"
    assert await refusal_of(closed(database, NOW + MINUTE, 690, till=None)) == "which-till"
    assert (await closed(database, NOW + MINUTE, 690, till="centre-0042")).difference == 0
    assert (await closed(database, NOW + MINUTE, 345, till=None)).opening.till == "centre-00421/operator-7"
    assert await refusal_of(closed(database, NOW + MINUTE, 0, till=None)) == "none-open"
    assert await database.run(lambda t: unclaimed(t, GATEWAY)) == (0, 0)
    await put(database, payment_row("of-nobody", acting=None), payment_row("no-till", acting="centre-7/a"))
    assert await database.run(lambda t: unclaimed(t, GATEWAY)) == (2, 69_000)


async def test_a_till_is_any_first_parts_of_an_id(database):
    desk = "centre-0042/desk-1"
    await opened(database, till=desk)
    await opened(database, till="centre-0042/desk-10")
    for other in ("centre-0042", f"{desk}/operator-3", f"{desk}/operator-3/x"):
        assert await refusal_of(opened(database, till=other)) == "within"
    assert not await database.run(lambda t: is_known(t, desk, GATEWAY))
    await put(
        database,
        payment_row("deep", acting=f"{desk}/operator-3/x"),
        payment_row("part", acting=f"{desk}/operator-3"),
        payment_row("whole", acting=desk),
        payment_row("longer-name", acting=f"{desk}1/operator-3"),
        payment_row("other-case", acting="centre-0042/Desk-1/operator-3"),
        payment_row("its-centre", acting="centre-0042"),
    )
    assert await database.run(lambda t: is_known(t, desk, GATEWAY))
    session = await closed(database, NOW + MINUTE, 3 * 345, till=desk)
    assert [one.payment for one in session.entries] == ["deep", "part", "whole"]
    assert await database.run(lambda t: unclaimed(t, GATEWAY)) == (3, 103_500)


async def test_what_nobody_had_claimed_before_a_till_was_opened_stays_unclaimed(database):
    await opened(database)
    others = (payment_row(f"payment-{number}", acting="centre-0042/operator-11") for number in range(3))
    await put(database, *others)
    assert await database.run(lambda t: unclaimed(t, GATEWAY)) == (3, 103_500)
    await opened(database, NOW + MINUTE, till="centre-0042/operator-11")
    await put(
        database,
        payment_row("at-its-opening", acting="centre-0042/operator-11", captured_at=NOW + MINUTE),
    )
    assert await database.run(lambda t: unclaimed(t, GATEWAY)) == (3, 103_500)
    session = await closed(database, NOW + 2 * MINUTE, 345, till="centre-0042/operator-11")
    assert (session.expected, session.late) == (34_500, [])
    assert await database.run(lambda t: unclaimed(t, GATEWAY)) == (3, 103_500)


async def test_a_till_has_one_open_session_and_none_is_closed_twice(database):
    assert await refusal_of(closed(database, NOW, 0)) == "never-opened"
    await opened(database)
    assert await refusal_of(opened(database, NOW + MINUTE)) == "already-open"
    await closed(database, NOW + MINUTE, 0)
    assert await refusal_of(closed(database, NOW + 2 * MINUTE, 0)) == "already-closed"
    assert await refusal_of(database.run(lambda t: read_session(t, TILL, 2, NOW))) == "no-session"


async def test_of_two_closes_at_once_one_wins_and_the_other_is_told_who(database):
    await opened(database)
    await put(database, *(payment_row(f"payment-{number}") for number in range(5)))
    both = await asyncio.gather(*(closed(database, NOW + MINUTE, 5 * 345) for _ in range(2)), return_exceptions=True)
    won, lost = sorted(both, key=lambda one: isinstance(one, TillRefused))
    assert (won.difference, lost.code, lost.fills["by"].en) == (0, "already-closed", TILL)
    entries = await database.run(lambda t: t.connection.scalars(select(till_entries.c.payment)).all())
    assert sorted(entries) == [f"payment-{number}" for number in range(5)]


async def test_of_two_openings_at_once_one_wins(database):
    both = await asyncio.gather(
        opened(database), opened(database), opened(database, till="centre-0042"), return_exceptions=True
    )
    won, *lost = sorted(both, key=lambda one: isinstance(one, TillRefused))
    assert won.number == 1
    assert {one.code for one in lost} <= {"already-open", "within"}
    assert len(await database.run(lambda t: t.connection.scalars(select(till_openings.c.id)).all())) == 1


async def test_a_clock_that_was_set_back_closes_and_opens_nothing(database):
    await opened(database)
    assert await refusal_of(closed(database, NOW - MINUTE, 0)) == "clock-back"
    await closed(database, NOW + MINUTE, 0)
    assert await refusal_of(opened(database, NOW)) == "clock-back"
    assert (await opened(database, NOW + MINUTE)).number == 2


async def test_a_difference_has_a_reason_and_a_second_person(database):
    await opened(database, taka=100)

    async def close(taka: int, reason: str | None, second: str | None):
        count = TillCount(Money.taka(taka), TILL, reason=reason, second=second)
        return await database.run(partial(close_till, till=TILL, count=count, clock=lambda: NOW + MINUTE))

    assert await refusal_of(close(90, None, None)) == "unexplained-short"
    assert await refusal_of(close(90, None, "centre-0042/manager-1")) == "unexplained-short"
    assert await refusal_of(close(110, "Found", None)) == "unexplained-over"
    assert await refusal_of(close(90, "Torn", "Centre-0042/Operator-7")) == "same-person"
    assert await refusal_of(close(100, None, TILL)) == "same-person"
    assert await database.run(lambda t: list(t.connection.execute(select(till_closes)))) == []
    session = await close(90, "Torn", "centre-0042/manager-1")
    assert (session.difference, session.close.reason) == (-1000, "Torn")


async def test_what_is_to_be_given_back_by_hand_is_told_and_not_expected(database):
    await opened(database)
    await put(database, payment_row("by-hand", state="refund_manual", updated_at=NOW + MINUTE / 2))
    session = await closed(database, NOW + MINUTE, 345)
    assert (session.by_hand, session.by_hand_poisha, session.difference) == (1, 34_500, 0)


async def test_sessions_are_listed_with_their_sums_the_last_opened_first(database):
    await opened(database, taka=100)
    await put(database, payment_row("one"))
    await closed(database, NOW + MINUTE, 400, explained=True)
    await opened(database, NOW + MINUTE)
    listed = await database.run(lambda t: list_sessions(t, TILL, 10, NOW))
    assert [(one.opening.number, one.expected, one.difference) for one in listed] == [
        (2, 0, None),
        (1, 44_500, -4_500),
    ]
    assert await database.run(lambda t: list_sessions(t, "centre-1", 10, NOW)) == []


# Any order of events


class Told(NamedTuple):
    """What a session told of, as a plain recount has it."""

    payment: str
    kind: str
    poisha: int
    late: bool


@dataclass
class Cash:
    """A payment as the gateway's own book has it, and as far as the host has learned of it."""

    id: str
    till: str | None
    opened_at: datetime
    poisha: int
    captured_at: datetime | None = None
    refunded_at: datetime | None = None
    known_at: dict[str, datetime] = field(default_factory=dict)
    learned: int = 0

    def at(self, kind: str) -> datetime | None:
        """When it moved, as far as a gateway's clock can be believed."""
        dated = self.captured_at if kind == "taken" else self.refunded_at
        return min(dated, self.known_at[kind]) if dated is not None else None


@dataclass
class Book:
    """A till's sessions as a plain recount has them."""

    first: datetime | None = None
    since: datetime | None = None
    float_poisha: int = 0
    last: datetime | None = None
    closed: int = 0
    told: list[Told] = field(default_factory=list)


TILLS = ("centre-1/a", "centre-2")
ACTING = ("centre-1/a", "centre-1/a", "centre-2/a", "centre-2/b", "centre-1/b", "centre-1/a/x", None)
NOTHING = TillCount(Money(poisha=0), "x")
CLOCKS = st.sampled_from([*[timedelta(0)] * 5, timedelta(seconds=-3), timedelta(seconds=2), None, None])
"""How wrong a clock is; ``None`` where it shows the very instant at which the last sum moved."""
SELDOM = st.sampled_from([False] * 7 + [True])
KINDS = ("taken", "given-back")


@cache
def in_memory() -> Connection:
    """A database of this process alone, with tables; with no pool, it is its one connection's."""
    connection = engine_of(make_url("sqlite://")).connect()
    with connection.begin():
        metadata.create_all(connection)
        counter_metadata.create_all(connection)
        connection.execute(insert(applications).values(**APPLICATION))
    return connection


class TillMachine(RuleBasedStateMachine):
    """Payments are begun, taken, given back and found out late, while tills are opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.order = NOW, 0
        self.cash: list[Cash] = []
        self.books = {till: Book() for till in TILLS}
        self.kept: dict[str, list[Any]] = {}

    @initialize()
    def begin(self) -> None:
        self.connection = in_memory()
        with self.connection.begin():
            for table in (till_entries, till_closes, till_openings, payments):
                self.connection.execute(delete(table))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.connection.begin():
            yield Transaction(self.connection)

    def learn(self, cash: Cash, state: str) -> None:
        self.order += 1
        cash.learned = self.order
        for kind, dated in zip(KINDS, (cash.captured_at, cash.refunded_at), strict=True):
            if dated is not None:
                cash.known_at.setdefault(kind, self.now)
        query = update(payments).where(payments.c.id == cash.id)
        with self.transaction() as transaction:
            transaction.connection.execute(
                query.values(
                    state=state,
                    captured_at=cash.captured_at,
                    captured_known_at=cash.known_at.get("taken"),
                    refunded_at=cash.refunded_at,
                    refunded_known_at=cash.known_at.get("given-back"),
                    updated_at=self.now,
                )
            )

    @rule(seed=st.integers(0, 2**32), events=st.integers(5, 16))
    def counter_is_busy(self, seed: int, events: int) -> None:
        """Payments are begun and paid, and things are learned of those before, at once or late."""
        rng = Random(seed)  # noqa: S311 - drawn by hypothesis
        for _ in range(events):
            self.now += timedelta(seconds=rng.randrange(3))
            if not self.cash or not rng.randrange(3):
                self.begin_payment(rng.choice(ACTING), rng.randint(1, 9))
            else:
                self.learn_of(rng.choice(self.cash[-6:]), rng)

    def begin_payment(self, acting: str | None, poisha: int) -> None:
        till = next((till for till in TILLS if f"{acting}/".startswith(f"{till}/")), None)
        cash = Cash(str(UUID(int=len(self.cash))), till, self.now, poisha)
        self.cash.append(cash)
        row = payment_row(cash.id, acting=acting, poisha=poisha, state="pending", captured_at=None)
        with self.transaction() as transaction:
            transaction.connection.execute(
                insert(payments).values(**row | {"opened_at": self.now, "updated_at": self.now})
            )

    def learn_of(self, cash: Cash, rng: Random) -> None:
        """It is learned that money was taken, or given back."""
        at = self.now - timedelta(seconds=rng.choice((0, 0, 1, 2, 5, -4)))
        if cash.captured_at is None:
            cash.captured_at = max(cash.opened_at - timedelta(seconds=rng.randrange(2)), at)
            self.learn(cash, "captured")
        elif cash.refunded_at is None and rng.randrange(2):
            cash.refunded_at = max(cash.captured_at, at)
            self.learn(cash, "refunded")

    @rule(
        till=st.sampled_from(TILLS),
        poisha=st.integers(0, 9),
        off=st.integers(-2, 2),
        seconds=st.integers(0, 2),
        clock=CLOCKS,
        killed=SELDOM,
    )
    def till_is_opened_or_closed(
        self, till: str, poisha: int, off: int, seconds: int, clock: timedelta | None, *, killed: bool
    ) -> None:
        """What is open is closed, and the other way round, now or by a clock that is wrong."""
        self.now += timedelta(seconds=seconds)
        moved = [at for cash in self.cash for at in map(cash.at, KINDS) if at is not None]
        book, at = self.books[till], max(moved, default=self.now) if clock is None else self.now + clock
        if book.since is None:
            self.open(till, poisha, at)
        elif at < book.since:
            self.refused("clock-back", partial(close_till, till=till, count=NOTHING, clock=lambda: at))
        else:
            self.close(till, off, at, killed=killed)
        self.nothing_is_told_twice_and_nothing_is_left_out()
        self.what_is_written_is_never_changed()
        self.taken_late_waiting_and_unclaimed_are_all_cash()

    def refused(self, code: str, doing: Callable[[Transaction], object]) -> None:
        with self.transaction() as transaction, pytest.raises(TillRefused) as refused:
            doing(transaction)
        assert refused.value.code == code

    def open(self, till: str, poisha: int, at: datetime) -> None:
        book = self.books[till]
        opening = partial(open_till, till=till, float_money=Money(poisha=poisha), by=till, gateway=GATEWAY)
        if book.last is not None and at < book.last:
            self.refused("clock-back", partial(opening, clock=lambda: at))
            return
        with self.transaction() as transaction:
            opening(transaction, clock=lambda: at)
        book.first, book.since, book.float_poisha = book.first or at, at, poisha

    def close(self, till: str, off: int, at: datetime, *, killed: bool) -> None:
        book, (told, expected) = self.books[till], self.recount(till, at)
        counted = max(0, expected + off)
        why, who = ("why", "y") if counted != expected else (None, None)
        count = TillCount(Money(poisha=counted), "x", second=who, reason=why)
        if killed:
            with pytest.raises(KeyboardInterrupt), self.transaction() as transaction:
                self.close_and_be_killed(partial(close_till, transaction, till, count, lambda: at))
            return
        with self.transaction() as transaction:
            session = close_till(transaction, till, count, lambda: at)
        entries = [Told(one.payment, one.kind, one.poisha, one.late) for one in session.entries]
        assert sorted(entries) == sorted(told)
        assert (session.expected, session.difference) == (expected, counted - expected)
        book.told += told
        book.since, book.last, book.closed = None, at, self.order

    @staticmethod
    def close_and_be_killed(close: Callable[[], object]) -> None:
        close()
        raise KeyboardInterrupt

    def recount(self, till: str, until: datetime) -> tuple[list[Told], int]:
        """What a session has to tell of, payment by payment, and what is expected."""
        book, told = self.books[till], list[Told]()
        assert book.since is not None
        assert book.first is not None
        expected = book.float_poisha
        for cash in self.cash:
            if cash.till != till:
                continue
            for kind, sign in zip(KINDS, (1, -1), strict=True):
                at = cash.at(kind)
                if at is None or at < book.first or (cash.id, kind) in {(one.payment, one.kind) for one in book.told}:
                    continue
                late = min(at, until) < book.since
                told.append(Told(cash.id, kind, cash.poisha, late))
                expected += 0 if late else sign * cash.poisha
        return told, expected

    def nothing_is_told_twice_and_nothing_is_left_out(self) -> None:
        with self.transaction() as transaction:
            rows = transaction.connection.execute(select(till_entries)).all()
        for cash in self.cash:
            book = self.books.get(cash.till or "")
            for kind in KINDS:
                told = [row for row in rows if (row.payment, row.kind) == (cash.id, kind)]
                if book is None:
                    assert told == []
                    continue
                assert sum(row.poisha for row in told) in {0, cash.poisha}
                at = cash.at(kind)
                if book.last is None or book.first is None or at is None or cash.learned > book.closed:
                    continue
                # Known before the last close, and of the till's time: counted.
                if at >= book.first:
                    assert sum(row.poisha for row in told) == cash.poisha

    def taken_late_waiting_and_unclaimed_are_all_cash(self) -> None:
        """All that was taken since the first till of all was opened is counted, waits, or is unclaimed."""
        tills = [till for till, book in self.books.items() if book.first is not None]
        with self.transaction() as transaction:
            last = [read_session(transaction, till, None, self.now) for till in tills]
            _, left = unclaimed(transaction, GATEWAY)
            told = transaction.connection.execute(select(till_entries).where(till_entries.c.kind == "taken")).all()
        now = [one for session in last if session.close is None for one in session.entries]
        waiting = [one for session in last for one in session.waiting]
        figures = [
            sum(one.poisha for one in told) + sum_of(now, "taken"),
            sum_of(waiting, "taken"),
            left,
        ]
        first = min((book.first for book in self.books.values() if book.first is not None), default=None)
        taken = [(cash.poisha, cash.at("taken")) for cash in self.cash]
        since = [poisha for poisha, at in taken if at is not None and first and at >= first]
        assert sum(figures) == sum(since), figures

    def what_is_written_is_never_changed(self) -> None:
        with self.transaction() as transaction:
            for table in (till_openings, till_closes, till_entries):
                rows = [tuple(row) for row in transaction.connection.execute(select(table))]
                assert rows[: len(self.kept.get(table.name, []))] == self.kept.get(table.name, []), table.name
                self.kept[table.name] = rows


TestAnyOrderOfEvents = TillMachine.TestCase
TestAnyOrderOfEvents.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


async def codes_of(database, vault) -> set[str]:
    return {one.code async for page in verify_ledger(database, vault) for one in page.findings}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE counter_openings SET float_poisha = float_poisha + 1", "counter-openings-differ"),
        (
            "INSERT INTO counter_openings VALUES ('made-up', 'centre-1', 'centre-1', 'desk', 'centre-1', 1, 0, 1)",
            "counter-openings-differ",
        ),
        ("UPDATE counter_closes SET counted_poisha = counted_poisha + 1", "counter-closes-differ"),
        ("UPDATE counter_closes SET reason = 'none'", "counter-closes-differ"),
        ("UPDATE counter_entries SET late = 1 - late", "counter-entries-differ"),
        ("DELETE FROM counter_entries", "counter-entries-differ"),
    ],
)
async def test_row_that_is_not_as_it_was_written_is_found(database, vault, statement, code):
    opened = partial(open_till, till=TILL, float_money=Money.taka(500), by=TILL, gateway=GATEWAY)
    await database.run(partial(opened, clock=lambda: NOW))
    await put(database, payment_row("taken"))
    count = TillCount(Money.taka(10), TILL, second="centre-0042/manager-1", reason="The bag was not yet there.")
    await database.run(partial(close_till, till=TILL, count=count, clock=lambda: NOW + MINUTE))
    assert await codes_of(database, vault) == set()
    await database.run(lambda transaction: transaction.connection.exec_driver_sql(statement).rowcount)
    assert await codes_of(database, vault) == {code}
    assert finding_text(code) is not None
