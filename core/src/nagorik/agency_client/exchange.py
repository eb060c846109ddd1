"""One request of a call with all its attempts: the gates before it, the judgement after it, the ledger throughout."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from nagorik.agency_client.agency_health import AgencyHealth
from nagorik.agency_client.egress import Address
from nagorik.agency_client.judgement import Failed, not_admitted, without_answer
from nagorik.agency_client.ledger import CallLedger
from nagorik.agency_client.limits import Gate
from nagorik.agency_client.policy import MAYBE_PROCESSED, UNANSWERED, Failure, History, Verdict, after, decide, end
from nagorik.agency_client.retrying import REPEATING, go_on
from nagorik.agency_client.tokens import TokenKeeper
from nagorik.agency_client.transport import Outgoing, Patience, RawHeaders, Wire
from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyClosed, AgencyUnavailable, Layer, NagorikError, OutcomeUnknown
from nagorik.http import Answer, Token
from nagorik.operations import Idempotency

T = TypeVar("T")

Judge = Callable[[Answer, Address], T | Failed]
"""What an answer is: what was asked for, or a failure."""


@dataclass(frozen=True, slots=True, repr=False)
class Equipment:
    """What all requests to one agency share."""

    clock: Clock
    wire: Wire
    gate: Gate
    health: AgencyHealth
    tokens: TokenKeeper | None
    closed_until: Callable[[], datetime | None]
    connect_timeout: float
    read_timeout: float
    response_bytes: int
    attempts: int
    chance: random.Random


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """What all requests of one hook call share.

    Attributes:
        deadline: When the call's answer is no longer waited for.
        ledger: What the call has done so far.
        bypass: Whether the circuit lets it through whatever its state: a health check, a login.
        authenticated: Whether its requests carry the agency's token.
    """

    deadline: Deadline
    ledger: CallLedger
    bypass: bool = False
    authenticated: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """One request as the plugin wants it; the same on every attempt."""

    kind: Idempotency
    step: str
    method: str
    address: Address
    headers: RawHeaders
    body: bytes | None
    limit: int


class Exchange(Generic[T]):
    """Carries out one plan. Results of attempts are values, so that no foreign exception is ever in a chain."""

    __slots__ = ("_at_agency", "_call", "_doubt", "_equipment", "_history", "_judge", "_plan", "_verdict")

    def __init__(self, equipment: Equipment, call: Call, plan: Plan, judge: Judge[T]) -> None:
        self._equipment = equipment
        self._call = call
        self._plan = plan
        self._judge = judge
        self._history = History(refreshed=equipment.tokens is None or not call.authenticated or not plan.address.home)
        self._verdict = Verdict.FAIL
        self._doubt: str | None = None
        """Why an attempt may have been processed: the cause of the first that may."""
        self._at_agency = False
        """Whether a request is with the agency at this moment."""

    async def run(self) -> T:
        """Make attempts until one brings what was asked for.

        Raises:
            NagorikError: What the policy makes of the last attempt.
        """
        try:
            result = await self._attempt()
            if isinstance(result, Failed) and self._verdict in REPEATING:
                equipment = self._equipment
                result = await go_on(
                    result,
                    self._attempt,
                    lambda: self._verdict,
                    attempts=equipment.attempts,
                    deadline=self._call.deadline,
                    clock=equipment.clock,
                    chance=equipment.chance,
                )
        except BaseException:
            # Cancelled, or a mock router's complaint: a write that was with the agency may have been processed.
            sent = self._at_agency and self._plan.kind is not Idempotency.SAFE
            if sent or self._doubt is not None:
                self._unknown(self._doubt or "cancelled", Layer.CORE)
            raise
        if not isinstance(result, Failed):
            self._succeeded()
            return result
        raise self._ending(result)

    async def _attempt(self) -> T | Failed:
        outcome = await self._try()
        if isinstance(outcome, Failed):
            self._weigh(outcome)
        return outcome

    async def _try(self) -> T | Failed:
        """One attempt: gates, request, judgement."""
        equipment, call, plan = self._equipment, self._call, self._plan
        try:
            token = await self._admitted()
            await equipment.gate.enter(call.deadline)
        except NagorikError as error:
            return not_admitted(error)
        try:
            try:
                probe = not call.bypass and equipment.health.depart(plan.kind)
            except NagorikError as error:
                return not_admitted(error)
            return await self._send(token, probe=probe)
        finally:
            equipment.gate.leave()

    async def _admitted(self) -> Token | None:
        """Pass the gates that cost the agency nothing; the token to send, if any.

        Raises:
            NagorikError: The gate that is shut.
        """
        equipment, call, plan = self._equipment, self._call, self._plan
        if call.deadline.remaining() <= 0:
            raise AgencyUnavailable(because="deadline", layer=Layer.CORE)
        until = equipment.closed_until()
        if until is not None:
            raise AgencyClosed(until)
        if not call.bypass:
            await equipment.health.admit(plan.kind, call.deadline)
        if equipment.tokens is None or not call.authenticated or not plan.address.home:
            return None
        return await equipment.tokens.current(call.deadline)

    async def _send(self, token: Token | None, *, probe: bool) -> T | Failed:
        equipment, call, plan = self._equipment, self._call, self._plan
        remaining = call.deadline.remaining()
        headers = plan.headers if token is None else [*plan.headers, token.as_header()]
        patience = Patience(
            # Half of what is left at most, so that a connection that never stands is told from a lost answer.
            connect=min(equipment.connect_timeout, remaining / 2),
            read=min(equipment.read_timeout, remaining),
            total=remaining,
            limit=plan.limit,
        )
        call.ledger.requests += 1
        self._at_agency = True
        outcome: T | Failed
        answer = await equipment.wire.exchange(Outgoing(plan.method, plan.address.url, headers, plan.body), patience)
        outcome = without_answer(answer) if isinstance(answer, Failure) else self._judge(answer, plan.address)
        self._at_agency = False
        failure = outcome.failure if isinstance(outcome, Failed) else None
        equipment.health.report(failure, probe=probe)
        if failure is Failure.UNAUTHENTICATED and token is not None and equipment.tokens is not None:
            equipment.tokens.refuse(token)
        return outcome

    def _weigh(self, failed: Failed) -> None:
        kind, failure = self._plan.kind, failed.failure
        self._verdict = decide(kind, failure, self._history)
        self._history = after(failure, self._history)
        if self._verdict is Verdict.FRESH_TOKEN:
            self._history = History(self._history.maybe_processed, refreshed=True)
        if kind is not Idempotency.SAFE and failure in MAYBE_PROCESSED and self._doubt is None:
            self._doubt = failed.because

    def _succeeded(self) -> None:
        if self._plan.kind is Idempotency.SAFE:
            self._call.ledger.read()
        else:
            self._call.ledger.wrote = True

    def _ending(self, failed: Failed) -> NagorikError:
        if failed.failure in UNANSWERED:
            self._equipment.health.gave_up(failed.failure)
        verdict = self._verdict
        if verdict in REPEATING:  # the budget is used up
            verdict = end(self._plan.kind, failed.failure, self._history)
        if verdict is Verdict.UNKNOWN:
            return self._unknown(self._doubt or failed.because, failed.error.layer)
        return failed.error

    def _unknown(self, because: str, layer: Layer) -> OutcomeUnknown:
        return self._call.ledger.lost(OutcomeUnknown(step=self._plan.step, because=because, layer=layer))
