"""How an application advances: its legal moves, pure functions of a row and an input, and the call between them.

A host opens an application, begins the call that is due, makes it, and steps on with what came of it. It needs no
database for that: the row is a value, the journal a list of events.
"""

from nagorik_platform.lifecycle.advice import what_to_do
from nagorik_platform.lifecycle.attempts.retry import UnexpectedAnswer
from nagorik_platform.lifecycle.commands import NotPossible, payment_decisions, restore
from nagorik_platform.lifecycle.events import Event, Opened
from nagorik_platform.lifecycle.explanation import StateExplanation, explain, explain_event
from nagorik_platform.lifecycle.fold import JournalBroken, amounts_to, apply, open_progress, replay
from nagorik_platform.lifecycle.inputs import (
    CallAnswered,
    CallFailed,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Input,
    Interrupted,
    Noticed,
    Reported,
)
from nagorik_platform.lifecycle.labels import nothing_to_do, state_advice, state_label
from nagorik_platform.lifecycle.next_action import NextAction, next_action
from nagorik_platform.lifecycle.state import Attempt, Backoff, Hold, Party, Payment, Progress, ServiceCapabilities
from nagorik_platform.lifecycle.step import Step, begin, begin_next, open_application, step
from nagorik_platform.lifecycle.tables import (
    APPLICATION_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    IllegalTransition,
    application_targets,
    is_settled,
    payment_targets,
    route_to_reported_state,
)

__all__ = [
    "APPLICATION_TRANSITIONS",
    "PAYMENT_TRANSITIONS",
    "Attempt",
    "Backoff",
    "CallAnswered",
    "CallFailed",
    "CitizenActed",
    "ConsentGranted",
    "Decided",
    "Due",
    "Event",
    "Hold",
    "IllegalTransition",
    "Input",
    "Interrupted",
    "JournalBroken",
    "NextAction",
    "NotPossible",
    "Noticed",
    "Opened",
    "Party",
    "Payment",
    "Progress",
    "Reported",
    "ServiceCapabilities",
    "StateExplanation",
    "Step",
    "UnexpectedAnswer",
    "amounts_to",
    "application_targets",
    "apply",
    "begin",
    "begin_next",
    "explain",
    "explain_event",
    "is_settled",
    "next_action",
    "nothing_to_do",
    "open_application",
    "open_progress",
    "payment_decisions",
    "payment_targets",
    "replay",
    "restore",
    "route_to_reported_state",
    "state_advice",
    "state_label",
    "step",
    "what_to_do",
]
