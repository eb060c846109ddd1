"""What is known of a service's price before anybody applies: the answer, each outcome, and what is left open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

from nagorik.model.fee import FeeDue
from nagorik.values.sentences import Text
from nagorik_platform.fees.typed_words import FieldChoice
from nagorik_toolkit.fees import Price


class PriceAnswer(StrEnum):
    """What can be told of a service's price."""

    PRICED = "priced"
    """There is one price, or none but a published one for each thing that is left open."""
    OPEN = "open"
    """Something has to be known of which there is no end, such as a day."""
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
    """What one dimension is in an outcome.

    Attributes:
        dimension: Its name.
        values: As the schedule is asked: one, or all for which the price is the same.
        origin: Whether it was given, follows from the form's defaults alone, or is one of all that are open.
        label: What it is called, by the form's field where it follows from one.
        titles: What each of the values is called.
    """

    dimension: str
    values: tuple[str, ...]
    origin: Literal["given", "default", "every"]
    label: Text
    titles: tuple[Text, ...]


@dataclass(frozen=True)
class StagePrice:
    """One payment of an outcome."""

    price: Price
    due: FeeDue | None
    """When it falls due; ``None`` where the plugin does not say."""


@dataclass(frozen=True)
class FeeOutcome:
    """What is paid for one choice."""

    choice: tuple[ChosenValue, ...]
    fields: Mapping[str, JsonValue]
    """The fields that were tried out in it, of those that nobody has given."""
    stages: tuple[StagePrice, ...]
    """Each payment; empty where no price is published for this choice."""


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
    outcomes: tuple[FeeOutcome, ...] = ()
    missing: tuple[MissingValue, ...] = ()
    assumed: tuple[MissingValue, ...] = ()
    """Fields that nobody has given and whose default the form takes, where they have a bearing on the price."""
    unchecked: tuple[MissingValue, ...] = ()
    """Fields that nobody has given, on which it hangs whether a choice that is priced may be made at all."""
    agency_adds: bool = False
    """Whether the agency asks for more, which it alone knows."""
    sentence: Text | None = None
    """Why there is no price, where there is none."""
    left_out: int = 0
    """Outcomes beyond those listed."""
