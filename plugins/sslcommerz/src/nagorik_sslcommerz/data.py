"""What the data files beside this module say: the plugin's sentences, and the bounds that the gateway sets."""

from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from nagorik import Money, parse_model, read_data_file
from nagorik_toolkit import Amount, read_texts

GATEWAY_FILE: Final = "gateway.toml"


class AmountBounds(BaseModel):
    """Between which amounts the gateway opens a payment, who says so, and since when that is known here."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    currency: str = Field(pattern=r"^BDT$")
    least: Annotated[Money, Amount()]
    most: Annotated[Money, Amount()]
    source: str = Field(min_length=1)
    checked_on: date
    verified: bool
    """Whether it was seen in a contract or at the gateway itself."""


class GatewayFigures(BaseModel):
    """All figures of the gateway that the plugin keeps to."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    amount: AmountBounds


TEXTS: Final = read_texts(__package__)
BOUNDS: Final = parse_model(read_data_file(__package__, GATEWAY_FILE), GATEWAY_FILE, GatewayFigures).amount
