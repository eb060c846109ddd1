"""The simulated National Identity Registration Wing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik import (
    AgencyRejected,
    BirthRegistrationNumber,
    CredentialsRejected,
    InputRejected,
    Money,
    dhaka_date,
)
from nagorik_nid.simulator.envelope import partner_envelope
from nagorik_nid.simulator.fees import total_of
from nagorik_nid.simulator.login_endpoint import USERNAME, LoginEndpoint
from nagorik_nid.simulator.register import Voter, VoterRegister, is_number
from nagorik_nid.simulator.verification import VerificationDesk
from nagorik_testing import (
    Case,
    ErrorAnswer,
    ExampleApplication,
    LookupRules,
    ReadRequest,
    ReferenceAgency,
    Refusal,
    RouteHandler,
    SyntheticCitizen,
    SyntheticCitizens,
    TemporaryLinks,
    choice_in,
    content_of,
    day_in,
    routes_of,
    rows_in,
    text_in,
)
from nagorik_toolkit import wire_word

PARTNER_SERVICE: Final = "/partner-service/rest"
PHOTO_LIFE: Final = timedelta(seconds=120)
"""As the Commission's document says."""
FULL: Final = 17


class NidSimulator(ReferenceAgency):
    """Verification as the Commission's document describes it, and a model of its applications and look-ups.

    Attributes:
        register: The voters; everybody in ``SyntheticCitizens(seed)`` is one.
        login_endpoint: Tokens and the partner's password.
        verification: The partner's agreement (``sla_fields``) and its bill.
        earlier: How often who holds a number (``register.holder``) has applied, by collection and holder.
    """

    plugin_id: ClassVar[str] = "nid"

    register: VoterRegister
    login_endpoint: LoginEndpoint
    verification: VerificationDesk
    earlier: Counter[tuple[str, str]]

    def open_office(self) -> None:
        """Begin with every citizen registered, no partner logged in and nothing filed."""
        super().open_office()
        self.register = VoterRegister(SyntheticCitizens(self.seed))
        self.login_endpoint = LoginEndpoint(self.clock, self.ledger, self.random)
        self._photos = TemporaryLinks(self.clock, self.random, path="/partner-service/photos", life=PHOTO_LIFE)
        self.verification = VerificationDesk(self.register, self._photos, self.clock, self.ledger, self.random)
        self.earlier = Counter()
        self._charged: dict[tuple[str, str], Money] = {}

    def restart(self) -> None:
        """Every token is gone."""
        self.login_endpoint.tokens.revoke_all()

    def guard(self, request: Request) -> None:
        """Both faces want the partner service's token."""
        self.login_endpoint.check(request)

    def routes(self) -> Sequence[Route]:
        """Both faces, and the photographs. A price is asked for in a body, since it depends on the NID number."""
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
        return (
            *routes_of(open_to_all, prefix=PARTNER_SERVICE, envelope=partner_envelope),
            *routes_of(partner, prefix=PARTNER_SERVICE, envelope=partner_envelope, guard=self.guard),
            self._photos.route(),
            *(one for one in super().routes() if not (one.path.endswith("/prices") and "GET" in (one.methods or ()))),
        )

    def handlers(self) -> Mapping[str, RouteHandler]:
        """A price, and the look-up of a card by either number."""
        return {"POST /prices": self._price, "POST /lookups/cards": self._card}

    def facts(self, citizen: SyntheticCitizen) -> Mapping[str, JsonValue]:
        """Names, and a birth registration of a younger citizen."""
        return {
            "name": {"en": citizen.name.en, "bn": citizen.name.bn},
            "father": citizen.father.bn,
            "mother": citizen.mother.bn,
            "late_registration": f"2006{citizen.birth_registration.value[4:]}",
        }

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """As the file says it; a new voter is of the form's age, and has no NID number."""
        found = super().example(service, citizen)
        if service != "nid.new-voter":
            return found
        born, number = str(found.form["birth_date"]), str(found.form["birth_registration"])
        identifiers = (BirthRegistrationNumber.parse(number),)
        update = {"birth_date": date.fromisoformat(born), "identifiers": identifiers}
        return replace(found, applicant=found.applicant.model_copy(update=update))

    def check(self, collection: str, content: Mapping[str, Any]) -> None:
        """Refuse a number that is malformed or another citizen's, and changes that say nothing.

        Raises:
            Refusal: 400.
        """
        if collection == "corrections":
            rows_in(content, "changes", "field", "value")
        if "nid" not in self.agency.collections[collection].fields:
            return
        number, born = text_in(content, "nid"), day_in(content, "birthDate")
        if not is_number(number):
            raise Refusal(400, "nid", "10, 13 or 17 digits are expected")
        voter = self.register.find(number)
        another_year = len(number) == FULL and not number.startswith(str(born.year))
        if another_year or (voter is not None and voter.citizen.birth_date != born):
            raise Refusal(400, "birthDate", "does not match the NID number")

    def alias(self, content: Mapping[str, Any]) -> str | None:
        """The synthetic citizen whose NID number it names."""
        voter = self._voter(content.get("nid"))
        return voter.citizen.alias if voter is not None else None

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The alias of the synthetic citizen whom a request is about."""
        content = request.content if isinstance(request.content, dict) else {}
        identify = content.get("identify")
        numbers = [content.get("nid"), *(identify.values() if isinstance(identify, dict) else ())]
        voters = [voter for number in numbers if (voter := self._voter(number)) is not None]
        return super().markers(request) or tuple(voter.citizen.alias for voter in voters)

    def price(self, collection: str, stage: str, content: Mapping[str, Any], on: date) -> Money:
        """What an application costs or, once it is filed, did then. There is one stage."""
        super().price(collection, stage, content, on)
        reference, attempt = content.get("clientReference"), self._attempt(collection, content)
        total = total_of(collection, content, attempt)
        return total if reference is None else self._charged.setdefault((collection, str(reference)), total)

    def paid(self, collection: str, case: Case[dict[str, Any]], on: date) -> None:
        """The next application of the holder costs more."""
        super().paid(collection, case, on)
        self.earlier[collection, self.register.holder(case.details["nid"])] += 1

    def standing(self, collection: str, case: Case[dict[str, Any]]) -> dict[str, JsonValue]:
        """With the payment: the word for the state does not say that one is on its way."""
        waiting = any(payment.arrives_at > self.clock.now() for payment in case.payments)
        state = "PENDING" if waiting else "TAKEN" if case.payments else "UNPAID"
        return {**super().standing(collection, case), "payment": {"state": state}}

    def answer(self, rules: LookupRules, number: str, born: date) -> Mapping[str, JsonValue]:
        """An application that was filed here is found by its reference, too."""
        for book in self.books.values():
            if book.find(number) is not None and (case := book.get(number)).details["birthDate"] == born.isoformat():
                since = dhaka_date(case.changed_at).isoformat()
                return {"result": "FOUND", "status": case.word, "since": since, "remarks": case.remarks or None}
        return super().answer(rules, number, born)

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """The errors that the partner service's document explains, and those of the modelled half."""
        explained = (
            ("a wrong date of birth", Refusal(400, "dateOfBirth", "is no date"), InputRejected),
            ("an expired password", Refusal(401, "authorization", "Access is denied"), CredentialsRejected),
            ("a missing agreement", Refusal(403, "SLA is not Assigned"), CredentialsRejected),
            ("a locked voter", Refusal(403, "nid", "Voter is locked"), AgencyRejected),
        )
        return (
            *super().error_answers(),
            *(
                ErrorAnswer(name=name, status=refusal.status, document=partner_envelope(refusal), means=means)
                for name, refusal, means in explained
            ),
        )

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the simulator is, and the one partner that it knows."""
        return {"base_url": base_url, "username": USERNAME, "password": self.login_endpoint.password}

    async def _price(self, request: Request) -> Response:
        content = await content_of(request)
        services = {wire_word(kind.service.partition(".")[2]): name for name, kind in self.agency.collections.items()}
        collection = services[choice_in(content, "service", tuple(services))]
        attempt = self._attempt(collection, content)
        return JSONResponse({"attempt": attempt, "total": total_of(collection, content, attempt).plain()})

    async def _card(self, request: Request) -> Response:
        """When and where a smart card is given out; the NID number goes before the form number."""
        content, rules = await content_of(request), self.agency.lookups["cards"]
        born, nid = day_in(content, "birthDate"), text_in(content, "nid", required=False)
        if nid and not is_number(nid):
            raise Refusal(400, "nid", "10, 13 or 17 digits are expected")
        voter = self._voter(nid)
        number = rules.number.format(serial=voter.citizen.alias[-4:]) if voter is not None else nid
        return self.enquired(super().answer(rules, number or text_in(content, "formNumber"), born), {})

    def _attempt(self, collection: str, content: Mapping[str, Any]) -> int:
        """Which application of its kind it is for the holder, from 1."""
        if "nid" not in self.agency.collections[collection].fields:
            return 1
        number = text_in(content, "nid")
        if not is_number(number):
            raise Refusal(400, "nid", "10, 13 or 17 digits are expected")
        return self.earlier[collection, self.register.holder(number)] + 1

    def _voter(self, number: object) -> Voter | None:
        return self.register.find(number) if isinstance(number, str) and is_number(number) else None
