"""Closing an attempt, and when there is to be another: back-off and polling, jittered, the same for the same row.

The jitter comes from a hash of the application and a counter, so that a step stays a pure function while a
thousand applications still do not call an agency in the same second.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, Generic, TypeVar

from nagorik import errors
from nagorik.model.status import ApplicationState
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.documents import DocumentUnreadable
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.refusals import CallRefusal, refusal_of
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.rules.holds import INPUT_REJECTED
from nagorik_platform.lifecycle.state import Attempt, Party, Payment, Progress
from nagorik_platform.registry import QuarantineCode

FIRST_RETRY: Final = 5.0
LONGEST_RETRY: Final = 3600.0
LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds of an agency's ``retry_after`` that are believed; what asks for more is asked again after as long."""
LONGEST_CLOSURE: Final = timedelta(days=366)
"""Longest time that an agency may say that it stays closed; it is asked again then."""
SHORTEST_POLL: Final = 60.0
LONGEST_POLL: Final = 24 * 3600.0
POLL_SHARE_OF_AGE: Final = 0.25
"""An application is asked about every quarter of its age, within the bounds above: some fifty times in a month."""
OPERATOR_RETRY: Final = 900.0
"""Seconds between attempts that only an administrator's or a plugin owner's work will let succeed."""


def retry_at(
    application: str, error: errors.NagorikError | None, failures: int, now: datetime, longest: float = LONGEST_RETRY
) -> datetime:
    """When an operation that settled nothing is worth another try.

    An agency's own word (``Retry-After``, opening hours) is a floor, up to a day and up to a year. The platform's
    back-off doubles from 5 s to ``longest`` seconds, also after an announced opening.
    """
    backoff = min(longest, FIRST_RETRY * 2.0 ** min(failures, 16))
    if isinstance(error, errors.AgencyClosed):
        opens = min(max(error.until, now + timedelta(seconds=backoff / 2)), now + LONGEST_CLOSURE)
        return opens + timedelta(seconds=FIRST_RETRY * _jitter(application, failures))
    if error is not None and _is_somebodys_work(error):
        backoff = max(backoff, OPERATOR_RETRY)
    wait = backoff * (0.5 + _jitter(application, failures) / 2)
    if isinstance(error, errors.AgencyUnavailable | errors.RateLimited) and error.retry_after is not None:
        wait = max(wait, min(error.retry_after, LONGEST_WAIT))
    return now + timedelta(seconds=wait)


def _is_somebodys_work(error: errors.NagorikError) -> bool:
    """Whether it ends only by a person's work, which a call in between would not see."""
    if isinstance(error, DocumentUnreadable):
        return True
    return error.retry is errors.Retry.NEVER and not _comes_back_by_itself(error)


def _comes_back_by_itself(error: errors.NagorikError) -> bool:
    """Whether the host sees when it is over: the plugin is tried again, or the agency's outage ends."""
    if isinstance(error, errors.CredentialsRejected):
        return error.kind is not errors.CredentialProblem.NOT_PERMITTED
    kept_out = isinstance(error, errors.ServiceNotOffered) and error.because == QuarantineCode.TOO_MANY_FAULTS
    return kept_out and error.layer is errors.Layer.CORE


def _jitter(application: str, counter: int) -> float:
    """A number in [0, 1) that looks random and is the same for the same arguments."""
    digest = blake2b(f"{application}/{counter}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


_CITIZEN_CAN_CORRECT: Final = frozenset({ApplicationState.DRAFT, ApplicationState.READY})

EndT_co = TypeVar("EndT_co", covariant=True)


class UnexpectedAnswer(TypeError):
    """An answer that does not belong to the attempt in flight; a fault of the driver."""


@dataclass(frozen=True, slots=True, repr=False)
class Ended(Generic[EndT_co]):
    """How an attempt ended.

    Attributes:
        attempt: The attempt.
        end: Its answer, or the error that says what is known of its effect.
        before: The row as the end found it, with the attempt in flight.
    """

    attempt: Attempt
    end: EndT_co
    before: Progress

    @property
    def payment(self) -> Payment:
        """The payment that the attempt is about, as the end found it."""
        if self.attempt.payment is None:
            raise UnexpectedAnswer(f"{self.attempt.operation.value} names no payment")
        return self.before.payment(self.attempt.payment)


def close(
    attempt: Attempt,
    context: RuleContext,
    result: str,
    *,
    settled: bool,
    not_before: datetime | None = None,
    refusal: CallRefusal | None = None,
) -> e.AttemptEnded:
    """The attempt is over; ``settled`` if it has done what it was for."""
    announced = OPERATIONS[attempt.operation].writes
    return e.AttemptEnded(
        at=context.now,
        operation=attempt.operation,
        payment=None if announced else attempt.payment,
        deliverable=None if announced else attempt.deliverable,
        began_at=None if announced else attempt.began_at,
        result=result,
        settled=settled,
        not_before=not_before,
        refusal=refusal,
    )


def close_refused(
    attempt: Attempt, context: RuleContext, error: errors.NagorikError, *, settled: bool
) -> e.AttemptEnded:
    """The attempt is over, with the reason of a refusal, if any."""
    return close(attempt, context, error.code, settled=settled, refusal=refusal_of(error))


def retry_later(
    attempt: Attempt, state: Progress, context: RuleContext, result: str, error: errors.NagorikError | None = None
) -> e.AttemptEnded:
    """The attempt settled nothing; the operation is worth another try later."""
    failures = state.backoff(attempt.operation, attempt.subject).failures
    again = retry_at(state.id, error, failures, context.now, _longest_retry(attempt, state))
    return close(attempt, context, result, settled=False, not_before=again, refusal=refusal_of(error))


def _longest_retry(attempt: Attempt, state: Progress) -> float:
    """Back off to a day where an officer looks too: a refund, and a completion of which the answer was lost."""
    if attempt.payment is None:
        return LONGEST_RETRY
    lost = state.payment(attempt.payment).completion_lost_at is not None
    return LONGEST_WAIT if lost or attempt.operation is Operation.REFUND_PAYMENT else LONGEST_RETRY


def failures_with(attempt: Attempt, state: Progress) -> int:
    """Attempts in a row that settled nothing, this one among them."""
    return state.backoff(attempt.operation, attempt.subject).failures + 1


def close_failed(ended: Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """A failure that changes only the time of the next try; bad input goes to the person who can correct it."""
    error = ended.end
    yield retry_later(ended.attempt, state, context, error.code, error)
    if isinstance(error, errors.InputRejected):
        can_correct = state.state in _CITIZEN_CAN_CORRECT
        yield from context.held(state, Party.CITIZEN if can_correct else Party.PERSON, INPUT_REJECTED)


def postpone_status(_: Ended[object], state: Progress, context: RuleContext) -> e.Events:
    """The agency has just said something: its status is worth asking for a little later."""
    yield e.Postponed(at=context.now, operation=Operation.STATUS, until=next_poll(state, context, 0))


def next_poll(state: Progress, context: RuleContext, age: float) -> datetime:
    """When to ask for the status of an application that is ``age`` seconds old."""
    interval = min(LONGEST_POLL, max(SHORTEST_POLL, age * POLL_SHARE_OF_AGE))
    return context.now + timedelta(seconds=interval * (0.5 + _jitter(state.id, state.events) / 2))
