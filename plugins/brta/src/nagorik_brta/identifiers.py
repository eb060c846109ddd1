"""BRTA's numbers. Their shapes are from memory and not from a publication."""

import re
from typing import ClassVar, Final, Self

from pydantic import Field, field_validator

from nagorik.bangladesh import NationalDataError, normalise, to_ascii_digits, to_bangla_digits
from nagorik.bangladesh.value import PrivateValue, mask_tail
from nagorik_brta.data import TEXTS

LONGEST: Final = 60

_GAPS: Final = re.compile(r"[\s\u00a0-]")
_DASHES: Final = re.compile(r"\s*[-\u2010-\u2015]\s*")
_JOINERS: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_LICENCE: Final = re.compile(r"[A-Z]{2}[0-9]{7}[A-Z]{2}[0-9]{4}")
_LEARNER: Final = re.compile(r"[A-Z0-9](?:-?[A-Z0-9]){3,23}")
_BANGLA: Final = "\u0981-\u0983\u0985-\u09b9\u09bc\u09be-\u09cd\u09ce\u09d7"
_REGISTRATION: Final = re.compile(
    rf"(?P<area>[{_BANGLA}]+(?: [{_BANGLA}]+)*)-(?P<letter>[\u0985-\u09b9]\u09bc?)"
    r"-(?P<series>[0-9]{2})-(?P<number>[0-9]{4})"
)


class LicenceNumber(PrivateValue):
    """Two letters, seven digits, two letters, four digits: ``DK1234567CL0001``, in capitals and ASCII digits."""

    bare_field: ClassVar[str | None] = "value"

    value: str = Field(description="Two capital letters, seven digits, two capital letters, four digits.")

    @field_validator("value", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        number = _GAPS.sub("", to_ascii_digits(_text(value, "form.licence-number"))).upper()
        if not _LICENCE.fullmatch(number):
            raise TEXTS.problem("form.licence-number")
        return number

    def masked(self) -> str:
        """The last four digits."""
        return mask_tail(self.value)


class LearnerNumber(PrivateValue):
    """The number of a learner's licence. How it looks is not known: letters, digits and dashes are let through."""

    bare_field: ClassVar[str | None] = "value"

    value: str = Field(description="4 to 24 capital letters and digits, with single dashes between them.")

    @field_validator("value", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        number = to_ascii_digits(_text(value, "form.learner-number")).strip().upper()
        if not _LEARNER.fullmatch(number):
            raise TEXTS.problem("form.learner-number")
        return number

    def masked(self) -> str:
        """The last four characters."""
        return mask_tail(self.value)


class RegistrationNumber(PrivateValue):
    """A vehicle's number as on its plate: ``ঢাকা মেট্রো-গ-১২-৩৪৫৬``, in NFC with Bangla digits."""

    bare_field: ClassVar[str | None] = "value"

    value: str = Field(description="Area, one Bangla letter, two and four Bangla digits, joined by dashes.")

    @field_validator("value", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        try:
            written = normalise(_text(value, "form.registration-number").translate(_JOINERS))
        except NationalDataError:  # marks without end stand on no plate
            raise TEXTS.problem("form.registration-number") from None
        number = _DASHES.sub("-", to_ascii_digits(written))
        if not _REGISTRATION.fullmatch(number):
            raise TEXTS.problem("form.registration-number")
        return to_bangla_digits(number)

    @classmethod
    def of(cls, area: str, letter: str, series: int, number: int) -> Self:
        """The number that consists of these."""
        return cls(value=f"{area}-{letter}-{series:02}-{number:04}")

    @property
    def letter(self) -> str:
        """The letter of the vehicle's class."""
        return self.value.split("-")[1]

    def masked(self) -> str:
        """The last four digits."""
        return mask_tail(self.value)


def _text(value: object, code: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise TEXTS.problem(code)
    return value
