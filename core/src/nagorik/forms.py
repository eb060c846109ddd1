"""Forms: what a citizen fills in, field by field, each with a label in both languages.

A plugin declares a form as a subclass of ``Form`` and labels each field for whoever draws a page::

    class ReissueForm(Form):
        nid: Annotated[Nid, Label(en="NID number", bn="এনআইডি নম্বর")]
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nagorik.values.sentences import Text

LABEL_KEYS: Final = ("title", "x-title-bn", "description", "x-description-bn")
"""The members of a field's JSON Schema that a label fills."""


@dataclass(frozen=True, slots=True)
class Label:
    """A field's title, and a sentence of help where one is needed, in both languages; used in ``Annotated``."""

    en: str
    bn: str
    help_en: str | None = None
    help_bn: str | None = None

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Put the label into the field's JSON Schema: English where readers look, Bangla beside it."""
        return self.put_into(handler(schema))

    def put_into(self, schema: JsonSchemaValue) -> JsonSchemaValue:
        """A field's JSON Schema with this label; that of a label within it, and its help, are left out."""
        described = dict(schema)
        if "x-title-bn" in described:
            described = {key: value for key, value in described.items() if key not in LABEL_KEYS}
        described["title"] = self.en
        described["x-title-bn"] = self.bn
        if self.help_en is not None and self.help_bn is not None:
            described["description"] = self.help_en
            described["x-description-bn"] = self.help_bn
        return described


@dataclass(frozen=True, slots=True)
class Choices:
    """What each option of a ``Literal`` is called, in both languages; used in ``Annotated`` beside the field's label.

    ``Annotated[Literal["regular", "urgent"], Choices({"regular": Text(en="Regular", bn="সাধারণ"), ...})]``
    """

    titles: Mapping[str, Text] = field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Refuse a list of titles that is not that of the options.

        Raises:
            TypeError: When the form is defined.
        """
        if set(get_args(source)) != self.titles.keys():
            raise TypeError("give a title for each option of the Literal, and for nothing else")
        return handler(source)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Put the titles into the field's JSON Schema, as ``oneOf`` beside its ``enum``."""
        return {**handler(schema), "oneOf": self.one_of()}

    def one_of(self) -> list[dict[str, str]]:
        """The titles as members of ``oneOf`` in a JSON Schema."""
        return [{"const": option, "title": title.en, "x-title-bn": title.bn} for option, title in self.titles.items()]
