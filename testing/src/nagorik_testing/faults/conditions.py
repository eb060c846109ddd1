"""How an agency is reachable from one hour to the next: closed at night, out for days, browned out, throttling.

A simulator declares what is always so, and a test or an operator adds what is so for a while::

    class PortalSimulator(Simulator):
        declared_conditions = (ClosedOutside(open="08:00", close="22:00"),)


    agency.conditions.add(Outage(begin=clock.now(), end=clock.now() + timedelta(days=3)))

Whatever a request meets is a fault like any other, in process or on a socket, and a fault of the plan goes before it.
What a brown-out hits follows from the simulator's seed.
"""

import math
import random
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, TypeAdapter, model_validator

from nagorik.clock import Clock
from nagorik.manifest import Window
from nagorik.privacy import Model
from nagorik.values import dhaka_time
from nagorik_platform.agency_client.hours import no_holidays, open_at
from nagorik_testing.faults.kinds import AnyFault, InjectedResponse, NotSent, SimulatedSeconds

EVERY_DAY: Final = "sat-fri"
TOO_MANY: Final = 429

_UNAVAILABLE: Final = InjectedResponse(status=503)


class ClosedOutside(Model):
    """The agency answers within its hours only; the clocks are those in Dhaka."""

    condition: Literal["closed-outside"] = "closed-outside"
    open: str
    """First minute, ``08:00``."""
    close: str
    """End, excluded; ``00:00`` is midnight at the end of the day."""
    days: str = EVERY_DAY
    """Weekdays as in ``plugin.toml``: ``sun-thu``."""
    holidays: tuple[date, ...] = ()
    """Days on which it stays closed all the same."""
    fault: AnyFault = _UNAVAILABLE
    """What a request meets when it is closed: 503, a ``MaintenancePage``, ``NotSent()`` for a refused connection."""

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        self.windows  # noqa: B018 - reads the hours, which raises where they are none
        return self

    @property
    def windows(self) -> tuple[Window, ...]:
        """The hours as a manifest declares them."""
        hours = {"days": self.days, "open": self.open, "close": self.close, "holidays": "closed"}
        return (Window.model_validate(hours),)

    def holds_at(self, instant: datetime) -> bool:
        """Whether it is closed."""
        holiday = self.holidays.__contains__ if self.holidays else no_holidays
        return not open_at(self.windows, instant, holiday)

    def __str__(self) -> str:
        return f"closed outside {self.open}-{self.close}, {self.days}, in Dhaka"


class Outage(Model):
    """Nothing works from one instant to another: a planned closure, a power cut, days without a data centre."""

    condition: Literal["outage"] = "outage"
    begin: AwareDatetime
    end: AwareDatetime
    """Excluded."""
    fault: AnyFault = NotSent()

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.end <= self.begin:
            raise ValueError("an outage ends after it begins")
        return self

    def holds_at(self, instant: datetime) -> bool:
        """Whether it lasts."""
        return self.begin <= instant < self.end

    def __str__(self) -> str:
        return f"down from {_in_dhaka(self.begin)} to {_in_dhaka(self.end)} in Dhaka"


class BrownOut(Model):
    """A share of all requests fails, drawn by the simulator's seed."""

    condition: Literal["brown-out"] = "brown-out"
    share: float = Field(gt=0, le=1)
    """Of all requests, from 0 to 1."""
    begin: AwareDatetime | None = None
    end: AwareDatetime | None = None
    """Excluded; for ever where it is not given."""
    fault: AnyFault = _UNAVAILABLE

    def holds_at(self, instant: datetime) -> bool:
        """Whether it lasts."""
        return (self.begin is None or self.begin <= instant) and (self.end is None or instant < self.end)

    def __str__(self) -> str:
        return f"{self.share:.0%} of all requests fail"


class RateLimit(Model):
    """So many requests in so many seconds; every further one is answered 429 with ``Retry-After``, unprocessed."""

    condition: Literal["rate-limit"] = "rate-limit"
    requests: int = Field(ge=1)
    seconds: SimulatedSeconds = Field(default=1.0, gt=0)

    def __str__(self) -> str:
        return f"{self.requests} requests in {self.seconds:g} s"


AgencyCondition = ClosedOutside | Outage | BrownOut | RateLimit

CONDITIONS: TypeAdapter[AgencyCondition] = TypeAdapter(Annotated[AgencyCondition, Field(discriminator="condition")])
"""Reads a condition from JSON: ``{"condition": "brown-out", "share": 0.2}``."""


def _in_dhaka(instant: datetime) -> str:
    return f"{dhaka_time(instant):%Y-%m-%d %H:%M}"


class Conditions:
    """The conditions under which one simulated agency is reached."""

    def __init__(self, declared: Sequence[AgencyCondition], clock: Clock, seed: str) -> None:
        """Begin with what the simulator declares.

        Args:
            declared: What is always so; a reset leaves it.
            clock: The agency's time.
            seed: From which a brown-out draws.
        """
        self._declared = tuple(declared)
        self._clock = clock
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Back to what the simulator declares, with nothing met or counted yet."""
        self._conditions: list[AgencyCondition] = list(self._declared)
        self._rng = random.Random(f"weather:{self._seed}")  # noqa: S311 - reproducible on purpose
        self._lately: defaultdict[RateLimit, deque[datetime]] = defaultdict(deque)
        self._met: Counter[str] = Counter()

    def add(self, condition: AgencyCondition) -> None:
        """Let a condition hold from now on; it decides when."""
        self._conditions.append(condition)

    @property
    def all(self) -> tuple[AgencyCondition, ...]:
        """What holds or will hold, in order."""
        return tuple(self._conditions)

    @property
    def met(self) -> Mapping[str, int]:
        """How many requests met each kind of condition: a test whose outage nobody met has tested nothing."""
        return self._met

    def meet(self) -> AnyFault | None:
        """What a request that arrives now meets, if anything."""
        now = self._clock.now()
        for condition in self._conditions:
            fault = self._throttled(condition, now) if isinstance(condition, RateLimit) else self._hit(condition, now)
            if fault is not None:
                self._met[condition.condition] += 1
                return fault
        return None

    def _hit(self, condition: ClosedOutside | Outage | BrownOut, now: datetime) -> AnyFault | None:
        if not condition.holds_at(now):
            return None
        if isinstance(condition, BrownOut) and self._rng.random() >= condition.share:
            return None
        return condition.fault

    def _throttled(self, limit: RateLimit, now: datetime) -> AnyFault | None:
        lately, span = self._lately[limit], timedelta(seconds=limit.seconds)
        while lately and lately[0] + span <= now:
            lately.popleft()
        if len(lately) < limit.requests:
            lately.append(now)
            return None
        wait = math.ceil((lately[0] + span - now).total_seconds())
        return InjectedResponse(status=TOO_MANY, retry_after=str(wait))
