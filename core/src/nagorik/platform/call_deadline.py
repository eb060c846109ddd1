"""A deadline that comes at the latest when its call is over."""

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer


class CallDeadline(Deadline):
    """The deadline of one call, closed when the call has ended.

    The agency's client asks it before everything that it sends. So a plugin that keeps its context, or leaves a task
    behind, sends nothing after its call, when nobody would account for the effect.
    """

    __slots__ = ("_closed",)

    _closed: bool

    def __init__(self, clock: Clock, at: float) -> None:
        super().__init__(clock, at)
        object.__setattr__(self, "_closed", False)

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "CallDeadline":
        """A deadline ``seconds`` from now on ``clock``."""
        return cls(clock, clock.monotonic() + seconds)

    def close(self) -> None:
        """The call has ended."""
        object.__setattr__(self, "_closed", True)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed.

        Raises:
            AgencyUnavailable: ``call-over``: the call has ended, by its deadline or before.
        """
        if self._closed:
            raise AgencyUnavailable(because="call-over", layer=Layer.PLUGIN)
        return super().remaining()
