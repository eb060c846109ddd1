"""What a citizen reads: words, sentences, letters, days, sums and figures, by the style of sentences."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import MANIFEST_FILE, AnyOffer
from nagorik.values.sentences import cut
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, Examine
from nagorik_testing.contract.checks.form_texts import forms_within, options_of
from nagorik_testing.contract.checks.inspection import form_of, record_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.style.figures import held_figures, repeated_figures
from nagorik_testing.style.guide import style
from nagorik_testing.style.sentences import (
    foreign_letters,
    long_sentences,
    unread_figures,
    wrong_beginning,
    wrong_terms,
)
from nagorik_testing.style.wordings import TextRole, ToldText, texts_of, wordings_of
from nagorik_toolkit.form_validation import find_label

_SIMULATED: Final = re.compile(r"simulator[/.]")
"""Where the simulated agency is, whose words are not the plugin's to fill in."""
_MOST_SHOWN: Final = 90
"""Characters of a text that a finding shows."""
ReadText = Callable[[ToldText], Iterable[str]]
"""Says what is wrong with one text."""


def package_of(subject: Subject) -> Path:
    """The folder of the plugin's package.

    Raises:
        NotReachable: It is not known where that is.
    """
    directory = record_of(subject).directory
    if directory is None:
        raise NotReachable("it is not known where the plugin's files are")
    return directory


def _written(subject: Subject) -> list[ToldText]:
    """Every text of the plugin's files, and of its manifest.

    Raises:
        NotReachable: One of the files cannot be read.
    """
    try:
        written = list(wordings_of(package_of(subject)))
    except DataFileInvalid as error:
        raise NotReachable(str(error)) from None
    return _with_others(written, texts_of(subject.manifest.model_dump(mode="json"), MANIFEST_FILE))


def _told(subject: Subject) -> list[ToldText]:
    """Every text of the plugin's files and manifest, and what its forms say that no file holds as it is told."""
    return _with_others(_written(subject), _of_forms(subject))


def _with_others(written: list[ToldText], others: Iterable[ToldText]) -> list[ToldText]:
    """The texts and those of ``others`` that are not among them."""
    known = {_text_of(wording): wording for wording in written}
    return written + [told for told in others if known.setdefault(_text_of(told), told) is told]


def _text_of(wording: ToldText) -> tuple[str, str]:
    return wording.language, unicodedata.normalize("NFC", wording.text)


def _of_forms(subject: Subject) -> Iterator[ToldText]:
    for service in subject.manifest.services:
        if service.form is not None:
            model = form_of(subject, service)
            for form in forms_within(model):
                for name in form.model_fields:
                    if (label := find_label(form, name)) is not None:
                        at = ToldText(f"{form.__name__}.{name}", "bn", "")
                        yield from (replace(at, text=text) for text in (label.bn, label.help_bn) if text)
                        yield from (
                            replace(at, language="en", text=text) for text in (label.en, label.help_en) if text
                        )
            for option, title in options_of(model).items():
                at = ToldText(f"{model.__name__}, option {option}", "bn", "", TextRole.OPTION, option)
                yield from (replace(at, text=title.bn), replace(at, language="en", text=title.en))


def _reading(read: ReadText, *, sources: bool = False) -> Examine:
    """Reads every text, titles of publications only with ``sources``: they are as their publishers wrote them."""

    async def examine(subject: Subject, _: AnyOffer) -> list[str]:
        told = (wording for wording in _told(subject) if sources or wording.role is not TextRole.SOURCE)
        return [_finding(wording, problems) for wording in told if (problems := list(read(wording)))]

    return examine


def _finding(wording: ToldText, problems: list[str]) -> str:
    return f"{wording.place} ({wording.language}), {cut(wording.text, _MOST_SHOWN)!r}: {', '.join(problems)}"


def _terms(wording: ToldText) -> Iterator[str]:
    yield from wrong_terms(wording.text, wording.language)
    yield from wrong_beginning(wording.text, wording.language)


async def _figures(subject: Subject, _: AnyOffer) -> list[str]:
    try:
        held = held_figures(package_of(subject))
    except DataFileInvalid as error:
        raise NotReachable(str(error)) from None
    return [
        _finding(told, found)
        for told in _written(subject)
        if not _SIMULATED.match(told.place) and (found := list(repeated_figures(told, held)))
    ]


_check: Final = partial(Check, family=CheckFamily.WORDS, scope=CheckScope.PLUGIN)

WORDS: Final = (
    _check(
        id="words/terms",
        title="one thing has one term and one spelling, in both languages",
        why="Who reads three spellings of one word, or two terms for one thing, looks for the difference, and at the "
        "counter asks for the wrong one.",
        modes=(77,),
        expected="no word of the list in docs/reference/style-of-sentences.md that is not to be written; an English "
        "sentence that begins with a capital letter",
        fix="Write what the finding names; docs/reference/style-of-sentences.md has the whole list.",
        examine=_reading(_terms),
    ),
    _check(
        id="words/length",
        title="no sentence is longer than a person reads at once",
        why="A citizen reads a long sentence twice, or its first half; a condition at its end is never read.",
        modes=(77,),
        expected=f"at most {style().longest_sentence} words in a sentence of either language; a place to fill is one",
        fix="Make two sentences of it, one idea in each.",
        examine=_reading(lambda wording: long_sentences(wording.text, wording.language)),
    ),
    _check(
        id="words/letters",
        title="a text is in the letters and digits of its language",
        why="Who reads Bangla alone stops at a word in Latin letters, and does not know what it is.",
        modes=(77,),
        expected="no Latin letters and no ASCII digits in Bangla, but for codes, formats, addresses of the web and "
        "what stands within quotes; no Bangla letters in English, but within quotes",
        fix="Write abbreviations in Bangla letters (এনআইডি) and figures in Bangla digits.",
        examine=_reading(lambda wording: foreign_letters(wording.text, wording.language)),
    ),
    _check(
        id="words/days-and-sums",
        title="days and sums are written as people read them",
        why="২০২৭-০১-৩১ is a day to a machine. Who cannot read when a paper is due comes too late.",
        modes=(77,),
        expected="৩১ জানুয়ারি ২০২৭ and 31 January 2027, ১,১৭০ টাকা and Tk 1,170, in titles of sources too",
        fix="Write the day or the sum out, or fill it into the sentence with TextCatalogue.text, which does so.",
        examine=_reading(lambda wording: unread_figures(wording.text, wording.language), sources=True),
    ),
    _check(
        id="words/figures",
        title="a figure that a rule or a schedule holds stands in no sentence as a literal",
        why="A circular changes the rule. The sentence beside it goes on telling citizens the old age, days or sum.",
        modes=(77,),
        expected="no age, number of days or sum of rules.toml or fees.toml written out in messages, labels, helps or "
        "the manifest",
        fix="Put a place such as {years} into the sentence and fill it from the rule; in plugin.toml, which has no "
        "places, say it without the figure.",
        examine=_figures,
    ),
)
