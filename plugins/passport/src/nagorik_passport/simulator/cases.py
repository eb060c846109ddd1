"""What the simulated portal keeps of an application, filed through this platform or elsewhere."""

from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Final, NamedTuple

from nagorik import Money
from nagorik_testing import Case, Workflow

WORKFLOW: Final = Workflow.read(files("nagorik_passport.simulator") / "workflow.toml")
SERIAL_PLACES: Final = 4
"""Digits of a synthetic citizen's number, with which all that is theirs ends."""


class HeldAppointment(NamedTuple):
    """An appointment for photograph and fingerprints."""

    number: str
    begins: datetime
    client_reference: str | None = None
    """Under which it was booked, where the portal was told."""


@dataclass(slots=True, repr=False)
class CaseDetails:
    """What the portal keeps of an application."""

    name: str
    birth_date: date
    fee: Money
    office: str | None
    """The code of the office, where it is one that takes people by appointment."""
    office_name: str
    at_mission: bool
    other_spelling: bool
    traits: frozenset[str]
    """What its course depends on, whatever is found of a challan."""
    appointment: HeldAppointment | None = None
    """The one that it has, or had last."""


Application = Case[CaseDetails]
