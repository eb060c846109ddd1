"""A simulated agency: what every simulator is built on, and the simulators that installed plugins bring.

A subclass says who it is (``plugin_id``, ``modelled``, ``outcomes``, ``declared_conditions``), makes its state in
``open_office`` and serves it by ``routes``. Its state is mostly made of pieces of this kit: an ``ApplicationBook``
whose ``Workflow`` is data, a ``SlotBoard``, a ``TokenEndpoint``, an ``IdempotencyStore``; its routes of ``routes_of``
and the readers of ``handlers``. ``docs/how-to/simulator.md`` builds one.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import ClassVar, Final, Literal, NamedTuple

from packaging.utils import canonicalize_name
from pydantic import JsonValue
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nagorik.errors import NagorikError
from nagorik.model.application import Applicant
from nagorik_platform.cli.admission import AdmissionUnknown, kept_out_here
from nagorik_testing.faults.conditions import AgencyCondition, Conditions
from nagorik_testing.faults.plan import FaultPlan
from nagorik_testing.simulator.app import ReadRequest, SimulatorApp, operations_of
from nagorik_testing.simulator.citizens import SyntheticCitizen
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.ledger import Ledger
from nagorik_testing.simulator.script import Script
from nagorik_testing.simulator.tokens import LoginLimit, TokenEndpoint
from nagorik_testing.wire.codec import JSON, Codec

ADMIN_PATH: Final = "/_simulator"


class RequestSubject(NamedTuple):
    """Whom a request is about."""

    client_reference: str | None
    markers: tuple[str, ...] = ()
    """Other names by which the script and the faults may know them, such as an alias."""


class SimulatorComponent:
    """Puts itself among the agency's ``components``, serves its officers and says whom a request is about."""

    def about(self, request: ReadRequest) -> RequestSubject | None:  # noqa: ARG002 - for subclasses
        """Whom a request is about, if it names something that is kept here."""
        return None

    def officer_routes(self) -> Sequence[Route]:
        """What the agency's own officers do here, under ``/_simulator``."""
        return ()


@dataclass(frozen=True, slots=True, repr=False)
class ExampleDocument:
    """A paper that a synthetic citizen hands in, such as a ``specimen_pdf``.

    Attributes:
        kind: As the manifest's ``documents`` name it.
        media_type: Such as ``application/pdf``.
        content: Its bytes; a document in an application is told by their hash, so no two are the same.
    """

    kind: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, repr=False)
class ExampleApplication:
    """What a synthetic citizen fills in and hands in.

    Attributes:
        applicant: Who applies.
        form: The form as a host would hand it in: JSON values.
        documents: The papers that go with it.
    """

    applicant: Applicant
    form: Mapping[str, JsonValue]
    documents: tuple[ExampleDocument, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """One of the agency's own error answers, and what it means.

    Attributes:
        name: What it says, in English, for a report.
        status: The HTTP status that it comes with; 200 at some agencies.
        document: What its body says, as plain values that the simulator's codec writes.
        means: The platform's error that a call has to end in.
    """

    name: str
    status: int
    document: JsonValue
    means: type[NagorikError]


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseAnswer:
    """An answer of a gateway's that says less than usual, while another question tells how the payment stands.

    Attributes:
        name: What is missing, in English, for a report.
        operation: To which request it may come, as the ledger names it: ``GET /payments``.
        put: What stands in it in place of the usual, by place, as ``Altered`` takes it.
    """

    name: str
    operation: str
    put: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAnswer:
    """One of the agency's own answers to the question whether somebody may apply, and what it means.

    Attributes:
        name: What it says, in English, for a report.
        document: What its body says, as plain values that the simulator's codec writes.
        means: Yes, no, or ``None`` where nothing follows from it.
    """

    name: str
    document: JsonValue
    means: bool | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExampleMessage:
    """A message that the agency posts by itself, genuine in every byte.

    Attributes:
        headers: Its headers, as a host is handed them.
        body: Its bytes.
        signed: Whether anything in it proves its origin; a gateway's notice may be a hint and no more.
        valid_for: How long after it was sent the agency wants it believed; ``None`` where it says nothing of that.
    """

    headers: Mapping[str, str]
    body: bytes
    signed: bool = True
    valid_for: timedelta | None = None


class Simulator(ABC):
    """One simulated agency. What it does follows from its clock, its seed, its script and its requests alone.

    Attributes:
        clock: Its time; share it with the platform under test.
        random: Its one source of chance, seeded.
        ledger: What really happened.
        faults: What goes wrong on the way.
        script: What the agency decides.
        conditions: When it can be reached.
        components: What it keeps, such as its ``ApplicationBook``; each adds itself when ``open_office`` makes it.
    """

    plugin_id: ClassVar[str]
    """The plugin whose agency it stands for."""
    modelled: ClassVar[str]
    """One sentence, in Bangla and English, that says what of it is modelled and not known."""
    outcomes: ClassVar[tuple[str, ...]]
    """What can be scripted; the first is what happens where nothing is."""
    declared_conditions: ClassVar[Sequence[AgencyCondition]] = ()
    """When it can always be reached, or cannot, such as ``ClosedOutside(open="08:00", close="22:00")``."""
    codec: ClassVar[Codec] = JSON
    """What it speaks; faults, refusals and drift are written by it, too."""
    client_reference_field: ClassVar[str] = "clientReference"
    """What the agency calls the platform's reference."""
    login_limit: ClassVar[LoginLimit | None] = None
    """How often a client may log in. The contract suite keeps within it; a ``TokenEndpoint`` enforces it."""
    durations: ClassVar[Mapping[str, timedelta]] = MappingProxyType({})
    """How long stages take that a script can change, besides those of its books' workflows."""

    sparse_answers: ClassVar[Sequence[SparseAnswer]] = ()
    """What a gateway may leave out of an answer about a payment, and still say elsewhere.

    The contract suite gives each of them, and wants the payment told as it stands all the same.
    """
    failing_refund: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Values of a script with which a refund that a gateway has accepted comes to nothing, where one can."""

    ignored_response_fields: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Fields of its responses that a plugin need not read, each with the reason; of others the suite warns.

    Of the response to a question alone with the service: ``passport.status: sequence``.
    """

    turning_days: ClassVar[Mapping[str, Literal["first", "last"]]] = MappingProxyType({})
    """Fields of its answers that name a day on which what a citizen is told turns, by itself and without a word.

    From a ``first`` day on something holds. To the end of a ``last`` day it holds, or that is the day on which it is.
    """

    def __init__(self, *, clock: SimulatedClock | None = None, seed: int = 0) -> None:
        """Open the agency.

        Args:
            clock: Its time; one of its own if none is given.
            seed: From which references, tokens and people are drawn.
        """
        self.clock = clock or SimulatedClock()
        self.seed = seed
        self.random = random.Random()  # noqa: S311 - reproducible on purpose
        self.ledger = Ledger(self.clock, self.catch_up)
        self.script = Script(self.outcomes)
        self.faults = FaultPlan(self.ledger)
        self.conditions = Conditions(self.declared_conditions, self.clock, f"{self.plugin_id}:{seed}")
        self.components: list[SimulatorComponent] = []
        self.reset()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request; faults of the connection need ``SimulatorTransport`` or ``serve`` around it."""
        self.catch_up()
        await self._served(scope, receive, send)

    def operation_of(self, scope: Scope, body: bytes) -> str:
        """The name of the route that takes an ASGI request, as the ledger has it; nothing is served."""
        return self._served.operation_of(scope, body)

    @abstractmethod
    def open_office(self) -> None:
        """Put the agency's own state to its beginning; called when it is made and when it is reset."""

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """The agency's interface, the same each time; called after ``open_office``, whose objects may handle it."""

    @abstractmethod
    def settings(self, base_url: str) -> dict[str, object]:
        """The plugin's settings that make it call this simulator at ``base_url``, by field name."""

    def catch_up(self) -> None:  # noqa: B027 - most agencies do nothing unasked
        """Let everything happen that has fallen due by now; called before each request and each reading of effects.

        For effects that nobody asks for, such as a clerk who takes the money. It records them at their own time.
        """

    def restart(self) -> None:
        """Lose what a restart of the agency's service loses: by default, every token of its ``TokenEndpoint``."""
        for held in vars(self).values():
            if isinstance(held, TokenEndpoint):
                held.revoke_all()

    def operator_routes(self) -> Sequence[Route]:
        """What the agency's own officers do, under ``/_simulator``; served with the admin API only.

        By default what each of ``components`` offers.
        """
        return [route for component in self.components for route in component.officer_routes()]

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """An application for ``service`` that a citizen of the simulator's register could file and that is accepted.

        The contract suite files it; a simulator of a gateway has no services and needs none.

        Raises:
            NotImplementedError: The simulator has no example of this service.
        """
        raise NotImplementedError(f"{type(self).__name__} has no example of {service} for {citizen.alias}")

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """The errors that the plugin's ``error_reader`` has to recognise; none where the agency has none.

        The contract suite plays each of them to every operation.
        """
        return ()

    def verdict_answers(self, service: str) -> Sequence[VerdictAnswer]:  # noqa: ARG002 - for subclasses
        """What the agency may answer when eligibility asks it about ``service``; nothing where it is not asked.

        The contract suite answers the question with each of them.
        """
        return ()

    def callback(self, agency_reference: str) -> ExampleMessage:
        """What the agency would post about an application as it stands now, for a plugin that offers ``callback``.

        The contract suite hands it to the plugin as it is, and forged in many ways.

        Raises:
            NotImplementedError: The agency posts nothing.
        """
        raise NotImplementedError(f"{type(self).__name__} has no message about {agency_reference}")

    def payment_notice(self, payment: str) -> ExampleMessage:
        """What the gateway would post about a payment as it stands now, for a plugin that offers ``payment-notice``.

        Raises:
            NotImplementedError: The gateway posts nothing.
        """
        raise NotImplementedError(f"{type(self).__name__} has no notice of {payment}")

    def forged_notices(self, payment: str) -> Sequence[ExampleMessage]:  # noqa: ARG002 - for subclasses
        """What somebody else could post about a payment that looks like the gateway's own, and is not.

        Such as a message that is signed by whoever signs the gateway's, too, for another merchant. The contract suite
        hands each to the plugin, which must believe none.
        """
        return ()

    def client_reference(self, request: ReadRequest) -> str | None:
        """That of what a request names at a component; else its ``client_reference_field``, in content or query."""
        for component in self.components:
            about = component.about(request)
            if about is not None:
                return about.client_reference
        field = self.client_reference_field
        given = request.content.get(field) if isinstance(request.content, dict) else None
        return given if isinstance(given, str) else request.query.get(field)

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """Other names by which the script and the faults may know whom a request is about, such as an alias."""
        return next(
            (about.markers for component in self.components if (about := component.about(request)) is not None), ()
        )

    def reset(self) -> None:
        """Forget everything that happened and was scripted. The clock goes on."""
        self.random.seed(f"{self.plugin_id}:{self.seed}")
        self.ledger.clear()
        self.script.clear()
        self.conditions.clear()
        self.components.clear()
        self.open_office()
        routes = tuple(self.routes())
        self.faults.begin(operations_of(routes))
        self._served = SimulatorApp(
            routes,
            ledger=self.ledger,
            faults=self.faults,
            conditions=self.conditions,
            client_reference=self.client_reference,
            markers=self.markers,
            codec=self.codec,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} seed {self.seed}>"


GROUP: Final = "nagorik.simulators"
"""Entry-point group: the name is the plugin's id, the value its ``Simulator`` subclass."""


class SimulatorUnusable(Exception):
    """An installed simulator that cannot be used, with the distribution at fault."""


def installed_simulators() -> dict[str, EntryPoint]:
    """Simulators by plugin id, those left out that a host here keeps out; none is imported.

    Raises:
        SimulatorUnusable: Two distributions bring one for the same plugin, and which is meant is not guessed; or it
            cannot be told what the host keeps out.
    """
    try:
        out = kept_out_here()
    except AdmissionUnknown as unknown:
        raise SimulatorUnusable(str(unknown)) from None
    installed: dict[str, EntryPoint] = {}
    for found in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        if canonicalize_name(_bringer(found)) in out:
            continue
        first = installed.setdefault(found.name, found)
        if first is not found:
            rivals = " and ".join(sorted((_bringer(first), _bringer(found))))
            raise SimulatorUnusable(f"{rivals} both bring a simulator of {found.name}; uninstall one of them")
    return installed


def load_simulator(found: EntryPoint) -> type[Simulator]:
    """The class that an entry point names.

    Raises:
        SimulatorUnusable: When it cannot be imported, is no simulator, or stands for another plugin.
    """
    where = f"{found.value} of {_bringer(found)}"
    try:
        loaded = found.load()
    except Exception as error:  # noqa: BLE001 - whatever a foreign module does when it is imported
        # Its text may hold anything, save the name of a module that is missing.
        missing = f" (there is no module {error.name})" if isinstance(error, ModuleNotFoundError) else ""
        raise SimulatorUnusable(f"{where} cannot be imported: {type(error).__name__}{missing}") from None
    if not (isinstance(loaded, type) and issubclass(loaded, Simulator)):
        raise SimulatorUnusable(f"{where} is no Simulator")
    if loaded.plugin_id != found.name:
        raise SimulatorUnusable(f"{where} stands for {loaded.plugin_id}, its entry point for {found.name}")
    return loaded


def _bringer(found: EntryPoint) -> str:
    return found.dist.name if found.dist else "an unknown distribution"
