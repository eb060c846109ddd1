"""A scenario in a file: what an agency answers or decides, and what goes wrong, for every way of reaching it.

The same file drives a simulator in process, on the loopback (``serve``, ``nagorik simulate --scenario``) and behind
the routes of a ``StrictRouter``. It either holds exchanges, which are then all of the agency, or outcomes for the
plugin's own simulator to decide; faults and conditions go with both.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from nagorik.data_files import DataFileInvalid, FileProblem, parse_model, read_file
from nagorik.privacy import Model
from nagorik_testing.faults.conditions import AgencyCondition, RateLimit
from nagorik_testing.faults.kinds import AnyFault, SimulatedSeconds
from nagorik_testing.simulator.base import Simulator, SimulatorUnusable, installed_simulators, load_simulator
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.exchange_simulator import ExchangeSimulator, UnmetExpectation
from nagorik_testing.simulator.exchanges import Exchange, json_content, values_of
from nagorik_testing.simulator.script import EVERYONE
from nagorik_testing.simulator.scrubbing import is_shape


class ScriptedOutcome(Model):
    """What becomes of whatever carries a marker; see ``Script.set``."""

    outcome: str
    marker: str = EVERYONE
    durations: dict[str, SimulatedSeconds] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)


class ScriptedFault(Model):
    """Which requests meet a fault; see ``FaultPlan.add``."""

    operation: str
    """Method and path template, or ``*``."""
    fault: AnyFault
    first: int = Field(default=1, ge=1)
    count: Annotated[int, Field(ge=1)] | Literal["all"] = 1
    client_reference: str | None = None


class WrittenScenario(Model):
    """What a scenario file says."""

    scenario_version: Literal[1]
    plugin: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """The plugin whose agency it is."""
    summary: str = ""
    """What the scenario is about, in a sentence."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Settings of the plugin beside ``base_url``; with exchanges only, since a simulator has its own."""
    exchanges: tuple[Exchange, ...] = Field(default=(), alias="exchange")
    outcomes: tuple[ScriptedOutcome, ...] = Field(default=(), alias="outcome")
    faults: tuple[ScriptedFault, ...] = Field(default=(), alias="fault")
    conditions: tuple[Annotated[AgencyCondition, Field(discriminator="condition")], ...] = Field(
        default=(), alias="condition"
    )
    """When the agency cannot be reached, or not by everybody."""

    @model_validator(mode="after")
    def _is_about_one_agency(self) -> Self:
        if self.exchanges and self.outcomes:
            text = (
                "holds [[exchange]] and [[outcome]]: written answers decide nothing, so only one of them can be meant"
            )
            raise PydanticCustomError("scenario", text)
        if self.settings and not self.exchanges:
            raise PydanticCustomError("scenario", "holds settings without an [[exchange]]: a simulator has its own")
        if not (self.exchanges or self.outcomes or self.faults or self.conditions):
            text = "scripts nothing: write an [[exchange]], [[outcome]], [[fault]] or [[condition]]"
            raise PydanticCustomError("scenario", text)
        return self


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario and the file that it was read from."""

    path: Path
    scenario: WrittenScenario

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            DataFileInvalid: It cannot be used; the text names file and field.
        """
        return cls(path, parse_model(read_file(path), path.name, WrittenScenario))

    def open(
        self, simulator: type[Simulator] | None = None, *, clock: SimulatedClock | None = None, seed: int = 0
    ) -> Simulator:
        """The agency of the file, open and scripted; ``reset`` forgets all but its exchanges.

        Args:
            simulator: Stands for the agency where the file has no exchanges; the installed one by default.
            clock: Its time; one of its own if none is given.
            seed: As a simulator's.

        Raises:
            DataFileInvalid: The simulator stands for another plugin, or does not know an outcome or an operation; or
                an answer holds the shape of a value, as a recording does.
            SimulatorUnusable: No usable simulator is installed.
        """
        opened = self._class(simulator)(clock=clock, seed=seed)
        if opened.plugin_id != self.scenario.plugin:
            raise DataFileInvalid(
                self.path.name, [FileProblem("plugin", f"the simulator stands for {opened.plugin_id}")]
            )
        problems = self._shapes()
        for number, outcome in enumerate(self.scenario.outcomes):
            try:
                opened.script.set(outcome.marker, outcome.outcome, durations=outcome.durations, values=outcome.values)
            except ValueError as problem:
                problems.append(FileProblem(f"outcome.{number}.outcome", str(problem)))
        for number, fault in enumerate(self.scenario.faults):
            try:
                opened.faults.add(
                    fault.operation,
                    fault.fault,
                    first=fault.first,
                    count=None if fault.count == "all" else fault.count,
                    client_reference=fault.client_reference,
                )
            except ValueError as problem:
                problems.append(FileProblem(f"fault.{number}.operation", str(problem)))
        if problems:
            raise DataFileInvalid(self.path.name, problems)
        for condition in self.scenario.conditions:
            opened.conditions.add(condition)
        return opened

    def _shapes(self) -> list[FileProblem]:
        """Answers copied from a recording whose values nobody has put in."""
        return [
            FileProblem(f"exchange.{number}.response.body, {place}", "holds the shape of a value; write a value")
            for number, exchange in enumerate(self.scenario.exchanges)
            for place, value in values_of(json_content(exchange.response.body))
            if isinstance(value, str) and is_shape(value)
        ]

    def _class(self, given: type[Simulator] | None) -> type[Simulator]:
        scenario = self.scenario
        if scenario.exchanges:
            return ExchangeSimulator.of(scenario.plugin, scenario.exchanges, dict(scenario.settings))
        if given is not None:
            return given
        installed = installed_simulators()
        if scenario.plugin not in installed:
            raise SimulatorUnusable(f"no simulator of {scenario.plugin} is installed, and the file has no exchanges")
        return load_simulator(installed[scenario.plugin])


def check_expectations(simulator: Simulator) -> None:
    """End a test of a simulator: what was scripted has happened, and nothing else was wanted.

    Raises:
        UnmetExpectation: A fault or a condition that was added met no request, or an exchange was not asked for, or
            was not written.
    """
    unused = [f"{rule.operation}: no request met the fault {rule.fault.fault}" for rule in simulator.faults.unused]
    unmet = simulator.unmet if isinstance(simulator, ExchangeSimulator) else ()
    added = simulator.conditions.all[len(simulator.declared_conditions) :]
    # A rate limit that is never reached may be just what a test is about.
    kinds = dict.fromkeys(each.condition for each in added if not isinstance(each, RateLimit))
    mild = [f"no request met the condition {kind}" for kind in kinds if not simulator.conditions.met.get(kind)]
    if problems := [*unmet, *unused, *mild]:
        raise UnmetExpectation("\n".join(problems))
