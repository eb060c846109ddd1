"""The portal's interface for applications: modelled, not the department's own."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, NationalDataError, dhaka_date, dhaka_time, normalise
from nagorik_passport.simulator.cases import SERIAL_PLACES, Application, CaseDetails, HeldAppointment
from nagorik_passport.simulator.elsewhere import PortalApplications
from nagorik_passport.simulator.figures import DELIVERIES, figures
from nagorik_testing import (
    ApplicationBook,
    Refusal,
    Simulator,
    SlotBoard,
    SyntheticCitizens,
    amount_in,
    choice_in,
    content_of,
    day_in,
    specimen_pdf,
    text_in,
)
from nagorik_toolkit import age_on

DAY: Final = "%d/%m/%Y"
MINUTE: Final = "%d/%m/%Y %H:%M"
SLOT_LENGTH: Final = timedelta(minutes=30)
MISMATCHES: Final = ("NAME_MISMATCH", "AMOUNT_MISMATCH", "REFERENCE_MISMATCH")


class Registrations:
    """The handlers. Nothing is deduplicated: whoever files twice has filed two."""

    def __init__(
        self, agency: Simulator, book: ApplicationBook[CaseDetails], board: SlotBoard, citizens: SyntheticCitizens
    ) -> None:
        self._elsewhere = PortalApplications(agency, citizens)
        self._agency = agency
        self._book = book
        self._board = board
        self._citizens = citizens

    async def file(self, request: Request) -> Response:
        """``POST /registrations``."""
        content = await content_of(request)
        filed = self._read(content)
        case = self._book.file(
            filed,
            client_reference=text_in(content, "clientReference"),
            idempotency_key=request.headers.get("idempotency-key"),
            alias=self._alias(str(content.get("idNumber"))),
            traits=filed.traits,
            content=content,
        )
        return JSONResponse(self._standing(case), status_code=201)

    async def search(self, request: Request) -> Response:
        """``GET /registrations?clientReference=``."""
        found, complete = self._book.search(text_in(dict(request.query_params), "clientReference"))
        return JSONResponse({"items": [self._standing(case) for case in found], "complete": complete})

    async def status(self, request: Request) -> Response:
        """``GET /application-status?oid&dob``."""
        asked = dict(request.query_params)
        return JSONResponse(self._standing(self._own(text_in(asked, "oid"), asked)))

    async def look_up(self, request: Request) -> Response:
        """``POST /application-status``: by the OID or the Application ID, whoever filed the application."""
        asked = await content_of(request)
        number = text_in(asked, "applicationId", required=False) or text_in(asked, "oid")
        return JSONResponse(self._standing(self._own(number, asked)))

    async def appointment(self, request: Request) -> Response:
        """``GET /appointments/{number}?dob``: the standing of the application that it belongs to."""
        return JSONResponse(self._standing(self._own(request.path_params["number"], dict(request.query_params))))

    async def pay(self, request: Request) -> Response:
        """``POST /registrations/{oid}/payments``: a challan is taken at once and compared with the treasury later."""
        case = self._book.get(request.path_params["oid"])
        content = await content_of(request)
        number, amount, payer = text_in(content, "challanNo"), amount_in(content), content.get("payerName")
        day_in(content, "paidOn", DAY)
        if case.details.at_mission:
            raise Refusal(409, "challanNo", "the mission takes its fee itself")
        known = any(payment.reference == number for payment in case.payments)
        if not known:
            if not self._book.allows(case, "challan"):
                raise Refusal(409, "challanNo", "nothing is due")
            self._book.pay(case, number, amount, due=amount, arrives_at=self._agency.clock.now())
            case.traits = case.details.traits | self._findings(case, amount, payer)
            self._book.act(case, "challan")
            if case.due is not None:
                # The department holds the money once it has found it in the treasury's book.
                case.payments[-1] = replace(case.payments[-1], arrives_at=case.due[1])
        return JSONResponse({"verification": self._payment(case)})

    async def slots(self, request: Request) -> Response:
        """``GET /registrations/{oid}/appointments?from&to``, and ``GET /appointments/{number}/slots?from&to``."""
        case = self._named(request)
        asked = dict(request.query_params)
        first, last = day_in(asked, "from", DAY), day_in(asked, "to", DAY)
        office = case.details.office
        free = self._board.free(office) if office else []
        named = figures().offices.get(office or "")
        return JSONResponse(
            {
                "office": named.en if named else case.details.office_name,
                "officeBn": named.bn if named else case.details.office_name,
                "slots": [
                    {
                        "id": slot.written,
                        "start": _minute(slot.begins),
                        "end": _minute(slot.begins + SLOT_LENGTH),
                        "free": slot.free,
                    }
                    for slot in free
                    if first <= dhaka_date(slot.begins) <= last
                ],
            }
        )

    async def book(self, request: Request) -> Response:
        """``POST /registrations/{oid}/appointments``, ``POST /appointments/{number}``; a slot gone is an answer."""
        case = self._named(request)
        content = await content_of(request)
        slot_id, ours = text_in(content, "slotId"), text_in(content, "clientReference", required=False)
        if case.details.office is None or not self._book.allows(case, "book"):
            raise Refusal(409, "status", "no appointment can be taken now")
        try:
            slot = self._board.take(case.details.office, slot_id, case.number, client_reference=ours)
        except Refusal as gone:
            if gone.status != 409:  # noqa: PLR2004 - the board's word for full
                raise
            return JSONResponse({"booked": False, "appointmentNo": None})
        if case.state != "APPOINTMENT" or case.due is None or case.due[1] != slot.begins:
            self._book.act(case, "book")
            misses = case.scenario().outcome == "missed" and all(entry.state != "MISSED" for entry in case.history)
            case.due = ("MISSED" if misses else "ENROLMENT", slot.begins)
        held = case.details.appointment
        taken = HeldAppointment(held.number if held else self._appointment_number(), slot.begins, ours)
        case.details.appointment = taken
        return JSONResponse({"booked": True, "appointmentNo": taken.number})

    async def rework(self, request: Request) -> Response:
        """``POST /registrations/{oid}/rework``."""
        case = self._book.get(request.path_params["oid"])
        content = await content_of(request)
        self._read(content)
        return JSONResponse(self._standing(self._book.hand_in(case, "rework", content)))

    async def slip(self, request: Request) -> Response:
        """``GET /registrations/{oid}/delivery-slip?dob``."""
        case = self._own(request.path_params["oid"], dict(request.query_params))
        if not _enrolled(case):
            raise Refusal(409, "status", "not enrolled yet")
        return Response(specimen_pdf("Delivery slip", case.number), media_type="application/pdf")

    def _own(self, oid: str, asked: dict[str, str]) -> Application:
        """An application, for whoever knows the date of birth; which of the two is wrong is not told."""
        born = day_in(asked, "dob", DAY)
        case = self._find(oid)
        if case.details.birth_date != born:
            raise Refusal(404, "oid", "no such application")
        return case

    def _find(self, number: str) -> Application:
        """An application, filed elsewhere or through a platform, by a number of its own or of its appointment."""
        held = {case.details.appointment.number: case for case in self._book if case.details.appointment}
        return self._elsewhere.find(number) or held.get(number) or self._book.get(number)

    def _named(self, request: Request) -> Application:
        """The application that the path names."""
        number = request.path_params.get("number")
        return self._find(number) if number is not None else self._book.get(request.path_params["oid"])

    def _appointment_number(self) -> str:
        return f"APT-{self._agency.random.getrandbits(40):010x}"

    def _read(self, content: dict[str, Any]) -> CaseDetails:
        born, today = day_in(content, "dob", DAY), dhaka_date(self._agency.clock.now())
        pages, years = content.get("bookletPages"), content.get("validityYears")
        delivery = choice_in(content, "delivery", DELIVERIES)
        mission = choice_in(content, "place", ("BANGLADESH", "MISSION")) == "MISSION"
        office = text_in(content, "office")
        text_in(content, "idNumber")
        if pages not in {48, 64} or years not in {5, 10} or not isinstance(pages, int) or not isinstance(years, int):
            raise Refusal(422, "bookletPages", "48 or 64 pages for 5 or 10 years are expected")
        if born > today:
            raise Refusal(422, "dob", "lies in the future")
        ages = figures().ages
        if (pages, years) != (48, 5) and not ages.any_booklet_from <= age_on(born, today) <= ages.any_booklet_to:
            raise Refusal(422, "validityYears", "only 48 pages for 5 years")
        if delivery == "SUPER_EXPRESS" and (mission or content.get("permanentAddressChanged") is True):
            raise Refusal(422, "delivery", "super express is not offered for this")
        busy = None if mission else figures().office_of(office)
        police = content.get("kind") != "REISSUE" and today < figures().police.dropped_from
        marks = {"MISSION": mission, "BUSY": busy is not None, "POLICE": police, delivery: True}
        return CaseDetails(
            name=" ".join(filter(None, (text_in(content, "givenName", required=False), text_in(content, "surname")))),
            birth_date=born,
            fee=figures().fee(pages, years, delivery, staff=content.get("staff") is True),
            office=busy,
            office_name=office,
            at_mission=mission,
            other_spelling=self._agency.random.random() < 0.5,  # noqa: PLR2004 - every second
            traits=frozenset(mark for mark, holds in marks.items() if holds),
        )

    def _alias(self, number: str) -> str | None:
        """The synthetic citizen whose number it is; their serial stands at its end."""
        serial = number[-SERIAL_PLACES:]
        if not (serial.isascii() and serial.isdigit()):
            return None
        one = self._citizens.citizen(int(serial))
        numbers = (one.smart_nid.value, one.full_nid.value, one.birth_registration.value)
        return one.alias if number in numbers else None

    def _findings(self, case: Application, amount: Money, payer: object) -> frozenset[str]:
        """What the treasury's book shows to be wrong.

        Whatever the script says of the first challan under ``treasury``, such as ``NAME_MISMATCH`` where the bank
        wrote another name than the payer's; else what differs in what the portal is told.
        """
        scripted = case.scenario().values.get("treasury")
        if scripted in MISMATCHES and len(case.payments) == 1:
            return frozenset({scripted})
        if amount != case.details.fee:
            return frozenset({"AMOUNT_MISMATCH"})
        return frozenset() if _same_letters(payer, case.details.name) else frozenset({"NAME_MISMATCH"})

    def _payment(self, case: Application) -> str:
        if case.details.at_mission:
            return "AT_MISSION"
        if not case.payments:
            return "UNPAID"
        return case.state if case.state in MISMATCHES else "PENDING" if case.state == "VERIFYING" else "VERIFIED"

    def _standing(self, case: Application) -> dict[str, JsonValue]:
        word = case.word
        return {
            "oid": case.number,
            "status": figures().spellings.get(word, word) if case.details.other_spelling else word,
            "updatedOn": _minute(case.changed_at),
            "paymentStatus": self._payment(case),
            "remarks": case.remarks or None,
            "sequence": len(case.history) - 1,
            "deliverySlip": _enrolled(case) is not None,
            "enrolledOn": f"{dhaka_date(at):{DAY}}" if (at := _enrolled(case)) else None,
            "appointment": _appointment(case),
        }


def _appointment(case: Application) -> dict[str, JsonValue] | None:
    """The appointment that it has or had; one that was missed is none."""
    held = case.details.appointment
    if held is None or case.state == "MISSED":
        return None
    office = figures().offices.get(case.details.office or "")
    return {
        "appointmentNo": held.number,
        "office": office.en if office else case.details.office_name,
        "officeBn": office.bn if office else case.details.office_name,
        "start": _minute(held.begins),
        "clientReference": held.client_reference,
    }


def _enrolled(case: Application) -> datetime | None:
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


def _minute(instant: datetime) -> str:
    return f"{dhaka_time(instant):{MINUTE}}"
