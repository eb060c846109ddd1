"""What waits for an officer is found by an index, and a blocked row can be looked at again."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text

from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.cases import NotBlocked, count_cases, list_cases, unblock
from nagorik_host.store.schema import FOR_A_PERSON, applications, payments
from nagorik_platform.lifecycle.rules.holds import REFUND_BEFORE_A_PERSON

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
LONG_AGO = NOW - REFUND_BEFORE_A_PERSON


def row(number: int, **values):
    return {
        "id": str(uuid4()),
        "service": "office.permit",
        "plugin": "office",
        "plugin_version": "office 1.0",
        "client_reference": f"reference-{number}",
        "state": "in_review",
        "opened_at": NOW,
        "updated_at": NOW - timedelta(hours=number),
        "target_plugin": "office",
        "revision": 1,
        "entries": 0,
        "chain": b"",
        "progress": b"",
        "hold_party": None,
        "hold_code": None,
        "blocked": None,
        "closed_at": None,
        **values,
    }


ROWS = [
    row(1),
    row(2, hold_party="person", hold_code="payment-disputed"),
    row(3, hold_party="citizen", hold_code="ineligible"),
    row(4, blocked="defect"),
    row(5, state="manual_review"),
    row(6, blocked="erased", closed_at=NOW),
    row(7, blocked="erased"),
]


@pytest.fixture
async def filled(database):
    await database.run(lambda transaction: transaction.connection.execute(insert(applications), ROWS))
    return database


async def test_what_waits_for_an_officer_is_listed_the_longest_first(filled):
    found = await filled.run(lambda transaction: list_cases(transaction, 10, NOW))
    assert [item.application for item in found] == [ROWS[n]["id"] for n in (6, 4, 3, 1)]
    assert [item.blocked or item.hold for item in found] == ["erased", None, "defect", "payment-disputed"]
    assert len(await filled.run(lambda transaction: list_cases(transaction, 2, NOW))) == 2
    assert await filled.run(partial(count_cases, now=NOW)) == 4


async def owe(database, *owed):
    """Write down payments that are to be given back: the application of each, and what is otherwise with it."""
    usual = {
        "gateway": "till.counter",
        "stage": "filing",
        "quote": "q",
        "state": "refund_manual",
        "poisha": 100,
        "currency": "BDT",
        "opened_at": NOW,
        "updated_at": NOW,
    }
    for application, otherwise in owed:
        made = {**usual, "id": str(uuid4()), "application": application["id"], **otherwise}
        await database.run(lambda transaction, made=made: transaction.connection.execute(insert(payments), made))


async def test_money_to_be_given_back_by_hand_is_an_officers_whatever_else_is_waited_for(filled):
    """Each once, however many payments; not of what is closed, and not beside what waits for an officer already."""
    await owe(filled, *((ROWS[number], {}) for number in (0, 0, 1, 2, 5)))
    found = await filled.run(lambda transaction: list_cases(transaction, 10, NOW))
    assert [(item.application, item.blocked or item.hold) for item in found] == [
        (ROWS[6]["id"], "erased"),
        (ROWS[4]["id"], None),
        (ROWS[3]["id"], "defect"),
        (ROWS[2]["id"], "refund-by-hand"),
        (ROWS[1]["id"], "payment-disputed"),
        (ROWS[0]["id"], "refund-by-hand"),
    ]
    assert await filled.run(partial(count_cases, now=NOW)) == 6
    assert len(await filled.run(lambda transaction: list_cases(transaction, 4, NOW))) == 4


@pytest.mark.parametrize(
    ("owed", "code"),
    [
        ([{"refund_ordered_at": NOW}], "refund-in-doubt"),
        ([{"refunded_at": NOW}], "refund-in-doubt"),
        ([{}, {"refund_ordered_at": NOW}], "refund-in-doubt"),
        ([{"state": "refund_pending", "refund_requested_at": LONG_AGO, "refund_ordered_at": NOW}], "refund-overdue"),
        ([{"state": "refund_requested", "refund_requested_at": LONG_AGO}], "refund-overdue"),
        ([{"state": "refund_requested", "refund_requested_at": LONG_AGO}, {}], "refund-by-hand"),
        ([{"state": "refund_pending", "refund_requested_at": LONG_AGO + timedelta(seconds=1)}], None),
        ([{"state": "refunded", "refund_requested_at": LONG_AGO, "refunded_at": NOW}], None),
    ],
)
async def test_refund_is_listed_as_what_it_is_while_the_citizen_is_waited_for(filled, owed, code):
    await owe(filled, *((ROWS[2], one) for one in owed))
    found = await filled.run(lambda transaction: list_cases(transaction, 10, NOW))
    assert [item.hold for item in found if item.application == ROWS[2]["id"]] == ([code] if code else [])
    assert await filled.run(partial(count_cases, now=NOW)) == len(found) == (5 if code else 4)


async def test_index_answers_the_question(filled, ready_url):
    query = select(applications.c.id).where(FOR_A_PERSON).order_by(applications.c.updated_at)

    def explain(transaction):
        if ready_url.startswith("sqlite"):
            return transaction.connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
        # A table of seven rows is read as a whole otherwise.
        transaction.connection.execute(text("SET LOCAL enable_seqscan = off"))
        return transaction.connection.execute(text(f"EXPLAIN {query}")).all()

    plan = await filled.run(explain)
    assert "ix_applications_person" in str(plan)


async def test_blocked_row_is_looked_at_again(filled):
    blocked = await filled.run(lambda transaction: unblock(transaction, ROWS[3]["id"], NOW))
    assert blocked == "defect"
    after = await filled.run(
        lambda transaction: transaction.connection.execute(
            select(applications.c.blocked, applications.c.due_at).where(applications.c.id == ROWS[3]["id"])
        ).one()
    )
    assert after == (None, NOW)


@pytest.mark.parametrize(("number", "error"), [(0, NotBlocked), (6, NotBlocked)])
async def test_what_is_not_blocked_or_erased_is_left_alone(filled, number, error):
    with pytest.raises(error):
        await filled.run(lambda transaction: unblock(transaction, ROWS[number]["id"], NOW))
    with pytest.raises(NoSuchApplication):
        await filled.run(lambda transaction: unblock(transaction, str(uuid4()), NOW))
