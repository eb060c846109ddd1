"""The prices of a service by its published schedule, for whatever is known of a form and for all that it leaves open.

The dimensions of a price follow from the form by the plugin's own function, by which it quotes, too. Where a field is
missing that can have a few values, each of them is tried; where it can have any, each value of the dimension is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Final, Literal

from pydantic import JsonValue, ValidationError

from nagorik.errors import InputRejected
from nagorik.manifest import PublicService
from nagorik.operations import Operation
from nagorik.privacy import Form
from nagorik.values import NationalDataError, to_bangla_digits
from nagorik.values.sentences import Text
from nagorik_platform.fees.published import (
    ChosenValue,
    FeeOutcome,
    GivenRejected,
    MissingValue,
    PriceAnswer,
    PublishedFees,
    StagePrice,
)
from nagorik_platform.fees.reach import FormReach, is_possible, possible_value
from nagorik_platform.fees.sentences import (
    NO_FEE,
    NO_SCHEDULE,
    NOT_PUBLISHED,
    TOO_LARGE,
    contradicting_values,
    impossible_values,
    unknown_name,
    value_not_in_schedule,
    with_choices,
)
from nagorik_platform.fees.titles import DimensionTitle, PublishedSchedule, dimension_titles
from nagorik_platform.fees.typed_words import (
    FieldChoice,
    TypedField,
    is_meant,
    read_dimension,
    typed_fields,
)
from nagorik_toolkit.fees import (
    AssessFees,
    Dimension,
    DimensionRejected,
    FeeBasis,
    FeeSchedule,
    NoTariff,
    NotPriced,
    Tariff,
)
from nagorik_toolkit.form_validation import form_schema
from nagorik_toolkit.partial_forms import FieldMissing, PartialForm, partial_form

MOST_OUTCOMES: Final = 100
"""Prices that are told of one question; how many more there are is counted."""
MOST_TRIALS: Final = 300
"""Ways to fill in what is open that are tried, some tenths of a second's work; where there are more, none is told."""


def assess_published(
    service: str,
    schedule: FeeSchedule,
    form: type[Form] | None,
    assess: AssessFees | None,
    given: Mapping[str, str],
    on: date,
) -> PublishedFees:
    """The prices of ``service`` on ``on`` for what is ``given`` by field or dimension, as a person types it.

    Args:
        service: Its id.
        schedule: The schedule that its manifest names.
        form: Its form.
        assess: The function that the schedule names as its basis; without one, each dimension is the form's field of
            its name.
        given: Values by the names of fields and dimensions.
        on: The day in Dhaka.

    Raises:
        GivenRejected: A name is unknown, a value is wrong, or two contradict each other.
    """
    kind = form or Form
    basis = assess or (lambda _, filled, __: FeeBasis.of_fields(schedule, filled, due={}))
    question = _Question(service, kind, basis, _fields_of(kind), on)
    fields, words = question.sorted_out(given, schedule)
    return question.answer(fields, words, schedule)


@cache
def _fields_of(form: type[Form]) -> Mapping[str, TypedField]:
    return typed_fields(form_schema(form))


@dataclass(frozen=True)
class _Trial:
    """One way to fill in what is open.

    Attributes:
        data: The form, as far as it is filled in.
        tried: What of it nobody has given.
        every: Dimensions that are tried out by the schedule's own values.
    """

    data: Mapping[str, JsonValue]
    tried: Mapping[str, JsonValue] = field(default_factory=dict)
    every: Mapping[str, int | str] = field(default_factory=dict)

    def with_field(self, name: str, value: JsonValue) -> "_Trial":
        one = {name: value}
        return replace(self, data={**self.data, **one}, tried={**self.tried, **one})

    def with_dimension(self, name: str, value: int | str) -> "_Trial":
        return replace(self, every={**self.every, name: value})


@dataclass(frozen=True)
class _SettledChoice:
    """The basis of a form that is filled in as far as it is, and the dimensions that are known by it."""

    basis: FeeBasis
    choice: Mapping[str, int | str]

    def open_values(self, dimension: Dimension) -> dict[str, int | str]:
        """All that another dimension can still be, as its schedule writes it, each with a value to try."""
        tried = {label: possible_value(self.basis, dimension, label, self.choice) for label in dimension.labels}
        return {label: value for label, value in tried.items() if value is not None}


class _TrialDropped(Exception):
    """A field that was tried contradicts a dimension that was given; ``text`` says so."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self.text = text


def without_schedule(service: PublicService, given: Mapping[str, str]) -> PublishedFees:
    """What is known of the price of a service whose manifest names no schedule.

    Raises:
        GivenRejected: Something was given, by which no price changes.
    """
    if given:
        raise GivenRejected([unknown_name(number, name, ()) for number, name in enumerate(given, 1)])
    if Operation.QUOTE in service.reads:
        return PublishedFees(PriceAnswer.AGENCY_ONLY, sentence=NO_SCHEDULE)
    return PublishedFees(PriceAnswer.NO_FEE, sentence=NO_FEE)


def reachable_schedules(
    service: str, schedule: FeeSchedule, form: type[Form] | None, assess: AssessFees | None, on: date
) -> tuple[PublishedSchedule, ...]:
    """The schedule that a service's manifest names, and the others by which a form of the service may be charged.

    They are found by the fields that decide between them, as far as each of these has a few choices.
    """
    kind = form or Form
    fields = _fields_of(kind)
    keys = {name: described.alias or name for name, described in kind.model_fields.items()}
    by_names = {name: fields[key] for name, key in keys.items()}
    basis = assess or (lambda _, filled, __: FeeBasis.of_fields(schedule, filled, due={}))
    found: dict[str, PublishedSchedule] = {}

    def try_out(data: Mapping[str, JsonValue]) -> set[str]:
        try:
            partial = partial_form(kind, data)
        except InputRejected:
            return set()
        partial.read.clear()
        try:
            reached = basis(service, partial.form, on)
        except FieldMissing:
            return {keys[name] for name in partial.read}
        decided_by = {keys[name] for name in partial.read}
        if reached.schedule.id not in found:
            titles = dimension_titles(reached, partial, by_names)
            found[reached.schedule.id] = PublishedSchedule(reached.schedule, titles)
        return decided_by

    for key in sorted(try_out({})):
        for choice in fields[key].choices:
            try_out({key: choice.value})
    named = found.pop(schedule.id, None)
    if named is None:
        named = PublishedSchedule(
            schedule, dimension_titles(FeeBasis(schedule, {}), partial_form(kind, {}), by_names)
        )
    return (named, *found.values())


class _Question:
    def __init__(
        self, service: str, form: type[Form], assess: AssessFees, fields: Mapping[str, TypedField], on: date
    ) -> None:
        self._service = service
        self._form = form
        self._assess = assess
        self._fields = fields
        self._keys = {described.alias or name: name for name, described in form.model_fields.items()}
        self._on = on
        self._missing: dict[str, MissingValue] = {}
        self._assumed: dict[str, MissingValue] = {}
        self._outcomes: list[FeeOutcome] = []
        self._left_out = 0
        self._trials = 0
        self._no_tariff: NoTariff | None = None
        self._is_open = False
        self._adds = False
        self._words: Mapping[str, str] = {}
        self._positions: Mapping[str, int] = {}
        self._unchecked: dict[str, MissingValue] = {}
        self._refusals: list[Text] = []
        self._reach = FormReach(service, form, assess, fields, on)
        self._titles: dict[str, dict[str, DimensionTitle]] = {}

    def sorted_out(
        self, given: Mapping[str, str], schedule: FeeSchedule
    ) -> tuple[dict[str, JsonValue], dict[str, str]]:
        """What was given by fields, and by dimensions that have no field of their name or were meant beside it."""
        fields: dict[str, JsonValue] = {}
        words: dict[str, str] = {}
        self._positions = {name: number for number, name in enumerate(given, 1)}
        declared = {one.dimension: one for one in schedule.dimensions}
        for name, written in given.items():
            if name not in self._fields:
                words[name] = written
                continue
            described = self._fields[name]
            value = described.read(written)
            dimension = declared.get(name)
            is_dimension = dimension is not None and read_dimension(dimension, written) is not None
            if is_dimension and not described.is_number(written) and not self._is_valid(name, value):
                words[name] = written
            else:
                fields[name] = value
        return fields, words

    def _is_valid(self, name: str, value: JsonValue) -> bool:
        try:
            partial_form(self._form, {name: value})
        except InputRejected:
            return False
        return True

    def answer(
        self, fields: Mapping[str, JsonValue], words: Mapping[str, str], schedule: FeeSchedule
    ) -> PublishedFees:
        try:
            partial_form(self._form, fields)
        except InputRejected as rejected:
            raise GivenRejected(self._told_all(rejected)) from None
        charged = self._charged(fields, words, schedule)
        self._words = words
        self._expand(_Trial(self._reach.filled_in(fields, words, charged)))
        if self._no_tariff is not None and not self._outcomes:
            return PublishedFees(PriceAnswer.NO_TARIFF, sentence=self._no_tariff.sentence)
        if self._refusals and not self._outcomes and not self._is_open:
            raise GivenRejected(list(dict.fromkeys(self._refusals)))
        told = PublishedFees(
            PriceAnswer.OPEN,
            missing=tuple(self._missing.values()),
            assumed=tuple(self._assumed.values()),
            unchecked=tuple(one for name, one in self._unchecked.items() if name not in self._missing),
            agency_adds=self._adds,
            titles={name: title for titles in self._titles.values() for name, title in titles.items()},
        )
        if self._is_open:
            return told
        told = replace(told, outcomes=tuple(_merged(self._outcomes)), left_out=self._left_out)
        if any(outcome.stages for outcome in told.outcomes):
            return replace(told, answer=PriceAnswer.PRICED)
        return replace(told, answer=PriceAnswer.AGENCY_ONLY, sentence=NOT_PUBLISHED)

    def _charged(
        self, fields: Mapping[str, JsonValue], words: Mapping[str, str], schedule: FeeSchedule
    ) -> FeeSchedule:
        """The schedule by which these fields are charged.

        Raises:
            GivenRejected: A name is known neither to the form nor to that schedule, or a value is none of its own.
        """
        declared = [one.dimension for one in schedule.dimensions]
        try:
            chosen = self._assess(self._service, partial_form(self._form, fields).form, self._on).schedule
        except FieldMissing:
            chosen = schedule
        allowed = {one.dimension: one for one in chosen.dimensions}
        problems = []
        for name, written in words.items():
            if name in allowed:
                if read_dimension(allowed[name], written) is None:
                    problems.append(value_not_in_schedule(allowed[name]))
            else:
                known = sorted({*self._fields, *allowed} - ({*declared} - {*allowed, *self._fields}))
                problems.append(unknown_name(self._positions[name], name, known))
        if problems:
            raise GivenRejected(problems)
        return chosen

    def _expand(
        self,
        trial: _Trial,
    ) -> None:
        """Price what is known, or try all that a missing field or dimension can be, one after the other."""
        self._trials += 1
        if self._trials > MOST_TRIALS:
            self._is_open = True
            return
        try:
            partial = partial_form(self._form, trial.data)
        except InputRejected as rejected:
            self._refusals += self._told_all(rejected)  # a value that was tried does not go with the others
            return
        try:
            partial.read.clear()
            basis = self._assess(self._service, partial.form, self._on)
            self._assume(self._keys_of(partial), trial)
        except FieldMissing as missing:
            self._branch_on_field(missing.field, None, trial)
            return
        try:
            tariff = basis.schedule.tariff_on(self._on)
        except NoTariff as error:
            self._no_tariff = error
            return
        self._adds = self._adds or basis.agency_adds
        if basis.schedule.id not in self._titles:
            self._titles[basis.schedule.id] = dimension_titles(basis, partial, self._reach.fields)
        try:
            chosen, gaps = self._known(basis, partial, trial)
        except _TrialDropped as dropped:
            self._refusals.append(dropped.text)
            return
        if gaps:
            known = {name: value for name, (value, _) in chosen.items()}
            self._fill(gaps, _SettledChoice(basis, known), tariff, trial)
        elif not self._is_possible(basis, chosen, trial) or self._is_refused(basis, partial, trial):
            return
        elif len(self._outcomes) >= MOST_OUTCOMES:
            self._left_out += 1
        else:
            self._outcomes.append(self._outcome(basis, tariff, chosen, trial))

    def _is_possible(
        self, basis: FeeBasis, chosen: Mapping[str, tuple[int | str, ChosenValue]], trial: _Trial
    ) -> bool:
        """Whether a form comes to this choice, as far as it was told or tried by dimensions.

        Raises:
            GivenRejected: All of it was given.
        """
        by_dimension = [name for name in chosen if name in self._words]
        if not by_dimension and not trial.every:
            return True
        if is_possible(basis, {name: value for name, (value, _) in chosen.items()}):
            return True
        problem = impossible_values(by_dimension or [*chosen])
        if not trial.every and not trial.tried:
            raise GivenRejected([problem])
        self._refusals.append(problem)
        return False

    def _known(
        self, basis: FeeBasis, partial: PartialForm[Form], trial: _Trial
    ) -> tuple[dict[str, tuple[int | str, ChosenValue]], list[tuple[Dimension, str | None]]]:
        """The dimensions that are known, and each other one with the field that it waits for, where it is one."""
        chosen: dict[str, tuple[int | str, ChosenValue]] = {}
        gaps: list[tuple[Dimension, str | None]] = []
        for dimension in basis.schedule.dimensions:
            try:
                found = self._value(dimension, basis, partial, trial)
            except FieldMissing as missing:
                gaps.append((dimension, missing.field))
                continue
            if found is None:
                gaps.append((dimension, None))
            else:
                chosen[dimension.dimension] = found
        return chosen, gaps

    def _is_refused(self, basis: FeeBasis, partial: PartialForm[Form], trial: _Trial) -> bool:
        """Whether the plugin refuses a choice that was tried.

        Raises:
            GivenRejected: What was given is such a choice.
        """
        of_given: list[Text] = []
        of_tried: list[Text] = []
        for check in basis.checks:
            partial.read.clear()
            try:
                check()
            except FieldMissing as missing:
                described = self._reach.described(missing.field)
                waiting = MissingValue(described.name, described.label, described.choices)
                self._unchecked.setdefault(described.name, waiting)
            except InputRejected as rejected:
                found = of_tried if self._keys_of(partial) & trial.tried.keys() else of_given
                found += self._told_all(rejected)
            else:
                self._assume(self._keys_of(partial), trial)
        if of_given:
            raise GivenRejected(list(dict.fromkeys(of_given)))
        self._refusals += of_tried
        return bool(of_tried)

    def _value(
        self,
        dimension: Dimension,
        basis: FeeBasis,
        partial: PartialForm[Form],
        trial: _Trial,
    ) -> tuple[int | str, ChosenValue] | None:
        """A dimension's value; ``None`` where nobody but the agency knows it.

        Raises:
            FieldMissing: It follows from a field that is not filled in.
            GivenRejected: It was given, and the fields that were given say otherwise.
            _TrialDropped: It was given, and a field that was tried says otherwise.
        """
        name = dimension.dimension
        if name in trial.every:
            tried = trial.every[name]
            return tried, self._chosen(dimension, basis, _label(dimension, tried), "every")
        give = basis.dimensions.get(name)
        if name in self._words:
            return self._told_value(dimension, basis, partial, trial)
        if give is None:
            return None
        partial.read.clear()
        follows = give()
        read = self._keys_of(partial)
        self._assume(read, trial)
        by = self._one_choice(read, partial)
        return follows, self._chosen(dimension, basis, follows, _origin(read, trial), by)

    def _told_value(
        self,
        dimension: Dimension,
        basis: FeeBasis,
        partial: PartialForm[Form],
        trial: _Trial,
    ) -> tuple[int | str, ChosenValue]:
        """The value that was typed for a dimension, if what is filled in of the form lets it be.

        Raises:
            GivenRejected, _TrialDropped: As ``_value``.
        """
        name, written = dimension.dimension, self._words[dimension.dimension]
        given = read_dimension(dimension, written)
        assert given is not None  # noqa: S101 - it was refused before
        told = given, self._chosen(dimension, basis, given, "given")
        give = basis.dimensions.get(name)
        if give is None:
            return told
        partial.read.clear()
        try:
            follows = give()
        except FieldMissing:
            if self._reach.can_be(dimension, written, trial.data):
                return told
            read = self._reach.read
            otherwise = ", ".join(self._reach.labels(dimension, trial.data))
        else:
            read = self._keys_of(partial)
            if is_meant(dimension, written, follows):
                by = self._one_choice(read, partial)
                return follows, self._chosen(dimension, basis, follows, "given", by)
            otherwise = str(follows)
        fields = sorted(read & trial.data.keys())
        if not fields:
            return told  # a default is what the form has where nothing is said, and here something is
        problem = contradicting_values(name, fields, otherwise)
        if read & trial.tried.keys():
            raise _TrialDropped(problem)
        raise GivenRejected([problem])

    def _keys_of(self, partial: PartialForm[Form]) -> set[str]:
        """The fields that were read, by the keys of the form's document."""
        return {key for key, name in self._keys.items() if name in partial.read}

    def _one_choice(self, read: Set[str], partial: PartialForm[Form]) -> tuple[TypedField, FieldChoice] | None:
        """The field that a dimension follows from, and which of its choices it is; ``None`` where it is not one."""
        if len(read) != 1:
            return None
        (key,) = read
        value = getattr(partial.form, self._keys[key])
        chosen = next((choice for choice in self._fields[key].choices if choice.value == value), None)
        return None if chosen is None else (self._fields[key], chosen)

    def _chosen(
        self,
        dimension: Dimension,
        basis: FeeBasis,
        value: int | str,
        origin: Literal["given", "default", "every"],
        by: tuple[TypedField, FieldChoice] | None = None,
    ) -> ChosenValue:
        """A dimension's value with what both are called: by the choice that it follows from, or by its own title."""
        name, word = dimension.dimension, str(value)
        titles = self._titles[basis.schedule.id][name]
        label, title = titles.title, titles.values.get(word)
        if by is not None and name not in basis.schedule.words:
            label, title = by[0].label, by[1].title
        return ChosenValue(name, (word,), origin, label, (title or Text(en=word, bn=to_bangla_digits(word)),))

    def _assume(self, read: Set[str], trial: _Trial) -> None:
        """Note the fields whose default decides."""
        for key in sorted(read - trial.data.keys()):
            described = self._fields[key]
            self._assumed.setdefault(key, MissingValue(key, described.label, described.choices))

    def _fill(
        self,
        gaps: Sequence[tuple[Dimension, str | None]],
        known: "_SettledChoice",
        tariff: Tariff,
        trial: _Trial,
    ) -> None:
        """Name what is missing; try all that the first of it can be, where none of it is without end."""
        for dimension, field_name in gaps:
            self._note(dimension, field_name, known)
        if any(not self._has_end(dimension, field_name, tariff) for dimension, field_name in gaps):
            self._is_open = True
            return
        dimension, field_name = gaps[0]
        if field_name is not None and self._reach.described(field_name).choices:
            self._branch_on_field(field_name, dimension, trial)
            return
        for value in known.open_values(dimension).values():
            self._expand(trial.with_dimension(dimension.dimension, value))

    def _branch_on_field(
        self,
        field_name: str,
        dimension: Dimension | None,
        trial: _Trial,
    ) -> None:
        described = self._reach.described(field_name)
        self._note(dimension, field_name)
        if not described.choices:
            self._is_open = True
        for choice in described.choices:
            self._expand(trial.with_field(described.name, choice.value))

    def _has_end(self, dimension: Dimension, field_name: str | None, tariff: Tariff) -> bool:
        """Whether all that is missing can be told, one after the other."""
        if field_name is not None and self._reach.described(field_name).choices:
            return True
        return not any(dimension.dimension in row.times for row in tariff.rows)

    def _note(
        self, dimension: Dimension | None, field_name: str | None, known: "_SettledChoice | None" = None
    ) -> None:
        by_dimension = {}
        if dimension is not None:
            by_dimension[dimension.dimension] = (
                dimension.labels if known is None else (*known.open_values(dimension),)
            )
        if field_name is None:
            assert dimension is not None  # noqa: S101 - what is missing is one of the two
            assert known is not None  # noqa: S101 - a dimension is missing of a schedule
            label = self._titles[known.basis.schedule.id][dimension.dimension].title
            missing = MissingValue(dimension.dimension, label, (), by_dimension, agency_knows=True)
        else:
            described = self._reach.described(field_name)
            missing = MissingValue(described.name, described.label, described.choices or (), by_dimension)
        noted = self._missing.get(missing.name)
        if noted is not None:
            missing = replace(missing, dimensions={**noted.dimensions, **missing.dimensions})
        self._missing[missing.name] = missing

    def _outcome(
        self,
        basis: FeeBasis,
        tariff: Tariff,
        chosen: Mapping[str, tuple[int | str, ChosenValue]],
        trial: _Trial,
    ) -> FeeOutcome:
        values = {name: value for name, (value, _) in chosen.items()}
        return FeeOutcome(
            choice=tuple(said for _, said in chosen.values()),
            fields=trial.tried,
            stages=tuple(self._stages(basis, tariff, values)),
        )

    def _stages(self, basis: FeeBasis, tariff: Tariff, values: Mapping[str, int | str]) -> Iterator[StagePrice]:
        for stage in dict.fromkeys(row.stage for row in tariff.rows):
            try:
                price = basis.schedule.price(self._on, stage=stage, **values)
            except (NotPriced, DimensionRejected):
                continue  # what follows from the form is published for no such choice
            except (ValidationError, NationalDataError):
                raise GivenRejected([TOO_LARGE]) from None
            try:
                due = basis.due_at(stage)
            except KeyError:
                due = None
            yield StagePrice(price, due)

    def _told_all(self, rejected: InputRejected) -> list[Text]:
        return [self._told(problem.pointer, problem.text) for problem in rejected.fields]

    def _told(self, pointer: str, text: Text) -> Text:
        """A field's problem with its name and, of an entry in it, the way there; with what can be chosen."""
        key, *within = pointer.removeprefix("/form").removeprefix("/").split("/")
        described = self._fields.get(key)
        if described is None:
            return text
        where = ".".join([key, *within])
        choices = described.choices or described.items if not within or within[-1].isdecimal() else ()
        return with_choices(Text(bn=f"{where}: {text.bn}", en=f"{where}: {text.en}"), choices)


def _origin(read: Set[str], trial: _Trial) -> Literal["given", "default", "every"]:
    """Where a dimension comes from that follows from these fields."""
    if read & trial.tried.keys():
        return "every"
    return "given" if read & trial.data.keys() else "default"


def _label(dimension: Dimension, value: int | str) -> str:
    """As the schedule writes it: of a span that is tried by its lowest number, the span."""
    return next(label for label, one in zip(dimension.labels, dimension.values, strict=True) if one.admits(value))


def _merged(outcomes: Iterable[FeeOutcome]) -> Iterator[FeeOutcome]:
    """Outcomes that differ in one dimension and cost the same are one."""
    kept: list[FeeOutcome] = []
    for outcome in outcomes:
        for number, other in enumerate(kept):
            merged = _together(other, outcome)
            if merged is not None:
                kept[number] = merged
                break
        else:
            kept.append(outcome)
    yield from kept


def _together(one: FeeOutcome, other: FeeOutcome) -> FeeOutcome | None:
    if one.fields != other.fields or not one.stages or one.stages != other.stages:
        return None
    differing = [number for number, (a, b) in enumerate(zip(one.choice, other.choice, strict=True)) if a != b]
    if len(differing) != 1 or one.choice[differing[0]].origin != "every":
        return None
    choice = list(one.choice)
    number = differing[0]
    more = other.choice[number]
    choice[number] = replace(
        choice[number], values=(*choice[number].values, *more.values), titles=(*choice[number].titles, *more.titles)
    )
    return replace(one, choice=tuple(choice))
