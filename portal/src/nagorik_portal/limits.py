"""How fast one actor may ask: a token bucket for each, in the memory of this process."""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import Final

from nagorik_portal.errors import Throttled

RATE: Final = 15.0
"""Requests per second that an actor may make for as long as they like."""
BURST: Final = 60.0
"""Requests that an actor may make at once after a pause."""
_MOST: Final = 10_000
"""Actors that are remembered; the one that asked least recently is forgotten, and has a full bucket then."""


class TooManyRequests(Throttled):
    """The actor asks too fast; nothing was done."""

    code = "too-many-requests"
    status = 429

    def __init__(self, retry_after: int) -> None:
        """Say after how many seconds there is room again."""
        super().__init__()
        self.retry_after = retry_after


class RateLimits:
    """A bucket for each actor. Several processes each count for themselves."""

    def __init__(self, rate: float = RATE, burst: float = BURST, clock: Callable[[], float] = monotonic) -> None:
        """Let ``rate`` requests a second through, and ``burst`` at once; ``clock`` counts seconds."""
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, actor: str) -> None:
        """Take one request of the actor's.

        Raises:
            TooManyRequests: There is no room now.
        """
        now = self._clock()
        left, since = self._buckets.pop(actor, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        self._buckets[actor] = (left - 1 if left >= 1 else left), now
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        if left < 1:
            raise TooManyRequests(max(1, ceil((1 - left) / self._rate)))
