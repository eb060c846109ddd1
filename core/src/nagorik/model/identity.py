"""Who applies."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from nagorik.bangladesh import BirthRegistrationNumber, Identifier, MobileNumber, Nid, PersonName
from nagorik.privacy import PERSONAL, DataClass, Model


class Applicant(Model):
    """The citizen an application is for, as far as the host knows them. Everything in it is personal."""

    default_data_class: ClassVar[DataClass] = PERSONAL

    name: PersonName
    """As on the identity document: neither split nor re-cased."""
    birth_date: date
    """As on the identity document."""
    identifiers: tuple[Identifier, ...] = Field(default=(), max_length=8)
    """Identifiers, each with its type; at most one of a type is used, the first."""
    phone: MobileNumber | None = None
    """Where the agency's one-time passwords go; shared phones are common."""
    sex: Literal["female", "male", "other"] | None = None
    """As on the identity document, where a service asks for it."""

    @property
    def nid(self) -> Nid | None:
        """The first National ID number, if any."""
        return next((item for item in self.identifiers if isinstance(item, Nid)), None)

    @property
    def birth_registration(self) -> BirthRegistrationNumber | None:
        """The first birth registration number, if any."""
        return next((item for item in self.identifiers if isinstance(item, BirthRegistrationNumber)), None)
