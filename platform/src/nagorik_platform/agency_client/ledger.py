"""The writes of one call: the key of each step, and what the call has done at the agency so far."""

import uuid
from dataclasses import dataclass, field
from typing import Final

from nagorik.errors import OutcomeUnknown

NAMESPACE: Final = uuid.UUID("5f6b1a52-6c1e-5b0e-9a39-0a5f0f5c7d11")
"""The UUID namespace of step keys. It never changes: a key must be the same after a restart and an upgrade."""


def step_key(key: str, step: str) -> str:
    """Derive the key of ``step`` from the application's key for the call.

    A version 5 UUID (RFC 9562) of both, separated by a line feed: the same inputs always give the same key, different
    steps different ones, and it does not show the application's key. Agencies that ask for a UUID take it as it is.
    """
    return str(uuid.uuid5(NAMESPACE, f"{key}\n{step}"))


@dataclass(slots=True)
class CallLedger:
    """The effects of one hook call, also of errors that the plugin swallows.

    Attributes:
        wrote: Whether a write of this call was, or may have been, processed. Operations of the class ``safe``
            never count.
        unknown: The first write whose outcome is unknown. While it stands, no further write of this call is sent.
        read_after_unknown: Whether a read was answered after that, so that the plugin may know the outcome after all.
        requests: Requests handed to the transport, attempts included.
        steps: Names of the steps written, or being written.
        in_flight: Writes that have begun and not ended.
        unread: Whether the client itself broke off at a response that it could not read.
    """

    wrote: bool = False
    unknown: OutcomeUnknown | None = None
    read_after_unknown: bool = False
    requests: int = 0
    steps: set[str] = field(default_factory=set)
    in_flight: int = 0
    unread: bool = False

    def record_unknown(self, unknown: OutcomeUnknown) -> OutcomeUnknown:
        """Remember that the outcome of a write is unknown; returns the first such error of the call."""
        self.wrote = True
        if self.unknown is None:
            self.unknown = unknown
        return self.unknown
