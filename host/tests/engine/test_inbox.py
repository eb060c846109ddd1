"""Messages that claim to come from an agency: once each, only where proved, and never a way round the row."""

import asyncio
import json
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from nagorik import Applicant, ApplicationDraft, Consent, Operation, ServiceNotOffered, Text
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.engine.inbox import (
    LEASE,
    LONGEST_PAUSE,
    NOTICES_APART,
    PATIENCE,
    SHARE,
    InboxFull,
    MessageRefused,
)
from nagorik_host.engine.suspensions import SuspensionRecord, resume, suspend
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.messages import (
    MessageFilter,
    read_page_again,
)
from nagorik_host.store.overview import count_set_aside
from nagorik_host.store.retention import EXPIRED, MESSAGE_AGE
from nagorik_host.store.schema import inbox
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

pytestmark = pytest.mark.long

MANIFEST = """\
manifest_version = 1
id = "letters"
requires_api = "1.0"
name = { en = "Office of letters", bn = "চিঠির দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "letters.stamp"
name = { en = "A stamp", bn = "একটি সিল" }
form = "forms:LetterForm"
reads = ["quote", "status"]
writes = { submit = "native" }

[[services]]
id = "letters.other"
name = { en = "Another reply", bn = "আরেকটি উত্তর" }
form = "forms:LetterForm"
reads = ["status", "callback"]
writes = { submit = "native" }

[[services]]
id = "letters.reply"
name = { en = "A reply", bn = "একটি উত্তর" }
form = "forms:LetterForm"
reads = ["status", "callback"]
writes = { submit = "native" }

[[gateways]]
id = "letters.till"
name = { en = "The till", bn = "ক্যাশ কাউন্টার" }
reads = ["query-payment", "payment-notice"]
writes = { start-payment = "native" }

[[gateways]]
id = "letters.other-till"
name = { en = "Another till", bn = "আরেকটি কাউন্টার" }
reads = ["query-payment", "payment-notice"]
writes = { start-payment = "native" }
"""
FORM = """\
from nagorik import Form


class LetterForm(Form):
    subject: str
"""
PLUGIN = """\
import asyncio
import json
from datetime import date, timedelta

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    AgencyUnavailable,
    ApplicationState,
    CallbackReport,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Quote,
    Text,
    hookimpl,
)
from nagorik.model.fee import FeeDue, QuoteLine, Source
from nagorik.values import Money

PRICE = Money.taka(10)
PAID, ASKED = set(), []
READ, KEY_IS_THERE = [], True
HOLDS_UP, HELD_UP = False, asyncio.Semaphore(0)


def status(context, word, *, final):
    return AgencyStatus(state=ApplicationState(word), raw=word, at=context.clock.now(), final=final)


@hookimpl
async def nagorik_submit(request, context):
    return Accepted(reference=request.client_reference, status=status(context, "submitted", final=False))


@hookimpl
async def nagorik_get_status(request, context):
    return status(context, "submitted", final=False)


@hookimpl
async def nagorik_parse_callback(request, context):
    READ.append(request.body)
    if HOLDS_UP:
        HELD_UP.release()
        await asyncio.Event().wait()
    if request.headers.get("mark") == "raises":
        raise TypeError(request.body)
    if request.headers.get("mark") == "hangs":
        await asyncio.Event().wait()
    if request.headers.get("mark") != "genuine":
        raise AgencyRejected("callback-not-proved")
    if not KEY_IS_THERE:
        raise AgencyUnavailable
    told = json.loads(request.body)
    return CallbackReport(agency_reference=told["number"], status=status(context, told["word"], final=True))


@hookimpl
async def nagorik_quote_fees(request, context):
    now = context.clock.now()
    line = QuoteLine(code="stamp", text=Text(en="Stamp", bn="সিল"), amount=PRICE, vat=Money.taka(0))
    source = Source(title="A model", as_of=date(2026, 11, 24), verified=False)
    return Quote(
        id="quote-1",
        stage=request.stage,
        lines=(line,),
        total=PRICE,
        due=FeeDue.BEFORE_SUBMISSION,
        issued_at=now,
        expires_at=now + timedelta(days=9),
        source=source,
    )


@hookimpl
async def nagorik_start_payment(request, context):
    return PaymentStarted(reference="T-1")


@hookimpl
async def nagorik_query_payment(request, context):
    ASKED.append(request.payment)
    if request.payment not in PAID:
        return PaymentReport(state=PaymentState.PENDING)
    return PaymentReport(state=PaymentState.CAPTURED, amount=PRICE, captured_at=context.clock.now())


@hookimpl
async def nagorik_parse_payment_notice(request, context):
    if request.headers.get("mark") != "genuine":
        raise AgencyRejected("notice-not-proved")
    return PaymentNotice(payment=json.loads(request.body)["payment"])
"""
SERVICE, TILL, OTHER = "letters.reply", "letters.till", "letters.other-till"
GENUINE = {"mark": "genuine"}


@pytest.fixture
def office(install):
    """The plugin's module: which bodies were ``READ``, who has ``PAID``, which payments were ``ASKED`` about, …"""
    return install("letters", MANIFEST, FORM, PLUGIN)


@pytest.fixture
async def host(office, ready_url, keyring):
    plugin = PluginConfiguration(settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"}))
    admission = Admission(allow=frozenset({"letters"}))
    composed = PlatformSettings(plugins={"letters": plugin}, admission=admission, clock=SimulatedClock())
    async with open_host(ready_url, keyring, composed, lease_clock=SimulatedClock()) as made:
        yield made


async def apply(host, reference="NGK-LETTER-1", *, service=SERVICE, gateway=None) -> str:
    now = host.clock.now()
    consent = Consent(
        id="consent-letters",
        service=service,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(100),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    form = {"subject": "A"}
    draft = ApplicationDraft(service=service, applicant=applicant, form=form, consent=consent, gateway=gateway)
    return await host.apply(draft, client_reference=reference)


@pytest.fixture
async def filed(host):
    """An application that the agency has, and what the agency calls it."""
    application = await apply(host)
    await host.worker().run_until_idle()
    assert (await host.track(application)).progress.state == "submitted"
    return application


def message(word="rejected", number="NGK-LETTER-1"):
    return json.dumps({"number": number, "word": word}).encode()


async def results(host):
    query = select(inbox.c.result).order_by(inbox.c.received_at, inbox.c.handled_at)
    return await host.database.run(lambda t: t.connection.scalars(query).all())


async def test_same_message_counts_once(host, filed):
    for _ in range(2):
        await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    await host.worker().run_until_idle()
    await host.inbox.receive(SERVICE, headers=GENUINE | {"date": "11"}, body=message("in_review"))
    await host.worker().run_until_idle()
    assert sorted(await results(host)) == ["repeated", "repeated", "taken"]
    assert [event.kind for event in (await host.track(filed)).events].count("status-received") == 2


async def test_message_that_is_hours_earlier_than_the_answer_is_kept_for_it(host):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.inbox.handle()
    host.clock.set(host.clock.now() + timedelta(hours=5))
    await host.inbox.handle()
    assert await results(host) == [None]
    application = await apply(host)
    await host.worker().run_until_idle()
    host.clock.advance(LONGEST_PAUSE)
    await host.worker().run_until_idle()
    assert (await host.track(application)).progress.state == "closed"
    assert await results(host) == ["taken"]


async def test_message_whose_key_another_process_has_is_left_to_it(host, filed, office):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    elsewhere = update(inbox).values(data_key=b"elsewhere:" + b"0" * 60)
    await host.database.run(lambda transaction: transaction.connection.execute(elsewhere))
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.worker().run_until_idle()
    assert (await host.track(filed)).progress.state == "closed"
    assert sorted(await results(host), key=str) == [None, "taken"]


async def test_two_workers_take_a_message_once(host, filed):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    assert sorted(await asyncio.gather(host.inbox.handle(), host.inbox.handle())) == [0, 1]
    kinds = [event.kind for event in (await host.track(filed)).events]
    assert kinds.count("status-received") == 2


# What is kept at all


REFUSED = {
    "1000000 bytes": {"body": b"x" * 1_000_001},
    "100 headers": {"headers": {f"h{number}": "x" for number in range(101)}},
    "16384 letters": {"headers": {"mark": "x" * 16_384}},
    "1000 letters": {"message_id": "x" * 1_001},
}


@pytest.mark.parametrize(("bound", "parts"), REFUSED.items(), ids=REFUSED)
async def test_what_no_agency_sends_is_refused_and_not_kept(host, bound, parts):
    with pytest.raises(MessageRefused, match=f"at most {bound}"):
        await host.inbox.receive(SERVICE, **({"headers": GENUINE, "body": message()} | parts))
    assert await results(host) == []


async def test_message_that_could_not_be_kept_is_not_acknowledged(host, monkeypatch):
    async def gone(_):
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(host.database, "run", gone)
    with pytest.raises(DatabaseUnavailable):
        await host.inbox.receive(SERVICE, headers=GENUINE, body=message())


async def test_message_to_a_service_without_callbacks_is_refused(host):
    with pytest.raises(ServiceNotOffered) as caught:
        await host.inbox.receive("letters.stamp", headers=GENUINE, body=message())
    assert caught.value.because == "operation-not-offered"
    assert await results(host) == []


async def test_more_than_can_be_read_is_refused_until_some_is(host, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.inbox.MOST_UNREAD", 2)
    for number in range(2):
        await host.inbox.receive(SERVICE, headers={"mark": str(number)}, body=message())
    with pytest.raises(InboxFull):
        await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.inbox.receive("letters.other", headers=GENUINE, body=message())
    await host.inbox.handle()
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())


# One message's defect


async def test_messages_on_which_a_plugin_breaks_do_not_stop_its_calls(host, filed):
    for number in range(12):
        await host.inbox.receive(SERVICE, headers={"mark": "raises"}, body=message(number=str(number)))
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.worker().run_until_idle()
    assert "letters" not in {one.distribution.removeprefix("nagorik-") for one in host.platform.quarantined}
    assert (await host.track(filed)).progress.state == "closed"
    assert sorted(await results(host)) == ["plugin-fault"] * 12 + ["taken"]


# What is forged displaces nothing


async def test_forged_message_moves_nothing_and_takes_no_genuine_ones_place(host, filed):
    before = await host.track(filed)
    for body in (message(), b"junk"):
        await host.inbox.receive(SERVICE, headers={"mark": "x"}, body=body, message_id="guessed")
    await host.inbox.handle()
    assert await host.track(filed) == before
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message(), message_id="guessed")
    await host.worker().run_until_idle()
    assert (await host.track(filed)).progress.state == "closed"
    assert sorted(await results(host)) == ["agency-rejected"] * 2 + ["taken"]


# What cannot be read now waits


@pytest.mark.parametrize(("kind", "name"), [("service", SERVICE), ("plugin", "letters")])
async def test_message_waits_while_an_officer_has_stopped_what_it_is_about(host, filed, kind, name):
    stopped = SuspensionRecord(kind, name, Text(en="Stopped.", bn="বন্ধ।"), "officer", host.clock.now())
    await host.database.run(lambda transaction: suspend(transaction, stopped))
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    assert await host.inbox.handle() == 0
    await host.database.run(lambda transaction: resume(transaction, kind, name, host.clock.now()))
    assert await host.inbox.handle() == 1
    assert await results(host) == ["taken"]


async def test_message_that_cannot_be_proved_now_is_tried_less_and_less(host, filed, office):
    office.KEY_IS_THERE = False
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    tried = []
    for minute in range(120):
        if await host.inbox.handle():
            tried.append(minute)
        host.clock.advance(60)
    assert tried == [0, 1, 2, 4, 8, 16, *range(26, 120, 10)]
    office.KEY_IS_THERE = True
    host.clock.advance(timedelta(minutes=10))
    await host.inbox.handle()
    assert await results(host) == ["taken"]


async def test_unknown_reference_is_looked_at_less_and_less_and_given_up(host, filed, office):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message(number="NOBODYS"))
    for _ in range(61):
        await host.inbox.handle()
        host.clock.advance(1)
    assert len(office.READ) == 3
    host.clock.advance(PATIENCE.total_seconds())
    await host.inbox.handle()
    assert len(office.READ) == 4
    assert await results(host) == ["unknown-reference"]


# Fair, bounded, and beside the work


async def flood(host, number, *, offer=SERVICE) -> None:
    for one in range(number):
        await host.inbox.receive(offer, headers={"mark": f"forged {one}"}, body=message())


async def test_flood_at_one_offer_delays_no_other(host, filed):
    await flood(host, SHARE * 3, offer="letters.other")
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    assert await host.inbox.handle() == SHARE + 1
    assert (await host.track(filed)).progress.state == "closed"


async def lose_reader(host, office, messages=1) -> None:
    """Let a worker end while it reads so many messages."""
    before, office.HOLDS_UP = len(office.READ), True
    reading = asyncio.create_task(host.inbox.handle())
    for _ in range(messages):
        await office.HELD_UP.acquire()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    office.HOLDS_UP = False
    assert len(office.READ) == before + messages


async def test_message_of_a_worker_that_was_lost_is_read_by_another(host, filed, office):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await lose_reader(host, office)
    assert await host.inbox.handle() == 0
    host.clock.advance(LEASE)
    assert await host.inbox.handle() == 1
    assert await results(host) == ["taken"]


async def test_message_that_hangs_delays_no_other_offer(host, filed, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.inbox.READ_SECONDS", 0.01)
    for number in range(3):
        await host.inbox.receive("letters.other", headers={"mark": "hangs"}, body=message(number=str(number)))
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    assert await host.inbox.handle() == 4
    assert (await host.track(filed)).progress.state == "closed"
    assert sorted(await results(host), key=str) == [None, None, None, "taken"]


async def test_message_that_ends_its_readers_is_set_aside_and_others_are_read(host, filed, office, capsys):
    await host.inbox.receive("letters.other", headers=GENUINE, body=message("received"))
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    # Which of them it was shows when each is read alone.
    for messages in (2, 1, 1):
        await lose_reader(host, office, messages)
        host.clock.advance(LEASE)
    assert [await host.inbox.handle() for _ in range(3)] == [1, 1, 0]
    assert sorted(await results(host)) == ["readers-lost", "taken"]
    assert (await host.track(filed)).progress.state == "closed"
    assert "message_set_aside" in capsys.readouterr().out
    assert await host.database.run(count_set_aside) == 1
    # As after the plugin was mended.
    await host.database.run(
        partial(read_page_again, wanted=MessageFilter(result="readers-lost"), now=host.clock.now())
    )
    assert await host.inbox.handle() == 1
    assert await host.database.run(count_set_aside) == 0


# A gateway's notices


@pytest.fixture
async def waiting(host, office):
    """An application that waits for its payer, and the payment."""
    application = await apply(host, service="letters.stamp", gateway=TILL)
    await host.worker().run_until_idle()
    (payment,) = (await host.track(application)).progress.payments
    assert payment.state == "pending"
    office.ASKED.clear()
    return application, payment.id


def notice(payment: str) -> bytes:
    return json.dumps({"payment": payment}).encode()


async def test_notice_of_a_payment_lets_the_gateway_be_asked_at_once(host, office, waiting):
    application, payment = waiting
    office.PAID.add(payment)
    await host.inbox.receive(TILL, headers=GENUINE, body=notice(payment))
    await host.worker().run_until_idle()
    assert (await host.track(application)).progress.state == "submitted"
    assert (office.ASKED, await results(host)) == ([payment], ["taken"])


async def test_payment_is_asked_about_once_a_minute_however_many_notices_name_it(host, office, waiting):
    application, payment = waiting
    for number in range(6):
        headers = GENUINE | {"number": str(number)}
        await host.inbox.receive(TILL, headers=headers, body=notice(payment))
        await host.worker().run_until_idle()
    noticed = [one for one in (await host.track(application)).events if one.kind == "payment-noticed"]
    assert (office.ASKED, len(noticed)) == ([payment], 1)
    assert (await host.track(application)).progress.state == "awaiting_payment"  # the gateway's word counts
    host.clock.advance(NOTICES_APART)
    await host.worker().run_until_idle()
    noticed = [one for one in (await host.track(application)).events if one.kind == "payment-noticed"]
    assert len(noticed) == 2
    assert sorted(await results(host)) == ["repeated"] * 4 + ["taken"] * 2


@pytest.mark.parametrize(
    ("gateway", "headers", "named", "result"),
    [
        (TILL, {"mark": "forged"}, None, "agency-rejected"),
        (TILL, GENUINE, "nobody-s-payment", "unknown-reference"),
        (OTHER, GENUINE, None, "unknown-reference"),
    ],
    ids=["forged", "unknown", "another gateway's"],
)
async def test_notice_that_is_nobodys_asks_nobody(host, office, waiting, gateway, headers, named, result):
    application, payment = waiting
    before = await host.track(application)
    await host.inbox.receive(gateway, headers=headers, body=notice(named or payment))
    await host.inbox.handle()
    assert await host.track(application) == before
    host.clock.set(host.clock.now() + PATIENCE)
    await host.inbox.handle()
    assert await results(host) == [result]


async def test_message_is_erased_once_it_is_old_whatever_became_of_it(host, office, waiting):
    _, payment = waiting
    await host.inbox.receive(TILL, headers=GENUINE, body=notice(payment))
    await host.inbox.receive(TILL, headers={"mark": "forged", "authorization": "secret"}, body=notice(payment))
    worker = host.worker()
    await worker.run_until_idle()
    await host.inbox.receive(TILL, headers=GENUINE, body=notice("nobody's"))
    host.clock.advance(MESSAGE_AGE - timedelta(hours=1))
    await host.inbox.receive(TILL, headers=GENUINE, body=b"young")
    host.clock.advance(timedelta(hours=1, seconds=1))
    assert [await worker.housekeeping.erase_messages() for _ in range(2)] == [3, 0]
    query = select(inbox.c.result, inbox.c.data_key.is_(None), inbox.c.sealed == b"").order_by(inbox.c.received_at)
    *old, young = await host.database.run(lambda t: t.connection.execute(query).all())
    assert sorted(old) == [(result, True, True) for result in ("agency-rejected", EXPIRED, "taken")]
    assert young == (None, False, False)
    assert [one async for one in verify_journals(host.database, host.vault) if one.findings] == []
