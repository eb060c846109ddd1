"""Who is told what a worker does, as it does it: counters, never what a call was about.

All that is told are codes and numbers: a plugin, an operation, how a call ended and how long it took.
"""

from collections import Counter
from typing import Final

ANSWERED: Final = "answered"
"""How a call ended that the agency answered; others end with the code of their error."""
INTERRUPTED: Final = "interrupted"
"""How a call ended that the worker gave up before it was over."""
BROKEN: Final = "broken"
"""How a call ended whose plugin raised what is no error of the contract."""


class WorkerObserver:
    """Is told of everything and does nothing. What it is told on the event loop, it takes in at once."""

    def claimed(self, number: int) -> None:
        """So many applications were taken in hand together."""

    def call_began(self, plugin: str, operation: str) -> None:
        """A call to an agency, or a wait for its turn there, began."""

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """It ended, with ``ANSWERED``, ``INTERRUPTED``, ``BROKEN`` or an error's code, so many seconds later."""

    def database_lost(self) -> None:
        """The database cannot be reached any more; told once, however many wait for it."""


class ObserverGroup(WorkerObserver):
    """Tells each of several."""

    def __init__(self, *observers: WorkerObserver) -> None:
        """Tell ``observers``, in this order."""
        self._observers = observers

    def claimed(self, number: int) -> None:
        """As ``WorkerObserver.claimed``."""
        for observer in self._observers:
            observer.claimed(number)

    def call_began(self, plugin: str, operation: str) -> None:
        """As ``WorkerObserver.call_began``."""
        for observer in self._observers:
            observer.call_began(plugin, operation)

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """As ``WorkerObserver.call_ended``."""
        for observer in self._observers:
            observer.call_ended(plugin, operation, outcome, seconds)

    def database_lost(self) -> None:
        """As ``WorkerObserver.database_lost``."""
        for observer in self._observers:
            observer.database_lost()


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


class Availability:
    """Whether a database can be reached, as all that wait for it at the same time find.

    An outage begins with the first that cannot reach it and is over when nobody waits any more. What was begun before
    its end and finds its connection broken only then is part of it.
    """

    def __init__(self) -> None:
        """Begin while it can be reached."""
        self._waiting = 0
        self._back_at = float("-inf")
        self._is_told = False

    def lost(self, *, begun_at: float) -> bool:
        """Somebody who began at ``begun_at`` waits for it; whether that is news."""
        self._waiting += 1
        if self._is_told or begun_at < self._back_at:
            return False
        self._is_told = True
        return True

    def found(self, now: float, *, is_back: bool) -> bool:
        """Somebody waits no more, because it ``is_back`` or because they gave up; whether it is news that it is."""
        self._waiting -= 1
        if self._waiting or not is_back:
            return False
        self._back_at = now
        was_told, self._is_told = self._is_told, False
        return was_told
