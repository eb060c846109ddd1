"""The price of a service by its published schedule, for what is known of a form.

The dimensions of a price follow from the form by the plugin's own function, by which it quotes, too. A field or a
dimension that is missing is named with its choices.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from nagorik.errors import InputRejected
from nagorik.manifest import PublicService
from nagorik.operations import Operation
from nagorik.privacy import Form
from nagorik.values import NationalDataError, to_bangla_digits
from nagorik.values.sentences import Text
from nagorik_platform.fees.published import (
    ChosenValue,
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
from nagorik_platform.fees.typed_words import FieldChoice, TypedField, read_dimension, typed_fields
from nagorik_toolkit.fees import AssessFees, Dimension, DimensionRejected, FeeBasis, FeeSchedule, NoTariff, NotPriced
from nagorik_toolkit.form_validation import form_schema
from nagorik_toolkit.partial_forms import FieldMissing, partial_form

T = TypeVar("T")
Fields = Mapping[str, TypedField]


def assess_published(
    service: str,
    schedule: FeeSchedule,
    form: type[Form] | None,
    assess: AssessFees | None,
    given: Mapping[str, str],
    on: date,
) -> PublishedFees:
    """The price of ``service`` on ``on`` for what is ``given``, as a person types it.

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
    fields = _fields_of(form or Form)
    try:
        reader = _Reader(form or Form, fields, given)
    except InputRejected as rejected:
        raise GivenRejected(list(_problems(rejected, fields))) from None
    basis = reader.ask(
        lambda: (
            FeeBasis.of_fields(schedule, reader.form, due={}) if assess is None else assess(service, reader.form, on)
        )
    )
    if isinstance(basis, TypedField):
        _check_names(given, fields, {one.dimension: one for one in schedule.dimensions})
        return PublishedFees(PriceAnswer.OPEN, missing=(_missing(basis),), assumed=reader.assumed())
    return _price(reader, basis, given, on)


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
def _fields_of(form: type[Form]) -> Fields:
    return typed_fields(form_schema(form))


class _Reader:
    """A form as far as it is given, and which of its fields were read."""

    def __init__(self, form: type[Form], fields: Fields, given: Mapping[str, str]) -> None:
        data: dict[str, JsonValue] = {name: fields[name].read(word) for name, word in given.items() if name in fields}
        self._partial = partial_form(form, data)
        self._keys = {name: described.alias or name for name, described in form.model_fields.items()}
        self._given = data.keys()
        self._assumed: set[str] = set()
        self.form: Form = self._partial.form
        self.fields = fields
        self.read: list[TypedField] = []
        """What the last question read, in the form's order."""

    def ask(self, question: Callable[[], T]) -> T | TypedField:
        """The answer, or the field that it needs and that is not given."""
        self._partial.read.clear()
        try:
            found = question()
        except FieldMissing as missing:
            return self.fields[self._keys[missing.field]]
        keys = [self._keys[name] for name in self._partial.read]
        self.read = [self.fields[key] for key in keys]
        self._assumed |= set(keys) - self._given
        return found

    def held(self, field: TypedField) -> object:
        """What the form has in a field."""
        return next(value for name, value in vars(self.form).items() if self._keys.get(name) == field.name)

    def assumed(self) -> tuple[MissingValue, ...]:
        """The fields whose default decided something."""
        return tuple(_missing(self.fields[key]) for key in sorted(self._assumed))


def _price(reader: _Reader, basis: FeeBasis, given: Mapping[str, str], on: date) -> PublishedFees:
    try:
        tariff = basis.schedule.tariff_on(on)
    except NoTariff as error:
        return PublishedFees(PriceAnswer.NO_TARIFF, sentence=error.sentence)
    dimensions = basis.schedule.dimensions
    _check_names(
        given, reader.fields, {one.dimension: one for one in dimensions if one.dimension not in basis.dimensions}
    )
    unchecked = {one.name: _missing(one) for one in _check(reader, basis.checks)}
    values: dict[str, int | str] = {}
    chosen: list[ChosenValue] = []
    missing: dict[str, MissingValue] = {}
    for dimension in dimensions:
        name = dimension.dimension
        follows = basis.dimensions.get(name)
        value = reader.ask(follows) if follows is not None else read_dimension(dimension, given.get(name, ""))
        if isinstance(value, TypedField):
            missing[value.name] = _missing(value)
        elif value is None:
            missing[name] = _of_the_agency(dimension, basis)
        else:
            values[name] = value
            chosen.append(_chosen(name, value, basis, reader.read if follows is not None else [], reader))
    stages = tuple(_stages(basis, dict.fromkeys(row.stage for row in tariff.rows), values, on)) if not missing else ()
    answer = PriceAnswer.OPEN if missing else PriceAnswer.PRICED if stages else PriceAnswer.AGENCY_ONLY
    return PublishedFees(
        answer,
        choice=tuple(chosen) if stages else (),
        stages=stages,
        missing=tuple(missing.values()),
        assumed=reader.assumed(),
        unchecked=tuple(one for name, one in unchecked.items() if name not in missing),
        agency_adds=basis.agency_adds,
        sentence=NOT_PUBLISHED if answer is PriceAnswer.AGENCY_ONLY else None,
    )


def _check_names(given: Mapping[str, str], fields: Fields, dimensions: Mapping[str, Dimension]) -> None:
    """Compare what was given beside the form with the dimensions that no field decides.

    Raises:
        GivenRejected: A name is not among them, or its value is not in the schedule.
    """
    known = sorted({*fields, *dimensions})
    problems = []
    for number, (name, word) in enumerate(given.items(), 1):
        if name not in known:
            problems.append(unknown_name(number, name, known))
        elif name not in fields and read_dimension(dimensions[name], word) is None:
            problems.append(value_not_in_schedule(dimensions[name]))
    if problems:
        raise GivenRejected(problems)


def _check(reader: _Reader, checks: Iterable[Callable[[], None]]) -> list[TypedField]:
    """The fields that the plugin's checks wait for.

    Raises:
        GivenRejected: The plugin refuses what was given.
    """
    refused: list[Text] = []
    waiting: list[TypedField] = []
    for check in checks:
        try:
            found = reader.ask(check)
        except InputRejected as rejected:
            refused += _problems(rejected, reader.fields)
        else:
            waiting += [found] if isinstance(found, TypedField) else []
    if refused:
        raise GivenRejected(list(dict.fromkeys(refused)))
    return waiting


def _chosen(name: str, value: int | str, basis: FeeBasis, read: Sequence[TypedField], reader: _Reader) -> ChosenValue:
    """A dimension's value with what both are called: by the fee file, or by the one field that it follows from."""
    word = str(value)
    label, title = Text(en=name, bn=name), None
    field = read[0] if len(read) == 1 else reader.fields.get(name)
    if field is not None:
        held = reader.held(field) if len(read) == 1 else value
        choice = next((one for one in field.choices if one.value in (held, value)), None)
        if choice is not None or field.name == name:
            label = field.label
        title = choice.title if choice is not None else None
    words = basis.schedule.words.get(name)
    if words is not None:
        label, title = words.title, words.values.get(word, title)
    return ChosenValue(name, word, label, title or Text(en=word, bn=to_bangla_digits(word)))


def _stages(
    basis: FeeBasis, stages: Iterable[str], values: Mapping[str, int | str], on: date
) -> Iterator[StagePrice]:
    for stage in stages:
        try:
            price = basis.schedule.price(on, stage=stage, **values)
        except (NotPriced, DimensionRejected):
            continue  # what follows from the form is published for no such choice
        except (ValidationError, NationalDataError):
            raise GivenRejected([TOO_LARGE]) from None
        yield StagePrice(price, basis.due.get(stage) if isinstance(basis.due, Mapping) else basis.due)


def _problems(rejected: InputRejected, fields: Fields) -> Iterator[Text]:
    """Each problem with its field and, of an entry in it, the way there; with what can be chosen."""
    for problem in rejected.fields:
        text = problem.text
        key, *within = problem.pointer.removeprefix("/form").removeprefix("/").split("/")
        described = fields.get(key)
        if described is not None:
            where = ".".join([key, *within])
            choices = described.choices or described.items if not within or within[-1].isdecimal() else ()
            text = with_choices(Text(bn=f"{where}: {text.bn}", en=f"{where}: {text.en}"), choices)
        yield text


def _missing(described: TypedField) -> MissingValue:
    return MissingValue(described.name, described.label, described.choices)


def _of_the_agency(dimension: Dimension, basis: FeeBasis) -> MissingValue:
    """A dimension that no field says."""
    name, words = dimension.dimension, basis.schedule.words.get(dimension.dimension)
    label = words.title if words else Text(en=name, bn=name)
    titles = words.values if words else {}
    choices = tuple(FieldChoice(one, titles.get(one)) for one in dimension.labels)
    return MissingValue(name, label, choices, agency_knows=True)
