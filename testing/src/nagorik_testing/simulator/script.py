"""What the simulated agency decides, written down beforehand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from nagorik_testing.simulator.clock import duration

EVERYONE: Final = "*"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is scripted for somebody."""

    outcome: str
    """One of the simulator's outcomes, such as ``approve``."""
    durations: Mapping[str, timedelta] = field(default_factory=dict)
    """Time that named stages take, on the simulator's clock; the others take what the simulator's data says."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Whatever else the outcome wants to know, such as another amount or a remark."""


class Script:
    """Scripted outcomes by marker: an applicant's alias, a client reference, a marker in a form, or everyone."""

    def __init__(self, outcomes: Collection[str]) -> None:
        """Make a script.

        Args:
            outcomes: What the simulator can do; the first is what happens where nothing is scripted.
        """
        self._outcomes = tuple(outcomes)
        self._scenarios: dict[str, Scenario] = {}

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What can be scripted."""
        return self._outcomes

    def set(
        self,
        marker: str,
        outcome: str,
        *,
        durations: Mapping[str, float | timedelta] | None = None,
        values: Mapping[str, str] | None = None,
    ) -> Scenario:
        """Script what becomes of whatever carries ``marker``; ``*`` is everyone who is not named otherwise.

        Durations are seconds or ``timedelta``.

        Raises:
            ValueError: For an outcome that the simulator does not know.
        """
        if outcome not in self._outcomes:
            raise ValueError(f"no outcome {outcome}; write one of {', '.join(self._outcomes)}")
        stages = {stage: duration(length) for stage, length in (durations or {}).items()}
        self._scenarios[marker] = Scenario(outcome, stages, dict(values or {}))
        return self._scenarios[marker]

    def scenario(self, *markers: str | None, otherwise: str | None = None) -> Scenario:
        """The scenario of the first marker that has one.

        Where none has: the outcome ``otherwise``, which the form itself may ask for; else everyone's scenario; else
        the simulator's first outcome.
        """
        for marker in markers:
            if marker is not None and marker in self._scenarios:
                return self._scenarios[marker]
        if otherwise is not None:
            return Scenario(otherwise)
        return self._scenarios.get(EVERYONE) or Scenario(self._outcomes[0])

    def clear(self) -> None:
        """Forget everything that was scripted."""
        self._scenarios.clear()
