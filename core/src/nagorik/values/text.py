"""Unicode text and digits in Bangla and English: one form to keep, one key to compare by, and signs of damage."""

import re
import unicodedata
from typing import Final

from nagorik.values.sentences import NationalDataError

BANGLA_DIGITS: Final = "০১২৩৪৫৬৭৮৯"
ASCII_DIGITS: Final = "0123456789"

_TO_ASCII: Final = str.maketrans(BANGLA_DIGITS, ASCII_DIGITS)
_TO_BANGLA: Final = str.maketrans(ASCII_DIGITS, BANGLA_DIGITS)
_ASCII: Final = frozenset(ASCII_DIGITS)


def to_ascii_digits(text: str) -> str:
    """``text`` with each Bangla digit replaced by its ASCII digit; everything else stays as it is."""
    return text.translate(_TO_ASCII)


def to_bangla_digits(text: str) -> str:
    """``text`` with each ASCII digit replaced by its Bangla digit; everything else stays as it is."""
    return text.translate(_TO_BANGLA)


def is_ascii_digits(text: str) -> bool:
    """Whether ``text`` is one or more of ``0`` to ``9`` and nothing else."""
    return bool(text) and _ASCII.issuperset(text)


LONGEST_RUN_OF_MARKS: Final = 30
"""As in Unicode's Stream-Safe Text Format (UAX #15). Sorting a longer run into NFC takes quadratic time."""

_SPACES: Final = re.compile(r"\s+")  # str patterns: every Unicode space, also NBSP, tab and line ends
_JOINERS: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))  # ZWSP, ZWNJ, ZWJ, WJ, BOM
_INVISIBLE: Final = {
    "\u200b": "invisible.zero-width-space",
    "\u200c": "invisible.zero-width-non-joiner",
    "\u200d": "invisible.zero-width-joiner",
    "\u2060": "invisible.word-joiner",
    "\ufeff": "invisible.byte-order-mark",
    "\u00ad": "invisible.soft-hyphen",
}
_BANGLA_LETTER: Final = re.compile("[\u0985-\u09b9\u09dc-\u09e1\u09f0\u09f1]")
_LATIN_LETTER: Final = re.compile("[A-Za-z]")
_LOST_TO_QUESTION_MARKS: Final = re.compile(r"\?{3,}")
# Where Bijoy's fonts put vowel signs and conjuncts: symbols that stand at or between letters in no other writing.
_BIJOY_SIGNS: Final = re.compile("[†‡ˆ‰][A-Za-z`]|[A-Za-z][¨©«¬®¯][A-Za-z]")


def normalise(text: str) -> str:
    """The form in which text is kept and shown: NFC, single spaces, none at the ends.

    NFC *decomposes* ড়, ঢ় and য় (U+09DC, U+09DD, U+09DF are composition exclusions) into letter and nukta, so that
    both ways of typing them end in one form. ZWJ and ZWNJ stay: they change how Bangla is drawn.

    Raises:
        NationalDataError: ``text.not-text`` for anything but ``str``, ``text.marks`` for more than 30
            combining marks in a row.
    """
    if not isinstance(text, str):
        raise NationalDataError("text.not-text")
    _refuse_long_runs_of_marks(text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def clean_line(text: str) -> str:
    """A line that somebody wrote, normalised, if it can be read as it stands.

    Raises:
        NationalDataError: as ``normalise``; ``text.empty``; ``text.unreadable`` for lost letters; ``invisible.*``.
    """
    line = normalise(text)
    if not line:
        raise NationalDataError("text.empty")
    if looks_replaced(line):
        raise NationalDataError("text.unreadable")
    refuse_invisible(line, joiners=True)
    return line


def match_key(text: str) -> str:
    """A key under which two spellings of the same text meet; for comparing only, never to be shown or stored.

    Beyond ``normalise``: no zero-width characters, case folded, digits in ASCII.

    Raises:
        NationalDataError: as ``normalise``.
    """
    bare = normalise(text).translate(_JOINERS)
    folded = unicodedata.normalize("NFD", bare).casefold()
    return to_ascii_digits(normalise(unicodedata.normalize("NFC", folded)))


def has_bangla_letters(text: str) -> bool:
    """Whether at least one letter of ``text`` is in the Bangla script."""
    return _BANGLA_LETTER.search(text) is not None


def has_latin_letters(text: str) -> bool:
    """Whether at least one letter of ``text`` is an ASCII letter."""
    return _LATIN_LETTER.search(text) is not None


def refuse_invisible(text: str, *, joiners: bool = False) -> None:
    """Name the first character of ``text`` that nobody can see; ZWJ and ZWNJ may stand in it where ``joiners``.

    Raises:
        NationalDataError: ``invisible.*``, by the character.
    """
    for char in "" if text.isprintable() else text:  # nearly all text is printable
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} and not (joiners and char in "\u200c\u200d"):
            turns = unicodedata.category(char) == "Cf" and unicodedata.bidirectional(char) != "BN"
            raise NationalDataError(_INVISIBLE.get(char, "invisible.direction" if turns else "invisible.control"))


def looks_replaced(text: str) -> bool:
    """Whether letters were probably lost on the way: ``???`` or U+FFFD. What they were cannot be recovered."""
    return "\ufffd" in text or _LOST_TO_QUESTION_MARKS.search(text) is not None


def looks_like_bijoy(text: str) -> bool:
    """Whether ``text`` is probably Bangla in the Bijoy/ANSI font encoding, as ``evsjv‡`` begins বাংলাদেশ.

    Bijoy is ASCII and CP1252 drawn with a Bangla font, so nothing in the characters says what they are. This
    finds words with the font's vowel signs and conjuncts between Latin letters. It cannot know a Bijoy word
    made of ASCII letters alone (``Avwg`` for আমি), and it does not look at text that has Bangla letters.
    It converts nothing: a wrong conversion would be a wrong name.
    """
    return not has_bangla_letters(text) and _BIJOY_SIGNS.search(text) is not None


def _refuse_long_runs_of_marks(text: str) -> None:
    if text.isascii() or len(text) <= LONGEST_RUN_OF_MARKS:
        return
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run > LONGEST_RUN_OF_MARKS:
            raise NationalDataError("text.marks")
