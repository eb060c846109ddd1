"""What a state or a flag means to the citizen it concerns, in both languages."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik.values.sentences import Text


def state_label(state: ApplicationState | PaymentState | Flag) -> Text:
    """What it is, what it means, and what the citizen has to do next, if anything."""
    match state:
        case ApplicationState():
            return _labels()["application"][state]
        case PaymentState():
            return _labels()["payment"][state]
        case Flag():
            return _labels()["flag"][state]


@cache
def _labels() -> Mapping[str, Mapping[str, Text]]:
    tables = tomllib.loads(files("nagorik_platform.lifecycle").joinpath("labels.toml").read_text("utf-8"))
    return {table: {code: Text(**texts) for code, texts in rows.items()} for table, rows in tables.items()}
