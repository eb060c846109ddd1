"""A simulated agency: what every simulator is built on."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from starlette.routing import Route
from starlette.types import ASGIApp

from nagorik_testing.clock import SimulatedClock
from nagorik_testing.fault_plan import FaultPlan
from nagorik_testing.front import Front, ReadRequest, operations_of
from nagorik_testing.ledger import Ledger
from nagorik_testing.script import Script


class Simulator(ABC):
    """One simulated agency. What it does follows from its clock, its seed, its script and its requests alone.

    Attributes:
        clock: Its time; share it with the platform under test.
        random: Its one source of chance, seeded.
        ledger: What really happened.
        faults: What goes wrong on the way.
        script: What the agency decides.
        app: The ASGI application; faults of the connection need ``SimulatorTransport`` or ``serve`` around it.
    """

    plugin_id: ClassVar[str]
    """The plugin whose agency it stands for."""
    modelled: ClassVar[str]
    """One sentence, in Bangla and English, that says what of it is modelled and not known."""
    outcomes: ClassVar[tuple[str, ...]]
    """What can be scripted; the first is what happens where nothing is."""

    def __init__(self, *, clock: SimulatedClock | None = None, seed: int = 0) -> None:
        """Open the agency.

        Args:
            clock: Its time; one of its own if none is given.
            seed: From which references, tokens and people are drawn.
        """
        self.clock = clock or SimulatedClock()
        self.seed = seed
        self.random = random.Random()  # noqa: S311 - reproducible on purpose
        self.ledger = Ledger(self.clock)
        self.script = Script(self.outcomes)
        routes = self.routes()
        self.faults = FaultPlan(operations_of(routes), self.ledger)
        self.app: ASGIApp = Front(
            routes, ledger=self.ledger, faults=self.faults, client_reference=self.client_reference
        )
        self.reset()

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """The agency's interface. Called once; handlers find the state on ``self``, which ``open_office`` renews."""

    @abstractmethod
    def open_office(self) -> None:
        """Put the agency's own state to its beginning; called when it is made and when it is reset."""

    @abstractmethod
    def settings(self, base_url: str) -> dict[str, object]:
        """The plugin's settings that make it call this simulator at ``base_url``, by field name."""

    def operator_routes(self) -> Sequence[Route]:
        """What the agency's own officers do, under ``/_simulator``; served with the admin API only."""
        return ()

    def client_reference(self, request: ReadRequest) -> str | None:
        """The client reference that a request carries: ``clientReference`` in its JSON or in its query."""
        given = request.content.get("clientReference") if isinstance(request.content, dict) else None
        return given if isinstance(given, str) else request.query.get("clientReference")

    def reset(self) -> None:
        """Forget everything that happened and was scripted. The clock goes on."""
        self.random.seed(f"{self.plugin_id}:{self.seed}")
        self.ledger.clear()
        self.faults.clear()
        self.script.clear()
        self.open_office()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} seed {self.seed}>"
