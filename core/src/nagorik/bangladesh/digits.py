r"""Bangla digits (U+09E6 to U+09EF) and ASCII digits.

Only these two sets are converted. Python's ``int("१२")``, ``str.isdigit`` and ``\\d`` accept the digits of some
sixty scripts; after ``to_ascii_digits`` a validator looks for ``[0-9]`` alone, and so refuses Arabic-Indic,
fullwidth and other digits instead of guessing what was meant.
"""

from typing import Final

BANGLA_DIGITS: Final = "০১২৩৪৫৬৭৮৯"
ASCII_DIGITS: Final = "0123456789"

_TO_ASCII: Final = str.maketrans(BANGLA_DIGITS, ASCII_DIGITS)
_TO_BANGLA: Final = str.maketrans(ASCII_DIGITS, BANGLA_DIGITS)
_ASCII: Final = frozenset(ASCII_DIGITS)


def to_ascii_digits(text: str) -> str:
    """``text`` with each Bangla digit replaced by its ASCII digit; everything else stays as it is."""
    return text.translate(_TO_ASCII)


def to_bangla_digits(text: str) -> str:
    """``text`` with each ASCII digit replaced by its Bangla digit; everything else stays as it is."""
    return text.translate(_TO_BANGLA)


def is_ascii_digits(text: str) -> bool:
    """Whether ``text`` is one or more of ``0`` to ``9`` and nothing else."""
    return bool(text) and _ASCII.issuperset(text)
