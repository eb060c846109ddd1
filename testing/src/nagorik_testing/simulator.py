"""A simulated agency: what every simulator is built on.

A subclass says who it is (``plugin_id``, ``modelled``, ``outcomes``, ``conditions``), makes its state in
``open_office`` and serves it by ``routes``. Its state is mostly made of pieces of this kit: an ``ApplicationBook``
whose ``Course`` is data, a ``SlotBoard``, a ``TokenDesk``, ``Replays``; its routes of ``routes_of`` and the readers
of ``reading``. ``docs/how-to/simulator.md`` builds one.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import ClassVar

from pydantic import JsonValue
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nagorik.errors import NagorikError
from nagorik.model.identity import Applicant
from nagorik_testing.citizens import SyntheticCitizen
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.conditions import Condition, Weather
from nagorik_testing.desk import Desk
from nagorik_testing.fault_plan import FaultPlan
from nagorik_testing.front import Front, ReadRequest, operations_of
from nagorik_testing.ledger import Ledger
from nagorik_testing.script import Script


@dataclass(frozen=True, slots=True, repr=False)
class ExampleApplication:
    """What a synthetic citizen fills in.

    Attributes:
        applicant: Who applies.
        form: The form as a host would hand it in: JSON values.
    """

    applicant: Applicant
    form: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """One of the agency's own error answers, and what it means.

    Attributes:
        name: What it says, in English, for a report.
        status: The HTTP status that it comes with; 200 at some agencies.
        document: The JSON of its body.
        means: The platform's error that a call has to end in.
    """

    name: str
    status: int
    document: JsonValue
    means: type[NagorikError]


class Simulator(ABC):
    """One simulated agency. What it does follows from its clock, its seed, its script and its requests alone.

    Attributes:
        clock: Its time; share it with the platform under test.
        random: Its one source of chance, seeded.
        ledger: What really happened.
        faults: What goes wrong on the way.
        script: What the agency decides.
        weather: When it can be reached.
        desks: What it keeps, such as its ``ApplicationBook``; each puts itself here when ``open_office`` makes it.
    """

    plugin_id: ClassVar[str]
    """The plugin whose agency it stands for."""
    modelled: ClassVar[str]
    """One sentence, in Bangla and English, that says what of it is modelled and not known."""
    outcomes: ClassVar[tuple[str, ...]]
    """What can be scripted; the first is what happens where nothing is."""
    conditions: ClassVar[Sequence[Condition]] = ()
    """When it can always be reached, or cannot, such as ``ClosedOutside(open="08:00", close="22:00")``."""
    durations: ClassVar[Mapping[str, timedelta]] = MappingProxyType({})
    """How long stages take that a script can change, besides those of its books' courses."""

    def __init__(self, *, clock: SimulatedClock | None = None, seed: int = 0) -> None:
        """Open the agency.

        Args:
            clock: Its time; one of its own if none is given.
            seed: From which references, tokens and people are drawn.
        """
        self.clock = clock or SimulatedClock()
        self.seed = seed
        self.random = random.Random()  # noqa: S311 - reproducible on purpose
        self.ledger = Ledger(self.clock, self.settle)
        self.script = Script(self.outcomes)
        self.faults = FaultPlan(self.ledger)
        self.weather = Weather(self.conditions, self.clock, f"{self.plugin_id}:{seed}")
        self.desks: list[Desk] = []
        self.reset()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request; faults of the connection need ``SimulatorTransport`` or ``serve`` around it."""
        self.settle()
        await self._front(scope, receive, send)

    @abstractmethod
    def open_office(self) -> None:
        """Put the agency's own state to its beginning; called when it is made and when it is reset."""

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """The agency's interface, the same each time; called after ``open_office``, whose objects may handle it."""

    @abstractmethod
    def settings(self, base_url: str) -> dict[str, object]:
        """The plugin's settings that make it call this simulator at ``base_url``, by field name."""

    def settle(self) -> None:  # noqa: B027 - most agencies do nothing unasked
        """Let everything happen that has fallen due by now; called before each request and each reading of effects.

        For effects that nobody asks for, such as a clerk who takes the money. It records them at their own time.
        """

    def restart(self) -> None:  # noqa: B027 - most agencies keep everything
        """Lose what a restart of the agency's service loses, such as every token that it gave out."""

    def operator_routes(self) -> Sequence[Route]:
        """What the agency's own officers do, under ``/_simulator``; served with the admin API only.

        By default what each of ``desks`` offers.
        """
        return [route for desk in self.desks for route in desk.officer_routes()]

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """An application for ``service`` that a citizen of the simulator's register could file and that is accepted.

        The contract suite files it; a simulator of a gateway has no services and needs none.

        Raises:
            NotImplementedError: The simulator has no example of this service.
        """
        raise NotImplementedError(f"{type(self).__name__} has no example of {service} for {citizen.alias}")

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """The errors that the plugin's ``answers`` function has to recognise; none where the agency has none.

        The contract suite plays each of them to every operation.
        """
        return ()

    def client_reference(self, request: ReadRequest) -> str | None:
        """That of what a request names at a desk; else ``clientReference`` in its JSON or in its query."""
        for desk in self.desks:
            about = desk.about(request)
            if about is not None:
                return about.client_reference
        given = request.content.get("clientReference") if isinstance(request.content, dict) else None
        return given if isinstance(given, str) else request.query.get("clientReference")

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """Other names by which the script and the faults may know whom a request is about, such as an alias."""
        return next((about.markers for desk in self.desks if (about := desk.about(request)) is not None), ())

    def reset(self) -> None:
        """Forget everything that happened and was scripted. The clock goes on."""
        self.random.seed(f"{self.plugin_id}:{self.seed}")
        self.ledger.clear()
        self.script.clear()
        self.weather.clear()
        self.desks.clear()
        self.open_office()
        routes = tuple(self.routes())
        self.faults.begin(operations_of(routes))
        self._front = Front(
            routes,
            ledger=self.ledger,
            faults=self.faults,
            weather=self.weather,
            client_reference=self.client_reference,
            markers=self.markers,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} seed {self.seed}>"
