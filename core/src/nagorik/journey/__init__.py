"""How an application advances: pure functions of a row and an outcome, and the call that lies between them."""

from nagorik.journey.events import Event, Opened
from nagorik.journey.journal import JournalBroken, apply, open_progress, replay
from nagorik.journey.outcome import (
    Answered,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Failed,
    Interrupted,
    Next,
    Outcome,
    Reported,
)
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Hold, Party, Payment, Progress
from nagorik.journey.step import NotPossible, Step, begin, open_application, step
from nagorik.journey.upcoming import upcoming

__all__ = [
    "Answered",
    "Attempt",
    "CitizenActed",
    "ConsentGranted",
    "Decided",
    "Due",
    "Event",
    "Failed",
    "Hold",
    "Interrupted",
    "JournalBroken",
    "Next",
    "NotPossible",
    "Opened",
    "Outcome",
    "Party",
    "Payment",
    "Plan",
    "Progress",
    "Reported",
    "Step",
    "apply",
    "begin",
    "open_application",
    "open_progress",
    "replay",
    "step",
    "upcoming",
]
