"""What a plugin does wrong at one citizen's application is that one's case; the worker and all others go on."""

from datetime import timedelta

import pytest
from host_world import carry, rows
from sqlalchemy import select

from nagorik_host.store.application_store import LeaseTooShort
from nagorik_host.store.cases import FAULTS_OF_A_CASE, list_cases, unblock
from nagorik_host.store.schema import applications

OFFERS = """
[[services]]
id = "office.permit"
name = { en = "A permit", bn = "একটি অনুমতি" }
form = "forms:OfficeForm"
reads = ["eligibility", "quote", "status", "find"]
writes = { submit = "none" }
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
    Criterion,
    DefinitelyAbsent,
    EligibilityDecision,
    Pending,
    Quote,
    RateLimited,
    Text,
    Verdict,
    hookimpl,
)
from nagorik.model.fee import FeeDue, QuoteLine, Source
from nagorik.model.status import Deliverable
from nagorik.values import Money

ODD, MENDED = [], []
PRICE = Money.taka(0)
PERMIT = Text(en="Permit", bn="অনুমতি")


@hookimpl
async def nagorik_check_eligibility(request, context):
    if request.form.word == "raises":
        ODD.append(request.form.word)
        if not MENDED:
            raise ValueError(request.form.word)
    return EligibilityDecision(criteria=(Criterion(id="all", verdict=Verdict.PASS, text=PERMIT),))


@hookimpl
async def nagorik_quote_fees(request, context):
    now = context.clock.now()
    quote = Quote(
        id="quote-1",
        lines=(QuoteLine(code="permit", text=PERMIT, amount=PRICE, vat=PRICE),),
        total=PRICE,
        due=FeeDue.BEFORE_SUBMISSION,
        issued_at=now,
        expires_at=now + timedelta(days=9),
        source=Source(title="A model", as_of=date(2026, 11, 24), verified=False),
    )
    return quote.model_copy(update={"id": "q" * 121 if request.form.word == "long-quote" else "quote-1"})


def status(context, kind="paper"):
    issued = Deliverable(kind="paper", delivery="none").model_copy(update={"kind": kind})
    return AgencyStatus(
        state=ApplicationState.ISSUED, raw="done", at=context.clock.now(), deliverables=(issued,), final=True
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
DAYS = timedelta(days=2)


async def row_of(host, application):
    (row,) = await rows(host, select(applications).where(applications.c.id == application))
    return row


@pytest.mark.parametrize(
    "word", ["check-in-ages", "closed-for-ever", "wait-for-a-word", "long-quote", "deliverable-with-nul"]
)
async def test_value_that_cannot_be_kept_ends_no_worker(install, ready_url, word):
    office = install(OFFERS, PLUGIN)
    async with office.host(ready_url) as host:
        odd, plain = await office.apply(host, word), await office.apply(host)
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert (await row_of(host, plain)).state == "closed"
        # It can be shown, and waits for nothing that never comes.
        await host.track(odd)
        row = await row_of(host, odd)
        assert row.due_at is None or row.due_at <= host.clock.now() + timedelta(days=367)


async def test_application_that_its_plugin_fails_each_time_is_a_case_and_due_no_more(install, ready_url):
    office = install(OFFERS, PLUGIN)
    async with office.host(ready_url) as host:
        bad = await office.apply(host, "raises")
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert len(office.plugin.ODD) == FAULTS_OF_A_CASE
        (case,) = await host.database.run(lambda t: list_cases(t, 9, host.clock.now()))
        assert (case.application, case.blocked) == (bad, "plugin-fault")
        assert (await row_of(host, bad)).due_at is None
        office.plugin.MENDED.append(1)
        await host.database.run(lambda t: unblock(t, bad, host.clock.now()))
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert (await row_of(host, bad)).state == "closed"


async def test_host_does_not_open_with_calls_that_outlast_its_lease(install, ready_file):
    office = install(f"limits = {{ deadline = 360 }}\n{OFFERS}", PLUGIN)
    with pytest.raises(LeaseTooShort, match="a call of office"):
        async with office.host(ready_file):
            pass
