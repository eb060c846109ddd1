"""What a state or a flag means to the citizen it concerns, in both languages."""

from collections.abc import Mapping
from functools import cache

from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik.values.sentences import Text, read_sentence_tables


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
    return read_sentence_tables("nagorik_platform.lifecycle", "labels.toml")
