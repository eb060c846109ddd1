"""One request of a call with all its attempts: gates before it, classification after it, the ledger throughout."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from nagorik.clock import Clock, Deadline
from nagorik.errors import (
    AgencyClosed,
    AgencyUnavailable,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    Layer,
    NagorikError,
    OutcomeUnknown,
)
from nagorik.http import AgencyResponse, ErrorReader
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.circuit import LocalCircuit
from nagorik_platform.agency_client.classify import FailedAttempt, from_transport
from nagorik_platform.agency_client.egress import EgressRules, EgressTarget
from nagorik_platform.agency_client.headers import RawHeaders, with_headers
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.agency_client.limits import LEASE_LOST, ConcurrencyLimiter, RequestLease
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.retry_table import (
    MAYBE_PROCESSED,
    NOT_SENT,
    Failure,
    RetryDecision,
    decide,
    decide_at_end,
    full_jitter,
)
from nagorik_platform.agency_client.tokens import LETS_NOBODY_IN, IssuedToken, LoginAttempt, TokenCache
from nagorik_platform.agency_client.transport import ConnectionPool, OutgoingRequest, Timeouts

T = TypeVar("T")

MOST_TOKENS: Final = 4
"""So many tokens are tried by one request, even if each has been obtained by a login before the first was refused."""
RETRYING: Final = frozenset({RetryDecision.AGAIN, RetryDecision.FRESH_TOKEN})
_OF_THE_AGENCY: Final = frozenset({Failure.INVALID, Failure.MAPPED, Failure.REFUSED})
"""Responses to a caller whom the agency knows."""

Classifier = Callable[[AgencyResponse, EgressTarget], T | FailedAttempt]
"""Reads a response: what was asked for, or a failure."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ClientResources:
    """What all requests to one agency share.

    Attributes:
        elsewhere: Connections to hosts that are not the agency's base address.
        certificate_ends: When the certificate ends that is shown to the agency.
        circuit: ``None`` where a host admits the calls.
    """

    plugin: str
    clock: Clock
    egress: EgressRules
    error_reader: ErrorReader | None
    key_header: str
    connections: ConnectionPool
    elsewhere: ConnectionPool
    certificate_ends: datetime | None
    limiter: ConcurrencyLimiter
    circuit: LocalCircuit | None
    tokens: TokenCache | None
    signer: Callable[[OutgoingRequest], Awaitable[OutgoingRequest]] | None
    closed_until: Callable[[], datetime | None]
    connect_timeout: float
    read_timeout: float
    response_bytes: int
    attempts: int
    rng: random.Random


@dataclass(frozen=True, slots=True, repr=False)
class CallState:
    """What all requests of one hook call share.

    Attributes:
        deadline: The end of the call.
        ledger: What the call has done so far.
        bypass: Whether the circuit lets it through in any state: a health check, a login.
        login: The login that it is, if it is one. Its requests carry no token and take no place at the agency: they
            have that of the call which waits for them.
    """

    deadline: Deadline
    ledger: CallLedger
    bypass: bool = False
    login: LoginAttempt | None = None


@dataclass(slots=True, repr=False, eq=False, kw_only=True)
class HttpExchange(Generic[T]):
    """Carries out one request. Results of attempts are values, so that no foreign exception is ever in a chain.

    Attributes:
        classifier: Reads a response.
        file_limit: The most bytes of a file that the request brings; ``None`` where it brings no file.
    """

    resources: ClientResources
    call: CallState
    classifier: Classifier[T]
    kind: Idempotency
    step: str
    method: str
    address: EgressTarget
    headers: RawHeaders
    body: bytes | MultipartBody | None
    file_limit: int | None = None
    _decision: RetryDecision = RetryDecision.FAIL
    _doubt: str | None = None
    """Why an attempt may have been processed: the cause of the first that may."""
    _at_agency: bool = False
    """Whether a request is with the agency at this moment."""
    _issued: IssuedToken | None = None
    """The token that this attempt sent."""
    _refused: int = 0
    """How many tokens the agency refused."""
    _refreshed: bool = False
    """Whether a fresh token was refused."""

    async def run(self) -> T:
        """Make attempts until one brings what was asked for, or raise what the policy makes of the last."""
        if isinstance(self.body, MultipartBody):
            await self.body.check()
        try:
            result = await self._attempts()
        except BaseException:
            # Cancelled, or a mock router's complaint: a write that was with the agency may have been processed.
            if (self._at_agency and self.kind is not Idempotency.SAFE) or self._doubt is not None:
                self._unknown(self._doubt or "cancelled", Layer.CORE)
            raise
        if isinstance(result, FailedAttempt):
            raise self._final_error(result)
        if self.kind is Idempotency.SAFE:
            self.call.ledger.read_after_unknown = self.call.ledger.unknown is not None
        else:
            self.call.ledger.wrote = True
        return result

    async def _attempts(self) -> T | FailedAttempt:
        """Try until the policy says no more; a wait that would reach the deadline is not begun."""
        number = 0
        while True:
            number += 1
            result = await self._attempt()
            if not isinstance(result, FailedAttempt) or self._decision not in RETRYING:
                return result
            wait = 0.0
            if self._decision is RetryDecision.AGAIN:
                if number >= self.resources.attempts:
                    return result
                wait = full_jitter(number, self.resources.rng) if result.retry_after is None else result.retry_after
            if wait >= self.call.deadline.remaining():
                return result
            await self.resources.clock.sleep(wait)

    @property
    def _tokens(self) -> TokenCache | None:
        return self.resources.tokens if self.call.login is None and self.address.home else None

    async def _attempt(self) -> T | FailedAttempt:
        outcome = await self._try()
        failed = outcome if isinstance(outcome, FailedAttempt) else None
        if failed is not None:
            self._decide(failed)
        if self._tokens is not None and self._issued is not None:
            await self._judge_token(self._tokens, self._issued, failed)
        return outcome

    async def _judge_token(self, tokens: TokenCache, issued: IssuedToken, failed: FailedAttempt | None) -> None:
        """Note whether the agency let in a request with a token, or refuses the credentials."""
        error = None if failed is None else failed.error
        if isinstance(error, CredentialsRejected) and error.kind is not CredentialProblem.NOT_PERMITTED:
            may_have_ended = failed is not None and failed.failure is Failure.UNAUTHENTICATED
            if self._refreshed if may_have_ended else error.kind in LETS_NOBODY_IN:
                await tokens.refused(issued, error.kind)
        elif failed is None or failed.failure in _OF_THE_AGENCY or isinstance(error, CredentialsRejected):
            tokens.accepted()

    async def _try(self) -> T | FailedAttempt:
        """Make one attempt: gates, request, classification."""
        resources, call = self.resources, self.call
        self._issued = None
        # The circuit knows nothing of other hosts.
        circuit = resources.circuit if self.address.home and not call.bypass else None
        has_place = False
        try:
            try:
                self._pass_gates()
                is_probe = circuit is not None and await circuit.admit(call.deadline)
                if call.login is None:
                    await resources.limiter.take_place(call.deadline)
                    has_place = True
                issued, lease = await self._turn()
                outgoing = await self._outgoing(issued)
                if call.login is not None:
                    await call.login.begin(self._request_of_login)
                    lease = None  # others wait for it, too, and it changes nothing of what the call is made for
                # Others held up the loop meanwhile, and another worker may have the application by now.
                if call.deadline.remaining() <= 0:
                    raise AgencyUnavailable(because="deadline", layer=Layer.CORE)
                if lease is not None and lease.remaining() <= 0:
                    raise AgencyUnavailable(because=LEASE_LOST, layer=Layer.CORE)
                if circuit is not None:
                    circuit.check(is_probe=is_probe)
            except NagorikError as error:
                return FailedAttempt(Failure.NOT_ADMITTED, error, error.code)
            self._issued = issued
            return await self._send(outgoing, lease)
        finally:
            if has_place:
                resources.limiter.release()

    def _pass_gates(self) -> None:
        """Pass the gates that cost the agency nothing."""
        resources = self.resources
        if self.call.deadline.remaining() <= 0:
            raise AgencyUnavailable(because="deadline", layer=Layer.CORE)
        if (ends := resources.certificate_ends) and self.address.home and resources.clock.now() >= ends:
            raise CredentialsRejected(CredentialProblem.EXPIRED, layer=Layer.CORE)
        if (until := resources.closed_until()) is not None:
            raise AgencyClosed(until)

    async def _turn(self) -> tuple[IssuedToken | None, RequestLease | None]:
        """Wait for this request's turn; the token to send, and the lease that it is sent under, if any.

        A token that ends while the turn is waited for is renewed once, and another turn taken.
        """
        limiter, tokens, deadline = self.resources.limiter, self._tokens, self.call.deadline
        if tokens is None:
            return None, await limiter.wait_turn(deadline)
        issued = await tokens.current(deadline)
        lease = await limiter.wait_turn(deadline)
        if not tokens.holds(issued):
            issued = await tokens.current(deadline)
            lease = await limiter.wait_turn(deadline)
        return issued, lease

    async def _outgoing(self, issued: IssuedToken | None) -> OutgoingRequest:
        """The request of this attempt, with its token and signature."""
        signer = self.resources.signer
        headers = self.headers if issued is None else with_headers(self.headers, [issued.token.as_header()])
        outgoing = OutgoingRequest(self.method, self.address.url, headers, self.body)
        return await signer(outgoing) if signer is not None and self.address.home else outgoing

    async def _send(self, outgoing: OutgoingRequest, lease: RequestLease | None) -> T | FailedAttempt:
        resources, call = self.resources, self.call
        left = call.deadline.remaining()
        timeouts = Timeouts(
            # Half of what is left at most: a connection that never stands is another failure than a lost response.
            connect=min(resources.connect_timeout, left / 2),
            read=min(resources.read_timeout, left),
            total=left,
            limit=self.file_limit or resources.response_bytes,
            is_file=self.file_limit is not None,
            remaining=(
                call.deadline.remaining
                if lease is None
                else lambda: min(call.deadline.remaining(), lease.remaining())
            ),
        )
        call.ledger.requests += 1
        self._at_agency = True
        connections = resources.connections if self.address.home else resources.elsewhere
        answer = await connections.send(outgoing, timeouts)
        if isinstance(answer, Failure):
            outcome: T | FailedAttempt = from_transport(answer)
        else:
            outcome = self.classifier(answer, self.address)
        self._at_agency = False
        failure = outcome.failure if isinstance(outcome, FailedAttempt) else None
        if call.login is not None and failure in NOT_SENT:
            call.login.withdraw(self._request_of_login)
        if isinstance(outcome, FailedAttempt) and failure is Failure.LOGIN_REDIRECT and self._issued is not None:
            # How a site that knows its sessions by cookies says that one has ended.
            failure, outcome = Failure.UNAUTHENTICATED, replace(outcome, failure=Failure.UNAUTHENTICATED)
        if resources.circuit is not None and (self.address.home or call.login is not None):
            resources.circuit.report(failure, decides=not call.bypass)
        return outcome

    @property
    def _request_of_login(self) -> str:
        return f"{self.method} {self.address.url.partition('?')[0]}"

    def _decide(self, failed: FailedAttempt) -> None:
        kind, failure = self.kind, failed.failure
        if failure is Failure.UNAUTHENTICATED:
            self._refused += 1
            issued, tokens = self._issued, self._tokens
            is_fresh = issued is not None and tokens is not None and tokens.invalidate(issued)
            self._refreshed = self._refreshed or is_fresh or self._refused >= MOST_TOKENS
        refreshed = self._refreshed or self._tokens is None
        self._decision = decide(kind, failure, in_doubt=self._doubt is not None, refreshed=refreshed)
        if kind is not Idempotency.SAFE and failure in MAYBE_PROCESSED and self._doubt is None:
            self._doubt = failed.because

    def _final_error(self, failed: FailedAttempt) -> NagorikError:
        decision = self._decision
        if decision in RETRYING:  # the budget is used up
            decision = decide_at_end(self.kind, failed.failure, in_doubt=self._doubt is not None)
        if decision is RetryDecision.UNKNOWN:
            return self._unknown(self._doubt or failed.because, failed.error.layer)
        if isinstance(failed.error, ContractViolation):
            self.call.ledger.unread = True
        return failed.error

    def _unknown(self, because: str, layer: Layer) -> OutcomeUnknown:
        return self.call.ledger.record_unknown(OutcomeUnknown(step=self.step, because=because, layer=layer))
