"""A campaign on either database finds nothing, is the same again, and finds what a host does wrong."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import delete, insert, select, update

from nagorik import AgencyUnavailable, ApplicationDraft
from nagorik.model.payment import PaymentReport
from nagorik.model.status import PaymentState
from nagorik_host.engine import claims
from nagorik_host.engine.leases import HeldApplication
from nagorik_host.store import DatabaseUnavailable, open_database
from nagorik_host.store.schema import agencies, agency_tokens, applications
from nagorik_platform import Platform
from nagorik_platform.cli import main
from nagorik_platform.lifecycle import CallAnswered, CallFailed, Interrupted, step
from nagorik_simulation.campaign import runner
from nagorik_simulation.campaign.agencies import SHORTER, SimulatedAgencies
from nagorik_simulation.campaign.cases import LASTING, CampaignPlan, Moment, generate_case
from nagorik_simulation.campaign.cohort import (
    IN_MEMORY,
    LONGEST_QUEUE,
    MOST_TRIES,
    Cohort,
    DatabaseInUse,
    clear,
    prepare,
)
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_simulation.campaign.people import MOST_PAYMENTS, OFTEN, People
from nagorik_simulation.campaign.report import CampaignReport, render_report
from nagorik_simulation.campaign.runner import run_cohort
from nagorik_simulation.campaign.ward_office.site import ward_office
from nagorik_testing import ExampleDocument, SimulatedClock, specimen_pdf

pytestmark = pytest.mark.long

SEED = 5
PLAN = CampaignPlan(applications=0, seed=SEED, url=IN_MEMORY, workers=1)


async def offers_of(keyring):
    with ward_office():
        cohort = Cohort(PLAN, keyring)
        async with Platform.discover(cohort.settings()) as platform:
            return cohort.agencies.offers(platform)


def campaign(plan, *numbers):
    """Run a campaign in this process, or these of its applications alone."""
    report = CampaignReport()
    for cohort in [numbers] if numbers else plan.cohorts:
        report.add(run_cohort(plan, cohort))
    return report


def agrees(report, applications):
    """What holds of every campaign of a sound host, whoever was first."""
    assert report.findings == []
    assert report.applications == sum(report.ends.values()) == applications
    assert set(report.workers_killed) <= set(Moment)
    assert report.ends["closed"] > applications / 2


def test_books_and_ledgers_agree_whatever_fails_and_whoever_is_killed():
    report = campaign(CampaignPlan(applications=84, seed=SEED, url=IN_MEMORY, workers=3))
    agrees(report, 84)
    assert report.workers_killed.total() > 84 / 3
    assert report.requests_with_a_fault > 84
    assert set(report.workers_killed) == set(Moment)
    assert {"submit", "start-payment", "query-payment"} <= set(report.disrupted_during)
    assert {"find", "status"} & set(report.disrupted_during)
    assert len(report.services) > 20


async def test_what_waits_for_its_turn_when_the_time_is_up_is_worked_off(keyring):
    """Nobody has left it: its agency could not bear it sooner."""
    cohort = Cohort(PLAN, keyring)
    database = await cohort._open()
    async with Platform.discover(cohort.settings()) as platform:
        case = generate_case(SEED, 1, cohort.agencies.offers(platform))
        plugin, example = case.service.partition(".")[0], cohort.agencies.example(case)
        handed_in = ApplicationDraft(
            service=case.service, applicant=example.applicant, form=dict(example.form), gateway=case.gateway
        )
        await cohort._host(database, platform).apply(handed_in)
    now = cohort.clock.now()
    end, turn = now - timedelta(seconds=1), now + timedelta(seconds=3)
    assert await cohort._advance_clock(database, [turn], end)
    assert cohort.clock.now() == turn
    late = turn + LONGEST_QUEUE
    assert not await cohort._advance_clock(database, [late], end)
    # Its agency has gone down since, and is tried again.
    await database.run(refusing(plugin, turn))
    assert await cohort._advance_clock(database, [late], end)
    # But not for ever.
    await database.run(refusing(plugin, end + timedelta(days=9)))
    assert not await cohort._advance_clock(database, [end + timedelta(days=9)], end)
    await database.run(clear)
    assert not await cohort._advance_clock(database, [turn + timedelta(seconds=1)], end)
    assert not await cohort._advance_clock(database, [], turn + timedelta(days=1))
    assert cohort.clock.now() == late


def refusing(plugin, now, probe_after=timedelta(hours=26)):
    """Writes down that an agency has refused the credentials, so that it is tried once a day."""
    down = {"plugin": plugin, "failures": 4, "down_since": now, "cause": "credentials-wrong", "probes": 3}
    login = {"id": plugin, "plugin": plugin, "login": "one", "refused_at": now, "refusals": 4, "refused": "wrong"}

    def write(transaction):
        transaction.connection.execute(delete(agencies))
        transaction.connection.execute(delete(agency_tokens))
        transaction.connection.execute(insert(agencies).values(down | {"probe_at": now + probe_after}))
        transaction.connection.execute(insert(agency_tokens).values(login | {"held_until": now}))

    return write


def standing(transaction):
    """When refused credentials are tried next, and until when no login is."""
    probe_at = transaction.connection.scalar(select(agencies.c.probe_at))
    return probe_at, transaction.connection.scalar(select(agency_tokens.c.held_until))


async def test_refused_credentials_that_all_waits_for_are_had_tried_as_by_an_operator(keyring):
    """What is refused again and again is left, as it should be; what the host itself leaves alone stays a finding."""
    cohort = Cohort(PLAN, keyring)
    database = await cohort._open()
    now = cohort.clock.now()
    async with Platform.discover(cohort.settings()) as platform:
        case = generate_case(SEED, 1, cohort.agencies.offers(platform))
        plugin, example = case.service.partition(".")[0], cohort.agencies.example(case)
        await database.run(refusing(plugin, now))
        assert not await cohort._have_credentials_tried(database)  # nothing waits for them
        handed_in = ApplicationDraft(
            service=case.service, applicant=example.applicant, form=dict(example.form), gateway=case.gateway
        )
        await cohort._host(database, platform).apply(handed_in)
    # Left alone for longer than a refusal accounts for.
    await database.run(refusing(plugin, now, probe_after=timedelta(hours=31)))
    assert not await cohort._have_credentials_tried(database)
    for _ in range(MOST_TRIES):
        await database.run(refusing(plugin, now))
        assert not await cohort._refusing_for_good(database)
        assert await cohort._have_credentials_tried(database)
        assert await database.run(standing) == (now, None)
    await database.run(refusing(plugin, now))
    assert not await cohort._have_credentials_tried(database)
    assert await cohort._refusing_for_good(database) == {plugin}


class PaperAgencies(SimulatedAgencies):
    """Whoever applies has a deed."""

    def example(self, case):
        deed = ExampleDocument("deed", "application/pdf", specimen_pdf("deed"))
        return replace(super().example(case), documents=(deed,))


async def test_papers_of_an_example_are_handed_in_where_the_workers_find_them(keyring):
    cohort = Cohort(PLAN, keyring)
    database = await cohort._open()
    async with Platform.discover(cohort.settings()) as platform:
        case = generate_case(SEED, 1, cohort.agencies.offers(platform))
        host = cohort._host(database, platform)
        people = People(host, PaperAgencies(cohort.clock, SEED), [case], cohort.documents)
        cohort.clock.advance(86_400)
        await people.act()
    kept = await database.run(partial(host.store.read, application=str(case.id)))
    draft = await database.run(lambda transaction: host.store.draft(transaction, kept))
    (deed,) = draft.documents
    assert (deed.kind, deed.media_type) == ("deed", "application/pdf")
    assert b"".join([piece async for piece in cohort.documents.open(deed)]) == specimen_pdf("deed")


async def test_officer_who_has_decided_as_often_as_one_does_leaves_it_to_others(keyring):
    cohort = Cohort(PLAN, keyring)
    database = await cohort._open()
    async with Platform.discover(cohort.settings()) as platform:
        case = replace(generate_case(SEED, 1, cohort.agencies.offers(platform)), officer=True)
        host = cohort._host(database, platform)
        people = People(host, cohort.agencies, [case], cohort.documents)
        cohort.clock.advance(86_400)
        await people.act()
        held = update(applications).values(hold_party="person", hold_code="no-look-up")
        await database.run(lambda transaction: transaction.connection.execute(held))
        people._done[str(case.id), "no-look-up"] = OFTEN - 1
        await people.act()
        assert people.left == set()
        await database.run(lambda transaction: transaction.connection.execute(held))
        await people.act()
        assert people.left == {case.id}


def test_they_agree_on_a_database_that_workers_share(database_url):
    report = campaign(CampaignPlan(applications=24, seed=SEED, url=database_url, workers=3))
    agrees(report, 24)
    assert report.workers_killed.total() > 4
    assert report.requests_with_a_fault > 4


def test_the_same_seed_is_the_same_campaign_and_each_cohort_is_reported():
    plan = CampaignPlan(applications=9, seed=SEED, url=IN_MEMORY, cohort=3)
    heard = []
    report = runner.campaign(plan, lambda report: heard.append(report.applications))
    assert heard == [3, 6, 9]
    assert report == campaign(plan)


def test_applications_live_with_the_same_others_however_many_are_asked_about():
    plan = CampaignPlan(applications=LASTING * 4, seed=SEED, url=IN_MEMORY, cohort=LASTING)
    lasting, *others = plan.cohorts
    assert list(lasting) == [LASTING, LASTING * 2, LASTING * 3, LASTING * 4]
    assert sorted(number for cohort in plan.cohorts for number in cohort) == list(range(1, LASTING * 4 + 1))
    asked = CampaignPlan(applications=LASTING * 4, seed=SEED, url=IN_MEMORY, cohort=LASTING, only=(LASTING + 1,))
    assert asked.cohorts == [cohort for cohort in others if LASTING + 1 in cohort]


def forgetful(progress, outcome, capabilities, now):
    """The step of a host that takes whatever it does not know for not sent, and sends again."""
    lost = isinstance(outcome, Interrupted) or (
        isinstance(outcome, CallFailed) and outcome.error.code == "outcome-unknown"
    )
    return step(progress, CallFailed(AgencyUnavailable()) if lost else outcome, capabilities, now)


def stingy(progress, outcome, capabilities, now):
    """The step of a host that loses sight of money that the gateway took."""
    if isinstance(outcome, CallAnswered) and isinstance(outcome.result, PaymentReport):
        failed = outcome.result.model_copy(update={"state": PaymentState.FAILED})
        return step(progress, CallAnswered(failed), capabilities, now)
    return step(progress, outcome, capabilities, now)


def talkative(progress, outcome, capabilities, now):
    """The step of a host that logs the citizen's number, whoever the citizen is."""
    logging.getLogger("nagorik.host").warning("stepped %s", "\n".join(f"00990{number:05}" for number in range(100)))
    return step(progress, outcome, capabilities, now)


def is_lost_early(case):
    return any(one.fault.fault == "answer-lost" and one.first <= 3 and not one.at_gateway for one in case.faults)


@pytest.mark.parametrize(
    ("sabotaged", "code"),
    [(forgetful, "filed-twice"), (stingy, "captured-unaccounted"), (talkative, "personal-data-readable")],
)
def test_host_that_is_not_sound_is_found_out(sabotaged, code, keyring, monkeypatch):
    offers = asyncio.run(offers_of(keyring))
    cases = (generate_case(SEED, number, offers) for number in range(1, 600))
    some = [case.number for case in cases if case.files and not case.lasting and is_lost_early(case)][:8]
    monkeypatch.setattr(claims, "step", sabotaged)
    found = campaign(PLAN, *some).findings
    assert code in {finding.code for finding in found}
    # Found again when one of them is run without the others, and gone when the host is sound. Which one depends on
    # the services that there are: where the gateway takes money late, the others keep the campaign going until then.
    for number in dict.fromkeys(int(finding.application[1:]) for finding in found if finding.code == code):
        again = {finding.code for finding in campaign(PLAN, number).findings}
        if code in again:
            break
    assert code in again
    monkeypatch.undo()
    assert campaign(PLAN, number).findings == []


def test_what_led_to_a_finding_is_written_down(keyring, monkeypatch, tmp_path):
    offers = asyncio.run(offers_of(keyring))
    cases = (generate_case(SEED, number, offers) for number in range(1, 600))
    some = [case.number for case in cases if case.files and not case.lasting and is_lost_early(case)][:5]
    plan = replace(PLAN, evidence=tmp_path / "kept")
    assert campaign(plan, *some).findings == []
    assert not plan.evidence.exists()
    monkeypatch.setattr(claims, "step", forgetful)
    found = campaign(plan, *some).findings
    assert {path.name for path in plan.evidence.iterdir()} == {f"{SEED}-{one.application}.json" for one in found}
    twice = next(one for one in found if one.code == "filed-twice")
    kept = json.loads((plan.evidence / f"{SEED}-{twice.application}.json").read_text("utf-8"))
    assert f"filed-twice: {twice.detail}" in kept["findings"]
    filed = sum(one["kind"] == "application" for one in kept["effects"])
    assert twice.detail == f"{filed} at the agency"
    assert sum("POST" in one["operation"] for one in kept["requests"]) >= 2
    assert sum(one["operation"] == "submit" for one in kept["calls"]) >= 2
    assert any(one.get("to") == "submitting" for one in kept["journal"])
    assert "answer-lost" in str(kept["drawn"]["faults"])


def stands_still_while_filing(case):
    """Between the two requests of a submit, or near it."""
    return case.service == "ward.certificate" and any(
        one.moves and one.moment is Moment.AFTER_SEND and one.call <= 2 for one in case.disturbances
    )


def test_host_that_lets_a_worker_file_what_it_has_lost_is_found_out(keyring, monkeypatch):
    offers = asyncio.run(offers_of(keyring))
    cases = (generate_case(SEED, number, offers) for number in range(1, 6000))
    some = [case.number for case in cases if not case.lasting and stands_still_while_filing(case)]
    plan = replace(PLAN, workers=3)
    sound = campaign(plan, *some)
    assert sound.findings == []
    # Two that one machine has in hand stand still together.
    assert sound.disruptions[Disruption.SUSPENDED_MACHINE] > len(some) / 2 > 1
    monkeypatch.setattr(HeldApplication, "holds", lambda self, transaction: True)
    assert "filed-twice" in {finding.code for finding in campaign(plan, *some).findings}


def test_campaign_that_is_cut_off_reports_what_there_is(monkeypatch, capsys):
    def run(plan, numbers, server, *, every):
        if len(numbers) > 5:
            raise KeyboardInterrupt
        return CampaignReport(applications=len(numbers))

    monkeypatch.setattr(runner, "run_cohort", run)
    assert main(["campaign", "--applications", str(5 * LASTING), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["applications"], document["cut_off"]) == (5, True)


def test_what_was_cut_off_is_said_to_a_person():
    said = Console(file=StringIO(), width=100)
    plan = CampaignPlan(applications=3, seed=SEED, url=IN_MEMORY)
    render_report(said, CampaignReport(applications=1), plan, seconds=1, cut_off=True)
    assert "cut off: nothing is known of 2 applications" in said.file.getvalue()


async def test_case_follows_from_the_seed_and_the_number_alone(keyring):
    offers = await offers_of(keyring)
    assert generate_case(SEED, 17, offers) == generate_case(SEED, 17, offers)
    assert generate_case(SEED, 17, offers) != generate_case(SEED + 1, 17, offers)
    drawn = [generate_case(SEED, number, offers) for number in range(600)]
    assert {case.service for case in drawn} == {offer.service for offer in offers}
    for offer in offers:
        assert {case.outcome for case in drawn if case.service == offer.service} == set(offer.outcomes)


async def test_payments_beyond_those_that_were_drawn_take_no_longer(keyring):
    """A refund that takes days would still be under way when everything is compared."""
    offers = await offers_of(keyring)
    case = next(case for case in (generate_case(SEED, number, offers) for number in range(1, 99)) if not case.lasting)
    agencies = SimulatedAgencies(SimulatedClock(), SEED)
    payments = [f"payment-{number}" for number in range(MOST_PAYMENTS)]
    agencies.script(case, "reference", payments)
    gateway = agencies.agency(case.gateway)
    scenarios = [gateway.script.scenario(payment) for payment in payments]
    assert {tuple(scenario.durations.items()) for scenario in scenarios} == {
        tuple((name, usual / SHORTER) for name, usual in gateway.durations.items())
    }
    paid = gateway.outcomes[0]
    assert [scenario.outcome for scenario in scenarios] == [*case.payments, *[paid] * (MOST_PAYMENTS - 3)]


async def test_database_of_somebody_else_is_left_alone(tmp_path, keyring):
    url = f"sqlite:///{tmp_path}/store.db"
    await prepare(url)
    cohort = Cohort(replace(PLAN, url=url), keyring)
    async with Platform.discover(cohort.settings()) as platform:
        database = await open_database(url)
        try:
            people = People(
                cohort._host(database, platform),
                cohort.agencies,
                [generate_case(SEED, 1, cohort.agencies.offers(platform))],
                cohort.documents,
            )
            cohort.clock.advance(86_400)
            await people.act()
        finally:
            await database.close()
    with pytest.raises(DatabaseInUse):
        await prepare(url)


async def test_database_that_is_not_there_is_said_to_be_unavailable(postgresql_url):
    with pytest.raises(DatabaseUnavailable):
        await prepare(postgresql_url.replace("store_", "nothing_"))
