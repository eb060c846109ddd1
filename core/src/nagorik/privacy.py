"""Declared data classes: what a field holds decides where it may appear.

A field of a model carries its class as annotation metadata (``Annotated[str, PERSONAL]``). Representations,
log lines and error texts show only what is public or operational; the rest appears as a mask.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict

MASK: Final = "•••"


class DataClass(StrEnum):
    """How far a value may travel, from anywhere to nowhere."""

    PUBLIC = "public"
    """Published anyway: an agency's name, a fee table."""
    OPERATIONAL = "operational"
    """Needed to run the service and naming nobody: a state, a code, a count."""
    PERSONAL = "personal"
    """About a citizen, or leading to one: a name, a reference number, a date of birth."""
    SECRET = "secret"  # noqa: S105 - the name of a class of data, not a secret
    """A credential or a token."""


PUBLIC: Final = DataClass.PUBLIC
OPERATIONAL: Final = DataClass.OPERATIONAL
PERSONAL: Final = DataClass.PERSONAL
SECRET: Final = DataClass.SECRET


class Model(BaseModel):
    """Base of every value that crosses a hook: frozen, closed, and silent about what it may not show.

    Fields without a declared class are operational; a subclass changes that with ``default_data_class``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    default_data_class: ClassVar[DataClass] = DataClass.OPERATIONAL

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield each field, masked unless its class lets it be seen."""
        classes = data_classes(type(self))
        for name, value in super().__repr_args__():
            hidden = name is not None and is_hidden(classes.get(name, self.default_data_class))
            yield name, (Masked() if hidden and value is not None else value)

    __str__ = BaseModel.__repr__


class Form(Model):
    """Base of a service's form. Whatever a citizen writes is personal unless the form says otherwise."""

    default_data_class: ClassVar[DataClass] = DataClass.PERSONAL


class Masked:
    """Stands in a representation where a value may not be shown."""

    def __repr__(self) -> str:
        return MASK


def is_hidden(data_class: DataClass) -> bool:
    """Whether values of this class stay out of logs, representations and error texts."""
    return data_class in {DataClass.PERSONAL, DataClass.SECRET}


@lru_cache(maxsize=4096)
def data_classes(model: type[BaseModel]) -> dict[str, DataClass]:
    """The declared class of each field of ``model``; fields that declare none take the model's default."""
    default = getattr(model, "default_data_class", DataClass.OPERATIONAL)
    return {
        name: next((item for item in field.metadata if isinstance(item, DataClass)), default)
        for name, field in model.model_fields.items()
    }
