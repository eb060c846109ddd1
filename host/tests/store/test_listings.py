"""Lists are whole, in one order and read off indexes, whatever is asked for."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event, insert, update

from nagorik.values import dhaka_date
from nagorik_host.store import open_database
from nagorik_host.store.changes import list_changes
from nagorik_host.store.database import Transaction
from nagorik_host.store.listings import (
    ApplicationFilter,
    PageCursor,
    PaymentFilter,
    PlaceInvalid,
    list_applications,
    list_payments,
)
from nagorik_host.store.overview import (
    count_blocked,
    count_overdue,
    count_unread,
    read_agencies,
    read_workers,
)
from nagorik_host.store.payment_cases import count_payment_cases, list_payment_cases, payments_around
from nagorik_host.store.schema import agencies, applications, inbox, payments, workers

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rows(number: int) -> list[dict]:
    draw = random.Random(7)  # noqa: S311 - the same rows each time
    made = []
    for each in range(number):
        service = draw.choice(("office.permit", "office.licence", "harbour.berth"))
        due = draw.choice((None, NOW - draw.randrange(5) * HOUR, NOW + HOUR))
        made.append(
            {
                "id": str(UUID(int=draw.getrandbits(128), version=4)),
                "service": service,
                "plugin": service.partition(".")[0],
                "plugin_version": "1.0",
                "client_reference": f"reference-{each}",
                "state": draw.choice(("in_review", "closed", "manual_review")),
                "gateway": draw.choice((None, "cashdesk.counter")),
                "owner": draw.choice((None, "centre-0042", "centre-0007")),
                # Many of the same instant: the order must not depend on anything else.
                "opened_at": NOW - draw.randrange(10) * HOUR,
                "updated_at": NOW - draw.randrange(10) * HOUR,
                "closed_at": draw.choice((None, NOW)),
                "due_at": due,
                "target_plugin": draw.choice(("office", "harbour", "cashdesk")),
                "hold_party": None,
                "hold_code": draw.choice((None, "ineligible", "payment-disputed")),
                "blocked": draw.choice((None, None, "defect", "plugin-changed")),
                "revision": 1,
                "entries": 0,
                "chain": b"",
                "progress": b"",
            }
        )
    return made


ROWS = rows(400)
CASES: list[tuple[ApplicationFilter, Callable[[dict], bool]]] = [
    (ApplicationFilter(), lambda row: True),
    (ApplicationFilter(states={"closed"}), lambda row: row["state"] == "closed"),
    (ApplicationFilter(services={"office.permit", "harbour.berth"}), lambda row: row["service"] != "office.licence"),
    (
        ApplicationFilter(plugins={"office"}, states={"closed", "in_review"}),
        lambda row: row["plugin"] == "office" and row["state"] != "manual_review",
    ),
    (
        ApplicationFilter(owner="centre-0042", open_only=True),
        lambda row: row["owner"] == "centre-0042" and row["closed_at"] is None,
    ),
    (ApplicationFilter(hold="ineligible"), lambda row: row["hold_code"] == "ineligible"),
    (
        ApplicationFilter(blocked="defect", hold="ineligible", open_only=True),
        lambda row: row["blocked"] == "defect" and row["hold_code"] == "ineligible" and row["closed_at"] is None,
    ),
    (
        ApplicationFilter(opened_from=NOW - 6 * HOUR, opened_before=NOW - 2 * HOUR),
        lambda row: NOW - 6 * HOUR <= row["opened_at"] < NOW - 2 * HOUR,
    ),
    (
        ApplicationFilter(due_until=NOW - 2 * HOUR, plugins={"office"}),
        lambda row: row["due_at"] is not None and row["due_at"] <= NOW - 2 * HOUR and row["plugin"] == "office",
    ),
    (ApplicationFilter(states={"revoked"}), lambda row: False),
]


@pytest.fixture
async def filled(database):
    await database.run(lambda transaction: transaction.connection.execute(insert(applications), ROWS))
    return database


@pytest.mark.parametrize("limit", [7, 1000])
@pytest.mark.parametrize(("wanted", "belongs"), CASES)
async def test_pages_together_are_the_list_in_order(filled, wanted, belongs, limit):
    by, back = ("due_at", False) if wanted.due_until is not None else ("opened_at", True)
    belonging = [row for row in ROWS if belongs(row)]
    expected = [row["id"] for row in sorted(belonging, key=lambda row: (row[by], row["id"]), reverse=back)]
    found: list[str] = []
    place, pages = None, 0
    while pages == 0 or place is not None:
        page = await filled.run(partial(list_applications, wanted=wanted, after=place, limit=limit))
        assert len(page.rows) <= limit
        found += [row.id for row in page.rows]
        place = PageCursor.read(str(page.next)) if page.next is not None else None
        pages += 1
    assert found == expected


async def test_payments_are_listed_by_gateway_state_and_day(filled):
    made = [
        {
            "id": str(UUID(int=number, version=4)),
            "application": ROWS[number % 2]["id"],
            "gateway": "cashdesk.counter" if number % 2 else "cashdesk.wallet",
            "stage": "filing",
            "quote": "q",
            "state": "captured" if number % 5 else "unknown",
            "poisha": 100,
            "currency": "BDT",
            "opened_at": NOW - number % 4 * HOUR,
            "updated_at": NOW,
            "captured_at": NOW if number % 4 == 0 else None,
            "taken_poisha": 50_000 if number % 8 == 0 else None,
        }
        for number in range(60)
    ]

    def day(row):
        return dhaka_date(row["captured_at"] or row["opened_at"])

    await filled.run(lambda transaction: transaction.connection.execute(insert(payments), made))
    for wanted, belongs in (
        (PaymentFilter(), lambda row: True),
        (PaymentFilter(gateways={"cashdesk.wallet"}), lambda row: row["gateway"] == "cashdesk.wallet"),
        (PaymentFilter(states={"unknown"}), lambda row: row["state"] == "unknown"),
        (
            PaymentFilter(gateways={"cashdesk.counter"}, states={"captured"}),
            lambda row: row["gateway"] == "cashdesk.counter" and row["state"] == "captured",
        ),
        (PaymentFilter(opened_before=NOW - HOUR), lambda row: row["opened_at"] < NOW - HOUR),
        (PaymentFilter(day=dhaka_date(NOW)), lambda row: day(row) == dhaka_date(NOW)),
        (PaymentFilter(day=dhaka_date(NOW - 10 * HOUR)), lambda row: day(row) == dhaka_date(NOW - 10 * HOUR)),
    ):
        expected = [row["id"] for row in sorted(made, key=lambda r: (r["opened_at"], r["id"]), reverse=True)]
        expected = [one for one in expected if belongs(next(row for row in made if row["id"] == one))]
        found, place, first = [], None, True
        while first or place is not None:
            page = await filled.run(partial(list_payments, wanted=wanted, after=place, limit=8))
            found += [row.id for row in page.rows]
            place, first = page.next, False
        assert found == expected, wanted


@pytest.mark.parametrize("text_", ["", "x", "1", "1-", "-1-a", "١-a", "9" * 30 + "-a"])
def test_what_is_no_place_is_refused(text_):
    with pytest.raises(PlaceInvalid):
        PageCursor.read(text_)


async def test_agencies_and_workers_are_told(filled):
    def fill(transaction: Transaction) -> None:
        execute = transaction.connection.execute
        execute(
            insert(agencies),
            [
                {
                    "plugin": "office",
                    "failures": 6,
                    "down_since": NOW - HOUR,
                    "cause": "tls",
                    "probe_at": NOW,
                    "probes": 1,
                },
                {
                    "plugin": "idle",
                    "failures": 0,
                    "down_since": None,
                    "cause": None,
                    "probe_at": None,
                    "probes": 0,
                },
            ],
        )
        execute(
            insert(workers),
            [
                {
                    "id": f"{name}",
                    "name": f"counter-{number}",
                    "started_at": NOW - HOUR,
                    "beat_at": NOW - ago,
                    "lease_until": NOW - ago + timedelta(minutes=1),
                    "key_names": "first",
                }
                for number, (name, ago) in enumerate((("one", timedelta(seconds=5)), ("two", HOUR)), 1)
            ],
        )
        execute(
            update(applications)
            .where(applications.c.client_reference == "reference-3")
            .values(lease="two", lease_until=NOW, due_at=None)
        )
        execute(
            insert(inbox),
            [
                {
                    "id": f"m{n}",
                    "offer": "o",
                    "message": f"{n}",
                    "received_at": NOW,
                    "sealed": b"",
                    "handled_at": at,
                }
                for n, at in enumerate((None, None, NOW))
            ],
        )

    await filled.run(fill)
    told = {one.plugin: one for one in await filled.run(partial(read_agencies, now=NOW))}
    assert list(told) == ["cashdesk", "harbour", "idle", "office"]
    queued = [
        row
        for row in ROWS
        if row["due_at"] is not None and row["target_plugin"] == "office" and row["client_reference"] != "reference-3"
    ]
    office = told["office"]
    assert office.due == sum(row["due_at"] <= NOW for row in queued)
    assert office.waiting == sum(row["due_at"] > NOW for row in queued)
    assert office.first_due == min(row["due_at"] for row in queued)
    assert (office.failures, office.down_since, office.cause, office.probe_at) == (6, NOW - HOUR, "tls", NOW)
    assert (told["idle"].due, told["idle"].waiting, told["idle"].first_due) == (0, 0, None)
    assert told["harbour"].paced_to is None
    assert sum(one.in_flight for one in told.values()) == 1
    alive, lost = await filled.run(partial(read_workers, now=NOW))
    assert (alive.name, alive.is_alive, alive.in_hand) == ("counter-1", True, {})
    assert (lost.name, lost.is_alive, lost.in_hand) == ("counter-2", False, {ROWS[3]["target_plugin"]: 1})
    assert await filled.run(count_unread) == 2
    assert await filled.run(count_blocked) == {
        code: sum(row["blocked"] == code for row in ROWS) for code in ("defect", "plugin-changed")
    }
    overdue = await filled.run(partial(count_overdue, now=NOW))
    assert sum(overdue.values()) == sum(
        row["due_at"] is not None and row["due_at"] < NOW and row["client_reference"] != "reference-3" for row in ROWS
    )


FILL = """
INSERT INTO applications (id, service, plugin, plugin_version, gateway, client_reference, state, hold_code, opened_at,
    updated_at, closed_at, due_at, target_plugin, lease, lease_until, revision, entries, chain, progress, blocked,
    owner)
SELECT gen_random_uuid(), 'office.' || n % 5, 'office', '1.0', 'cashdesk.counter', 'reference-' || n,
    (ARRAY['in_review', 'closed', 'submitted'])[n % 3 + 1], CASE WHEN n % 1000 = 0 THEN 'ineligible' END, n, n,
    CASE WHEN n % 3 = 1 THEN n END,
    CASE WHEN n % 3 <> 1 THEN CASE WHEN n % 10 = 0 THEN n ELSE 4000000000000000 + n END END, 'office',
    CASE WHEN n % 5000 = 0 THEN 'w' END,
    CASE WHEN n % 5000 = 0 THEN 1 END, 1, 0, '', '', CASE WHEN n % 1000 = 1 THEN 'defect' END,
    'centre-' || n % 300
FROM generate_series(1, 60000) AS n
"""
PAYMENTS = """
INSERT INTO payments (id, application, gateway, stage, quote, state, poisha, currency, opened_at, updated_at)
SELECT gen_random_uuid(), id, 'cashdesk.counter', 'filing', 'q', 'captured', 1, 'BDT', opened_at, opened_at
FROM applications
"""
CHANGES = """
INSERT INTO changes (application, owner, revision, state, at, place)
SELECT id, owner, 1, 'draft', opened_at, CASE WHEN updated_at < 59990 THEN updated_at END FROM applications
"""
MESSAGES = """
INSERT INTO inbox (id, offer, message, received_at, lost_looks, sealed, handled_at)
SELECT gen_random_uuid(), 'o', n, n, 0, '', CASE WHEN n % 1000 > 0 THEN n END
FROM generate_series(1, 20000) AS n
"""
QUESTIONS: list[Callable[[Transaction], object]] = [
    partial(list_applications, wanted=ApplicationFilter(), limit=50),
    partial(list_applications, wanted=ApplicationFilter(states={"closed"}, services={"office.1"}), limit=50),
    partial(list_applications, wanted=ApplicationFilter(hold="ineligible"), limit=50),
    partial(list_applications, wanted=ApplicationFilter(owner="centre-7"), limit=50),
    partial(list_changes, after=None, owner=None, limit=50, now=NOW),
    partial(list_changes, after="50000", owner="centre-7", limit=50, now=NOW),
    partial(list_applications, wanted=ApplicationFilter(blocked="defect", open_only=True), limit=50),
    partial(list_applications, wanted=ApplicationFilter(due_until=NOW - 365_000 * HOUR), limit=50),
    partial(list_applications, wanted=ApplicationFilter(), after=PageCursor(NOW - 365_000 * HOUR, "a"), limit=50),
    partial(list_payments, wanted=PaymentFilter(states={"captured"}), limit=50),
    partial(list_payments, wanted=PaymentFilter(gateways={"cashdesk.counter"}, states={"captured"}), limit=50),
    partial(payments_around, gateway="cashdesk.counter", first=NOW - HOUR, before=NOW),
    partial(list_payment_cases, limit=50),
    count_payment_cases,
    partial(read_workers, now=NOW),
    count_unread,
]


async def test_nothing_that_is_asked_reads_a_whole_table(ready_postgresql):
    database = await open_database(ready_postgresql)
    plans: list[str] = []

    def ask(transaction: Transaction) -> None:
        connection, asked = transaction.connection, []
        for statement in (FILL, PAYMENTS, CHANGES, MESSAGES, "ANALYZE"):
            connection.exec_driver_sql(statement)

        @event.listens_for(connection, "before_cursor_execute")
        def keep(connection, cursor, statement, parameters, context, executemany):
            asked.append((statement, parameters))

        for question in QUESTIONS:
            question(transaction)
        event.remove(connection, "before_cursor_execute", keep)
        for statement, parameters in dict(asked).items():
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plans.append(f"{statement}\n" + "\n".join(line for (line,) in plan))

    try:
        await database.run(ask)
    finally:
        await database.close()
    assert len(plans) > len(QUESTIONS)
    whole = [f"Seq Scan on {table}" for table in ("applications", "payments", "inbox", "changes")]
    assert [plan for plan in plans if any(scan in plan for scan in whole)] == []
