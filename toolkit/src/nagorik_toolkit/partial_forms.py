"""A form that is filled in only in part, for what is known before a citizen applies."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from pydantic import Field, JsonValue, ValidationInfo, create_model, field_validator

from nagorik.errors import FieldProblem, InputRejected
from nagorik.privacy import Form
from nagorik_toolkit.form_validation import validate_form

FormT = TypeVar("FormT", bound=Form)

_LAST: Final = "nagorik_fields_before"
"""A field behind all others of a form: its validator is given those that are valid."""
_READ: Final = "fields read"


class FieldMissing(LookupError):
    """A field was read that is not filled in; ``field`` is its name in the form's model."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class PartialForm(NamedTuple, Generic[FormT]):
    """A form as far as it is filled in, and which of its fields were read since."""

    form: FormT
    """Of the form's own type; reading a field that is not there raises ``FieldMissing``."""
    read: set[str]


def partial_form(form: type[FormT], data: Mapping[str, JsonValue]) -> PartialForm[FormT]:
    """What is valid of ``data``. A field that was left out has its default, if the form takes that beside the rest.

    Raises:
        InputRejected: Something that was given is wrong; as ``validate_form``, for the fields that are in ``data``.
    """
    valid: dict[str, Any] = {}
    try:
        validate_form(_sounded(form), {**data, _LAST: cast("JsonValue", valid)}, root="/form")
    except InputRejected as rejected:
        problems = [problem for problem in rejected.fields if _is_of_given(problem, data)]
        if problems:
            raise InputRejected(problems) from None
    kind = _partly_filled(form)
    filled: FormT = kind.__new__(kind)  # type: ignore[call-overload]
    read: set[str] = set()
    object.__setattr__(filled, "__dict__", {**valid, _READ: read})
    object.__setattr__(filled, "__pydantic_fields_set__", set(valid))
    object.__setattr__(filled, "__pydantic_extra__", None)
    object.__setattr__(filled, "__pydantic_private__", None)
    return PartialForm(filled, read)


def _is_of_given(problem: FieldProblem, data: Mapping[str, JsonValue]) -> bool:
    key = problem.pointer.removeprefix("/form").removeprefix("/").partition("/")[0]
    # A key that the form does not declare is not named: the pointer ends above it.
    return not key or key.replace("~1", "/").replace("~0", "~") in data


@cache
def _sounded(form: type[Form]) -> type[Form]:
    """The form with a field behind all others, into whose dictionary go those that are valid."""

    def keep(valid: dict[str, Any], info: ValidationInfo) -> None:
        valid.update(info.data)

    made: type[Form] = create_model(
        form.__name__,
        __base__=form,
        __module__=form.__module__,
        __validators__={"keep": field_validator(_LAST, mode="plain")(keep)},
        **{_LAST: (Any, Field(default=None))},  # type: ignore[call-overload]
    )
    return made


@cache
def _partly_filled(form: type[FormT]) -> type[FormT]:
    def look_up(self: Form, name: str) -> Any:
        held = object.__getattribute__(self, "__dict__")
        if name in form.model_fields:
            held[_READ].add(name)
            if name not in held:
                raise FieldMissing(name)
        return object.__getattribute__(self, name)

    own = {"__module__": form.__module__, "__getattribute__": look_up}
    return cast("type[FormT]", type(form.__name__, (form,), own))
