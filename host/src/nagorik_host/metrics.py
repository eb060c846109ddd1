"""A worker's metrics for Prometheus, and whether it lives and is ready, over HTTP.

Labels are codes: plugins, operations, how calls ended. Each is one of a set that is known when the worker starts, so
that nothing of a citizen, and no number of series without bound, can come in by them.

What is answered is worked out on the worker's own event loop: a loop that stands still is told as such.
"""

import asyncio
import io
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import ThreadingWSGIServer, choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import text

from nagorik import NagorikError, errors
from nagorik.clock import Clock
from nagorik.operations import OPERATIONS
from nagorik_host.engine.observers import ANSWERED, BROKEN, INTERRUPTED, WorkerObserver
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.overview import AgencyOverview, count_blocked, count_unread, read_agencies
from nagorik_host.texts import sentence
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

T = TypeVar("T")

OTHER: Final = "other"
"""What stands for a label's value that is not known."""
SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Bounds of the histogram of calls, waits for the agency's pace included."""
PATIENCE: Final = 5.0
"""Seconds that the event loop, and the database, are waited for."""
_METHODS: Final = ("GET", "HEAD")
_LONGEST_WISH: Final = 1_000
"""Letters of a header by which a format is asked for; a longer one asks for none."""
_CLIENT_SECONDS: Final = 10
"""Seconds that whoever asks may be silent."""

_OUTCOMES: Final = frozenset({ANSWERED, BROKEN, INTERRUPTED}) | {
    kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NagorikError)
}
_CAUSES: Final = frozenset({*Failure, *(f"http-{status}" for status in (500, 502, 503, 504))}) | _OUTCOMES
_OPERATIONS: Final = frozenset(operation.value for operation in OPERATIONS)


class WorkerMetrics(WorkerObserver):
    """Counts what one worker does."""

    def __init__(self, plugins: Iterable[str]) -> None:
        """Count calls to ``plugins``; those to any other are counted as ``OTHER``."""
        self.registry = CollectorRegistry()
        self._plugins = frozenset(plugins)
        call = ("plugin", "operation")
        self._calls = Counter(
            "nagorik_calls", "Calls to agencies that ended.", (*call, "outcome"), registry=self.registry
        )
        self._seconds = Histogram(
            "nagorik_call_seconds",
            "How long calls took, from their instant of the agency's time on.",
            call,
            buckets=SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge("nagorik_calls_in_flight", "Calls under way.", call, registry=self.registry)
        self._claims = Counter("nagorik_claims", "Applications taken in hand.", registry=self.registry)
        self._outages = Counter(
            "nagorik_database_outages", "Times that the database could not be reached.", registry=self.registry
        )
        ProcessCollector(registry=self.registry)

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
        self._calls.labels(*named, outcome if outcome in _OUTCOMES else OTHER).inc()

    def database_lost(self) -> None:
        """As ``WorkerObserver.database_lost``."""
        self._outages.inc()

    def _named(self, plugin: str, operation: str) -> tuple[str, str]:
        return (
            plugin if plugin in self._plugins else OTHER,
            operation if operation in _OPERATIONS else OTHER,
        )


class _State(NamedTuple):
    """What the database says of the work of all workers."""

    now: datetime
    agencies: Sequence[AgencyOverview]
    blocked: dict[str, int]
    unread: int


class _StateCollector(Collector):
    """What the database says, asked for at each scrape; where it does not answer, only that."""

    def __init__(self, read: Callable[[], _State | None]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        state = self._read()
        up = GaugeMetricFamily("nagorik_database_up", "Whether the database answered this scrape.")
        up.add_metric((), float(state is not None))
        yield up
        if state is None:
            return
        yield from _of_agencies(state)
        blocked = GaugeMetricFamily(
            "nagorik_applications_blocked", "Applications that the host leaves alone.", labels=("code",)
        )
        numbers: dict[str, int] = defaultdict(int)
        for code, number in state.blocked.items():
            # Whoever writes the database may have put anything there.
            numbers[code if sentence("blocked", code) is not None else OTHER] += number
        for code, number in numbers.items():
            blocked.add_metric((code,), number)
        yield blocked
        unread = GaugeMetricFamily("nagorik_inbox_unread", "Messages that nobody has read yet.")
        unread.add_metric((), state.unread)
        yield unread


def _of_agencies(state: _State) -> Iterator[Metric]:
    read: dict[str, tuple[str, Callable[[AgencyOverview], float]]] = {
        "nagorik_queue_due": ("Applications that are due to call an agency.", lambda one: one.due),
        "nagorik_queue_waiting": ("Applications that will be due to call an agency.", lambda one: one.waiting),
        "nagorik_queue_oldest_seconds": (
            "For how long the first of an agency's queue has been due.",
            lambda one: max((state.now - one.first_due).total_seconds(), 0.0) if one.first_due is not None else 0.0,
        ),
        "nagorik_agency_in_flight": ("Calls to an agency, of all workers.", lambda one: one.in_flight),
        "nagorik_agency_down": ("Whether an agency is down.", lambda one: float(one.down_since is not None)),
        "nagorik_agency_failures": ("Calls in a row that did not reach an agency.", lambda one: one.failures),
    }
    for name, (described, value) in read.items():
        family = GaugeMetricFamily(name, described, labels=("plugin",))
        for one in state.agencies:
            family.add_metric((one.plugin,), value(one))
        yield family
    causes = GaugeMetricFamily(
        "nagorik_agency_down_cause", "Why an agency could not be reached at first.", labels=("plugin", "cause")
    )
    for one in state.agencies:
        if one.down_since is not None:
            cause = one.cause or OTHER
            causes.add_metric((one.plugin, cause if cause in _CAUSES else OTHER), 1.0)
    yield causes


class MetricsServer:
    """Answers ``/metrics``, ``/live`` and ``/ready`` from threads of its own."""

    def __init__(self, metrics: WorkerMetrics, database: Database, clock: Clock) -> None:
        """Serve ``metrics``, and what ``database`` says, from the running event loop's side."""
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._clock = clock
        self._is_working = False
        self.observer = metrics
        metrics.registry.register(_StateCollector(self._state))
        self._registry = metrics.registry

    def working(self, *, is_so: bool) -> None:
        """Say that the worker takes applications in hand, or does so no more."""
        self._is_working = is_so

    @contextmanager
    def serving(self, host: str, port: int) -> Iterator[int]:
        """Serve on an address until the end; gives the port, which is another one where ``port`` is 0.

        Raises:
            OSError: The address cannot be used.
        """
        kind = _ServerV6 if ":" in host else _Server
        server = make_server(host, port, self._answer, kind, handler_class=_SilentHandler)
        thread = threading.Thread(target=server.serve_forever, name="nagorik-metrics", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        method, path = environment["REQUEST_METHOD"], environment.get("PATH_INFO", "")
        answers = {"/metrics": lambda: self._scraped(environment), "/live": self._liveness, "/ready": self._readiness}
        headers: list[tuple[str, str]] = []
        try:
            if path not in answers:
                page = _said(HTTPStatus.NOT_FOUND, "/metrics, /live or /ready")
            elif method not in _METHODS:
                page, headers = _said(HTTPStatus.METHOD_NOT_ALLOWED, "this is only read"), [("Allow", "GET, HEAD")]
            else:
                page = answers[path]()
        except Exception as error:  # noqa: BLE001 - one answer is wrong, and the next may be right
            _log_fault(error)
            text = "this could not be worked out; the worker's log has a line"
            page = _said(HTTPStatus.INTERNAL_SERVER_ERROR, text)
        headers += [("Content-Type", page.media_type), ("Content-Length", str(len(page.body)))]
        start(f"{page.status.value} {page.status.phrase}", headers)
        return [page.body if method != "HEAD" else b""]

    def _scraped(self, environment: WSGIEnvironment) -> "_MetricsAnswer":
        wish = environment.get("HTTP_ACCEPT", "")
        try:
            # A part of it comes back as a header.
            encode, media_type = choose_encoder(wish if wish.isprintable() and len(wish) <= _LONGEST_WISH else "")
        except Exception:  # noqa: BLE001 - the library raises for a version that is none
            encode, media_type = choose_encoder("")
        return _MetricsAnswer(HTTPStatus.OK, media_type, encode(self._registry))

    def _liveness(self) -> "_MetricsAnswer":
        turns = self._asked(_nothing) is not None
        return _checked("the event loop turns" if turns else "the event loop stands still", is_so=turns)

    def _readiness(self) -> "_MetricsAnswer":
        if not self._is_working:
            return _checked("it takes nothing in hand: it starts, or stops", is_so=False)
        if self._asked(lambda: self._database.run(_reached)) is None:
            return _checked("the database does not answer", is_so=False)
        return _checked("it works, and the database answers", is_so=True)

    def _state(self) -> _State | None:
        return self._asked(lambda: self._database.run(self._read))

    def _read(self, transaction: Transaction) -> _State:
        now = self._clock.now()
        return _State(
            now, read_agencies(transaction, now), dict(count_blocked(transaction)), count_unread(transaction)
        )

    def _asked(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What the event loop answers; ``None`` where it, or what it asks, fails or does not answer in time."""

        async def within() -> T:
            return await asyncio.wait_for(ask(), PATIENCE)

        asked = asyncio.run_coroutine_threadsafe(within(), self._loop)
        try:
            # A little longer: what does not answer in time ends by itself first, where the loop turns.
            return asked.result(PATIENCE * 1.2)
        except FutureTimeout:
            asked.cancel()
            return None
        except Exception:  # noqa: BLE001 - that it failed is all that is told here; the worker itself tells why
            return None


class _SilentHandler(WSGIRequestHandler):
    timeout = _CLIENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Log nothing: a worker's log is not for whoever looks at it every few seconds."""

    def get_stderr(self) -> io.StringIO:
        """Nowhere: what is wrong with an answer has a line of the log, and what the library writes is a traceback."""
        return io.StringIO()


class _Server(ThreadingWSGIServer):
    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the library's signature
        """Whoever asked went away or said nothing in time; a line of it, and nothing on standard error."""
        error = sys.exception()
        if error is not None:
            _log_fault(error)


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _MetricsAnswer(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    media_type: str
    body: bytes


async def _nothing() -> bool:
    return True


def _reached(transaction: Transaction) -> bool:
    transaction.connection.execute(text("SELECT 1"))
    return True


def _said(status: HTTPStatus, said: str) -> _MetricsAnswer:
    return _MetricsAnswer(status, "text/plain; charset=utf-8", f"{said}\n".encode())


def _checked(said: str, *, is_so: bool) -> _MetricsAnswer:
    return _said(HTTPStatus.OK if is_so else HTTPStatus.SERVICE_UNAVAILABLE, said)


def _log_fault(error: BaseException) -> None:
    _log.warning("metrics_not_served", exception=type_name(error))
