"""Which rules take which end of which operation, in turn."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from nagorik.errors import NagorikError, OutcomeUnknown
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import AgencyStatus, FetchedDeliverable, SlotBooking
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found, Pending, Rejected, Withdrawal
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.lifecycle.attempts import application, payments, retry
from nagorik_platform.lifecycle.events import Event
from nagorik_platform.lifecycle.rule_context import LifecycleRule, RuleContext
from nagorik_platform.lifecycle.state import Attempt, Progress


def rules_of_end(state: Progress, end: object) -> tuple[LifecycleRule, ...]:
    """What takes in the end of the attempt in flight: a result, or an error that says what is known.

    Raises:
        retry.UnexpectedAnswer: No attempt is in flight, or the result is of another operation.
    """
    attempt = state.attempt
    if attempt is None:
        raise retry.UnexpectedAnswer("no attempt is in flight")
    ended = retry.Ended(attempt, end, state)
    return tuple(partial(handle, ended) for handle in _handlers_of(attempt, end))


def rules_of_interruption(state: Progress) -> tuple[LifecycleRule, ...]:
    """What takes in that the process which made the attempt is gone: a write is unknown, a read is made again."""
    attempt = state.attempt
    if attempt is None:
        return ()
    if OPERATIONS[attempt.operation].writes:
        return rules_of_end(state, OutcomeUnknown(step=attempt.operation.value, because="interrupted"))
    return (partial(_read_again, attempt),)


def _read_again(attempt: Attempt, state: Progress, context: RuleContext) -> Iterator[Event]:
    """A little later, since the read may be what killed the process."""
    yield retry.retry_later(attempt, state, context, "interrupted")


Handler = Callable[[retry.Ended[Any], Progress, RuleContext], Iterator[Event]]


def _handlers_of(attempt: Attempt, end: object) -> tuple[Handler, ...]:
    if isinstance(end, NagorikError):
        return (_FAILURE_HANDLERS.get(attempt.operation, retry.close_failed),)
    for kind, handlers in _ANSWER_HANDLERS[attempt.operation].items():
        if isinstance(end, kind):
            return handlers
    raise retry.UnexpectedAnswer(f"{type(end).__name__} does not answer {attempt.operation.value}")


_FILED: Final[tuple[Handler, ...]] = (
    application.accepted,
    retry.postpone_status,
    application.adopt_answered_reference,
    application.read_first_status,
)

_ANSWER_HANDLERS: Final[Mapping[Operation, Mapping[type, tuple[Handler, ...]]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: {EligibilityDecision: (application.eligibility_decided,)},
        Operation.QUOTE: {Quote: (application.quoted,)},
        Operation.START_PAYMENT: {PaymentStarted: (payments.started,)},
        Operation.QUERY_PAYMENT: {PaymentReport: (payments.reported,)},
        Operation.COMPLETE_PAYMENT: {PaymentReport: (payments.completed,)},
        Operation.REFUND_PAYMENT: {RefundReport: (payments.refunded,)},
        Operation.ADVISE_PAYMENT: {PaymentAdvice: (payments.advised,)},
        Operation.SUBMIT: {Accepted: _FILED, Rejected: (application.refused,), Pending: (application.pending,)},
        Operation.FIND: {
            Found: _FILED,
            DefinitelyAbsent: (application.absent,),
            CannotTell: (application.inconclusive,),
        },
        Operation.STATUS: {AgencyStatus: (application.status_answered,)},
        Operation.DELIVERABLE: {FetchedDeliverable: (application.fetched,)},
        Operation.ANSWER_CORRECTION: {
            AgencyStatus: (application.corrected, retry.postpone_status, application.read_answered_status)
        },
        Operation.BOOK_SLOT: {SlotBooking: (application.slot_answered, retry.postpone_status)},
        Operation.WITHDRAW: {
            Withdrawal: (
                application.withdrawal_answered,
                retry.postpone_status,
                application.read_answered_status,
                application.follow_withdrawal,
                application.conclude_withdrawal,
            )
        },
    }
)
"""Each rule sees what those before it did."""

_FAILURE_HANDLERS: Final[Mapping[Operation, Handler]] = MappingProxyType(
    {
        Operation.START_PAYMENT: payments.start_failed,
        Operation.COMPLETE_PAYMENT: payments.completion_failed,
        Operation.REFUND_PAYMENT: payments.refund_failed,
        Operation.ADVISE_PAYMENT: payments.advice_failed,
        Operation.SUBMIT: application.submit_failed,
        Operation.FIND: application.look_up_failed,
        Operation.STATUS: application.status_failed,
        Operation.ANSWER_CORRECTION: application.correction_failed,
        Operation.BOOK_SLOT: application.booking_failed,
        Operation.WITHDRAW: application.withdrawal_failed,
    }
)
