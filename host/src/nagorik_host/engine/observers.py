"""Counting what a worker does: codes and numbers, never what a call was about."""

from typing import Final

from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

ANSWERED: Final = "answered"
"""How a call ended to which the agency responded; others end with the code of their error."""
INTERRUPTED: Final = "interrupted"
"""How a call ended that the worker gave up before it was over."""
BROKEN: Final = "broken"
"""How a call ended whose plugin raised no error of the contract."""


class WorkerObserver:
    """Hears of everything on the event loop, and does nothing.

    What it raises is logged by the exception's type, and harms no call.
    """

    def claimed(self, number: int) -> None:
        """So many applications were claimed together."""

    def call_began(self, plugin: str, operation: str) -> None:
        """A call to an agency, or a wait for its turn there, began."""

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """It ended, with ``ANSWERED``, ``INTERRUPTED``, ``BROKEN`` or an error's code, so many seconds later."""

    def database_lost(self) -> None:
        """The database cannot be reached any more; called once for an outage."""

    def note(self, method: str, *arguments: object) -> None:
        """Call one of the methods, and contain what it raises."""
        try:
            getattr(self, method)(*arguments)
        except Exception as error:  # noqa: BLE001 - an outcome is written down though it cannot be counted
            _log.error("observer_failed", method=method, exception=type_name(error))
