"""Figures that a circular can change: ages, days, limits, rates, steps; each dated and sourced, in ``rules.toml``.

Fees are not here: they have schedules (``nagorik_toolkit.fees``). A rule is an array of its periods::

    [[police-verification]]
    value = true
    effective_to = 2025-02-17
    source = { title = "epassport.gov.bd, instructions", as_of = 2022-10-23, verified = false }

    [[police-verification]]
    value = false
    effective_from = 2025-02-18
    source = { title = "News of the circular, text not found", verified = false }
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BeforeValidator, StrictBool, StrictInt, StringConstraints, ValidationError, model_validator

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_data_file
from nagorik.manifest.fields import Day, Duration, ManifestModel
from nagorik.model.fee import Source
from nagorik.values.time import plain_date

RULES_FILE: Final = "rules.toml"

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ONE_DAY: Final = timedelta(days=1)
V = TypeVar("V")


def _decimal(written: object) -> Decimal:
    try:
        value = Decimal(written) if isinstance(written, str) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError('write an exact number in quotes, such as "6.25"')
    return value


class Rule(ManifestModel):
    """One figure with the days on which it holds, both included, in Dhaka."""

    value: StrictBool | StrictInt | Annotated[str, StringConstraints(strict=True, min_length=1)] | None = None
    """A whole number, a text, or true or false."""
    decimal: Annotated[Decimal | None, BeforeValidator(_decimal)] = None
    """In place of ``value``: an exact number, written as text."""
    duration: Duration | None = None
    """In place of ``value``: an ISO 8601 duration such as ``P15D`` or ``PT24H``."""
    effective_from: Day | None = None
    """Its first day; absent where it is not known since when the first period holds."""
    effective_to: Day | None = None
    """Its last day, included; absent while no end is known."""
    source: Source
    """Where it was found, and whether anybody compared it with the agency's own publication."""

    @model_validator(mode="after")
    def _is_one_figure(self) -> Self:
        if sum(figure is not None for figure in (self.value, self.decimal, self.duration)) != 1:
            raise ValueError("write one of value, decimal and duration")
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("effective_to is the last day, so it is not before effective_from")
        return self

    @property
    def as_int(self) -> int:
        """The whole number; ``TypeError`` where the rule is another figure."""
        if isinstance(self.value, bool):
            raise TypeError("the rule is true or false, no number")
        return _typed(self.value, int)

    @property
    def as_bool(self) -> bool:
        """The answer; ``TypeError`` where the rule is another figure."""
        return _typed(self.value, bool)

    @property
    def as_text(self) -> str:
        """The text; ``TypeError`` where the rule is another figure."""
        return _typed(self.value, str)

    @property
    def as_decimal(self) -> Decimal:
        """The exact number; ``TypeError`` where the rule is another figure."""
        return _typed(self.decimal, Decimal)

    @property
    def as_duration(self) -> timedelta:
        """The duration; ``TypeError`` where the rule is another figure."""
        return _typed(self.duration, timedelta)

    @property
    def kind(self) -> str:
        """The type of its figure."""
        return type(next(f for f in (self.value, self.decimal, self.duration) if f is not None)).__name__

    def holds_on(self, day: date) -> bool:
        """Whether ``day`` is one of its days."""
        return (self.effective_from or date.min) <= day <= (self.effective_to or date.max)


class RuleNotKnown(LookupError):
    """It is not known what the rule says on the day that was asked about: the day lies outside its periods."""

    def __init__(self, rule: str, day: date) -> None:
        super().__init__(rule, day)
        self.rule = rule
        self.day = day

    def __str__(self) -> str:
        return f"it is not known what the rule {self.rule} says on {self.day.isoformat()}"


class RulesOnDay:
    """The rules as they are on one day."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]], day: date) -> None:
        self._rules = rules
        self._day = day

    def find(self, name: str) -> Rule | None:
        """The rule, or ``None`` where it is not known what it says on this day.

        Raises:
            KeyError: There is no rule of that name; a fault of the plugin.
        """
        return next((rule for rule in self._rules[name] if rule.holds_on(self._day)), None)

    def __getitem__(self, name: str) -> Rule:
        """The rule.

        Raises:
            RuleNotKnown: It is not known what it says on this day.
            KeyError: There is no rule of that name; a fault of the plugin.
        """
        rule = self.find(name)
        if rule is None:
            raise RuleNotKnown(name, self._day)
        return rule


class DatedRules:
    """The rules of one file."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]]) -> None:
        self._rules = MappingProxyType({name: tuple(periods) for name, periods in rules.items()})

    def on(self, day: date) -> RulesOnDay:
        """The rules as they are on ``day``, a date in Dhaka: ``rules.on(request.on)["minimum-age"].as_int``."""
        return RulesOnDay(self._rules, plain_date(day))

    def periods(self, name: str) -> Sequence[Rule]:
        """A rule through time, the earliest period first."""
        return self._rules[name]

    def names(self) -> frozenset[str]:
        """Every rule's name."""
        return frozenset(self._rules)


def read_rules(package: str, file: str = RULES_FILE) -> DatedRules:
    """The rules in a file of ``package``; a plugin's module gives its own ``__package__``.

    Raises:
        DataFileInvalid: Naming every rule whose entries are wrong, overlap, leave a gap or change their type.
    """
    return parse_rules(read_data_file(package, file), file)


def parse_rules(content: bytes, file: str = RULES_FILE) -> DatedRules:
    """The rules in the content of a file; errors as ``read_rules``."""
    rules: dict[str, list[Rule]] = {}
    problems: list[FileProblem] = []
    for name, entries in parse_document(content, file).items():
        if not _NAME.fullmatch(name) or not isinstance(entries, list) or not entries:
            problems.append(FileProblem(name, "write [[name]], the name in lower-case ASCII words joined by hyphens"))
            continue
        read = [_read(f"{name}.{number}", entry, problems) for number, entry in enumerate(entries)]
        periods = [rule for rule in read if rule is not None]
        rules[name] = sorted(periods, key=lambda rule: rule.effective_from or date.min)
        if len(periods) == len(entries):
            problems += [FileProblem(name, message) for message in _period_problems(rules[name])]
    if problems:
        raise DataFileInvalid(file, problems)
    return DatedRules(rules)


def _read(location: str, entry: Any, problems: list[FileProblem]) -> Rule | None:
    try:
        return Rule.model_validate(entry)
    except ValidationError as error:
        problems += problems_of(location, error)
        return None


def _period_problems(periods: Sequence[Rule]) -> list[str]:
    problems = []
    if len({rule.kind for rule in periods}) > 1:
        problems.append("all periods hold one type of figure")
    for earlier, later in pairwise(periods):
        begins = later.effective_from
        if begins is None:
            problems.append("only the first period may lack effective_from")
        elif earlier.effective_to is None or begins <= earlier.effective_to:
            problems.append(f"two periods hold on {begins.isoformat()}; effective_to is the last day, included")
        elif begins != earlier.effective_to + _ONE_DAY:
            problems.append(f"no period holds on {(earlier.effective_to + _ONE_DAY).isoformat()}")
    return problems


def _typed(figure: object, kind: type[V]) -> V:
    if not isinstance(figure, kind):
        raise TypeError(f"the rule holds no {kind.__name__}")
    return figure
