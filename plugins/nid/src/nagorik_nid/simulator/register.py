"""The voter register of a people who do not exist."""

import re
from dataclasses import dataclass
from typing import Final

from nagorik_testing import SyntheticCitizen, SyntheticCitizens

_NUMBER: Final = re.compile(r"[0-9]{10}|[0-9]{13}|[0-9]{17}")
_LEGACY: Final = 13
_SERIAL: Final = 6

ADDRESS: Final = {"division": "Nomuna Division", "district": "Nomuna District", "upozila": "Nomuna Upazila"}
"""Everybody lives in a place that does not exist; the key is spelt as in the Commission's document."""


@dataclass(slots=True)
class Voter:
    """One entry."""

    citizen: SyntheticCitizen
    locked: bool = False

    @property
    def record(self) -> dict[str, str | dict[str, str]]:
        """The entry by the partner service's names of fields; what is not known is absent."""
        citizen = self.citizen
        known = {
            "nameEn": citizen.name.en,
            "name": citizen.name.bn,
            "dateOfBirth": citizen.birth_date.isoformat(),
            "father": citizen.father.bn,
            "mother": citizen.mother.bn,
            "spouse": citizen.spouse.bn if citizen.spouse else None,
        }
        addresses = {"permanentAddress": ADDRESS, "presentAddress": ADDRESS}
        return {field: value for field, value in known.items() if value is not None} | addresses


class VoterRegister:
    """All synthetic citizens of one seed are in it, each under three numbers."""

    def __init__(self, citizens: SyntheticCitizens) -> None:
        self._citizens = citizens
        self._voters: dict[str, Voter] = {}

    def enrol(self, citizen: SyntheticCitizen) -> Voter:
        """Put somebody into the register, or find the entry that is there."""
        voter = self._voters.get(citizen.full_nid.value) or Voter(citizen)
        for number in (citizen.smart_nid, citizen.legacy_nid, citizen.full_nid):
            self._voters[number.value] = voter
        return voter

    def find(self, number: str) -> Voter | None:
        """The entry with that number of 10, 13 or 17 digits."""
        serial = int(number[-_SERIAL:])
        if number not in self._voters and serial < len(self._citizens):
            self.enrol(self._citizens.citizen(serial))
        return self._voters.get(number)

    def holder(self, number: str) -> str:
        """One name for whoever holds a number, whichever of the three it is; for a stranger, the number itself.

        Of a stranger's numbers the 17 digits and the 13 in them go together; only the Commission maps the 10.
        """
        voter = self.find(number)
        return voter.citizen.full_nid.value[-_LEGACY:] if voter else number[-_LEGACY:]


def is_number(text: str) -> bool:
    """Whether ``text`` is 10, 13 or 17 ASCII digits."""
    return _NUMBER.fullmatch(text) is not None
