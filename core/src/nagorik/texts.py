"""A plugin's own sentences: every one in Bangla and English, in ``messages.toml`` beside its modules.

::

    ["brta.too-young"]
    en = "You are younger than {years}."
    bn = "আপনার বয়স {years} বছরের কম।"
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from nagorik.bangladesh import Money, format_taka, to_bangla_digits
from nagorik.model.text import Text
from nagorik.package_files import FileProblem, PackageFileInvalid, package_file, parse_document, told_problems

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
        PackageFileInvalid: Naming every code that lacks a language, has an empty text, or has places to fill that
            are not the same in both languages.
    """
    return parse_texts(package_file(package, file), file)


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
                else told_problems(code, error)
            )
            continue
        problems += [FileProblem(code, message) for message in _placeholder_problems(texts[code])]
    if problems:
        raise PackageFileInvalid(file, problems)
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
