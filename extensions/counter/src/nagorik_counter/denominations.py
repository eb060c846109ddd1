"""The notes and coins that a till is counted by, and a count as somebody writes it."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from nagorik import Text
from nagorik.data_files import parse_model, read_data_file
from nagorik.values import Money, to_ascii_digits
from nagorik_counter.tills import TillRefused
from nagorik_toolkit.texts import money_text

_FILE: Final = "denominations.toml"
_PIECES: Final = re.compile(
    r"(?P<taka>[0-9]{1,4})(?:\.(?P<poisha>[0-9]{2}))?\s*[x×*]\s*(?P<number>[0-9]{1,6})", re.IGNORECASE
)
_BETWEEN: Final = re.compile(r"\s*[,;]\s*")


class DenominationSource(BaseModel):
    """Where it is written which notes and coins there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    url: str = Field(pattern=r"^https?://")


class _Pieces(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    taka: tuple[int, ...] = Field(min_length=1)
    poisha: tuple[int, ...]


class Denominations(BaseModel):
    """The notes and coins that there are.

    Attributes:
        as_of: When the sources were read.
        verified: Whether somebody has compared them with the bank that issues them.
        sources: Where it is written.
        pieces: The worth of each, in taka and in poisha.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    verified: bool
    sources: tuple[DenominationSource, ...] = Field(min_length=1)
    pieces: _Pieces

    @property
    def worths(self) -> tuple[int, ...]:
        """The worth of each note and coin in poisha, the highest first; what is both is one."""
        return (*(one * 100 for one in self.pieces.taka), *self.pieces.poisha)


@cache
def denominations() -> Denominations:
    """Those of Bangladesh."""
    return parse_model(read_data_file("nagorik_counter", _FILE), _FILE, Denominations)


def read_denominations(written: str) -> dict[int, int]:
    """How many there were of each note and coin, by its worth in poisha: ``500x3, 100x2, 0.50x4``.

    Digits may be Bangla. No pieces at all are an empty till: ``0``.

    Raises:
        TillRefused: ``denominations-unreadable``, ``denomination-unknown``, ``denomination-twice``.
    """
    text = to_ascii_digits(written).strip()
    pieces: dict[int, int] = {}
    for part in _BETWEEN.split(text) if text != "0" else ():
        found = _PIECES.fullmatch(part)
        if found is None:
            raise TillRefused("denominations-unreadable")
        worth = int(found["taka"]) * 100 + int(found["poisha"] or 0)
        if worth not in denominations().worths:
            raise TillRefused("denomination-unknown", worth=Money(poisha=worth), known=_known())
        if worth in pieces:
            raise TillRefused("denomination-twice", worth=Money(poisha=worth))
        pieces[worth] = int(found["number"])
    return pieces


def sum_of_pieces(pieces: Mapping[int, int]) -> Money:
    """What they come to."""
    return Money(poisha=sum(worth * number for worth, number in pieces.items()))


def _known() -> Text:
    named = [money_text(Money(poisha=worth)) for worth in denominations().worths]
    return Text(bn=", ".join(one.bn for one in named), en=", ".join(one.en for one in named))
