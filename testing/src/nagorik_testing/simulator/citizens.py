"""People who do not exist and look it.

Their numbers have the right form and cannot be anybody's: district code 99 stands in every NID of 13 and 17 digits
and in every birth registration number, and the codes in use end at 94 (docs/reference/agencies.md#nid-numbers); a
smart card number of theirs begins with 0099, and the serial follows. As far as is known nobody reserves mobile
numbers for fiction (docs/reference/agencies.md#phones), so theirs lie in 0130000xxxx, a block that a person would
take for a placeholder, and nothing may ever be sent there.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import ClassVar, Final, Literal

from nagorik.model.application import Applicant
from nagorik.privacy import PERSONAL, DataClass, Model
from nagorik.values import BirthRegistrationNumber, MobileNumber, Nid, NidKind, PersonName, to_bangla_digits

DISTRICT: Final = "99"
"""A district code that no district has."""

_WORDS: Final = (
    ("NOMUNA", "নমুনা"),
    ("PORIKKHA", "পরীক্ষা"),
    ("KALPONIK", "কাল্পনিক"),
    ("ONUSHILON", "অনুশীলন"),
    ("UDAHORON", "উদাহরণ"),
)
"""Sample, test, imaginary, exercise, example: no parent gave one as a name."""
_ROLES: Final[dict[str, tuple[str, str]]] = {
    "self": ("NAGORIK", "নাগরিক"),
    "father": ("PITA", "পিতা"),
    "mother": ("MATA", "মাতা"),
    "spouse": ("DOMPOTI", "দম্পতি"),
}
_SERIALS: Final = 10_000
_EARLIEST_BIRTH: Final = date(1950, 1, 1)
_BIRTH_DAYS: Final = 21_000
"""About 57 years of birth dates, so that everybody was a voter in 2026."""


class SyntheticCitizen(Model):
    """One of them; nothing about them is a secret, but everything is treated as if it were."""

    default_data_class: ClassVar[DataClass] = PERSONAL

    alias: str
    """Names them in scripts and reports, such as ``citizen-0123``."""
    name: PersonName
    father: PersonName
    mother: PersonName
    spouse: PersonName | None
    birth_date: date
    sex: Literal["female", "male", "other"]
    smart_nid: Nid
    """10 digits."""
    legacy_nid: Nid
    """13 digits."""
    full_nid: Nid
    """17 digits: the birth year and the 13."""
    birth_registration: BirthRegistrationNumber
    phone: MobileNumber

    def nid(self, kind: NidKind) -> Nid:
        """Their National ID number in one of its three forms."""
        return {"smart": self.smart_nid, "legacy": self.legacy_nid, "full": self.full_nid}[kind]

    def applicant(self, kind: NidKind = "full") -> Applicant:
        """Them as the platform's applicant."""
        return Applicant(
            name=self.name,
            birth_date=self.birth_date,
            identifiers=(self.nid(kind), self.birth_registration),
            phone=self.phone,
            sex=self.sex,
        )


class SyntheticCitizens:
    """A people of 10,000, the same for every run with the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def __len__(self) -> int:
        return _SERIALS

    def __iter__(self) -> Iterator[SyntheticCitizen]:
        return (self.citizen(serial) for serial in range(_SERIALS))

    def citizen(self, serial: int) -> SyntheticCitizen:
        """The citizen of that serial number, 0 to 9,999, whoever was asked for before.

        Raises:
            ValueError: For a number that nobody has.
        """
        if not 0 <= serial < _SERIALS:
            raise ValueError(f"citizens are numbered from 0 to {_SERIALS - 1}")
        return _citizen(self._seed, serial)


@lru_cache(maxsize=1024)
def _citizen(seed: int, serial: int) -> SyntheticCitizen:
    """They cannot be changed, and a simulator asks for the same few with each request."""
    rng = random.Random(f"citizen:{seed}:{serial}")  # noqa: S311 - reproducible on purpose
    birth_date = _EARLIEST_BIRTH + timedelta(days=rng.randrange(_BIRTH_DAYS))
    thirteen = f"{DISTRICT}100{rng.randrange(100):02d}{serial:06d}"
    return SyntheticCitizen(
        alias=f"citizen-{serial:04d}",
        name=_name("self", serial, rng),
        father=_name("father", serial, rng),
        mother=_name("mother", serial, rng),
        spouse=_name("spouse", serial, rng) if rng.random() < 0.5 else None,  # noqa: PLR2004 - every second
        birth_date=birth_date,
        sex=rng.choice(("female", "male")),
        smart_nid=Nid(value=f"00{DISTRICT}{serial:06d}"),
        legacy_nid=Nid(value=thirteen),
        full_nid=Nid(value=f"{birth_date.year}{thirteen}"),
        birth_registration=BirthRegistrationNumber(value=f"{birth_date.year}{DISTRICT}10000{serial:06d}"),
        phone=MobileNumber(e164=f"+880130000{serial:04d}"),
    )


def _name(role: str, serial: int, rng: random.Random) -> PersonName:
    english, bangla = rng.choice(_WORDS)
    role_english, role_bangla = _ROLES[role]
    return PersonName(
        en=f"{english} {role_english} {serial}", bn=f"{bangla} {role_bangla} {to_bangla_digits(str(serial))}"
    )
