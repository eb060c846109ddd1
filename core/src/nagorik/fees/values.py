"""The values that a dimension of a fee table can take: words, whole numbers, and spans of whole numbers."""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

LARGEST_NUMBER: Final = 1_000_000

_NUMBERS: Final = re.compile(r"(?P<low>0|[1-9][0-9]{0,6})(?P<open>\+)?(-(?P<high>[1-9][0-9]{0,6}))?")
_WORD: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a dimension such as delivery."""

    word: str

    def admits(self, given: int | str) -> bool:
        """Whether what a caller gave is this word."""
        return given == self.word

    def covers(self, other: "Allowed") -> bool:
        """Whether everything that ``other`` admits is admitted here."""
        return self == other

    def meets(self, other: "Allowed") -> bool:
        """Whether something is admitted by both."""
        return self == other

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Numbers:
    """The whole numbers from ``low`` to ``high``, both included; without an end where ``high`` is ``None``."""

    low: int
    high: int | None

    def admits(self, given: int | str) -> bool:
        """Whether what a caller gave is a whole number in this span; ``True`` is not the number one."""
        return (
            isinstance(given, int)
            and not isinstance(given, bool)
            and self.low <= given
            and (self.high is None or given <= self.high)
        )

    def covers(self, other: "Allowed") -> bool:
        """Whether everything that ``other`` admits is admitted here."""
        if not isinstance(other, Numbers) or other.low < self.low:
            return False
        return self.high is None or (other.high is not None and other.high <= self.high)

    def meets(self, other: "Allowed") -> bool:
        """Whether something is admitted by both."""
        if not isinstance(other, Numbers):
            return False
        return (self.high is None or other.low <= self.high) and (other.high is None or self.low <= other.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low}+"
        return str(self.low) if self.high == self.low else f"{self.low}-{self.high}"


Allowed: TypeAlias = Word | Numbers


def read_allowed(written: object) -> Allowed:
    """The value written in a fee file: ``urgent``, ``48``, ``"1-100"`` or ``"3+"`` (3 and every number above).

    Raises:
        ValueError: It is none of these; the message says what is.
    """
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    if isinstance(written, str):
        if _WORD.fullmatch(written):
            return Word(written)
        found = _NUMBERS.fullmatch(written)
        if found and not (found["open"] and found["high"]):
            low = int(found["low"])
            high = None if found["open"] else int(found["high"] or low)
            if low <= LARGEST_NUMBER and (high is None or low <= high <= LARGEST_NUMBER):
                return Numbers(low, high)
    raise ValueError(
        f'write a lower-case word such as urgent, a number of 0 to {LARGEST_NUMBER}, a span such as "1-100", '
        'or "3+" for 3 and above'
    )
