"""What an operator types: ``nagorik till`` and ``nagorik receipt``."""

from typing import Final

HELP: Final = {
    "receipt": "print the receipt of a payment that was taken, in Bangla and English",
    "till": "open and close a cash desk's till: float, taken, given back, expected, counted, difference",
}
"""What each command does, in a line, by its name."""
