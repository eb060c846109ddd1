"""What a plugin tells, place by place: the texts, the money, the instants and the facts of a result."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Final

from pydantic import BaseModel

from nagorik import (
    Accepted,
    DefinitelyAbsent,
    PaymentReport,
    PaymentState,
    RefundReport,
    Rejected,
    Verdict,
)
from nagorik.values import Money
from nagorik_testing.contract.checks.answers.variations import instant_of

Told = dict[str, object]
"""Each value of a result that holds no other, by place: ``status.reason.bn``, ``slots.3.starts_at``."""

_NUMBERS: Final = re.compile(r"\.\d+(?=\.|$)")
_REFERENCES: Final = re.compile(r"[^.]*[0-9]{4,}[^.]*")
"""Some agencies name the fields of an object by the numbers of what they hold."""
_CERTAIN_IF_TRUE: Final = frozenset({"confirmed", "withdrawn", "booked", "final"})
"""A no says less there than nothing: that a payment is not confirmed yet, that something goes on."""
_CERTAIN: Final = frozenset({"state", "payment_confirmed", "fee_due", "verdict", "flags"})
_UNCERTAIN: Final = frozenset(
    {Verdict.CANNOT_TELL, PaymentState.UNKNOWN, PaymentState.REFUND_PENDING, PaymentState.REFUND_MANUAL}
)


def told_by(result: object) -> Told:
    """What a result tells."""
    return dict(_values(result, ""))


def _values(value: object, at: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Money):
        yield at, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _values(getattr(value, name), f"{at}.{name}" if at else name)
    elif isinstance(value, tuple | list):
        for number, part in enumerate(value):
            yield from _values(part, f"{at}.{number}")
    elif isinstance(value, frozenset):
        for number, part in enumerate(sorted(value)):
            yield from _values(part, f"{at}.{number}")
    elif value is not None:
        yield at, value


def anywhere(place: str) -> str:
    """A place without the numbers of its entries: ``slots.starts_at``."""
    return _NUMBERS.sub("", place)


def without_references(place: str) -> str:
    """A place as a report may name it: a step that is a number of somebody or of something is starred."""
    return _REFERENCES.sub("*", anywhere(place))


def texts_of(told: Told) -> dict[str, str]:
    """The texts, spaces and the encoding of their letters made one; no word of the platform's own is among them."""
    return {
        place: normalised(value)
        for place, value in told.items()
        if isinstance(value, str) and not isinstance(value, Enum)
    }


def normalised(text: str) -> str:
    """A text as it is compared: in NFC, with single spaces, in one case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def money_of(told: Told) -> dict[str, int]:
    """The amounts, in hundredths."""
    return {place: value.poisha for place, value in told.items() if isinstance(value, Money)}


def numbers_of(told: Told) -> dict[str, int]:
    """The whole numbers."""
    return {place: value for place, value in told.items() if isinstance(value, int) and not isinstance(value, bool)}


def days_of(told: Told) -> dict[str, date]:
    """The instants and the days, those among them that are told as a text, such as the last day of a paper."""
    return {place: day for place, value in told.items() if (day := _day_of(value)) is not None}


def _day_of(value: object) -> date | None:
    if isinstance(value, date):
        return value
    written = instant_of(value) if isinstance(value, str) and not isinstance(value, Enum) else None
    if written is None:
        return None
    return written.in_dhaka if written.timed else written.wall.date()


def entries_of(result: object) -> dict[str, tuple[object, ...]]:
    """The lists of a result, each by its place."""
    return dict(_lists(result, ""))


def _lists(value: object, at: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    if isinstance(value, BaseModel) and not isinstance(value, Money):
        for name in type(value).model_fields:
            yield from _lists(getattr(value, name), f"{at}.{name}" if at else name)
    elif isinstance(value, tuple):
        yield at, value


Facts = frozenset[tuple[str, object]]
"""What is told for certain, each with what it is about."""


def facts_of(result: object, told: Told) -> Facts:
    """What a result tells for certain: a state, a payment, a verdict, something issued."""
    facts: set[tuple[str, object]] = set()
    if isinstance(result, Accepted | Rejected | DefinitelyAbsent):
        facts.add(("type", type(result).__name__))
    for place, value in told.items():
        name = anywhere(place).rpartition(".")[2]
        if name in _CERTAIN_IF_TRUE:
            if value is True:
                facts.add((anywhere(place), value))
        elif name in _CERTAIN:
            pending = isinstance(result, RefundReport | PaymentReport) and value in _UNCERTAIN
            if not pending and value is not Verdict.CANNOT_TELL:
                facts.add((place, value))
        elif place.endswith(".kind") and "deliverables" in place:
            facts.add((anywhere(place), value))
    return frozenset(facts)


def grown(one: Mapping[str, Sequence[object]], other: Mapping[str, Sequence[object]]) -> dict[str, int]:
    """By how many entries each list of ``other`` is longer than it is in ``one``."""
    return {place: len(entries) - len(one.get(place, ())) for place, entries in other.items()}
