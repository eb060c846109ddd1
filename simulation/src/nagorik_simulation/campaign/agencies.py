"""The simulated agencies of a campaign: what can be applied for there, and what their ledgers hold of whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, repeat
from random import Random
from typing import Any, Final

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
from nagorik_testing.simulator.ledger import Effect
from nagorik_testing.simulator.slot_board import SlotBoard

FILED: Final = "application"
CAPTURED: Final = "capture"
REFUNDED: Final = "refund"
RECORDED: Final = "payment"
BOOKED: Final = "appointment"
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
        """What the citizen hands in: the agency's example, and papers of their own beside those it brings."""
        citizen = self._people.citizen(case.citizen)
        example = self.agency(case.service).example(case.service, citizen)
        brought = {document.kind for document in example.documents}
        further = (specimen(kind, citizen.alias) for kind in case.papers if kind.kind not in brought)
        return replace(example, documents=(*example.documents, *further))

    def agency(self, offer: str) -> Simulator:
        """The simulator behind a service or a gateway."""
        return self.simulators[offer.partition(".")[0]]

    def script(self, case: CampaignCase, client_reference: str, payments: Sequence[str]) -> None:
        """Tell the simulators what awaits an application; ``payments`` are the ids that its payments will have.

        Those for which nothing was drawn are paid, and take no longer than the others.
        """
        agency, gateway = self.agency(case.service), self.agency(case.gateway)
        stages = {name: case.stage(name) for name in _stages(agency, all_of_them=not case.lasting)}
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
        """Restart one agency: its tokens are gone, and the next request in nobody's name, a login, meets a fault."""
        simulator = self.simulators[rng.choice(sorted(self.simulators))]
        simulator.restart()
        nameless = {one.operation for one in simulator.ledger.requests() if one.client_reference is None}
        for operation in sorted(nameless - {UNROUTED}):
            simulator.faults.add(operation, rng.choice(FAULTS), count=rng.choice((1, 2, 4)))

    def filed(self) -> Mapping[str, Sequence[tuple[str, Effect]]]:
        """Applications in all ledgers, by client reference, each with the plugin's id."""
        return _by_reference(self.simulators.items(), FILED)

    def held(self) -> Mapping[str, Sequence[Case[Any]]]:
        """The applications in all books as they stand now, by client reference."""
        found: defaultdict[str, list[Case[Any]]] = defaultdict(list)
        for simulator in self.simulators.values():
            for component in simulator.components:
                if isinstance(component, ApplicationBook):
                    for case in component:
                        if case.client_reference is not None:
                            found[case.client_reference].append(case)
        return found

    def captured(self) -> Mapping[str, Sequence[tuple[str, Effect]]]:
        """Money that gateways took, by payment."""
        return _by_reference(self.simulators.items(), CAPTURED)

    def refunded(self) -> Mapping[str, Sequence[tuple[str, Effect]]]:
        """Money that gateways gave back, by payment."""
        return _by_reference(self.simulators.items(), REFUNDED)

    def booked(self) -> Mapping[str, Sequence[tuple[str, Effect]]]:
        """Appointments that agencies have given, by client reference; the effect's reference is the holder."""
        return _by_reference(self.simulators.items(), BOOKED)

    def appointments(self) -> Mapping[str, datetime]:
        """When the appointment begins that a holder has now."""
        boards = (one for simulator in self.simulators.values() for one in simulator.components)
        held = (board.holdings for board in boards if isinstance(board, SlotBoard))
        return {holder: slot.begins for holdings in held for holder, slot in holdings.items()}

    def recorded(self) -> Mapping[str, Sequence[tuple[str, Effect]]]:
        """Payments that agencies have booked, by client reference."""
        return _by_reference(self.simulators.items(), RECORDED)

    @property
    def requests(self) -> int:
        """Requests that reached them."""
        return sum(len(simulator.ledger.requests()) for simulator in self.simulators.values())

    @property
    def faults(self) -> int:
        """Requests that met a fault."""
        seen = (one for simulator in self.simulators.values() for one in simulator.ledger.requests())
        return sum(one.fault is not None for one in seen)


def _stages(agency: Simulator, *, all_of_them: bool) -> Iterable[str]:
    """The stages of an agency's workflows, or only those that pass by themselves nowhere but in a script."""
    for component in agency.components:
        if isinstance(component, ApplicationBook):
            yield from (
                name for name, length in component.workflow.durations.items() if all_of_them or length == "scripted"
            )


def _by_reference(
    simulators: Iterable[tuple[str, Simulator]], kind: str
) -> Mapping[str, Sequence[tuple[str, Effect]]]:
    found: defaultdict[str, list[tuple[str, Effect]]] = defaultdict(list)
    for name, simulator in simulators:
        for effect in simulator.ledger.effects(kind):
            if effect.client_reference is not None:
                found[effect.client_reference].append((name, effect))
    return found
