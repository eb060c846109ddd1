"""What crosses the facade: the operations with the types of their hooks, and what requests have in common."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Generic, TypedDict, TypeVar
from uuid import UUID, uuid5

from nagorik.model.application import Applicant, ApplicationDraft, DocumentReference
from nagorik.model.eligibility import EligibilityDecision, EligibilityRequest
from nagorik.model.fee import Quote, QuoteRequest
from nagorik.model.payment import (
    AdvisePaymentRequest,
    CompletePaymentRequest,
    ListPaymentsRequest,
    PaymentAdvice,
    PaymentList,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
)
from nagorik.model.status import (
    AgencyStatus,
    BookSlotRequest,
    CallbackReport,
    CallbackRequest,
    DeliverableRequest,
    FetchedDeliverable,
    Health,
    HealthRequest,
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
)
from nagorik.model.submission import (
    CorrectionRequest,
    FindRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    Withdrawal,
    WithdrawRequest,
)
from nagorik.operations import Operation
from nagorik.privacy import Form, Model

RequestT = TypeVar("RequestT", bound=Model)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class TypedOperation(Generic[RequestT, ResultT]):
    """An operation with what it takes and returns: the types of its hook's specification, as a test compares."""

    operation: Operation


ELIGIBILITY: Final[TypedOperation[EligibilityRequest, EligibilityDecision]] = TypedOperation(Operation.ELIGIBILITY)
QUOTE: Final[TypedOperation[QuoteRequest, Quote]] = TypedOperation(Operation.QUOTE)
ADVISE_PAYMENT: Final[TypedOperation[AdvisePaymentRequest, PaymentAdvice]] = TypedOperation(Operation.ADVISE_PAYMENT)
START_PAYMENT: Final[TypedOperation[StartPaymentRequest, PaymentStarted]] = TypedOperation(Operation.START_PAYMENT)
QUERY_PAYMENT: Final[TypedOperation[QueryPaymentRequest, PaymentReport]] = TypedOperation(Operation.QUERY_PAYMENT)
COMPLETE_PAYMENT: Final[TypedOperation[CompletePaymentRequest, PaymentReport]] = TypedOperation(
    Operation.COMPLETE_PAYMENT
)
LIST_PAYMENTS: Final[TypedOperation[ListPaymentsRequest, PaymentList]] = TypedOperation(Operation.LIST_PAYMENTS)
REFUND_PAYMENT: Final[TypedOperation[RefundPaymentRequest, RefundReport]] = TypedOperation(Operation.REFUND_PAYMENT)
PAYMENT_NOTICE: Final[TypedOperation[PaymentNoticeRequest, PaymentNotice]] = TypedOperation(Operation.PAYMENT_NOTICE)
SUBMIT: Final[TypedOperation[SubmitRequest, SubmissionResult]] = TypedOperation(Operation.SUBMIT)
FIND: Final[TypedOperation[FindRequest, SubmissionSearch]] = TypedOperation(Operation.FIND)
ANSWER_CORRECTION: Final[TypedOperation[CorrectionRequest, AgencyStatus]] = TypedOperation(
    Operation.ANSWER_CORRECTION
)
WITHDRAW: Final[TypedOperation[WithdrawRequest, Withdrawal]] = TypedOperation(Operation.WITHDRAW)
STATUS: Final[TypedOperation[StatusRequest, AgencyStatus]] = TypedOperation(Operation.STATUS)
CALLBACK: Final[TypedOperation[CallbackRequest, CallbackReport]] = TypedOperation(Operation.CALLBACK)
SLOTS: Final[TypedOperation[SlotsRequest, Slots]] = TypedOperation(Operation.SLOTS)
BOOK_SLOT: Final[TypedOperation[BookSlotRequest, SlotBooking]] = TypedOperation(Operation.BOOK_SLOT)
DELIVERABLE: Final[TypedOperation[DeliverableRequest, FetchedDeliverable]] = TypedOperation(Operation.DELIVERABLE)
HEALTH: Final[TypedOperation[HealthRequest, Health]] = TypedOperation(Operation.HEALTH)


class ApplicationMembers(TypedDict):
    """What every request about an application has."""

    service: str
    applicant: Applicant
    on: date
    form: Form
    documents: tuple[DocumentReference, ...]


class FiledMembers(ApplicationMembers):
    """What every request about an application has that the agency holds."""

    client_reference: str
    agency_reference: str


def application_members(draft: ApplicationDraft, form: Form, on: date) -> ApplicationMembers:
    """The members of a request about a draft, with its form as it was validated."""
    return {
        "service": draft.service,
        "applicant": draft.applicant,
        "on": on,
        "form": form,
        "documents": draft.documents,
    }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class References:
    """What identifies an application towards an agency; personal, and the same for every attempt.

    Attributes:
        client_reference: The platform's own reference, shown to the agency.
        idempotency_key: The root of the keys of the application's writes, a UUID.
        agency_reference: The agency's reference, once it is known.
    """

    client_reference: str
    idempotency_key: UUID
    agency_reference: str | None = None

    def key(self, operation: Operation, about: str = "") -> str:
        """The key of one write, derived (UUID version 5) so that every attempt at it has the same.

        ``about`` tells writes of one operation apart: a payment, a slot, the number of a correction.
        """
        return str(uuid5(self.idempotency_key, f"{operation.value}/{about}"))


def filed_members(application: ApplicationMembers, references: References) -> FiledMembers:
    """The members of a request about an application that was filed.

    Raises:
        ValueError: The agency's reference is not known.
    """
    if references.agency_reference is None:
        raise ValueError("an application that has been filed has the agency's reference")
    return {
        **application,
        "client_reference": references.client_reference,
        "agency_reference": references.agency_reference,
    }
