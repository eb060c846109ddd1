"""How fast one actor may ask: a token bucket for each, in the memory of this process."""

from collections.abc import Callable
from math import ceil
from time import monotonic

from nagorik_portal.errors import Throttled


class TooManyRequests(Throttled):
    """The actor asks too fast; nothing was done. ``retry_after`` says when there is room again."""

    code, status = "too-many-requests", 429


class RateLimits:
    """A bucket for each actor. Several processes each count for themselves."""

    def __init__(self, rate: float = 15, burst: float = 60, clock: Callable[[], float] = monotonic) -> None:
        """Let ``rate`` requests a second through for any time, and ``burst`` at once; ``clock`` counts seconds."""
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, actor: str) -> None:
        """Take one request of the actor's; raises ``TooManyRequests``."""
        now = self._clock()
        left, since = self._buckets.get(actor, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        self._buckets[actor] = (left - 1 if left >= 1 else left), now
        if left < 1:
            refusal = TooManyRequests()
            refusal.retry_after = max(1, ceil((1 - left) / self._rate))
            raise refusal
