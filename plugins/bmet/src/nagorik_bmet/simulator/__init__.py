"""The simulated Bureau of Manpower, Employment and Training: ``agency.toml``, and its look-ups of cards."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from nagorik import dhaka_date
from nagorik_testing import (
    Case,
    ReferenceAgency,
    RouteHandler,
    SyntheticCitizen,
    choice_in,
    content_of,
    day_in,
    text_in,
)
from nagorik_toolkit import years_after

REGISTRATION_YEARS: Final = 2
"""docs/reference/agencies.md#bmet-conditions."""
USUAL: Final = (date(2026, 10, 1), "READY")
OTHERS: Final[Mapping[str, tuple[date, str]]] = {
    "90": (date(2024, 6, 1), "READY"),
    "91": (date(2026, 10, 1), "IN_PROCESS"),
    "92": (date(2026, 10, 1), "FINGERPRINTS_MISSING"),
}
"""Day of registration and clearance, by how the citizen's number begins; another 9 is not known."""


class BmetSimulator(ReferenceAgency):
    """A model of BMET and of the training centres. A look-up knows what was issued here, and synthetic citizens."""

    plugin_id: ClassVar[str] = "bmet"

    def facts(self, citizen: SyntheticCitizen) -> Mapping[str, JsonValue]:
        """The passport's number as the simulated passport office has it."""
        return {"passport": f"A0000{citizen.alias[-4:]}"}

    def handlers(self) -> Mapping[str, RouteHandler]:
        """The look-ups."""
        return {"POST /lookups/cards": self._card, "POST /lookups/clearances": self._clearance}

    async def _card(self, request: Request) -> Response:
        """A registration card ends; no end of a smart card is known."""
        content = await content_of(request)
        card = choice_in(content, "card", ("REGISTRATION", "SMART_CARD"))
        number, born = text_in(content, "cardNumber"), day_in(content, "birthDate")
        if card == "SMART_CARD":
            known = self._case("clearances", "issued", number, born) is not None
            known = known or self._known(number, "EC", born)[1] == "READY"
            return self.enquired({"result": "VALID" if known else "NOT_FOUND"}, {})
        case = self._case("registrations", "issued", number, born)
        begun = dhaka_date(case.changed_at) if case is not None else self._known(number, "BM", born)[0]
        if begun is None:
            return self.enquired({"result": "NOT_FOUND"}, {})
        until = years_after(begun, REGISTRATION_YEARS) - timedelta(days=1)
        result = "VALID" if self.today <= until else "EXPIRED"
        return self.enquired({"result": result, "validUntil": until.isoformat()}, {})

    async def _clearance(self, request: Request) -> Response:
        """The latest clearance of a passport."""
        content = await content_of(request)
        passport, born = text_in(content, "passportNo"), day_in(content, "birthDate")
        case = self._case("clearances", "passportNo", passport, born)
        result, numbers = self._known(passport, "A", born)[1], [f"EC0000{passport[-4:]}"]
        if case is not None:
            numbers = [one["number"] for one in self.issued("clearances", case)]
            result = "READY" if numbers else "IN_PROCESS"
        more: dict[str, JsonValue] = {"issued": numbers[0]} if result == "READY" else {}
        return self.enquired({"result": result or "NOT_FOUND", **more}, {})

    def _case(self, collection: str, named: str, number: str, born: date) -> Case[dict[str, Any]] | None:
        """The latest application that names a number, or under which it was issued."""
        found = None
        for case in self.books[collection]:
            numbers = {one["number"] for one in self.issued(collection, case)}
            held = number in numbers if named == "issued" else case.details.get(named) == number
            if held and case.details["birthDate"] == born.isoformat():
                found = case
        return found

    def _known(self, number: str, prefix: str, born: date) -> tuple[date, str] | tuple[None, None]:
        """What is known of a synthetic citizen, by the number that ends with the citizen's own."""
        serial = number[-4:]
        if self.citizen_of(number, born) is None or number != f"{prefix}0000{serial}":
            return None, None
        return OTHERS.get(serial[:2], (None, None)) if serial.startswith("9") else USUAL
