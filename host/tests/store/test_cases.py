"""What waits for an officer is found by an index, and a blocked row can be looked at again."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text

from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.cases import NotBlocked, count_cases, list_cases, unblock
from nagorik_host.store.schema import FOR_A_PERSON, applications, payments

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


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
    found = await filled.run(lambda transaction: list_cases(transaction, 10))
    assert [item.application for item in found] == [ROWS[n]["id"] for n in (6, 4, 3, 1)]
    assert [item.blocked or item.hold for item in found] == ["erased", None, "defect", "payment-disputed"]
    assert len(await filled.run(lambda transaction: list_cases(transaction, 2))) == 2
    assert await filled.run(count_cases) == 4


async def test_money_to_be_given_back_by_hand_is_an_officers_whatever_else_is_waited_for(filled):
    """Each once, however many payments; not of what is closed, and not beside what waits for an officer already."""
    owed = {
        "gateway": "till.counter",
        "stage": "filing",
        "quote": "q",
        "state": "refund_manual",
        "poisha": 100,
        "currency": "BDT",
        "opened_at": NOW,
        "updated_at": NOW,
    }
    of = (ROWS[0], ROWS[0], ROWS[1], ROWS[2], ROWS[5])
    made = [{**owed, "id": str(uuid4()), "application": one["id"]} for one in of]
    await filled.run(lambda transaction: transaction.connection.execute(insert(payments), made))
    found = await filled.run(lambda transaction: list_cases(transaction, 10))
    assert [(item.application, item.blocked or item.hold) for item in found] == [
        (ROWS[6]["id"], "erased"),
        (ROWS[4]["id"], None),
        (ROWS[3]["id"], "defect"),
        (ROWS[2]["id"], "refund-by-hand"),
        (ROWS[1]["id"], "payment-disputed"),
        (ROWS[0]["id"], "refund-by-hand"),
    ]
    assert await filled.run(count_cases) == 6
    assert len(await filled.run(lambda transaction: list_cases(transaction, 4))) == 4


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
