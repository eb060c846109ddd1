"""What a fault needs of the connection that a request came by, in process or on a socket."""

from typing import Final, Literal, Protocol

CONNECTION: Final = "nagorik.connection"
"""The ASGI scope's extension that holds the ``Connection``."""

Drop = Literal["refused", "connect-timeout", "pool-timeout", "reset", "closed", "half-closed", "silent"]


class Connection(Protocol):
    """The way back to one client."""

    async def drop(self, how: Drop) -> None:
        """End the connection, or fall silent, without sending anything further; nothing may be sent after it."""
        ...

    async def wait(self, seconds: float, *, real: bool) -> None:
        """Let the client wait: on the simulator's clock, or on the machine's where ``real``."""
        ...

    async def gone(self) -> None:
        """Return when the client has gone, without ever a word to it."""
        ...
