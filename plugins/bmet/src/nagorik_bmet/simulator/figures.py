"""What the simulated BMET knows by itself: ``figures.toml``."""

from datetime import date
from functools import cache

from nagorik import Model, Money, parse_document, read_data_file


class Fees(Model):
    """Whole taka, and the day from which the card is free."""

    REGISTRATION: int
    ORIENTATION: int
    SMART_CARD: int
    free_from: date
    WELFARE_FUND: int
    INSURANCE: int


class CentreName(Model):
    """What a training centre is called."""

    en: str
    bn: str


class Figures(Model):
    """The whole file."""

    fees: Fees
    registration_years: int
    centres: dict[str, CentreName]

    def price(self, service: str, day: date, *, new: bool) -> Money:
        """What BMET asks for on a day in Dhaka; ``new`` unless a clearance's card is corrected.

        Raises:
            KeyError: There is no such service.
        """
        fees = self.fees
        card = 0 if day >= fees.free_from else fees.SMART_CARD
        cleared = card + new * (fees.WELFARE_FUND + fees.INSURANCE)
        prices = {"REGISTRATION": fees.REGISTRATION, "ORIENTATION": fees.ORIENTATION, "CLEARANCE": cleared}
        return Money.taka(prices[service])


@cache
def figures() -> Figures:
    """The file, read once."""
    return Figures.model_validate(parse_document(read_data_file(__package__, "figures.toml"), "figures.toml"))
