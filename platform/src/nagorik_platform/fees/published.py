"""What is known of a service's price before an application: the answer, each payment, and what is left open."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nagorik.model.fee import FeeDue
from nagorik.values.sentences import Text
from nagorik_platform.fees.typed_words import FieldChoice
from nagorik_toolkit.fees import Price


class PriceAnswer(StrEnum):
    """What is known of a service's price."""

    PRICED = "priced"
    """There is one price."""
    OPEN = "open"
    """Something has to be known that is not given."""
    AGENCY_ONLY = "agency-only"
    """No price is published: the agency alone knows it."""
    NO_TARIFF = "no-tariff"
    """No tariff is known for that day."""
    NO_FEE = "no-fee"
    """The service has no fee on this platform."""


class GivenRejected(ValueError):
    """Something that was given for a field or a dimension is wrong; ``problems`` says what, in both languages."""

    def __init__(self, problems: Sequence[Text]) -> None:
        super().__init__(len(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ChosenValue:
    """What one dimension of a price is; ``label`` and ``title`` are what it and its value are called."""

    dimension: str
    value: str
    label: Text
    title: Text


@dataclass(frozen=True)
class StagePrice:
    """One payment."""

    price: Price
    due: FeeDue | None
    """When it falls due; ``None`` where the plugin does not say."""


@dataclass(frozen=True)
class MissingValue:
    """A field, or a dimension, that would settle what is open."""

    name: str
    label: Text
    choices: tuple[FieldChoice, ...]
    """Every value that it can have; empty where there is no end of them."""
    agency_knows: bool = False
    """Whether no field says it, and the agency alone knows which it is."""


@dataclass(frozen=True)
class PublishedFees:
    """What is known of a service's price on a day."""

    answer: PriceAnswer
    choice: tuple[ChosenValue, ...] = ()
    """What the price is for; empty where there is no price."""
    stages: tuple[StagePrice, ...] = ()
    """Each payment; empty where there is no price."""
    missing: tuple[MissingValue, ...] = ()
    unchecked: tuple[MissingValue, ...] = ()
    """Fields that were not given, on which it depends whether this choice may be made at all."""
    agency_adds: bool = False
    """Whether the agency asks for more, which it alone knows."""
    sentence: Text | None = None
    """Why there is no price."""
