"""A campaign on either database finds nothing, and finds what a host does wrong."""

import pytest

from nagorik import AgencyUnavailable, Platform
from nagorik.journey import Failed, Interrupted, step
from nagorik_host.engine import hand
from nagorik_host.store import open_database
from nagorik_testing.campaign.cohort import Cohort, DatabaseInUse, prepare
from nagorik_testing.campaign.fate import Moment, draw
from nagorik_testing.campaign.people import People
from nagorik_testing.campaign.plan import Plan
from nagorik_testing.campaign.run import campaign

SEED = 5


async def offers_of(url, keyring):
    cohort = Cohort(url, keyring, seed=SEED, workers=1)
    async with Platform.discover(cohort.settings()) as platform:
        return cohort.agencies.offers(platform)


async def test_books_and_ledgers_agree_whatever_fails_and_whoever_is_killed(database_url):
    told = await campaign(Plan(applications=20, seed=SEED, url=database_url, workers=2))
    assert told.findings == []
    assert told.applications == sum(told.ends.values()) == 20
    # Which moments a kill hits depends on how two workers share the work.
    assert set(told.killed) <= set(Moment)
    assert len(told.killed) >= 3
    assert told.faults > 5
    assert told.ends["closed"] > 8


def forgetful(progress, outcome, plan, now):
    """The step of a host that takes whatever it does not know for not sent, and sends again."""
    lost = isinstance(outcome, Interrupted) or (
        isinstance(outcome, Failed) and outcome.error.code == "outcome-unknown"
    )
    return step(progress, Failed(AgencyUnavailable()) if lost else outcome, plan, now)


def is_lost_early(fate):
    return any(one.fault.fault == "answer-lost" and one.first <= 3 and not one.at_gateway for one in fate.mishaps)


async def test_host_that_sends_again_what_it_does_not_know_is_found_out(tmp_path, keyring, monkeypatch):
    url = f"sqlite:///{tmp_path}/books.db"
    offers = await offers_of(url, keyring)
    fates = (draw(SEED, number, offers) for number in range(1, 600))
    lost = tuple(fate.number for fate in fates if fate.files and is_lost_early(fate))[:5]
    monkeypatch.setattr(hand, "step", forgetful)
    found = (await campaign(Plan(applications=0, seed=SEED, url=url, only=lost, alone=True))).findings
    assert "filed-twice" in {finding.code for finding in found}
    # Found again when they are run without the others, and gone when the host is sound.
    twice = tuple(int(finding.application[1:]) for finding in found if finding.code == "filed-twice")
    alone = Plan(applications=0, seed=SEED, url=url, only=twice, alone=True)
    assert "filed-twice" in {finding.code for finding in (await campaign(alone)).findings}
    monkeypatch.undo()
    assert (await campaign(alone)).findings == []


async def test_fate_follows_from_the_seed_and_the_number_alone(tmp_path, keyring):
    offers = await offers_of(f"sqlite:///{tmp_path}/books.db", keyring)
    assert draw(SEED, 17, offers) == draw(SEED, 17, offers)
    assert draw(SEED, 17, offers) != draw(SEED + 1, 17, offers)
    drawn = [draw(SEED, number, offers) for number in range(600)]
    assert {fate.service for fate in drawn} == {offer.service for offer in offers}
    for offer in offers:
        assert {fate.outcome for fate in drawn if fate.service == offer.service} == set(offer.outcomes)


async def test_database_of_somebody_else_is_left_alone(tmp_path, keyring):
    url = f"sqlite:///{tmp_path}/books.db"
    await prepare(url)
    cohort = Cohort(url, keyring, seed=SEED, workers=1)
    async with Platform.discover(cohort.settings()) as platform:
        database = await open_database(url)
        try:
            people = People(
                cohort._host(database, platform), cohort.agencies, [draw(SEED, 1, cohort.agencies.offers(platform))]
            )
            cohort.clock.advance(86_400)
            await people.act()
        finally:
            await database.close()
    with pytest.raises(DatabaseInUse):
        await prepare(url)
