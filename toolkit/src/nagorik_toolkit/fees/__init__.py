"""Fee schedules: dated, sourced tariffs in a TOML file beside a plugin, and what is to be paid on a day."""

from nagorik_toolkit.fees.basis import AssessFees, FeeBasis
from nagorik_toolkit.fees.errors import DimensionRejected, FeeError, NoTariff, NotPriced
from nagorik_toolkit.fees.quotes import agreed_quote, demanded_quote, until_midnight
from nagorik_toolkit.fees.reading import FEES_FILE, parse_schedules, read_schedules
from nagorik_toolkit.fees.rounding import Rounding, vat_on
from nagorik_toolkit.fees.schedule import FeeSchedule, Price
from nagorik_toolkit.fees.tariff import (
    Condition,
    Dimension,
    DimensionWords,
    Numbers,
    Row,
    Tariff,
    TariffStanding,
    Vat,
    Word,
)

__all__ = [
    "FEES_FILE",
    "AssessFees",
    "Condition",
    "Dimension",
    "DimensionRejected",
    "DimensionWords",
    "FeeBasis",
    "FeeError",
    "FeeSchedule",
    "NoTariff",
    "NotPriced",
    "Numbers",
    "Price",
    "Rounding",
    "Row",
    "Tariff",
    "TariffStanding",
    "Vat",
    "Word",
    "agreed_quote",
    "demanded_quote",
    "parse_schedules",
    "read_schedules",
    "until_midnight",
    "vat_on",
]
