"""A plugin that fails on one citizen's application: that application is an officer's case, and nobody else's."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.store.application_store import LeaseTooShort
from nagorik_host.store.cases import FAULTS_OF_A_CASE, list_cases, unblock
from nagorik_host.store.schema import applications
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

SERVICE = "token.renewal"
MANIFEST = """\
manifest_version = 1
id = "token"
requires_api = "1.0"
name = { en = "A token office", bn = "টোকেন দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "token.renewal"
name = { en = "A token", bn = "একটি টোকেন" }
form = "forms:TokenForm"
reads = ["eligibility", "status"]
writes = { submit = "native" }
"""
FORM = """\
from nagorik import Form


class TokenForm(Form):
    ends: str
"""
PLUGIN = """\
from datetime import date, timedelta

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Criterion,
    EligibilityDecision,
    Text,
    Verdict,
    hookimpl,
)

JUDGED, MENDED = [], []


@hookimpl
async def nagorik_check_eligibility(request, context):
    JUDGED.append(request.form.ends)
    if not MENDED:
        date.fromisoformat(request.form.ends) - timedelta(days=30)
    text = Text(en="The token ends soon.", bn="টোকেনের মেয়াদ শেষের দিকে।")
    return EligibilityDecision(criteria=(Criterion(id="soon", verdict=Verdict.PASS, text=text),))


@hookimpl
async def nagorik_submit(request, context):
    status = AgencyStatus(state=ApplicationState.SUBMITTED, raw="taken", at=context.clock.now(), final=False)
    return Accepted(reference=request.client_reference, status=status)


@hookimpl
async def nagorik_get_status(request, context):
    return AgencyStatus(state=ApplicationState.SUBMITTED, raw="taken", at=context.clock.now(), final=False)
"""
BAD, GOOD = "0001-01-01", "2026-12-31"


@pytest.fixture
def office(install):
    return install("token", MANIFEST, FORM, PLUGIN)


def opened(url, keyring):
    settings = PlatformSettings(
        plugins={
            "token": PluginConfiguration(settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"}))
        },
        admission=Admission(allow=frozenset({"token"})),
        clock=SimulatedClock(),
    )
    return open_host(url, keyring, settings, lease_clock=SimulatedClock())


@pytest.fixture
async def host(office, ready_url, keyring):
    async with opened(ready_url, keyring) as made:
        yield made


async def test_host_does_not_open_with_calls_that_outlast_its_lease(install, ready_file, keyring):
    install("token", MANIFEST.replace("as_of", "limits = { deadline = 360 }\nas_of"), FORM, PLUGIN)
    with pytest.raises(LeaseTooShort, match="a call of token"):
        async with opened(ready_file, keyring):
            pass


async def apply(host, ends, *, citizen=0) -> str:
    now = host.clock.now()
    consent = Consent(
        id="consent-token",
        service=SERVICE,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(0),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    born = date(1990, 1, 1) + timedelta(days=citizen)
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=born)
    return await host.apply(
        ApplicationDraft(service=SERVICE, applicant=applicant, form={"ends": ends}, consent=consent)
    )


async def state(host, application) -> str:
    return (await host.progress(application)).state.value


async def carry(host, worker, *, for_at_most=timedelta(days=2)) -> None:
    end = host.clock.now() + for_at_most
    while (due := await worker.run_until_idle()) is not None and due <= end:
        host.clock.set(max(due, host.clock.now()))


async def test_application_that_its_plugin_fails_each_time_is_a_case_and_due_no_more(host, office):
    bad = await apply(host, BAD)
    await carry(host, host.worker())
    assert office.JUDGED == [BAD] * FAULTS_OF_A_CASE
    (case,) = await host.database.run(lambda transaction: list_cases(transaction, 9, host.clock.now()))
    assert (case.application, case.blocked) == (bad, "plugin-fault")
    query = select(applications.c.due_at).where(applications.c.id == bad)
    assert await host.database.run(lambda transaction: transaction.connection.scalar(query)) is None
    office.MENDED.append(1)
    await host.database.run(lambda transaction: unblock(transaction, bad, host.clock.now()))
    await carry(host, host.worker(), for_at_most=timedelta(hours=2))
    assert await state(host, bad) == "submitted"
