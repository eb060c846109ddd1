"""The simulated Department of Immigration and Passports: ``agency.toml``, and what its portal does otherwise."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, NationalDataError, dhaka_date, normalise
from nagorik_passport.simulator.elsewhere import REGISTRATIONS, PortalBook
from nagorik_testing import (
    Case,
    LookupRules,
    ReferenceAgency,
    Refusal,
    RouteHandler,
    SyntheticCitizen,
    amount_in,
    choice_in,
    content_of,
    day_in,
    serial_of,
    text_in,
)
from nagorik_toolkit import age_on

DELIVERIES: Final = ("REGULAR", "EXPRESS", "SUPER_EXPRESS")
FEES: Final = MappingProxyType(
    {
        "48-5": (4025, 6325, 8625),
        "48-10": (5750, 8050, 10350),
        "64-5": (6325, 8625, 12075),
        "64-10": (8050, 10350, 13800),
    }
)
"""Taka with VAT, by pages, years and delivery: docs/reference/agencies.md#passport-fees."""
SMALLEST, ANY_BOOKLET = "48-5", range(18, 66)
"""Of what age every booklet can be had: docs/reference/agencies.md#passport-conditions."""
POLICE_DROPPED: Final = date(2025, 2, 18)
"""From when a new application is no longer sent to the police: docs/reference/agencies.md#passport-conditions."""
BUSY: Final = MappingProxyType({"AGARGAON": ("agargaon", "আগারগাঁও"), "UTTARA": ("uttara", "উত্তরা")})
"""Offices that take people by appointment only, by words in their names. That there are such offices is known
(docs/reference/agencies.md#passport-appointments); which they are is made up."""
SPELLINGS: Final = MappingProxyType(
    {
        "Enrolment in Process": "Enrollment in Process",
        "Pending SB Police Clearance": "Pending for SB Police Clearance",
        "Pending Final Approval": "Pending for Final Approval",
        "Pending in Print Queue": "Pending for Print Queue",
    }
)
"""The portal's other spellings (docs/reference/agencies.md#passport-statuses); half of the applications meet them."""
MISMATCHES: Final = frozenset({"NAME_MISMATCH", "AMOUNT_MISMATCH", "REFERENCE_MISMATCH"})


class PassportSimulator(ReferenceAgency):
    """A model of the portal, its offices and its register of passports."""

    plugin_id: ClassVar[str] = "passport"
    book_type = PortalBook

    def facts(self, citizen: SyntheticCitizen) -> Mapping[str, JsonValue]:
        """The name in the two parts of a passport."""
        given_name, _, surname = (citizen.name.en or "").partition(" ")
        return {"given_name": given_name, "surname": surname}

    def handlers(self) -> Mapping[str, RouteHandler]:
        """The challan, and the look-up of an application."""
        payments = f"POST /{REGISTRATIONS}/{{reference}}/payments"
        return {payments: self._take_challan, "POST /lookups/applications": self._look_up_application}

    def alias(self, content: Mapping[str, Any]) -> str | None:
        """The synthetic citizen whose number it is."""
        number = str(content.get("nid") or content.get("birthRegistration"))
        one = self.citizen_of(number, day_in(content, "birthDate", self.agency.day))
        own = {one.smart_nid.value, one.full_nid.value, one.birth_registration.value} if one else ()
        return one.alias if one and number in own else None

    def traits(self, collection: str, content: Mapping[str, Any]) -> Sequence[str]:
        """Where, how fast, and whether the police are asked."""
        marks = {
            "MISSION": content["place"] == "MISSION",
            "BUSY": _busy_office(content) is not None,
            "POLICE": content["kind"] == "NEW" and self.today < POLICE_DROPPED,
        }
        return [*super().traits(collection, content), *(mark for mark, holds in marks.items() if holds)]

    def check(self, collection: str, content: Mapping[str, Any]) -> None:
        """Refuse a booklet that is not for this age, a delivery that is not offered, and who has no number.

        Raises:
            Refusal: An application is not taken.
        """
        self.price(collection, "application", content, self.today)
        if not (content.get("nid") or content.get("birthRegistration")):
            raise Refusal(422, "nid", "a number is expected")
        age = age_on(day_in(content, "birthDate", self.agency.day), self.today)
        if _booklet(content) != SMALLEST and age not in ANY_BOOKLET:
            raise Refusal(422, "validityYears", "only 48 pages for 5 years")
        not_offered = content["place"] == "MISSION" or content.get("permanentAddressChanged") is True
        if content["delivery"] == "SUPER_EXPRESS" and not_offered:
            raise Refusal(422, "delivery", "super express is not offered for this")

    def price(self, collection: str, stage: str, content: Mapping[str, Any], on: date) -> Money:
        """Government staff pay what the next slower delivery does.

        Raises:
            Refusal: There is no such booklet, delivery or stage.
        """
        super().price(collection, stage, content, on)
        place = DELIVERIES.index(choice_in(content, "delivery", DELIVERIES))
        if _booklet(content) not in FEES:
            raise Refusal(422, "pages", "48 or 64 pages for 5 or 10 years are expected")
        return Money.taka(FEES[_booklet(content)][max(0, place - 1) if content.get("staff") == "NOC_PRL" else place])

    def place_of(self, collection: str, case: Case[dict[str, Any]]) -> str:
        """Code of the busy office that is meant; another takes people as they come."""
        return _busy_office(case.details) or super().place_of(collection, case)

    def standing(self, collection: str, case: Case[dict[str, Any]]) -> dict[str, JsonValue]:
        """With the payment, the enrolment and, for half of the applications, the portal's other spelling."""
        shown, enrolled = super().standing(collection, case), _enrolled_at(case)
        if case.client_reference is not None and int(serial_of(case)) % 2:
            shown["status"] = SPELLINGS.get(case.word, case.word)
        shown["payment"], shown["atMission"] = _payment(case), case.details["place"] == "MISSION"
        shown["enrolledOn"] = f"{dhaka_date(enrolled):{self.agency.day}}" if enrolled else None
        return shown

    def answer(self, rules: LookupRules, number: str, born: date) -> Mapping[str, JsonValue]:
        """A passport is valid to its last day."""
        known = super().answer(rules, number, born)
        ended = known["result"] == "VALID" and day_in(known, "validUntil", self.agency.day) < self.today
        return {**known, "result": "EXPIRED"} if ended else known

    async def _look_up_application(self, request: Request) -> Response:
        """By any of its numbers, for who knows the date of birth; which of the two is wrong is not said."""
        content, found = await content_of(request), None
        number, born = text_in(content, "applicationNo"), text_in(content, "birthDate")
        with suppress(Refusal):
            case = self.books[REGISTRATIONS].get(number)
            if case.details["birthDate"] == born:
                found = self.standing(REGISTRATIONS, case)
        return JSONResponse({"application": found})

    async def _take_challan(self, request: Request) -> Response:
        """A challan is taken at once and compared with the treasury's book later."""
        book, content = self.books[REGISTRATIONS], await content_of(request)
        case = book.get(request.path_params["reference"])
        reference, amount, payer = text_in(content, "reference"), amount_in(content), content.get("payer")
        day_in(content, "paidOn", self.agency.day)
        if all(payment.reference != reference for payment in case.payments):
            if case.details["place"] == "MISSION" or not book.allows(case, "challan"):
                raise Refusal(409, "reference", "nothing is due here")
            book.pay(case, reference, amount, due=amount, arrives_at=self.clock.now())
            case.traits = (case.traits - MISMATCHES) | self._findings(case, amount, payer)
            book.act(case, "challan")
            if case.due is not None:
                # The department holds the money once it has found it in the treasury's book.
                case.payments[-1] = replace(case.payments[-1], arrives_at=case.due[1])
        return JSONResponse(_payment(case))

    def _findings(self, case: Case[dict[str, Any]], amount: Money, payer: object) -> frozenset[str]:
        """What the treasury's book shows to be wrong.

        That is what the script says of the first challan under ``treasury``, such as ``NAME_MISMATCH`` where the bank
        wrote another name than the payer's; else what differs in what the portal is sent.
        """
        scripted = case.scenario().values.get("treasury")
        if scripted in MISMATCHES and len(case.payments) == 1:
            return frozenset({scripted})
        if amount != self.price(REGISTRATIONS, "application", case.details, self.today):
            return frozenset({"AMOUNT_MISMATCH"})
        name = " ".join(filter(None, (case.details.get("givenName"), case.details["surname"])))
        return frozenset() if _same_letters(payer, name) else frozenset({"NAME_MISMATCH"})


def _booklet(content: Mapping[str, Any]) -> str:
    return f"{content.get('pages')}-{content.get('validityYears')}"


def _busy_office(content: Mapping[str, Any]) -> str | None:
    office = str(content["office"]).casefold() if content["place"] == "BANGLADESH" else ""
    return next((code for code, words in BUSY.items() if any(word in office for word in words)), None)


def _payment(case: Case[dict[str, Any]]) -> dict[str, JsonValue] | None:
    """What has become of the latest challan; a mission takes its fee itself."""
    if case.details["place"] == "MISSION":
        return None
    if case.state in MISMATCHES:
        return {"state": "MISMATCH", "reason": case.state.removesuffix("_MISMATCH")}
    return {"state": "UNPAID" if not case.payments else "PENDING" if case.state == "VERIFYING" else "TAKEN"}


def _enrolled_at(case: Case[dict[str, Any]]) -> datetime | None:
    """When the applicant was at the office, the last time."""
    return next((entry.at for entry in reversed(case.history) if entry.state == "ENROLMENT"), None)


def _same_letters(payer: object, name: str) -> bool:
    """Letter by letter, but for capitals and blanks."""
    if not isinstance(payer, str):
        return False
    try:
        return normalise(payer).casefold() == normalise(name).casefold()
    except NationalDataError:
        return False
