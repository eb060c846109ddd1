"""Sentences in both languages, and what is wrong with a value: a code whose sentence never holds the value.

The sentences live in ``messages.toml``, one per code, and have no placeholders: an error about an identifier
that repeated the identifier would carry it into logs, queues and screens.
"""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from nagorik.privacy import CodedError, Model

Language = Literal["bn", "en"]


def _nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_nfc)]


class Text(Model):
    """Text for a person, in Bangla and English; neither may be empty."""

    bn: Sentence
    """Bangla, NFC."""
    en: Sentence
    """English."""

    def in_language(self, language: Language) -> str:
        """The text in one language."""
        return self.bn if language == "bn" else self.en


class NationalDataError(CodedError):
    """A value that is not what it should be. Never holds the value.

    Attributes:
        code: Stable and machine-readable, such as ``nid.length``; a key of ``messages.toml``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def text(self) -> "Text":
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
    def text(self) -> "Text":
        """One sentence for the person who entered the value, in both languages."""
        return sentence(self.code)


def sentence(code: str) -> "Text":
    """The catalogue's text for ``code``; an unknown code is a programming error and raises ``KeyError``."""
    return _catalogue()[code]


def codes() -> frozenset[str]:
    """Every code that this package can put into an error or a warning."""
    return frozenset(_catalogue())


@cache
def _catalogue() -> Mapping[str, "Text"]:
    # Imported here because the models that hold a Text also hold a Money, which comes from this package.

    raw = tomllib.loads(files("nagorik.values").joinpath("messages.toml").read_text("utf-8"))
    return {code: Text(**texts) for code, texts in raw.items()}
