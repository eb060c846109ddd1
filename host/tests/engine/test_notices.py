"""A gateway's notices, from the post to the paid application: hints to ask the gateway, whatever they claim."""

import json
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.engine.inbox import NOTICES_APART, PATIENCE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.retention import EXPIRED, MESSAGE_AGE
from nagorik_host.store.schema import inbox
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

MANIFEST = """\
manifest_version = 1
id = "kiosk"
requires_api = "1.0"
name = { en = "Office with a till", bn = "ক্যাশ কাউন্টারওয়ালা দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "kiosk.stamp"
name = { en = "A stamp", bn = "একটি সিল" }
form = "forms:StampForm"
reads = ["quote", "status"]
writes = { submit = "native" }

[[gateways]]
id = "kiosk.till"
name = { en = "The till", bn = "ক্যাশ কাউন্টার" }
reads = ["query-payment", "payment-notice"]
writes = { start-payment = "native" }

[[gateways]]
id = "kiosk.other"
name = { en = "Another till", bn = "আরেকটি কাউন্টার" }
reads = ["query-payment", "payment-notice"]
writes = { start-payment = "native" }
"""
FORM = """\
from nagorik import Form


class StampForm(Form):
    pass
"""
PLUGIN = """\
import json
from datetime import date, timedelta

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Quote,
    Text,
    hookimpl,
)
from nagorik.values import Money
from nagorik.model.fee import FeeDue, QuoteLine
from nagorik.model.fee import Source

PRICE = Money.taka(10)
PAID, ASKED = set(), []


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


@hookimpl
async def nagorik_submit(request, context):
    status = AgencyStatus(state=ApplicationState.SUBMITTED, raw="taken", at=context.clock.now(), final=False)
    return Accepted(reference="K-1", status=status)


@hookimpl
async def nagorik_get_status(request, context):
    return AgencyStatus(state=ApplicationState.SUBMITTED, raw="taken", at=context.clock.now(), final=False)
"""
TILL, OTHER, SERVICE = "kiosk.till", "kiosk.other", "kiosk.stamp"
GENUINE = {"mark": "genuine"}


@pytest.fixture
def till(install):
    """The office's plugin, installed for one test: who has ``PAID``, and which payments were ``ASKED`` about."""
    return install("kiosk", MANIFEST, FORM, PLUGIN)


@asynccontextmanager
async def opened(url, keyring, clock):
    settings = PlatformSettings(
        plugins={
            "kiosk": PluginConfiguration(settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"}))
        },
        admission=Admission(allow=frozenset({"kiosk"})),
        clock=clock,
    )
    async with open_host(url, keyring, settings, lease_clock=SimulatedClock()) as host:
        yield host


@pytest.fixture
async def host(till, ready_file, keyring):
    """On a file: what differs between databases is the inbox's own tests' affair."""
    async with opened(ready_file, keyring, SimulatedClock()) as host:
        yield host


async def apply(host) -> str:
    now = host.clock.now()
    consent = Consent(
        id="consent-kiosk",
        service=SERVICE,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(100),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    draft = ApplicationDraft(service=SERVICE, applicant=applicant, form={}, consent=consent, gateway=TILL)
    return await host.apply(draft)


async def payment_of(host, application) -> str:
    (payment,) = (await host.track(application)).progress.payments
    return payment.id


@pytest.fixture
async def waiting(host, till):
    """An application that waits for its payer, and the payment."""
    application = await apply(host)
    await host.worker().run_until_idle()
    payment = await payment_of(host, application)
    assert (await host.track(application)).progress.payment(payment).state == "pending"
    till.ASKED.clear()
    return application, payment


def notice(payment: str) -> bytes:
    return json.dumps({"payment": payment}).encode()


async def results(host) -> list[str | None]:
    query = select(inbox.c.result).order_by(inbox.c.received_at, inbox.c.id)
    return list(await host.database.run(lambda t: t.connection.scalars(query).all()))


async def state(host, application) -> str:
    return (await host.track(application)).progress.state.value


async def test_notice_of_a_payment_lets_the_gateway_be_asked_at_once(host, till, waiting):
    application, payment = waiting
    till.PAID.add(payment)
    assert await host.inbox.receive(TILL, headers=GENUINE, body=notice(payment))
    await host.worker().run_until_idle()
    assert await state(host, application) == "submitted"
    assert (till.ASKED, await results(host)) == ([payment], ["taken"])


async def test_notice_is_believed_in_nothing(host, till, waiting):
    """It comes before the payer has paid, or lies: the gateway's word counts."""
    application, payment = waiting
    await host.inbox.receive(TILL, headers=GENUINE, body=notice(payment))
    await host.worker().run_until_idle()
    assert await state(host, application) == "awaiting_payment"
    assert (till.ASKED, await results(host)) == ([payment], ["taken"])


async def test_payment_is_asked_about_once_a_minute_however_many_notices_name_it(host, till, waiting):
    application, payment = waiting
    for number in range(6):
        headers = GENUINE | {"number": str(number)}
        assert await host.inbox.receive(TILL, headers=headers, body=notice(payment))
        await host.worker().run_until_idle()
    noticed = [one for one in (await host.track(application)).events if one.kind == "payment-noticed"]
    assert (till.ASKED, len(noticed)) == ([payment], 1)
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
async def test_notice_that_is_nobodys_asks_nobody(host, till, waiting, gateway, headers, named, result):
    application, payment = waiting
    before = await host.track(application)
    await host.inbox.receive(gateway, headers=headers, body=notice(named or payment))
    await host.inbox.handle()
    assert await host.track(application) == before
    host.clock.set(host.clock.now() + PATIENCE)
    await host.inbox.handle()
    assert await results(host) == [result]


async def test_message_is_erased_once_it_is_old_whatever_became_of_it(host, till, waiting):
    _, payment = waiting
    await host.inbox.receive(TILL, headers=GENUINE, body=notice(payment))
    await host.inbox.receive(TILL, headers={"mark": "forged", "authorization": "secret"}, body=notice(payment))
    worker = host.worker()
    await worker.run_until_idle()
    await host.inbox.receive(TILL, headers=GENUINE, body=notice("nobody's"))
    host.clock.advance(MESSAGE_AGE - timedelta(hours=1))
    assert await worker.erase_messages() == 0
    await host.inbox.receive(TILL, headers=GENUINE, body=b"young")
    host.clock.advance(timedelta(hours=1, seconds=1))
    assert await worker.erase_messages() == 3
    rows = await host.database.run(
        lambda t: t.connection.execute(select(inbox).order_by(inbox.c.received_at, inbox.c.result)).all()
    )
    *old, young = [(row.result, row.data_key is None, row.sealed == b"", row.handled_at is None) for row in rows]
    assert sorted(old) == [
        ("agency-rejected", True, True, False),
        (EXPIRED, True, True, False),
        ("taken", True, True, False),
    ]
    assert young == (None, False, False, True)
    assert await worker.erase_messages() == 0
    assert [one async for one in verify_journals(host.database, host.vault) if one.findings] == []
