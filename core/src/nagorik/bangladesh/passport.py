"""The number of a passport.

Its shape is from memory and not from a publication (facts §3 [M]): an e-passport has a letter and eight digits, a
machine-readable one two letters and seven. What is read here is a little wider, so that no holder is turned away.
"""

import re
from typing import ClassVar, Final, Self

from pydantic import Field, field_validator

from nagorik.bangladesh.digits import to_ascii_digits
from nagorik.bangladesh.errors import NationalDataError
from nagorik.bangladesh.value import PrivateValue, mask_tail

_LONGEST_INPUT: Final = 32
_SEPARATORS: Final = re.compile(r"[\s\u00a0-]")
_NUMBER: Final = re.compile(r"[A-Z]{1,2}[0-9]{7,8}")


class PassportNumber(PrivateValue):
    """A number of one or two letters and seven or eight digits, kept in capitals and ASCII digits."""

    bare_field: ClassVar[str | None] = "value"

    value: str = Field(description="One or two capital letters and seven or eight ASCII digits.")

    @field_validator("value", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        return _read(value)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a number as people write it: small letters, Bangla digits, spaces and dashes.

        Raises:
            NationalDataError: ``passport.not-text`` or ``passport.shape``.
        """
        return cls(value=_read(text))

    def masked(self) -> str:
        """The last three digits."""
        return mask_tail(self.value, shown=3)


def _read(value: object) -> str:
    if not isinstance(value, str):
        raise NationalDataError("passport.not-text")
    number = _SEPARATORS.sub("", to_ascii_digits(value[: _LONGEST_INPUT + 1])).upper()
    if len(value) > _LONGEST_INPUT or not _NUMBER.fullmatch(number):
        raise NationalDataError("passport.shape")
    return number
