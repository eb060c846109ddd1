"""The base of values that check themselves and keep what they were given to themselves."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import GetJsonSchemaHandler, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails

from nagorik.privacy import DataClass, Model
from nagorik.values.sentences import NationalDataError, codes

MASK = "******"
"""Fixed in length, so that a masked value does not tell how long it is."""


class SelfCheckedValue(Model):
    """A frozen value whose validation errors never hold the input.

    pydantic's ``hide_input_in_errors`` keeps the input out of an error's text, but ``errors()`` and ``json()``
    still list it, and a union's error even quotes the tag that it was given. Here both are cleared, also when
    the value is a field of another model.

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
            raise without_input(error, fields=cls.model_fields) from None
        try:
            value.check_whole()
        except NationalDataError as error:
            line = InitErrorDetails(type=error.for_pydantic(), loc=(), input=None)
            raise ValidationError.from_exception_data(cls.__name__, [line], hide_input=True) from None
        return value

    def check_whole(self) -> None:
        """Raise ``NationalDataError`` where fields that are right by themselves are wrong together.

        In place of an ``after`` validator, whose error pydantic would give the whole input.
        """

    def __setattr__(self, name: str, value: object) -> None:
        # pydantic's own refusal quotes the value, hidden input or not.
        message = f"{type(self).__name__} is frozen"
        raise AttributeError(message)


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
    """The last ``shown`` characters after a mask of fixed length."""
    return f"…{MASK}{value[-shown:]}"


def without_input(error: ValidationError, *, fields: Mapping[str, Any]) -> ValidationError:
    """The same error with every trace of the input removed.

    Errors of this package keep code and texts; pydantic's own become ``value.shape``, because some quote the
    input. A location is kept where it names one of ``fields``: an unknown key is input too.
    """
    lines: list[InitErrorDetails] = []
    for line in error.errors(include_url=False, include_input=False):
        raised = line.get("ctx", {}).get("error")
        code = raised.code if isinstance(raised, NationalDataError) else line["type"]
        reason = NationalDataError(code if code in codes() else "value.shape").for_pydantic()
        loc = line["loc"] if all(part in fields for part in line["loc"]) else ()
        lines.append(InitErrorDetails(type=reason, loc=loc, input=None))
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)
