"""From the text of a ``plugin.toml`` to a manifest, or to everything that is wrong with it at once."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from nagorik.data_files import DataFileInvalid, parse_document, problems_of
from nagorik.manifest.fields import SHAPES
from nagorik.manifest.plugin import Manifest

MANIFEST_FILE: Final = "plugin.toml"


def validate_manifest(document: Mapping[str, Any]) -> Manifest:
    """The manifest in a ``plugin.toml``'s tables.

    Raises:
        DataFileInvalid: Naming every field that is wrong.
    """
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        problems = problems_of("", error, Manifest, shapes=SHAPES)
    raise DataFileInvalid(MANIFEST_FILE, problems)


def parse_manifest(text: str | bytes) -> Manifest:
    """Read a manifest from TOML text.

    Raises:
        DataFileInvalid: Naming every field that is wrong.
    """
    return validate_manifest(parse_document(text.encode() if isinstance(text, str) else text, MANIFEST_FILE))
