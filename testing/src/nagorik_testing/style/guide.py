"""The data of the style: the words for a thing, the length of a sentence, and what stands in Latin letters."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from nagorik.data_files import parse_document, read_data_file
from nagorik.manifest.fields import ManifestModel

STYLE_FILE: Final = "style.toml"
TextLanguage = Literal["bn", "en"]
_Written = Annotated[str, StringConstraints(strict=True, min_length=1)]


class StyleTerm(ManifestModel):
    """One thing, and how it is written."""

    use: _Written
    """What to write."""
    instead_of: Annotated[tuple[_Written, ...], Field(alias="not", min_length=1)]
    """What not to write."""
    meaning: str = ""
    """In English, where a reader may need it."""
    whole: bool = False
    """Whether each of ``instead_of`` is a word by itself, and not the beginning of a longer one."""
    unless_after: Annotated[str, Field(alias="unless-after")] = ""
    """What stands before one of ``instead_of`` where it is right."""
    by: Literal["machine", "reader"] = "machine"
    """Who can tell: no machine where the words are right of something else."""


class LatinWords(ManifestModel):
    """Latin words of a Bangla text."""

    formats: tuple[_Written, ...]
    blood_groups: Annotated[tuple[_Written, ...], Field(alias="blood-groups")]
    names: tuple[_Written, ...]


class StyleData(ManifestModel):
    """The file as a whole."""

    longest_sentence: Annotated[int, Field(alias="longest-sentence", ge=1)]
    latin: LatinWords
    bn: tuple[StyleTerm, ...]
    en: tuple[StyleTerm, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """The style, ready for looking things up.

    Attributes:
        longest_sentence: In words.
        latin: What may stand in a Bangla text in Latin letters.
        terms: Each language's list, in the file's order; all in NFC.
    """

    longest_sentence: int
    latin: LatinWords
    terms: Mapping[TextLanguage, tuple[StyleTerm, ...]]


@cache
def style() -> Style:
    """The style as it is released.

    Raises:
        DataFileInvalid: The file cannot be read; a fault of this distribution.
    """
    content = unicodedata.normalize("NFC", read_data_file(__package__, STYLE_FILE).decode("utf-8"))
    data = StyleData.model_validate(parse_document(content.encode(), STYLE_FILE))
    return Style(data.longest_sentence, data.latin, {"bn": data.bn, "en": data.en})
