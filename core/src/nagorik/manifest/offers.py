"""What a plugin offers: public services and ways to pay."""

from datetime import timedelta
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from nagorik.manifest.fields import (
    Duration,
    Evidence,
    FeeReference,
    ManifestModel,
    ObjectReference,
    ServiceId,
    Slug,
    Words,
)
from nagorik.model.text import Text
from nagorik.operations import OPERATIONS, Family, Idempotency, Operation

# Submitting is not among them: what is submitted to a verification service leaves nothing at the agency.
_ALWAYS_EFFECTIVE: Final = frozenset(
    {
        Operation.ANSWER_CORRECTION,
        Operation.WITHDRAW,
        Operation.BOOK_SLOT,
        Operation.REFUND_PAYMENT,
    }
)


class Offer(ManifestModel):
    """What a service and a payment gateway have in common."""

    family: ClassVar[Family]

    id: ServiceId
    """``<plugin id>.<slug>``; unique among all installed plugins."""
    name: Text
    """The service's name as the public knows it."""
    summary: Text | None = None
    """One or two sentences for a citizen choosing a service."""
    evidence: Evidence | None = None
    """How this service's wire format is known, where it differs from the plugin's."""
    reads: tuple[Operation, ...] = ()
    """Operations offered that have no effect at the agency."""
    writes: dict[Operation, Idempotency] = Field(default_factory=dict)
    """Operations offered that can have an effect, each with its idempotency class."""

    @model_validator(mode="after")
    def _operations_fit(self) -> Self:
        for operation in (*self.reads, *self.writes):
            spec = OPERATIONS[operation]
            if spec.family is not self.family:
                raise ValueError(f"operation {operation.value} does not belong to a {self.family.value}")
        for operation in self.reads:
            if OPERATIONS[operation].writes:
                raise ValueError(f"operation {operation.value} is a write: list it under writes with its class")
        for operation, idempotency in self.writes.items():
            if not OPERATIONS[operation].writes:
                raise ValueError(f"operation {operation.value} is a read: list it under reads")
            if idempotency is Idempotency.SAFE and operation in _ALWAYS_EFFECTIVE:
                # A write that is called safe is tried again like a read: the citizen would be filed twice.
                raise ValueError(f"operation {operation.value} always has an effect, so its class cannot be safe")
        if len(set(self.reads)) != len(self.reads):
            raise ValueError("an operation is listed twice under reads")
        return self

    @property
    def operations(self) -> frozenset[Operation]:
        """Every operation offered."""
        return frozenset(self.reads) | frozenset(self.writes)


class PublicService(Offer):
    """One public service (CPSV-AP's ``PublicService``) of an agency."""

    family: ClassVar[Family] = Family.SERVICE

    form: ObjectReference | None = None
    """The pydantic model that an application is validated against before any hook is called."""
    documents: tuple[Slug, ...] = ()
    """Kinds of evidence that an application carries."""
    processing: Duration | None = None
    """How long the agency takes, as an ISO 8601 duration of weeks, days or hours; not a promise."""
    settle: Duration = timedelta(minutes=5)
    """After a lost answer, how long a look-up that finds nothing may still be wrong; an ISO 8601 duration."""
    fees: FeeReference | None = None
    """The schedule that the fees come from."""
    legal_basis: tuple[Words, ...] = ()
    """Acts, rules and circulars (CPSV-AP's ``hasLegalResource``)."""
    life_event: Slug | None = None
    """The occasion in a citizen's life, such as ``losing-a-document``."""
    deliverables: tuple[Slug, ...] = ()
    """What the citizen ends up with (CPSV-AP's ``Output``)."""
    asks: tuple[ServiceId, ...] = ()
    """Services of other plugins that this one may ask through its context; their submit has the class ``safe``."""
    channels: tuple[Literal["counter", "online", "app"], ...] = Field(default=("counter", "online"), min_length=1)
    """Where it can be applied for."""

    @property
    def askable(self) -> bool:
        """Whether another plugin may ask it: submitting to it has no effect."""
        return self.writes.get(Operation.SUBMIT) is Idempotency.SAFE

    @model_validator(mode="after")
    def _writes_can_be_settled(self) -> Self:
        if Operation.SUBMIT in self.writes and self.form is None:
            raise ValueError("a service that can be submitted names its form")
        findable = {op for op, idempotency in self.writes.items() if idempotency is Idempotency.CLIENT_REFERENCE}
        if Operation.SUBMIT in findable and Operation.FIND not in self.reads:
            raise ValueError("submit is findable by client reference, so find must be listed under reads")
        if findable and not {Operation.FIND, Operation.STATUS} & set(self.reads):
            names = ", ".join(sorted(findable))
            raise ValueError(f"{names}: a lost answer is looked up, so find or status must be listed under reads")
        return self

    @model_validator(mode="after")
    def _asks_others(self) -> Self:
        if len(set(self.asks)) != len(self.asks):
            raise ValueError("a service is listed twice under asks")
        own = self.id.partition(".")[0]
        for asked in self.asks:
            if asked.partition(".")[0] == own:
                raise ValueError(f"asks names {asked} of the plugin itself: call your own code")
        return self


class PaymentGateway(Offer):
    """One way to pay."""

    family: ClassVar[Family] = Family.GATEWAY

    @model_validator(mode="after")
    def _payments_can_be_settled(self) -> Self:
        if Operation.START_PAYMENT not in self.writes or Operation.QUERY_PAYMENT not in self.reads:
            raise ValueError("a gateway offers at least start-payment and query-payment")
        return self
