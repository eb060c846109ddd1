"""How an application advances: pure functions of a row and an outcome, and the call that lies between them."""

from nagorik.journey.errors import JournalBroken, NotPossible, UnexpectedAnswer
from nagorik.journey.events import Event, Opened
from nagorik.journey.journal import amounts_to, apply, open_progress, replay
from nagorik.journey.outcome import (
    Answered,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Failed,
    Interrupted,
    Next,
    Noticed,
    Outcome,
    Reported,
)
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Hold, Party, Payment, Progress, Wait, Waiver
from nagorik.journey.restored import restore
from nagorik.journey.step import Step, begin, open_application, step
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
    "Noticed",
    "Opened",
    "Outcome",
    "Party",
    "Payment",
    "Plan",
    "Progress",
    "Reported",
    "Step",
    "UnexpectedAnswer",
    "Wait",
    "Waiver",
    "amounts_to",
    "apply",
    "begin",
    "open_application",
    "open_progress",
    "replay",
    "restore",
    "step",
    "upcoming",
]
