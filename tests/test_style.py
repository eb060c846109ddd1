"""What the libraries of this repository say is in the style of sentences, and the style's data are of use."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from nagorik_testing.style.guide import StyleTerm, TextLanguage, style
from nagorik_testing.style.sentences import (
    foreign_letters,
    long_sentences,
    sentences_of,
    unread_figures,
    wrong_beginning,
    wrong_terms,
)
from nagorik_testing.style.wordings import TextRole, ToldText, wordings_of

ROOT: Final = Path(__file__).resolve().parent.parent
LIBRARIES: Final = sorted(path for path in ROOT.glob("*/src/nagorik*") if path.is_dir())
LISTS: Final = ("style/", "bangladesh/areas.toml", "bangladesh/words.toml", "bangladesh/honorifics.toml")
"""Lists of words, in old spellings too, that no citizen reads as a sentence."""
TERMS: Final[list[tuple[TextLanguage, StyleTerm]]] = [
    (language, term) for language in style().terms for term in style().terms[language]
]


def problems_of(told: ToldText) -> Iterator[str]:
    text, language = told.text, told.language
    yield from unread_figures(text, language)
    if told.role is not TextRole.SOURCE:
        for read in (wrong_terms, wrong_beginning, long_sentences, foreign_letters):
            yield from read(text, language)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_every_text_of_a_library_is_in_the_style(library: Path) -> None:
    told = [one for one in wordings_of(library) if not one.place.startswith(LISTS)]
    assert told
    assert [f"{one.place} ({one.language}): {problem}" for one in told for problem in problems_of(one)] == []


@pytest.mark.parametrize(("language", "term"), TERMS, ids=lambda one: one if isinstance(one, str) else one.use)
def test_each_word_that_is_not_written_is_found_and_what_is_written_is_right(
    language: TextLanguage, term: StyleTerm
) -> None:
    for word in term.instead_of:
        told = list(wrong_terms(f"X {word} X", language))
        assert told == ([f"“{word}”: write {term.use}"] if term.by == "machine" else [])
        assert not list(wrong_terms(f"{term.unless_after}{word}", language)) or not term.unless_after
    assert list(wrong_terms(term.use, language)) == []


def test_one_word_is_listed_once() -> None:
    for language, terms in style().terms.items():
        words = [word for term in terms for word in term.instead_of]
        assert len(words) == len(set(words)), language


def test_every_latin_word_that_is_listed_may_stand_in_bangla() -> None:
    latin = style().latin
    for word in (*latin.formats, *latin.names, *(f"{group}{sign}" for group in latin.blood_groups for sign in "+-")):
        assert list(foreign_letters(f"যেমন {word} দিন।", "bn")) == []


def test_what_the_page_shows_as_right_is_right() -> None:
    page = (ROOT / "docs" / "reference" / "style-of-sentences.md").read_text("utf-8")
    for bn in ("৩১ জানুয়ারি ২০২৭", "২৪ নভেম্বর ২০২৬, সকাল ১০:০১", "১,১৭০ টাকা", "১০০ মার্কিন", "লাইসেন্সের মেয়াদ শেষের তারিখ"):
        assert bn in page
        assert not [*unread_figures(bn, "bn"), *foreign_letters(bn, "bn"), *wrong_terms(bn, "bn")]
    for en in ("31 January 2027", "24 November 2026, 10:01 am", "Tk 1,170", "ask the agency whether you can appeal"):
        assert en in page
        assert not [*unread_figures(en, "en"), *wrong_terms(en, "en")]


def test_sentence_ends_where_a_person_takes_breath() -> None:
    text = "Go to room 3.5 of the office. Is it open? {answer}! See nagorik cases show ID.\nDone: all"
    assert sentences_of(text) == ["Go to room 3.5 of the office", "Is it open", "X", "See X", "Done: all"]
    assert sentences_of("আবেদন করুন। ফি ১.৫ টাকা।") == ["আবেদন করুন", "ফি ১.৫ টাকা"]
