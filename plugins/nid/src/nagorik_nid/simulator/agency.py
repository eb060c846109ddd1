"""The simulated National Identity Registration Wing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from starlette.routing import Route

from nagorik import AgencyRejected, ContractViolation, CredentialsRejected, InputRejected
from nagorik_nid.simulator.application_service import PREFIX, ApplicationService
from nagorik_nid.simulator.envelope import partner_envelope
from nagorik_nid.simulator.examples import example
from nagorik_nid.simulator.fee_counter import FeeCounter
from nagorik_nid.simulator.login_endpoint import USERNAME, LoginEndpoint
from nagorik_nid.simulator.lookup_desk import NidLookupDesk
from nagorik_nid.simulator.register import VoterRegister, is_number
from nagorik_nid.simulator.verification import VerificationDesk
from nagorik_testing import (
    ErrorAnswer,
    ExampleApplication,
    ReadRequest,
    Refusal,
    Simulator,
    SyntheticCitizen,
    SyntheticCitizens,
    TemporaryLinks,
    Workflow,
    routes_of,
)

PARTNER_SERVICE: Final = "/partner-service/rest"
PHOTO_LIFE: Final = timedelta(seconds=120)
"""As the Commission's document says."""
WORKFLOW: Final = Workflow.read(files(__package__) / "workflow.toml")


class NidSimulator(Simulator):
    """Verification as the Commission's document describes it, and a model of its applications and look-ups.

    Attributes:
        register: The voters; everybody in ``SyntheticCitizens(seed)`` is one.
        login_endpoint: Tokens and the partner's password.
        verification: The partner's agreement (``sla_fields``) and its bill.
        fees: Who applied how often before.
        applications: Their interface; ``propagation`` is a payment's delay.
        book: The applications; ``replication`` is the delay of its search.
        lookups: What was filed elsewhere, and where smart cards are given out.
    """

    plugin_id: ClassVar[str] = "nid"
    modelled: ClassVar[str] = (
        "এনআইডি যাচাই নির্বাচন কমিশনের নথি অনুসারে। আবেদন, অবস্থা ও সময় কল্পিত; ফি সংবাদমাধ্যম ও নির্বাচন অফিসের পাতা থেকে। / "
        "NID verification follows the Election Commission's document. Applications, statuses and times are invented; "
        "fees are from the press and pages of election offices."
    )
    outcomes: ClassVar[tuple[str, ...]] = WORKFLOW.outcomes
    turning_days: ClassVar[Mapping[str, Literal["first", "last"]]] = MappingProxyType({"distributionOn": "last"})
    untold: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "nationalId": "the number that was asked about, in its other length; a verification answers yes or no",
            "photo": "a photograph is fetched for nobody, and its address is dead after two minutes",
            "amount": "a part of the total, which is what has to agree with the published fee",
            "vat": "a part of the total, which is what has to agree with the published fee",
            "ladder": "which of its own tables the agency counted by; the plugin's table has a source of its own",
        }
    )

    register: VoterRegister
    login_endpoint: LoginEndpoint
    verification: VerificationDesk
    fees: FeeCounter
    applications: ApplicationService
    lookups: NidLookupDesk

    def open_office(self) -> None:
        """Begin with everybody registered, nobody logged in and nothing filed."""
        self.register = VoterRegister(SyntheticCitizens(self.seed))
        self.login_endpoint = LoginEndpoint(self.clock, self.ledger, self.random)
        self._photos = TemporaryLinks(self.clock, self.random, path="/partner-service/photos", life=PHOTO_LIFE)
        self.verification = VerificationDesk(self.register, self._photos, self.clock, self.ledger, self.random)
        self.fees = FeeCounter()
        self.applications = ApplicationService(self, WORKFLOW, self.fees, self.register)
        self.book = self.applications.book
        self.lookups = NidLookupDesk(self, self.register, self.book)

    def restart(self) -> None:
        """Every token is gone."""
        self.login_endpoint.tokens.revoke_all()

    def routes(self) -> Sequence[Route]:
        """Both faces, and the photographs."""
        open_to_all = {
            "POST /auth/login": self.login_endpoint.login,
            "POST /auth/logout": self.login_endpoint.logout,
            "POST /common/change-user-password": self.login_endpoint.change_password,
        }
        partner = {
            "POST /demographic/verification": self.verification.verify,
            "POST /voter/demographic/verification": self.verification.verify,
            "POST /partner-billing/get-billing-report": self.verification.billing_report,
        }
        guard = self.login_endpoint.check
        return (
            *routes_of(open_to_all, prefix=PARTNER_SERVICE, envelope=partner_envelope),
            *routes_of(partner, prefix=PARTNER_SERVICE, envelope=partner_envelope, guard=guard),
            self._photos.route(),
            *routes_of(self.applications.handlers() | self.lookups.handlers(), prefix=PREFIX, guard=guard),
        )

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """One of each service's applications, for whoever is in the register."""
        return example(service, citizen)

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """The errors that the partner service's document explains, and one that it does not promise to avoid."""
        explained = (
            ("a wrong date of birth", Refusal(400, "dateOfBirth", "is no date"), InputRejected),
            ("an expired password", Refusal(401, "authorization", "Access is denied"), CredentialsRejected),
            ("a missing agreement", Refusal(403, "SLA is not Assigned"), CredentialsRejected),
            ("a locked voter", Refusal(403, "nid", "Voter is locked"), AgencyRejected),
            ("an error with status 200", Refusal(200, "nid"), ContractViolation),
        )
        return tuple(
            ErrorAnswer(name=name, status=refusal.status, document=partner_envelope(refusal), means=means)
            for name, refusal, means in explained
        )

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the simulator is, and the one partner that it knows."""
        return {"base_url": base_url, "username": USERNAME, "password": self.login_endpoint.password}

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The alias of the synthetic citizen whom a request is about."""
        content = request.content if isinstance(request.content, dict) else {}
        identify = content.get("identify")
        numbers = [content.get("nid"), request.query.get("nid")]
        numbers += identify.values() if isinstance(identify, dict) else ()
        voters = [self.register.find(number) for number in numbers if isinstance(number, str) and is_number(number)]
        return super().markers(request) or tuple(voter.citizen.alias for voter in voters if voter is not None)
