"""Which rule takes in which end of which operation."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from nagorik.errors import NagorikError, OutcomeUnknown
from nagorik.journey.attempts import filing, following, paying, preparing
from nagorik.journey.attempts.closing import failed, try_again
from nagorik.journey.errors import UnexpectedAnswer
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt
from nagorik.journey.record import Record
from nagorik.model.artefact import FetchedArtefact
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import AgencyStatus
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found, Pending, Rejected, Withdrawal
from nagorik.operations import OPERATIONS, Operation


def end_attempt(record: Record, plan: Plan, end: object) -> None:
    """Take in the end of the attempt in flight: a result, or an error that says what is known.

    Raises:
        UnexpectedAnswer: No attempt is in flight, or the result is of another operation.
    """
    attempt = record.progress.attempt
    if attempt is None:
        raise UnexpectedAnswer("no attempt is in flight")
    if isinstance(end, NagorikError):
        _FAILURES.get(attempt.operation, failed)(record, plan, attempt, end)
        return
    for kind, take in _ANSWERS[attempt.operation].items():
        if isinstance(end, kind):
            take(record, plan, attempt, end)
            return
    raise UnexpectedAnswer(f"{type(end).__name__} does not answer {attempt.operation.value}")


def interrupt_attempt(record: Record, plan: Plan) -> None:
    """Take in that the process which made the attempt is gone: a write's outcome is unknown, a read is made again.

    It is made again a little later, since the read may be what killed the process.
    """
    attempt = record.progress.attempt
    if attempt is None:
        return
    if OPERATIONS[attempt.operation].writes:
        end_attempt(record, plan, OutcomeUnknown(step=attempt.operation.value, because="interrupted"))
    else:
        try_again(record, attempt, "interrupted")


Take = Callable[[Record, Plan, Attempt, Any], None]

_ANSWERS: Final[Mapping[Operation, Mapping[type, Take]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: {EligibilityDecision: preparing.eligibility_decided},
        Operation.QUOTE: {Quote: preparing.quoted},
        Operation.START_PAYMENT: {PaymentStarted: paying.started},
        Operation.QUERY_PAYMENT: {PaymentReport: paying.reported},
        Operation.REFUND_PAYMENT: {RefundReport: paying.refunded},
        Operation.ADVISE_PAYMENT: {PaymentAdvice: paying.advised},
        Operation.SUBMIT: {Accepted: filing.accepted, Rejected: filing.refused, Pending: filing.pending},
        Operation.FIND: {
            Found: filing.accepted,
            DefinitelyAbsent: filing.absent,
            CannotTell: filing.could_not_tell,
        },
        Operation.STATUS: {AgencyStatus: following.status_told},
        Operation.ARTEFACT: {FetchedArtefact: following.fetched},
        Operation.ANSWER_CORRECTION: {AgencyStatus: following.corrected},
        Operation.WITHDRAW: {Withdrawal: following.withdrawn},
    }
)

_FAILURES: Final[Mapping[Operation, Take]] = MappingProxyType(
    {
        Operation.START_PAYMENT: paying.not_started,
        Operation.REFUND_PAYMENT: paying.not_refunded,
        Operation.ADVISE_PAYMENT: paying.not_advised,
        Operation.SUBMIT: filing.not_submitted,
        Operation.FIND: filing.not_found_out,
        Operation.STATUS: following.no_status,
        Operation.ANSWER_CORRECTION: following.not_corrected,
        Operation.WITHDRAW: following.not_withdrawn,
    }
)
