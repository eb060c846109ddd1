"""One application as the agency holds it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from nagorik.bangladesh import Money
from nagorik_testing.course import Course
from nagorik_testing.script import Scenario

D = TypeVar("D")


class Entered(NamedTuple):
    """One state, entered."""

    state: str
    at: datetime
    remarks: str


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """A payment that the agency was told of."""

    reference: str
    amount: Money
    arrives_at: datetime
    """When the agency has it as its own fact."""


@dataclass(slots=True, repr=False)
class Case(Generic[D]):
    """One application; what is the agency's own about it stands in ``details``."""

    number: str
    """The agency's reference."""
    details: D
    course: Course
    client_reference: str | None
    alias: str | None
    """The applicant's name in scripts, for a synthetic citizen."""
    traits: frozenset[str]
    """What its course depends on, such as ``URGENT``."""
    filed_at: datetime
    scenario: Callable[[], Scenario]
    """What was scripted, at the moment of asking."""
    history: list[Entered] = field(default_factory=list)
    due: tuple[str, datetime] | None = None
    """The state that it enters by itself, and when."""
    payments: list[PaymentTold] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """Digest of what was handed in last, by action."""

    @property
    def state(self) -> str:
        """The state entered last."""
        return self.history[-1].state

    @property
    def word(self) -> str:
        """The agency's word for the state, in Bangla."""
        return self.course.states[self.state]

    @property
    def remarks(self) -> str:
        """What the agency said when it entered the state; empty where nothing."""
        return self.history[-1].remarks

    @property
    def changed_at(self) -> datetime:
        """When the state was entered, in UTC."""
        return self.history[-1].at

    def enter(self, state: str, at: datetime, remarks: str | None = None) -> None:
        """Enter a state, and schedule what follows by itself."""
        scenario = self.scenario()
        if remarks is None and state in self.course.remarks:
            remarks = scenario.values.get("remarks", self.course.remarks[state])
        self.history.append(Entered(state, at, remarks or ""))
        entered = {entry.state for entry in self.history}
        following = self.course.following(state, traits=self.traits, scenario=scenario, entered=entered)
        self.due = None if following is None else (following[0], at + following[1])

    def settle(self, now: datetime) -> None:
        """Enter every state that has fallen due by ``now``, each at its own time."""
        while self.due is not None and self.due[1] <= now:
            self.enter(*self.due)
