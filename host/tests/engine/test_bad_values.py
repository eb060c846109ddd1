"""A value that nobody can reckon with or keep is one application's case; the worker and all others go on."""

from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import applications
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

SERVICE = "depot.permit"
MANIFEST = """\
manifest_version = 1
id = "depot"
requires_api = "1.0"
name = { en = "A depot", bn = "একটি ডিপো" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "depot.permit"
name = { en = "A permit", bn = "একটি অনুমতি" }
form = "forms:PermitForm"
reads = ["quote", "status", "find"]
writes = { submit = "none" }
"""
FORM = """\
from nagorik import Form


class PermitForm(Form):
    word: str
"""
PLUGIN = '''\
"""Each citizen's form says which odd thing the agency does; "plain" is an agency that is well."""

import datetime as times
from datetime import date, timedelta

from nagorik import (
    Accepted,
    AgencyClosed,
    AgencyStatus,
    ApplicationState,
    DefinitelyAbsent,
    Pending,
    Quote,
    RateLimited,
    Text,
    hookimpl,
)
from nagorik.model.fee import FeeDue, QuoteLine, Source
from nagorik.model.status import Deliverable
from nagorik.values import Money

PRICE = Money.taka(0)


@hookimpl
async def nagorik_quote_fees(request, context):
    now = context.clock.now()
    line = QuoteLine(code="permit", text=Text(en="Permit", bn="অনুমতি"), amount=PRICE, vat=PRICE)
    quote = Quote(
        id="quote-1",
        lines=(line,),
        total=PRICE,
        due=FeeDue.BEFORE_SUBMISSION,
        issued_at=now,
        expires_at=now + timedelta(days=9),
        source=Source(title="A model", as_of=date(2026, 11, 24), verified=False),
    )
    return quote.model_copy(update={"id": "q" * 121 if request.form.word == "long-quote" else "quote-1"})


def status(context, kind=None):
    issued = [Deliverable(kind="paper", delivery="none")]
    if kind is not None:
        issued = [one.model_copy(update={"kind": kind}) for one in issued]
    return AgencyStatus(
        state=ApplicationState.ISSUED, raw="done", at=context.clock.now(), deliverables=tuple(issued), final=True
    )


@hookimpl
async def nagorik_submit(request, context):
    match request.form.word:
        case "check-in-ages":
            return Pending.model_construct(reference="R-1", check_after=1e18)
        case "closed-for-ever":
            raise AgencyClosed(times.datetime.max.replace(tzinfo=times.UTC))
        case "wait-for-a-word":
            raise RateLimited(retry_after="soon")
        case "deliverable-with-nul":
            return Accepted(reference="R-1", status=status(context, "kind\\0"))
    return Accepted(reference="R-1", status=status(context))


@hookimpl
async def nagorik_find_submission(request, context):
    return DefinitelyAbsent(as_of=context.clock.now())


@hookimpl
async def nagorik_get_status(request, context):
    return status(context)
'''
WORDS = ["check-in-ages", "closed-for-ever", "wait-for-a-word", "long-quote", "deliverable-with-nul"]


@pytest.fixture
def depot(install):
    """The depot's plugin, installed for one test."""
    return install("depot", MANIFEST, FORM, PLUGIN)


@asynccontextmanager
async def opened(url, keyring, clock, *, lease=LEASE):
    settings = PlatformSettings(
        plugins={
            "depot": PluginConfiguration(settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"}))
        },
        admission=Admission(allow=frozenset({"depot"})),
        clock=clock,
        faults_before_quarantine=10_000,
    )
    async with open_host(url, keyring, settings, lease_clock=SimulatedClock(), lease=lease) as host:
        yield host


async def apply(host, word: str) -> str:
    now = host.clock.now()
    consent = Consent(
        id="consent-depot",
        service=SERVICE,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(100),
        given_at=now,
        expires_at=now + timedelta(days=4000),
    )
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    return await host.apply(
        ApplicationDraft(service=SERVICE, applicant=applicant, form={"word": word}, consent=consent)
    )


async def row_of(host, application):
    query = select(applications).where(applications.c.id == application)
    return await host.database.run(lambda t: t.connection.execute(query).one())


async def work_for(host, days: int) -> None:
    """Let a worker work for so many days of the agencies' time."""
    worker, end = host.worker("machine-7"), host.clock.now() + timedelta(days=days)
    while (due := await worker.run_until_idle()) is not None and due <= end:
        host.clock.set(max(due, host.clock.now()))


@pytest.mark.parametrize("word", WORDS)
async def test_value_that_cannot_be_kept_ends_no_worker(depot, ready_url, keyring, word):
    async with opened(ready_url, keyring, SimulatedClock()) as host:
        odd, plain = await apply(host, word), await apply(host, "plain")
        await work_for(host, 2)
        assert (await row_of(host, plain)).state == "closed"
        # It can be shown, and waits for nothing that never comes.
        await host.track(odd)
        row = await row_of(host, odd)
        assert row.due_at is None or row.due_at <= host.clock.now() + timedelta(days=367)
