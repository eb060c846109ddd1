"""Whose driving test is known: everybody in ``SyntheticCitizens`` has sat one, nearly all with success. Modelled."""

from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik_brta.simulator.figures import DAY, KINDS
from nagorik_brta.simulator.portal import CaseDetails, learner_number
from nagorik_testing import ApplicationBook, SyntheticCitizens, choice_in, content_of, day_in, text_in

PREFIX: Final = "SIM-LL-"
_SERIAL: Final = 4
_OTHERS: Final = MappingProxyType({"90": "FAILED", "91": "NOT_YET"})
"""By how the citizen's number begins; whoever begins with another 9 has no learner's licence."""


def number_of(alias: str) -> str:
    """The number of a synthetic citizen's learner's licence."""
    return PREFIX + alias[-_SERIAL:]


class TestRegister:
    """Answers whether a test was passed, under a number of its own or of an application in the book."""

    def __init__(self, book: ApplicationBook[CaseDetails], citizens: SyntheticCitizens) -> None:
        self._book = book
        self._citizens = citizens

    async def look_up(self, request: Request) -> Response:
        """``POST /test-results``; which of number and birth date is wrong is not told."""
        content = await content_of(request)
        number, born = text_in(content, "learnerNo"), day_in(content, "dob", DAY)
        kind = choice_in(content, "kind", KINDS)
        for case in self._book:
            if learner_number(case) == number and case.details.birth_date == born and case.details.kind == kind:
                results = {"TEST_PASSED": "PASSED", "TEST_FAILED": "FAILED"}
                return JSONResponse({"result": results.get(case.state, "NOT_YET")})
        serial = number.removeprefix(PREFIX)
        if serial == number or not (serial.isascii() and serial.isdigit() and len(serial) == _SERIAL):
            return JSONResponse({"result": "NOT_FOUND"})
        known = self._citizens.citizen(int(serial)).birth_date == born
        result = _OTHERS.get(serial[:2], "NOT_FOUND") if serial.startswith("9") else "PASSED"
        return JSONResponse({"result": result if known else "NOT_FOUND"})
