"""The portal's interface for applications: modelled, not BRTA's own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_date, dhaka_time, to_bangla_digits
from nagorik_brta.simulator.figures import DAY, KINDS, SERVICES, VEHICLES, price
from nagorik_testing import (
    ApplicationBook,
    Case,
    Refusal,
    Simulator,
    SlotBoard,
    amount_in,
    choice_in,
    content_of,
    day_in,
    rows_in,
    specimen_pdf,
    text_in,
)
from nagorik_toolkit import age_on, years_after

PREFIX: Final = "/sim/brta/bsp/api"
MINUTE: Final = "%d-%m-%Y %H:%M"
SLOT_LENGTH: Final = timedelta(hours=1)
SESSION_LIFE: Final = timedelta(minutes=10)
ADULT: Final = {"NON_PROFESSIONAL": 18, "PROFESSIONAL": 21}
FREE_AFTER: Final = 10
"""Years after its registration from which a motorcycle's tax token is free."""
TEST, INSPECTION = "TEST", "INSPECTION"
PLACES: Final = {TEST: ("Test ground, simulated", "পরীক্ষার মাঠ (কল্পিত)")} | {
    INSPECTION: ("Inspection yard, simulated", "পরিদর্শন কেন্দ্র (কল্পিত)")
}

_ISSUED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("LEARNER_ISSUED", "TEST_SCHEDULED", "TEST_MISSED", "BIOMETRIC_DONE", "TEST_FAILED"), ("LEARNER",)
    ),
    "TEST_PASSED": ("LEARNER", "TEST_RESULT"),
    "E_LICENCE_ISSUED": ("E_LICENCE",),
    "CARD_PRINTING": ("E_LICENCE",),
    **dict.fromkeys(("DISPATCHED", "RETURNED"), ("E_LICENCE", "SMART_CARD")),
    "REGISTERED": ("ACKNOWLEDGEMENT",),
    "PLATE_READY": ("ACKNOWLEDGEMENT", "PLATE"),
    "TRANSFERRED": ("TRANSFER_SLIP",),
    "CERTIFICATE_READY": ("TRANSFER_SLIP", "CERTIFICATE"),
    "TOKEN_ISSUED": ("TAX_TOKEN",),
    "CERTIFICATE_ISSUED": ("FITNESS",),
}
_COLLECTED: Final = MappingProxyType(
    {"REGISTRATION": ("ACKNOWLEDGEMENT", "PLATE"), "TRANSFER": ("TRANSFER_SLIP", "CERTIFICATE")}
)
"""What is in the owner's hands at last; of all other services a card."""
_PAPERS: Final = MappingProxyType(
    {
        "DUPLICATE": ("licenceNo", "generalDiary"),
        "REGISTRATION": ("chassisNo",),
        "TRANSFER": ("registrationNo", "acquiredBy", "office"),
    }
)
"""What a person names for services that ask for no kind of licence."""
_TO_DOWNLOAD: Final = frozenset({"LEARNER", "E_LICENCE", "ACKNOWLEDGEMENT", "TRANSFER_SLIP", "TAX_TOKEN", "FITNESS"})


@dataclass(slots=True, repr=False)
class CaseDetails:
    """What the portal keeps of an application."""

    service: str
    content: dict[str, Any]
    birth_date: date | None
    kind: str | None


def learner_number(case: Case[CaseDetails]) -> str | None:
    """The number of the learner's licence that an application is about."""
    return f"LL-{case.number.removeprefix('BSP-')}" if case.details.service == "LEARNER" else None


class Portal:
    """The handlers. Nothing is deduplicated: whoever files twice has filed two."""

    def __init__(self, agency: Simulator, book: ApplicationBook[CaseDetails], board: SlotBoard) -> None:
        self._agency = agency
        self._book = book
        self._board = board
        self._sessions: dict[str, tuple[datetime, str]] = {}

    @property
    def _today(self) -> date:
        return dhaka_date(self._agency.clock.now())

    async def quote(self, request: Request) -> Response:
        """``GET /fees/quote``: the calculator, as of today."""
        asked = dict(request.query_params)
        return JSONResponse({"total": price(choice_in(asked, "service", SERVICES), asked, self._today).plain()})

    async def file(self, request: Request) -> Response:
        """``POST /applications``."""
        content = await content_of(request)
        filed = self._read(content)
        free = () if price(filed.service, content, self._today).poisha else ("FREE",)
        card = ("CARD",) if filed.service in {"SMART_CARD", "RENEWAL", "DUPLICATE"} else ()
        case = self._book.file(
            filed,
            client_reference=text_in(content, "clientReference"),
            idempotency_key=request.headers.get("idempotency-key"),
            traits=(filed.service, *card, *free),
            content=cast("JsonValue", content),
        )
        return JSONResponse(self._standing(self._book.get(case.number)), status_code=201)

    async def search(self, request: Request) -> Response:
        """``GET /applications?clientReference=``."""
        found, complete = self._book.search(text_in(dict(request.query_params), "clientReference"))
        return JSONResponse({"items": [self._standing(case) for case in found], "complete": complete})

    async def status(self, request: Request) -> Response:
        """``GET /applications/{number}``."""
        return JSONResponse(self._standing(self._case(request)))

    async def pay(self, request: Request) -> Response:
        """``POST /applications/{number}/payments``; what is due is the price of the day on which it was paid."""
        case, content = self._case(request), await content_of(request)
        reference, amount, paid_on = text_in(content, "reference"), amount_in(content), day_in(content, "paidOn", DAY)
        if paid_on > self._today:
            raise Refusal(400, "paidOn", "lies in the future")
        if not any(payment.reference == reference for payment in case.payments):
            if not self._book.allows(case, "pay"):
                raise Refusal(409, "reference", "nothing is due")
            due = price(case.details.service, case.details.content, paid_on)
            self._book.pay(case, reference, amount, due=due, arrives_at=self._agency.clock.now())
            self._book.act(case, "pay")
        return JSONResponse({"verified": True})

    async def slots(self, request: Request) -> Response:
        """``GET /applications/{number}/slots?from&to``."""
        office = self._office(self._case(request))
        asked = dict(request.query_params)
        first, last = day_in(asked, "from", DAY), day_in(asked, "to", DAY)
        place, place_bn = PLACES[office]
        offered = [
            {
                "id": slot.written,
                "start": _minute(slot.begins),
                "end": _minute(slot.begins + SLOT_LENGTH),
                "free": slot.free,
            }
            for slot in self._board.free(office)
            if first <= dhaka_date(slot.begins) <= last
        ]
        return JSONResponse({"place": place, "placeBn": place_bn, "slots": offered})

    async def book(self, request: Request) -> Response:
        """``POST /applications/{number}/slots``; a slot that has gone is an answer."""
        case = self._case(request)
        office, slot_id = self._office(case), text_in(await content_of(request), "slotId")
        action = "book-test" if office == TEST else "book-inspection"
        if not self._book.allows(case, action):
            raise Refusal(409, "status", "no appointment can be taken now")
        held = self._board.held(case.number)
        try:
            slot = self._board.take(office, slot_id, case.number, client_reference=case.client_reference)
        except Refusal as gone:
            if gone.status != 409:  # noqa: PLR2004 - the board's word for full
                raise
            return JSONResponse({"booked": False, "bookingNo": None})
        if held is None or held.begins != slot.begins or case.state not in {"TEST_SCHEDULED", "INSPECTION_BOOKED"}:
            self._book.act(case, action)
            following = case.due
            if following is not None:
                case.due = following[0], slot.begins
        return JSONResponse({"booked": True, "bookingNo": f"{case.number}-{slot_id}"})

    async def document_address(self, request: Request) -> Response:
        """``GET /applications/{number}/documents/{word}``: an address with a session in it, good for ten minutes."""
        case, word = self._case(request), request.path_params["word"]
        if word not in _issued(case) or word not in _TO_DOWNLOAD:
            raise Refusal(409, "status", "nothing of the kind has been issued")
        session = f"{self._agency.random.getrandbits(128):032X}.server{self._agency.random.randrange(1, 5)}"
        ticket = f"{word.lower().replace('_', '-')};jsessionid={session}"
        self._sessions[ticket] = self._agency.clock.now() + SESSION_LIFE, case.number
        return JSONResponse({"href": f"{PREFIX}/documents/{ticket}"})

    async def document(self, request: Request) -> Response:
        """``GET /documents/{ticket}``; whose session has ended sees the login page, with status 200."""
        ends, number = self._sessions.get(request.path_params["ticket"], (None, ""))
        if ends is None or ends <= self._agency.clock.now():
            page = "<!doctype html><html><body><form action='/login'>BSP</form></body></html>"
            return Response(page, media_type="text/html")
        return Response(specimen_pdf("BRTA", number), media_type="application/pdf")

    async def notice(self, _request: Request) -> Response:
        """``GET /notice``."""
        return JSONResponse({"open": "08:00", "close": "22:00"})

    def _case(self, request: Request) -> Case[CaseDetails]:
        return self._book.get(request.path_params["number"])

    def _office(self, case: Case[CaseDetails]) -> str:
        if case.details.service == "LEARNER":
            return TEST
        if case.details.service in {"REGISTRATION", "TRANSFER", "FITNESS"}:
            return INSPECTION
        raise Refusal(409, "status", "nobody has to appear")

    def _read(self, content: dict[str, Any]) -> CaseDetails:
        service = choice_in(content, "service", SERVICES)
        text_in(content, "mobile")
        rows_in(content, "documents", "kind", "sha256")
        if service in {"TAX_TOKEN", "FITNESS"}:
            text_in(content, "registrationNo")
            _refuse_pay_for_what_is_free(content, choice_in(content, "vehicle", VEHICLES), self._today)
            return CaseDetails(service, content, None, None)
        text_in(content, "nid")
        born = day_in(content, "dob", DAY)
        if born >= self._today:
            raise Refusal(400, "dob", "is not in the past")
        if service in _PAPERS:
            for field in _PAPERS[service]:
                text_in(content, field)
            return CaseDetails(service, content, born, None)
        kind = choice_in(content, "kind", KINDS)
        if age_on(born, self._today) < ADULT[kind]:
            raise Refusal(400, "dob", f"{ADULT[kind]} years are expected")
        text_in(content, {"LEARNER": "office", "SMART_CARD": "learnerNo", "RENEWAL": "licenceNo"}[service])
        return CaseDetails(service, content, born, kind)

    def _standing(self, case: Case[CaseDetails]) -> dict[str, JsonValue]:
        return {
            "applicationNo": case.number,
            "status": case.state,
            "statusBn": case.word,
            "updatedOn": _minute(case.changed_at),
            "remarks": _remarks(case),
            "testOn": _minute(test_at) if (test_at := _test_at(case)) is not None else None,
            "sequence": len(case.history) - 1,
            "issued": list(_issued(case)),
            "learnerNo": learner_number(case),
        }


def _refuse_pay_for_what_is_free(content: dict[str, Any], vehicle: str, today: date) -> None:
    """A motorcycle's token is free ten years after its registration."""
    if vehicle != "MOTORCYCLE" or content.get("plan") == "AFTER_TEN_YEARS" or not content.get("registeredOn"):
        return
    if years_after(day_in(content, "registeredOn", DAY), FREE_AFTER) <= today:
        raise Refusal(400, "plan", "is free after ten years")


def _issued(case: Case[CaseDetails]) -> tuple[str, ...]:
    if case.state == "DELIVERED":
        return _COLLECTED.get(case.details.service, ("E_LICENCE", "SMART_CARD"))
    return _ISSUED.get(case.state, ())


def _test_at(case: Case[CaseDetails]) -> datetime | None:
    """When the test is held, while it is to come."""
    return case.due[1] if case.state in {"LEARNER_ISSUED", "TEST_SCHEDULED"} and case.due is not None else None


def _remarks(case: Case[CaseDetails]) -> str | None:
    """The roll number and the hour of the test, while it is to come; else what the office noted."""
    test_at = _test_at(case)
    if test_at is not None:
        return f"রোল {to_bangla_digits(case.number[-4:])}, সময় {to_bangla_digits(f'{dhaka_time(test_at):%H:%M}')}"
    return case.remarks or None


def _minute(instant: datetime) -> str:
    return f"{dhaka_time(instant):{MINUTE}}"
