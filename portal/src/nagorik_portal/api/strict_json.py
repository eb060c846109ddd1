"""Bodies read as JSON and nothing else: ``false`` is no number, a number is no date, and NaN is nothing."""

import json
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")


class StrictJson:
    """Marks the body of a request.

    The framework hands over what it parsed, and pydantic would be lenient with that. Written out again it is checked
    by pydantic's strict rules for JSON, in which a date is text and a list a tuple.
    """

    def __get_pydantic_core_schema__(self, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap the model's own schema, which OpenAPI shows unchanged."""

        def check(given: Any, _: Callable[[Any], Any]) -> Any:
            if isinstance(given, bytes):
                raise PydanticCustomError("json_type", "the body is JSON")
            try:
                text = json.dumps(given, allow_nan=False)
            except ValueError:
                raise PydanticCustomError("finite_number", "a number in JSON is finite") from None
            return _adapter(source).validate_json(text, strict=True)

        return core_schema.no_info_wrap_validator_function(check, handler(source))


@cache
def _adapter(model: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


JsonBody = Annotated[T, StrictJson()]
