"""What a host here has suspended, told by whichever distribution knows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nagorik.values.sentences import Text
from nagorik_platform.cli.admission import is_kept_out
from nagorik_platform.cli.commands import find_suspensions, told_by


@dataclass(frozen=True, slots=True)
class Suspension:
    """A service or a whole plugin to which nothing is sent for the time being.

    Attributes:
        kind: Which of the two.
        name: Its id.
        reason: What citizens are told.
        since: Since when, aware.
    """

    kind: Literal["service", "plugin"]
    name: str
    reason: Text
    since: datetime


def active_suspensions(out: frozenset[str] = frozenset()) -> Sequence[Suspension]:
    """Everything that is suspended here; who cannot tell is named on standard error.

    Distributions of which the host wants nothing, ``out``, are not asked.
    """
    found: list[Suspension] = []
    for item in find_suspensions():
        if not is_kept_out(item, out):
            found += told_by(item, "what is suspended")
    return found


def suspension_for(offer: str, suspensions: Iterable[Suspension]) -> Suspension | None:
    """What suspends an offer: its own suspension, or its plugin's."""
    names = {("service", offer), ("plugin", offer.partition(".")[0])}
    return next((one for one in suspensions if (one.kind, one.name) in names), None)
