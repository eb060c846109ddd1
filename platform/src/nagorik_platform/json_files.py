"""The JSON files that people write by hand, refused with everything that is wrong in them at once."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from nagorik.data_files import DataFileInvalid, FileProblem, problems_of

T = TypeVar("T")

_PLACE: Final = re.compile(r"line [0-9]+")


_OBJECT, _LIST = "write an object, in braces", "write a list, in square brackets"
_DATE, _TIME = "write a date such as 2026-11-24", "write a time with its offset, such as 2026-11-24T09:30:00+06:00"
_WHOLE, _YES_OR_NO = "write a whole number", "write true or false"
SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "dataclass_type"), _OBJECT)
    | dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST)
    | dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DATE)
    | dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_naive"), _TIME)
    | dict.fromkeys(("datetime_object_invalid", "timezone_aware", "timezone_offset"), _TIME)
    | dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE)
    | dict.fromkeys(("bool_type", "bool_parsing"), _YES_OR_NO)
    | {
        "string_type": "write text, in quotes",
        "string_too_short": "write at least {min_length} letters",
        "string_too_long": "write at most {max_length} letters",
        "too_short": "give at least {min_length}",
        "too_long": "give at most {max_length}",
        "greater_than_equal": "write {ge} or more",
        "greater_than": "write more than {gt}",
        "less_than_equal": "write {le} or less",
        "less_than": "write less than {lt}",
        "union_tag_invalid": "write as {discriminator} one of {expected_tags}",
        "union_tag_not_found": "write its {discriminator}",
    }
)
"""What is expected, by pydantic's type of error: what a model says, and nothing of what is written."""


def parse_json(
    content: bytes,
    file: str,
    adapter: TypeAdapter[T],
    model: type[BaseModel] | None = None,
    *,
    shapes: Mapping[str, str] = SHAPES,
) -> T:
    """A JSON document, which may name a person: an error says the place and never what is written there.

    ``file`` is the name in errors; ``model``, the adapter's, and ``shapes`` are as for ``problems_of``.

    Raises:
        DataFileInvalid: It is not JSON, not in UTF-8, or has fields that are wrong.
    """
    try:
        text = content.decode("utf-8-sig")
        from_json(text, allow_inf_nan=False)
        return adapter.validate_json(text)
    except UnicodeDecodeError:
        problems = [FileProblem("", "save the file as UTF-8")]
    except ValidationError as error:
        problems = problems_of("", error, model, shapes=shapes, private=True)
    except ValueError as error:
        place = _PLACE.search(str(error))
        problems = [FileProblem("", f"not valid JSON{f': look at {place[0]}' if place else ''}")]
    raise DataFileInvalid(file, problems)
