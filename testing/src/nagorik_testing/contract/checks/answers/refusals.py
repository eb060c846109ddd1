"""Two words by which an agency refuses are told as two: whoever is told the wrong one mends what is not broken."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, JsonValue

from nagorik import Rejected
from nagorik_testing.contract.checks.answers.told_result import anywhere
from nagorik_testing.contract.checks.answers.variations import unheard_of
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, named
from nagorik_testing.contract.checks.inspection import written
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
