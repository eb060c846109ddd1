"""Who applies, with which papers, under which consent, and what every request to a hook carries."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Protocol, TypeVar

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints

from nagorik.operations import Operation
from nagorik.privacy import OPERATIONAL, PERSONAL, Code, DataClass, Form, Model, Several
from nagorik.values import BirthRegistrationNumber, Identifier, MobileNumber, Money, Nid, PersonName

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
MediaType = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]{1,80}/[A-Za-z0-9_.+-]{1,120}$")]


class DocumentReference(Model):
    """Points at a document in the host's store."""

    id: Annotated[str, PERSONAL]
    """The store's own handle."""
    kind: Annotated[Code, OPERATIONAL]
    """What it proves or is: one of the kinds that a service's manifest lists, such as ``holding-tax-receipt``."""
    media_type: MediaType
    """RFC 6838 media type, as detected by the host."""
    bytes: int = Field(ge=0)
    """Size in bytes."""
    sha256: Annotated[Sha256, PERSONAL]
    """Hash of the content, lower-case hexadecimal."""


class DocumentStore(Protocol):
    """The host's documents, as a plugin reaches them through its call's context."""

    def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks."""

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        """Keep a document that an agency handed out, such as a ``Download``, and return its reference."""


class Applicant(Model):
    """The citizen an application is for, as far as the host knows them. Everything in it is personal."""

    default_data_class: ClassVar[DataClass] = PERSONAL

    name: PersonName
    """As on the identity document: neither split nor re-cased."""
    birth_date: date
    """As on the identity document."""
    identifiers: tuple[Identifier, ...] = Field(default=(), max_length=8)
    """Identifiers, each with its type; at most one of a type is used, the first."""
    phone: MobileNumber | None = None
    """Where the agency's one-time passwords go; shared phones are common."""
    sex: Literal["female", "male", "other"] | None = None
    """As on the identity document, where a service asks for it."""

    @property
    def nid(self) -> Nid | None:
        """The first National ID number, if any."""
        return next((item for item in self.identifiers if isinstance(item, Nid)), None)

    @property
    def birth_registration(self) -> BirthRegistrationNumber | None:
        """The first birth registration number, if any."""
        return next((item for item in self.identifiers if isinstance(item, BirthRegistrationNumber)), None)


class Payer(Model):
    """Who pays, as the gateway is told; where nothing is known nothing is told. Everything in it is personal."""

    default_data_class: ClassVar[DataClass] = PERSONAL

    name: str | None = Field(default=None, min_length=1, max_length=200)
    """Some agencies compare it with the applicant's."""
    mobile: MobileNumber | None = None


ConsentGap = Literal["absent", "scope", "fee-ceiling", "not-yet", "expired"]

Acting = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9._/-]{0,79}$")]
"""Who acts for a citizen, by the host's own id, such as ``centre-0042/operator-7``: nobody's name or identity number,
for it stays readable when the citizen's data have been erased."""


class Consent(Model):
    """A citizen's consent to one service, for named operations, up to an amount, for a time."""

    id: Annotated[str, PERSONAL]
    service: str
    operations: frozenset[Operation] = Field(min_length=1)
    """What may be done on the citizen's behalf."""
    fee_ceiling: Money
    """The most that may be spent on the application, all stages together."""
    given_at: AwareDatetime
    expires_at: AwareDatetime
    asks: frozenset[str] = Field(default=frozenset(), max_length=100)
    """Services of other agencies that may be asked about the citizen for this one, by id."""
    acting: Acting | None = None
    """Who acts for the citizen; ``None`` where the citizen acts."""

    def gap(
        self, service: str, operation: Operation, at: datetime, spending: Money | None = None
    ) -> ConsentGap | None:
        """What keeps this consent from covering an operation at ``at``, or ``None`` if it covers it.

        ``spending`` is the sum of all amounts committed for the application, the one in question included.
        """
        if (untimely := self._untimely(at)) is not None:
            return untimely
        if service != self.service or operation not in self.operations:
            return "scope"
        if spending is not None and (
            spending.currency != self.fee_ceiling.currency or spending.poisha > self.fee_ceiling.poisha
        ):
            return "fee-ceiling"
        return None

    def gap_to_ask(self, service: str, asked: str, at: datetime) -> ConsentGap | None:
        """What keeps ``service`` from asking the service ``asked`` about the citizen at ``at``, if anything."""
        if (untimely := self._untimely(at)) is not None:
            return untimely
        return None if service == self.service and asked in self.asks else "scope"

    def _untimely(self, at: datetime) -> ConsentGap | None:
        if at < self.given_at:
            return "not-yet"
        return "expired" if at >= self.expires_at else None


class ApplicationDraft(Model):
    """An application as the host keeps it: the citizen's part, apart from how it fares."""

    service: str
    applicant: Applicant
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    """The form as filled in; the platform validates it against the service's model before each use."""
    documents: Several[DocumentReference] = ()
    gateway: str | None = None
    """The gateway that the citizen chose to pay with."""
    payer: Payer | None = None
    """Who pays, where that is not the applicant."""
    consent: Consent | None = None


FormT = TypeVar("FormT", bound=Form)


class ServiceRequest(Model):
    """A question or an order about one service."""

    service: str
    """The service's id."""
    on: date
    """The day in Asia/Dhaka on which the question is asked: ages and fees follow it."""


class ApplicationRequest(ServiceRequest):
    """A request about an application whose form has been validated against the service's model."""

    applicant: Applicant
    form: Form
    """An instance of the model that the manifest names for this service."""
    documents: Several[DocumentReference] = ()

    def form_as(self, model: type[FormT]) -> FormT:
        """The form, typed.

        Raises:
            TypeError: The service's form is another model; a fault of the plugin.
        """
        if not isinstance(self.form, model):
            raise TypeError(f"the form of {self.service} is not a {model.__name__}")
        return self.form
