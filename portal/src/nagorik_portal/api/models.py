"""What goes over the wire: bodies of requests, and of responses that are no model of the host's already."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    JsonValue,
    StringConstraints,
    TypeAdapter,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, to_jsonable_python

from nagorik import (
    PERSONAL,
    Applicant,
    ApplicationState,
    DataClass,
    Model,
    Money,
    Operation,
    Payer,
    PaymentState,
    Slot,
)
from nagorik.privacy import LONGEST_TEXT

ApiJson = dict[str, Any]
"""A response whose schema ``openapi.toml`` has."""
UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
OFFER: Final = r"^[a-z][a-z0-9-]{0,39}\.[a-z0-9][a-z0-9-]{0,79}$"
T = TypeVar("T")
_adapter_of: Final = cache(TypeAdapter)
OfferId = Annotated[str, StringConstraints(pattern=OFFER, max_length=80)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
# Of JSON, the model's own bound of texts is not applied to what is within a form.
_BOUNDED: Final = TypeAdapter(dict[str, JsonValue], config=ConfigDict(str_max_length=LONGEST_TEXT))
FormBody = Annotated[dict[str, JsonValue], Field(max_length=1_000), AfterValidator(_BOUNDED.validate_python)]
"""A form as filled in, by its fields' names."""
_Signed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40,1200}$")]
DocumentNames = Annotated[tuple[_Signed, ...], Field(max_length=200)]
"""Documents, each as its upload named it."""


def _written_out(value: object) -> datetime:
    """Refuse a number, in quotes or not, which pydantic would count as seconds from 1970."""
    if not isinstance(value, str) or "T" not in value.upper():
        raise PydanticCustomError("datetime_parsing", "write an instant as RFC 3339 has it")
    return cast("datetime", _adapter_of(AwareDatetime).validate_strings(value))


ZonedInstant = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class StrictJson:
    """Marks the body of a request.

    The framework hands over what it parsed, and pydantic would be lenient with that. Written out again it is checked
    by pydantic's strict rules for JSON, in which a date is text and a list a tuple.
    """

    def __get_pydantic_core_schema__(self, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap the model's own schema, which OpenAPI shows unchanged."""

        def check(given: Any, _: Callable[[Any], Any]) -> Any:
            if isinstance(given, bytes):
                raise PydanticCustomError("json_type", "the body is JSON")
            try:
                text = json.dumps(given, allow_nan=False)
            except ValueError:
                raise PydanticCustomError("finite_number", "a number in JSON is finite") from None
            return _adapter_of(source).validate_json(text, strict=True)

        return core_schema.no_info_wrap_validator_function(check, handler(source))


JsonBody = Annotated[T, StrictJson()]


class RequestModel(Model):
    """Base of all bodies that come in."""

    default_data_class: ClassVar[DataClass] = PERSONAL
    model_config = ConfigDict(defer_build=False, use_attribute_docstrings=True)


class ApplicantBody(RequestModel):
    """A citizen, of whom something is asked."""

    applicant: Applicant


class EligibilityBody(ApplicantBody):
    """May this citizen apply for the service, as far as the form is filled in?"""

    form: FormBody | None = None


class ValidateBody(RequestModel):
    """A form to be checked."""

    form: FormBody


class ConsentBody(RequestModel):
    """A citizen's consent; who acts by it is the caller."""

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


class CorrectionBody(RequestModel):
    """Fields that take the place of those filled in, and documents that take the place of all of their kinds."""

    form: FormBody = Field(default_factory=dict)
    documents: DocumentNames = ()


class DraftBody(CorrectionBody):
    """What a draft holds; all of it may be missing yet. ``payer`` says who pays, where that is not the applicant."""

    service: OfferId | None = None
    applicant: Applicant | None = None
    gateway: OfferId | None = None
    payer: Payer | None = None


class QuoteBody(CorrectionBody):
    """An application whose price is asked for; an agency is asked only as far as the consent allows."""

    applicant: Applicant
    gateway: OfferId | None = None
    payer: Payer | None = None
    consent: ConsentBody | None = None


class ApplicationBody(QuoteBody):
    """An application to be taken in."""

    service: OfferId
    consent: ConsentBody


class PaymentBody(RequestModel):
    """The citizen pays: by ``gateway`` where it is not chosen yet, or ``again`` after a payment failed."""

    gateway: OfferId | None = None
    again: bool = False


class SearchBody(RequestModel):
    """An application's id, a tracking number, an agency's reference, a payment's id, or a mobile number."""

    text: ShortText


class BookingBody(RequestModel):
    """The appointment to be taken, as the list of slots has it."""

    slot: Slot


class DecisionBody(RequestModel):
    """What an officer decided; without a state the application goes on as it is."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
    to: ApplicationState | None = None
    agency_reference: ShortText | None = None
    """Where the officer alone has it."""
    payment: ShortText | None = None
    payment_to: PaymentState | None = None
    """The new state of ``payment``."""


class RowPage(BaseModel):
    """Some rows of a list; ``next`` is the ``after`` of the next page, where there is one."""

    rows: list[dict[str, JsonValue]]
    next: str | None = None

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], next_: str | None = None) -> Self:
        """A page of what can be written as JSON."""
        return cls(rows=[to_jsonable_python(row) for row in rows], next=next_)
