"""The licences that the simulated BRTA has issued: one for nearly everybody in ``SyntheticCitizens``. Modelled."""

from datetime import date
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_date
from nagorik_brta.simulator.figures import DAY
from nagorik_testing import Simulator, SyntheticCitizens, content_of, day_in, text_in

_SERIAL: Final = 4
_USUAL: Final = date(2031, 6, 30)
_OTHERS: Final = MappingProxyType({"90": date(2026, 12, 31), "91": date(2025, 6, 30)})
"""By how the citizen's number begins, the last day of the licence; whoever begins with another 9 has none."""


def licence_number(alias: str) -> str:
    """The number of a synthetic citizen's licence: of the right form, with three zeros that nobody was given."""
    return f"DK000{alias[-_SERIAL:]}CL0000"


class LicenceRegister:
    """Answers whether a licence is valid; each check has a number and leaves nothing behind."""

    def __init__(self, agency: Simulator, citizens: SyntheticCitizens) -> None:
        self._agency = agency
        self._citizens = citizens

    async def check(self, request: Request) -> Response:
        """``POST /licences/check``; which of number and birth date is wrong is not told."""
        content = await content_of(request)
        last = self._find(text_in(content, "licenceNo"), day_in(content, "dob", DAY))
        today = dhaka_date(self._agency.clock.now())
        result = "NOT_FOUND" if last is None else "VALID" if last >= today else "EXPIRED"
        return JSONResponse(
            {
                "checkNo": f"DLC-{self._agency.random.getrandbits(40):010x}",
                "result": result,
                "expiresOn": f"{last:{DAY}}" if last else None,
            }
        )

    def _find(self, number: str, born: date) -> date | None:
        serial = number.removeprefix("DK000").removesuffix("CL0000")
        if licence_number(serial) != number or not (serial.isascii() and serial.isdigit()):
            return None
        if self._citizens.citizen(int(serial)).birth_date != born:
            return None
        return _OTHERS.get(serial[:2]) if serial.startswith("9") else _USUAL
