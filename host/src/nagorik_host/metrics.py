"""A worker's metrics for Prometheus, and whether it lives and is ready, over HTTP.

A label's value is one of a set that is known when the worker starts: nothing of a citizen comes in, and the number of
series is bounded. The worker's own event loop works out each response, so that a loop that stands still shows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    make_wsgi_app,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text

from nagorik import NagorikError, errors
from nagorik.clock import Clock
from nagorik.operations import OPERATIONS
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, WorkerObserver
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.overview import AgencyOverview, count_blocked, count_unread, read_agencies
from nagorik_platform.agency_client.retry_table import Failure

T = TypeVar("T")

OTHER: Final = "other"
"""The label's value in place of one that is not known."""
SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Bounds of the histogram of calls, waits for the agency's pace included."""
PATIENCE: Final = 5.0
"""Seconds to wait for the event loop, and for the database."""

_OUTCOMES: Final = frozenset({ANSWERED, BROKEN, INTERRUPTED}) | {
    kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NagorikError)
}
_CAUSES: Final = frozenset({*Failure, *(f"http-{status}" for status in (500, 502, 503, 504))}) | _OUTCOMES
_OPERATIONS: Final = frozenset(operation.value for operation in OPERATIONS)


class WorkerMetrics(WorkerObserver):
    """Counts what one worker does."""

    def __init__(self, plugins: Iterable[str]) -> None:
        """Count calls to ``plugins``; those to any other count as ``OTHER``."""
        self.registry = CollectorRegistry()
        self._plugins = frozenset(plugins)
        call, registry = ("plugin", "operation"), self.registry
        self._calls = Counter("nagorik_calls", "Calls to agencies that ended.", (*call, "outcome"), registry=registry)
        seconds = "Seconds that calls took, from their turn at the agency on."
        self._seconds = Histogram("nagorik_call_seconds", seconds, call, buckets=SECONDS, registry=registry)
        self._in_flight = Gauge("nagorik_calls_in_flight", "Calls under way.", call, registry=registry)
        self._claims = Counter("nagorik_claims", "Applications that the worker claimed.", registry=registry)
        self._outages = Counter("nagorik_database_outages", "Outages of the database.", registry=registry)
        ProcessCollector(registry=registry)

    def claimed(self, number: int) -> None:
        """As ``WorkerObserver.claimed``."""
        self._claims.inc(number)

    def call_began(self, plugin: str, operation: str) -> None:
        """As ``WorkerObserver.call_began``."""
        self._in_flight.labels(*self._named(plugin, operation)).inc()

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """As ``WorkerObserver.call_ended``."""
        named = self._named(plugin, operation)
        self._in_flight.labels(*named).dec()
        self._seconds.labels(*named).observe(seconds)
        self._calls.labels(*named, _known(outcome, _OUTCOMES)).inc()

    def database_lost(self) -> None:
        """As ``WorkerObserver.database_lost``."""
        self._outages.inc()

    def _named(self, plugin: str, operation: str) -> tuple[str, str]:
        return _known(plugin, self._plugins), _known(operation, _OPERATIONS)


def _known(value: str | None, known: frozenset[str]) -> str:
    return value if value is not None and value in known else OTHER


_OF_AGENCIES: Final[tuple[tuple[str, str, Callable[[AgencyOverview, datetime], float]], ...]] = (
    ("nagorik_queue_due", "Applications that are due to call an agency.", lambda one, _: one.due),
    ("nagorik_queue_waiting", "Applications that will be due to call an agency.", lambda one, _: one.waiting),
    (
        "nagorik_queue_oldest_seconds",
        "For how long the first of an agency's queue has been due.",
        lambda one, now: max((now - (one.first_due or now)).total_seconds(), 0.0),
    ),
    ("nagorik_agency_in_flight", "Calls to an agency, of all workers.", lambda one, _: one.in_flight),
    ("nagorik_agency_down", "Whether an agency is down.", lambda one, _: one.down_since is not None),
    ("nagorik_agency_failures", "Calls in a row that did not reach an agency.", lambda one, _: one.failures),
)


class MetricsServer(Collector):
    """Responds to ``/metrics``, ``/live`` and ``/ready`` from threads of its own."""

    def __init__(
        self, metrics: WorkerMetrics, database: Database, clock: Clock, is_working: Callable[[], bool] = lambda: True
    ) -> None:
        """Serve ``metrics``, what ``database`` says, and whether the worker claims applications now."""
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._clock = clock
        self._is_working = is_working
        self.observer = metrics
        metrics.registry.register(self)
        self._scrape = make_wsgi_app(metrics.registry)

    def collect(self) -> Iterator[Metric]:
        """Read the work of all workers from the database; while it does not respond, only that."""
        found = self._asked(lambda: self._database.run(self._read))
        yield GaugeMetricFamily("nagorik_database_up", "Whether the database responded.", float(found is not None))
        yield from found or ()

    def _read(self, transaction: Transaction) -> list[Metric]:
        now = self._clock.now()
        agencies = read_agencies(transaction, now)
        families: list[Metric] = []
        for name, description, value in _OF_AGENCIES:
            families.append(family := GaugeMetricFamily(name, description, labels=("plugin",)))
            for one in agencies:
                family.add_metric((one.plugin,), float(value(one, now)))
        description = "Why an agency could not be reached at first."
        causes = GaugeMetricFamily("nagorik_agency_down_cause", description, labels=("plugin", "cause"))
        for one in agencies:
            if one.down_since is not None:
                causes.add_metric((one.plugin, _known(one.cause, _CAUSES)), 1.0)
        description = "Applications that the host leaves alone."
        blocked = GaugeMetricFamily("nagorik_applications_blocked", description, labels=("code",))
        for code, number in count_blocked(transaction).items():
            blocked.add_metric((code,), number)
        unread = GaugeMetricFamily(
            "nagorik_inbox_unread", "Messages that wait to be read.", count_unread(transaction)
        )
        return [*families, causes, blocked, unread]

    @contextmanager
    def serving(self, host: str, port: int) -> Iterator[int]:
        """Serve on an address until the end; gives the port, a free one where ``port`` is 0.

        Raises:
            OSError: The address cannot be used.
        """
        server, thread = start_http_server(port, host, self.observer.registry)
        server.set_app(self._respond)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _respond(self, environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environment.get("PATH_INFO", "")
        if path == "/metrics":
            response: Iterable[bytes] = self._scrape(environment, start)
            return response
        status, body = "503 Service Unavailable", ""
        if path == "/live":
            body = "" if self._asked(_turn) else "the event loop stands still"
        elif path == "/ready":
            body = self._unready()
        else:
            status, body = "404 Not Found", "/metrics, /live or /ready"
        start(status if body else "200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{body or 'yes'}\n".encode()]

    def _unready(self) -> str:
        """Why the worker takes no work; nothing if it does."""
        if not self._is_working():
            return "the worker starts, or stops"
        return "" if self._asked(lambda: self._database.run(_reached)) else "the database does not respond"

    def _asked(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What the event loop gives; ``None`` where it, or what it asks, fails or takes longer than ``PATIENCE``."""

        async def within() -> T:
            return await asyncio.wait_for(ask(), PATIENCE)

        asked = asyncio.run_coroutine_threadsafe(within(), self._loop)
        try:
            # A little longer: where the loop turns, the question's own time ends first.
            return asked.result(PATIENCE * 1.2)
        except FutureTimeout:
            asked.cancel()
            return None
        except Exception:  # noqa: BLE001 - that it failed is the response; the worker's own log says why
            return None


async def _turn() -> bool:
    return True


def _reached(transaction: Transaction) -> bool:
    transaction.connection.execute(text("SELECT 1"))
    return True
