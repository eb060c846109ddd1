"""The passports that the simulated department has issued: one for nearly everybody in ``SyntheticCitizens``.

Modelled.
"""

from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_date
from nagorik_passport.simulator.cases import SERIAL_PLACES
from nagorik_passport.simulator.registrations import DAY
from nagorik_testing import Simulator, SyntheticCitizen, SyntheticCitizens, content_of, day_in, text_in


class Issued(NamedTuple):
    """What became of a passport."""

    expires_on: date
    cancelled: bool = False


_USUAL: Final = Issued(date(2031, 6, 30))
_OTHERS: Final = MappingProxyType(
    {
        "90": Issued(date(2027, 1, 31)),
        "91": Issued(date(2025, 6, 30)),
        "92": Issued(date(2031, 6, 30), cancelled=True),
    }
)
"""By how the citizen's number begins; whoever begins with another 9 has no passport."""


def passport_number(citizen: SyntheticCitizen) -> str:
    """A number of the right form that nobody has been given: a letter, four zeros and the citizen's number."""
    return f"A0000{citizen.alias[-SERIAL_PLACES:]}"


class PassportRegister:
    """Answers whether a passport is valid; each enquiry has a number and leaves nothing behind."""

    def __init__(self, agency: Simulator, citizens: SyntheticCitizens) -> None:
        self._agency = agency
        self._citizens = citizens

    async def verify(self, request: Request) -> Response:
        """``POST /passports/verification``."""
        content = await content_of(request)
        number, born = text_in(content, "passportNo"), day_in(content, "dob", DAY)
        issued = self._find(number, born)
        today = dhaka_date(self._agency.clock.now())
        if issued is None:
            result = "NOT_FOUND"
        elif issued.cancelled:
            result = "CANCELLED"
        else:
            result = "VALID" if issued.expires_on >= today else "EXPIRED"
        return JSONResponse(
            {
                "enquiryNo": f"ENQ-{self._agency.random.getrandbits(40):010x}",
                "result": result,
                "expiresOn": f"{issued.expires_on:{DAY}}" if issued else None,
            }
        )

    def _find(self, number: str, born: date) -> Issued | None:
        serial = number[-SERIAL_PLACES:]
        if not serial.isascii() or not serial.isdigit():
            return None
        citizen = self._citizens.citizen(int(serial))
        if passport_number(citizen) != number or citizen.birth_date != born:
            return None
        return _OTHERS.get(serial[:2]) if serial.startswith("9") else _USUAL
