"""Forms with their words in ``forms.toml``: names, types and limits in Python; labels, help and wire names in data.

::

    [fields.passport_no]  # of every form of the package
    label = { en = "Passport number", bn = "পাসপোর্ট নম্বর" }

    [clearance.card]  # of ClearanceForm alone
    wire = "cardKind"
    label = { en = "Service you need", bn = "কোন সেবা নিতে চান" }
    help = { en = "You see the fee before you pay.", bn = "টাকা দেওয়ার আগেই ফি দেখানো হয়।" }
    choices.new = { en = "New clearance", bn = "নতুন ছাড়পত্র" }
    choices.correction = { en = "Card correction", bn = "কার্ড সংশোধন" }

A form's own table goes before those of its base classes, and ``fields`` comes last; each entry adds what the earlier
ones leave out. A field without a label keeps that of its type, as ``BirthDate`` has one. ``{most}`` in a help text is
the most entries that a list may have.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Annotated, Any, ClassVar, Final, Literal, get_args, get_origin

from annotated_types import MaxLen
from pydantic import GetJsonSchemaHandler, JsonValue, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_data_file
from nagorik.forms import Choices, Label
from nagorik.manifest.fields import ManifestModel
from nagorik.privacy import Form
from nagorik.values import Nid, PersonName
from nagorik.values.sentences import Text
from nagorik.values.text import to_bangla_digits
from nagorik_toolkit.bangladesh import FiscalYear, LandArea
from nagorik_toolkit.wire_fields import number_of, wire_word

FORMS_FILE: Final = "forms.toml"
EVERY_FORM: Final = "fields"


class FieldWords(ManifestModel):
    """The entry of one field in ``forms.toml``."""

    wire: str | None = None
    """The agency's name of the field; by default the field's own in camel case: ``passportNo``."""
    label: Text | None = None
    """The title that a citizen sees."""
    help: Text | None = None
    """A sentence below it."""
    choices: dict[str, Text] | None = None
    """A title for each option of the field's ``Literal``."""


class LabelledForm(Form):
    """Base of the forms whose words are in ``forms.toml`` of their package.

    Raises:
        TypeError: When a form is defined: titles and options of a ``Literal`` differ.
        DataFileInvalid: When a form is defined: the file is wrong.
    """

    words: ClassVar[Mapping[str, FieldWords]] = {}
    """The words of each field that has an entry."""

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Find the words of each field."""
        super().__pydantic_init_subclass__(**options)
        cls.words = {name: found for name in cls.model_fields if (found := _words_of(cls, name)) is not None}
        for name, words in cls.words.items():
            known = set(options_of(cls.model_fields[name].annotation))
            if words.choices is not None and words.choices.keys() != known:
                raise TypeError(f"{FORMS_FILE}: {cls.__name__}.{name}: give a title for each option, and no other")

    @classmethod
    def label_of(cls, field: str) -> Label | None:
        """A field's label out of the file; ``None`` where it has no entry."""
        words = cls.words.get(field)
        if words is None or words.label is None:
            return None
        label, said = words.label, words.help
        if said is None:
            return Label(en=label.en, bn=label.bn)
        most = next((str(one.max_length) for one in cls.model_fields[field].metadata if isinstance(one, MaxLen)), "")
        help_bn = said.bn.replace("{most}", to_bangla_digits(most))
        return Label(en=label.en, bn=label.bn, help_en=said.en.replace("{most}", most), help_bn=help_bn)

    @classmethod
    def wire_name(cls, field: str) -> str:
        """The agency's name of a field."""
        words, (first, *others) = cls.words.get(field), field.split("_")
        if words is not None and words.wire is not None:
            return words.wire
        return first + "".join(other.capitalize() for other in others)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Put the words into the form's JSON Schema."""
        described = handler(schema)
        properties = handler.resolve_ref_schema(described).get("properties", {})
        for name, words in cls.words.items():
            place, label = properties.get(name), cls.label_of(name)
            if place is not None and label is not None:
                properties[name] = place = label.put_into(place)
            if place is not None and words.choices is not None:
                for options in _with_options(place):
                    options["oneOf"] = Choices(words.choices).one_of()
        return described

    def to_wire(self, day: Callable[[date], str] = date.isoformat) -> dict[str, Any]:
        """What was filled in, by the agency's names; fields that were left out are absent.

        Options go out as upper-case words (``wire_word``), numbers of people and telephones as their digits, and a
        nested form as an object. Of the NID numbers only the field ``nid`` is known to be of who is born on
        ``birth_date``: with 13 digits it goes out with the year before it.

        Args:
            day: How the agency writes a day.

        Raises:
            InputRejected: The field ``nid`` is of another year than ``birth_date``.
            TypeError: A value has no usual way to be written; override ``wire_value``.
        """
        sent = {self.wire_name(name): self.wire_value(name, day) for name in type(self).model_fields}
        return {name: value for name, value in sent.items() if value is not None}

    def wire_value(self, field: str, day: Callable[[date], str] = date.isoformat) -> JsonValue:
        """One field as the agency is sent it, ``None`` for a field that is not; a form overrides it for an oddity."""
        value, born = getattr(self, field), getattr(self, "birth_date", None)
        if field == "nid" and isinstance(value, Nid) and isinstance(born, date):
            return number_of(value, born)
        if isinstance(value, PersonName | FiscalYear | LandArea):  # as the field's type writes it in JSON
            written: JsonValue = self.model_dump(mode="json", include={field}, exclude_none=True)[field]
            return written
        return self._written(value, day, as_word=bool(options_of(type(self).model_fields[field].annotation)))

    def _written(self, value: Any, day: Callable[[date], str], *, as_word: bool) -> JsonValue:
        match value:
            case None | bool() | int():
                return value
            case str():
                return wire_word(value) if as_word else value
            case date():
                return day(value)
            case LabelledForm():
                return value.to_wire(day)
            case tuple() | list():
                return [self._written(one, day, as_word=as_word) for one in value]
        for attribute in ("e164", "value", "one_line"):
            written = getattr(value, attribute, None)
            if isinstance(written, str):
                return written
        raise TypeError(f"{type(value).__name__} has no usual way to be written: override wire_value")


@cache
def _file(package: str) -> Mapping[str, Mapping[str, FieldWords]]:
    """The tables of a package's file; empty without a file.

    Raises:
        DataFileInvalid: Naming everything that is wrong.
    """
    if not files(package).joinpath(FORMS_FILE).is_file():
        return {}
    tables: dict[str, dict[str, FieldWords]] = {}
    problems: list[FileProblem] = []
    for table, fields in parse_document(read_data_file(package, FORMS_FILE), FORMS_FILE).items():
        tables[table] = {}
        for name, entry in fields.items() if isinstance(fields, dict) else ():
            try:
                tables[table][name] = FieldWords.model_validate(entry)
            except ValidationError as error:
                problems += problems_of(f"{table}.{name}", error, FieldWords)
        if not tables[table] and not problems:
            problems.append(FileProblem(table, f"write [{table}.field], with a label or a wire name"))
    if problems:
        raise DataFileInvalid(FORMS_FILE, problems)
    return tables


def words_without_field(package: str, forms: Iterable[type[Form]]) -> list[str]:
    """The entries of a package's file that no field of its forms has, or of one within them, as ``table.field``."""
    used = set()
    for form in chain.from_iterable(map(_forms_in, forms)):
        tables = [*(_table_of(base) for base in form.__mro__), EVERY_FORM]
        used |= {f"{table}.{name}" for table in tables for name in form.model_fields}
    return sorted({f"{table}.{name}" for table, fields in _file(package).items() for name in fields} - used)


def wire_problems(form: type[Form], reserved: Collection[str] = ()) -> Iterator[str]:
    """What an agency could not tell apart: fields of one wire name, and options of one wire word.

    Args:
        form: A form; those within it are looked at too.
        reserved: Wire names that the form's own fields cannot have.
    """
    for one in _forms_in(form):
        if not issubclass(one, LabelledForm):
            continue
        names = [*(reserved if one is form else ()), *map(one.wire_name, one.model_fields)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{one.__name__} has the wire name {name} twice"
        for field, info in one.model_fields.items():
            options = options_of(info.annotation)
            if len({wire_word(option) for option in options}) < len(options):
                yield f"two options of {one.__name__}.{field} are one word on the wire"


def _forms_in(annotation: object) -> Iterator[type[Form]]:
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _forms_in(field.annotation)
    for part in get_args(annotation):
        yield from _forms_in(part)


def _table_of(form: type) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", form.__name__.removesuffix("Form")).lower()


def _words_of(form: type[LabelledForm], name: str) -> FieldWords | None:
    tables = _file(form.__module__.rpartition(".")[0])
    entries = (tables.get(table, {}).get(name) for table in (*map(_table_of, form.__mro__), EVERY_FORM))
    found = [entry for entry in entries if entry is not None]
    merged: dict[str, Any] = {}
    for entry in reversed(found):
        merged |= {key: getattr(entry, key) for key in entry.model_fields_set}
    return FieldWords.model_construct(**merged) if found else None


def options_of(annotation: object) -> tuple[str, ...]:
    """The options of the ``Literal`` of texts in an annotation; empty without one."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return tuple(part for part in parts if isinstance(part, str))
    parts = parts[:1] if origin is Annotated else parts
    return next((found for part in parts if (found := options_of(part))), ())


def _with_options(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The part of a field's JSON Schema that lists its options."""
    if "enum" in described or "const" in described:
        yield described
    for part in (described.get("items"), *described.get("anyOf", ())):
        if isinstance(part, dict):
            yield from _with_options(part)
