"""``plugin.toml``: everything a plugin says about itself, read without importing the plugin."""

import tomllib
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from nagorik.model.text import Text
from nagorik.operations import OPERATIONS, Family, Idempotency, Operation
from nagorik.privacy import PUBLIC, DataClass, Model

MANIFEST_FILE: Final = "plugin.toml"
API_VERSION: Final = "1.0"
"""The version of the hook API that this core offers: same major, and a minor at least the plugin's."""

PluginId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
ServiceId = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]
ObjectReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
"""``module:Name``, the module relative to the plugin's package; imported on first use."""
FeeReference = Annotated[str, StringConstraints(pattern=r"^[\w.-]+\.toml#[a-z0-9-]+$")]
"""``file.toml#schedule`` inside the plugin's package."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Evidence(StrEnum):
    """How a plugin's wire format is known."""

    MODELLED = "modelled"
    """Invented for the simulator; not the agency's real interface."""
    FROM_SPEC = "from-spec"
    """Written from a document of the agency."""
    RECORDED = "recorded"
    """Taken from recorded exchanges with the agency."""


class ManifestModel(Model):
    """Base of the manifest's tables: published text, so nothing in it is masked."""

    default_data_class: ClassVar[DataClass] = PUBLIC


def _version(value: str) -> str:
    try:
        parsed = Version(value)
    except InvalidVersion:
        raise ValueError("give a version as major.minor, such as 1.0") from None
    if len(parsed.release) != 2 or parsed.is_prerelease:  # noqa: PLR2004 - major and minor
        raise ValueError("give a version as major.minor, such as 1.0")
    return value


class Window(ManifestModel):
    """Hours in which the agency answers, in Asia/Dhaka wall-clock time. Outside all windows a call waits."""

    days: str
    """Weekdays, as ``sun-thu`` (inclusive, may wrap) or ``sat,mon,wed``; lower-case English abbreviations."""
    open: time
    """First minute of the window, local time."""
    close: time
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

    concurrency: int = Field(default=4, ge=1, le=256)
    """Calls in flight at once."""
    per_second: float = Field(default=10, gt=0, le=10_000)
    """Calls started per second, on average; a burst of one second's worth is let through."""
    response_bytes: int = Field(default=5_000_000, ge=1_000, le=100_000_000)
    """Largest answer that is read, in bytes after decompression."""
    deadline: float = Field(default=30.0, gt=0, le=600)
    """Seconds that one hook call may take, its retries included."""


class Owner(ManifestModel):
    """Who answers for the plugin."""

    name: str
    """The organisation or team; a role, not a person."""
    contact: str
    """Where to reach it."""


class Circuit(ManifestModel):
    """When calls to the agency stop for a while, and for how long."""

    contract_violations: int = Field(default=3, ge=1)
    """Contract violations in a row that open the circuit."""
    outage: float = Field(default=60.0, gt=0)
    """Seconds without one answer, while calls fail, that open the circuit."""
    probe_after: float = Field(default=30.0, gt=0)
    """Seconds an open circuit waits before it lets one probe through."""


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
        for operation in self.writes:
            if not OPERATIONS[operation].writes:
                raise ValueError(f"operation {operation.value} is a read: list it under reads")
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
    processing: timedelta | None = None
    """How long the agency takes, as an ISO 8601 duration; not a promise."""
    fees: FeeReference | None = None
    """The schedule that the fees come from."""
    legal_basis: tuple[str, ...] = ()
    """Acts, rules and circulars (CPSV-AP's ``hasLegalResource``)."""
    life_event: Slug | None = None
    """The occasion in a citizen's life, such as ``losing-a-document``."""
    deliverables: tuple[Slug, ...] = ()
    """What the citizen ends up with (CPSV-AP's ``Output``)."""
    channels: tuple[Literal["counter", "online", "app"], ...] = ("counter", "online")
    """Where it can be applied for."""

    @model_validator(mode="after")
    def _writes_can_be_settled(self) -> Self:
        submit = self.writes.get(Operation.SUBMIT)
        if submit is not None and self.form is None:
            raise ValueError("a service that can be submitted names its form")
        if submit is Idempotency.CLIENT_REFERENCE and Operation.FIND not in self.reads:
            raise ValueError("submit is findable by client reference, so find must be listed under reads")
        return self


class PaymentGateway(Offer):
    """One way to pay."""

    family: ClassVar[Family] = Family.GATEWAY

    @model_validator(mode="after")
    def _payments_can_be_settled(self) -> Self:
        if Operation.START_PAYMENT not in self.writes or Operation.QUERY_PAYMENT not in self.reads:
            raise ValueError("a gateway offers at least start-payment and query-payment")
        return self


class Manifest(ManifestModel):
    """A plugin's whole declaration."""

    manifest_version: Literal[1]
    """The version of this format."""
    id: PluginId
    """The plugin's id, equal to its entry point's name."""
    requires_api: Annotated[str, AfterValidator(_version)]
    """The hook API that the plugin was written for, as ``major.minor``."""
    name: Text
    """The agency's name."""
    owners: tuple[Owner, ...] = Field(min_length=1)
    """Who answers for the plugin."""
    evidence: Evidence
    """How the wire format is known; services may differ."""
    as_of: date
    """The day on which what this manifest says was last checked against its sources."""
    egress: tuple[Host, ...] = ()
    """Host names that the plugin may call; nothing else is reached."""
    settings: ObjectReference | None = None
    """The plugin's settings model, a subclass of ``AgencySettings``."""
    login: ObjectReference | None = None
    """The coroutine function that obtains a token, where the agency wants one."""
    answers: ObjectReference | None = None
    """The function that recognises the agency's own error answers before anything else reads them."""
    idempotency_header: str = "Idempotency-Key"
    """The header in which a native idempotency key travels."""
    windows: tuple[Window, ...] = ()
    """When the agency answers; empty means always."""
    limits: Limits = Limits()
    """What the agency can bear."""
    circuit: Circuit = Circuit()
    """When calls stop for a while."""
    health: bool = False
    """Whether the plugin implements ``nagorik_check_health``."""
    services: tuple[PublicService, ...] = ()
    """The agency's services."""
    gateways: tuple[PaymentGateway, ...] = ()
    """Ways to pay that the plugin offers."""

    @model_validator(mode="after")
    def _offers_belong_here(self) -> Self:
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
    def offers(self) -> tuple[PublicService | PaymentGateway, ...]:
        """Services and gateways together."""
        return (*self.services, *self.gateways)

    @property
    def declared_hooks(self) -> frozenset[str]:
        """Names of the hooks that the manifest says the plugin implements."""
        operations = {operation for offer in self.offers for operation in offer.operations}
        if self.health:
            operations.add(Operation.HEALTH)
        return frozenset(OPERATIONS[operation].hook for operation in operations)


class ManifestProblem(Model):
    """One thing wrong in a ``plugin.toml``."""

    location: str
    """Where, as a dotted path (``services.0.reads``); empty for the file as a whole."""
    message: str
    """What is wrong and what would be right."""


class ManifestInvalid(ValueError):
    """A ``plugin.toml`` that cannot be used; ``problems`` says everything that is wrong at once."""

    def __init__(self, problems: tuple[ManifestProblem, ...]) -> None:
        super().__init__("; ".join(f"{p.location or 'plugin.toml'}: {p.message}" for p in problems))
        self.problems = problems


def parse_manifest(text: str) -> Manifest:
    """Read a manifest from TOML text.

    Raises:
        ManifestInvalid: Naming every field that is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestInvalid((ManifestProblem(location="", message=f"not valid TOML: {error}"),)) from None
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        problems = tuple(
            ManifestProblem(
                location=".".join(str(part) for part in problem["loc"]),
                message=problem["msg"].removeprefix("Value error, "),
            )
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise ManifestInvalid(problems) from None


def is_compatible(requires_api: str, offered: str = API_VERSION) -> bool:
    """Whether a plugin written for ``requires_api`` can run on a core that offers ``offered``."""
    wanted, given = Version(requires_api), Version(offered)
    return wanted.major == given.major and wanted.minor <= given.minor


def _weekdays(days: str) -> frozenset[int]:
    numbers: set[int] = set()
    for part in days.split(","):
        first, dash, last = part.strip().partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError("write days as sun-thu or sat,mon,wed with mon, tue, wed, thu, fri, sat, sun")
        start, end = _DAYS.index(first), _DAYS.index(last if dash else first)
        numbers.update((start + offset) % 7 for offset in range((end - start) % 7 + 1))
    return frozenset(numbers)
