"""Areas of land in local units, and the number of a passport."""

import re
from decimal import Decimal
from functools import total_ordering
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, StrictInt, field_validator

from nagorik.privacy import PrivateValue, SelfCheckedValue, mask_tail
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import refuse_invisible, to_ascii_digits, to_bangla_digits

AreaUnit = Literal["acre", "decimal"]

PARTS_OF: Final[dict[AreaUnit, int]] = {"acre": 10_000, "decimal": 100}
_PARTS_OF_BIGHA: Final = 3_300
_PLACES: Final[dict[AreaUnit, int]] = {"acre": 4, "decimal": 2}
LARGEST_AREA: Final = 10**12
"""A hundred million acres: more than the country has."""

_LONGEST_INPUT: Final = 32
_WRITTEN: Final = re.compile(r"(?P<whole>[0-9]+)(\.(?P<part>[0-9]+))?")


@total_ordering
class LandArea(SelfCheckedValue):
    """An area of zero or more, in whole ten-thousandths of an acre."""

    parts: StrictInt = Field(description="Ten-thousandths of an acre: 1,250 is 0.1250 acre, 12.5 decimals.")

    @field_validator("parts", mode="before")
    @classmethod
    def _check(cls, value: object) -> int:
        return _bounded(value)

    @classmethod
    def parse(cls, text: object, unit: AreaUnit = "acre") -> Self:
        """Read ``0.1250`` (acres) or ``12.50`` (decimals), in Bangla or ASCII digits; without grouping or sign.

        Raises:
            NationalDataError: ``land-area.text``, ``land-area.too-precise`` for more places than a khatian has (4
                of an acre, 2 of a decimal; zeros behind them are passed over), ``land-area.bounds``.
        """
        if not isinstance(text, str) or len(text) > _LONGEST_INPUT:
            raise NationalDataError("land-area.text")
        refuse_invisible(text.strip())
        found = _WRITTEN.fullmatch(to_ascii_digits(text).strip())
        if found is None:
            raise NationalDataError("land-area.text")
        part = (found["part"] or "").rstrip("0")
        if len(part) > _PLACES[unit]:
            raise NationalDataError("land-area.too-precise")
        parts = int(found["whole"]) * PARTS_OF[unit] + int(part.ljust(_PLACES[unit], "0") or "0")
        return cls(parts=_bounded(parts))

    @classmethod
    def bigha(cls, count: int) -> Self:
        """The area of ``count`` bigha of 33 decimals."""
        return cls(parts=_bounded(count) * _PARTS_OF_BIGHA)

    @property
    def acres(self) -> Decimal:
        """In acres, with four places."""
        return Decimal(self.plain("acre"))

    @property
    def decimals(self) -> Decimal:
        """In decimals (শতাংশ), with two places."""
        return Decimal(self.plain("decimal"))

    def plain(self, unit: AreaUnit = "acre") -> str:
        """As machines read it: ``0.1250`` acres or ``12.50`` decimals, in ASCII digits."""
        whole, part = divmod(self.parts, PARTS_OF[unit])
        return f"{whole}.{part:0{_PLACES[unit]}d}"

    def in_language(self, language: Literal["bn", "en"], unit: AreaUnit = "acre") -> str:
        """As people read it: ``০.১২৫০ একর``, ``12.50 decimals``."""
        if language == "bn":
            return f"{to_bangla_digits(self.plain(unit))} {'একর' if unit == 'acre' else 'শতাংশ'}"
        return f"{self.plain(unit)} {unit}s"

    def __add__(self, other: "LandArea") -> Self:
        return type(self)(parts=_bounded(self.parts + other.parts))

    def __lt__(self, other: "LandArea") -> bool:
        return self.parts < other.parts

    def __str__(self) -> str:
        return f"{self.plain()} acres"


def _bounded(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_AREA:
        raise NationalDataError("land-area.bounds")
    return value


_LONGEST_PASSPORT: Final = 32
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
    number = _SEPARATORS.sub("", to_ascii_digits(value[: _LONGEST_PASSPORT + 1])).upper()
    refuse_invisible(number)
    if len(value) > _LONGEST_PASSPORT or not _NUMBER.fullmatch(number):
        raise NationalDataError("passport.shape")
    return number
