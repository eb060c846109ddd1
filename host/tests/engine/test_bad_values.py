"""A value that nobody can reckon with or keep is one application's case; the worker and all others go on."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from structlog.testing import capture_logs

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.store.application_store import LEASE, LeaseTooShort
from nagorik_host.store.cases import unblock
from nagorik_host.store.schema import applications, attempts, journal
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
    AgencyUnavailable,
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
    names = {"long-quote": "q" * 121, "quote-with-nul": "quote\\0"}
    if request.form.word == "late-quote":
        return quote.model_copy(update={"expires_at": times.datetime.max.replace(tzinfo=times.UTC)})
    return quote.model_copy(update={"id": names.get(request.form.word, "quote-1")})


def status(context, kind=None, stand_in=False):
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
        case "check-never":
            return Pending.model_construct(reference="R-1", check_after=float("inf"))
        case "closed-for-ever":
            raise AgencyClosed(times.datetime.max.replace(tzinfo=times.UTC))
        case "closed-until-a-word":
            raise AgencyClosed(times.time(9, 0, tzinfo=times.UTC))
        case "wait-for-ages":
            raise AgencyUnavailable(retry_after=1e300)
        case "wait-for-a-word":
            raise RateLimited(retry_after="soon")
        case "wait-the-wrong-way":
            raise RateLimited(retry_after=-5)
        case "long-deliverable":
            return Accepted(reference="R-1", status=status(context, "k" * 200))
        case "deliverable-with-nul":
            return Accepted(reference="R-1", status=status(context, "kind\\0"))
        case "widest-deliverable":
            return Accepted(reference="R-1", status=status(context, "k" * 80))
    return Accepted(reference="R-1", status=status(context))


@hookimpl
async def nagorik_find_submission(request, context):
    return DefinitelyAbsent(as_of=context.clock.now())


@hookimpl
async def nagorik_get_status(request, context):
    return status(context)
'''
WORDS = [
    "check-in-ages",
    "check-never",
    "closed-for-ever",
    "closed-until-a-word",
    "wait-for-ages",
    "wait-for-a-word",
    "wait-the-wrong-way",
    "long-quote",
    "quote-with-nul",
    "late-quote",
    "long-deliverable",
    "deliverable-with-nul",
    "widest-deliverable",
]


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
        # Whatever becomes of it, it can be told, and it waits for nothing that never comes.
        await host.track(odd)
        row = await row_of(host, odd)
        assert row.due_at is None or row.due_at <= host.clock.now() + timedelta(days=367)


@pytest.mark.parametrize(
    ("word", "latest"), [("closed-for-ever", timedelta(days=367)), ("wait-for-ages", timedelta(days=1, hours=1))]
)
async def test_agency_that_never_wants_to_be_asked_again_is_asked_again(depot, ready_file, keyring, word, latest):
    async with opened(ready_file, keyring, SimulatedClock()) as host:
        odd = await apply(host, word)
        await host.worker().run_until_idle()
        row = await row_of(host, odd)
        assert (row.state, row.blocked) == ("ready", None)
        assert host.clock.now() < row.due_at <= host.clock.now() + latest


async def test_step_that_cannot_be_written_when_it_is_claimed_blocks_its_application_alone(depot, ready_url, keyring):
    async with opened(ready_url, keyring, SimulatedClock()) as host:
        odd, plain = await apply(host, "plain"), await apply(host, "plain")
        # The intent to ask for the price would be the attempt of the last entry, which is there already.
        before = await row_of(host, odd)
        there = insert(attempts).values(
            application=odd,
            entry=before.entries,
            operation="quote",
            worker="w",
            request_digest="d",
            began_at=host.clock.now(),
        )
        await host.database.run(lambda t: t.connection.execute(there))
        with capture_logs() as logs:
            await work_for(host, 1)
        after = await row_of(host, odd)
        assert (await row_of(host, plain)).state == "closed"
        assert (after.blocked, after.due_at, after.lease) == ("defect", None, None)
        # Nothing of the step that failed is kept.
        assert (after.entries, after.chain, after.progress) == (before.entries, before.chain, before.progress)
        (line,) = [entry for entry in logs if entry["event"] == "application_blocked"]
        assert (line["application"], line["worker"], line["defect"]) == (odd, "machine-7", "IntegrityError")


async def test_answer_that_cannot_be_written_blocks_its_application_alone(depot, ready_url, keyring):
    async with opened(ready_url, keyring, SimulatedClock()) as host:
        odd, plain = await apply(host, "plain"), await apply(host, "plain")
        before = await row_of(host, odd)
        # The answer would be the next entry, which is there already.
        there = insert(journal).values(
            application=odd,
            entry=before.entries + 1,
            at=host.clock.now(),
            kind="k",
            outline="{}",
            sealed=b"",
            link=b"",
        )
        await host.database.run(lambda t: t.connection.execute(there))
        with capture_logs() as logs:
            await work_for(host, 1)
        after = await row_of(host, odd)
        assert (await row_of(host, plain)).state == "closed"
        assert (after.blocked, after.due_at, after.lease) == ("defect", None, None)
        assert after.entries == before.entries  # the attempt is open: nobody knows what came of it
        query = select(attempts.c.ended_at).where(attempts.c.application == odd)
        assert await host.database.run(lambda t: t.connection.scalars(query).all()) == [None]
        assert [entry["application"] for entry in logs if entry["event"] == "application_blocked"] == [odd]


async def test_application_that_was_left_with_a_call_in_flight_goes_on_when_it_is_let(depot, ready_url, keyring):
    async with opened(ready_url, keyring, SimulatedClock()) as host:
        odd = await apply(host, "plain")
        before = await row_of(host, odd)
        place = {"application": odd, "entry": before.entries + 1}
        rest = {"at": host.clock.now(), "kind": "k", "outline": "{}", "sealed": b"", "link": b""}
        there = insert(journal).values(place | rest)
        await host.database.run(lambda t: t.connection.execute(there))
        await work_for(host, 1)
        assert (await host.progress(odd)).attempt is not None
        gone = delete(journal).where(journal.c.application == odd, journal.c.entry == place["entry"])
        await host.database.run(lambda t: t.connection.execute(gone))
        await host.database.run(lambda t: unblock(t, odd, host.clock.now()))
        await work_for(host, 1)
        assert (await row_of(host, odd)).state == "closed"
        query = select(attempts.c.result).where(attempts.c.application == odd).order_by(attempts.c.entry)
        assert (await host.database.run(lambda t: t.connection.scalars(query).all()))[0] == "defect"


async def test_running_worker_survives_what_its_applications_bring(depot, ready_url, keyring):
    async with opened(ready_url, keyring, SimulatedClock()) as host:
        for word in WORDS:
            await apply(host, word)
        plain = await apply(host, "plain")
        await run_until_closed(host, plain)


async def run_until_closed(host, application) -> None:
    """Let one worker run until an application is closed, and see that it had not ended before."""
    stop = asyncio.Event()
    working = asyncio.create_task(host.worker().run(stop))
    async with asyncio.timeout(60):
        while not working.done() and (await row_of(host, application)).state != "closed":  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
    stop.set()
    await working
    assert (await row_of(host, application)).state == "closed"


@pytest.mark.parametrize(("deadline", "lease", "opens"), [(359.9, 60, True), (360, 60, False), (600, 301, True)])
async def test_host_does_not_open_with_calls_that_outlast_its_lease(
    install, ready_file, keyring, deadline, lease, opens
):
    limited = MANIFEST.replace("as_of", f"limits = {{ deadline = {deadline} }}\nas_of")
    install("depot", limited, FORM, PLUGIN)
    if opens:
        async with opened(ready_file, keyring, SimulatedClock(), lease=timedelta(seconds=lease)) as host:
            assert host.platform.service(SERVICE)
        return
    with pytest.raises(LeaseTooShort, match="a call of depot") as caught:
        async with opened(ready_file, keyring, SimulatedClock(), lease=timedelta(seconds=lease)):
            pass
    assert "plugin depot: a call of depot.permit may take 360 seconds" in str(caught.value)
    assert "Set lease_seconds above 60" in str(caught.value)


DAMAGE = ("'text'", "5", "x'00ff'", "NULL", "4070908800000000", "0", "9223372036854775807", "CAST(x'ff' AS TEXT)")
"""Of SQLite alone, where text may be in no encoding; the table refuses other types. The large number is in 2099."""


@pytest.mark.parametrize("column", [column.name for column in applications.columns])
async def test_whatever_stands_in_whichever_column_is_one_applications_case(depot, ready_file, keyring, column):
    async with opened(ready_file, keyring, SimulatedClock()) as host:
        # A row whose id is in no encoding is one that no host wrote, and the host promises nothing of it.
        values = DAMAGE[:-1] if column == "id" else DAMAGE
        odd = {await apply(host, "plain"): value for value in values}
        plain = await apply(host, "plain")
        for application, value in odd.items():
            damage(ready_file, column, value, application)
        await run_until_closed(host, plain)
        await work_for(host, 2)


def damage(url: str, column: str, value: str, application: str) -> None:
    """Write a value into a row as whoever has the file can; what the table itself refuses, nobody can."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        with suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE applications SET {column} = {value} WHERE id = ?", (application,))  # noqa: S608


async def test_lease_without_an_end_is_nobodys(depot, ready_url, keyring):
    async with opened(ready_url, keyring, SimulatedClock()) as host:
        application = await apply(host, "plain")
        held = update(applications).values(lease="x", lease_until=None)
        await host.database.run(lambda t: t.connection.execute(held))
        await work_for(host, 1)
        assert (await row_of(host, application)).state == "closed"


def test_instants_of_the_far_end_fit_the_columns():
    assert applications.c.due_at.type.process_bind_param(datetime.max.replace(tzinfo=UTC), None) < 2**63
