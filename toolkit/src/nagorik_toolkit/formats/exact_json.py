"""Answers in JSON whose numbers stay as they are written: read as a float, 344.99999999999999999999 would be 345."""

import json
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from nagorik.http import AgencyResponse

_LONGEST_INT: Final = 400
"""Characters; a longer whole number is a ``Decimal``."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class ExactJsonReader(Generic[ModelT]):
    """Reads answers in JSON into one model: numbers with a point as ``Decimal``, with an exponent as ``float``.

    With a name twice in an object it is no JSON: readers differ in which of the two they believe.
    """

    format: Final = "json"
    accept: Final = "application/json"

    def __init__(self, model: type[ModelT]) -> None:
        self.model: type[ModelT] = model

    def read(self, answer: AgencyResponse) -> ModelT:
        """As ``AnswerReader.read``."""
        return self.model.model_validate(_DECODER.decode(answer.text or ""))

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``."""
        if answer.document is None:
            return False
        try:
            _DECODER.decode(answer.text or "")
        except (ValueError, RecursionError):
            return False
        return True


def _whole(written: str) -> int | Decimal:
    """Python makes no ``int`` of thousands of digits, and a document with such a number is JSON all the same."""
    return int(written) if len(written) <= _LONGEST_INT else Decimal(written)


def _number(written: str) -> Decimal | float:
    """A ``Decimal`` of a milliard digits is an exponent away: no agency writes an exact number with one."""
    return Decimal(written) if "e" not in written.lower() else float(written)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_DECODER: Final = json.JSONDecoder(
    parse_int=_whole, parse_float=_number, parse_constant=_no_number, object_pairs_hook=_members
)
