"""Which handler takes which end of which operation."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from nagorik.errors import NagorikError, OutcomeUnknown
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import AgencyStatus, FetchedDeliverable
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found, Pending, Rejected, Withdrawal
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.lifecycle.attempts import application, payments
from nagorik_platform.lifecycle.attempts.retry import UnexpectedAnswer, close_failed, retry_later
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.state import Attempt, ServiceCapabilities


def end_attempt(writer: JournalWriter, capabilities: ServiceCapabilities, end: object) -> None:
    """Take in the end of the attempt in flight: a result, or an error that says what is known.

    Raises:
        UnexpectedAnswer: No attempt is in flight, or the result is of another operation.
    """
    attempt = writer.progress.attempt
    if attempt is None:
        raise UnexpectedAnswer("no attempt is in flight")
    if isinstance(end, NagorikError):
        _FAILURE_HANDLERS.get(attempt.operation, close_failed)(writer, capabilities, attempt, end)
        return
    for kind, handle in _ANSWER_HANDLERS[attempt.operation].items():
        if isinstance(end, kind):
            handle(writer, capabilities, attempt, end)
            return
    raise UnexpectedAnswer(f"{type(end).__name__} does not answer {attempt.operation.value}")


def interrupt_attempt(writer: JournalWriter, capabilities: ServiceCapabilities) -> None:
    """Take in that the process which made the attempt is gone: a write's outcome is unknown, a read is made again.

    It is made again a little later, since the read may be what killed the process.
    """
    attempt = writer.progress.attempt
    if attempt is None:
        return
    if OPERATIONS[attempt.operation].writes:
        end_attempt(writer, capabilities, OutcomeUnknown(step=attempt.operation.value, because="interrupted"))
    else:
        retry_later(writer, attempt, "interrupted")


Handler = Callable[[JournalWriter, ServiceCapabilities, Attempt, Any], None]

_ANSWER_HANDLERS: Final[Mapping[Operation, Mapping[type, Handler]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: {EligibilityDecision: application.eligibility_decided},
        Operation.QUOTE: {Quote: application.quoted},
        Operation.START_PAYMENT: {PaymentStarted: payments.started},
        Operation.QUERY_PAYMENT: {PaymentReport: payments.reported},
        Operation.REFUND_PAYMENT: {RefundReport: payments.refunded},
        Operation.ADVISE_PAYMENT: {PaymentAdvice: payments.advised},
        Operation.SUBMIT: {
            Accepted: application.accepted,
            Rejected: application.refused,
            Pending: application.pending,
        },
        Operation.FIND: {
            Found: application.accepted,
            DefinitelyAbsent: application.absent,
            CannotTell: application.inconclusive,
        },
        Operation.STATUS: {AgencyStatus: application.status_answered},
        Operation.DELIVERABLE: {FetchedDeliverable: application.fetched},
        Operation.ANSWER_CORRECTION: {AgencyStatus: application.corrected},
        Operation.WITHDRAW: {Withdrawal: application.withdrawn},
    }
)

_FAILURE_HANDLERS: Final[Mapping[Operation, Handler]] = MappingProxyType(
    {
        Operation.START_PAYMENT: payments.start_failed,
        Operation.REFUND_PAYMENT: payments.refund_failed,
        Operation.ADVISE_PAYMENT: payments.advice_failed,
        Operation.SUBMIT: application.submit_failed,
        Operation.FIND: application.look_up_failed,
        Operation.STATUS: application.status_failed,
        Operation.ANSWER_CORRECTION: application.correction_failed,
        Operation.WITHDRAW: application.withdrawal_failed,
    }
)
