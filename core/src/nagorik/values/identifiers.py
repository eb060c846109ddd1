"""What a citizen is known by: the national identity number, the birth registration number, a mobile number.

A string of 17 digits may be either number, and nothing in it tells which: the field that it was written in decides,
its length never does. So an identifier always travels with its type, and one type never becomes the other.
"""

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, field_validator

from nagorik.privacy import PrivateValue, mask_tail, without_input
from nagorik.values.sentences import DataWarning, NationalDataError
from nagorik.values.text import is_ascii_digits, refuse_invisible, to_ascii_digits
from nagorik.values.time import plain_date

NidKind = Literal["smart", "legacy", "full"]

EARLIEST_BIRTH_YEAR: Final = 1900
LATEST_BIRTH_YEAR: Final = 2099
"""A bound on what is written, since a value does not know today."""

_LONGEST_INPUT: Final = 64
_SEPARATORS: Final = re.compile("[ \t\r\n\u00a0\u2007\u2009\u202f\u2010-\u2013\u2212-]")
_SCIENTIFIC: Final = re.compile(r"[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]*")
_NID_KINDS: Final[dict[int, NidKind]] = {10: "smart", 13: "legacy", 17: "full"}
_KNOWN_RMO: Final = frozenset("123459")  # rural, municipality, other urban, other, cantonment, city corporation
_FULL: Final = 17
_LEGACY_BRN: Final = 16


class _NumberedIdentifier(PrivateValue):
    bare_field: ClassVar[str | None] = "value"

    def masked(self) -> str:
        """The last four digits; enough to tell two cards on one desk apart."""
        return mask_tail(self._digits())

    def _digits(self) -> str:
        raise NotImplementedError


class Nid(_NumberedIdentifier):
    """A national identity number: 10 digits (smart card), 13 (laminated card) or 17 (birth year and the 13).

    The three are kept as they are written. The 13-digit number becomes the 17-digit one with the birth year;
    between 10 and 17 there is no computation, only the Election Commission's own records map them.
    """

    type: Literal["nid"] = "nid"
    """Which of the two identifiers this is."""
    value: str = Field(description="10, 13 or 17 ASCII digits, leading zeros included.")

    @field_validator("value", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        try:
            return _nid_digits(value)
        except NationalDataError as error:
            raise error.for_pydantic() from None

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read an NID as people write it: Bangla or ASCII digits, with spaces or dashes.

        Raises:
            NationalDataError: ``identifier.*`` or ``nid.*``; a number that is not text is refused, because
                leading zeros or last digits are gone by then.
        """
        return cls(value=_nid_digits(text))

    @property
    def kind(self) -> NidKind:
        """``smart``, ``legacy`` or ``full``, from the number of digits."""
        return _NID_KINDS[len(self.value)]

    @property
    def birth_year(self) -> int | None:
        """The year in a 17-digit number; ``None`` where the number holds no year."""
        return int(self.value[:4]) if self.kind == "full" else None

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """``identifier.rmo`` where the RMO digit is none of the published 1, 2, 3, 4, 5 and 9.

        See docs/reference/agencies.md#nid-numbers.
        """
        return () if self.kind == "smart" else _rmo_warnings(self.value)

    def consistent_with(self, birth_date: date) -> bool | None:
        """Whether the number's year is that of ``birth_date``; ``None`` where the number holds no year."""
        day = plain_date(birth_date)
        return None if self.birth_year is None else self.birth_year == day.year

    def with_birth_year(self, birth_date: date) -> Self:
        """The 17-digit number of a 13-digit one.

        Raises:
            NationalDataError: ``nid.not-legacy`` for a number of 10 or 17 digits, ``nid.year`` for a year
                before 1900 or after 2099.
        """
        if self.kind != "legacy":
            raise NationalDataError("nid.not-legacy")
        return self.parse(f"{plain_date(birth_date).year:04d}{self.value}")

    def full(self, birth_date: date) -> Self:
        """The 17-digit number that an agency asks for.

        Raises:
            NationalDataError: ``nid.smart-has-no-full`` for 10 digits, which nobody but the Election Commission
                can map; ``nid.birth-year-mismatch`` where the number says another year than ``birth_date``.
        """
        if self.kind == "smart":
            raise NationalDataError("nid.smart-has-no-full")
        if self.kind == "legacy":
            return self.with_birth_year(birth_date)
        if not self.consistent_with(birth_date):
            raise NationalDataError("nid.birth-year-mismatch")
        return self

    def _digits(self) -> str:
        return self.value


class BirthRegistrationNumber(_NumberedIdentifier):
    """A birth registration number of 17 digits.

    Only the year is checked: a page that reads the first eight digits as a date is wrong. Numbers of 16 digits
    are older; the registrar converts them, arithmetic does not.
    """

    type: Literal["brn"] = "brn"
    """Which of the two identifiers this is."""
    value: str = Field(description="17 ASCII digits.")

    @field_validator("value", mode="before")
    @classmethod
    def _check(cls, value: object) -> str:
        try:
            return _brn_digits(value)
        except NationalDataError as error:
            raise error.for_pydantic() from None

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a BRN as people write it: Bangla or ASCII digits, with spaces or dashes.

        Raises:
            NationalDataError: ``identifier.*`` or ``brn.*``; ``brn.legacy`` for the 16-digit numbers.
        """
        return cls(value=_brn_digits(text))

    @property
    def birth_year(self) -> int:
        """The year of birth in the number."""
        return int(self.value[:4])

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """``identifier.rmo`` where the RMO digit is none of the published 1, 2, 3, 4, 5 and 9.

        See docs/reference/agencies.md#nid-numbers.
        """
        return _rmo_warnings(self.value)

    def consistent_with(self, birth_date: date) -> bool:
        """Whether the number's year is that of ``birth_date``."""
        return self.birth_year == plain_date(birth_date).year

    def _digits(self) -> str:
        return self.value


def _union_without_input(data: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(data)
    except ValidationError as error:
        raise without_input(error, declared={"nid", "brn", *Nid.model_fields}) from None


Identifier = Annotated[
    Annotated[Nid | BirthRegistrationNumber, Field(discriminator="type")], WrapValidator(_union_without_input)
]
"""Either identifier; without its ``type`` a number is refused here, whatever its length."""


def _nid_digits(value: object) -> str:
    digits = _clean(value)
    if len(digits) not in _NID_KINDS:
        raise NationalDataError("nid.length")
    if len(digits) == _FULL:
        _refuse_year_out_of_bounds(digits, "nid.year")
    return digits


def _brn_digits(value: object) -> str:
    digits = _clean(value)
    if len(digits) == _LEGACY_BRN:
        raise NationalDataError("brn.legacy")
    if len(digits) != _FULL:
        raise NationalDataError("brn.length")
    _refuse_year_out_of_bounds(digits, "brn.year")
    return digits


def _clean(value: object) -> str:
    if isinstance(value, PrivateValue):
        raise NationalDataError("identifier.other-type")
    if not isinstance(value, str):
        raise NationalDataError("identifier.not-text")
    if len(value) > _LONGEST_INPUT:
        raise NationalDataError("identifier.too-long")
    text = to_ascii_digits(value.strip())
    if _SCIENTIFIC.fullmatch(text):
        raise NationalDataError("identifier.scientific")
    if _DECIMAL.fullmatch(text):
        raise NationalDataError("identifier.decimal")
    digits = _SEPARATORS.sub("", text)
    if not digits:
        raise NationalDataError("identifier.empty")
    refuse_invisible(digits)
    if not is_ascii_digits(digits):
        raise NationalDataError("identifier.characters")
    return digits


def _refuse_year_out_of_bounds(digits: str, code: str) -> None:
    if not EARLIEST_BIRTH_YEAR <= int(digits[:4]) <= LATEST_BIRTH_YEAR:
        raise NationalDataError(code)


def _rmo_warnings(digits: str) -> tuple[DataWarning, ...]:
    rmo = digits[-11]  # counted from the end, the place is the same in 13 and in 17 digits
    return () if rmo in _KNOWN_RMO else (DataWarning("identifier.rmo"),)


_LONGEST_PHONE: Final = 40
_PHONE_SEPARATORS: Final = re.compile("[ \t\r\n\u00a0\u2007\u2009\u202f\u2010-\u2013().-]")
_DIALLED: Final = re.compile(r"\+?[0-9]+")
_MOBILE: Final = re.compile(r"(?:(?:\+|00)?880|0)?(1[3-9][0-9]{8})")
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
    if len(value) > _LONGEST_PHONE:
        raise NationalDataError("phone.characters")
    dialled = _PHONE_SEPARATORS.sub("", to_ascii_digits(value))
    refuse_invisible(dialled)
    if not _DIALLED.fullmatch(dialled):
        raise NationalDataError("phone.characters")
    if usual := _MOBILE.fullmatch(dialled):
        return f"+{_COUNTRY}{usual[1]}"

    import phonenumbers  # slow, in building the numbering plans of every country and in each number

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
