"""Names of persons, kept as the national identity card has them.

There is no first and last name to split into, and no rule of capitals to apply: the Election Commission compares
the English name letter by letter. Forms that want given name and surname ask for them.
"""

import unicodedata
from typing import Final

from pydantic import field_validator

from nagorik.privacy import MASK, PrivateValue
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import (
    has_bangla_letters,
    has_latin_letters,
    looks_like_bijoy,
    looks_replaced,
    match_key,
    normalise,
    refuse_invisible,
)

LONGEST_NAME: Final = 200

_HASANTA: Final = "\u09cd"
_ZWJ: Final = "\u200d"
_SIGNS: Final = frozenset(" .,:;/()'’‘`´–-\u200c\u200d৺")


class PersonName(PrivateValue):
    """A name in Bangla, in English, or both; at least one."""

    bn: str | None = None
    """In Bangla script, NFC, single spaces."""
    en: str | None = None
    """In Latin letters, in the capitals it was written with."""

    @field_validator("bn", "en", mode="before")
    @classmethod
    def _check(cls, value: object) -> str | None:
        try:
            return None if value is None else _name(value)
        except NationalDataError as error:
            raise error.for_pydantic() from None

    def check_whole(self) -> None:
        """Refuse a name that is absent, not in its script alone, or holds signs that no name has; digits may stay."""
        if self.bn is None and self.en is None:
            raise NationalDataError("name.absent")
        if any(part and looks_like_bijoy(part) for part in (self.bn, self.en)):
            raise NationalDataError("name.bijoy")
        if self.bn is not None and (has_latin_letters(self.bn) or not has_bangla_letters(self.bn)):
            raise NationalDataError("name.bn-script")
        if self.en is not None and (has_bangla_letters(self.en) or not has_latin_letters(self.en)):
            raise NationalDataError("name.en-script")
        if any(
            unicodedata.category(char)[0] not in "LMN" and char not in _SIGNS
            for char in f"{self.bn or ''}{self.en or ''}"
        ):
            raise NationalDataError("name.characters")

    def masked(self) -> str:
        """First and last letter of each word, ``R•••m``; for a word of one or two letters the first or none.

        Bangla words are cut at letters as they are drawn, vowel signs and conjuncts included.
        """
        return " / ".join(_masked(part) for part in (self.bn, self.en) if part)

    def same_text(self, other: "PersonName") -> bool:
        """Whether both names agree, letter for letter but for case and spacing, in every language that both have.

        False where they have no language in common.
        """
        pairs = _shared(self, other)
        return bool(pairs) and all(match_key(mine) == match_key(theirs) for mine, theirs in pairs)


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise NationalDataError("name.not-text")
    if len(value) > LONGEST_NAME:
        raise NationalDataError("name.too-long")
    name = normalise(value)
    if not name:
        raise NationalDataError("name.empty")
    refuse_invisible(name, joiners=True)
    if looks_replaced(name):
        raise NationalDataError("name.damaged")
    return name


def _shared(one: PersonName, other: PersonName) -> list[tuple[str, str]]:
    return [(a, b) for a, b in ((one.bn, other.bn), (one.en, other.en)) if a is not None and b is not None]


def _masked(name: str) -> str:
    return " ".join(_masked_word(word) for word in name.split(" "))


def _masked_word(word: str) -> str:
    letters = _drawn_letters(word)
    if len(letters) == 1:
        return MASK
    return f"{letters[0]}{MASK}{letters[-1] if len(letters) > 2 else ''}"  # noqa: PLR2004 - two ends and a middle


def _drawn_letters(word: str) -> list[str]:
    # A Bangla letter with its signs, and consonants joined by hasanta, are one letter to a reader. The standard
    # library has no grapheme clusters, and only Bangla and Latin are written here.
    letters: list[str] = []
    joined = False
    for char in word:
        is_sign = unicodedata.category(char).startswith("M") or char in "\u200c\u200d"
        if letters and (is_sign or joined):
            letters[-1] += char
        else:
            letters.append(char)
        joined = char == _HASANTA or (char == _ZWJ and joined)
    return letters
