"""A day at the till against the host's own books: asked about, or a named officer's case, and never two."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from nagorik import Money, PaymentState
from nagorik_host.reconciliation.matching import DifferenceKind as Kind
from nagorik_host.reconciliation.reconcile import PATIENCE, SettlementRefused, reconcile
from nagorik_host.reconciliation.settlement_file import LAYOUT_FILE, parse_settlement, read_layouts
from nagorik_host.store.audit import verify_ledger
from nagorik_host.store.payment_cases import close_case, find_case, list_payment_cases
from nagorik_host.store.retention import erase, erase_messages, rotate
from nagorik_host.store.schema import payment_cases, payments

pytestmark = pytest.mark.long

GATEWAY = "cashdesk.counter"
DAY = date(2026, 11, 24)
HEADING = "Payment ID,Receipt No,Amount,Refunded,Currency,Taken At,Status"
PAID = timedelta(minutes=10)
"""After which the citizens have paid, and their agency is at work."""


on_both_databases = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
"""What writes cases, and what several do at once; all else is the same statements once more."""


@pytest.fixture
def url(request) -> str:
    kind = getattr(request, "param", "sqlite")
    return request.getfixturevalue("ready_file" if kind == "sqlite" else "ready_postgresql")


@pytest.fixture
async def host(world, url):
    async with world.host(url) as opened:
        yield opened


@pytest.fixture
async def paid(world, host) -> list[str]:
    """The ids of three payments that were taken at the till."""
    for number in range(1, 4):
        await world.apply(host, number)
    await world.carry(host.worker(), for_at_most=PAID)
    found = await ours(host)
    assert {row.state for row in found.values()} <= {"captured", "advised", "confirmed"}
    assert len(found) == 3
    return sorted(found)


async def ours(host):
    rows = await host.database.run(lambda t: t.connection.execute(select(payments)).all())
    return {row.id: row for row in rows}


async def number_of_cases(host) -> int:
    return await host.database.run(lambda t: t.connection.scalar(select(func.count()).select_from(payment_cases)))


def slip(world, payment: str):
    return world.simulators["cashdesk"]._slips[payment]  # noqa: SLF001


def settlement(host, *lines: str):
    folder = next(one.directory for one in host.platform.plugins if one.id == "cashdesk")
    (layout,) = read_layouts(folder / LAYOUT_FILE)
    return parse_settlement("\n".join([HEADING, *lines]).encode(), "till.csv", layout)


def line_of(world, payment: str, **changes: str) -> str:
    taken = slip(world, payment)
    cells = {
        "id": payment,
        "receipt": taken.receipt,
        "amount": taken.asked.plain(),
        "refunded": "",
        "currency": "BDT",
        "at": "24/11/2026 10:02:00",
        "status": "PAID",
    }
    return ",".join((cells | changes).values())


def kinds(done) -> list[tuple[Kind, str]]:
    return [(one.difference.kind, one.outcome) for one in done.found]


async def test_day_on_which_everything_agrees_leaves_nothing(world, host, paid):
    done = await reconcile(host, GATEWAY, DAY, settlement(host, *(line_of(world, one) for one in paid)))
    assert (done.taken_here, done.found, done.is_clean) == (3, (), True)
    assert {source: book.agreeing for source, book in done.books.items()} == {"list": 3, "file": 3}
    assert await number_of_cases(host) == 0


@on_both_databases
async def test_each_difference_becomes_a_case_once_however_often_it_is_found(world, host, paid):
    till = world.simulators["cashdesk"]
    first, second, third = paid
    slip(world, first).taken = Money.taka("1.50")
    slip(world, second).refunded_at = world.clock.now()
    stranger = replace(slip(world, third), payment="5d0d1f9e-0000-4000-8000-000000000000", receipt="CD-999999")
    till._slips[stranger.payment] = stranger  # noqa: SLF001
    del till._slips[third]  # noqa: SLF001
    done = await reconcile(host, GATEWAY, DAY)
    assert sorted(kinds(done)) == [
        (Kind.MISSING_HERE, "opened"),
        (Kind.MISSING_THERE, "opened"),
        (Kind.OTHER_AMOUNT, "opened"),
        (Kind.REFUNDED_THERE, "opened"),
    ]
    again = await reconcile(host, GATEWAY, DAY)
    assert {outcome for _, outcome in kinds(again)} == {"waiting"}
    assert {one.case for one in again.found} == {one.case for one in done.found}
    assert await number_of_cases(host) == 4
    waiting = await host.database.run(lambda t: list_payment_cases(t, 9))
    assert {case.id for case in waiting} == {one.case for one in done.found}
    findings = [one async for page in verify_ledger(host.database, host.vault) for one in page.findings]
    assert findings == []


@on_both_databases
async def test_money_that_the_till_took_unheard_is_asked_about_and_settled(world, host):
    world.simulators["cashdesk"].script.set("*", "cancel")
    await world.apply(host)
    worker = host.worker()
    await world.carry(worker, for_at_most=PAID)
    ((payment, row),) = (await ours(host)).items()
    assert row.state == "cancelled"
    taken = slip(world, payment)
    taken.state, taken.taken, taken.changed_at = "PAID", taken.asked, world.clock.now()

    done = await reconcile(host, GATEWAY, DAY)
    assert kinds(done) == [(Kind.CAPTURED_THERE, "asked")]
    assert not done.is_clean
    assert kinds(await reconcile(host, GATEWAY, DAY)) == [(Kind.CAPTURED_THERE, "asked")]
    await worker.run_until_idle()
    assert (await ours(host))[payment].state in {"captured", "advised", "confirmed"}
    after = await reconcile(host, GATEWAY, DAY)
    assert (after.found, after.settled, after.is_clean) == ((), 1, True)
    assert await host.database.run(lambda t: list_payment_cases(t, 9)) == []


async def test_question_that_settles_nothing_becomes_a_case(world, host):
    till = world.simulators["cashdesk"]
    till.script.set("*", "never")
    await world.apply(host)
    worker = host.worker()
    await world.carry(worker, for_at_most=PAID)
    (payment,) = await ours(host)
    file = settlement(host, line_of(world, payment))
    assert kinds(await reconcile(host, GATEWAY, DAY, file)) == [(Kind.CAPTURED_THERE, "asked")]
    world.clock.advance(PATIENCE + timedelta(seconds=1))
    assert kinds(await reconcile(host, GATEWAY, DAY, file)) == [(Kind.CAPTURED_THERE, "opened")]
    assert kinds(await reconcile(host, GATEWAY, DAY, file)) == [(Kind.CAPTURED_THERE, "waiting")]


async def test_officer_closes_a_case_by_name_and_it_is_not_opened_again(world, host, paid):
    slip(world, paid[0]).taken = Money.taka(1)
    (found,) = (await reconcile(host, GATEWAY, DAY)).found

    def close(transaction):
        return close_case(
            transaction, found.case, officer="A. Rahman", reason="The till was wrong.", now=host.clock.now()
        )

    await host.database.run(close)
    again = await reconcile(host, GATEWAY, DAY)
    assert (kinds(again), again.is_clean) == ([(Kind.OTHER_AMOUNT, "decided")], True)
    slip(world, paid[0]).taken = Money.taka(2)
    assert kinds(await reconcile(host, GATEWAY, DAY)) == [(Kind.OTHER_AMOUNT, "opened")]


@on_both_databases
async def test_two_reconciliations_at_once_make_one_case_of_each_difference(world, host, paid):
    for payment in paid:
        slip(world, payment).taken = Money.taka(1)
    done = await asyncio.gather(*(reconcile(host, GATEWAY, DAY) for _ in range(3)))
    outcomes = sorted(outcome for one in done for _, outcome in kinds(one))
    assert outcomes == ["opened"] * 3 + ["waiting"] * 6
    assert await number_of_cases(host) == 3


@on_both_databases
async def test_number_of_the_gateway_is_sealed_and_goes_with_the_citizen(world, host, paid):
    booked, slip(world, paid[0]).taken = slip(world, paid[0]).taken, Money.taka(1)
    (found,) = (await reconcile(host, GATEWAY, DAY)).found

    async def read():
        return (await host.database.run(lambda t: find_case(t, host.vault, found.case)))[1]

    assert (await read())["reference"] == slip(world, paid[0]).receipt
    rows = await host.database.run(lambda t: t.connection.execute(select(payment_cases)).all())
    assert slip(world, paid[0]).receipt not in repr(rows)
    assert (await rotate(host.database, host.vault)).damaged == ()
    application = found.difference.ours.application
    # The gateway is asked once more about confirmed money, and has put its books right by then.
    slip(world, paid[0]).taken = booked
    await world.carry(host.worker())
    await host.database.run(lambda t: erase(t, application, host.clock.now()))
    assert await read() == {}
    findings = [one async for page in verify_ledger(host.database, host.vault) for one in page.findings]
    assert findings == []


@on_both_databases
async def test_number_of_a_case_that_ended_long_ago_is_erased_and_that_of_one_that_waits_is_not(world, host, paid):
    for payment in paid[:2]:
        slip(world, payment).taken = Money.taka(1)
    first, second = (one.case for one in (await reconcile(host, GATEWAY, DAY)).found)
    await host.database.run(lambda t: close_case(t, first, officer="A", reason="R", now=host.clock.now()))
    later = host.clock.now() + timedelta(days=1)
    await erase_messages(host.database, received_before=later, now=later)
    keys = await host.database.run(
        lambda t: dict(t.connection.execute(select(payment_cases.c.id, payment_cases.c.data_key)).all())
    )
    assert (keys[first], keys[second] is None) == (None, False)


async def test_file_of_another_gateway_is_refused(world, host, paid):
    await host.database.run(lambda t: t.connection.execute(update(payments).values(gateway="bkash.checkout")))
    with pytest.raises(SettlementRefused, match="another gateway"):
        await reconcile(host, GATEWAY, DAY, settlement(host, *(line_of(world, one) for one in paid)))


async def test_payment_of_just_before_midnight_may_be_the_next_dates_at_the_gateway(world, host, paid):
    late = world.clock.now().replace(hour=17, minute=59, second=50)
    await host.database.run(
        lambda t: t.connection.execute(update(payments).where(payments.c.id == paid[0]).values(captured_at=late))
    )
    slip(world, paid[0]).changed_at = late + timedelta(seconds=20)
    lines = [line_of(world, one) for one in paid[1:]]
    assert (await reconcile(host, GATEWAY, DAY, settlement(host, *lines))).found == ()
    slip(world, paid[0]).changed_at = late + timedelta(days=3)
    assert kinds(await reconcile(host, GATEWAY, DAY)) == [(Kind.MISSING_THERE, "opened")]


async def test_gateway_that_is_away_is_no_gateway_without_payments(world, host, paid):
    world.street.break_down("cashdesk")
    done = await reconcile(host, GATEWAY, DAY)
    assert (done.found, done.is_compared) == ((), False)
    assert done.failed == "agency-unavailable"
    assert await number_of_cases(host) == 0


async def test_payment_in_an_officers_hands_is_no_second_case(world, host):
    world.simulators["cashdesk"].script.set("*", "other-amount", values={"amount": "1.00"})
    await world.apply(host)
    await world.carry(host.worker(), for_at_most=PAID)
    ((_, row),) = (await ours(host)).items()
    assert row.state == PaymentState.UNDER_INVESTIGATION
    done = await reconcile(host, GATEWAY, DAY)
    assert (done.found, done.books["list"].with_officer) == ((), 1)
