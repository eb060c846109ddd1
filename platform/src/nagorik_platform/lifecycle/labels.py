"""What a state or a flag means to the citizen it concerns, and what they have to do about it, in both languages."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik.values.sentences import Text, read_sentence_tables

_PACKAGE: Final = "nagorik_platform.lifecycle"
_TABLES: Final = MappingProxyType({ApplicationState: "application", PaymentState: "payment", Flag: "flag"})


def state_label(state: ApplicationState | PaymentState | Flag) -> Text:
    """What it is and what it means. It asks for nothing, so that it can be read of a time that is past."""
    return _labels()[_TABLES[type(state)]][state]


def state_advice(state: ApplicationState | PaymentState | Flag) -> Text | None:
    """What the citizen has to do about it; ``None`` where it asks for nothing."""
    return _advice()[_TABLES[type(state)]].get(state)


def nothing_to_do(*, agency_says: bool = False, refused: bool = False) -> Text:
    """What a citizen reads who has nothing to do, unless a text above asks for it.

    Args:
        agency_says: Whether the agency says something beside its report.
        refused: Whether a refusal stands, whose reason the citizen may have to ask for.
    """
    told = [name for name, is_told in (("refused", refused), ("agency-says", agency_says)) if is_told]
    return _advice()["nobody"]["-and-".join(told) or "nothing"]


def nothing_to_pay_yet() -> Text:
    """What a citizen reads whose application waits for a fee, and who cannot pay it anywhere yet."""
    return _advice()["nobody"]["nothing-to-pay-yet"]


@cache
def _labels() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables(_PACKAGE, "labels.toml")


@cache
def _advice() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables(_PACKAGE, "advice.toml")
