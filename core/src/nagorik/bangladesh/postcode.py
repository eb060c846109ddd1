"""Postcodes: four digits."""

import re
from typing import Final

from nagorik.bangladesh.digits import to_ascii_digits
from nagorik.bangladesh.errors import NationalDataError

_POSTCODE: Final = re.compile(r"[0-9]{4}")
_LONGEST_INPUT: Final = 16


def read_postcode(text: object) -> str:
    """A postcode in ASCII digits, from Bangla or ASCII ones; whether the post office has it is not looked up.

    Raises:
        NationalDataError: ``postcode.shape``.
    """
    postcode = to_ascii_digits(text[:_LONGEST_INPUT]).strip() if isinstance(text, str) else ""
    if not _POSTCODE.fullmatch(postcode):
        raise NationalDataError("postcode.shape")
    return postcode
