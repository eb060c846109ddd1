"""The notes and coins that a till is counted by, and a count as a person writes it."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Final

from nagorik import Text
from nagorik.data_files import read_data_file
from nagorik.values import Money, to_ascii_digits
from nagorik_counter.tills import TillRefused
from nagorik_toolkit.texts import money_text

_PIECES: Final = re.compile(
    r"(?P<taka>[0-9]{1,4})(?:\.(?P<poisha>[0-9]{2}))?\s*[x×*]\s*(?P<number>[0-9]{1,6})", re.IGNORECASE
)


@cache
def worths() -> tuple[int, ...]:
    """The worth of each note and coin of Bangladesh in poisha, the highest first."""
    pieces = tomllib.loads(read_data_file("nagorik_counter", "denominations.toml").decode())["pieces"]
    return (*(one * 100 for one in pieces["taka"]), *pieces["poisha"])


def read_denominations(written: str) -> dict[int, int]:
    """How many there were of each note and coin, by its worth in poisha: ``500x3, 100x2, 0.50x4``.

    Digits may be Bangla. ``0`` is an empty till.

    Raises:
        TillRefused: ``denominations-unreadable``, ``denomination-unknown``, ``denomination-twice``.
    """
    text = to_ascii_digits(written).strip()
    pieces: dict[int, int] = {}
    for part in re.split(r"\s*[,;]\s*", text) if text != "0" else ():
        found = _PIECES.fullmatch(part)
        if found is None:
            raise TillRefused("denominations-unreadable")
        worth = int(found["taka"]) * 100 + int(found["poisha"] or 0)
        if worth not in worths():
            named = [money_text(Money(poisha=one)) for one in worths()]
            known = Text(bn=", ".join(one.bn for one in named), en=", ".join(one.en for one in named))
            raise TillRefused("denomination-unknown", worth=Money(poisha=worth), known=known)
        if worth in pieces:
            raise TillRefused("denomination-twice", worth=Money(poisha=worth))
        pieces[worth] = int(found["number"])
    return pieces


def sum_of_pieces(pieces: Mapping[int, int]) -> Money:
    """The worth of them all."""
    return Money(poisha=sum(worth * number for worth, number in pieces.items()))
