"""One request of a call with all its attempts: gates before it, classification after it, the ledger throughout."""

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
from nagorik.http import AgencyResponse
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.circuit import LocalCircuit
from nagorik_platform.agency_client.classify import FailedAttempt, from_transport, not_admitted
from nagorik_platform.agency_client.egress import EgressTarget
from nagorik_platform.agency_client.headers import RawHeaders, with_headers
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.agency_client.limits import LEASE_LOST, ConcurrencyLimiter, RequestLease
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.retry_table import (
    MAYBE_PROCESSED,
    NOT_SENT,
    Failure,
    History,
    RetryDecision,
    decide,
    decide_at_end,
    full_jitter,
    record_failure,
)
from nagorik_platform.agency_client.signing import RequestSigner
from nagorik_platform.agency_client.tokens import IssuedToken, LoginAttempt, TokenCache
from nagorik_platform.agency_client.transport import (
    ConnectionPool,
    FileBound,
    OutgoingRequest,
    Timeouts,
    break_off,
)

T = TypeVar("T")

MOST_TOKENS: Final = 4
"""So many tokens are tried by one request, even if each has been obtained by a login before the first was refused."""

RETRYING: Final = frozenset({RetryDecision.AGAIN, RetryDecision.FRESH_TOKEN})
LARGE: Final = 65_536
"""Bytes of a response from which on it is read in a thread: 4 MB of JSON take 0.2 seconds of a processor."""

_OF_THE_AGENCY: Final = frozenset({Failure.INVALID, Failure.MAPPED, Failure.REFUSED})
"""Answers to somebody whom the agency knows, unless it is their credentials that it speaks of."""

Classifier = Callable[[AgencyResponse, EgressTarget], T | FailedAttempt]
"""What an answer is: what was asked for, or a failure."""


@dataclass(frozen=True, slots=True, repr=False)
class ClientResources:
    """What all requests to one agency share."""

    clock: Clock
    connections: ConnectionPool
    elsewhere: ConnectionPool
    """For hosts that are not the agency's base address."""
    certificate_ends: datetime | None
    """When the certificate ends that is shown to the agency."""
    limiter: ConcurrencyLimiter
    circuit: LocalCircuit | None
    """``None`` where a host admits the calls."""
    tokens: TokenCache | None
    signer: RequestSigner | None
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
        deadline: When the call's answer is no longer waited for.
        ledger: What the call has done so far.
        bypass: Whether the circuit lets it through whatever its state: a health check, a login.
        login: The login that it is, if it is one. Its requests carry no token and take no place at the agency: they
            have that of the call which waits for them, and would else wait for what it holds.
        under_way: Its requests that are with the agency.
    """

    deadline: Deadline
    ledger: CallLedger
    bypass: bool = False
    login: LoginAttempt | None = None
    under_way: set[asyncio.Timeout] = field(default_factory=set)

    @property
    def authenticated(self) -> bool:
        """Whether its requests carry the agency's token."""
        return self.login is None

    def cut_off(self) -> None:
        """Break off what is under way, whoever waits for it still."""
        break_off(self.under_way)


@dataclass(frozen=True, slots=True, repr=False)
class RequestPlan:
    """One request as the plugin wants it; the same on every attempt."""

    kind: Idempotency
    step: str
    method: str
    address: EgressTarget
    headers: RawHeaders
    body: bytes | MultipartBody | None
    file: FileBound | None = None
    """Of a request for a file, what is one."""


class HttpExchange(Generic[T]):
    """Carries out one plan. Results of attempts are values, so that no foreign exception is ever in a chain."""

    __slots__ = (
        "_at_agency",
        "_call",
        "_classifier",
        "_decision",
        "_doubt",
        "_history",
        "_issued",
        "_plan",
        "_refused",
        "_refused_at",
        "_resources",
    )

    def __init__(
        self, resources: ClientResources, call: CallState, plan: RequestPlan, classifier: Classifier[T]
    ) -> None:
        self._resources = resources
        self._call = call
        self._plan = plan
        self._classifier = classifier
        self._history = History(refreshed=resources.tokens is None or not call.authenticated or not plan.address.home)
        self._decision = RetryDecision.FAIL
        self._doubt: str | None = None
        """Why an attempt may have been processed: the cause of the first that may."""
        self._at_agency = False
        """Whether a request is with the agency at this moment."""
        self._issued: IssuedToken | None = None
        """The token that this attempt sent."""
        self._refused = 0
        """How many tokens the agency refused, the first of them at ``_refused_at``."""
        self._refused_at = math.inf

    async def run(self) -> T:
        """Make attempts until one brings what was asked for.

        Raises:
            NagorikError: What the policy makes of the last attempt.
        """
        if isinstance(self._plan.body, MultipartBody):
            await self._plan.body.check()
        try:
            result = await self._attempt()
            if isinstance(result, FailedAttempt):
                result = await self._retry(result)
        except BaseException:
            # Cancelled, or a mock router's complaint: a write that was with the agency may have been processed.
            sent = self._at_agency and self._plan.kind is not Idempotency.SAFE
            if sent or self._doubt is not None:
                self._unknown(self._doubt or "cancelled", Layer.CORE)
            raise
        if isinstance(result, FailedAttempt):
            raise self._final_error(result)
        if self._plan.kind is Idempotency.SAFE:
            self._call.ledger.read()
        else:
            self._call.ledger.wrote = True
        return result

    async def _retry(self, result: T | FailedAttempt) -> T | FailedAttempt:
        """Try again until the policy says no more, or the budget is used up.

        The wait is what the agency asked for, or full jitter; one that would reach the deadline is not begun. Slept
        time counts by itself as well, so that a clock that stands still cannot make the attempts endless.
        """
        resources, deadline = self._resources, self._call.deadline
        number, slept, budget = 1, 0.0, deadline.remaining()
        while isinstance(result, FailedAttempt) and self._decision in RETRYING:
            wait = 0.0
            if self._decision is RetryDecision.AGAIN:
                if number >= resources.attempts:
                    break
                wait = full_jitter(number, resources.rng) if result.retry_after is None else result.retry_after
            slept += wait
            if slept >= budget or wait >= deadline.remaining():
                break
            await resources.clock.sleep(wait)
            number += 1
            result = await self._attempt()
        return result

    async def _attempt(self) -> T | FailedAttempt:
        outcome = await self._try()
        if isinstance(outcome, FailedAttempt):
            self._decide(outcome)
        if self._issued is not None and self._resources.tokens is not None:
            await self._judge_token(self._resources.tokens, self._issued, outcome)
        return outcome

    async def _judge_token(self, tokens: TokenCache, issued: IssuedToken, outcome: T | FailedAttempt) -> None:
        """Note whether the agency let in a request with a token; what it could not say leaves all as it was."""
        if not isinstance(outcome, FailedAttempt):
            tokens.accepted()
            return
        error, failure = outcome.error, outcome.failure
        refused = error.kind if isinstance(error, CredentialsRejected) else None
        if refused not in {None, CredentialProblem.NOT_PERMITTED}:
            is_fresh = failure is Failure.UNAUTHENTICATED and self._history.refreshed
            # Of one that may have ended, another login tells.
            if is_fresh or failure is not Failure.UNAUTHENTICATED:
                await tokens.refused(issued, refused, is_fresh=is_fresh)
        elif refused is not None or failure in _OF_THE_AGENCY:
            tokens.accepted()

    async def _try(self) -> T | FailedAttempt:
        """One attempt: gates, request, classification."""
        resources, call, plan = self._resources, self._call, self._plan
        self._issued = None
        # How another host fares, the circuit does not know.
        circuit = resources.circuit if plan.address.home and not call.bypass else None
        try:
            self._pass_gates()
            is_probe = circuit is not None and await circuit.admit(plan.kind, call.deadline)
            if call.authenticated:
                await resources.limiter.take_place(call.deadline)
        except NagorikError as error:
            return not_admitted(error)
        try:
            try:
                issued, lease = await self._turn()
                outgoing = await self._outgoing(issued)
                if call.login is not None:
                    await call.login.begin(self._request_of_login)
                    lease = None  # others wait for it, too, and it changes nothing of what the call is made for
                # Others held up the loop meanwhile, and somebody else may have the application by now.
                if call.deadline.remaining() <= 0:
                    raise AgencyUnavailable(because="deadline", layer=Layer.CORE)
                if lease is not None and lease.remaining() <= 0:
                    raise AgencyUnavailable(because=LEASE_LOST, layer=Layer.CORE)
                if circuit is not None:
                    circuit.check(is_probe=is_probe)
            except NagorikError as error:
                return not_admitted(error)
            return await self._send(outgoing, issued, lease)
        finally:
            if call.authenticated:
                resources.limiter.release()

    def _pass_gates(self) -> None:
        """Pass the gates that cost the agency nothing.

        Raises:
            NagorikError: The gate that is shut.
        """
        resources = self._resources
        if self._call.deadline.remaining() <= 0:
            raise AgencyUnavailable(because="deadline", layer=Layer.CORE)
        ends = resources.certificate_ends
        if ends is not None and self._plan.address.home and resources.clock.now() >= ends:
            raise CredentialsRejected(CredentialProblem.EXPIRED, layer=Layer.CORE)
        until = resources.closed_until()
        if until is not None:
            raise AgencyClosed(until)

    async def _turn(self) -> tuple[IssuedToken | None, RequestLease | None]:
        """Wait for this request's turn; the token to send, if any, which is good as the turn comes.

        With it comes what the request is sent under, if the host says so.

        One that ends while the turn is waited for is renewed, and another turn taken. That happens once: where the
        agency's pace is slower than its tokens last, it is for the agency to refuse them.

        Raises:
            NagorikError: The login failed, or the turn does not come in time.
        """
        limiter, tokens, deadline = self._resources.limiter, self._resources.tokens, self._call.deadline
        if tokens is None or not self._call.authenticated or not self._plan.address.home:
            return None, await limiter.wait_turn(deadline)
        issued = await tokens.current(deadline)
        lease = await limiter.wait_turn(deadline)
        if not tokens.holds(issued):
            issued = await tokens.current(deadline)
            lease = await limiter.wait_turn(deadline)
        return issued, lease

    async def _outgoing(self, issued: IssuedToken | None) -> OutgoingRequest:
        """The request of this attempt, with its token and signature.

        Raises:
            NagorikError: It could not be signed.
        """
        plan, signer = self._plan, self._resources.signer
        headers = plan.headers if issued is None else with_headers(plan.headers, [issued.token.as_header()])
        outgoing = OutgoingRequest(plan.method, plan.address.url, headers, plan.body)
        return await signer.sign(outgoing) if signer is not None and plan.address.home else outgoing

    async def _send(
        self, outgoing: OutgoingRequest, issued: IssuedToken | None, lease: RequestLease | None
    ) -> T | FailedAttempt:
        resources, call, plan = self._resources, self._call, self._plan
        remaining = call.deadline.remaining()
        timeouts = Timeouts(
            # Half of what is left at most, so that a connection that never stands is told from a lost answer.
            connect=min(resources.connect_timeout, remaining / 2),
            read=min(resources.read_timeout, remaining),
            total=remaining,
            limit=resources.response_bytes,
            file=plan.file,
            remaining=(
                call.deadline.remaining
                if lease is None
                else lambda: min(call.deadline.remaining(), lease.remaining())
            ),
            under_way=call.under_way,
        )
        call.ledger.requests += 1
        self._issued, self._at_agency = issued, True
        connections = resources.connections if plan.address.home else resources.elsewhere
        answer = await connections.send(outgoing, timeouts)
        if isinstance(answer, Failure):
            outcome: T | FailedAttempt = from_transport(answer)
        elif len(answer.body) > LARGE:
            outcome = await asyncio.to_thread(self._classifier, answer, plan.address)
        else:
            outcome = self._classifier(answer, plan.address)
        self._at_agency = False
        failure = outcome.failure if isinstance(outcome, FailedAttempt) else None
        if call.login is not None and failure in NOT_SENT:
            call.login.withdraw(self._request_of_login)
        if issued is not None and isinstance(outcome, FailedAttempt) and failure is Failure.LOGIN_REDIRECT:
            # How a site that knows its sessions by cookies says that one has ended.
            failure, outcome = Failure.UNAUTHENTICATED, replace(outcome, failure=Failure.UNAUTHENTICATED)
        if resources.circuit is not None and (plan.address.home or call.login is not None):
            resources.circuit.report(failure, decides=not call.bypass)
        if failure is Failure.UNAUTHENTICATED and issued is not None and resources.tokens is not None:
            resources.tokens.invalidate(issued)
        return outcome

    @property
    def _request_of_login(self) -> str:
        return f"{self._plan.method} {self._plan.address.url.partition('?')[0]}"

    def _decide(self, failed: FailedAttempt) -> None:
        kind, failure = self._plan.kind, failed.failure
        if failure is Failure.UNAUTHENTICATED:
            self._refused += 1
            tokens, issued = self._resources.tokens, self._issued
            # One that another process had obtained before may have ended together with the first.
            is_fresh = issued is not None and self._refused > 1 and issued.began >= self._refused_at
            is_on_trial = issued is not None and tokens is not None and tokens.is_on_trial(issued)
            if is_fresh or is_on_trial or self._refused >= MOST_TOKENS:
                self._history = replace(self._history, refreshed=True)
            self._refused_at = min(self._refused_at, self._resources.clock.monotonic())
        self._decision = decide(kind, failure, self._history)
        self._history = record_failure(failure, self._history)
        if kind is not Idempotency.SAFE and failure in MAYBE_PROCESSED and self._doubt is None:
            self._doubt = failed.because

    def _final_error(self, failed: FailedAttempt) -> NagorikError:
        decision = self._decision
        if decision in RETRYING:  # the budget is used up
            decision = decide_at_end(self._plan.kind, failed.failure, self._history)
        if decision is RetryDecision.UNKNOWN:
            return self._unknown(self._doubt or failed.because, failed.error.layer)
        if isinstance(failed.error, ContractViolation):
            self._call.ledger.unread = True
        return failed.error

    def _unknown(self, because: str, layer: Layer) -> OutcomeUnknown:
        return self._call.ledger.record_unknown(OutcomeUnknown(step=self._plan.step, because=because, layer=layer))
