"""Forms: what a citizen fills in, field by field, each with a label in both languages.

A plugin declares a form as a subclass of ``Form`` and labels each field for whoever draws a page::

    class ReissueForm(Form):
        nid: Annotated[Nid, Label(en="NID number", bn="এনআইডি নম্বর")]
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nagorik.privacy import Form
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
        described = dict(handler(schema))
        if "x-title-bn" in described:  # the label around another takes its place, help and all
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
        described = dict(handler(schema))
        described["oneOf"] = [
            {"const": option, "title": title.en, "x-title-bn": title.bn} for option, title in self.titles.items()
        ]
        return described


def find_label(form: type[Form], field: str) -> Label | None:
    """A field's label; ``None`` where the form has none for it.

    Of several labels the outermost counts, as in the schema; one inside a union counts where none is around it.
    """
    found = form.model_fields[field]
    label = next((item for item in reversed(found.metadata) if isinstance(item, Label)), None)
    return label or next(_labels_within(found.annotation), None)


def label_of(form: type[Form], field: str) -> Text:
    """A field's title in both languages; its name where the form has no label for it."""
    label = find_label(form, field)
    return Text(bn=label.bn, en=label.en) if label else Text(bn=field, en=field)


def _labels_within(annotation: object) -> Iterator[Label]:
    """The labels inside a union, the outermost first."""
    for part in get_args(annotation) if get_origin(annotation) in {Union, UnionType} else ():
        if get_origin(part) is Annotated:
            yield from (item for item in reversed(get_args(part)[1:]) if isinstance(item, Label))
            part = get_args(part)[0]  # noqa: PLW2901 - what is annotated may be a union again
        yield from _labels_within(part)
