"""What the simulated offices tell to whoever asks: the khatians of a mouza, and mutations filed elsewhere. Made up.

Nothing that is asked leaves anything behind but the number of the enquiry.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_date, dhaka_time
from nagorik_land.simulator.counters import SURVEYS
from nagorik_testing import (
    Refusal,
    Simulator,
    SyntheticCitizen,
    SyntheticCitizens,
    Workflow,
    choice_in,
    content_of,
    text_in,
)
from nagorik_toolkit import FiscalYear

DIVISIONS: Final = ("BARISHAL", "CHATTOGRAM", "DHAKA", "KHULNA", "MYMENSINGH", "RAJSHAHI", "RANGPUR", "SYLHET")
LAST_KHATIAN: Final = 900
"""Every mouza has khatians 1 to 900 in every survey."""
AT_MOST: Final = 50
"""Khatians that one answer holds."""
_CROWDED: Final = 60
"""Khatians that share a plot whose number is a multiple of 100."""

_STANDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "UNPAID",
        "2": "NOTICE_DUE",
        "3": "RECEIVED",
        "4": "REPORT",
        "5": "HEARING",
        "6": "APPROVED",
        "7": "DCR_DUE",
        "8": "KHATIAN_READY",
        "9": "REJECTED",
    }
)
"""How a mutation stands, by the last digit of its number; one that ends in 0 is nobody's."""


def mutation_number(citizen: SyntheticCitizen, digit: int) -> str:
    """The number of a citizen's mutation; the digit says how it stands."""
    return f"{citizen.alias[-4:]}{digit}"


class EnquiryDesk:
    """Answers the two questions."""

    def __init__(self, agency: Simulator, citizens: SyntheticCitizens, workflow: Workflow) -> None:
        self._agency = agency
        self._citizens = citizens
        self._workflow = workflow

    async def search(self, request: Request) -> Response:
        """``POST /porcha/v1/enquiries``: the khatians that fit."""
        content = await content_of(request)
        choice_in(content, "survey", SURVEYS)
        for name in ("district", "upazila", "mouza"):
            text_in(content, name)
        khatian, plot = (text_in(content, name, required=False) for name in ("khatianNo", "dagNo"))
        if not khatian and not plot:
            raise Refusal(400, "khatianNo", "this or dagNo is expected")
        found = _khatians_of(plot) if plot else range(1, LAST_KHATIAN + 1)
        if khatian:
            found = [number for number in found if str(number) == khatian]
        return self._answer(
            khatians=[{"khatianNo": str(number)} for number in found[:AT_MOST]], complete=len(found) <= AT_MOST
        )

    async def mutation(self, request: Request) -> Response:
        """``POST /mutation/v1/enquiries``: how somebody's application stands."""
        content = await content_of(request)
        choice_in(content, "division", DIVISIONS)
        number, nid = text_in(content, "applicationId"), text_in(content, "nid")
        state = self._state(number, nid)
        return self._answer(case=self._standing(number, state) if state else None)

    def _answer(self, **told: JsonValue) -> Response:
        return JSONResponse({"enquiryNo": f"LNE-{self._agency.random.getrandbits(40):010x}", **told})

    def _state(self, number: str, nid: str) -> str | None:
        written = re.fullmatch("([0-9]{4})([0-9])", number)
        if written is None:
            return None
        citizen = self._citizens.citizen(int(written[1]))
        own = nid in {citizen.full_nid.value, citizen.smart_nid.value}
        return _STANDINGS.get(written[2]) if own else None

    def _standing(self, number: str, state: str) -> dict[str, Any]:
        now = self._agency.clock.now()
        hearing = dhaka_time(now + timedelta(days=5)).replace(hour=10, minute=0)
        return {
            "status": self._workflow.states[state],
            "office": "Savar, Dhaka",
            "caseNo": f"{number}/{FiscalYear.containing(dhaka_date(now)).label}",
            "remarks": self._workflow.remarks.get(state),
            "hearing": f"{hearing:%d/%m/%Y %H:%M}" if state == "HEARING" else None,
        }


def _khatians_of(plot: str) -> list[int]:
    """Two plots to a khatian, as 1 and 2 in khatian 1; every third plot lies in the next one too."""
    if not re.fullmatch("[0-9]{1,6}", plot):
        return []
    number = int(plot)
    first = (number + 1) // 2
    shared = _CROWDED if number % 100 == 0 else 2 if number % 3 == 0 else 1
    return [khatian for khatian in range(first, first + shared) if 1 <= khatian <= LAST_KHATIAN]
