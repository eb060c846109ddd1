"""Answers in form fields and in plain text."""

from typing import Final, Generic, TypeVar, get_origin
from urllib.parse import parse_qs

from pydantic import BaseModel
from pydantic_core import to_json

from nagorik.http import AgencyResponse

MOST_FIELDS: Final = 1_000
"""Fields of an answer, at most."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class FormReader(Generic[ModelT]):
    """Reads answers that are form fields of one model.

    A field whose type is a list or tuple has all that came under its name. Of any other, one that comes twice does
    not fit.
    """

    format: Final = "form"
    accept: Final = "application/x-www-form-urlencoded"

    def __init__(self, model: type[ModelT]) -> None:
        self.model: type[ModelT] = model

    def read(self, answer: AgencyResponse) -> ModelT:
        """As ``AnswerReader.read``."""
        fields = _fields(answer)
        if fields is None:
            raise ValueError("the answer is no form")
        # By the model's rules for JSON, where what is a number may be written as text.
        return self.model.model_validate_json(to_json(self._shaped(fields)))

    def _shaped(self, fields: dict[str, list[str]]) -> dict[str, str | list[str]]:
        several = {
            name
            for field, info in self.model.model_fields.items()
            if get_origin(info.annotation) in {list, tuple}
            for name in (field, info.alias, info.validation_alias)
            if isinstance(name, str)
        }
        return {
            name: values[0] if len(values) == 1 and name not in several else values for name, values in fields.items()
        }

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``; by its label alone, since nearly any text can be read as a form."""
        return (answer.content_type or "").partition(";")[0].strip().lower() == self.accept


def _fields(answer: AgencyResponse) -> dict[str, list[str]] | None:
    """All values of each field, or ``None`` where the answer is no form."""
    try:
        return parse_qs(
            (answer.text or "").strip(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return None


class TextReader:
    """Reads answers that are plain text, without the white space around it."""

    format: Final = "text"
    accept: Final = "text/plain"
    model: Final = str

    def read(self, answer: AgencyResponse) -> str:
        """As ``AnswerReader.read``; a page of HTML is no plain text, even where it is labelled so."""
        text = answer.text
        if text is None or not text.strip() or text.lstrip()[:1] == "<":
            raise ValueError("the answer is no text")
        return text.strip()

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``; by its label alone."""
        return (answer.content_type or "").partition(";")[0].strip().lower() == self.accept
