"""Texts are told whole and in their own language, and a word that nobody knows decides nothing."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from nagorik import Operation, PaymentState
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.told_result import Facts, Told, anywhere, facts_of, normalised, texts_of
from nagorik_testing.contract.checks.answers.variations import (
    LongText,
    in_another_script,
    instant_of,
    is_bangla,
    long_text,
    number_of,
    resembling,
    unheard_of,
    with_signs,
)
from nagorik_testing.contract.checks.answers.varied import AnswerEnd, TellingRule, Untold, VariedAnswer, named
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.wire.codec import JsonFormat
from nagorik_toolkit.form_validation import Location

_LANGUAGE: Final = re.compile(r"[-_]?(?:bn|en|bangla|english)$", re.IGNORECASE)
"""At the end of a name."""


async def told_texts(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told of a long text, in its own script and in another."""
    if not isinstance(value, str) or not value.strip() or instant_of(value) or number_of(value) is not None:
        return []
    wrong: list[Untold] = []
    for number, long in enumerate(_long(value)):
        end = await varied.put(at, long.text)
        if end is None:
            continue
        told = texts_of(end.told)
        parts = _in_part(told, long)
        if parts:
            wrong.append(Untold(TellingRule.TEXT, f"{named(varied, at)} is told in part"))
        elif _in_the_other_language(told, texts_of(varied.usual.told), normalised(long.text), value) or (
            _hides_its_twin(varied, at, value, told, normalised(long.text))
        ):
            wrong.append(Untold(TellingRule.TEXT, f"{named(varied, at)} is told in the place of the other language"))
        places = [place for place, text in told.items() if normalised(long.text) in text]
        if wrong or not places:
            break
        if number == 0 and not varied.is_new(TellingRule.TEXT, at, map(anywhere, places)):
            break
    return wrong


def _long(value: str) -> Iterator[LongText]:
    yield long_text(value)
    yield with_signs(value)
    if not is_bangla(value):
        yield in_another_script(value)


def _in_part(told: dict[str, str], long: LongText) -> bool:
    whole = normalised(long.text)
    words = [normalised(word) for word in long.words]
    return any(whole not in text and any(word in text for word in words) for text in told.values())


def _in_the_other_language(told: dict[str, str], usual: dict[str, str], whole: str, genuine: str) -> bool:
    """Whether a text is told in one language alone, and that is not the one that it is written in."""
    own, other = (".bn", ".en") if is_bangla(genuine) else (".en", ".bn")
    for place, text in told.items():
        if not place.endswith(other) or whole not in text:
            continue
        twin = place[: -len(other)] + own
        if twin in told and whole not in told[twin] and is_bangla(usual.get(twin, "")) is not is_bangla(genuine):
            return True
    return False


_NOTHING_TAKEN: Final[Facts] = frozenset({("state", PaymentState.PENDING), ("state", PaymentState.EXPIRED)})
"""Where the platform was to take the money and does not: none moves without it, so this is no guess."""


def _hides_its_twin(varied: VariedAnswer, at: Location, genuine: str, told: dict[str, str], whole: str) -> bool:
    """Whether a text is told in both languages, and what the agency calls the same in the other one in neither."""
    other = ".en" if is_bangla(genuine) else ".bn"
    if not any(place.endswith(other) and whole in text for place, text in told.items()):
        return False
    usual = texts_of(varied.usual.told).values()
    name = str(at[-1])
    for place, value in varied.document.leaves():
        same = place[:-1] == at[:-1] and place != at and _are_twins(name, str(place[-1]))
        if same and isinstance(value, str) and value.strip() and is_bangla(value) is not is_bangla(genuine):
            return not any(normalised(value) in text for text in usual)
    return False


def _are_twins(one: str, other: str) -> bool:
    """Whether two names differ in a language's at the end of one of them alone, or of both."""
    return _LANGUAGE.sub("", one) == _LANGUAGE.sub("", other)


async def told_words(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told for certain by a word that nobody knows: by it alone, or as by a genuine one that decides it."""
    strange = unheard_of(value) if isinstance(value, str) else None
    if strange is None:
        return []
    end = await varied.put(at, strange)
    alike = await _taken_for_alike(varied, at, value, strange, end)
    if end is None:
        return alike
    guessed = facts_of(end.result, end.told)
    if varied.play.operation is Operation.COMPLETE_PAYMENT:
        guessed -= _NOTHING_TAKEN
    usual = facts_of(varied.usual.result, varied.usual.told)
    if not guessed:
        return alike
    missing = await varied.ends(varied.document.without(at))
    without: Facts = frozenset() if missing is None else facts_of(missing.result, missing.told)
    wrong = {fact for fact in guessed - usual if fact not in without}
    known = guessed & usual
    if known and missing is not None:
        wrong |= known - without
        known &= without
    if not varied.is_new(TellingRule.WORDS, at, known):
        known = frozenset()
    for word in sorted(varied.words.get(f"{varied.play.operation} {anywhere(written(at))}", set()) - {value}):
        if not known:
            break
        other = await varied.put(at, word)
        if other is not None:
            decided = known - facts_of(other.result, other.told)
            wrong |= decided - without
            known -= decided
    about = sorted({anywhere(place) for place, _ in wrong})
    return [
        *alike,
        *(
            Untold(TellingRule.WORDS, f"{named(varied, at)} with a word that nobody knows decides {what}")
            for what in about
        ),
    ]


_CODE: Final = re.compile(r"[A-Z]{2,}(?:[_-][A-Z]+)*|[a-z]{2,}(?:[_-][a-z]+)*")
"""A word of a machine's, such as ``PAID`` or ``in_review``: no name and no sentence is written so."""
_GATEWAYS_CODE: Final = re.compile(rf"{_CODE.pattern}|[A-Z][a-z]+")
"""A gateway's may be written like a name, ``Completed``: nothing is decided there by whose name it is."""
_OF_GATEWAYS: Final = frozenset(
    {Operation.QUERY_PAYMENT, Operation.COMPLETE_PAYMENT, Operation.REFUND_PAYMENT, Operation.LIST_PAYMENTS}
)
_WHOLE: Final = 2
"""Of the words that resemble one, as many hold it; the others are cut, as an abbreviation is."""


async def _taken_for_alike(
    varied: VariedAnswer, at: Location, value: JsonValue, strange: str, end: AnswerEnd | None
) -> list[Untold]:
    """What a word decides, and so does another that only holds it, though a strange one of its length does not.

    Where the word decides nothing, another that the agency has for it may: ``PENDING`` confirms nothing, and ``PAID``
    does.
    """
    code = _GATEWAYS_CODE if varied.play.operation in _OF_GATEWAYS else _CODE
    if not isinstance(value, str) or not code.fullmatch(value) or not varied.is_new(TellingRule.WORDS, at, (value,)):
        return []
    unknown = frozenset() if end is None else facts_of(end.result, end.told)
    seen = varied.words.get(f"{varied.play.operation} {anywhere(written(at))}", set())
    for word in (value, *sorted(filter(code.fullmatch, seen - {value}))):
        known = varied.usual if word == value else await varied.put(at, word)
        decided = frozenset() if known is None else facts_of(known.result, known.told) - unknown
        if decided:
            return await _by_resembling(varied, at, word, strange, decided)
    return []


async def _by_resembling(
    varied: VariedAnswer, at: Location, known: str, strange: str, decided: Facts
) -> list[Untold]:
    for word in sorted(set(resembling(known)[:_WHOLE]) - varied.kindred.get(known, frozenset())):
        like = await varied.put(at, word)
        kept = frozenset() if like is None else decided & facts_of(like.result, like.told)
        if not kept:
            continue
        other = await varied.put(at, (strange * len(word))[: len(word)])
        kept -= frozenset() if other is None else facts_of(other.result, other.told)
        if kept:
            return [
                Untold(
                    TellingRule.WORDS, f"{named(varied, at)} with a word that only resembles a known one decides {it}"
                )
                for it in sorted({anywhere(place) for place, _ in kept})
            ]
    return []


_LATIN: Final = re.compile(r"[A-Za-z]+")
_NO_WORD: Final = re.compile(
    r"“[^”]*”|‘[^’]*’|\"[^\"]*\"|\b[\w.@+-]*[A-Za-z0-9]\.[A-Za-z]{2,}\S*|\b[A-Z]+\b|\S*[0-9]\S*"
)
"""Quoted words, addresses of the web, abbreviations and codes, which a Bangla text may hold."""


def told_in_english(play: AnswerPlay, told: Told) -> list[Untold]:
    """Places of a Bangla text that hold an English word which neither the agency nor the citizen wrote."""
    places = {
        anywhere(place): set(_LATIN.findall(_NO_WORD.sub(" ", text)))
        for place, text in told.items()
        if isinstance(text, str) and place.endswith(".bn")
    }
    if not any(places.values()):
        return []
    heard = " ".join(part.decode("utf-8", "replace") for kept in play.kept for part in (kept.content, kept.sent))
    known = set(_LATIN.findall(heard))
    return [
        Untold(TellingRule.TEXT, f"{play.operation.value}: the Bangla text in {place} holds English words")
        for place, words in places.items()
        if words - known
    ]


_DIGITS: Final = re.compile(r"[0-9০-৯]{2}|[0-9০-৯]/")
"""In what may be a number or a reference."""


async def told_beside(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether a text hides a number or a reference that is told where the agency writes no text."""
    if not isinstance(value, str) or at not in varied.told_of or not isinstance(varied.document.format, JsonFormat):
        return []
    numbers = {
        place: normalised(other)
        for place, other in varied.document.leaves()
        if place != at and isinstance(other, str) and _DIGITS.search(other) and not instant_of(other)
    }
    if not numbers or not varied.is_new(TellingRule.TEXT, at, ("beside", *map(anywhere, map(written, numbers)))):
        return []
    end = await varied.put(at, None)
    if end is None:
        return []
    with_it, alone = (" ".join(texts_of(told).values()) for told in (varied.usual.told, end.told))
    return [
        Untold(TellingRule.TEXT, f"{named(varied, at)} is told in the place of {anywhere(written(place))}")
        for place, number in numbers.items()
        if number in alone and number not in with_it
    ]
