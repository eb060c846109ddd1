"""What a host here has suspended, told by whichever distribution knows it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nagorik.values.sentences import Text
from nagorik_platform.cli.admission import is_kept_out
from nagorik_platform.cli.commands import CommandUnusable, Contribution, find_suspensions
from nagorik_platform.cli.output import print_error


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
        if is_kept_out(item, out):
            continue
        try:
            found += _asked(item)
        except CommandUnusable as problem:
            print_error(str(problem))
    return found


def suspension_for(offer: str, suspensions: Iterable[Suspension]) -> Suspension | None:
    """What suspends an offer: its own suspension, or its plugin's."""
    names = {("service", offer), ("plugin", offer.partition(".")[0])}
    return next((one for one in suspensions if (one.kind, one.name) in names), None)


def _asked(item: Contribution) -> list[Suspension]:
    ask: Callable[[], Iterable[Suspension]] = item.imported()  # type: ignore[assignment]
    try:
        return list(ask())
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything, and its text may hold values
        print_error(f"{item.label} cannot tell what is suspended: {type(error).__name__}")
        return []
