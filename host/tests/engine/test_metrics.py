"""A worker's metrics, scraped over loopback: what it did, in codes and numbers, and nothing of any citizen."""

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager
from functools import partial
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from nagorik_host import metrics
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.pace import ensure_row
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
    server = MetricsServer(counted, host.database, host.clock, is_working)
    with server.serving("127.0.0.1:0") as url:
        yield counted, url.removeprefix("http://")


async def test_what_a_worker_did_is_counted_as_the_books_have_it(world, ready_url):
    async with world.host(ready_url) as host:
        with serving(host) as (counted, url):
            application = await world.apply(host)
            before = await scraped(url)
            assert ({"plugin": "nid"}, 1.0) in before["nagorik_queue_due"]
            await world.carry(host.worker("counter-1", counted))
            after = await scraped(url)
        rows = await host.database.run(lambda t: t.connection.execute(select(attempts)).all())
        progress = await host.progress(application)
    booked = Counter((row.operation, row.result) for row in rows)
    told = Counter()
    for labels, number in after["nagorik_calls_total"]:
        told[labels["operation"], labels["outcome"]] += number
    assert told == booked
    assert sum(number for _, number in after["nagorik_call_seconds_count"]) == len(rows)
    assert {number for _, number in after["nagorik_calls_in_flight"]} == {0.0}
    assert after["nagorik_claims_total"][0][1] >= 1
    assert after["nagorik_database_up"] == [({}, 1.0)]
    assert after["nagorik_inbox_unread"] == [({}, 0.0)]
    assert {name for samples in after.values() for labels, _ in samples for name in labels} <= LABELS
    everything = str(after)
    hidden = (
        application,
        progress.client_reference,
        progress.agency_reference,
        *canary_values(SyntheticCitizens().citizen(4001)),
    )
    assert [value for value in hidden if value in everything] == []


async def test_state_of_the_queues_is_told(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        await host.database.run(
            lambda t: t.connection.execute(
                update(applications).where(applications.c.id == application).values(blocked="defect", due_at=None)
            )
        )
        with serving(host) as (_, url):
            told = await scraped(url)
    assert told["nagorik_applications_blocked"] == [({"code": "defect"}, 1.0)]


@pytest.mark.parametrize(
    ("cause", "label"),
    [
        ("certificate-expired", "certificate-expired"),
        ("http-503", "http-503"),
        ("contract-violation", "contract-violation"),
        ("word-of-a-plugin", OTHER),
        (None, OTHER),
    ],
)
async def test_why_an_agency_is_down_is_told_in_words_of_a_known_set(world, ready_file, cause, label):
    async with world.host(ready_file) as host:
        await world.apply(host)
        await host.database.run(partial(ensure_row, plugin="nid"))
        down = update(agencies).where(agencies.c.plugin == "nid").values(down_since=world.clock.now(), cause=cause)
        with serving(host) as (_, url):
            assert "nagorik_agency_down_cause" not in await scraped(url)
            await host.database.run(lambda t: t.connection.execute(down))
            told = await scraped(url)
    assert told["nagorik_agency_down_cause"] == [({"plugin": "nid", "cause": label}, 1.0)]


def test_labels_are_of_a_known_set():
    """However many words of plugins come in, no series is made for one that was not known before."""
    counted = WorkerMetrics()
    for outcome in ("agency-unavailable", *(f"NID {number}" for number in range(50))):
        counted.call_began("nid", "submit")
        counted.call_ended("nid", "submit", outcome, 0.1)
    (family,) = [one for one in counted.registry.collect() if one.name == "nagorik_calls"]
    labels = {tuple(sample.labels.values()) for sample in family.samples}
    assert labels == {("nid", "submit", OTHER), ("nid", "submit", "agency-unavailable")}


async def test_liveness_and_readiness(world, ready_file, monkeypatch):
    working = []
    async with world.host(ready_file) as host:
        with serving(host, lambda: bool(working)) as (_, url):
            assert (await asyncio.to_thread(asked, url, "/live"))[0] == 200
            assert (await asyncio.to_thread(asked, url, "/ready"))[0] == 503
            working.append(True)
            assert (await asyncio.to_thread(asked, url, "/ready"))[0] == 200
            assert (await asyncio.to_thread(asked, url, "/ledger"))[0] == 404
            await host.database.close()
            assert await asyncio.to_thread(asked, url, "/ready") == (503, "the database does not respond\n")
            assert (await scraped(url))["nagorik_database_up"] == [({}, 0.0)]
            assert (await asyncio.to_thread(asked, url, "/live"))[0] == 200


async def test_event_loop_that_stands_still_is_told(world, ready_file, monkeypatch):
    monkeypatch.setattr(metrics, "PATIENCE", 0.01)
    async with world.host(ready_file) as host:
        with serving(host) as (_, url):
            found = []
            asking = threading.Thread(target=lambda: found.append(asked(url, "/live")))
            asking.start()
            asking.join()  # nothing turns meanwhile
    assert found == [(503, "the event loop stands still\n")]


class Broken(WorkerObserver):
    """Raises whatever it is told, in words that nobody is to read."""

    def claimed(self, number):
        raise RuntimeError(f"secret {number}")

    def call_began(self, plugin, operation):
        raise RuntimeError(f"secret {plugin}")

    def call_ended(self, plugin, operation, outcome, seconds):
        raise RuntimeError(f"secret {outcome}")

    def database_lost(self):
        raise RuntimeError("secret")


async def test_observer_that_raises_harms_no_call(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        await world.carry(host.worker(observer=Broken()))
        assert (await host.track(application)).progress.state == "closed"
    assert world.effects("nid", "application") == 1
