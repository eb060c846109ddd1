"""How an application stands that was filed elsewhere, and when a smart card is given out: modelled.

The keys and the two answers about a card are those of the Commission's site and of its SMS service, as public pages
tell of them (docs/reference/agencies.md#nid-lookups); the interface is not.
"""

from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_date, dhaka_time
from nagorik_nid.simulator.application_service import CaseDetails
from nagorik_nid.simulator.envelope import trimmed_content_of
from nagorik_nid.simulator.register import VoterRegister, is_number
from nagorik_testing import (
    ApplicationBook,
    Refusal,
    RouteHandler,
    Simulator,
    SyntheticCitizen,
    SyntheticCitizens,
    day_in,
    text_in,
)

PLACE: Final = "নমুনা উপজেলা পরিষদ মিলনায়তন"
"""Where everybody's smart card is given out; there is no such place."""

_SERIAL: Final = 4
_PREFIX: Final = "000000"


class FiledElsewhere(NamedTuple):
    """How a form stands that was filled in at an office."""

    status: str
    remarks: str | None = None


_USUAL: Final = FiledElsewhere("DOCUMENT_REVIEW")
_OTHERS: Final = MappingProxyType(
    {
        "90": FiledElsewhere("READY_TO_DOWNLOAD"),
        "91": FiledElsewhere("REJECTED", "জমা দেওয়া কাগজপত্রে আবেদনের সত্যতা প্রমাণিত হয় না"),
        "92": FiledElsewhere("ADDITIONAL_DOCS", "এসএসসি সনদ বা জন্ম নিবন্ধন সনদের কপি সংযুক্ত করুন"),
        "93": FiledElsewhere("HEARING"),
    }
)
"""By how the citizen's number begins; whoever begins with another 9 has filed nothing elsewhere."""
_DISTRIBUTION: Final = MappingProxyType({"90": timedelta(days=-30), "91": None})
"""When, from the day of the question, whose smart card is given out; ``None`` where no date is set."""
_IN_A_MONTH: Final = timedelta(days=30)


def form_number(citizen: SyntheticCitizen) -> str:
    """The number on the citizen's slip: six zeros and the citizen's own four digits."""
    return _PREFIX + citizen.alias[-_SERIAL:]


class NidLookupDesk:
    """Answers look-ups; each has a number and leaves nothing behind."""

    def __init__(self, agency: Simulator, register: VoterRegister, book: ApplicationBook[CaseDetails]) -> None:
        self._agency = agency
        self._register = register
        self._book = book
        self._citizens = SyntheticCitizens(agency.seed)
        self._moved_at = agency.clock.now() - timedelta(days=10)

    def handlers(self) -> dict[str, RouteHandler]:
        """By method and path."""
        return {"POST /lookups/application": self.application, "POST /lookups/card": self.card}

    async def application(self, request: Request) -> Response:
        """How the application with a form number stands, filed here or elsewhere."""
        content = await trimmed_content_of(request)
        number, born = text_in(content, "formNumber"), day_in(content, "dob")
        found = self._filed_here(number, born) or self._filed_elsewhere(number, born)
        return self._answer({"result": "NOT_FOUND"} if found is None else {"result": "FOUND", **found})

    async def card(self, request: Request) -> Response:
        """When and where the smart card is given out of whoever has an NID number, or a form number."""
        content = await trimmed_content_of(request)
        born, nid = day_in(content, "dob"), text_in(content, "nid", required=False)
        if nid and not is_number(nid):
            raise Refusal(400, "nid", "10, 13 or 17 digits are expected")
        voter = self._register.find(nid) if nid else None
        citizen = voter.citizen if voter else None if nid else self._by_form(text_in(content, "formNumber"), born)
        if citizen is None or citizen.birth_date != born:
            return self._answer({"result": "NOT_FOUND"})
        wait = _DISTRIBUTION.get(_beginning(citizen), _IN_A_MONTH)
        if wait is None:
            return self._answer({"result": "NOT_SCHEDULED"})
        day = dhaka_date(self._agency.clock.now()) + wait
        return self._answer({"result": "SCHEDULED", "distributionOn": day.isoformat(), "place": PLACE})

    def _filed_here(self, number: str, born: date) -> dict[str, JsonValue] | None:
        try:
            case = self._book.get(number)
        except Refusal:
            return None
        if case.details.filing.birth_date != born:
            return None
        return _standing(case.state, case.remarks, f"{dhaka_time(case.changed_at):%d/%m/%Y %H:%M}")

    def _filed_elsewhere(self, number: str, born: date) -> dict[str, JsonValue] | None:
        citizen = self._by_form(number, born)
        if citizen is None:
            return None
        beginning = _beginning(citizen)
        found = _OTHERS.get(beginning) if beginning.startswith("9") else _USUAL
        if found is None:
            return None
        return _standing(found.status, found.remarks, f"{dhaka_time(self._moved_at):%d/%m/%Y %H:%M}")

    def _by_form(self, number: str, born: date) -> SyntheticCitizen | None:
        serial = number.removeprefix(_PREFIX)
        if not number.startswith(_PREFIX) or len(serial) != _SERIAL or not (serial.isascii() and serial.isdigit()):
            return None
        citizen = self._citizens.citizen(int(serial))
        return citizen if citizen.birth_date == born else None

    def _answer(self, answer: dict[str, JsonValue]) -> Response:
        return JSONResponse({"lookupNo": f"LKP-{self._agency.random.getrandbits(40):010x}", **answer})


def _beginning(citizen: SyntheticCitizen) -> str:
    return citizen.alias[-_SERIAL:][:2]


def _standing(status: str, remarks: str | None, changed_at: str) -> dict[str, JsonValue]:
    return {"status": status, "updatedAt": changed_at, "remarks": remarks}
