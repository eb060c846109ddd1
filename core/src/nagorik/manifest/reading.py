"""From the text of a ``plugin.toml`` to a manifest, or to everything that is wrong with it at once."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nagorik.manifest.fields import SHAPES
from nagorik.manifest.plugin import Circuit, Limits, Manifest, Owner, PaymentGateway, PublicService, Window
from nagorik.privacy import Model
from nagorik.values.sentences import Text

MANIFEST_FILE: Final = "plugin.toml"

_TABLES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "services": PublicService,
        "gateways": PaymentGateway,
        "owners": Owner,
        "windows": Window,
        "limits": Limits,
        "circuit": Circuit,
        "name": Text,
        "summary": Text,
    }
)


class ManifestProblem(Model):
    """One thing wrong in a ``plugin.toml``."""

    location: str
    """Where, as a dotted path (``services.0.reads``); empty for the file as a whole."""
    message: str
    """What is wrong and what would be right."""

    def __str__(self) -> str:
        return f"{self.location or 'the file'}: {self.message}"


class ManifestInvalid(ValueError):
    """A ``plugin.toml`` that cannot be used; ``problems`` says everything that is wrong at once."""

    def __init__(self, problems: tuple[ManifestProblem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def read_document(content: bytes) -> dict[str, Any]:
    """The tables of a ``plugin.toml``, not yet validated.

    Raises:
        ManifestInvalid: The content is not UTF-8, or not TOML.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ManifestInvalid((ManifestProblem(location="", message="save the file as UTF-8"),)) from None
    except tomllib.TOMLDecodeError as error:
        raise ManifestInvalid((ManifestProblem(location="", message=f"not valid TOML: {error}"),)) from None
    except RecursionError:
        raise ManifestInvalid((ManifestProblem(location="", message="nested too deeply"),)) from None


def validate_document(document: Mapping[str, Any]) -> Manifest:
    """The manifest in a ``plugin.toml``'s tables.

    Raises:
        ManifestInvalid: Naming every field that is wrong.
    """
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        problems = tuple(_problem(found) for found in error.errors(include_url=False, include_input=False))
        raise ManifestInvalid(problems) from None


def parse_manifest(text: str | bytes) -> Manifest:
    """Read a manifest from TOML text.

    Raises:
        ManifestInvalid: Naming every field that is wrong.
    """
    return validate_document(read_document(text.encode() if isinstance(text, str) else text))


def _problem(found: ErrorDetails) -> ManifestProblem:
    # A dict's key that is no member of its enum is located as (…, key, "[key]").
    location = [part for part in found["loc"] if part != "[key]"]
    return ManifestProblem(location=".".join(str(part) for part in location), message=_message(found, location))


def _message(found: ErrorDetails, location: list[int | str]) -> str:
    context = found.get("ctx", {})
    match found["type"]:
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            return _unknown_field(location)
        case "string_pattern_mismatch":
            return SHAPES.get(context["pattern"], found["msg"])
        case "enum" | "literal_error":
            return f"write one of {context['expected']}"
        case _:
            return found["msg"].removeprefix("Value error, ")


def _unknown_field(location: list[int | str]) -> str:
    tables = [part for part in location[:-1] if isinstance(part, str)]
    table = _TABLES.get(tables[-1], Manifest) if tables else Manifest
    name = str(location[-1])
    likely = get_close_matches(name, table.model_fields, n=1)
    return f"there is no field {name}; did you mean {likely[0]}?" if likely else f"there is no field {name}"
