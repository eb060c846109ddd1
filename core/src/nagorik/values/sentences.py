"""Sentences in both languages, and what is wrong with a value: a code whose sentence never holds the value.

The sentences live in ``messages.toml``, one per code, and have no placeholders: an error about an identifier
that repeated the identifier would carry it into logs, queues and screens.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError, PydanticKnownError

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_data_file
from nagorik.privacy import CodedError, Model

MESSAGES_FILE: Final = "messages.toml"
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A place to fill in a sentence."""

_CODE: Final = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")

LONGEST_TEXT: Final = 4000

_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul and of Braille, letters and signs by their category alone."""


def is_blank(text: str) -> bool:
    """Whether nothing of ``text`` can be read: no letter, digit or sign, but spaces, joiners, marks and controls."""
    return not any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANK_LETTERS for char in text)


def _readable(value: str) -> str:
    if is_blank(value):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return unicodedata.normalize("NFC", value)


_WRITTEN: Final = StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
Sentence = Annotated[str, _WRITTEN, AfterValidator(_readable)]


class Text(Model):
    """Text for a person, in Bangla and English, up to 4,000 letters of each; neither may be blank."""

    bn: Sentence
    """Bangla, NFC."""
    en: Sentence
    """English."""


def cut(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, at least one; it ends in ``…`` where something is left out."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


class NationalDataError(CodedError):
    """A value that is not what it should be. Never holds the value.

    Attributes:
        code: Stable and machine-readable, such as ``nid.length``; a key of ``messages.toml``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def text(self) -> Text:
        """One sentence or two for the person who must correct it, in both languages."""
        return sentence(self.code)

    def for_pydantic(self) -> PydanticCustomError:
        """This error as pydantic keeps it: the code as ``type``, both texts under ``bn`` and ``en`` in ``ctx``."""
        text = self.text
        return PydanticCustomError(self.code, text.en, {"bn": text.bn, "en": text.en})

    def __str__(self) -> str:
        return f"{self.code}: {self.text.en}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code}>"


@dataclass(frozen=True, slots=True)
class DataWarning:
    """Something unusual about a value that is accepted all the same."""

    code: str

    @property
    def text(self) -> Text:
        """One sentence for the person who entered the value, in both languages."""
        return sentence(self.code)


def read_sentences(package: str, file: str = MESSAGES_FILE) -> Mapping[str, Text]:
    """The sentences in a file of ``package``, by their codes.

    Raises:
        DataFileInvalid: Naming every code that lacks a language, has an empty text, or has places to fill that
            are not the same in both languages.
    """
    return parse_sentences(read_data_file(package, file), file)


def parse_sentences(content: bytes, file: str = MESSAGES_FILE) -> Mapping[str, Text]:
    """The sentences in the content of a file, which holds a table for each code; errors as ``read_sentences``.

    ::

        ["brta.too-young"]
        en = "You are younger than {years}."
        bn = "আপনার বয়স {years} বছরের কম।"
    """
    return _checked(parse_document(content, file), file)


def read_sentence_tables(package: str, file: str) -> Mapping[str, Mapping[str, Text]]:
    """The sentences in a file of ``package`` whose tables each hold some; errors as ``read_sentences``."""
    tables = parse_document(read_data_file(package, file), file)
    return MappingProxyType({name: _checked(table, f"{file}, {name}") for name, table in tables.items()})


def _checked(entries: Mapping[str, Any], file: str) -> Mapping[str, Text]:
    texts: dict[str, Text] = {}
    problems: list[FileProblem] = []
    for code, entry in entries.items():
        if not _CODE.fullmatch(code):
            problems.append(FileProblem(code, "write the code in ASCII words joined by dots or hyphens"))
        try:
            texts[code] = Text.model_validate(entry)
        except ValidationError as error:
            nested = isinstance(entry, dict) and any(isinstance(value, dict) for value in entry.values())
            quotes = [FileProblem(code, 'put a code with dots in quotes: ["one.two"]')]
            problems += quotes if nested else problems_of(code, error, Text)
            continue
        problems += [FileProblem(code, message) for message in _placeholder_problems(texts[code])]
    if problems:
        raise DataFileInvalid(file, problems)
    return MappingProxyType(texts)


def _placeholder_problems(sentence: Text) -> list[str]:
    problems = [
        f"{language}: write a place to fill as {{name}}, and no other braces"
        for language, written in (("bn", sentence.bn), ("en", sentence.en))
        if set("{}") & set(PLACEHOLDER.sub("", written))
    ]
    bn, en = (set(PLACEHOLDER.findall(written)) for written in (sentence.bn, sentence.en))
    return problems + [f"{{{name}}} stands in one language only" for name in sorted(bn ^ en)]


def sentence(code: str) -> Text:
    """The catalogue's text for ``code``; an unknown code is a programming error and raises ``KeyError``."""
    return _catalogue()[code]


def codes() -> frozenset[str]:
    """Every code that this package can put into an error or a warning."""
    return frozenset(_catalogue())


@cache
def _catalogue() -> Mapping[str, Text]:
    return read_sentences("nagorik.values")
