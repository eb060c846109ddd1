"""One agency's client, for the life of the process: everything that its calls share."""

import math
import random
from datetime import date, datetime
from functools import cache, partial
from typing import NoReturn

from pydantic import BaseModel

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer
from nagorik.http import ErrorReader, Login, Signer, Token
from nagorik.manifest import Manifest
from nagorik.model.application import DocumentReference
from nagorik.operations import Idempotency, Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.certificates import agency_tls
from nagorik_platform.agency_client.circuit import CircuitRules, LocalCircuit, Probe
from nagorik_platform.agency_client.egress import EgressRules
from nagorik_platform.agency_client.exchange import CallState, ClientResources
from nagorik_platform.agency_client.hours import HORIZON, HolidayLookup, next_opening
from nagorik_platform.agency_client.http import CallHttp
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.agency_client.limits import ConcurrencyLimiter, LocalRateLimiter, RateLimiter
from nagorik_platform.agency_client.multipart import OpenDocument
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.agency_client.signing import sign_request
from nagorik_platform.agency_client.tokens import LocalTokenStore, LoginAttempt, TokenCache, TokenStore
from nagorik_platform.agency_client.transport import ConnectionPool, TransportFactory

ATTEMPTS = 4
"""The most attempts of one request, the first included."""


class AgencyClient:
    """The platform's connection to one agency.

    It belongs to the event loop in which it first sends. Its circuit and its places are this process's own; several
    processes may share its pace and its token.
    """

    def __init__(
        self,
        *,
        plugin: str,
        manifest: Manifest,
        clock: Clock,
        egress: frozenset[str],
        settings: AgencySettings,
        error_reader: ErrorReader | None = None,
        login: Login | None = None,
        signer: Signer | None = None,
        probe: Probe | None = None,
        transport_factory: TransportFactory | None = None,
        rng: random.Random | None = None,
        attempts: int = ATTEMPTS,
        limiter: ConcurrencyLimiter | None = None,
        rate_limiter: RateLimiter | None = None,
        token_store: TokenStore | None = None,
        has_circuit: bool = True,
    ) -> None:
        """Make a client; nothing is opened before the first request.

        Args:
            plugin: The plugin's id.
            manifest: Its manifest: limits, circuit, windows, and the header of native keys.
            clock: The time.
            egress: Host names that may be reached, that of the settings' ``base_url`` among them.
            settings: The plugin's settings.
            error_reader: Recognises the agency's own errors, before anything else reads a response.
            login: Obtains a token.
            signer: Signs each request.
            probe: The plugin's health hook; without it, a request serves as the circuit's probe.
            transport_factory: Makes a transport in place of httpx's; for tests.
            rng: The source of jitter.
            attempts: The most attempts of one request, at least 1.
            limiter: Bounds the requests in flight; that of an earlier client with other settings, or a new one.
            rate_limiter: Paces the requests; this process's own by default.
            token_store: Gives tokens; without one, this process logs in for itself.
            has_circuit: Whether this process stops calling an agency that is down, for a host that does not.

        Raises:
            SettingsRejected: ``base_url`` may not be reached, or a certificate cannot be used.
        """
        limits = manifest.limits
        egress_rules = EgressRules(settings.base_url, egress, plugin=plugin)
        tls, certificate_ends = agency_tls(settings, plugin=plugin)
        connections = ConnectionPool(settings.transport, tls=tls, factory=transport_factory)
        tokens = None
        if login is not None:
            tokens = TokenCache(
                partial(self._obtain_token, login, settings, limits.deadline),
                clock,
                plugin=plugin,
                key_header=manifest.idempotency_header,
                limits=limits,
                settings=settings,
                store=token_store or LocalTokenStore(clock),
            )
        circuit = None
        if has_circuit:
            circuit = LocalCircuit(CircuitRules.of(manifest.circuit), clock, plugin=plugin, probe=probe)
        if limiter is None:
            acquire = (rate_limiter or LocalRateLimiter(clock)).acquire
            limiter = ConcurrencyLimiter(limits.concurrency, partial(acquire, plugin, limits.per_second))
        self._windows = manifest.windows
        self._hours_known_for = -1
        self._closed_until: datetime | None = None
        self._resources = ClientResources(
            plugin=plugin,
            clock=clock,
            egress=egress_rules,
            error_reader=error_reader,
            key_header=manifest.idempotency_header,
            connections=connections,
            # Neither the platform's certificate nor the agency's authority is meant for other hosts.
            elsewhere=connections if tls is None else ConnectionPool(settings.transport, factory=transport_factory),
            certificate_ends=certificate_ends,
            limiter=limiter,
            circuit=circuit,
            tokens=tokens,
            signer=signer and partial(sign_request, signer, settings, clock, plugin, manifest.idempotency_header),
            closed_until=self._closed,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            response_bytes=limits.response_bytes,
            attempts=attempts,
            rng=rng or random.Random(),  # noqa: S311 - jitter, not a secret
        )

    def bind(
        self,
        operation: Operation,
        idempotency: Idempotency | None,
        key: str | None,
        deadline: Deadline,
        open_document: OpenDocument | None = None,
    ) -> CallHttp:
        """The agency's client for one call; it takes microseconds and holds nothing open.

        ``idempotency`` is the class of a write, ``None`` for a read; ``key`` the application's for this operation,
        which a class ``native`` needs; ``deadline`` the end of the call, on this client's clock. Without
        ``open_document``, which streams a document, no document can be sent. A health check passes an open circuit.
        """
        call = CallState(deadline, CallLedger(), bypass=operation is Operation.HEALTH)
        return CallHttp(self._resources, call, open_document or _no_documents, idempotency, key)

    @property
    def limiter(self) -> ConcurrencyLimiter:
        """Bounds the requests in flight, and paces them."""
        return self._resources.limiter

    def __repr__(self) -> str:
        return f"<AgencyClient {self._resources.plugin}>"

    async def aclose(self) -> None:
        """Close all connections and stop a login that is running."""
        if self._resources.tokens is not None:
            await self._resources.tokens.aclose()
        await self._resources.connections.aclose()
        await self._resources.elsewhere.aclose()

    async def _obtain_token(self, login: Login, settings: BaseModel, seconds: float, attempt: LoginAttempt) -> Token:
        # A process that stood still since the login was counted sends nothing: others may have logged in by now.
        clock = self._resources.clock
        call = CallState(Deadline(clock, attempt.began + seconds), CallLedger(), bypass=True, login=attempt)
        return await login(CallHttp(self._resources, call, _no_documents, None, None), settings, clock)

    def _closed(self) -> datetime | None:
        """When the agency opens, if it is closed now; looked up once a second at most."""
        if not self._windows:
            return None
        now = self._resources.clock.now()
        second = math.floor(now.timestamp())
        if second != self._hours_known_for:
            opening = next_opening(self._windows, now, _national_holidays()) or now + HORIZON
            self._closed_until = opening if opening > now else None
            self._hours_known_for = second
        return self._closed_until


def _no_documents(document: DocumentReference) -> NoReturn:  # noqa: ARG001 - an ``OpenDocument``
    raise AgencyUnavailable(because=Failure.BODY.value, layer=Layer.CORE)


@cache
def _national_holidays() -> HolidayLookup:
    """Public holidays by the platform's calendar, imported when an agency with windows is first called.

    Of a year whose list is not known, by its estimate: a call on a holiday ends with ``AgencyClosed``.
    """
    from nagorik_toolkit.bangladesh import WorkingCalendar
    from nagorik_toolkit.bangladesh.calendar import WEEKEND

    calendar = WorkingCalendar.national().estimated()
    named = frozenset(override.day for override in calendar.overrides if not override.working)

    def holiday(day: date) -> bool:
        # The calendar knows no holiday that falls on a weekend, except those that it names.
        return day in named or (day.weekday() not in WEEKEND and not calendar.is_working_day(day))

    return holiday
