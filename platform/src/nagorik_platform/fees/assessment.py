"""The price of a service by its published schedule, for what is known of a form.

The dimensions of a price follow from the form by the plugin's own function, by which it quotes, too. A field or a
dimension that is missing is named with its choices.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import TypeVar

from pydantic import ValidationError

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


def assess_published(
    service: str,
    schedule: FeeSchedule,
    form: type[Form] | None,
    assess: AssessFees | None,
    given: Mapping[str, str],
    on: date,
) -> PublishedFees:
    """The price of ``service`` on a day in Dhaka for what is ``given``, as a person types it.

    ``assess`` is the function that the schedule names as its basis; without one, each dimension is the form's field
    of its name. ``given`` has names of fields, and of dimensions that no field decides.

    Raises:
        GivenRejected: A name is unknown, or a value is wrong.
    """
    kind = form or Form
    fields = _fields_of(kind)
    data = {name: fields[name].read(word) for name, word in given.items() if name in fields}
    try:
        filled = partial_form(kind, data).form
    except InputRejected as rejected:
        raise GivenRejected(list(_problems(rejected, kind))) from None
    basis = _ask(
        kind,
        lambda: FeeBasis.of_fields(schedule, filled, due={}) if assess is None else assess(service, filled, on),
    )
    if isinstance(basis, TypedField):
        _check_names(given, kind, schedule.dimensions)
        return PublishedFees(PriceAnswer.OPEN, missing=(_missing(basis),))
    return _price(kind, basis, given, on)


def without_schedule(service: PublicService, given: Mapping[str, str]) -> PublishedFees:
    """What is known of the price of a service whose manifest names no schedule.

    Raises:
        GivenRejected: Something was given, by which no price changes.
    """
    if given:
        raise GivenRejected([unknown_name(number, name, ()) for number, name in enumerate(given, 1)])
    if Operation.QUOTE in service.reads:
        return PublishedFees(PriceAnswer.AGENCY_ONLY, sentence=NOT_PUBLISHED)
    return PublishedFees(PriceAnswer.NO_FEE, sentence=NO_FEE)


@cache
def _fields_of(form: type[Form]) -> Mapping[str, TypedField]:
    return typed_fields(form_schema(form))


def _ask(form: type[Form], question: Callable[[], T]) -> T | TypedField:
    """The answer, or the field of the form that it needs and that is not given."""
    try:
        return question()
    except FieldMissing as missing:
        return _fields_of(form)[form.model_fields[missing.field].alias or missing.field]


def _price(form: type[Form], basis: FeeBasis, given: Mapping[str, str], on: date) -> PublishedFees:
    try:
        tariff = basis.schedule.tariff_on(on)
    except NoTariff as error:
        return PublishedFees(PriceAnswer.NO_TARIFF, sentence=error.sentence)
    dimensions = basis.schedule.dimensions
    _check_names(given, form, [one for one in dimensions if one.dimension not in basis.dimensions])
    unchecked = {one.name: _missing(one) for one in _check(form, basis.checks)}
    values: dict[str, int | str] = {}
    missing: dict[str, MissingValue] = {}
    for dimension in dimensions:
        name = dimension.dimension
        follows = basis.dimensions.get(name)
        value = _ask(form, follows) if follows is not None else read_dimension(dimension, given.get(name, ""))
        if isinstance(value, TypedField):
            missing[value.name] = _missing(value)
        elif value is None:
            label, titles = _names(name, basis, form)
            choices = tuple(FieldChoice(one, titles.get(one)) for one in dimension.labels)
            missing[name] = MissingValue(name, label, choices, agency_knows=True)
        else:
            values[name] = value
    stages = tuple(_stages(basis, dict.fromkeys(row.stage for row in tariff.rows), values, on)) if not missing else ()
    answer = PriceAnswer.OPEN if missing else PriceAnswer.PRICED if stages else PriceAnswer.AGENCY_ONLY
    return PublishedFees(
        answer,
        choice=tuple(_chosen(name, str(value), basis, form) for name, value in values.items()) if stages else (),
        stages=stages,
        missing=tuple(missing.values()),
        unchecked=tuple(one for name, one in unchecked.items() if name not in missing),
        agency_adds=basis.agency_adds,
        sentence=NOT_PUBLISHED if answer is PriceAnswer.AGENCY_ONLY else None,
    )


def _check_names(given: Mapping[str, str], form: type[Form], dimensions: Iterable[Dimension]) -> None:
    """Refuse what is given beside the form and is no value of a dimension that no field decides."""
    fields, asked = _fields_of(form), {one.dimension: one for one in dimensions}
    known = sorted({*fields, *asked})
    problems = []
    for number, (name, word) in enumerate(given.items(), 1):
        if name not in known:
            problems.append(unknown_name(number, name, known))
        elif name not in fields and read_dimension(asked[name], word) is None:
            problems.append(value_not_in_schedule(asked[name]))
    if problems:
        raise GivenRejected(problems)


def _check(form: type[Form], checks: Iterable[Callable[[], None]]) -> list[TypedField]:
    """The fields that the plugin's checks wait for; raises ``GivenRejected`` for what they refuse."""
    refused: list[Text] = []
    waiting: list[TypedField] = []
    for check in checks:
        try:
            found = _ask(form, check)
        except InputRejected as rejected:
            refused += _problems(rejected, form)
        else:
            waiting += [found] if isinstance(found, TypedField) else []
    if refused:
        raise GivenRejected(list(dict.fromkeys(refused)))
    return waiting


def _names(name: str, basis: FeeBasis, form: type[Form]) -> tuple[Text, Mapping[str, Text | None]]:
    """What a dimension and its values are called: by the fee file, else by the form's field of its name."""
    words, field = basis.schedule.words.get(name), _fields_of(form).get(name)
    if words is not None:
        return words.title, words.values
    if field is not None:
        return field.label, {str(choice.value): choice.title for choice in field.choices}
    return Text(en=name, bn=name), {}


def _chosen(name: str, value: str, basis: FeeBasis, form: type[Form]) -> ChosenValue:
    label, titles = _names(name, basis, form)
    return ChosenValue(name, value, label, titles.get(value) or Text(en=value, bn=to_bangla_digits(value)))


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


def _problems(rejected: InputRejected, form: type[Form]) -> Iterator[Text]:
    """Each problem with its field and, of an entry in it, the way there; with what can be chosen."""
    for problem in rejected.fields:
        text = problem.text
        key, *within = problem.pointer.removeprefix("/form").removeprefix("/").split("/")
        described = _fields_of(form).get(key)
        if described is not None:
            where = ".".join([key, *within])
            choices = described.choices or described.items if not within or within[-1].isdecimal() else ()
            text = with_choices(Text(bn=f"{where}: {text.bn}", en=f"{where}: {text.en}"), choices)
        yield text


def _missing(described: TypedField) -> MissingValue:
    return MissingValue(described.name, described.label, described.choices)
