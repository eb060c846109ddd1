"""Bangladeshi mobile numbers in E.164.

The ``phonenumbers`` library knows the numbering plan: which numbers are fixed lines, which belong to another
country. What it does to untidy input is not wanted for a citizen's number, so the input is read here first: it
turns letters into keypad digits (``017CALLUSNOW``), reads the digits of any script, drops an extension silently
and looks past direction overrides. It also still holds the range 011 for mobile, whose operator closed, while
the prefixes in use are 013 to 019 [M]. The forms with and without 0, 880, +880 or 00880, and the bare ``1…``, it
reads correctly.

The operator is never inferred from the prefix: numbers move between operators (MNP).
"""

import re
from typing import ClassVar, Final, Self

from pydantic import Field, field_validator

from nagorik.bangladesh.digits import to_ascii_digits
from nagorik.bangladesh.errors import NationalDataError
from nagorik.bangladesh.value import PrivateValue, mask_tail

_LONGEST_INPUT: Final = 40
_SEPARATORS: Final = re.compile("[ \t\r\n\u00a0\u2007\u2009\u202f\u2010-\u2013().-]")
_DIALLED: Final = re.compile(r"\+?[0-9]+")
_MOBILE: Final = re.compile(r"\+8801[3-9][0-9]{8}")
_COUNTRY: Final = 880


class MobileNumber(PrivateValue):
    """A Bangladeshi mobile number."""

    bare_field: ClassVar[str | None] = "e164"

    e164: str = Field(description="+8801 and nine digits, the first of which is 3 to 9.")

    @field_validator("e164", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        try:
            return _e164(value)
        except NationalDataError as error:
            raise error.for_pydantic() from None

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a number in any form seen: 01…, 8801…, +8801…, 008801… or 1…, Bangla digits, spaces, dashes.

        Raises:
            NationalDataError: ``phone.not-text``, ``phone.characters``, ``phone.landline``, ``phone.foreign``,
                ``phone.not-mobile``.
        """
        return cls(e164=_e164(text))

    @property
    def local(self) -> str:
        """The number as it is dialled inside the country: 11 digits, 01 first. Some gateways take only this."""
        return f"0{self.e164[4:]}"

    def masked(self) -> str:
        """The last three digits."""
        return mask_tail(self.e164, shown=3)


def _e164(value: object) -> str:
    if not isinstance(value, str):
        raise NationalDataError("phone.not-text")
    if len(value) > _LONGEST_INPUT:
        raise NationalDataError("phone.characters")
    dialled = _SEPARATORS.sub("", to_ascii_digits(value))
    if not _DIALLED.fullmatch(dialled):
        raise NationalDataError("phone.characters")

    import phonenumbers  # slow: it builds the numbering plans of every country

    try:
        number = phonenumbers.parse(dialled, "BD")
    except phonenumbers.NumberParseException:
        raise NationalDataError("phone.not-mobile") from None
    if number.country_code != _COUNTRY:
        raise NationalDataError("phone.foreign")
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
        raise NationalDataError("phone.landline")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number) or not _MOBILE.fullmatch(e164):
        raise NationalDataError("phone.not-mobile")
    return e164
