"""Calls that were begun, ended or put off."""

from typing import Final, Literal

from pydantic import AwareDatetime

from nagorik.journey.events.base import JournalEvent
from nagorik.operations import Operation

UNCHANGED: Final = "unchanged"
"""The result of a call for the status that was answered with the report that is known: received again, no news."""


class AttemptBegan(JournalEvent):
    """An intent: a call is about to be made. Committed before the call.

    Written for calls that can have an effect. One that only reads stands in the row while it is in flight, and its
    end says all there is to say; where a journal announces one nevertheless, it means the same.
    """

    kind: Literal["attempt-began"] = "attempt-began"
    operation: Operation
    payment: str | None = None
    artefact: str | None = None


class AttemptEnded(JournalEvent):
    """What is known of the call: answered, or an error's code."""

    kind: Literal["attempt-ended"] = "attempt-ended"
    operation: Operation
    payment: str | None = None
    """The payment that a call that only reads was about."""
    artefact: str | None = None
    """The kind of the artefact that it was about."""
    began_at: AwareDatetime | None = None
    """When a call that only reads began; ``None`` for one that ``AttemptBegan`` announced."""
    result: str
    settled: bool = True
    """Whether the operation has done what it was for; if not, it counts as a failure in a row."""
    not_before: AwareDatetime | None = None
    """When the operation is worth another try."""


class Postponed(JournalEvent):
    """An operation is not worth trying for a while."""

    kind: Literal["postponed"] = "postponed"
    operation: Operation
    until: AwareDatetime
