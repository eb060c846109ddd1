"""Two words by which an agency refuses are told apart, and two reasons at once are both told.

Whoever is told the wrong one mends what is not broken; whoever is told one of two comes, and pays, twice.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, JsonValue

from nagorik import Rejected
from nagorik_testing.contract.checks.answers.told_result import anywhere
from nagorik_testing.contract.checks.answers.variations import AnswerDocument, unheard_of
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, named
from nagorik_testing.contract.checks.inspection import with_value, written
from nagorik_toolkit.form_validation import Location


def kindred_words(package: str) -> Mapping[str, frozenset[str]]:
    """For each word of a plugin's wire models, those that the plugin says may stand in its place.

    Read off the ``Literal`` and ``StrEnum`` types of the fields of every model in the plugin's loaded modules.
    """
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for name, module in list(sys.modules.items()):
        if name != package and not name.startswith(f"{package}."):
            continue
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == name:
                for field in model.model_fields.values():
                    for words in _groups(field.annotation):
                        for word in words:
                            found[word] |= words
    return dict(found)


def _groups(annotation: Any) -> Iterator[frozenset[str]]:
    if get_origin(annotation) is Literal:
        yield frozenset(word for word in get_args(annotation) if isinstance(word, str))
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield frozenset(member.value for member in annotation if isinstance(member.value, str))
    else:
        for part in get_args(annotation):
            yield from _groups(part)


async def told_refusals(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether two words that each refuse what was asked for are told alike."""
    if not isinstance(value, str) or unheard_of(value) is None:
        return []
    seen = varied.words.get(f"{varied.play.operation} {anywhere(written(at))}", set())
    words = sorted(varied.kindred.get(value, frozenset()) | seen)
    if len(words) < 2 or not varied.is_new(TellingRule.REFUSALS, at, words):  # noqa: PLR2004 - two are compared
        return []
    told: set[object] = set()
    for word in words:
        end = varied.usual if word == value else await varied.put(at, word)
        if end is None or not isinstance(end.result, Rejected):
            continue
        reason = frozenset(end.told.items())
        if reason in told:
            return [Untold(TellingRule.REFUSALS, f"{named(varied, at)}: two words that refuse are told alike")]
        told.add(reason)
    return []


async def told_together(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether a flag that is told by itself is told beside another one, too, in a sentence of the same kind."""
    usual = varied.usual.result
    if not isinstance(value, bool) or not isinstance(usual, Rejected):
        return []
    more = await varied.put(at, not value)
    if more is None or not varied.is_usual(more):
        return []
    for beside, flag in varied.document.leaves():
        if beside[:-1] != at[:-1] or beside == at or not isinstance(flag, bool):
            continue
        alone = await varied.ends(_put(_put(varied.document, beside, not flag), at, not value).body)
        if alone is not None and _is_of_one_kind(usual, alone.result):
            return [Untold(TellingRule.REFUSALS, f"{named(varied, at)} is told by itself and not beside another")]
    return []


def _put(document: AnswerDocument, at: Location, value: JsonValue) -> AnswerDocument:
    content = with_value(document.content, at, value)
    return replace(document, body=document.put(at, value), content=content)


def _is_of_one_kind(one: Rejected, other: object) -> bool:
    """Whether two refusals differ in what is filled into their sentence alone."""
    return isinstance(other, Rejected) and one.reason_code == other.reason_code and one.reason != other.reason
