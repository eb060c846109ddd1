"""Whose cards and clearances BMET knows: what its counters have issued, and one of each for nearly every citizen.

The citizens are those of ``SyntheticCitizens``. Modelled; each enquiry has a number and leaves nothing behind.
"""

from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_date
from nagorik_bmet.simulator.counters import Clearances, Registrations
from nagorik_bmet.simulator.figures import figures
from nagorik_testing import Simulator, SyntheticCitizen, SyntheticCitizens, choice_in, content_of, day_in, text_in
from nagorik_toolkit import years_after

SERIAL_PLACES: Final = 4
DAY: Final = timedelta(days=1)


class CardRecord(NamedTuple):
    """What BMET knows of a citizen who has applied to it elsewhere."""

    registered_on: date
    clearance: str = "READY"


_USUAL: Final = CardRecord(date(2026, 10, 1))
_OTHERS: Final = MappingProxyType(
    {
        "90": CardRecord(date(2024, 6, 1)),
        "91": CardRecord(date(2026, 10, 1), "IN_PROCESS"),
        "92": CardRecord(date(2026, 10, 1), "FINGERPRINTS_MISSING"),
    }
)
"""By how the citizen's number begins; whoever begins with another 9 is not known."""


def registration_number(citizen: SyntheticCitizen) -> str:
    """Of the registration card: a number of the right form, with the citizen's own at its end."""
    return f"BM0000{citizen.alias[-SERIAL_PLACES:]}"


def clearance_number(citizen: SyntheticCitizen) -> str:
    """Of the smart card: the clearance's number, likewise."""
    return f"EC0000{citizen.alias[-SERIAL_PLACES:]}"


def passport_number(citizen: SyntheticCitizen) -> str:
    """As the simulated passport office has it."""
    return f"A0000{citizen.alias[-SERIAL_PLACES:]}"


class CardRegister:
    """Answers whether a card is valid, and how far a clearance is."""

    def __init__(self, agency: Simulator, registrations: Registrations, clearances: Clearances) -> None:
        self._agency = agency
        self._registrations = registrations
        self._clearances = clearances
        self._citizens = SyntheticCitizens(agency.seed)

    async def verify_card(self, request: Request) -> Response:
        """``POST /verifications/cards``: a registration's ends, and no end of a smart card is known."""
        content = await content_of(request)
        card = choice_in(content, "card", ("REGISTRATION", "SMART_CARD"))
        number, born = text_in(content, "cardNo"), day_in(content, "dob")
        if card == "SMART_CARD":
            return self._enquiry("VALID" if self._has_smart_card(number, born) else "NOT_FOUND", validUntil=None)
        begun = self._registered_on(number, born)
        if begun is None:
            return self._enquiry("NOT_FOUND", validUntil=None)
        until = years_after(begun, figures().registration_years) - DAY
        today = dhaka_date(self._agency.clock.now())
        return self._enquiry("VALID" if today <= until else "EXPIRED", validUntil=until.isoformat())

    async def verify_clearance(self, request: Request) -> Response:
        """``POST /verifications/clearances``: the latest of the passport's."""
        content = await content_of(request)
        passport, born = text_in(content, "passportNo"), day_in(content, "dob")
        filed = [
            case for case in self._clearances.book if case.details.passport == passport and case.details.born == born
        ]
        if filed:
            number = self._clearances.number(filed[-1])
            return self._enquiry("IN_PROCESS" if number is None else "READY", clearanceNo=number)
        citizen = self._citizen(passport, born)
        known = None if citizen is None or passport_number(citizen) != passport else _known(citizen)
        if citizen is None or known is None:
            return self._enquiry("NOT_FOUND", clearanceNo=None)
        number = clearance_number(citizen) if known.clearance == "READY" else None
        return self._enquiry(known.clearance, clearanceNo=number)

    def _registered_on(self, number: str, born: date) -> date | None:
        for case in self._registrations.book:
            if self._registrations.number(case) == number and case.details.born == born:
                return dhaka_date(case.changed_at)
        citizen = self._citizen(number, born)
        known = None if citizen is None or registration_number(citizen) != number else _known(citizen)
        return None if known is None else known.registered_on

    def _has_smart_card(self, number: str, born: date) -> bool:
        if any(
            self._clearances.number(case) == number and case.details.born == born for case in self._clearances.book
        ):
            return True
        citizen = self._citizen(number, born)
        known = None if citizen is None or clearance_number(citizen) != number else _known(citizen)
        return known is not None and known.clearance == "READY"

    def _citizen(self, number: str, born: date) -> SyntheticCitizen | None:
        """Whose number ends with their own, if they were born on that day."""
        serial = number[-SERIAL_PLACES:]
        if len(serial) < SERIAL_PLACES or not serial.isascii() or not serial.isdigit():
            return None
        citizen = self._citizens.citizen(int(serial))
        return citizen if citizen.birth_date == born else None

    def _enquiry(self, result: str, **more: str | None) -> JSONResponse:
        number = f"ENQ-{self._agency.random.getrandbits(40):010x}"
        return JSONResponse({"enquiryNo": number, "result": result, **more})


def _known(citizen: SyntheticCitizen) -> CardRecord | None:
    serial = citizen.alias[-SERIAL_PLACES:]
    return _OTHERS.get(serial[:2]) if serial.startswith("9") else _USUAL
