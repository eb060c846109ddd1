"""JSON whose numbers stay as they are written: read as a float, 344.99999999999999999999 would be 345."""

import json
from typing import Any, Final, Generic, TypeVar

from nagorik import AgencyResponse, WireModel

T = TypeVar("T", bound=WireModel)


class ExactJsonReader(Generic[T]):
    """Reads an answer into a model of it, each number as its text. With a name twice in an object it is no JSON."""

    format: Final = "json"
    accept: Final = "application/json"

    def __init__(self, model: type[T]) -> None:
        self.model: type[T] = model

    def read(self, answer: AgencyResponse) -> T:
        """As ``AnswerReader.read``."""
        return self.model.model_validate(_DECODER.decode(answer.text or ""))

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``."""
        return answer.document is not None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_DECODER: Final = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_members
)
