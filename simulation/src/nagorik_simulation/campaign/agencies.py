"""The simulated agencies of a campaign: what can be applied for there, and what their ledgers hold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, repeat
from random import Random
from typing import Any, Final, TypeVar

from nagorik.errors import NagorikError
from nagorik.operations import Idempotency, Operation
from nagorik_platform import Platform
from nagorik_simulation.campaign.cases import FAULTS, CampaignCase, OfferedService
from nagorik_testing.fixtures.documents import specimen
from nagorik_testing.simulator.app import UNROUTED
from nagorik_testing.simulator.application_book import ApplicationBook, Case
from nagorik_testing.simulator.base import ExampleApplication, Simulator, installed_simulators, load_simulator
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.ledger import Effect, SeenRequest
from nagorik_testing.simulator.slot_board import SlotBoard

T = TypeVar("T")

EffectsByReference = Mapping[str, Sequence[tuple[str, Effect]]]
"""Effects by client reference, each with the plugin's id."""
SHORTER: Final = 60
"""How many times faster than usual a gateway is, where an application does not take as long as in life."""


class SimulatedAgencies:
    """Every simulator that is installed, on one clock.

    Attributes:
        simulators: By plugin id.
    """

    def __init__(self, clock: SimulatedClock, seed: int) -> None:
        """Open them all.

        Raises:
            SimulatorUnusable: One cannot be used.
        """
        self.simulators: Mapping[str, Simulator] = {
            name: load_simulator(found)(clock=clock, seed=seed) for name, found in installed_simulators().items()
        }
        self._people = SyntheticCitizens(seed)

    def offers(self, platform: Platform) -> Sequence[OfferedService]:
        """What can be applied for: services whose agency is simulated and shows an example of them."""
        gateways = {
            gateway.id: self.simulators[plugin].outcomes
            for gateway in platform.gateways
            if (plugin := gateway.id.partition(".")[0]) in self.simulators
        }
        offers = []
        for service in platform.services:
            simulator = self.simulators.get(service.id.partition(".")[0])
            if simulator is None or Operation.SUBMIT not in service.writes:
                continue
            try:
                simulator.example(service.id, self._people.citizen(1))
            except (NotImplementedError, NagorikError):
                continue
            files = service.writes[Operation.SUBMIT] is not Idempotency.SAFE
            offers.append(
                OfferedService(service.id, tuple(simulator.outcomes), gateways, files, tuple(service.documents))
            )
        return tuple(offers)

    def example(self, case: CampaignCase) -> ExampleApplication:
        """What the citizen hands in: the agency's example, and documents of their own beside those it brings."""
        citizen = self._people.citizen(case.citizen)
        example = self.agency(case.service).example(case.service, citizen)
        brought = {document.kind for document in example.documents}
        further = (specimen(kind, citizen.alias) for kind in case.papers if kind.kind not in brought)
        return replace(example, documents=(*example.documents, *further))

    def agency(self, offer: str) -> Simulator:
        """The simulator behind a service or a gateway."""
        return self.simulators[offer.partition(".")[0]]

    def script(self, case: CampaignCase, client_reference: str, payments: Sequence[str]) -> None:
        """Script what awaits an application; ``payments`` are the ids that its payments will have.

        Those for which nothing was drawn are paid, and take no longer than the others.
        """
        agency, gateway = self.agency(case.service), self.agency(case.gateway)
        stages = {
            name: case.stage(name)
            for book in agency.components
            if isinstance(book, ApplicationBook)
            for name, length in book.workflow.durations.items()
            # In life a stage takes as long as its agency says, and only a scripted one has to be given a length.
            if not case.lasting or length == "scripted"
        }
        agency.script.set(client_reference, case.outcome, durations=stages)
        windows = {} if case.lasting else {name: usual / SHORTER for name, usual in gateway.durations.items()}
        drawn = chain(case.payments, repeat(next(iter(gateway.outcomes))))
        for payment, outcome in zip(payments, drawn, strict=False):
            values = {"amount": "1.00"} if outcome == "other-amount" else None
            gateway.script.set(payment, outcome, durations=windows, values=values)
        for injected in case.faults:
            faults, whose = (gateway, payments[0]) if injected.at_gateway else (agency, client_reference)
            faults.faults.add("*", injected.fault, first=injected.first, count=injected.count, client_reference=whose)

    def restart_one(self, rng: Random) -> None:
        """Restart one agency: its tokens are gone, and the next one without a reference, a login, meets a fault."""
        simulator = self.simulators[rng.choice(sorted(self.simulators))]
        simulator.restart()
        nameless = {one.operation for one in simulator.ledger.requests() if one.client_reference is None}
        for operation in sorted(nameless - {UNROUTED}):
            simulator.faults.add(operation, rng.choice(FAULTS), count=rng.choice((1, 2, 4)))

    def requests(self) -> Sequence[tuple[str, SeenRequest]]:
        """The requests that reached the agencies, each with the plugin's id."""
        return [(name, one) for name, agency in self.simulators.items() for one in agency.ledger.requests()]

    def effects(self, kind: str | None = None) -> Sequence[tuple[str, Effect]]:
        """What is in all ledgers of one kind, by default of all, each with the plugin's id."""
        return [(name, one) for name, agency in self.simulators.items() for one in agency.ledger.effects(kind)]

    def by_reference(self, kind: str) -> EffectsByReference:
        """Effects of one kind: ``application``, ``appointment``, and of a payment ``capture`` and so on."""
        found = defaultdict[str, list[tuple[str, Effect]]](list)
        for plugin, effect in self.effects(kind):
            if effect.client_reference is not None:
                found[effect.client_reference].append((plugin, effect))
        return found

    def held(self) -> Mapping[str, Sequence[Case[Any]]]:
        """The applications in all books as they stand now, by client reference."""
        found = defaultdict[str, list[Case[Any]]](list)
        for book in self._components(ApplicationBook):
            for case in book:
                if case.client_reference is not None:
                    found[case.client_reference].append(case)
        return found

    def appointments(self) -> Mapping[str, datetime]:
        """When the appointment begins that a holder has now."""
        held = (board.holdings for board in self._components(SlotBoard))
        return {holder: slot.begins for holdings in held for holder, slot in holdings.items()}

    def _components(self, kind: type[T]) -> Iterable[T]:
        components = (one for simulator in self.simulators.values() for one in simulator.components)
        return (one for one in components if isinstance(one, kind))
