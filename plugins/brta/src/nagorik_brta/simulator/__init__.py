"""The simulated Bangladesh Road Transport Authority: ``agency.toml``, its calculator, its tests and its sessions."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, dhaka_time, to_bangla_digits
from nagorik_testing import (
    AgencyCondition,
    Case,
    ClosedOutside,
    FiledContent,
    LookupRules,
    ReferenceAgency,
    Refusal,
    RouteHandler,
    VerdictAnswer,
    choice_in,
    content_of,
    day_in,
    serial_of,
    specimen_pdf,
    text_in,
)
from nagorik_toolkit import age_on, years_after

KINDS: Final = ("NON_PROFESSIONAL", "PROFESSIONAL")
ADULT: Final = MappingProxyType({"NON_PROFESSIONAL": 18, "PROFESSIONAL": 21})
FREE_AFTER: Final = 10
"""Years after its registration from which a motorcycle's tax token is free."""
LATE_FEE: Final = 518
"""For each year of lateness that has begun: docs/reference/agencies.md#brta-fees, as the next."""
GRACE: Final = timedelta(days=15)
SESSION_LIFE: Final = timedelta(minutes=10)
NOT_ON_LINE: Final = frozenset({"driving-test-result", "smart-card", "number-plate", "registration-certificate"})
TURNING_CC, TRANSFERRED_CC, TURNING_KG = 100, 125, 90
"""Where fees turn; a motorcycle's transfer has a published fee for one engine alone."""
MEANS: Final = MappingProxyType({"PASSED": True, "FAILED": False, "NOT_YET": False, "NOT_FOUND": None})


class BrtaSimulator(ReferenceAgency):
    """A model of the Service Portal, its test ground and its inspection yard; closed at night."""

    plugin_id: ClassVar[str] = "brta"
    declared_conditions: ClassVar[Sequence[AgencyCondition]] = (ClosedOutside(open="08:00", close="22:00"),)

    def open_office(self) -> None:
        """Begin with nothing filed, every appointment free and no session."""
        super().open_office()
        self._sessions: dict[str, tuple[datetime, str]] = {}

    def handlers(self) -> Mapping[str, RouteHandler]:
        """Documents in two steps, and driving tests."""
        addresses = {
            f"GET /{name}/{{reference}}/documents/{{kind}}": partial(self._document_address, name)
            for name in self.agency.collections
        }
        return {**addresses, "GET /documents/open/{ticket}": self._document, "POST /lookups/tests": self._test}

    def verdict_answers(self, service: str) -> Sequence[VerdictAnswer]:
        """Whether the test under a learner's licence was passed, which a smart card asks for."""
        if service != "brta.smart-card":
            return ()
        return [
            VerdictAnswer(name=word, document={"number": "ENQ-1", "result": word}, means=meant)
            for word, meant in MEANS.items()
        ]

    def traits(self, collection: str, content: Mapping[str, Any]) -> Sequence[str]:
        """What a vehicle is inspected for."""
        return [*super().traits(collection, content), collection]

    def check(self, collection: str, content: Mapping[str, Any]) -> None:
        """Refuse who is too young, and pay for a token that is free."""
        kind, registered = content.get("kind"), content.get("registeredOn")
        if kind is not None and age_on(day_in(content, "birthDate"), self.today) < ADULT[kind]:
            raise Refusal(400, "birthDate", f"{ADULT[kind]} years are expected")
        if collection != "tax-tokens" or content["vehicle"] != "MOTORCYCLE" or registered is None:
            return
        is_free = years_after(day_in(content, "registeredOn"), FREE_AFTER) <= self.today
        if is_free and content["plan"] != "AFTER_TEN_YEARS":
            raise Refusal(400, "plan", "is free after ten years")

    def price(self, collection: str, stage: str, content: Mapping[str, Any], on: date) -> Money:
        """By the fees of the file, for what the calculator finds; a late renewal costs more."""
        found, late = dict(content), 0
        match collection:
            case "learners":
                chosen = content.get("categories")
                found["categories"] = str(len(chosen)) if isinstance(chosen, list) else chosen
            case "renewals":
                late = _years_late(day_in(content, "expiresOn"), on)
            case "registrations":
                found["engineCc"] = "OVER_100" if _whole_in(content, "engineCc") > TURNING_CC else "UP_TO_100"
            case "transfers":
                if _whole_in(content, "engineCc") == TRANSFERRED_CC and content.get("vehicle") == "MOTORCYCLE":
                    found["vehicle"] = "MOTORCYCLE_125"
            case "tax-tokens":
                found["plan"] = _token(content)
        return super().price(collection, stage, found, on) + Money.taka(late * LATE_FEE)

    def standing(self, collection: str, case: Case[FiledContent]) -> dict[str, JsonValue]:
        """With the state for a word; while a test is to come, its day, and in the remarks roll number and hour."""
        standing = {**super().standing(collection, case), "status": case.state}
        if case.state not in {"LEARNER_ISSUED", "TEST_SCHEDULED"} or case.due is None:
            return standing
        held, place = self.boards[collection].held(case.number), self.agency.places["TEST"]
        is_chosen = case.state == "TEST_SCHEDULED"
        begins = dhaka_time(held.begins if is_chosen and held is not None else case.due[1])
        roll, hour = to_bangla_digits(case.number[-4:]), to_bangla_digits(f"{begins:%H:%M}")
        day: JsonValue = {"start": begins.isoformat(timespec="seconds"), "place": place.en, "placeBn": place.bn}
        return {**standing, "appointment": day, "remarks": f"রোল {roll}, সময় {hour}"}

    def answer(self, rules: LookupRules, number: str, born: date) -> Mapping[str, JsonValue]:
        """A licence whose last day has passed has expired."""
        answer = super().answer(rules, number, born)
        has_ended = str(answer.get("validUntil", "9999")) < self.today.isoformat()
        return {**answer, "result": "EXPIRED"} if has_ended else answer

    async def _test(self, request: Request) -> Response:
        """Whether a test was passed; which of number, birth date and kind is wrong is not told."""
        content = await content_of(request)
        number, born = text_in(content, "learnerNumber"), day_in(content, "birthDate")
        known = {"birthDate": born.isoformat(), "kind": choice_in(content, "kind", KINDS)}
        for case in self.books["learners"]:
            if number == f"LL-{serial_of(case)}" and known.items() <= case.details.items():
                results = {"TEST_PASSED": "PASSED", "TEST_FAILED": "FAILED"}
                return self.enquired({"result": results.get(case.state, "NOT_YET")}, {})
        return self.enquired(self.answer(self.agency.lookups["tests"], number, born), {})

    async def _document_address(self, collection: str, request: Request) -> Response:
        """An address with a session in it, good for ten minutes."""
        case, kind = self.books[collection].get(request.path_params["reference"]), request.path_params["kind"]
        if kind in NOT_ON_LINE or kind not in {one["kind"] for one in self.issued(collection, case)}:
            raise Refusal(409, "status", "nothing of the kind has been issued")
        session = f"{self.random.getrandbits(128):032X}.server{self.random.randrange(1, 5)}"
        ticket = f"{kind};jsessionid={session}"
        self._sessions[ticket] = self.clock.now() + SESSION_LIFE, case.number
        return JSONResponse({"href": f"{self.agency.prefix}/documents/open/{ticket}"})

    async def _document(self, request: Request) -> Response:
        """The document; once the session has ended, the login page, with status 200."""
        ends, number = self._sessions.get(request.path_params["ticket"], (None, ""))
        if ends is None or ends <= self.clock.now():
            page = "<!doctype html><html><body><form action='/login'>BSP</form></body></html>"
            return Response(page, media_type="text/html")
        return Response(specimen_pdf("BRTA", number), media_type="application/pdf")


def _years_late(expired: date, on: date) -> int:
    """Each year of lateness that has begun."""
    years = on.year - expired.year
    return 0 if on - expired <= GRACE else years + (on > years_after(expired, years))


def _token(content: Mapping[str, Any]) -> str:
    """The word for a plan and, of a motorcycle, its weight."""
    plan, vehicle = text_in(content, "plan"), text_in(content, "vehicle")
    if (vehicle == "MOTORCYCLE") == (plan == "OTHER"):
        raise Refusal(400, "plan", "is not offered for this vehicle")
    if plan not in {"TWO_YEARS", "TEN_YEARS"}:
        return vehicle if plan == "OTHER" else plan
    weight = _whole_in(content, "weightKg")
    side = "OF" if weight == TURNING_KG else "UNDER" if weight < TURNING_KG else "OVER"
    return f"{plan}_{side}_90"


def _whole_in(content: Mapping[str, Any], field: str) -> int:
    """A whole number, as JSON or as the text of a query."""
    value = content.get(field)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refusal(400, field, "a whole number is expected")
