"""What a plugin reports, place by place: the texts, the money, the instants and the facts of a result."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Final

from pydantic import BaseModel

from nagorik import Accepted, DefinitelyAbsent, PaymentReport, PaymentState, RefundReport, Rejected, Verdict
from nagorik.values import Money, to_ascii_digits
from nagorik_testing.contract.checks.answers.variations import instant_of

_NUMBERS: Final = re.compile(r"\.\d+(?=\.|$)")
_REFERENCES: Final = re.compile(r"[^.]*[0-9]{4,}[^.]*")
"""Some agencies name the fields of an object by the numbers of what they hold."""
_ENTRY: Final = re.compile(r"(.+?)\.(\d+)(?:\.(.*))?")
_CERTAIN_IF_TRUE: Final = frozenset({"confirmed", "withdrawn", "booked", "final"})
"""A no says nothing for certain there: that a payment is not confirmed yet, that something goes on."""
_CERTAIN: Final = frozenset({"state", "payment_confirmed", "fee_due", "verdict", "flags"})
_UNCERTAIN: Final = frozenset({PaymentState.UNKNOWN, PaymentState.REFUND_PENDING, PaymentState.REFUND_MANUAL})

Facts = frozenset[tuple[str, object]]
"""What is reported for certain, each with what it is about."""
KIND: Final = "deliverables.kind"
"""The place of a document that was issued."""


@dataclass(frozen=True, repr=False)
class PlainResult:
    """A result as it is compared.

    Attributes:
        returned: What the hook returned.
        values: Each value of it that holds no other, by place: ``status.reason.bn``, ``slots.3.starts_at``.
    """

    returned: object
    values: dict[str, object]

    @classmethod
    def of(cls, returned: object, without: Iterable[str] = ()) -> "PlainResult":
        """A result without what stands in some places."""
        return cls(returned, {at: value for at, value in _values(returned, "") if at not in without})

    def differs(self, other: "PlainResult") -> frozenset[str]:
        """The places in which another result is otherwise."""
        one, two = self.values, other.values
        return frozenset(place for place in {*one, *two} if one.get(place) != two.get(place))

    def is_like(self, other: "PlainResult") -> bool:
        """Whether another result says the same."""
        return not self.differs(other) and type(self.returned) is type(other.returned)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The texts as they are compared; no word of the platform's own is among them."""
        return {
            place: normalised(value)
            for place, value in self.values.items()
            if isinstance(value, str) and not isinstance(value, Enum)
        }

    @cached_property
    def money(self) -> dict[str, int]:
        """The amounts in poisha."""
        return {place: value.poisha for place, value in self.values.items() if isinstance(value, Money)}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The whole numbers."""
        return {at: value for at, value in self.values.items() if isinstance(value, int) and type(value) is not bool}

    @cached_property
    def days(self) -> dict[str, date]:
        """The instants and the days; those among them, too, that are written in a text."""
        return {place: day for place, value in self.values.items() if (day := _day_of(value)) is not None}

    @cached_property
    def lists(self) -> dict[str, list[frozenset[object]]]:
        """The entries of each list, by the place of the list."""
        found: defaultdict[str, defaultdict[str, set[object]]] = defaultdict(lambda: defaultdict(set))
        for place, value in self.values.items():
            if (entry := _ENTRY.fullmatch(place)) is not None:
                found[entry[1]][entry[2]].add((entry[3], value))
        return {place: [frozenset(each) for each in entries.values()] for place, entries in found.items()}

    @cached_property
    def facts(self) -> Facts:
        """What it says for certain: a state, a payment, a verdict, something issued."""
        facts: set[tuple[str, object]] = set()
        if isinstance(self.returned, Accepted | Rejected | DefinitelyAbsent):
            facts.add(("type", type(self.returned).__name__))
        open_end = isinstance(self.returned, RefundReport | PaymentReport)
        for place, value in self.values.items():
            name = place_of(place).rpartition(".")[2]
            if (name in _CERTAIN_IF_TRUE and value is True) or place_of(place).endswith(KIND):
                facts.add((place_of(place), value))
            elif name in _CERTAIN and value is not Verdict.CANNOT_TELL and not (open_end and value in _UNCERTAIN):
                facts.add((place, value))
        return frozenset(facts)

    @cached_property
    def documents(self) -> frozenset[object]:
        """The kinds of document that were issued."""
        return frozenset(value for place, value in self.facts if place.endswith(KIND))


def _values(value: object, at: str) -> Iterator[tuple[str, object]]:
    parts: Iterable[tuple[object, object]]
    if isinstance(value, BaseModel) and not isinstance(value, Money):
        parts = ((name, getattr(value, name)) for name in type(value).model_fields)
    elif isinstance(value, tuple | list | frozenset):
        parts = enumerate(sorted(value) if isinstance(value, frozenset) else value)
    else:
        parts = ()
        if value is not None:
            yield at, value
    for name, part in parts:
        yield from _values(part, f"{at}.{name}" if at else str(name))


def _day_of(value: object) -> date | None:
    if isinstance(value, date):
        return value
    written = instant_of(value) if isinstance(value, str) and not isinstance(value, Enum) else None
    if written is None:
        return None
    return written.in_dhaka if written.timed else written.wall.date()


def place_of(place: str) -> str:
    """A place without the numbers of its entries: ``slots.starts_at``."""
    return _NUMBERS.sub("", place)


def without_references(place: str) -> str:
    """A place as a report may name it: a step that is a number of somebody or of something is starred."""
    return _REFERENCES.sub("*", place_of(place))


def normalised(text: str) -> str:
    """A text as it is compared: in NFC, with single spaces and ASCII digits, in one case."""
    return to_ascii_digits(" ".join(unicodedata.normalize("NFC", text).split()).casefold())
