"""A worker's metrics, scraped over loopback: what it did, in codes and numbers, and nothing of any citizen."""

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from host_world import change, rows
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from nagorik_host import metrics
from nagorik_host.metrics import OTHER, MetricsServer, WorkerMetrics
from nagorik_host.store.schema import agencies, applications, attempts
from nagorik_testing import SyntheticCitizens
from nagorik_testing.fixtures.canaries import canary_values

LABELS = {"plugin", "operation", "outcome", "code", "le"}


def asked(place: str, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://{place}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


async def scraped(url: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    status, body = await asyncio.to_thread(asked, url, "/metrics")
    assert status == 200
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@contextmanager
def serving(host, is_working=lambda: True):
    counted = WorkerMetrics()
    with MetricsServer(counted, host.database, host.clock, is_working).serving("127.0.0.1:0") as url:
        yield counted, url.removeprefix("http://")


async def test_what_a_worker_did_is_counted_as_the_books_have_it(world, ready_url):
    async with world.host(ready_url) as host:
        with serving(host) as (counted, url):
            application = await world.apply(host)
            assert ({"plugin": "nid"}, 1.0) in (await scraped(url))["nagorik_queue_due"]
            await world.carry(host.worker("counter-1", counted))
            after = await scraped(url)
        booked = Counter(await rows(host, select(attempts.c.operation, attempts.c.result)))
        progress = await host.progress(application)
    counts: Counter[tuple[str, str]] = Counter()
    for labels, number in after["nagorik_calls_total"]:
        counts[labels["operation"], labels["outcome"]] += number
    assert counts == booked
    assert sum(number for _, number in after["nagorik_call_seconds_count"]) == booked.total()
    assert {number for _, number in after["nagorik_calls_in_flight"]} == {0.0}
    assert after["nagorik_claims_total"][0][1] >= 1
    assert after["nagorik_inbox_unread"] == [({}, 0.0)]
    assert {name for samples in after.values() for labels, _ in samples for name in labels} <= LABELS
    of_the_citizen = canary_values(SyntheticCitizens().citizen(4001))
    hidden = (application, progress.client_reference, progress.agency_reference, *of_the_citizen)
    assert [value for value in hidden if value in str(after)] == []


@pytest.mark.parametrize(("cause", "label"), [("http-503", "http-503"), ("word-of-a-plugin", OTHER), (None, OTHER)])
async def test_what_is_blocked_and_down_is_counted_in_words_of_a_known_set(world, ready_file, cause, label):
    async with world.host(ready_file) as host:
        await world.apply(host)
        await host.worker().run_until_idle()
        with serving(host) as (_, url):
            assert "nagorik_agency_down_cause" not in await scraped(url)
            down = update(agencies).where(agencies.c.plugin == "nid")
            await change(host, down.values(down_since=world.clock.now(), cause=cause))
            await change(host, update(applications).values(blocked="defect", due_at=None))
            found = await scraped(url)
    assert found["nagorik_agency_down_cause"] == [({"plugin": "nid", "cause": label}, 1.0)]
    assert found["nagorik_applications_blocked"] == [({"code": "defect"}, 1.0)]


def test_labels_are_of_a_known_set():
    """However many words of plugins come in, no series is made for one that was not known before."""
    counted = WorkerMetrics()
    for outcome in ("agency-unavailable", *(f"NID {number}" for number in range(50))):
        counted.call_began("nid", "submit")
        counted.call_ended("nid", "submit", outcome, 0.1)
    (family,) = [one for one in counted.registry.collect() if one.name == "nagorik_calls"]
    labels = {tuple(sample.labels.values()) for sample in family.samples}
    assert labels == {("nid", "submit", OTHER), ("nid", "submit", "agency-unavailable")}


async def test_liveness_and_readiness(world, ready_file):
    working = []

    async def codes(*paths):
        return [(await asyncio.to_thread(asked, url, path))[0] for path in paths]

    async with world.host(ready_file) as host:
        with serving(host, lambda: bool(working)) as (_, url):
            assert await codes("/live", "/ready", "/ledger") == [200, 503, 404]
            working.append(True)
            assert await codes("/ready") == [200]
            assert (await scraped(url))["nagorik_database_up"] == [({}, 1.0)]
            await host.database.close()
            assert await codes("/live", "/ready") == [200, 503]
            assert (await scraped(url))["nagorik_database_up"] == [({}, 0.0)]


async def test_event_loop_that_stands_still_is_reported(world, ready_file, monkeypatch):
    monkeypatch.setattr(metrics, "PATIENCE", 0.01)
    async with world.host(ready_file) as host:
        with serving(host) as (_, url):
            found = []
            asking = threading.Thread(target=lambda: found.append(asked(url, "/live")))
            asking.start()
            asking.join()  # nothing turns meanwhile
    assert found == [(503, "the event loop stands still\n")]
