"""Messages that claim to come from an agency: once each, only where proved, and never a way round the row."""

import asyncio
import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from nagorik import Applicant, ApplicationDraft, Consent, Operation, ServiceNotOffered
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.engine.inbox import PATIENCE
from nagorik_host.store.schema import inbox
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

MANIFEST = """\
manifest_version = 1
id = "letters"
requires_api = "1.0"
name = { en = "Office of letters", bn = "চিঠির দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "letters.reply"
name = { en = "A reply", bn = "একটি উত্তর" }
form = "forms:LetterForm"
reads = ["status", "callback"]
writes = { submit = "native" }
"""
FORM = """\
from typing import Annotated

from nagorik import Form, Label


class LetterForm(Form):
    subject: Annotated[str, Label(en="Subject", bn="বিষয়")]
"""
PLUGIN = """\
import json

from nagorik import Accepted, AgencyRejected, AgencyStatus, ApplicationState, CallbackReport, hookimpl


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
    if request.headers.get("mark") != "genuine":
        raise AgencyRejected("callback-not-proved")
    told = json.loads(request.body)
    return CallbackReport(agency_reference=told["number"], status=status(context, told["word"], final=True))
"""
SERVICE = "letters.reply"
GENUINE = {"mark": "genuine"}


@pytest.fixture
async def host(install, ready_url, keyring):
    install("letters", MANIFEST, FORM, PLUGIN)
    clock = SimulatedClock()
    settings = PlatformSettings(
        plugins={
            "letters": PluginConfiguration(
                settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"})
            )
        },
        admission=Admission(allow=frozenset({"letters"})),
        clock=clock,
    )
    async with open_host(ready_url, keyring, settings, lease_clock=SimulatedClock()) as opened:
        yield opened


async def apply(host, reference="NGK-LETTER-1") -> str:
    now = host.clock.now()
    consent = Consent(
        id="consent-letters",
        service=SERVICE,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(0),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    draft = ApplicationDraft(service=SERVICE, applicant=applicant, form={"subject": "A"}, consent=consent)
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
    query = select(inbox.c.result).order_by(inbox.c.received_at)
    return await host.database.run(lambda t: t.connection.scalars(query).all())


async def test_genuine_message_moves_the_application(host, filed):
    assert await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.worker().run_until_idle()
    assert (await host.track(filed)).progress.state == "closed"
    assert await results(host) == ["taken"]


async def test_same_message_counts_once(host, filed):
    for _ in range(2):
        await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    assert not await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    await host.worker().run_until_idle()
    assert not await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    assert await results(host) == ["taken"]


async def test_forged_message_moves_nothing(host, filed):
    before = await host.track(filed)
    await host.inbox.receive(SERVICE, headers={"mark": "forged"}, body=message())
    await host.worker().run_until_idle()
    assert await host.track(filed) == before
    assert await results(host) == ["agency-rejected"]


async def test_message_about_an_unknown_application_is_kept(host, filed):
    before = await host.track(filed)
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message(number="NOBODYS"))
    await host.worker().run_until_idle()
    assert await host.track(filed) == before
    # Its application might be being filed just now, so it is not given up at once.
    assert await results(host) == [None]
    host.clock.set(host.clock.now() + PATIENCE)
    await host.worker().run_until_idle()
    assert await results(host) == ["unknown-reference"]


async def test_message_that_is_earlier_than_the_answer_is_kept_for_it(host):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.inbox.handle()
    application = await apply(host)
    await host.worker().run_until_idle()
    assert (await host.track(application)).progress.state == "closed"
    assert await results(host) == ["taken"]


async def test_message_is_read_though_its_application_is_filed_while_a_worker_looks(host, monkeypatch):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    application = await apply(host)
    await apply(host, "NGK-LETTER-2")  # when that is filed, the worker looks again
    worker, filing = host.worker(), asyncio.Event()

    async def held(platform, draft, progress, call):
        if progress.id == application:
            await filing.wait()
        return await perform(platform, draft, progress, call)

    async def slow(unit, claim=worker._claim):
        batch = await claim(unit)
        if not batch:
            # The inbox was looked at before this, and nothing is due any more.
            filing.set()
            while worker._in_flight:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.001)
        return batch

    monkeypatch.setattr("nagorik_host.engine.worker.perform", held)
    monkeypatch.setattr(worker, "_claim", slow)
    await worker.run_until_idle()
    assert (await host.track(application)).progress.state == "closed"


async def test_message_whose_key_is_gone_stops_no_other(host, filed):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    lost = update(inbox).values(data_key=b"gone:" + b"0" * 60)
    await host.database.run(lambda transaction: transaction.connection.execute(lost))
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.worker().run_until_idle()
    assert (await host.track(filed)).progress.state == "closed"
    assert sorted(await results(host)) == ["defect", "taken"]


async def test_more_messages_than_one_page_are_read_at_once(host, filed, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.inbox.PAGE", 2)
    for number in range(5):
        await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"), message_id=str(number))
    assert await host.inbox.handle() == 5
    assert set(await results(host)) == {"taken"}


async def test_two_workers_take_a_message_once(host, filed):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message("in_review"))
    assert sorted(await asyncio.gather(host.inbox.handle(), host.inbox.handle())) == [0, 1]
    kinds = [event.kind for event in (await host.track(filed)).events]
    assert kinds.count("status-received") == 2


async def test_message_that_cannot_be_read_stops_no_other(host, filed):
    await host.inbox.receive(SERVICE, headers=GENUINE, body=b"{")
    await host.inbox.receive(SERVICE, headers=GENUINE, body=message())
    await host.worker().run_until_idle()
    assert (await host.track(filed)).progress.state == "closed"
    assert sorted(await results(host))[-1] == "taken"
    assert len(await results(host)) == 2


async def test_message_for_a_service_that_nobody_offers_is_refused(host):
    with pytest.raises(ServiceNotOffered):
        await host.inbox.receive("letters.nothing", headers={}, body=b"")
