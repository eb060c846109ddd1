"""The simulated National Identity Registration Wing."""

from collections.abc import Sequence
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik_nid.simulator.application_book import ApplicationBook
from nagorik_nid.simulator.application_service import PREFIX, ApplicationService
from nagorik_nid.simulator.course import OUTCOMES
from nagorik_nid.simulator.envelope import Handler, application_service, partner_service
from nagorik_nid.simulator.examples import example
from nagorik_nid.simulator.fee_counter import FeeCounter
from nagorik_nid.simulator.login_desk import USERNAME, LoginDesk
from nagorik_nid.simulator.officers import Officers
from nagorik_nid.simulator.photos import PHOTO_PATH, PhotoStore
from nagorik_nid.simulator.register import VoterRegister, is_number
from nagorik_nid.simulator.verification import VerificationDesk
from nagorik_testing import (
    ADMIN_PATH,
    ExampleApplication,
    ReadRequest,
    Simulator,
    SyntheticCitizen,
    SyntheticCitizens,
)

PARTNER_SERVICE: Final = "/partner-service/rest"


class NidSimulator(Simulator):
    """Verification as the Commission's document describes it, and a model of its four kinds of application.

    Attributes:
        register: The voters; everybody in ``SyntheticCitizens(seed)`` is one.
        login_desk: Tokens and the partner's password.
        verification: The partner's agreement (``sla_fields``) and its bill.
        fees: Who applied how often before.
        book: The applications; ``propagation`` and ``replication`` are its delays.
        officers: What the Commission's people do.
    """

    plugin_id: ClassVar[str] = "nid"
    modelled: ClassVar[str] = (
        "এনআইডি যাচাই নির্বাচন কমিশনের নথি অনুসারে; আবেদন, অবস্থা ও সময় কল্পিত। / "
        "NID verification follows the Election Commission's document; applications, statuses and times are modelled."
    )
    outcomes: ClassVar[tuple[str, ...]] = OUTCOMES

    register: VoterRegister
    login_desk: LoginDesk
    verification: VerificationDesk
    fees: FeeCounter
    book: ApplicationBook
    officers: Officers

    def open_office(self) -> None:
        """Begin with everybody registered, nobody logged in and nothing filed."""
        self.register = VoterRegister(SyntheticCitizens(self.seed))
        self.login_desk = LoginDesk(self.clock, self.ledger, self.random)
        self._photos = PhotoStore(self.clock, self.random)
        self.verification = VerificationDesk(self.register, self._photos, self.clock, self.ledger, self.random)
        self.fees = FeeCounter()
        self.book = ApplicationBook(
            clock=self.clock,
            ledger=self.ledger,
            script=self.script,
            chance=self.random,
            register=self.register,
            fees=self.fees,
        )
        self.officers = Officers(self.book, self.clock)
        self._service = ApplicationService(self.book, self.fees, self.register, self.clock)

    def routes(self) -> Sequence[Route]:
        """Both faces, and the photographs. What needs no token guards itself."""
        partner: dict[str, Handler] = {
            "/auth/login": self.login_desk.login,
            "/auth/logout": self.login_desk.logout,
            "/common/change-user-password": self.login_desk.change_password,
            "/demographic/verification": self._guarded(self.verification.verify),
            "/voter/demographic/verification": self._guarded(self.verification.verify),
            "/partner-billing/get-billing-report": self._guarded(self.verification.billing_report),
        }
        one = "/applications/{id}"
        applications: dict[tuple[str, str], Handler] = {
            ("GET", "/fee-quote"): self._service.fee_quote,
            ("POST", "/applications"): self._service.file,
            ("GET", "/applications"): self._service.search,
            ("GET", one): self._service.status,
            ("POST", f"{one}/payment-reference"): self._service.payment_reference,
            ("POST", f"{one}/additional-documents"): self._service.additional_documents,
            ("POST", f"{one}/withdraw"): self._service.withdraw,
            ("GET", f"{one}/artefact"): self._service.artefact,
        }
        return (
            *(
                Route(PARTNER_SERVICE + path, partner_service(handler), methods=["POST"])
                for path, handler in partner.items()
            ),
            Route(PHOTO_PATH, self._photos.fetch, methods=["GET"]),
            *(
                Route(PREFIX + path, application_service(self._guarded(handler)), methods=[method])
                for (method, path), handler in applications.items()
            ),
        )

    def operator_routes(self) -> Sequence[Route]:
        """One for all actions of an officer."""
        path = f"{ADMIN_PATH}/nid/applications/{{id}}/{{action}}"
        return (Route(path, self.officers.act, methods=["POST"]),)

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """One of each service's applications, for whoever is in the register."""
        return example(service, citizen)

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the simulator is, and the one partner that it knows."""
        return {"base_url": base_url, "username": USERNAME, "password": self.login_desk.password}

    def client_reference(self, request: ReadRequest) -> str | None:
        """Also that of the application which a path names."""
        application = self.book.find(request.path_parameters.get("id", ""))
        return application.client_reference if application else super().client_reference(request)

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The alias of the synthetic citizen whom a request is about."""
        application = self.book.find(request.path_parameters.get("id", ""))
        if application is not None:
            return (application.alias,) if application.alias else ()
        content = request.content if isinstance(request.content, dict) else {}
        identify = content.get("identify")
        numbers = [content.get("nid"), request.query.get("nid")]
        numbers += identify.values() if isinstance(identify, dict) else ()
        voters = [self.register.find(number) for number in numbers if isinstance(number, str) and is_number(number)]
        return tuple(voter.citizen.alias for voter in voters if voter is not None)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            self.login_desk.check(request)
            return await handler(request)

        return guarded
