"""Declared data classes: what a field holds decides where it may appear.

A field of a model carries its class as annotation metadata (``Annotated[str, PERSONAL]``). Representations,
log lines and error texts show only what is public or operational; the rest appears as a mask.
"""

import re
from collections.abc import Container, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

MASK: Final = "•••"
"""Stands for what may not be shown, however long it is."""

LONGEST_TEXT: Final = 20_000
"""Characters of a text in a model whose field bounds it no closer."""
MOST_PROBLEMS: Final = 200
"""Problems that are told by their places; of more than so many, the number alone is told."""

_QUOTES_INPUT: Final = frozenset({"error", "tag"})
"""Members of an error's context that pydantic fills from the input, or from an author's own text about it."""


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


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

PUBLIC: Final = DataClass.PUBLIC
OPERATIONAL: Final = DataClass.OPERATIONAL
PERSONAL: Final = DataClass.PERSONAL
SECRET: Final = DataClass.SECRET


class ModelType(ModelMetaclass):
    """Type of a ``Model``: ``dir()`` and ``help()`` list what is the model's own, nothing that libraries bring."""

    def __dir__(self) -> list[str]:
        brought = {"__signature__", *(name for name in vars(Model) if name.startswith("__"))}
        brought.update(*(vars(base) for base in self.__mro__ if not isinstance(base, ModelType)))
        return [name for name in super().__dir__() if name not in brought]


class Model(BaseModel, metaclass=ModelType):
    """Base of every value that crosses a hook: frozen, closed, and silent about what it may not show.

    Fields without a declared class are operational; a subclass changes that with ``default_data_class``. The text of
    its ``ValidationError`` holds no input. pydantic still keeps the input in the error's ``errors()``, which go
    nowhere but through ``without_input`` therefore; a ``Form`` does that by itself.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        str_max_length=LONGEST_TEXT,
        allow_inf_nan=False,
        defer_build=True,
    )
    default_data_class: ClassVar[DataClass] = DataClass.OPERATIONAL

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield each field, masked unless its class lets it be seen."""
        classes = data_classes(type(self))
        for name, value in super().__repr_args__():
            hidden = name is not None and is_hidden(classes.get(name, self.default_data_class))
            yield name, (Masked() if hidden and value is not None else value)

    __str__ = BaseModel.__repr__

    if not TYPE_CHECKING:  # a checker that saw these would let any attribute be assigned
        # pydantic's own refusal is an error that quotes the value, hidden input or not.

        def __setattr__(self, name: str, value: object) -> None:
            if not name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} is frozen")
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            if not name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} is frozen")
            super().__delattr__(name)


class CodedError(ValueError):
    """An error whose text may be shown, since it is chosen by a code and repeats nothing that came in.

    A validator of a form raises it as it is.
    """

    def for_pydantic(self) -> PydanticCustomError:
        """This error as pydantic keeps it."""
        raise NotImplementedError


class Form(Model):
    """Base of a service's form. Whatever a citizen writes is personal unless the form says otherwise.

    Its ``ValidationError`` holds no input anywhere, not even in ``errors()``, and not the text of a ``ValueError``
    that a validator raised, since such texts like to quote the value: raise a ``NationalDataError`` or a
    ``PydanticCustomError``, whose codes and texts are kept.
    """

    default_data_class: ClassVar[DataClass] = DataClass.PERSONAL

    @model_validator(mode="wrap")
    @classmethod
    def _keep_input_out_of_errors(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise without_input(error) from None

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """As pydantic's; text that is not JSON fails before any validator runs, and is kept out of the error here."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise without_input(error) from None


# For its subclasses: whoever draws a form shows its fields' docstrings. pydantic reads them from the source, which
# takes too long for every model, and for this one, which has no fields.
Form.model_config["use_attribute_docstrings"] = True
# A form that cannot be drawn or read is refused as it is written, and not as a citizen opens it.
Form.model_config["defer_build"] = False


class SelfCheckedValue(Model):
    """A frozen value whose validation errors never hold the input, also when it is a field of another model.

    Where a subclass names a ``bare_field``, a bare value is taken for that field: the place that declares the
    type decides what a number is.
    """

    bare_field: ClassVar[str | None] = None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Where a bare value is taken it comes first, for whoever draws a form from the schema."""
        described = handler(schema)
        if cls.bare_field is None or handler.mode == "serialization":
            return described
        return {"title": cls.__name__, "anyOf": [{"type": "string"}, described]}

    @model_validator(mode="wrap")
    @classmethod
    def _keep_input_out_of_errors(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if cls.bare_field is not None and not isinstance(data, (Mapping, cls)):
            data = {cls.bare_field: data}
        try:
            value = handler(data)
        except ValidationError as error:
            raise without_input(error, declared=cls.model_fields) from None
        try:
            value.check_whole()
        except CodedError as error:
            line = InitErrorDetails(type=error.for_pydantic(), loc=(), input=None)
            raise ValidationError.from_exception_data(cls.__name__, [line], hide_input=True) from None
        return value

    def check_whole(self) -> None:
        """Raise ``NationalDataError`` where fields that are right by themselves are wrong together.

        In place of an ``after`` validator, whose error pydantic would give the whole input.
        """


class PrivateValue(SelfCheckedValue):
    """A value about a citizen: every representation of it is masked; its fields are read deliberately."""

    default_data_class: ClassVar[DataClass] = DataClass.PERSONAL

    def masked(self) -> str:
        """The value as it may be shown to someone who need not know it."""
        raise NotImplementedError

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield the masked form only; rich and devtools read this too."""
        yield None, self.masked()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()})"

    __str__ = __repr__


def mask_tail(value: str, *, shown: int = 4) -> str:
    """The last ``shown`` characters after a mask, whose length does not tell how long the value is."""
    return f"{MASK}{value[-shown:]}"


def run_of_digits(least: int) -> re.Pattern[str]:
    """Finds ``least`` digits or more of any script, with up to three separators, visible or not, between two."""
    return re.compile(rf"\d(?:[\W_]{{0,3}}\d){{{least - 1},}}")


_LONG_NUMBER: Final = run_of_digits(9)
"""As an NID, a birth registration or a telephone number has."""
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,79}")
_DIGITS_TOGETHER: Final = re.compile(r"\d{6}")
TOKEN: Final = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{20,}")
"""Finds what is neither a word nor a number: of a token, a key or a hash."""


def is_code(text: str) -> bool:
    """Whether ``text`` is a word of a program, as ``nid.locked``, ``E-1042``: no prose, no token, nobody's number.

    Codes stand as they are in logs and journals, and outlive what is erased.
    """
    return bool(_CODE.fullmatch(text)) and not any(p.search(text) for p in (_DIGITS_TOGETHER, _LONG_NUMBER, TOKEN))


def _checked_code(text: str) -> str:
    if not is_code(text):
        raise ValueError("write a code of ASCII letters and digits, such as nid.locked, without a long number")
    return text


Code = Annotated[str, AfterValidator(_checked_code)]
"""A stable word of a program, which may be kept and shown anywhere."""


def _checked_id(text: str) -> str:
    # In a digest digits stand together by chance.
    if not _CODE.fullmatch(text) or _LONG_NUMBER.fullmatch(text):
        raise ValueError("write an id of ASCII letters and digits that is nobody's number, such as a UUID")
    return text


PublicId = Annotated[str, AfterValidator(_checked_id)]
"""A thing's id that its plugin makes, and that may be kept and shown anywhere."""


T = TypeVar("T")
Several = Annotated[tuple[T, ...], Field(max_length=200)]
"""What there are a few of, as criteria or lines of a quote: bounded, since all of them are kept and shown."""


class Masked:
    """Stands in a representation where a value may not be shown."""

    def __repr__(self) -> str:
        return MASK


def is_hidden(data_class: DataClass) -> bool:
    """Whether values of this class stay out of logs, representations and error texts."""
    return data_class in {DataClass.PERSONAL, DataClass.SECRET}


@lru_cache(maxsize=4096)
def data_classes(model: type[BaseModel]) -> Mapping[str, DataClass]:
    """The declared class of each field of ``model``; fields that declare none take the model's default.

    A class counts wherever it stands in the annotation (``Annotated[str, PERSONAL] | None``); the strictest.
    """
    default = getattr(model, "default_data_class", DataClass.OPERATIONAL)
    strictness = list(DataClass).index
    return MappingProxyType(
        {
            name: max((*_classes(field.metadata), *_declared(field.annotation)), key=strictness, default=default)
            for name, field in model.model_fields.items()
        }
    )


def without_input(error: ValidationError, *, declared: Container[object] | None = None) -> ValidationError:
    """The same error, with its codes and places, and without anything that came in.

    Raise it ``from None``. Places may name unknown keys, which are input too, of the caller and not of the citizen;
    given the keys that are ``declared``, a place that names another is left out.
    """
    if (count := error.error_count()) > MOST_PROBLEMS:
        reason = PydanticCustomError("too_many_problems", "{count} things are wrong", {"count": count})
        many = InitErrorDetails(type=reason, loc=(), input=None)
        return ValidationError.from_exception_data(error.title, [many], hide_input=True)
    lines = []
    for line in error.errors(include_url=False, include_input=False):
        context = line.get("ctx", {})
        raised = context.get("error")
        place = line["loc"] if declared is None or all(part in declared for part in line["loc"]) else ()
        if isinstance(raised, CodedError):
            lines.append(InitErrorDetails(type=raised.for_pydantic(), loc=place, input=None))
            continue
        text = "the value is not accepted" if _QUOTES_INPUT & context.keys() else line["msg"]
        kept = {name: value for name, value in context.items() if name not in _QUOTES_INPUT}
        reason = PydanticCustomError(line["type"], text, kept)
        lines.append(InitErrorDetails(type=reason, loc=place, input=None))
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)


def _classes(metadata: object) -> Iterator[DataClass]:
    if isinstance(metadata, list | tuple):
        yield from (item for item in metadata if isinstance(item, DataClass))


def _declared(annotation: object) -> Iterator[DataClass]:
    if get_origin(annotation) is Annotated:
        yield from _classes(get_args(annotation)[1:])
        annotation = get_args(annotation)[0]
    for part in get_args(annotation):
        yield from _declared(part)
