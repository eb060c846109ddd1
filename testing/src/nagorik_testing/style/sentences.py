"""What a machine can say of one text in Bangla or English: each function returns one sentence per thing to mend.

What to write instead is part of what is said. Nothing here knows of plugins or of files.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from nagorik.values import to_ascii_digits
from nagorik_testing.style.guide import StyleTerm, TextLanguage, style

_BANGLA: Final = "ঀ-৿"
_PLACE: Final = re.compile(r"\{[^{}]*\}")
"""A place to fill."""
_QUOTED: Final = re.compile(r"“[^”]*”|‘[^’]*’|\"[^\"]*\"")
"""Words of somebody else, such as those on a portal."""
_COMMAND: Final = re.compile(
    r"\bnagorik(?: (?:[A-Za-z][A-Za-z_-]*|\{[a-z]+\}))+"
    r"|(?<![A-Za-z0-9-])--?[a-z][A-Za-z-]*(?:[ =](?:[A-Z]+|\{[a-z]+\})(?:=(?:[A-Z]+|\{[a-z]+\}))?)?"
)
"""A command line or an option of one."""
_ADDRESS: Final = re.compile(r"\b[\w.@+-]*[A-Za-z0-9]\.(?:[A-Za-z]{2,})(?:/\S*)?")
"""A place on the web, a file's name, or an address for mail."""
_ENDS: Final = re.compile(r"[.?!।](?=[\s\"'”’)\]]|$)|\n")
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+(?:[-/.,:+][A-Za-z0-9]+)*[+-]?")
_ISO_DAY: Final = re.compile(r"(?<![0-9])(?:1[89]|2[01])[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])")
_TAKA_IN_FULL: Final = re.compile(r"(?:Tk|টাকা)\.? ?[0-9][0-9,]*\.00\b|[0-9]\.00 ?(?:taka|Tk|টাকা|৳)")
_OFFICE_HAND: Final = re.compile(r"[0-9]\s?/[=-]")
_SIGN: Final = re.compile(r"৳|\bBDT\b|\bUSD\b")


def wrong_terms(text: str, language: TextLanguage) -> Iterator[str]:
    """Each word of the list that stands in ``text``, with the one to write."""
    written = unicodedata.normalize("NFC", text)
    told = set[str]()
    for pattern, terms in _listed_words(language):
        for found in pattern.finditer(written):
            term = terms[found[0].lower()]
            excused = term.unless_after and written[: found.start()].endswith(term.unless_after)
            if not excused and found[0] not in told:
                told.add(found[0])
                yield f"“{found[0]}”: write {term.use}"


@cache
def _listed_words(language: TextLanguage) -> tuple[tuple[re.Pattern[str], Mapping[str, StyleTerm]], ...]:
    """The words that are not to be written, those that stand for themselves alone apart from beginnings of words."""
    letter = f"[{_BANGLA}]" if language == "bn" else "[A-Za-z]"
    listed = []
    for whole in (False, True):
        terms = {
            word.lower(): term
            for term in style().terms[language]
            if term.by == "machine" and (term.whole or language == "en") is whole
            for word in term.instead_of
        }
        if terms:
            any_of = "|".join(re.escape(word) for word in sorted(terms, key=len, reverse=True))
            end = f"(?!{letter})" if whole else ""
            listed.append((re.compile(f"(?<!{letter})(?:{any_of}){end}", re.IGNORECASE), terms))
    return tuple(listed)


def wrong_beginning(text: str, language: TextLanguage) -> Iterator[str]:
    """An English sentence that begins with a small letter: one that is ended as sentences are."""
    first = next(iter(text.lstrip("“‘\"'( ").split(maxsplit=1)), "")
    if language == "en" and first.isalpha() and first.islower() and re.search(r"[.?!]$", text.strip()):
        yield f"“{first}” begins a sentence: write “{first[0].upper()}{first[1:]}”"


def long_sentences(text: str, language: TextLanguage) -> Iterator[str]:  # noqa: ARG001 - as the others have it
    """Each sentence of more words than the style has, by how it begins."""
    most = style().longest_sentence
    for sentence in sentences_of(text):
        words = [word for word in sentence.split() if any(map(str.isalnum, word))]
        if len(words) > most:
            yield f"“{' '.join(words[:5])} …” has {len(words)} words: part it into sentences of up to {most}"


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each without what ends it; a place to fill is one word."""
    plain = _PLACE.sub("X", _COMMAND.sub("X", text))
    return [part.strip() for part in _ENDS.split(plain) if part.strip()]


def without_quoted(text: str) -> str:
    """``text`` with blanks for what stands within quotes."""
    return _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)


def foreign_letters(text: str, language: TextLanguage) -> Iterator[str]:
    """Latin words and ASCII digits of a Bangla text, but for codes and what is listed; Bangla letters in English."""
    if language == "en":
        if re.search(f"[{_BANGLA}]", without_quoted(text)):
            yield "Bangla letters in an English text: write them in English, or within quotes as somebody's own words"
        return
    latin = frozenset(latin_words(text))
    for token in _tokens_of(text):
        if token.rstrip("+-").replace(",", "").replace(".", "").isdigit() or not re.search("[A-Za-z]", token):
            yield f"“{token}”: write Bangla digits in Bangla"
        elif token in latin:
            yield f"“{token}”: write it in Bangla letters"


def latin_words(text: str) -> Iterator[str]:
    """Latin words of a Bangla text, but for codes, addresses, what stands within quotes and what is listed."""
    for token in _tokens_of(text):
        if re.search("[A-Za-z]", token) and not re.search("[0-9]", token) and not _is_listed(token):
            yield token


def _tokens_of(text: str) -> Iterator[str]:
    """What is written in Latin letters and ASCII digits, once each."""
    plain = text
    for passed_over in (_COMMAND, _PLACE, _QUOTED, _ADDRESS):
        plain = passed_over.sub(" ", plain)
    yield from dict.fromkeys(_TOKEN.findall(plain))


def _is_listed(token: str) -> bool:
    latin = style().latin
    if token in {*latin.formats, *latin.names}:
        return True
    return token[-1] in "+-" and token[:-1] in latin.blood_groups


def unread_figures(text: str, language: TextLanguage) -> Iterator[str]:
    """Days and sums that are written as machines write them; within quotes is what has to be typed so."""
    ascii_text = without_quoted(to_ascii_digits(text))
    day = "৩১ জানুয়ারি ২০২৭" if language == "bn" else "31 January 2027"
    taka = "১,১৭০ টাকা" if language == "bn" else "Tk 1,170"
    for found in _ISO_DAY.finditer(ascii_text):
        yield f"“{text[found.start() : found.end()]}”: write a day as {day}"
    for found in _SIGN.finditer(ascii_text):
        yield f"“{found[0]}”: write a sum as {taka}"
    for pattern in (_TAKA_IN_FULL, _OFFICE_HAND):
        for found in pattern.finditer(ascii_text):
            yield f"“{text[found.start() : found.end()]}”: write a sum as {taka}"
