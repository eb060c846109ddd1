"""What goes over the wire: bodies of requests, and of responses that are not a model of the host's already."""

from datetime import datetime
from typing import Annotated, Final, Generic, Literal, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
)
from pydantic_core import PydanticCustomError

from nagorik import (
    Applicant,
    ApplicationState,
    Criterion,
    Eligibility,
    Money,
    Operation,
    Payer,
    PaymentGateway,
    PaymentState,
    PublicService,
    Quote,
    QuoteLine,
    Slot,
    Text,
)
from nagorik.privacy import Code
from nagorik_host.views import ShownInstant

UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
OFFER: Final = r"^[a-z][a-z0-9-]{0,39}\.[a-z0-9][a-z0-9-]{0,79}$"
OfferId = Annotated[str, StringConstraints(pattern=OFFER, max_length=80)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
FormBody = Annotated[dict[str, JsonValue], Field(max_length=1_000)]
"""A form as filled in: by the names of the service's own fields, whose schema ``/services/{service}/form`` gives."""
DocumentNames = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40,1200}$")], ...], Field(max_length=200)
]
"""Documents, each as its upload named it."""
RowT = TypeVar("RowT")
_INSTANT: Final = TypeAdapter(AwareDatetime)


def _written_out(value: object) -> datetime:
    """Refuse a number, in quotes or not, which pydantic would count as seconds from 1970."""
    if not isinstance(value, str) or "T" not in value.upper():
        raise PydanticCustomError("datetime_parsing", "write an instant as RFC 3339 has it")
    return _INSTANT.validate_strings(value)


ZonedInstant = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class RequestModel(BaseModel):
    """Base of all bodies that come in."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_max_length=20_000, use_attribute_docstrings=True
    )

    def __repr__(self) -> str:
        # A body is about a citizen.
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class ApplicantBody(RequestModel):
    """What may this citizen apply for?"""

    applicant: Applicant


class EligibilityBody(ApplicantBody):
    """May this citizen apply for the service, as far as the form is filled in?"""

    form: FormBody | None = None


class ValidateBody(RequestModel):
    """A form to be checked."""

    form: FormBody


class ConsentBody(RequestModel):
    """A citizen's consent. Who acts by it is the caller, and stands in no request."""

    id: ShortText
    """The caller's own id of the consent's record."""
    fee_ceiling: Money
    """The most that may be spent on the application, all stages together."""
    given_at: ZonedInstant
    expires_at: ZonedInstant
    operations: Annotated[frozenset[Operation], Field(min_length=1)] | None = None
    """What may be done; all that the service needs if not given."""
    asks: Annotated[frozenset[OfferId], Field(max_length=100)] = frozenset()
    """Services of other agencies that may be asked about the citizen."""


class QuoteBody(ApplicantBody):
    """An application whose price is asked for; an agency is asked only as far as the consent allows."""

    form: FormBody = {}
    documents: DocumentNames = ()
    gateway: OfferId | None = None
    consent: ConsentBody | None = None


class ApplicationBody(QuoteBody):
    """An application to be taken in; ``payer`` says who pays, where that is not the applicant."""

    service: OfferId
    payer: Payer | None = None
    consent: ConsentBody


class DraftBody(RequestModel):
    """What a draft is to hold; all of it may be missing yet."""

    service: OfferId | None = None
    applicant: Applicant | None = None
    form: FormBody = {}
    documents: DocumentNames = ()
    gateway: OfferId | None = None
    payer: Payer | None = None


class SubmissionBody(RequestModel):
    """A draft is handed in under this consent."""

    consent: ConsentBody


class CorrectionBody(RequestModel):
    """Fields that take the place of those filled in, and documents that take the place of all of their kinds."""

    form: FormBody = {}
    documents: DocumentNames = ()


class PaymentBody(RequestModel):
    """The citizen pays: by ``gateway`` where the application names none, or ``again`` after a payment failed."""

    gateway: OfferId | None = None
    again: bool = False


class SearchBody(RequestModel):
    """An application's id, a tracking number, an agency's reference, a payment's id, or a mobile number."""

    text: ShortText


class HandOverBody(RequestModel):
    """Who collected what was issued.

    ``relation`` is what the collector is to the applicant, such as ``self`` or ``mother``; ``identity_seen`` the kind
    of document that showed who they are, such as ``nid-card``.
    """

    name: ShortText
    relation: Code
    identity_seen: Code


class BookingBody(RequestModel):
    """The appointment to be taken, as the list of slots has it."""

    slot: Slot


class DecisionBody(RequestModel):
    """What an officer decided; without a state the application goes on as it is."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
    to: ApplicationState | None = None
    """The application's new state."""
    reference: ShortText | None = None
    """The agency's reference, where the officer alone has it."""
    payment: ShortText | None = None
    payment_to: PaymentState | None = None
    """The new state of ``payment``."""


class ApiResponse(BaseModel):
    """Base of all responses."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RowPage(ApiResponse, Generic[RowT]):
    """Some rows of a list; ``next`` is the ``after`` of the next page, where there is one."""

    rows: list[RowT]
    next: str | None = None


class ServiceCatalogue(ApiResponse):
    """What there is: services, ways to pay, and the names of agencies by the first part of a service's id."""

    services: list[PublicService]
    gateways: list[PaymentGateway]
    agencies: dict[str, Text]


class EligibilityView(ApiResponse):
    """Whether a citizen may apply, by every criterion; without criteria ``because`` says why no rule was applied."""

    service: str
    eligibility: Eligibility
    criteria: list[Criterion]
    because: Text | None = None


class FieldErrorView(ApiResponse):
    """What is wrong with one field."""

    pointer: str
    code: str
    text: Text


class ValidityView(ApiResponse):
    """Whether a form is valid; if not, each field that is wrong."""

    valid: bool
    errors: list[FieldErrorView]


class PriceView(ApiResponse):
    """What is to be paid now: the agency's quote, absent where it has no fee, and the host's charges."""

    quote: Quote | None
    charges: list[QuoteLine]
    total: Money | None


class DocumentTaken(ApiResponse):
    """A document that was handed in; ``document`` names it in a draft, an application or a correction."""

    document: str
    kind: str
    media_type: str
    bytes: int


class DocumentListed(ApiResponse):
    """A document of an application, the citizen's or the agency's; one of its kind that came later supersedes it."""

    id: str
    kind: str
    media_type: str
    bytes: int
    source: Literal["citizen", "agency"]
    at: ShownInstant
    superseded: bool


class DeliverableListed(ApiResponse):
    """Something that the agency issued; ``document`` is the id of the file, once the host has it."""

    kind: str
    interim: bool
    delivery: str
    document: str | None


class DraftListed(ApiResponse):
    """A draft in the list."""

    id: str
    service: str | None
    operator: str
    updated_at: ShownInstant


class DraftView(DraftListed):
    """A draft. ``reference`` is its tracking number, and becomes the application's client reference."""

    reference: str
    applicant: Applicant | None
    form: dict[str, JsonValue]
    documents: list[DocumentTaken]
    gateway: str | None
    payer: Payer | None
    revision: int
    application: str | None


class StandingView(ApiResponse):
    """Where an application is now; ``revision`` is its ETag."""

    application: str
    revision: int
    state: str
    means: Text


class ApplicationListed(ApiResponse):
    """An application in a list, with whom it waits for and the code of its hold."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    service: str
    state: str
    waits_for: str | None
    hold: str | None
    opened_at: ShownInstant
    updated_at: ShownInstant


class CaseListed(ApiResponse):
    """An application that waits for an officer."""

    model_config = ConfigDict(from_attributes=True)

    application: str
    service: str
    state: str
    hold: str | None
    blocked: str | None
    since: ShownInstant


class EventData(ApiResponse):
    """Enough to read the application anew."""

    revision: int
    state: str


class CloudEvent(ApiResponse):
    """A change of an application, as CloudEvents 1.0 has it in JSON."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    data: EventData


class HealthView(ApiResponse):
    """The process responds."""

    status: Literal["ok"] = "ok"


class ProblemError(ApiResponse):
    """A place in the request that is wrong: RFC 6901 from the body's top, or ``/query/NAME`` and ``/header/NAME``."""

    pointer: str
    code: str
    detail: str


class ProblemView(BaseModel):
    """RFC 9457 problem details: what happened, what it means for the application, and what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemError] | None = None
