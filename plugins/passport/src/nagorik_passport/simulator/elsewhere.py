"""The portal's applications, with those that were filed without this platform: one of nearly every synthetic citizen.

Modelled. They stand as they stood when the department was opened, and go on from there as every application does.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final

from nagorik import dhaka_date, dhaka_zone
from nagorik_testing import (
    ApplicationBook,
    Case,
    PaymentTold,
    ReferenceAgency,
    SyntheticCitizen,
    SyntheticCitizens,
    Workflow,
)

REGISTRATIONS: Final = "registrations"
USUAL: Final = "APPOINTMENT"
OTHERS: Final = MappingProxyType(
    {"90": "BACKEND", "91": "REWORK", "92": "READY", "93": "NAME_MISMATCH", "94": "MISSED", "95": "POLICE"}
)
"""Where it stands, by how the citizen's number begins; who begins with another 9 has filed nothing."""
AHEAD: Final = timedelta(days=10)
"""How far ahead the appointment lies at least; it is on a Sunday at ten."""
OFFICE, HOUR, SUNDAY = "AGARGAON", time(10), 6
OTHER_NUMBERS: Final = re.compile("^(?:4000|APT)-")
"""What the Application ID and the number of the appointment have before the digits of the Online Registration ID."""


class PortalBook(ApplicationBook[dict[str, Any]]):
    """Finds an application by any of its numbers. One that was filed elsewhere is made when it is first asked for."""

    def __init__(self, agency: ReferenceAgency, workflow: Workflow, **options: Any) -> None:
        """Open it, with the options of every book."""
        super().__init__(agency, workflow, **options)
        self._portal, self._opened_at = agency, agency.clock.now()
        self._elsewhere: dict[str, Case[dict[str, Any]]] = {}

    def get(self, number: str) -> Case[dict[str, Any]]:
        """An application as it stands now.

        Raises:
            Refusal: 404.
        """
        number = OTHER_NUMBERS.sub("OID", number)
        serial = number.removeprefix("OID000000")
        state = OTHERS.get(serial[:2]) if serial.startswith("9") else USUAL
        if state is None or not re.fullmatch("[0-9]{4}", serial):
            return super().get(number)
        if number not in self._elsewhere:
            self._elsewhere[number] = self._made(
                SyntheticCitizens(self._portal.seed).citizen(int(serial)), number, state
            )
        case = self._elsewhere[number]
        case.catch_up(self._portal.clock.now())
        return case

    def _made(self, citizen: SyntheticCitizen, number: str, state: str) -> Case[dict[str, Any]]:
        """It leaves nothing in the ledger."""
        details: dict[str, Any] = {
            "kind": "REISSUE",
            "surname": citizen.name.en,
            "birthDate": f"{citizen.birth_date:{self._portal.agency.day}}",
            "pages": 48,
            "validityYears": 5,
            "delivery": "REGULAR",
            "place": "BANGLADESH",
            "office": OFFICE,
        }
        case = Case(
            number=number,
            details=details,
            workflow=self.workflow,
            client_reference=None,
            alias=citizen.alias,
            traits=frozenset(self._portal.traits(REGISTRATIONS, details)),
            filed_at=self._opened_at,
            scenario=lambda: self._portal.script.scenario(citizen.alias),
        )
        fee = self._portal.price(REGISTRATIONS, "application", details, self._portal.today)
        case.payments.append(PaymentTold(f"CHALLAN-{citizen.alias}", fee, self._opened_at))
        case.enter(state, self._opened_at)
        if state == USUAL and case.due is not None:
            slots, begins = self._portal.agency.collections[REGISTRATIONS].slots, _appointed_at(self._opened_at)
            self._portal.boards[REGISTRATIONS].hold(OFFICE, begins, number)
            case.due = (case.due[0], begins + slots.length if slots else begins)
        return case


def _appointed_at(opened: datetime) -> datetime:
    """Ten o'clock of the first Sunday that lies far enough ahead."""
    day: date = dhaka_date(opened) + AHEAD
    return datetime.combine(day + timedelta(days=(SUNDAY - day.weekday()) % 7), HOUR, dhaka_zone()).astimezone(UTC)
