"""What a plugin was proved against."""

from enum import StrEnum


class Grade(StrEnum):
    """Each is stronger evidence than the one before."""

    MOCK = "mock"
    """The simulator, in this process."""
    LOOPBACK = "loopback"
    """The simulator, over real sockets."""
    LIVE = "live"
    """The agency's own sandbox. Nothing could be made to go wrong there."""
