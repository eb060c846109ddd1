"""Which application a task is working for, for the host's policies and for whoever watches it work."""

from contextvars import ContextVar
from typing import Final

APPLICATION: Final[ContextVar[str | None]] = ContextVar("APPLICATION", default=None)
"""The id of the application that this task makes a call for, from the call until its outcome is committed."""
