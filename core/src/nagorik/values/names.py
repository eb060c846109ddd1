"""Names of persons, kept as the national identity card has them.

There is no first and last name to split into, and no rule of capitals to apply: the Election Commission compares
the English name letter by letter. Forms that want given name and surname ask for them.
"""

import re
import unicodedata
from typing import Final

from pydantic import field_validator

from nagorik.privacy import MASK, PrivateValue
from nagorik.values.sentences import DataWarning, NationalDataError
from nagorik.values.text import (
    has_bangla_letters,
    has_control_characters,
    has_latin_letters,
    looks_like_bijoy,
    looks_replaced,
    match_key,
    normalise,
    text_warnings,
)

LONGEST_NAME: Final = 200

_HASANTA: Final = "\u09cd"
_ZWJ: Final = "\u200d"
_DOTS_AND_COLONS: Final = re.compile("[.:\u0983]")  # মোঃ is written with visarga, colon or full stop
_MALE: Final = frozenset({"md", "mohd", "mohammad", "mohammed", "muhammad", "mo", "মো", "মোহাম্মদ", "মোহাম্মাদ", "মুহাম্মদ"})
_FEMALE: Final = frozenset({"mst", "most", "mosammat", "musammat", "মোছা", "মোসা", "মোছাম্মৎ", "মোসাম্মৎ"})


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
        """Refuse a name that is absent or in the other script."""
        if self.bn is None and self.en is None:
            raise NationalDataError("name.absent")
        if self.bn is not None and not has_bangla_letters(self.bn):
            code = "name.bijoy" if looks_like_bijoy(self.bn) else "name.bn-script"
            raise NationalDataError(code)
        if self.en is not None and (has_bangla_letters(self.en) or not has_latin_letters(self.en)):
            raise NationalDataError("name.en-script")

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """Signs of damage that do not stop the name from being used."""
        return tuple(warning for part in (self.bn, self.en) if part for warning in text_warnings(part))

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

    def possibly_same(self, other: "PersonName") -> bool:
        """A hint for a person who decides, never a ground to treat two names as one.

        True where the names agree once honorific prefixes (Md., Mohd, Mohammad, মোঃ; Mst., মোছাঃ) are taken for
        each other or left out. It knows nothing of transliteration: names without a language in common give False.
        """
        pairs = _shared(self, other)
        return bool(pairs) and all(_same_but_for_honorific(mine, theirs) for mine, theirs in pairs)


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise NationalDataError("name.not-text")
    if len(value) > LONGEST_NAME:
        raise NationalDataError("name.too-long")
    name = normalise(value)
    if not name:
        raise NationalDataError("name.empty")
    if has_control_characters(name):
        raise NationalDataError("name.characters")
    if looks_replaced(name):
        raise NationalDataError("name.damaged")
    return name


def _shared(one: PersonName, other: PersonName) -> list[tuple[str, str]]:
    return [(a, b) for a, b in ((one.bn, other.bn), (one.en, other.en)) if a is not None and b is not None]


def _same_but_for_honorific(one: str, other: str) -> bool:
    (kind, rest), (other_kind, other_rest) = _split_honorific(one), _split_honorific(other)
    return rest == other_rest and (kind == other_kind or "" in {kind, other_kind})


def _split_honorific(name: str) -> tuple[str, str]:
    words = _DOTS_AND_COLONS.sub(" ", match_key(name)).split()
    # A single word is the whole name, whatever it looks like.
    if len(words) > 1 and words[0] in _MALE:
        return "male", " ".join(words[1:])
    if len(words) > 1 and words[0] in _FEMALE:
        return "female", " ".join(words[1:])
    return "", " ".join(words)


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
