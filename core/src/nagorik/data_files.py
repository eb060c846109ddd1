"""The TOML files of a package, and the one that holds its sentences, every one in Bangla and English.

::

    ["brta.too-young"]
    en = "You are younger than {years}."
    bn = "আপনার বয়স {years} বছরের কম।"
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from nagorik.values import Money, format_taka, to_bangla_digits
from nagorik.values.sentences import Text


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing wrong in a file.

    Attributes:
        location: Where: the code, the rule or the entry, and the field in it; empty for the file as a whole.
        message: What is wrong and what would be right.
    """

    location: str
    message: str


class DataFileInvalid(ValueError):
    """A file of a plugin's package that cannot be used; ``problems`` says everything that is wrong at once."""

    def __init__(self, file: str, problems: Sequence[FileProblem]) -> None:
        super().__init__(file, tuple(problems))
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        told = (f"{problem.location}: {problem.message}".removeprefix(": ") for problem in self.problems)
        return f"{self.file}: {'; '.join(told)}"


def read_data_file(package: str, file: str) -> bytes:
    """The content of a file beside a package's modules.

    Raises:
        DataFileInvalid: It is not there.
    """
    try:
        return files(package).joinpath(file).read_bytes()
    except OSError:
        raise DataFileInvalid(file, [FileProblem("", f"there is no such file in the package {package}")]) from None


def parse_document(content: bytes, file: str) -> dict[str, Any]:
    """A TOML document.

    Raises:
        DataFileInvalid: It is none, or not in UTF-8.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        message = "save the file as UTF-8"
    except tomllib.TOMLDecodeError as error:
        message = f"not valid TOML: {error}"
    except RecursionError:
        message = "nested too deeply"
    raise DataFileInvalid(file, [FileProblem("", message)])


def problems_of(location: str, error: ValidationError) -> list[FileProblem]:
    """What pydantic found wrong with one entry of a file, in the words of a file's author."""
    return [
        FileProblem(
            ".".join([location, *map(str, details["loc"])]),
            {
                "missing": "this field is required",
                "extra_forbidden": "there is no such field",
                "string_too_short": "write at least one letter",
            }.get(details["type"], details["msg"].removeprefix("Value error, ")),
        )
        for details in error.errors(include_url=False, include_input=False)
    ]


MESSAGES_FILE: Final = "messages.toml"

_CODE: Final = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Fill = Text | Money | date | Decimal | int
"""What may stand in a sentence. Numbers, days (``2026-01-31``) and taka get the digits of the language."""


class TextCatalogue:
    """The sentences of one file, by their codes."""

    def __init__(self, texts: Mapping[str, Text], *, file: str = MESSAGES_FILE) -> None:
        self._texts = MappingProxyType(dict(texts))
        self._file = file

    def text(self, code: str, **fills: Fill) -> Text:
        """The sentence for ``code``, with each ``{name}`` in it filled in both languages.

        Raises:
            KeyError: There is no such sentence, or the fills are not those that it has places for; a fault of the
                plugin. The error names the file and the code.
        """
        sentence = self._texts.get(code)
        if sentence is None:
            raise KeyError(f"{self._file} has no sentence {code}")
        wanted = self.placeholders(code)
        if wanted != fills.keys():
            raise KeyError(f"{self._file}, {code}: fill {', '.join(sorted(wanted)) or 'nothing'}")
        written = {name: _written(fill) for name, fill in fills.items()}
        return Text(
            bn=_PLACEHOLDER.sub(lambda place: written[place[1]].bn, sentence.bn),
            en=_PLACEHOLDER.sub(lambda place: written[place[1]].en, sentence.en),
        )

    def problem(self, code: str, **fills: Fill) -> PydanticCustomError:
        """A form's complaint about a field, for a validator to raise; the field's label will stand before it."""
        sentence = self.text(code, **fills)
        return PydanticCustomError(code, "{en}", {"bn": sentence.bn, "en": sentence.en})

    def placeholders(self, code: str) -> frozenset[str]:
        """The names that have to be filled in a sentence."""
        return frozenset(_PLACEHOLDER.findall(self._texts[code].en))

    def __contains__(self, code: object) -> bool:
        return code in self._texts

    def codes(self) -> frozenset[str]:
        """Every code."""
        return frozenset(self._texts)


def read_texts(package: str, file: str = MESSAGES_FILE) -> TextCatalogue:
    """The sentences in a file of ``package``; a plugin's module gives its own ``__package__``.

    Raises:
        DataFileInvalid: Naming every code that lacks a language, has an empty text, or has places to fill that
            are not the same in both languages.
    """
    return parse_texts(read_data_file(package, file), file)


def parse_texts(content: bytes, file: str = MESSAGES_FILE) -> TextCatalogue:
    """The sentences in the content of a file; errors as ``read_texts``."""
    texts: dict[str, Text] = {}
    problems: list[FileProblem] = []
    for code, entry in parse_document(content, file).items():
        if not _CODE.fullmatch(code):
            problems.append(FileProblem(code, "write the code in ASCII words joined by dots or hyphens"))
        try:
            texts[code] = Text.model_validate(entry)
        except ValidationError as error:
            nested = isinstance(entry, dict) and any(isinstance(value, dict) for value in entry.values())
            problems += (
                [FileProblem(code, 'put a code with dots in quotes: ["one.two"]')]
                if nested
                else problems_of(code, error)
            )
            continue
        problems += [FileProblem(code, message) for message in _placeholder_problems(texts[code])]
    if problems:
        raise DataFileInvalid(file, problems)
    return TextCatalogue(texts, file=file)


def _placeholder_problems(sentence: Text) -> list[str]:
    problems = [
        f"{language}: write a place to fill as {{name}}, and no other braces"
        for language, written in (("bn", sentence.bn), ("en", sentence.en))
        if set("{}") & set(_PLACEHOLDER.sub("", written))
    ]
    bn, en = (set(_PLACEHOLDER.findall(written)) for written in (sentence.bn, sentence.en))
    return problems + [f"{{{name}}} stands in one language only" for name in sorted(bn ^ en)]


def _written(fill: Fill) -> Text:
    if isinstance(fill, Text):
        return fill
    if isinstance(fill, Money):
        if fill.currency != "BDT":
            return Text(bn=f"{to_bangla_digits(fill.plain())} {fill.currency}", en=str(fill))
        return Text(bn=format_taka(fill, "bn"), en=f"Tk {format_taka(fill)}")
    en = fill.isoformat() if isinstance(fill, date) else f"{fill:f}" if isinstance(fill, Decimal) else str(fill)
    return Text(bn=to_bangla_digits(en), en=en)
