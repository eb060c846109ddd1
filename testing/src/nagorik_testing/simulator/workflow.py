"""The workflow of an application at an agency, as data: its states, what follows by itself and when, who may do what.

An agency's ``workflow.toml``::

    begins = "RECEIVED"
    outcomes = ["approve", "reject", "hearing", "stall"]  # what can be scripted; the first is the usual one

    [states]  # every state, with the agency's word for it
    RECEIVED = "গৃহীত"
    HEARING = "শুনানি"
    APPROVED = "অনুমোদিত"
    REJECTED = "বাতিল"

    [decisions]  # which states are the agency's decision; in all others it has made none
    granted = ["APPROVED"]
    refused = ["REJECTED"]

    [[steps]]  # the first step of a state that fits is the one that is taken
    from = "RECEIVED"
    outcomes = ["hearing"]  # only for these
    once = true  # only if HEARING was never entered before
    to = "HEARING"
    after = "summons"

    [[steps]]
    from = "RECEIVED"
    outcomes = ["stall"]  # without "to": it stays there until somebody acts

    [[steps]]
    from = "RECEIVED"
    traits = ["URGENT"]  # only for cases that have all of these
    to = "APPROVED"
    after = "review"

    [durations]  # ISO 8601, each with its source
    summons = "P2D"
    review = { URGENT = "P7D", otherwise = "P30D" }  # by a trait of the case
    hearing = "scripted"  # by itself only where a test scripts how long

    [actions.hold-hearing]  # what an officer does, by hand or over the admin API
    from = ["HEARING"]
    to = "APPROVED"

    [actions.withdraw]
    from = ["RECEIVED", "HEARING"]
    to = "REJECTED"
    by = "applicant"
    effect = "withdrawal"  # the ledger's word for it

    [remarks]  # what the agency says on entering a state where it says nothing else
    REJECTED = "দলিল অসম্পূর্ণ"
"""

from collections.abc import Collection, Iterator
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.resources.abc import Traversable
from itertools import chain
from typing import Literal, Self

from pydantic import Field, model_validator

from nagorik.data_files import parse_model, read_file
from nagorik.privacy import Model
from nagorik_testing.simulator.script import Scenario

OTHERWISE = "otherwise"

Length = timedelta | Literal["scripted"] | dict[str, timedelta]


class AgencyDecision(StrEnum):
    """What has become of an application in the end, whatever follows of what was granted."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class WorkflowStep(Model):
    """What follows a state by itself."""

    source: str = Field(alias="from")
    to: str | None = None
    """The next state; ``None`` where it stays until somebody acts."""
    after: str | None = None
    """The stage whose duration passes first; ``None`` for at once."""
    outcomes: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    once: bool = False


class WorkflowAction(Model):
    """What somebody does to a case."""

    sources: frozenset[str] = Field(alias="from", min_length=1)
    to: str
    by: Literal["officer", "applicant", "agency"] = "officer"
    """Who does it; an officer's actions are served under ``/_simulator``."""
    effect: str | None = None
    """What the ledger calls it; ``None`` where nothing is written down."""


class Workflow(Model):
    """One kind of application's workflow; refused when it is read if it does not hold together."""

    begins: str
    outcomes: tuple[str, ...] = Field(default=("approve",), min_length=1)
    states: dict[str, str]
    """Every state with the agency's word for it in Bangla."""
    decisions: dict[AgencyDecision, frozenset[str]] = Field(default_factory=dict)
    """The states that are a decision, so that what an applicant is told of it can be compared; nothing is compared
    with a workflow that names none."""
    steps: tuple[WorkflowStep, ...] = ()
    durations: dict[str, Length] = Field(default_factory=dict)
    actions: dict[str, WorkflowAction] = Field(default_factory=dict)
    remarks: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def read(cls, file: Traversable) -> Self:
        """A workflow out of a TOML file of the package: ``Workflow.read(files(__package__) / "workflow.toml")``.

        The same content is the same object, which is not to be changed.

        Raises:
            DataFileInvalid: It names a state, an outcome or a stage that does not exist, or nothing leads to a state.
        """
        return cls._parsed(read_file(file), file.name)

    @classmethod
    @lru_cache(maxsize=64)  # the contract suite opens an agency thousands of times
    def _parsed(cls, content: bytes, file: str) -> Self:
        return parse_model(content, file, cls)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        problems = [
            *_unlike("state", self._states_named(), self.states),
            *_unlike("outcome", {name for step in self.steps for name in step.outcomes}, self.outcomes),
            *_unlike("stage", {step.after for step in self.steps if step.after is not None}, self.durations),
        ]
        entered = {self.begins} | {step.to for step in self.steps} | {action.to for action in self.actions.values()}
        problems += [f"nothing leads to {state}" for state in self.states if state not in entered]
        problems += [
            f"{state} is more than one decision"
            for state in self.states
            if sum(state in states for states in self.decisions.values()) > 1
        ]
        problems += [
            f"{stage} says no duration {OTHERWISE}"
            for stage, length in self.durations.items()
            if isinstance(length, dict) and OTHERWISE not in length
        ]
        if problems:
            raise ValueError("; ".join(sorted(problems)))
        return self

    def decision(self, state: str) -> AgencyDecision | None:
        """What the agency has decided of an application in ``state``; ``None`` where it has not."""
        return next((decision for decision, states in self.decisions.items() if state in states), None)

    def following(
        self, state: str, *, traits: Collection[str], scenario: Scenario, entered: Collection[str]
    ) -> tuple[str, timedelta] | None:
        """What follows ``state`` by itself, and after how long; ``None`` where nothing does."""
        for step in self.steps:
            if (
                step.source == state
                and (not step.outcomes or scenario.outcome in step.outcomes)
                and step.traits <= set(traits)
                and not (step.once and step.to in entered)
            ):
                length = timedelta(0) if step.after is None else self._length(step.after, traits, scenario)
                if step.to is None:
                    return None
                if length is not None:
                    return step.to, length
        return None

    def length(self, stage: str, traits: Collection[str] = ()) -> timedelta:
        """How long a stage takes where nothing is scripted.

        Raises:
            ValueError: It ends only if it is scripted.
        """
        length = self._length(stage, traits, None)
        if length is None:
            raise ValueError(f"{stage} takes as long as is scripted")
        return length

    def _length(self, stage: str, traits: Collection[str], scenario: Scenario | None) -> timedelta | None:
        if scenario is not None and stage in scenario.durations:
            return scenario.durations[stage]
        length = self.durations[stage]
        if isinstance(length, dict):
            return next((length[trait] for trait in length if trait in traits), length[OTHERWISE])
        return length if isinstance(length, timedelta) else None

    def _states_named(self) -> set[str]:
        def named() -> Iterator[str | None]:
            yield self.begins
            yield from self.remarks
            yield from chain.from_iterable(self.decisions.values())
            for step in self.steps:
                yield from (step.source, step.to)
            for action in self.actions.values():
                yield from (*action.sources, action.to)

        return {state for state in named() if state is not None}


def _unlike(what: str, named: Collection[str], known: Collection[str]) -> list[str]:
    return [f"there is no {what} {name}" for name in set(named) - set(known)]
