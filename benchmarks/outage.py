"""Thirteen days without an agency: what waiting applications, their citizens and the agency see of it.

Hands in applications that are paid for and cannot be filed, lets thirteen simulated days pass, and measures the
agency's own record of requests: while it is down, and while the queue drains. Fails where the agency is called faster
than its plugin declares, where an application is told anything that is not known, or where one is lost.

    .venv/bin/python benchmarks/outage.py --applications 300
"""

import argparse
import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta
from importlib import import_module
from typing import Final

from sqlalchemy import func, select

from nagorik import ApplicationDraft, Platform
from nagorik.logs import configure_logging
from nagorik_host import Host
from nagorik_host.expectation import expected, outages_of
from nagorik_host.store import Transaction, open_database
from nagorik_host.store.schema import agencies, applications
from nagorik_host.vault import make_keys, read_keyring
from nagorik_testing.campaign.cohort import Cohort, prepare
from nagorik_testing.campaign.comparison import compare
from nagorik_testing.campaign.fate import Fate, draw
from nagorik_testing.campaign.people import consent
from nagorik_testing.conditions import Outage
from nagorik_testing.scratch import scratch_folder

PLUGIN: Final = "nid"
SERVICE: Final = "nid.reissue"
DAYS: Final = timedelta(days=13)
PROMISED: Final = timedelta(days=30)
HONEST: Final = frozenset({"draft", "ready", "awaiting_payment", "submitting", "submission_unknown"})
"""What may be said of an application that the agency cannot have been given."""


async def outage(number: int) -> None:
    """Run it and print what was measured."""
    with scratch_folder("outage") as folder:
        url = f"sqlite:///{folder}/books.db"
        await prepare(url)
        keyring = read_keyring(make_keys("outage"))
        cohort = Cohort(url, keyring, seed=0, workers=1)
        agency = cohort.agencies.simulators[PLUGIN]
        down, up = cohort.clock.now(), cohort.clock.now() + DAYS
        agency.weather.add(Outage(begin=down, end=up))
        database = await open_database(url)
        async with Platform.discover(cohort.settings()) as platform:
            for record in platform.plugins:
                import_module(record.source.value.partition(":")[0])
            host = Host(
                database=database, platform=platform, keyring=keyring, clock=cohort.clock, lease_clock=cohort.machine
            )
            fates = await _hand_in(host, cohort, number)
            began = time.monotonic()
            states = await _until(host, cohort, up)
            waited = time.monotonic()
            probes = [seen.at for seen in agency.ledger.requests() if seen.at < up]
            assert states <= HONEST, f"an application is said to be {states - HONEST} while nobody knows"
            row = await database.run(_agency)
            assert row is not None, "the outage was not noticed"
            drained = await _drain(host, cohort, number)
            ended = time.monotonic()
            calls = [seen.at for seen in agency.ledger.requests() if seen.at >= up]
            declared = next(record.manifest for record in platform.plugins if record.id == PLUGIN)
            assert declared is not None
            per_second = declared.limits.per_second
            busiest = max(Counter(int((at - up).total_seconds()) for at in calls).values())
            recorded = await database.run(lambda transaction: outages_of(transaction, PLUGIN))
            frozen = expected(down, PROMISED, recorded, cohort.clock.now()).frozen
            compared = await compare(host, cohort.agencies, fates)
            wrong = [one for one in compared.findings if one.code not in {"due-and-left", "left-in-hand"}]
        await database.close()
    print(f"{number:,} applications wait for {PLUGIN}, which is down for {DAYS.days} days")
    print(f"while it is down    {len(probes):,} requests reach its door ({len(probes) / DAYS.days:.0f} a day)")
    print(f"said of them        {', '.join(sorted(states))}")
    print(f"expected date       moves by {frozen}")
    print(f"queue drained       in {drained}, {number / drained.total_seconds():.2f} filed a second")
    print(f"busiest second      {busiest} requests; declared {per_second:g} a second")
    print(f"findings            {len(wrong)}")
    print(f"real time           {waited - began:.0f} s down, {ended - waited:.0f} s draining")
    assert busiest <= per_second + declared.limits.concurrency, "the agency was called faster than it can bear"
    assert timedelta(days=12) < frozen < timedelta(days=14), "the expected date did not move with the outage"
    assert not wrong, wrong[:5]


async def _hand_in(host: Host, cohort: Cohort, number: int) -> list[Fate]:
    offers = [offer for offer in cohort.agencies.offers(host.platform) if offer.service == SERVICE]
    fates = [draw(0, place, offers) for place in range(1, number + 1)]
    for fate in fates:
        example = cohort.agencies.example(fate)
        draft = ApplicationDraft(
            service=SERVICE, applicant=example.applicant, form=dict(example.form), gateway=fate.gateway
        )
        await host.apply(draft, consent=consent(host, fate), application=str(fate.id))
    return fates


async def _until(host: Host, cohort: Cohort, end: datetime) -> set[str]:
    """Let time pass until ``end``; all states that were said of applications meanwhile."""
    worker, said = host.worker(), set[str]()
    while cohort.clock.now() < end:
        due = await worker.run_until_idle()
        said |= set(await host.database.run(_states))
        if due is None or due >= end:
            break
        cohort.clock.set(max(due, cohort.clock.now()))
    cohort.clock.set(end)
    return said


async def _drain(host: Host, cohort: Cohort, number: int) -> timedelta:
    """Let time pass until every application is filed; how long that took."""
    worker, began = host.worker(), cohort.clock.now()
    while len(cohort.agencies.filed()) < number:
        due = await worker.run_until_idle()
        if due is None:
            break
        cohort.clock.set(max(due, cohort.clock.now()))
    return cohort.clock.now() - began


def _states(transaction: Transaction) -> list[str]:
    return list(transaction.connection.scalars(select(applications.c.state).distinct()))


def _agency(transaction: Transaction) -> datetime | None:
    query = select(func.min(agencies.c.down_since)).where(agencies.c.plugin == PLUGIN)
    since: datetime | None = transaction.connection.scalar(query)
    return since


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--applications", type=int, default=300)
    configure_logging(level="CRITICAL")
    asyncio.run(outage(parser.parse_args().applications))
