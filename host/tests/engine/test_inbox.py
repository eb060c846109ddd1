"""Messages that claim to come from an agency: once each, only where proved, and never a way round the row."""

import asyncio
import json
from datetime import timedelta
from functools import partial

import pytest
from host_world import rows
from sqlalchemy import select

from nagorik import Text
from nagorik_host.engine.inbox import LEASE, LONGEST_PAUSE, NOTICES_APART, PATIENCE, SHARE, InboxFull, MessageRefused
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.messages import MessageFilter, read_page_again
from nagorik_host.store.overview import count_neglected
from nagorik_host.store.retention import EXPIRED, erase_messages
from nagorik_host.store.schema import inbox
from nagorik_host.store.suspensions import SuspensionRecord, resume, suspend

pytestmark = pytest.mark.long

SERVICE, OTHER, TILL, OTHER_TILL = "office.permit", "office.other", "office.till", "office.other-till"
GENUINE = {"mark": "genuine"}
RESULTS = select(inbox.c.result).order_by(inbox.c.received_at, inbox.c.handled_at)


@pytest.fixture
async def host(office, ready_url):
    async with office.host(ready_url, quarantine=5) as made:
        yield made


async def apply(office, host):
    """An application that the agency has and calls NGK-LETTER-1."""
    application = await office.apply(host, "letter", reference="NGK-LETTER-1")
    await host.worker().run_until_idle()
    return application


@pytest.fixture
async def filed(office, host):
    return await apply(office, host)


async def state(host, application):
    return (await host.progress(application)).state


def message(word="rejected", number="NGK-LETTER-1"):
    return json.dumps({"number": number, "word": word}).encode()


async def receive(host, body, offer=SERVICE, *, headers=GENUINE, **parts):
    await host.inbox.receive(offer, headers=headers, body=body, **parts)


async def events(host, application, kind):
    return [event.kind for event in (await host.track(application)).events].count(kind)


async def test_same_message_counts_once(host, filed):
    for hour in ("9", "9", "10"):
        await receive(host, message("in_review"), headers=GENUINE | {"date": hour})
        if hour == "9":
            await host.worker().run_until_idle()
    await host.worker().run_until_idle()
    assert sorted(await rows(host, RESULTS)) == ["repeated", "repeated", "taken"]
    assert await events(host, filed, "status-received") == 2


async def test_two_workers_take_a_message_once(host, filed):
    await receive(host, message("in_review"))
    assert sorted(await asyncio.gather(host.inbox.handle(), host.inbox.handle())) == [0, 1]
    assert await events(host, filed, "status-received") == 2


async def test_message_that_is_hours_earlier_than_the_answer_is_kept_for_it(office, host):
    await receive(host, message())
    await host.inbox.handle()
    office.clock.advance(timedelta(hours=5))
    await host.inbox.handle()
    assert await rows(host, RESULTS) == [None]
    application = await apply(office, host)
    office.clock.advance(LONGEST_PAUSE)
    await host.worker().run_until_idle()
    assert await state(host, application) == "closed"
    assert await rows(host, RESULTS) == ["taken"]


async def test_forged_message_moves_nothing_and_takes_no_genuine_ones_place(host, filed):
    before = await host.track(filed)
    for body in (message(), b"junk"):
        await receive(host, body, headers={"mark": "forged"}, message_id="guessed")
    await host.inbox.handle()
    assert await host.track(filed) == before
    await receive(host, message(), message_id="guessed")
    await host.worker().run_until_idle()
    assert await state(host, filed) == "closed"
    assert sorted(await rows(host, RESULTS)) == ["agency-rejected", "agency-rejected", "taken"]


# What is kept at all


@pytest.mark.parametrize("parts", [{"body": b"x" * 1_000_001}, {"headers": {"mark": "x" * 16_384}}])
async def test_what_no_agency_sends_is_refused_and_not_kept(host, parts):
    with pytest.raises(MessageRefused, match="at most 1000000 bytes, and all headers 16384 letters"):
        await receive(host, **({"body": message()} | parts))
    assert await rows(host, RESULTS) == []


async def test_message_that_could_not_be_kept_is_not_acknowledged(host, monkeypatch):
    async def gone(_):
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(host.database, "run", gone)
    with pytest.raises(DatabaseUnavailable):
        await receive(host, message())


async def test_more_than_can_be_read_is_refused_until_some_is(host, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.inbox.MOST_UNREAD", 2)
    for number in range(2):
        await receive(host, message(), headers={"mark": str(number)})
    with pytest.raises(InboxFull):
        await receive(host, message())
    await receive(host, message(), OTHER)
    await host.inbox.handle()
    await receive(host, message())


# What cannot be read now waits


@pytest.mark.parametrize(("kind", "name"), [("service", SERVICE), ("plugin", "office")])
async def test_message_waits_while_an_officer_has_stopped_what_it_is_about(host, filed, kind, name):
    stopped = SuspensionRecord(kind, name, Text(en="Stopped.", bn="বন্ধ।"), "officer", host.clock.now())
    await host.database.run(partial(suspend, record=stopped))
    await receive(host, message())
    assert await host.inbox.handle() == 0
    await host.database.run(lambda transaction: resume(transaction, kind, name, host.clock.now()))
    assert await host.inbox.handle() == 1
    assert await rows(host, RESULTS) == ["taken"]


async def test_message_that_cannot_be_proved_now_is_read_again(office, host, filed):
    office.plugin.KEY_IS_THERE = False
    await receive(host, message())
    assert [await host.inbox.handle() for _ in range(2)] == [1, 0]
    office.plugin.KEY_IS_THERE = True
    office.clock.advance(LONGEST_PAUSE)
    await host.inbox.handle()
    assert await rows(host, RESULTS) == ["taken"]


async def test_unknown_reference_is_looked_at_less_and_less_and_given_up(office, host, filed):
    await receive(host, message(number="NOBODYS"))
    for _ in range(61):
        await host.inbox.handle()
        office.clock.advance(1)
    assert len(office.plugin.READ) == 3
    office.clock.advance(PATIENCE)
    await host.inbox.handle()
    assert len(office.plugin.READ) == 4
    assert await rows(host, RESULTS) == ["unknown-reference"]


# One message harms no other


async def test_messages_on_which_a_plugin_breaks_do_not_stop_its_calls(host, filed):
    for number in range(12):
        await receive(host, message(number=str(number)), headers={"mark": "raises"})
    await receive(host, message())
    await host.worker().run_until_idle()
    assert "nagorik-office" not in {one.distribution for one in host.platform.quarantined}
    assert await state(host, filed) == "closed"
    assert sorted(await rows(host, RESULTS)) == ["plugin-fault"] * 12 + ["taken"]


@pytest.mark.parametrize(("mark", "number"), [("forged", SHARE * 3), ("hangs", 3)])
async def test_flood_at_one_offer_delays_no_other(host, filed, monkeypatch, mark, number):
    monkeypatch.setattr("nagorik_host.engine.inbox.READ_SECONDS", 0.01)
    for one in range(number):
        await receive(host, message(number=str(one)), OTHER, headers={"mark": mark})
    await receive(host, message())
    assert await host.inbox.handle() == min(number, SHARE) + 1
    assert await state(host, filed) == "closed"


async def lose_reader(office, host, messages=1) -> None:
    """Let a worker end while it reads so many messages."""
    before, office.plugin.HOLDS_UP = len(office.plugin.READ), True
    reading = asyncio.create_task(host.inbox.handle())
    for _ in range(messages):
        await office.plugin.HELD_UP.acquire()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    office.plugin.HOLDS_UP = False
    assert len(office.plugin.READ) == before + messages


async def test_message_of_a_worker_that_was_lost_is_read_by_another(office, host, filed):
    await receive(host, message())
    await lose_reader(office, host)
    assert await host.inbox.handle() == 0
    office.clock.advance(LEASE)
    assert await host.inbox.handle() == 1
    assert await rows(host, RESULTS) == ["taken"]


async def test_message_that_ends_its_readers_is_set_aside_and_others_are_read(office, host, filed):
    await receive(host, message("received"), OTHER)
    await receive(host, message())
    # Which of them it was shows when each is read alone.
    for messages in (2, 1, 1):
        await lose_reader(office, host, messages)
        office.clock.advance(LEASE)
    assert [await host.inbox.handle() for _ in range(3)] == [1, 1, 0]
    assert sorted(await rows(host, RESULTS)) == ["readers-lost", "taken"]
    assert await state(host, filed) == "closed"
    neglected = partial(count_neglected, now=host.clock.now())
    assert await host.database.run(neglected) == (0, 1)
    # As after the plugin was mended.
    wanted = MessageFilter(result="readers-lost")
    await host.database.run(partial(read_page_again, wanted=wanted, now=host.clock.now()))
    assert await host.inbox.handle() == 1
    assert await host.database.run(neglected) == (0, 0)


# A gateway's notices


@pytest.fixture
async def waiting(office, host):
    """An application that waits for its payer, and the payment."""
    application = await office.apply(host, "letter", service="office.stamp", gateway=TILL)
    await host.worker().run_until_idle()
    (payment,) = (await host.progress(application)).payments
    assert payment.state == "pending"
    office.plugin.ASKED.clear()
    return application, payment.id


def notice(payment: str) -> bytes:
    return json.dumps({"payment": payment}).encode()


@pytest.mark.parametrize(("paid", "then"), [(True, "submitted"), (False, "awaiting_payment")])
async def test_notice_lets_the_gateway_be_asked_at_once_whose_word_alone_counts(office, host, waiting, paid, then):
    application, payment = waiting
    office.plugin.PAID |= {payment} if paid else set()
    await receive(host, notice(payment), TILL)
    await host.worker().run_until_idle()
    assert await state(host, application) == then
    assert (office.plugin.ASKED, await rows(host, RESULTS)) == ([payment], ["taken"])


async def test_payment_is_asked_about_once_a_minute_however_many_notices_name_it(office, host, waiting):
    application, payment = waiting
    for number in range(6):
        await receive(host, notice(payment), TILL, headers=GENUINE | {"number": str(number)})
        await host.worker().run_until_idle()
    assert (office.plugin.ASKED, await events(host, application, "payment-noticed")) == ([payment], 1)
    office.clock.advance(NOTICES_APART)
    await host.worker().run_until_idle()
    assert await events(host, application, "payment-noticed") == 2
    assert sorted(await rows(host, RESULTS)) == ["repeated"] * 4 + ["taken"] * 2


@pytest.mark.parametrize(
    ("gateway", "headers", "named", "result"),
    [
        (TILL, {"mark": "forged"}, None, "agency-rejected"),
        (TILL, GENUINE, "of-no-one", "unknown-reference"),
        (OTHER_TILL, GENUINE, None, "unknown-reference"),
    ],
    ids=["forged", "unknown", "another gateway's"],
)
async def test_notice_that_is_nobodys_asks_nobody(office, host, waiting, gateway, headers, named, result):
    application, payment = waiting
    before = await host.track(application)
    await receive(host, notice(named or payment), gateway, headers=headers)
    await host.inbox.handle()
    assert await host.track(application) == before
    assert await rows(host, RESULTS) == [result]


async def test_message_is_erased_once_it_is_old_whatever_became_of_it(office, host, waiting):
    _, payment = waiting
    await receive(host, notice(payment), TILL)
    await receive(host, message(number="NOBODYS"))
    await host.worker().run_until_idle()
    office.clock.advance(timedelta(hours=1))
    now = office.clock.now()
    await receive(host, b"young", TILL)
    assert [await erase_messages(host.database, received_before=now, now=now) for _ in range(2)] == [2, 0]
    found = await rows(host, select(inbox.c.result, inbox.c.data_key, inbox.c.sealed).order_by(inbox.c.received_at))
    *old, young = [(result, key is None, sealed == b"") for result, key, sealed in found]
    assert sorted(old) == [(EXPIRED, True, True), ("taken", True, True)]
    assert young == (None, False, False)
