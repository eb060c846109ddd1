"""One agency's client, for the life of the process: everything that its calls share."""

import math
import random
import ssl
from datetime import date, datetime
from functools import partial
from typing import NoReturn

from pydantic import BaseModel

from nagorik.clock import Clock, Deadline
from nagorik.http import ErrorReader, Login, Signer, Token
from nagorik.manifest import Manifest
from nagorik.model.application import DocumentReference
from nagorik.operations import OPERATIONS, Idempotency, Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.certificates import AgencyTls, agency_tls
from nagorik_platform.agency_client.circuit import CircuitRules, LocalCircuit, Probe
from nagorik_platform.agency_client.egress import EgressRules
from nagorik_platform.agency_client.exchange import CallState, ClientResources
from nagorik_platform.agency_client.hours import HORIZON, HolidayLookup, next_opening, open_at
from nagorik_platform.agency_client.http import CallHttp
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.agency_client.limits import ConcurrencyLimiter, LocalRateLimiter, RateLimiter
from nagorik_platform.agency_client.multipart import OpenDocument
from nagorik_platform.agency_client.readers import Readers
from nagorik_platform.agency_client.signing import RequestSigner
from nagorik_platform.agency_client.tokens import LocalTokenStore, LoginAttempt, TokenCache, TokenStore
from nagorik_platform.agency_client.transport import ConnectionPool, TransportFactory

ATTEMPTS = 4
"""The most attempts of one request, the first included."""


class AgencyClient:
    """The platform's connection to one agency.

    It belongs to the event loop in which it first sends. What it knows of the agency (its circuit, its places) is
    this process's own; its pace and its token may be those that several processes share.
    """

    def __init__(
        self,
        *,
        plugin: str,
        manifest: Manifest,
        base_url: str,
        clock: Clock,
        egress: frozenset[str],
        settings: BaseModel,
        error_reader: ErrorReader | None = None,
        login: Login | None = None,
        signer: Signer | None = None,
        probe: Probe | None = None,
        holidays: HolidayLookup | None = None,
        transport_factory: TransportFactory | None = None,
        tls: ssl.SSLContext | None = None,
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
            base_url: Where the agency's interface begins.
            clock: The time.
            egress: Host names that may be reached, ``base_url``'s among them.
            settings: The plugin's settings, handed to ``login``; time limits and transport if they are
                ``AgencySettings``.
            error_reader: Recognises the agency's own errors, before anything else reads an answer.
            login: Obtains a token.
            signer: Signs each request.
            probe: The plugin's health hook; without it, a request serves as the circuit's probe.
            holidays: Whether a date is a national public holiday; the platform's calendar by default.
            transport_factory: Makes a transport in place of httpx's; for tests.
            tls: The TLS context in place of what the settings say; for tests.
            rng: The source of jitter.
            attempts: The most attempts of one request, at least 1.
            limiter: Says how many requests may be in flight, and when one may be sent: that of a client before this
                one, with other settings. A new one if not given.
            rate_limiter: Says when a request may be sent; this process's own without one.
            token_store: Where tokens come from; without one, this process logs in for itself.
            has_circuit: Whether this process stops calling an agency that is down. A host that stops calls for all
                its processes says no.

        Raises:
            SettingsRejected: When ``base_url`` is no address that may be reached, or a certificate cannot be used.
        """
        limits = manifest.limits
        tuned = settings if isinstance(settings, AgencySettings) else AgencySettings(base_url=base_url)
        self._plugin = plugin
        self._windows = manifest.windows
        self._key_header = manifest.idempotency_header
        self._login_seconds = limits.deadline
        self._clock = clock
        self._settings = settings
        self._error_reader = error_reader
        self._login = login
        self._holidays = holidays
        self._readers = Readers(plugin)
        self._egress = EgressRules(base_url, egress, plugin=plugin)
        own_tls = AgencyTls(tls, None) if tls is not None else agency_tls(tuned, plugin=plugin)
        context = None if own_tls is None else own_tls.context
        self._connections = ConnectionPool(tuned.transport, tls=context, factory=transport_factory)
        # Neither the platform's certificate nor the agency's authority is anything to the other hosts.
        self._elsewhere = (
            self._connections if context is None else ConnectionPool(tuned.transport, factory=transport_factory)
        )
        rules = CircuitRules.of(manifest.circuit)
        self._circuit = LocalCircuit(rules, clock, plugin=plugin, probe=probe) if has_circuit else None
        self._tokens = (
            None
            if login is None
            else TokenCache(
                self._obtain_token,
                clock,
                plugin=plugin,
                key_header=manifest.idempotency_header,
                limits=limits,
                settings=settings,
                store=token_store or LocalTokenStore(clock),
            )
        )
        self._hours_known_for = -1
        self._closed_until: datetime | None = None
        self._resources = ClientResources(
            clock=clock,
            connections=self._connections,
            elsewhere=self._elsewhere,
            certificate_ends=None if own_tls is None else own_tls.ends,
            limiter=limiter
            or ConcurrencyLimiter(
                concurrency=limits.concurrency,
                acquire_rate=partial((rate_limiter or LocalRateLimiter(clock)).acquire, plugin, limits.per_second),
            ),
            circuit=self._circuit,
            tokens=self._tokens,
            signer=None
            if signer is None
            else RequestSigner(signer, settings, clock, plugin=plugin, key_header=manifest.idempotency_header),
            closed_until=self._closed if manifest.windows else _always_open,
            connect_timeout=tuned.connect_timeout,
            read_timeout=tuned.read_timeout,
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

        Args:
            operation: The operation that is called. A health check passes an open circuit.
            idempotency: The class of a write; ``None`` for a read.
            key: The application's key for this operation; required where the agency has native keys.
            deadline: When the call's answer is no longer waited for, on this client's clock.
            open_document: Streams a document of the host's that a request sends; without it, none can be sent.

        Raises:
            ValueError: When operation, class and key do not go together.
        """
        if OPERATIONS[operation].writes != (idempotency is not None):
            raise ValueError("an operation that writes has an idempotency class, and no other has")
        if idempotency is Idempotency.NATIVE and not key:
            raise ValueError("a native key is derived from the application's key, which is missing")
        call = CallState(deadline, CallLedger(), bypass=operation is Operation.HEALTH)
        return self._view(call, idempotency, key, open_document)

    @property
    def limiter(self) -> ConcurrencyLimiter:
        """Says how many requests may be in flight, and when one may be sent."""
        return self._resources.limiter

    async def aclose(self) -> None:
        """Close all connections and stop a login or a probe that is running."""
        if self._circuit is not None:
            self._circuit.close()
        if self._tokens is not None:
            await self._tokens.aclose()
        await self._connections.aclose()
        await self._elsewhere.aclose()

    def _view(
        self,
        call: CallState,
        kind: Idempotency | None = None,
        key: str | None = None,
        open_document: OpenDocument | None = None,
    ) -> CallHttp:
        return CallHttp(
            plugin=self._plugin,
            resources=self._resources,
            egress=self._egress,
            readers=self._readers,
            open_document=open_document or _no_documents,
            error_reader=self._error_reader,
            key_header=self._key_header,
            call=call,
            kind=kind,
            key=key,
        )

    async def _obtain_token(self, attempt: LoginAttempt) -> Token:
        assert self._login is not None  # noqa: S101 - the keeper exists only with a login
        # Whoever stood still since it was counted sends nothing: others may have logged in by now.
        deadline = Deadline(self._clock, attempt.began + self._login_seconds)
        call = CallState(deadline, CallLedger(), bypass=True, login=attempt)
        try:
            return await self._login(self._view(call), self._settings, self._clock)
        finally:
            call.cut_off()

    def _closed(self) -> datetime | None:
        """When the agency opens, if it is closed now; looked up once a second at most."""
        now = self._clock.now()
        second = math.floor(now.timestamp())
        if second != self._hours_known_for:
            holiday = self._holidays = self._holidays or _national_holidays()
            self._hours_known_for = second
            self._closed_until = (
                None
                if open_at(self._windows, now, holiday)
                else next_opening(self._windows, now, holiday) or now + HORIZON
            )
        return self._closed_until

    def __repr__(self) -> str:
        return f"<AgencyClient {self._plugin}>"


def _no_documents(document: DocumentReference) -> NoReturn:  # noqa: ARG001 - as whoever has documents
    raise LookupError("the call was made without documents")


def _always_open() -> None:
    return None


def _national_holidays() -> HolidayLookup:
    """Public holidays by the platform's calendar, imported when an agency with windows is first called.

    Of a year whose list is not known, by its estimate: who asks on a holiday is answered that the agency is closed.
    """
    from nagorik_toolkit.bangladesh import WorkingCalendar
    from nagorik_toolkit.bangladesh.calendar import WEEKEND

    calendar = WorkingCalendar.national().estimated()
    named = frozenset(override.day for override in calendar.overrides if not override.working)

    def holiday(day: date) -> bool:
        # The calendar does not tell a holiday that falls on a weekend from the weekend; only those it names count.
        return day in named or (day.weekday() not in WEEKEND and not calendar.is_working_day(day))

    return holiday
