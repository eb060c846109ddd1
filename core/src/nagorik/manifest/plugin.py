"""What a plugin declares in its ``plugin.toml``: the agency, its services and gateways, and how it may be called."""

from datetime import time, timedelta
from importlib.metadata import version
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from nagorik.manifest.fields import (
    ApiVersion,
    Count,
    Day,
    Duration,
    Evidence,
    FeeReference,
    FormatNumber,
    Header,
    HostName,
    ManifestModel,
    ObjectReference,
    PluginId,
    Seconds,
    ServiceId,
    Slug,
    TimeOfDay,
    Words,
)
from nagorik.model.application import MediaType
from nagorik.operations import OPERATIONS, Family, Idempotency, Operation
from nagorik.values.sentences import Text

# Submitting is not among them: what is submitted to a verification service leaves nothing at the agency.
_ALWAYS_EFFECTIVE: Final = frozenset(
    {
        Operation.ANSWER_CORRECTION,
        Operation.WITHDRAW,
        Operation.BOOK_SLOT,
        Operation.COMPLETE_PAYMENT,
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


class DocumentKind(ManifestModel):
    """A kind of paper that an application carries; its slug alone, in quotes, is one of which no more is said."""

    kind: Slug
    """What it proves or is, such as ``holding-tax-receipt``."""
    name: Text | None = None
    """What the public calls it."""
    required: StrictBool = False
    """Whether nothing is paid or filed without one, whatever the form says."""
    when: dict[str, Annotated[tuple[StrictBool | StrictInt | str, ...], Field(min_length=1)]] = Field(default={})
    """Required too where each of these fields of the form has one of the values: ``{ applicant = ["minor"] }``."""
    media_types: tuple[MediaType, ...] = Field(default=("application/pdf", "image/jpeg", "image/png"), min_length=1)
    """What it may be, by its content."""
    largest_bytes: Count = Field(default=20_000_000, le=500_000_000)
    """The largest that is taken in, in bytes."""

    @model_validator(mode="before")
    @classmethod
    def _slug_alone(cls, value: object) -> object:
        return {"kind": value} if isinstance(value, str) else value

    @property
    def label(self) -> Text:
        """What it is called; its slug where the manifest gives no name."""
        return self.name or Text(en=self.kind, bn=self.kind)


class PublicService(Offer):
    """One public service (CPSV-AP's ``PublicService``) of an agency."""

    family: ClassVar[Family] = Family.SERVICE

    form: ObjectReference | None = None
    """The pydantic model that an application is validated against before any hook is called."""
    documents: tuple[DocumentKind, ...] = ()
    """Kinds of evidence that an application carries: slugs, or tables where there is more to say."""
    processing: Duration | None = None
    """How long the agency takes, as an ISO 8601 duration of weeks, days or hours; not a promise."""
    lookup_grace: Duration = timedelta(minutes=5)
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

    def document_kind(self, kind: str) -> DocumentKind | None:
        """What is said of a kind of paper; ``None`` for one that is not listed."""
        return next((one for one in self.documents if one.kind == kind), None)

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

    payer_hosts: tuple[HostName, ...] = ()
    """Hosts of its pages for payers, each with those below it; the host that is called need not be among them."""

    @model_validator(mode="after")
    def _payments_can_be_settled(self) -> Self:
        if Operation.START_PAYMENT not in self.writes or Operation.QUERY_PAYMENT not in self.reads:
            raise ValueError("a gateway offers at least start-payment and query-payment")
        return self


AnyOffer = PublicService | PaymentGateway
"""What a service request or a payment can be addressed to."""


API_VERSION: Final = ".".join(version("nagorik").split(".")[:2])
"""The version of the hook API, this distribution's major.minor: a plugin's major is the same, its minor no higher."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(ManifestModel):
    """Hours in which the agency answers, on the clocks in Dhaka. Outside them nothing is sent: ``AgencyClosed``."""

    days: str
    """Weekdays, as ``sun-thu`` (inclusive, may wrap) or ``sat,mon,wed``; lower-case English abbreviations."""
    open: TimeOfDay
    """First minute of the window, local time."""
    close: TimeOfDay
    """End of the window, local time, excluded; ``00:00`` means midnight at the end of the day."""
    holidays: Literal["open", "closed"] = "open"
    """Whether the window holds on national public holidays too."""

    @field_validator("days")
    @classmethod
    def _days_are_weekdays(cls, value: str) -> str:
        _weekdays(value)
        return value

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.close != time(0) and self.close <= self.open:
            raise ValueError("a window closes after it opens; write one that spans midnight as two windows")
        return self

    @property
    def weekdays(self) -> frozenset[int]:
        """The window's weekdays as ``date.weekday()`` numbers, Monday being 0."""
        return _weekdays(self.days)


class Limits(ManifestModel):
    """What the agency can bear from the whole platform."""

    concurrency: Count = Field(default=4, le=256)
    """Calls in flight at once."""
    per_second: Seconds = Field(default=10, ge=1 / 86_400, le=10_000)
    """Requests started in any second, at most; below 1, one in so many seconds as that makes, up to a day's."""
    response_bytes: Count = Field(default=5_000_000, ge=1_000, le=100_000_000)
    """Largest answer that is read, in bytes after decompression. 4 MB of JSON take 0.2 seconds of a processor, for
    half of which no other call of the process goes on, and 40 MB of memory."""
    deadline: Seconds = Field(default=30.0, le=600)
    """Seconds that one hook call may take, its retries included."""
    logins: Count | None = Field(default=None, le=10_000)
    """Logins in any ``login_period``, at most; without, as many as it takes."""
    login_period: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    """What ``logins`` are counted in, as an ISO 8601 duration."""


class Owner(ManifestModel):
    """Who answers for the plugin."""

    name: Words
    """The organisation or team; a role, not a person."""
    contact: Words
    """Where to reach it."""


class Circuit(ManifestModel):
    """When calls to the agency stop for a while, and for how long."""

    contract_violations: Count = 3
    """Contract violations in a row that open the circuit."""
    outage: Seconds = 60.0
    """Seconds without one answer, while calls fail, that open the circuit."""
    probe_after: Seconds = 30.0
    """Seconds an open circuit waits before it lets one probe through: the health hook, or without one the next
    request. A host probes with a call of one of its applications, and waits twice as long after each that fails, up
    to a quarter of an hour."""


class Manifest(ManifestModel):
    """A plugin's whole declaration."""

    manifest_version: FormatNumber
    """The version of this format."""
    id: PluginId
    """The plugin's id, equal to its entry point's name."""
    requires_api: ApiVersion
    """The hook API that the plugin was written for, as ``major.minor``."""
    name: Text
    """The agency's name."""
    owners: tuple[Owner, ...] = Field(min_length=1)
    """Who answers for the plugin."""
    evidence: Evidence
    """How the wire format is known; services may differ."""
    as_of: Day
    """The day on which what this manifest says was last checked against its sources."""
    egress: tuple[HostName, ...] = ()
    """Host names that the plugin may call; nothing else is reached."""
    settings: ObjectReference | None = None
    """The plugin's settings model, a subclass of ``AgencySettings``."""
    login: ObjectReference | None = None
    """The coroutine function that obtains a token, where the agency wants one."""
    sign: ObjectReference | None = None
    """The coroutine function that signs each request, where the agency wants them signed."""
    error_reader: ObjectReference | None = None
    """The function that recognises the agency's own error answers before anything else reads them."""
    idempotency_header: Header = "Idempotency-Key"
    """The header in which a native idempotency key travels."""
    windows: tuple[Window, ...] = ()
    """When the agency answers; empty means always."""
    limits: Limits = Limits()
    """What the agency can bear."""
    circuit: Circuit = Circuit()
    """When calls stop for a while."""
    health: StrictBool = False
    """Whether the plugin implements ``nagorik_check_health``."""
    services: tuple[PublicService, ...] = ()
    """The agency's services."""
    gateways: tuple[PaymentGateway, ...] = ()
    """Ways to pay that the plugin offers."""

    @model_validator(mode="after")
    def _offers_belong_here(self) -> Self:
        # A plugin id holds no dot, so this prefix is what keeps two plugins from ever claiming one service.
        seen: set[str] = set()
        for offer in self.offers:
            if offer.id.partition(".")[0] != self.id:
                raise ValueError(f"service {offer.id} must begin with the plugin's id and a dot")
            if offer.id in seen:
                raise ValueError(f"service {offer.id} is declared twice")
            seen.add(offer.id)
        if not seen:
            raise ValueError("a plugin offers at least one service or gateway")
        return self

    @property
    def offers(self) -> tuple[AnyOffer, ...]:
        """Services and gateways together."""
        return (*self.services, *self.gateways)

    @property
    def declared_hooks(self) -> frozenset[str]:
        """Names of the hooks that the manifest says the plugin implements."""
        operations = {operation for offer in self.offers for operation in offer.operations}
        if self.health:
            operations.add(Operation.HEALTH)
        return frozenset(OPERATIONS[operation].hook for operation in operations)

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """Where the manifest names an object of the plugin, and which: ``("services.0.form", "forms:Form")``."""
        named = [(field, getattr(self, field)) for field in ("settings", "login", "sign", "error_reader")]
        named += [(f"services.{number}.form", service.form) for number, service in enumerate(self.services)]
        return tuple((location, reference) for location, reference in named if reference is not None)


def _weekdays(days: str) -> frozenset[int]:
    numbers: set[int] = set()
    for part in days.split(","):
        first, dash, last = part.strip().partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError("write days as sun-thu or sat,mon,wed with mon, tue, wed, thu, fri, sat, sun")
        start, end = _DAYS.index(first), _DAYS.index(last if dash else first)
        numbers.update((start + offset) % 7 for offset in range((end - start) % 7 + 1))
    return frozenset(numbers)
