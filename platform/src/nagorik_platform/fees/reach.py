"""To which values of a dimension a form can still come, whatever is filled in beside what is there."""

from collections.abc import Mapping
from datetime import date

from pydantic import JsonValue

from nagorik.errors import InputRejected
from nagorik.privacy import Form
from nagorik_platform.fees.typed_words import TypedField, is_meant, typed_values
from nagorik_toolkit.fees import AssessFees, Dimension, FeeBasis, FeeSchedule
from nagorik_toolkit.partial_forms import FieldMissing, partial_form


def is_possible(basis: FeeBasis, choice: Mapping[str, int | str]) -> bool:
    """What the plugin says of values of its dimensions; what hangs on a field that is missing can be."""
    try:
        return basis.possible is None or basis.possible(choice)
    except FieldMissing:
        return True


def possible_value(
    basis: FeeBasis, dimension: Dimension, label: str, known: Mapping[str, int | str]
) -> int | str | None:
    """A value of a dimension, of those that ``label`` stands for, to which a form can come beside ``known`` ones.

    ``None`` where none of them can be.
    """
    values = typed_values(dimension, label)
    choices = ({**known, dimension.dimension: value} for value in values)
    return next((choice[dimension.dimension] for choice in choices if is_possible(basis, choice)), None)


class FormReach:
    """Fills in what a form lacks with everything that it offers to choose from.

    Attributes:
        read: The keys of the fields that the last question was decided by.
    """

    def __init__(
        self, service: str, form: type[Form], assess: AssessFees, fields: Mapping[str, TypedField], on: date
    ) -> None:
        self._service = service
        self._form = form
        self._assess = assess
        self._fields = {name: fields[described.alias or name] for name, described in form.model_fields.items()}
        self._on = on
        self.read: set[str] = set()

    @property
    def fields(self) -> Mapping[str, TypedField]:
        """The fields by their names in the form's model."""
        return self._fields

    def described(self, field: str) -> TypedField:
        """A field by its name in the form's model."""
        return self._fields[field]

    def can_be(self, dimension: Dimension, written: str, data: Mapping[str, JsonValue]) -> bool:
        """Whether a form that holds ``data`` can come to what was typed for a dimension."""
        self.read = set()
        return self._leads_to(dimension, written, data)

    def labels(self, dimension: Dimension, data: Mapping[str, JsonValue]) -> tuple[str, ...]:
        """All that a dimension can be by a form that holds ``data``, as its schedule writes it."""
        return tuple(label for label in dimension.labels if self.can_be(dimension, label, data))

    def filled_in(
        self, data: Mapping[str, JsonValue], words: Mapping[str, str], schedule: FeeSchedule
    ) -> dict[str, JsonValue]:
        """``data``, with each field of which one choice alone leads to what was typed for a dimension."""
        filled = dict(data)
        for dimension in schedule.dimensions:
            written = words.get(dimension.dimension)
            while written is not None and (field := self._waits_for(dimension, filled)) is not None:
                meant = [
                    choice.value
                    for choice in field.choices
                    if self.can_be(dimension, written, {**filled, field.name: choice.value})
                ]
                if len(meant) != 1:
                    break
                filled[field.name] = meant[0]
        return filled

    def _waits_for(self, dimension: Dimension, data: Mapping[str, JsonValue]) -> TypedField | None:
        """The field that is missing for a dimension's value."""
        try:
            basis = self._assess(self._service, partial_form(self._form, data).form, self._on)
            give = basis.dimensions.get(dimension.dimension)
            if give is not None:
                give()
        except FieldMissing as missing:
            return self._fields[missing.field]
        except InputRejected:
            return None
        return None

    def _leads_to(self, dimension: Dimension, written: str, data: Mapping[str, JsonValue]) -> bool:
        try:
            partial = partial_form(self._form, data)
        except InputRejected:
            return False
        partial.read.clear()
        try:
            basis = self._assess(self._service, partial.form, self._on)
            if dimension not in basis.schedule.dimensions:
                return False
            give = basis.dimensions.get(dimension.dimension)
            try:
                return give is None or is_meant(dimension, written, give())
            except FieldMissing as missing:
                if self._fields[missing.field].choices:
                    raise
                return self._may_be(basis, dimension, written)
        except FieldMissing as missing:
            field = self._fields[missing.field]
            leading = [
                choice
                for choice in field.choices
                if self._leads_to(dimension, written, {**data, field.name: choice.value})
            ]
            return bool(leading) or not field.choices
        finally:
            self._note(partial.read)

    @staticmethod
    def _may_be(basis: FeeBasis, dimension: Dimension, written: str) -> bool:
        """What the plugin says of what was typed; ``FieldMissing`` where that hangs on another field, too."""
        if basis.possible is None:
            return True
        return any(basis.possible({dimension.dimension: value}) for value in typed_values(dimension, written))

    def _note(self, read: set[str]) -> None:
        self.read |= {self._fields[name].name for name in read}
