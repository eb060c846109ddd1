"""Who is told what a worker does, as it does it: counters, never what a call was about.

All that is told are codes and numbers: a plugin, an operation, how a call ended and how long it took.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

ANSWERED: Final = "answered"
"""How a call ended that the agency answered; others end with the code of their error."""
INTERRUPTED: Final = "interrupted"
"""How a call ended that the worker gave up before it was over."""
BROKEN: Final = "broken"
"""How a call ended whose plugin raised what is no error of the contract."""


class WorkerObserver:
    """Is told of everything and does nothing. What it is told on the event loop, it takes in at once.

    What it raises is logged by the exception's type, and harms no call.
    """

    def claimed(self, number: int) -> None:
        """So many applications were taken in hand together."""

    def call_began(self, plugin: str, operation: str) -> None:
        """A call to an agency, or a wait for its turn there, began."""

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """It ended, with ``ANSWERED``, ``INTERRUPTED``, ``BROKEN`` or an error's code, so many seconds later."""

    def database_lost(self) -> None:
        """The database cannot be reached any more; told once, however many wait for it."""


class ObserverGroup(WorkerObserver):
    """Tells each of several. One that raises harms no call: it is told of the next, and the others of all."""

    def __init__(self, *observers: WorkerObserver) -> None:
        """Tell ``observers``, in this order."""
        self._observers = observers
        self._failed: set[tuple[str, str]] = set()

    def claimed(self, number: int) -> None:
        """As ``WorkerObserver.claimed``."""
        self._tell("claimed", lambda observer: observer.claimed(number))

    def call_began(self, plugin: str, operation: str) -> None:
        """As ``WorkerObserver.call_began``."""
        self._tell("call_began", lambda observer: observer.call_began(plugin, operation))

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """As ``WorkerObserver.call_ended``."""
        self._tell("call_ended", lambda observer: observer.call_ended(plugin, operation, outcome, seconds))

    def database_lost(self) -> None:
        """As ``WorkerObserver.database_lost``."""
        self._tell("database_lost", lambda observer: observer.database_lost())

    def _tell(self, what: str, tell: Callable[[WorkerObserver], None]) -> None:
        for observer in self._observers:
            try:
                tell(observer)
            except Exception as error:  # noqa: BLE001 - whoever counts calls is no part of them
                self._log(what, type_name(error))

    def _log(self, what: str, exception: str) -> None:
        # Once: what fails at one call is likely to fail at each.
        if (what, exception) not in self._failed:
            self._failed.add((what, exception))
            _log.error("observer_failed", method=what, exception=exception)


class Throughput(WorkerObserver):
    """Counts the calls that ended since it was last asked, by how they ended."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ended: Counter[str] = Counter()

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:  # noqa: ARG002
        """As ``WorkerObserver.call_ended``."""
        self._ended[outcome] += 1

    def take(self) -> dict[str, int]:
        """The calls since the last time, by how they ended."""
        ended, self._ended = self._ended, Counter()
        return dict(sorted(ended.items()))
