"""What a host here has suspended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nagorik.values.sentences import Text
from nagorik_platform.cli.commands import SUSPENSIONS, reported


@dataclass(frozen=True, slots=True)
class Suspension:
    """A service or a whole plugin to which nothing is sent for the time being.

    Attributes:
        kind: Which of the two.
        name: Its id.
        reason: What citizens are shown.
        since: Since when, aware.
    """

    kind: Literal["service", "plugin"]
    name: str
    reason: Text
    since: datetime


def active_suspensions() -> Sequence[Suspension]:
    """Everything that is suspended here."""
    return reported(SUSPENSIONS)


def suspension_for(offer: str, suspensions: Iterable[Suspension]) -> Suspension | None:
    """What suspends an offer: its own suspension, or its plugin's."""
    names = {("service", offer), ("plugin", offer.partition(".")[0])}
    return next((one for one in suspensions if (one.kind, one.name) in names), None)
