"""What the simulated department knows by itself: ``figures.toml``."""

from datetime import date
from functools import cache

from nagorik import Model, Money, parse_document, read_data_file

DELIVERIES = ("REGULAR", "EXPRESS", "SUPER_EXPRESS")


class Ages(Model):
    """Between which every booklet can be had, both included."""

    any_booklet_from: int
    any_booklet_to: int


class Police(Model):
    """Until when new applications went to the police."""

    dropped_from: date


class Office(Model):
    """An office that takes people by appointment."""

    words: tuple[str, ...]
    en: str
    bn: str


class Figures(Model):
    """The whole file."""

    ages: Ages
    police: Police
    fees: dict[str, tuple[int, int, int]]
    offices: dict[str, Office]
    spellings: dict[str, str]

    def fee(self, pages: int, years: int, delivery: str, *, staff: bool) -> Money:
        """What an application costs; government staff pay what the next slower delivery does."""
        place = DELIVERIES.index(delivery)
        return Money.taka(self.fees[f"{pages}-{years}"][max(0, place - 1) if staff else place])

    def office_of(self, written: str) -> str | None:
        """The code of the busy office that an applicant means, if any."""
        folded = written.casefold()
        return next((code for code, one in self.offices.items() if any(word in folded for word in one.words)), None)


@cache
def figures() -> Figures:
    """The file, read once."""
    return Figures.model_validate(parse_document(read_data_file(__package__, "figures.toml"), "figures.toml"))
