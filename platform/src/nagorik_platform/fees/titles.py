"""What people call the dimensions of a schedule: by the fee file's words, or by the form's field behind each."""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from nagorik.privacy import Form
from nagorik.values.sentences import Text
from nagorik_platform.fees.typed_words import TypedField
from nagorik_toolkit.fees import Dimension, FeeBasis, FeeSchedule
from nagorik_toolkit.partial_forms import FieldMissing, PartialForm


class DimensionTitle(NamedTuple):
    """What a dimension is called, and those of its values that have a name, by their labels."""

    title: Text
    values: Mapping[str, Text]


class PublishedSchedule(NamedTuple):
    """A schedule, and what its dimensions are called."""

    schedule: FeeSchedule
    titles: Mapping[str, DimensionTitle]


def dimension_titles(
    basis: FeeBasis, partial: PartialForm[Form], fields: Mapping[str, TypedField]
) -> dict[str, DimensionTitle]:
    """The titles of a basis's schedule, its form filled in however far; ``fields`` by their names in its model."""
    return {
        dimension.dimension: _title(dimension, basis, _fields_behind(dimension, basis, partial, fields))
        for dimension in basis.schedule.dimensions
    }


def _fields_behind(
    dimension: Dimension, basis: FeeBasis, partial: PartialForm[Form], fields: Mapping[str, TypedField]
) -> list[TypedField]:
    """The field of a dimension's name, or the one that it follows from, if that has its choices."""
    name = dimension.dimension
    give = basis.dimensions.get(name)
    partial.read.clear()
    if give is not None:
        with suppress(FieldMissing):
            give()
    read = [fields[one] for one in partial.read]
    return [
        field
        for field in read
        if field.name == name
        or (len(read) == 1 and {str(choice.value) for choice in field.choices} & {*dimension.labels})
    ]


def _title(dimension: Dimension, basis: FeeBasis, fields: list[TypedField]) -> DimensionTitle:
    name = dimension.dimension
    said = basis.schedule.words.get(name)
    titles: dict[str, Text] = {}
    for field in fields:
        titles |= {str(choice.value): choice.title for choice in field.choices if choice.title is not None}
    if said is not None:
        return DimensionTitle(said.title, titles | dict(said.values))
    return DimensionTitle(fields[0].label if fields else Text(en=name, bn=name), titles)
