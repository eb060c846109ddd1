"""BRTA's numbers, read as people write them. Their shapes are unverified: no publication was found."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from nagorik import NationalDataError, normalise, to_ascii_digits, to_bangla_digits
from nagorik_brta.data import DATA

LONGEST: Final = 60

_GAPS: Final = re.compile(r"[\s\u00a0-]")
_DASHES: Final = re.compile(r"\s*[-\u2010-\u2015]\s*")
_JOINERS: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_LICENCE: Final = re.compile(r"[A-Z]{2}[0-9]{7}[A-Z]{2}[0-9]{4}")
_LEARNER: Final = re.compile(r"[A-Z0-9](?:-?[A-Z0-9]){3,23}")
_BANGLA: Final = "\u0981-\u0983\u0985-\u09b9\u09bc\u09be-\u09cd\u09ce\u09d7"
_REGISTRATION: Final = re.compile(
    # Area, letter, series, number. A plate has two lines, so that there is a blank where others write a dash.
    rf"(?P<area>[{_BANGLA}]+(?: [{_BANGLA}]+)*)[ -](?P<letter>[\u0985-\u09b9]\u09bc?)"
    r"[ -](?P<series>[0-9]{2})[ -](?P<number>[0-9]{4})"
)


def read_licence_number(value: object) -> str:
    """``DK1234567CL0001``: capitals and ASCII digits, however it was written."""
    code = "form.licence-number"
    number = _GAPS.sub("", to_ascii_digits(_text(value, code))).upper()
    if not _LICENCE.fullmatch(number):
        raise DATA.texts.problem(code)
    return number


def read_learner_number(value: object) -> str:
    """How it looks is not known: 4 to 24 letters and digits, with single dashes between them, are let through."""
    code = "form.learner-number"
    number = to_ascii_digits(_text(value, code)).strip().upper()
    if not _LEARNER.fullmatch(number):
        raise DATA.texts.problem(code)
    return number


def read_registration_number(value: object) -> str:
    """As on the plate, ``ঢাকা মেট্রো-গ-১২-৩৪৫৬``: in NFC, with Bangla digits and plain dashes.

    English letters are refused: TA, THA, DA and DHA each stand for two Bangla letters, and a guess would be another
    vehicle's number.
    """
    code = "form.registration-number"
    try:
        written = normalise(_text(value, code).translate(_JOINERS))
    except NationalDataError:  # marks without end stand on no plate
        raise DATA.texts.problem(code) from None
    found = _REGISTRATION.fullmatch(_DASHES.sub("-", to_ascii_digits(written)))
    if found is None:
        raise DATA.texts.problem(code)
    return to_bangla_digits("-".join(found.group("area", "letter", "series", "number")))


def _text(value: object, code: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise DATA.texts.problem(code)
    return value


LicenceNumber = Annotated[str, BeforeValidator(read_licence_number)]
LearnerNumber = Annotated[str, BeforeValidator(read_learner_number)]
RegistrationNumber = Annotated[str, BeforeValidator(read_registration_number)]
