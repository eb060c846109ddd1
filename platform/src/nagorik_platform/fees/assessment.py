"""The prices of a service by its published schedule, for what is known of a form and for all that it leaves open.

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
from nagorik_platform.fees.sentences import (
    NO_FEE,
    NO_SCHEDULE,
    NOT_PUBLISHED,
    TOO_LARGE,
    unknown_name,
    value_not_in_schedule,
    with_choices,
)
from nagorik_platform.fees.typed_words import FieldChoice, TypedField, read_dimension, typed_fields, values_of
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
"""Prices that one question gets; how many more there are is counted."""
MOST_TRIALS: Final = 300
"""Ways to fill in what is open that are tried, some tenths of a second's work; where there are more, no price is."""

_Origin = Literal["given", "default", "every"]


def assess_published(
    service: str,
    schedule: FeeSchedule,
    form: type[Form] | None,
    assess: AssessFees | None,
    given: Mapping[str, str],
    on: date,
) -> PublishedFees:
    """The prices of ``service`` on ``on`` for what is ``given``, as a person types it.

    Args:
        service: Its id.
        schedule: The schedule that its manifest names.
        form: Its form.
        assess: The function that the schedule names as its basis; without one, each dimension is the form's field of
            its name.
        given: Values by the names of the form's fields, and of dimensions that no field decides.
        on: The day in Dhaka.

    Raises:
        GivenRejected: A name is unknown, or a value is wrong.
    """
    basis = assess or (lambda _, filled, __: FeeBasis.of_fields(schedule, filled, due={}))
    return _Question(service, form or Form, basis, on).answer(given, schedule)


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


@cache
def _fields_of(form: type[Form]) -> Mapping[str, TypedField]:
    return typed_fields(form_schema(form))


@dataclass(frozen=True)
class _Trial:
    """One way to fill in what is open: the form, what of it is tried, and dimensions tried in place of fields."""

    data: Mapping[str, JsonValue]
    tried: Mapping[str, JsonValue] = field(default_factory=dict)
    every: Mapping[str, int | str] = field(default_factory=dict)

    def with_field(self, name: str, value: JsonValue) -> "_Trial":
        return replace(self, data={**self.data, name: value}, tried={**self.tried, name: value})

    def with_dimension(self, name: str, value: int | str) -> "_Trial":
        return replace(self, every={**self.every, name: value})

    def origin(self, read: Set[str]) -> _Origin:
        """Where a dimension comes from that follows from these fields."""
        if read & self.tried.keys():
            return "every"
        return "given" if read & self.data.keys() else "default"


class _Question:
    """One question, and what was found out so far."""

    def __init__(self, service: str, form: type[Form], assess: AssessFees, on: date) -> None:
        self._service, self._form, self._assess, self._on = service, form, assess, on
        self._fields = _fields_of(form)
        self._keys = {name: described.alias or name for name, described in form.model_fields.items()}
        self._words: Mapping[str, str] = {}
        self._positions: Mapping[str, int] = {}
        self._missing: dict[str, MissingValue] = {}
        self._assumed: dict[str, MissingValue] = {}
        self._unchecked: dict[str, MissingValue] = {}
        self._outcomes: list[FeeOutcome] = []
        self._refusals: list[Text] = []
        self._no_tariff: NoTariff | None = None
        self._left_out = self._trials = 0
        self._is_open = self._adds = False

    def answer(self, given: Mapping[str, str], schedule: FeeSchedule) -> PublishedFees:
        self._positions = {name: number for number, name in enumerate(given, 1)}
        data = {name: self._fields[name].read(word) for name, word in given.items() if name in self._fields}
        self._words = {name: word for name, word in given.items() if name not in self._fields}
        try:
            partial = partial_form(self._form, data)
        except InputRejected as rejected:
            raise GivenRejected(self._problems(rejected)) from None
        self._check_words(partial, schedule)
        self._expand(_Trial(data))
        if self._no_tariff is not None and not self._outcomes:
            return PublishedFees(PriceAnswer.NO_TARIFF, sentence=self._no_tariff.sentence)
        if self._refusals and not self._outcomes and not self._is_open:
            raise GivenRejected(list(dict.fromkeys(self._refusals)))
        found = PublishedFees(
            PriceAnswer.OPEN,
            missing=tuple(self._missing.values()),
            assumed=tuple(self._assumed.values()),
            unchecked=tuple(one for name, one in self._unchecked.items() if name not in self._missing),
            agency_adds=self._adds,
        )
        if self._is_open:
            return found
        found = replace(found, outcomes=tuple(_merged(self._outcomes)), left_out=self._left_out)
        if any(outcome.stages for outcome in found.outcomes):
            return replace(found, answer=PriceAnswer.PRICED)
        return replace(found, answer=PriceAnswer.AGENCY_ONLY, sentence=NOT_PUBLISHED)

    def _check_words(self, partial: PartialForm[Form], schedule: FeeSchedule) -> None:
        """Compare what was given beside the form with the schedule by which it is charged.

        Raises:
            GivenRejected: A name is no dimension that the agency alone decides, or its value is not in the schedule.
        """
        try:
            basis = self._assess(self._service, partial.form, self._on)
        except FieldMissing:
            basis = FeeBasis(schedule, {})
        dimensions = {
            one.dimension: one for one in basis.schedule.dimensions if one.dimension not in basis.dimensions
        }
        known = sorted({*self._fields, *dimensions})
        problems = [
            unknown_name(self._positions[name], name, known) for name in self._words if name not in dimensions
        ]
        problems += [
            value_not_in_schedule(dimensions[name])
            for name, word in self._words.items()
            if name in dimensions and read_dimension(dimensions[name], word) is None
        ]
        if problems:
            raise GivenRejected(problems)

    def _expand(self, trial: _Trial) -> None:
        """Price what is known, or try all that a missing field or dimension can be, one after the other."""
        self._trials += 1
        if self._trials > MOST_TRIALS:
            self._is_open = True
            return
        try:
            partial = partial_form(self._form, trial.data)
        except InputRejected as rejected:
            self._refusals += self._problems(rejected)  # a value that was tried does not go with the others
            return
        partial.read.clear()
        try:
            basis = self._assess(self._service, partial.form, self._on)
        except FieldMissing as missing:
            self._try_field(self._field(missing), trial)
            return
        self._assume(partial, trial)
        try:
            tariff = basis.schedule.tariff_on(self._on)
        except NoTariff as error:
            self._no_tariff = error
            return
        self._adds = self._adds or basis.agency_adds
        self._price(basis, tariff, partial, trial)

    def _price(self, basis: FeeBasis, tariff: Tariff, partial: PartialForm[Form], trial: _Trial) -> None:
        chosen: dict[str, tuple[int | str, ChosenValue]] = {}
        gaps: list[tuple[Dimension, TypedField | None]] = []
        for dimension in basis.schedule.dimensions:
            try:
                found = self._value(dimension, basis, partial, trial)
            except FieldMissing as missing:
                gaps.append((dimension, self._field(missing)))
                continue
            if found is None:
                gaps.append((dimension, None))
            else:
                chosen[dimension.dimension] = found
        values = {name: value for name, (value, _) in chosen.items()}
        if gaps:
            self._fill(gaps, tariff, basis, values, trial)
        elif self._is_refused(basis, partial, trial):
            return
        elif len(self._outcomes) >= MOST_OUTCOMES:
            self._left_out += 1
        else:
            stages = tuple(self._stages(basis, tariff, values))
            self._outcomes.append(FeeOutcome(tuple(one for _, one in chosen.values()), trial.tried, stages))

    def _field(self, missing: FieldMissing) -> TypedField:
        return self._fields[self._keys[missing.field]]

    def _read(self, partial: PartialForm[Form]) -> set[str]:
        """The fields that were read, by the keys of the form's document."""
        return {self._keys[name] for name in partial.read}

    def _value(
        self, dimension: Dimension, basis: FeeBasis, partial: PartialForm[Form], trial: _Trial
    ) -> tuple[int | str, ChosenValue] | None:
        """A dimension's value; ``None`` where the agency alone knows it.

        Raises:
            FieldMissing: It follows from a field that is not filled in.
        """
        name = dimension.dimension
        give = basis.dimensions.get(name)
        partial.read.clear()
        if name in trial.every:
            value = trial.every[name]
            spans = zip(dimension.labels, dimension.values, strict=True)
            label = next(one for one, allowed in spans if allowed.admits(value))
            return value, self._chosen(dimension, basis, label, "every", partial)
        if give is not None:
            follows = give()
            self._assume(partial, trial)
            return follows, self._chosen(dimension, basis, follows, trial.origin(self._read(partial)), partial)
        given = read_dimension(dimension, self._words[name]) if name in self._words else None
        return None if given is None else (given, self._chosen(dimension, basis, given, "given", partial))

    def _chosen(
        self, dimension: Dimension, basis: FeeBasis, value: int | str, origin: _Origin, partial: PartialForm[Form]
    ) -> ChosenValue:
        """A dimension's value with what both are called: by the fee file, or by the field that it follows from."""
        name, word = dimension.dimension, str(value)
        label, title = Text(en=name, bn=name), None
        read = list(partial.read)
        described = self._fields[self._keys[read[0]]] if len(read) == 1 else self._fields.get(name)
        if described is not None:
            held = vars(partial.form).get(read[0]) if len(read) == 1 else value
            choice = next((one for one in described.choices if one.value in (held, value)), None)
            if choice is not None or described.name == name:
                label = described.label
            title = choice.title if choice is not None else None
        words = basis.schedule.words.get(name)
        if words is not None:
            label, title = words.title, words.values.get(word, title)
        return ChosenValue(name, (word,), origin, label, (title or Text(en=word, bn=to_bangla_digits(word)),))

    def _assume(self, partial: PartialForm[Form], trial: _Trial) -> None:
        """Note the fields whose default decides."""
        for key in sorted(self._read(partial) - trial.data.keys()):
            self._assumed.setdefault(key, _missing(self._fields[key]))

    def _fill(
        self,
        gaps: Sequence[tuple[Dimension, TypedField | None]],
        tariff: Tariff,
        basis: FeeBasis,
        known: Mapping[str, int | str],
        trial: _Trial,
    ) -> None:
        """Name what is missing; try all that the first of it can be, unless one of it multiplies an amount."""
        for dimension, waiting in gaps:
            self._note(dimension, waiting, basis)
        factors = {name for row in tariff.rows for name in row.times}
        if any(one.dimension in factors and not (waiting and waiting.choices) for one, waiting in gaps):
            self._is_open = True
            return
        dimension, waiting = gaps[0]
        if waiting is not None and waiting.choices:
            self._try_field(waiting, trial)
            return
        for allowed in dimension.values:
            tried = ({**known, dimension.dimension: value} for value in values_of(allowed))
            possible = next((one for one in tried if _is_possible(basis, one)), None)
            if possible is not None:
                self._expand(trial.with_dimension(dimension.dimension, possible[dimension.dimension]))

    def _note(self, dimension: Dimension, waiting: TypedField | None, basis: FeeBasis) -> None:
        if waiting is not None:
            self._missing[waiting.name] = _missing(waiting)
            return
        words = basis.schedule.words.get(dimension.dimension)
        label = words.title if words else Text(en=dimension.dimension, bn=dimension.dimension)
        titles = words.values if words else {}
        choices = tuple(FieldChoice(one, titles.get(one)) for one in dimension.labels)
        self._missing[dimension.dimension] = MissingValue(dimension.dimension, label, choices, agency_knows=True)

    def _try_field(self, waiting: TypedField, trial: _Trial) -> None:
        self._missing[waiting.name] = _missing(waiting)
        self._is_open = self._is_open or not waiting.choices
        for choice in waiting.choices:
            self._expand(trial.with_field(waiting.name, choice.value))

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
                waiting = self._field(missing)
                self._unchecked.setdefault(waiting.name, _missing(waiting))
            except InputRejected as rejected:
                found = of_tried if self._read(partial) & trial.tried.keys() else of_given
                found += self._problems(rejected)
            else:
                self._assume(partial, trial)
        if of_given:
            raise GivenRejected(list(dict.fromkeys(of_given)))
        self._refusals += of_tried
        return bool(of_tried)

    def _stages(self, basis: FeeBasis, tariff: Tariff, values: Mapping[str, int | str]) -> Iterator[StagePrice]:
        for stage in dict.fromkeys(row.stage for row in tariff.rows):
            try:
                price = basis.schedule.price(self._on, stage=stage, **values)
            except (NotPriced, DimensionRejected):
                continue  # what follows from the form is published for no such choice
            except (ValidationError, NationalDataError):
                raise GivenRejected([TOO_LARGE]) from None
            due = basis.due if not isinstance(basis.due, Mapping) else basis.due.get(stage)
            yield StagePrice(price, due)

    def _problems(self, rejected: InputRejected) -> list[Text]:
        """Each problem with its field and, of an entry in it, the way there; with what can be chosen."""
        found = []
        for problem in rejected.fields:
            text = problem.text
            key, *within = problem.pointer.removeprefix("/form").removeprefix("/").split("/")
            described = self._fields.get(key)
            if described is not None:
                where = ".".join([key, *within])
                choices = described.choices or described.items if not within or within[-1].isdecimal() else ()
                text = with_choices(Text(bn=f"{where}: {text.bn}", en=f"{where}: {text.en}"), choices)
            found.append(text)
        return found


def _missing(described: TypedField) -> MissingValue:
    return MissingValue(described.name, described.label, described.choices)


def _is_possible(basis: FeeBasis, choice: Mapping[str, int | str]) -> bool:
    """What the plugin says of values of its dimensions; what hangs on a field that is missing can be."""
    try:
        return basis.possible is None or basis.possible(choice)
    except FieldMissing:
        return True


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
    choice, more = list(one.choice), other.choice[differing[0]]
    first = choice[differing[0]]
    choice[differing[0]] = replace(first, values=first.values + more.values, titles=first.titles + more.titles)
    return replace(one, choice=tuple(choice))
