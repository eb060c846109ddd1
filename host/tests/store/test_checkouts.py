"""Where a payment is paid is told to its payer, and to nobody else: sealed, gone at its end, in no journal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from nagorik import (
    ApplicationDraft,
    ApplicationState,
    FeeDue,
    PaymentStarted,
    PaymentState,
    Quote,
    QuoteLine,
    Source,
    Text,
)
from nagorik.operations import Operation
from nagorik.values import Money
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.checkouts import Checkout, drop_ended, drop_if_ended, keep_checkout, open_checkouts
from nagorik_host.store.retention import erase
from nagorik_host.store.schema import applications, checkouts
from nagorik_host.vault import SealBroken
from nagorik_platform.lifecycle import Opened, Payment, ServiceCapabilities, open_application
from nagorik_testing import SyntheticCitizens

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
PAGE = "https://pay.example/session?token=CANARY-TOKEN"
PAYMENTS = ("10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002")
SLIP = Text(bn="কাউন্টারে স্লিপ CANARY-SLIP দেখান।", en="Show slip CANARY-SLIP at the counter.")


QUOTE = Quote(
    id="q-1",
    lines=(QuoteLine(code="fee", text=SLIP, amount=Money.taka(345), vat=Money.taka(0)),),
    total=Money.taka(345),
    due=FeeDue.BEFORE_SUBMISSION,
    issued_at=NOW,
    expires_at=NOW + timedelta(days=1),
    source=Source(title="Circular", verified=False),
)


def payment(identity: str, state: PaymentState = PaymentState.INITIATED) -> Payment:
    return Payment(
        id=identity,
        quote="q-1",
        stage="application",
        gateway="desk.cash",
        amount=Money.taka(345),
        state=state,
        opened_at=NOW,
    )


@pytest.fixture
def store(vault):
    return ApplicationStore(vault)


@pytest.fixture
async def paying(database, store):
    """An application that waits for two payments' payers, as a worker has it in hand."""
    opened = Opened(
        at=NOW,
        id=str(uuid4()),
        service="office.permit",
        plugin_version="office 1.0",
        client_reference="NGK-CHECKOUT-1",
        idempotency_key=str(uuid4()),
    )
    capabilities = ServiceCapabilities(operations={Operation.ELIGIBILITY: None}, gateway="desk.cash", lookup_grace=60)
    draft = ApplicationDraft(service="office.permit", applicant=SyntheticCitizens(7).citizen(11).applicant())
    first = open_application(opened, capabilities)
    (stored,) = await database.run(lambda transaction: store.open_all(transaction, [(draft, first)]))
    waiting = {
        "state": ApplicationState.AWAITING_PAYMENT,
        "payments": tuple(map(payment, PAYMENTS)),
        "quote": QUOTE,
    }
    return replace(stored, progress=stored.progress.model_copy(update=waiting))


def keep(stored, identity=PAYMENTS[0], **told):
    return lambda transaction: keep_checkout(transaction, stored, identity, PaymentStarted.model_validate(told))


def shown(stored, at=NOW):
    return lambda transaction: open_checkouts(transaction, stored, at)


def rows(transaction):
    return transaction.connection.execute(select(checkouts)).all()


async def test_payer_is_told_where_and_until_when(database, paying):
    until = NOW + timedelta(minutes=30)
    await database.run(keep(paying, pay_at=PAGE, expires_at=until))
    await database.run(keep(paying, PAYMENTS[1], instructions=SLIP))
    assert await database.run(shown(paying)) == {
        PAYMENTS[0]: Checkout(pay_at=PAGE, expires_at=until),
        PAYMENTS[1]: Checkout(instructions=SLIP),
    }


async def test_page_that_takes_no_money_any_more_is_not_shown(database, paying):
    until = NOW + timedelta(minutes=30)
    await database.run(keep(paying, pay_at=PAGE, expires_at=until))
    assert await database.run(shown(paying, until - timedelta(microseconds=1)))
    assert await database.run(shown(paying, until)) == {}


async def test_page_of_a_payment_that_was_announced_again_takes_the_place_of_the_first(database, paying):
    await database.run(keep(paying, pay_at=PAGE))
    await database.run(keep(paying, instructions=SLIP))
    assert await database.run(shown(paying)) == {PAYMENTS[0]: Checkout(instructions=SLIP)}


async def test_answer_that_says_neither_leaves_nothing(database, paying):
    await database.run(keep(paying, reference="G-1"))
    assert await database.run(rows) == []


async def test_nothing_of_it_is_readable_in_the_database(database, paying):
    await database.run(keep(paying, pay_at=PAGE, instructions=SLIP))
    (row,) = await database.run(rows)
    assert b"CANARY" not in row.sealed
    assert "CANARY" not in repr(await database.run(shown(paying)))


async def test_page_that_was_exchanged_for_another_payments_is_not_shown(database, paying):
    await database.run(keep(paying, pay_at=PAGE))
    await database.run(
        lambda transaction: transaction.connection.execute(update(checkouts).values(payment=PAYMENTS[1]))
    )
    with pytest.raises(SealBroken):
        await database.run(shown(paying))


@pytest.mark.parametrize("state", [PaymentState.CAPTURED, PaymentState.FAILED, PaymentState.EXPIRED])
async def test_it_is_dropped_once_the_gateway_has_said_how_the_payment_ended(database, paying, state):
    await database.run(keep(paying, pay_at=PAGE))
    ended = paying.progress.model_copy(update={"payments": (payment(PAYMENTS[0], state),)})
    await database.run(lambda transaction: drop_if_ended(transaction, ended, PAYMENTS[0]))
    assert await database.run(rows) == []


async def test_what_is_kept_of_every_payment_that_has_ended_is_dropped(database, paying):
    await database.run(keep(paying, pay_at=PAGE))
    await database.run(keep(paying, PAYMENTS[1], instructions=SLIP))
    one = (payment(PAYMENTS[0], PaymentState.FAILED), payment(PAYMENTS[1], PaymentState.PENDING))
    decided = paying.progress.model_copy(update={"payments": one})
    await database.run(lambda transaction: drop_ended(transaction, decided))
    assert [row.payment for row in await database.run(rows)] == [PAYMENTS[1]]


@pytest.mark.parametrize(
    "state", [PaymentState.PENDING, PaymentState.AUTHORISED, PaymentState.UNKNOWN, PaymentState.INITIATED]
)
async def test_it_is_kept_while_the_gateway_is_asked(database, paying, state):
    await database.run(keep(paying, pay_at=PAGE))
    open_still = paying.progress.model_copy(update={"payments": (payment(PAYMENTS[0], state),)})
    await database.run(lambda transaction: drop_if_ended(transaction, open_still, PAYMENTS[0]))
    assert len(await database.run(rows)) == 1


@pytest.mark.parametrize("state", [PaymentState.UNKNOWN, PaymentState.AUTHORISED, PaymentState.CAPTURED])
async def test_nobody_is_asked_to_pay_who_may_have_paid(database, paying, state):
    await database.run(keep(paying, pay_at=PAGE))
    maybe = paying.progress.model_copy(update={"payments": (payment(PAYMENTS[0], state),)})
    assert await database.run(shown(replace(paying, progress=maybe))) == {}


@pytest.mark.parametrize("change", [{"state": ApplicationState.WITHDRAWN}, {"withdrawal_wanted": True}])
async def test_nobody_is_asked_to_pay_for_what_was_taken_back(database, paying, change):
    await database.run(keep(paying, pay_at=PAGE))
    gone = replace(paying, progress=paying.progress.model_copy(update=change))
    assert await database.run(shown(gone)) == {}


@pytest.mark.parametrize("quote", [None, QUOTE.model_copy(update={"id": "q-2"})])
async def test_nobody_is_asked_to_pay_a_price_that_does_not_hold(database, paying, quote):
    await database.run(keep(paying, pay_at=PAGE))
    assert await database.run(shown(paying, QUOTE.expires_at)) == {}
    other = replace(paying, progress=paying.progress.model_copy(update={"quote": quote}))
    assert await database.run(shown(other)) == {}


async def test_nobody_is_asked_to_pay_what_another_payment_has_paid(database, paying):
    await database.run(keep(paying, PAYMENTS[1], pay_at=PAGE))
    late = (payment(PAYMENTS[0], PaymentState.CAPTURED), payment(PAYMENTS[1]))
    paid = replace(paying, progress=paying.progress.model_copy(update={"payments": late}))
    assert await database.run(shown(paid)) == {}


async def test_it_goes_with_the_citizens_data(database, paying):
    await database.run(keep(paying, pay_at=PAGE))
    await database.run(lambda transaction: transaction.connection.execute(update(applications).values(closed_at=NOW)))
    await database.run(lambda transaction: erase(transaction, paying.id, NOW))
    assert await database.run(rows) == []
