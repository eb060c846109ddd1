"""A worker's metrics for Prometheus, and whether it lives and is ready, over HTTP.

A label's value is one of a set that is known when the worker starts: nothing of a citizen comes in, and the number of
series is bounded. The worker's own event loop works out each response, so that a loop that stands still shows.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    make_wsgi_app,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from nagorik import NagorikError, errors
from nagorik.clock import Clock
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, WorkerObserver
from nagorik_host.settings import HostSettingsRejected
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.overview import count_blocked, count_unread, read_agencies
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


class WorkerMetrics(WorkerObserver):
    """Counts what one worker does."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = registry = CollectorRegistry()
        call = ("plugin", "operation")
        self._calls = Counter("nagorik_calls", "Calls to agencies that ended.", (*call, "outcome"), registry=registry)
        seconds = "Seconds that calls took, from their turn at the agency on."
        self._seconds = Histogram("nagorik_call_seconds", seconds, call, buckets=SECONDS, registry=registry)
        self._in_flight = Gauge("nagorik_calls_in_flight", "Calls under way.", call, registry=registry)
        self._claims = Counter("nagorik_claims", "Applications that the worker claimed.", registry=registry)
        self._outages = Counter("nagorik_database_outages", "Outages of the database.", registry=registry)

    def claimed(self, number: int) -> None:
        """As ``WorkerObserver.claimed``."""
        self._claims.inc(number)

    def call_began(self, plugin: str, operation: str) -> None:
        """As ``WorkerObserver.call_began``."""
        self._in_flight.labels(plugin, operation).inc()

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """As ``WorkerObserver.call_ended``; an outcome that is not known counts as ``OTHER``."""
        self._in_flight.labels(plugin, operation).dec()
        self._seconds.labels(plugin, operation).observe(seconds)
        self._calls.labels(plugin, operation, outcome if outcome in _OUTCOMES else OTHER).inc()

    def database_lost(self) -> None:
        """As ``WorkerObserver.database_lost``."""
        self._outages.inc()


class MetricsServer(Collector):
    """Responds to ``/metrics``, ``/live`` and ``/ready`` from threads of its own."""

    def __init__(self, metrics: WorkerMetrics, database: Database, clock: Clock, is_working: Callable[[], bool]):
        """Serve ``metrics``, what ``database`` says, and whether the worker claims applications now."""
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._clock = clock
        self._is_working = is_working
        self._registry = metrics.registry
        self._registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Read the work of all workers from the database; while it does not respond, only that."""
        found = self._asked(self._database.run(self._read))
        yield GaugeMetricFamily("nagorik_database_up", "Whether the database responded.", float(found is not None))
        yield from found or ()

    def _read(self, transaction: Transaction) -> list[Metric]:
        now = self._clock.now()
        agencies = read_agencies(transaction, now)
        causes = [
            ((one.plugin, str(one.cause) if one.cause in _CAUSES else OTHER), 1) for one in agencies if one.down_since
        ]
        blocked = [((code,), number) for code, number in count_blocked(transaction).items()]
        return [
            *(
                _gauge(f"nagorik_{name}", about, ("plugin",), [((one.plugin,), of(one)) for one in agencies])
                for name, about, of in (
                    ("queue_due", "Applications that are due to call an agency.", lambda one: one.due),
                    ("queue_waiting", "Applications that will be due to call an agency.", lambda one: one.waiting),
                    (
                        "queue_oldest_seconds",
                        "For how long an agency's queue has been due.",
                        lambda one: max((now - (one.first_due or now)).total_seconds(), 0.0),
                    ),
                    ("agency_in_flight", "Calls to an agency, of all workers.", lambda one: one.in_flight),
                    ("agency_down", "Whether an agency is down.", lambda one: one.down_since is not None),
                    ("agency_failures", "Calls in a row that did not reach an agency.", lambda one: one.failures),
                )
            ),
            _gauge("nagorik_agency_down_cause", "Why an agency could not be reached.", ("plugin", "cause"), causes),
            _gauge("nagorik_applications_blocked", "Applications that the host leaves alone.", ("code",), blocked),
            _gauge("nagorik_inbox_unread", "Messages that wait to be read.", (), [((), count_unread(transaction))]),
        ]

    @contextmanager
    def serving(self, address: str) -> Iterator[str]:
        """Serve on ``HOST:PORT`` until the end; gives the URL, with a free port where that is 0.

        Raises:
            HostSettingsRejected: The address cannot be used.
        """
        host, _, port = address.rpartition(":")
        try:
            server, thread = start_http_server(int(port), host.strip("[]"), self._registry)
        except OSError as error:
            raise HostSettingsRejected([f"metrics: {error.strerror or 'the address cannot be used'}"]) from None
        server.set_app(self._respond)
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _respond(self, environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environment.get("PATH_INFO", "")
        if path == "/metrics":
            response: Iterable[bytes] = make_wsgi_app(self._registry)(environment, start)
            return response
        status, problem = "503 Service Unavailable", ""
        if path == "/live":
            problem = "" if self._asked(asyncio.sleep(0, "turned")) else "the event loop stands still"
        elif path == "/ready" and not self._is_working():
            problem = "the worker starts, or stops"
        elif path == "/ready":
            is_up = self._asked(self._database.run(count_unread)) is not None
            problem = "" if is_up else "the database does not respond"
        else:
            status, problem = "404 Not Found", "/metrics, /live or /ready"
        start(status if problem else "200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{problem or 'yes'}\n".encode()]

    def _asked(self, question: Coroutine[Any, Any, T]) -> T | None:
        """What the event loop gives; ``None`` where it, or what it asks, fails or takes longer than ``PATIENCE``."""
        asked = asyncio.run_coroutine_threadsafe(asyncio.wait_for(question, PATIENCE), self._loop)
        try:
            # A little longer: where the loop turns, the question's own time ends first.
            return asked.result(PATIENCE * 1.2)
        except Exception:  # noqa: BLE001 - that it failed is the response; the worker's own log says why
            asked.cancel()
            return None


def _gauge(name: str, about: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for of, value in values:
        family.add_metric(of, float(value))
    return family
