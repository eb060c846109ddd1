"""The prices of a service by its published schedule, for whatever is known of a form and for all that it leaves open.

The dimensions of a price follow from the form by the plugin's own function, by which it quotes, too. Where a field is
missing that can have a few values, each of them is tried; where it can have any, each value of the dimension is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal

from pydantic import JsonValue

from nagorik.errors import InputRejected
from nagorik.manifest import PublicService
from nagorik.operations import Operation
from nagorik.privacy import Form
from nagorik.values import to_bangla_digits
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
from nagorik_platform.fees.sentences import (
    NO_FEE,
    NO_SCHEDULE,
    NOT_PUBLISHED,
    contradicting_values,
    unknown_name,
    value_not_in_schedule,
    with_choices,
)
from nagorik_platform.fees.typed_words import (
    FieldChoice,
    TypedField,
    dimension_values,
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
    question = _Question(service, kind, basis, typed_fields(form_schema(kind)), on)
    fields, words = question.sorted_out(given, schedule)
    return question.answer(fields, words, schedule)


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


def without_schedule(service: PublicService, given: Mapping[str, str]) -> PublishedFees:
    """What is known of the price of a service whose manifest names no schedule.

    Raises:
        GivenRejected: Something was given, by which no price changes.
    """
    if given:
        raise GivenRejected([unknown_name(name, ()) for name in given])
    if Operation.QUOTE in service.reads:
        return PublishedFees(PriceAnswer.AGENCY_ONLY, sentence=NO_SCHEDULE)
    return PublishedFees(PriceAnswer.NO_FEE, sentence=NO_FEE)


def reachable_schedules(
    service: str, schedule: FeeSchedule, form: type[Form] | None, assess: AssessFees | None, on: date
) -> tuple[FeeSchedule, ...]:
    """The schedule that a service's manifest names, and the others by which a form of the service may be charged.

    They are found by the fields that decide between them, as far as each of these has a few choices.
    """
    found = {schedule.id: schedule}
    if assess is None:
        return (schedule,)
    kind = form or Form
    fields = typed_fields(form_schema(kind))
    keys = {name: described.alias or name for name, described in kind.model_fields.items()}

    def try_out(data: Mapping[str, JsonValue]) -> set[str]:
        try:
            partial = partial_form(kind, data)
        except InputRejected:
            return set()
        try:
            reached = assess(service, partial.form, on).schedule
            found.setdefault(reached.id, reached)
        except FieldMissing:
            pass
        return {keys[name] for name in partial.read}

    for key in sorted(try_out({})):
        for choice in fields[key].choices:
            try_out({key: choice.value})
    return tuple(found.values())


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

    def sorted_out(
        self, given: Mapping[str, str], schedule: FeeSchedule
    ) -> tuple[dict[str, JsonValue], dict[str, str]]:
        """What was given by fields, and by dimensions that have no field of their name or were meant beside it."""
        fields: dict[str, JsonValue] = {}
        words: dict[str, str] = {}
        declared = {one.dimension: one for one in schedule.dimensions}
        for name, written in given.items():
            if name not in self._fields:
                words[name] = written
                continue
            value = self._fields[name].read(written)
            dimension = declared.get(name)
            is_dimension = dimension is not None and read_dimension(dimension, written) is not None
            if is_dimension and not self._is_valid(name, value):
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
            raise GivenRejected([self._told(problem.pointer, problem.text) for problem in rejected.fields]) from None
        self._reject_unknown(fields, words, schedule)
        self._words = words
        self._expand(_Trial(fields))
        if self._no_tariff is not None and not self._outcomes:
            return PublishedFees(PriceAnswer.NO_TARIFF, sentence=self._no_tariff.sentence)
        told = PublishedFees(
            PriceAnswer.OPEN,
            missing=tuple(self._missing.values()),
            assumed=tuple(self._assumed.values()),
            agency_adds=self._adds,
        )
        if self._is_open:
            return told
        told = replace(told, outcomes=tuple(_merged(self._outcomes)), left_out=self._left_out)
        if any(outcome.stages for outcome in told.outcomes):
            return replace(told, answer=PriceAnswer.PRICED)
        return replace(told, answer=PriceAnswer.AGENCY_ONLY, sentence=NOT_PUBLISHED)

    def _reject_unknown(
        self, fields: Mapping[str, JsonValue], words: Mapping[str, str], schedule: FeeSchedule
    ) -> None:
        """Refuse names that neither the form nor the schedule knows, by which these fields are charged."""
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
                problems.append(unknown_name(name, known))
        if problems:
            raise GivenRejected(problems)

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
        except InputRejected:
            return  # a value that was tried does not go with the others
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
        chosen, gaps = self._known(basis, partial, trial)
        if gaps:
            self._fill(gaps, tariff, trial)
        elif self._is_refused(basis, partial, trial):
            return
        elif len(self._outcomes) >= MOST_OUTCOMES:
            self._left_out += 1
        else:
            self._outcomes.append(self._outcome(basis, tariff, chosen, trial))

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
        """Whether the plugin has nobody pay for a choice that was tried.

        Raises:
            GivenRejected: What was given is such a choice.
        """
        partial.read.clear()
        try:
            if basis.check is not None:
                basis.check()
        except FieldMissing as missing:
            self._note(None, missing.field)
            return False
        except InputRejected as rejected:
            if self._keys_of(partial) & trial.tried.keys():
                return True
            raise GivenRejected([self._told(problem.pointer, problem.text) for problem in rejected.fields]) from None
        self._assume(self._keys_of(partial), trial)
        return False

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
        """
        name = dimension.dimension
        if name in trial.every:
            tried = trial.every[name]
            return tried, self._chosen(name, _label(dimension, tried), "every")
        give = basis.dimensions.get(name)
        given = read_dimension(dimension, self._words[name]) if name in self._words else None
        if give is None:
            return None if given is None else (given, self._chosen(name, given, "given"))
        partial.read.clear()
        try:
            follows = give()
        except FieldMissing:
            if given is None:
                raise
            return given, self._chosen(name, given, "given")
        read = self._keys_of(partial)
        if given is not None:
            told = sorted(read & (trial.data.keys() - trial.tried.keys()))
            if follows != given and told:
                raise GivenRejected([contradicting_values(name, told, str(follows))])
            return given, self._chosen(name, given, "given")
        self._assume(read, trial)
        return follows, self._chosen(name, follows, _origin(read, trial), self._one_choice(read, partial))

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
        name: str,
        value: int | str,
        origin: Literal["given", "default", "every"],
        by: tuple[TypedField, FieldChoice] | None = None,
    ) -> ChosenValue:
        """A dimension's value with what both are called: by the field that it follows from, or one of its name."""
        described, choice = by if by is not None else (self._fields.get(name), None)
        if described is not None and choice is None:
            choice = next((one for one in described.choices if str(one.value) == str(value)), None)
        word = str(value)
        title = choice.title if choice is not None else None
        label = described.label if described is not None else Text(en=name, bn=name)
        return ChosenValue(name, (word,), origin, label, (title or Text(en=word, bn=to_bangla_digits(word)),))

    def _assume(self, read: Set[str], trial: _Trial) -> None:
        """Note the fields whose default decides."""
        for key in sorted(read - trial.data.keys()):
            described = self._fields[key]
            self._assumed.setdefault(key, MissingValue(key, described.label, described.choices))

    def _fill(
        self,
        gaps: Sequence[tuple[Dimension, str | None]],
        tariff: Tariff,
        trial: _Trial,
    ) -> None:
        """Name what is missing; try all that the first of it can be, where none of it is without end."""
        for dimension, field_name in gaps:
            self._note(dimension, field_name)
        if any(not self._has_end(dimension, field_name, tariff) for dimension, field_name in gaps):
            self._is_open = True
            return
        dimension, field_name = gaps[0]
        if field_name is not None and self._described(field_name).choices:
            self._branch_on_field(field_name, dimension, trial)
            return
        for value in dimension_values(dimension):
            self._expand(trial.with_dimension(dimension.dimension, value))

    def _branch_on_field(
        self,
        field_name: str,
        dimension: Dimension | None,
        trial: _Trial,
    ) -> None:
        described = self._described(field_name)
        self._note(dimension, field_name)
        if not described.choices:
            self._is_open = True
        for choice in described.choices:
            self._expand(trial.with_field(described.name, choice.value))

    def _has_end(self, dimension: Dimension, field_name: str | None, tariff: Tariff) -> bool:
        """Whether all that is missing can be told, one after the other."""
        if field_name is not None and self._described(field_name).choices:
            return True
        return not any(dimension.dimension in row.times for row in tariff.rows)

    def _note(self, dimension: Dimension | None, field_name: str | None) -> None:
        by_dimension = {} if dimension is None else {dimension.dimension: dimension.labels}
        if field_name is None:
            assert dimension is not None  # noqa: S101 - what is missing is one of the two
            label = Text(en=dimension.dimension, bn=dimension.dimension)
            missing = MissingValue(dimension.dimension, label, (), by_dimension, agency_knows=True)
        else:
            described = self._described(field_name)
            missing = MissingValue(described.name, described.label, described.choices or (), by_dimension)
        known = self._missing.get(missing.name)
        if known is not None:
            missing = replace(missing, dimensions={**known.dimensions, **missing.dimensions})
        self._missing[missing.name] = missing

    def _described(self, field_name: str) -> TypedField:
        return next(self._fields[key] for key, name in self._keys.items() if name == field_name)

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
            try:
                due = basis.due_at(stage)
            except KeyError:
                due = None
            yield StagePrice(price, due)

    def _told(self, pointer: str, text: Text) -> Text:
        key = pointer.removeprefix("/form").removeprefix("/").partition("/")[0]
        described = self._fields.get(key)
        if described is None:
            return text
        choices = described.choices or described.items
        return with_choices(Text(bn=f"{key}: {text.bn}", en=f"{key}: {text.en}"), choices)


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
