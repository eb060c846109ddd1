"""How people write a value: in either language's digits, in groups, with blanks around it."""

from itertools import pairwise
from typing import Final, Generic, NamedTuple, TypeVar

from hypothesis import strategies as st

from nagorik.bangladesh import to_bangla_digits

T = TypeVar("T")

SEPARATORS: Final = ("", " ", "-", "\u00a0", "\u2011", "\u2013", "\t")
"""What stands between groups of digits; the no-break space and the dashes come from word processors."""
BLANKS: Final = ("", " ", "\n", "\u00a0")


class Written(NamedTuple, Generic[T]):
    """A text and what it means."""

    text: str
    value: T


class Refused(NamedTuple):
    """A text that means nothing, and the code of the ``NationalDataError`` that says so."""

    text: str
    code: str


@st.composite
def grouped(draw: st.DrawFn, digits: str, separators: tuple[str, ...] = SEPARATORS) -> str:
    """ASCII digits as somebody writes them: cut into groups, in Bangla digits or not, with blanks around."""
    separator = draw(st.sampled_from(separators))
    cuts = draw(st.sets(st.integers(1, len(digits) - 1), max_size=4)) if separator else set()
    edges = [0, *sorted(cuts), len(digits)]
    text = separator.join(digits[start:end] for start, end in pairwise(edges))
    text = draw(st.sampled_from(BLANKS)) + text + draw(st.sampled_from(BLANKS))
    return to_bangla_digits(text) if draw(st.booleans()) else text
