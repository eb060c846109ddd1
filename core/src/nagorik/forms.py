"""Forms: what a citizen fills in, checked before any hook is called, with a problem per field in both languages.

A plugin declares a form as a subclass of ``Form`` and labels each field for whoever draws a page::

    class ReissueForm(Form):
        nid: Annotated[Nid, Label(en="NID number", bn="এনআইডি নম্বর")]
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydantic import GetJsonSchemaHandler, JsonValue, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails

from nagorik.errors import FieldProblem, InputRejected
from nagorik.model.text import Text
from nagorik.privacy import Form

JSON_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ANY_PROBLEM: Final = "value"


@dataclass(frozen=True, slots=True)
class Label:
    """A field's title, and a sentence of help where one is needed, in both languages; used in ``Annotated``."""

    en: str
    bn: str
    help_en: str | None = None
    help_bn: str | None = None

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Put the label into the field's JSON Schema: English where readers look, Bangla beside it."""
        described = dict(handler(schema))
        described["title"] = self.en
        described["x-title-bn"] = self.bn
        if self.help_en is not None and self.help_bn is not None:
            described["description"] = self.help_en
            described["x-description-bn"] = self.help_bn
        return described


def label_of(form: type[Form], field: str) -> Text:
    """A field's title in both languages; its name where the form has no label for it."""
    label = next((item for item in form.model_fields[field].metadata if isinstance(item, Label)), None)
    return Text(bn=label.bn, en=label.en) if label else Text(bn=field, en=field)


def validate_form(form: type[Form], data: Mapping[str, JsonValue], *, root: str = "/form") -> Form:
    """Check what was filled in against a service's form. All problems are told at once.

    Raises:
        InputRejected: With one problem for each field that is wrong; ``root`` begins each pointer. Nothing that was
            filled in is repeated.
    """
    try:
        return form.model_validate(dict(data))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    raise InputRejected([_problem(form, problem, root) for problem in problems])


def form_schema(form: type[Form]) -> dict[str, Any]:
    """A form's JSON Schema 2020-12 with titles and help in both languages (``x-title-bn``, ``x-description-bn``)."""
    return {"$schema": JSON_SCHEMA_DIALECT, **TypeAdapter(form).json_schema()}


def _problem(form: type[Form], problem: ErrorDetails, root: str) -> FieldProblem:
    location = problem["loc"]
    context = problem.get("ctx", {})
    code = problem["type"]
    if isinstance(context.get("bn"), str) and isinstance(context.get("en"), str):
        sentence = Text(bn=context["bn"], en=context["en"])
    else:
        sentence = _sentences().get(code) or _sentences()[_ANY_PROBLEM]
    if location and isinstance(location[0], str) and location[0] in form.model_fields:
        label = label_of(form, location[0])
        sentence = Text(bn=f"{label.bn}: {sentence.bn}", en=f"{label.en}: {sentence.en}")
    return FieldProblem(pointer=root + "".join(f"/{_escaped(part)}" for part in location), code=code, text=sentence)


def _escaped(part: str | int) -> str:
    """One reference token of RFC 6901."""
    return str(part).replace("~", "~0").replace("/", "~1")


@cache
def _sentences() -> Mapping[str, Text]:
    raw = tomllib.loads(files("nagorik").joinpath("form_messages.toml").read_text("utf-8"))
    return {code: Text(**texts) for code, texts in raw.items()}
