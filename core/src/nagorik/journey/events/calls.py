"""Calls that were begun, ended or put off."""

from typing import Literal

from pydantic import AwareDatetime

from nagorik.journey.events.base import JournalEvent
from nagorik.operations import Operation


class AttemptBegan(JournalEvent):
    """An intent: a call is about to be made. Committed before the call."""

    kind: Literal["attempt-began"] = "attempt-began"
    operation: Operation
    payment: str | None = None
    artefact: str | None = None


class AttemptEnded(JournalEvent):
    """What is known of the call: answered, or an error's code."""

    kind: Literal["attempt-ended"] = "attempt-ended"
    operation: Operation
    result: str
    settled: bool
    """Whether the operation has done what it was for; if not, it counts as a failure in a row."""
    not_before: AwareDatetime | None = None
    """When the operation is worth another try."""


class Postponed(JournalEvent):
    """An operation is not worth trying for a while."""

    kind: Literal["postponed"] = "postponed"
    operation: Operation
    until: AwareDatetime
