"""Fee schedules: dated, sourced tariffs in a TOML file beside a plugin, and what is to be paid on a day."""

from nagorik.fees.errors import DimensionRejected, FeeError, FeeProblem, FeesInvalid, NoTariff, NotPriced
from nagorik.fees.reading import load_schedules
from nagorik.fees.schedule import FeeSchedule, Price
from nagorik.fees.tariff import Condition, Dimension, Row, Standing, Tariff, Vat
from nagorik.fees.values import Numbers, Word

__all__ = [
    "Condition",
    "Dimension",
    "DimensionRejected",
    "FeeError",
    "FeeProblem",
    "FeeSchedule",
    "FeesInvalid",
    "NoTariff",
    "NotPriced",
    "Numbers",
    "Price",
    "Row",
    "Standing",
    "Tariff",
    "Vat",
    "Word",
    "load_schedules",
]
