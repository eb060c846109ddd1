"""One application of the demonstration, as the host's books last showed it."""

from dataclasses import dataclass, field

from nagorik import ApplicationDraft
from nagorik.journey import Event, Progress


@dataclass(slots=True, eq=False, repr=False)
class Row:
    """One application."""

    draft: ApplicationDraft
    progress: Progress
    journal: list[Event] = field(default_factory=list)
    requests: int = 0
    """HTTP requests made for it so far."""
    acts: dict[str, int] = field(default_factory=dict)
    """How often somebody has acted, by the hold's code."""
    interrupted: bool = False
    """Whether the worker was killed just when the agency had filed it."""
    filing_cut_off: bool = False
    """Whether it was being filed when the worker was killed, whatever had become of that."""
