"""The simulated land offices."""

from collections.abc import Sequence
from importlib.resources import files
from typing import ClassVar

from starlette.routing import Route

from nagorik import AgencyRejected, ContractViolation, InputRejected, NagorikError
from nagorik_land.simulator.counter import File, fee_handler
from nagorik_land.simulator.counters import MutationCounter, OrderCounter, RegistrationCounter, TaxCounter
from nagorik_land.simulator.enquiry_desk import EnquiryDesk
from nagorik_land.simulator.examples import example
from nagorik_testing import (
    ApplicationBook,
    ErrorAnswer,
    ExampleApplication,
    Refusal,
    RouteHandler,
    Simulator,
    SyntheticCitizen,
    SyntheticCitizens,
    Workflow,
    plain_envelope,
    routes_of,
)


class LandSimulator(Simulator):
    """Mutations, orders to a record room, the tax with the registration for it, and what the portals tell.

    Attributes:
        mutations: Their counter; ``mutations.book`` holds the cases.
        orders: The record room's counter.
        receipts: The tax counter; ``receipts.holdings`` knows what is paid.
        registrations: The counter that registers holdings.
    """

    plugin_id: ClassVar[str] = "land"
    modelled: ClassVar[str] = (
        "সব ইন্টারফেস, অবস্থা, সময়, খতিয়ান ও হোল্ডিংয়ের হিসাব কল্পিত। সিটি কর্পোরেশনের কর, ম্যাপের দাম, "
        "মওকুফ দাখিলা ও সুদের হারও কল্পিত। অন্য ফি ও করের হার স্থানীয় অফিস ও সংবাদমাধ্যমের পাতা থেকে। / "
        "All interfaces, statuses, times, khatians and holdings are invented. So are the tax in cities and what a "
        "map, the receipt for exempt land and interest cost. Other fees and rates are from pages of local offices "
        "and the press."
    )
    outcomes: ClassVar[tuple[str, ...]] = ("approve", "reject", "hearing-missed", "stall")

    mutations: MutationCounter
    orders: OrderCounter
    receipts: TaxCounter
    registrations: RegistrationCounter

    def open_office(self) -> None:
        """Begin with nothing filed and nothing paid."""
        self.mutations = MutationCounter(self._book("mutation", "LNM-########", "mutations"), self.clock)
        self.orders = OrderCounter(self._book("order", "LNP-########", "orders"), self.clock)
        self.receipts = TaxCounter(self._book("tax", "LNT-########", "receipts"), self.clock)
        registrations = self._book("registration", "LNR-########", "registrations")
        self.registrations = RegistrationCounter(registrations, self.clock)
        self._enquiries = EnquiryDesk(self, SyntheticCitizens(self.seed), _workflow("mutation"))

    def routes(self) -> Sequence[Route]:
        """The three portals; none wants a login."""
        portals: dict[str, dict[str, RouteHandler]] = {
            "mutation": {
                "GET /fee": fee_handler(MutationCounter.price),
                "POST /enquiries": self._enquiries.mutation,
                **self.mutations.handlers("applications"),
            },
            "porcha": {
                "GET /fee": fee_handler(OrderCounter.price),
                "POST /enquiries": self._enquiries.search,
                **self.orders.handlers("orders"),
            },
            "ldtax": {
                "POST /holdings/demand": self.receipts.demand,
                **self.receipts.handlers("receipts"),
                **self.registrations.handlers("registrations"),
            },
        }
        return [
            route
            for portal, handlers in portals.items()
            for route in routes_of(handlers, prefix=f"/sim/land/{portal}/v1")
        ]

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """One of each service's applications."""
        return example(service, citizen)

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """What the offices say where they say no, and an error that comes as a success."""
        said: tuple[tuple[str, Refusal, type[NagorikError]], ...] = (
            ("an entry is refused", Refusal(400, "mouza", "text is expected"), InputRejected),
            ("nothing is due", Refusal(409, "status", "nothing is due"), AgencyRejected),
            ("no such application", Refusal(404, "number", "no such application"), AgencyRejected),
            ("an error with 200", Refusal(200, "mouza", "text is expected"), ContractViolation),
        )
        return tuple(
            ErrorAnswer(name=name, status=refusal.status, document=plain_envelope(refusal), means=means)
            for name, refusal, means in said
        )

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the offices are."""
        return {"base_url": base_url}

    def _book(self, workflow: str, numbers: str, name: str) -> ApplicationBook[File]:
        return ApplicationBook(self, _workflow(workflow), numbers=numbers, name=name)


def _workflow(name: str) -> Workflow:
    return Workflow.read(files(__package__) / f"{name}.toml")
