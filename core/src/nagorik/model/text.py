"""A sentence in both of the platform's languages."""

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from nagorik.privacy import Model

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
