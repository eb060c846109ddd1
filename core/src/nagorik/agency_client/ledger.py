"""What one call has done at the agency so far: kept for the dispatcher, and to hold the plugin to its one promise."""

from dataclasses import dataclass, field

from nagorik.errors import OutcomeUnknown


@dataclass(slots=True)
class CallLedger:
    """The effects of one hook call, whatever the plugin makes of the errors it meets.

    Attributes:
        wrote: Whether a write of this call was, or may have been, processed. Operations of the class ``safe``
            never count.
        unknown: The first write whose outcome is unknown. While it stands, no further write of this call is sent.
        read_after_unknown: Whether a read was answered after that, so that the plugin may know the outcome after all.
        requests: Requests handed to the transport, attempts included.
        steps: Names of the steps written, or being written.
        in_flight: Writes that have begun and not ended. A hook that returns before they have ended knows nothing
            of them.
    """

    wrote: bool = False
    unknown: OutcomeUnknown | None = None
    read_after_unknown: bool = False
    requests: int = 0
    steps: set[str] = field(default_factory=set)
    in_flight: int = 0

    def lost(self, unknown: OutcomeUnknown) -> OutcomeUnknown:
        """Remember that the outcome of a write is unknown; returns the first such error of the call."""
        self.wrote = True
        if self.unknown is None:
            self.unknown = unknown
        return self.unknown

    def read(self) -> None:
        """Remember that the agency answered a read."""
        if self.unknown is not None:
            self.read_after_unknown = True
