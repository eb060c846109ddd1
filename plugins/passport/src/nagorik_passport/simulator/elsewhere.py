"""Applications that were filed without this platform: one for nearly everybody in ``SyntheticCitizens``.

Modelled. They stand as they stood when the department was opened, and go on from there as every application does.
"""

from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from nagorik import dhaka_date, dhaka_zone
from nagorik_passport.simulator.cases import SERIAL_PLACES, WORKFLOW, Application, CaseDetails, HeldAppointment
from nagorik_passport.simulator.figures import figures
from nagorik_testing import Case, PaymentTold, Simulator, SyntheticCitizen, SyntheticCitizens

_OTHERS: Final = MappingProxyType(
    {"90": "BACKEND", "91": "REWORK", "92": "READY", "93": "NAME_MISMATCH", "94": "MISSED", "95": "POLICE"}
)
"""Where it stands, by how the citizen's number begins; whoever begins with another 9 has filed nothing."""
_USUAL: Final = "APPOINTMENT"
_AHEAD: Final = timedelta(days=10)
"""How far ahead the appointment lies at least; it is on a Sunday."""
_OFFICE: Final = "AGARGAON"
_HOUR: Final = time(10)
_SUNDAY: Final = 6


def registration_id(citizen: SyntheticCitizen) -> str:
    """The Online Registration ID of what a citizen filed elsewhere: zeros and the citizen's number."""
    return f"OID000000{citizen.alias[-SERIAL_PLACES:]}"


def application_id(citizen: SyntheticCitizen) -> str:
    """The Application ID of the same, as on a delivery slip; its shape is unverified."""
    return f"4000-00000{citizen.alias[-SERIAL_PLACES:]}"


class PortalApplications:
    """The applications, each made when it is first asked for; asking leaves nothing in the ledger."""

    def __init__(self, agency: Simulator, citizens: SyntheticCitizens) -> None:
        self._agency = agency
        self._citizens = citizens
        self._opened_at = agency.clock.now()
        self._cases: dict[str, Application] = {}

    def find(self, number: str) -> Application | None:
        """The application that either of its numbers, or that of its appointment, names, as it stands now."""
        serial = number[-SERIAL_PLACES:]
        if not (serial.isascii() and serial.isdigit()):
            return None
        citizen = self._citizens.citizen(int(serial))
        if number not in {registration_id(citizen), application_id(citizen), _appointment_number(citizen)}:
            return None
        state = _OTHERS.get(serial[:2]) if serial.startswith("9") else _USUAL
        if state is None:
            return None
        case = self._cases.get(serial) or self._made(citizen, state)
        self._cases[serial] = case
        case.catch_up(self._agency.clock.now())
        return case

    def _made(self, citizen: SyntheticCitizen, state: str) -> Application:
        number, office = registration_id(citizen), figures().offices[_OFFICE]
        begins = _appointed_at(dhaka_date(self._opened_at))
        details = CaseDetails(
            name=citizen.name.en or "",
            birth_date=citizen.birth_date,
            fee=figures().fee(48, 5, "REGULAR", staff=False),
            office=_OFFICE,
            office_name=office.en,
            at_mission=False,
            other_spelling=False,
            traits=frozenset({"BUSY", "REGULAR"}),
        )
        case = Case(
            number=number,
            details=details,
            workflow=WORKFLOW,
            client_reference=None,
            alias=citizen.alias,
            traits=details.traits,
            filed_at=self._opened_at,
            scenario=lambda: self._agency.script.scenario(citizen.alias),
        )
        case.payments.append(PaymentTold(f"CHALLAN-{citizen.alias}", details.fee, self._opened_at))
        case.enter(state, self._opened_at)
        if state == _USUAL:
            details.appointment = HeldAppointment(_appointment_number(citizen), begins)
            case.due = (case.due[0] if case.due else "ENROLMENT", begins)
        return case


def _appointment_number(citizen: SyntheticCitizen) -> str:
    return f"APT-{citizen.alias[-SERIAL_PLACES:]}"


def _appointed_at(opened: date) -> datetime:
    """Ten o'clock of the first Sunday that lies far enough ahead."""
    day = opened + _AHEAD
    return datetime.combine(day + timedelta(days=(_SUNDAY - day.weekday()) % 7), _HOUR, dhaka_zone())
