"""A campaign on either database finds nothing, is the same again, and finds what a host does wrong."""

import asyncio
import logging
import os
import signal
from multiprocessing import active_children

import pytest

from nagorik import AgencyUnavailable
from nagorik.model.payment import PaymentReport
from nagorik.model.status import PaymentState
from nagorik_host.engine import claims
from nagorik_host.engine.leases import HeldApplication
from nagorik_host.store import DatabaseUnavailable
from nagorik_platform import Platform
from nagorik_platform.lifecycle import CallAnswered, CallFailed, Interrupted, step
from nagorik_testing.campaign.cases import LASTING, CampaignPlan, Moment, generate_case
from nagorik_testing.campaign.cohort import (
    IN_MEMORY,
    Cohort,
    prepare,
)
from nagorik_testing.campaign.disruptions import Disruption
from nagorik_testing.campaign.event_loop import IdleTimeEventLoop
from nagorik_testing.campaign.report import as_document
from nagorik_testing.campaign.runner import campaign, campaign_in_processes
from nagorik_testing.campaign.ward_office.site import ward_office

pytestmark = pytest.mark.long

SEED = 5


async def offers_of(keyring):
    with ward_office():
        cohort = Cohort(IN_MEMORY, keyring, seed=SEED, workers=1)
        async with Platform.discover(cohort.settings()) as platform:
            return cohort.agencies.offers(platform)


def agrees(report, applications):
    """What holds of every campaign of a sound host, whoever was first."""
    assert report.findings == []
    assert report.applications == sum(report.ends.values()) == applications
    assert set(report.killed) <= set(Moment)
    assert report.ends["closed"] > applications / 2


async def test_books_and_ledgers_agree_whatever_fails_and_whoever_is_killed():
    report = await campaign(CampaignPlan(applications=84, seed=SEED, url=IN_MEMORY, workers=3))
    agrees(report, 84)
    assert report.killed.total() > 84 / 3
    assert report.faults > 84
    assert set(report.killed) == set(Moment)
    assert {"submit", "start-payment", "query-payment", "find", "status"} <= set(report.at_operations)
    assert len(report.services) > 20


async def test_they_agree_on_a_database_that_workers_share(database_url):
    report = await campaign(CampaignPlan(applications=24, seed=SEED, url=database_url, workers=3))
    agrees(report, 24)
    assert report.killed.total() > 4
    assert report.faults > 4


def test_the_same_seed_is_the_same_campaign_in_however_many_processes():
    plan = CampaignPlan(applications=9, seed=SEED, url=IN_MEMORY, cohort=3)
    heard = []
    shared = campaign_in_processes(plan, 2, lambda report: heard.append(report.applications))
    assert heard == [3, 6, 9]
    with asyncio.Runner(loop_factory=IdleTimeEventLoop) as runner:
        assert shared == runner.run(campaign(plan))


def test_applications_live_with_the_same_others_however_many_are_asked_about():
    plan = CampaignPlan(applications=LASTING * 4, seed=SEED, url=IN_MEMORY, cohort=LASTING)
    lasting, *others = plan.cohorts
    assert list(lasting) == [LASTING, LASTING * 2, LASTING * 3, LASTING * 4]
    assert sorted(number for cohort in plan.cohorts for number in cohort) == list(range(1, LASTING * 4 + 1))
    asked = CampaignPlan(applications=LASTING * 4, seed=SEED, url=IN_MEMORY, cohort=LASTING, only=(LASTING + 1,))
    assert asked.cohorts == [cohort for cohort in others if LASTING + 1 in cohort]
    alone = CampaignPlan(applications=LASTING * 4, seed=SEED, url=IN_MEMORY, only=(3, LASTING, 4), alone=True)
    assert alone.cohorts == [[LASTING], [3, 4]]


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
async def test_host_that_is_not_sound_is_found_out(sabotaged, code, keyring, monkeypatch):
    offers = await offers_of(keyring)
    cases = (generate_case(SEED, number, offers) for number in range(1, 600))
    some = tuple(case.number for case in cases if case.files and not case.lasting and is_lost_early(case))[:5]
    monkeypatch.setattr(claims, "step", sabotaged)
    found = (await campaign(CampaignPlan(applications=0, seed=SEED, url=IN_MEMORY, only=some, alone=True))).findings
    assert code in {finding.code for finding in found}
    # Found again when one of them is run without the others, and gone when the host is sound. Which one depends on
    # the services that there are: where the gateway takes money late, the others keep the campaign going until then.
    those = dict.fromkeys(int(finding.application[1:]) for finding in found if finding.code == code)
    for number in those:
        alone = CampaignPlan(applications=0, seed=SEED, url=IN_MEMORY, only=(number,), alone=True)
        again = {finding.code for finding in (await campaign(alone)).findings}
        if code in again:
            break
    assert code in again
    monkeypatch.undo()
    assert (await campaign(alone)).findings == []


async def test_what_led_to_a_finding_is_written_down(keyring, monkeypatch, tmp_path):
    offers = await offers_of(keyring)
    cases = (generate_case(SEED, number, offers) for number in range(1, 600))
    some = tuple(case.number for case in cases if case.files and not case.lasting and is_lost_early(case))[:5]
    plan = CampaignPlan(applications=0, seed=SEED, url=IN_MEMORY, only=some, alone=True, evidence=tmp_path / "kept")
    assert (await campaign(plan)).findings == []
    assert not plan.evidence.exists()
    monkeypatch.setattr(claims, "step", forgetful)
    found = (await campaign(plan)).findings
    assert {path.name for path in plan.evidence.iterdir()} == {f"{SEED}-{one.application}.txt" for one in found}
    twice = next(one for one in found if one.code == "filed-twice")
    kept = (plan.evidence / f"{SEED}-{twice.application}.txt").read_text("utf-8")
    parts = {part.partition(":\n")[0]: part.splitlines()[1:] for part in kept.split("\n\n")}
    assert f"filed-twice: {twice.detail}" in kept
    filed = sum(": application " in line for line in parts["What came of them there"])
    assert twice.detail == f"{filed} at the agency"
    assert sum("POST" in line for line in parts["Requests at its agency and its gateway"]) >= 2
    assert sum(" operation=submit " in line for line in parts["Calls"]) >= 2
    assert any(" Moved to=submitting " in line for line in parts["Journal"])
    assert any("answer-lost" in line for line in parts["Drawn"])


def stands_still_while_filing(case):
    """Between the two requests of a submit, or near it."""
    return case.service == "ward.certificate" and any(
        one.moment is Moment.AFTER_SEND and one.call <= 2 for one in case.suspensions
    )


async def test_host_that_lets_a_worker_file_what_it_has_lost_is_found_out(keyring, monkeypatch):
    offers = await offers_of(keyring)
    cases = (generate_case(SEED, number, offers) for number in range(1, 6000))
    some = tuple(case.number for case in cases if not case.lasting and stands_still_while_filing(case))
    plan = CampaignPlan(applications=0, seed=SEED, url=IN_MEMORY, workers=3, only=some, alone=True)
    sound = await campaign(plan)
    assert sound.findings == []
    assert sound.disruptions[Disruption.SUSPENDED_MACHINE] >= len(some) > 3
    monkeypatch.setattr(HeldApplication, "holds", lambda self, transaction: True)
    assert "filed-twice" in {finding.code for finding in (await campaign(plan)).findings}


def test_campaign_that_is_cut_off_tells_what_there_is_and_leaves_no_process():
    plan = CampaignPlan(applications=3, seed=SEED, url=IN_MEMORY, cohort=1)
    heard = []

    def progress(report):
        heard.append(as_document(report, plan, seconds=1, cut_off=True))
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        campaign_in_processes(plan, 1, progress)
    assert signal.getsignal(signal.SIGTERM) is before
    assert active_children() == []
    assert [(one["applications"], one["cut_off"]) for one in heard] == [(1, True)]


async def test_case_follows_from_the_seed_and_the_number_alone(keyring):
    offers = await offers_of(keyring)
    assert generate_case(SEED, 17, offers) == generate_case(SEED, 17, offers)
    assert generate_case(SEED, 17, offers) != generate_case(SEED + 1, 17, offers)
    drawn = [generate_case(SEED, number, offers) for number in range(600)]
    assert {case.service for case in drawn} == {offer.service for offer in offers}
    for offer in offers:
        assert {case.outcome for case in drawn if case.service == offer.service} == set(offer.outcomes)


async def test_database_that_is_not_there_is_said_to_be_unavailable(postgresql_url):
    with pytest.raises(DatabaseUnavailable):
        await prepare(postgresql_url.replace("store_", "nothing_"))
