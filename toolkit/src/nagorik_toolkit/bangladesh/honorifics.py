"""Honorifics before names, which people write in many ways or leave out."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from nagorik.data_files import parse_document, read_data_file
from nagorik.values import PersonName, match_key

_DOTS_AND_COLONS: Final = re.compile("[.:\u0983]")  # মোঃ is written with visarga, colon or full stop


def possibly_same(one: PersonName, other: PersonName) -> bool:
    """A hint for a person who decides, never a ground to treat two names as one.

    True where the names agree, in every language that both have, once honorifics (Md., Mohammad, মোঃ; Mst., মোছাঃ;
    Sri, শ্রী) are taken for each other or left out, and titles such as Alhaj are passed over. It knows nothing of
    transliteration: names without a language in common give False.
    """
    pairs = [(mine, theirs) for mine, theirs in ((one.bn, other.bn), (one.en, other.en)) if mine and theirs]
    return bool(pairs) and all(_same_but_for_honorific(mine, theirs) for mine, theirs in pairs)


def _same_but_for_honorific(one: str, other: str) -> bool:
    (kind, rest), (other_kind, other_rest) = _split_honorific(one), _split_honorific(other)
    return rest == other_rest and (kind == other_kind or "" in {kind, other_kind})


def _split_honorific(name: str) -> tuple[str, str]:
    titles, honorifics, abbreviations = _honorifics()
    words = _DOTS_AND_COLONS.sub(" ", match_key(name)).split()
    while len(words) > 1 and words[0] in titles:
        del words[0]
    # A single word is the whole name, whatever it looks like.
    if len(words) > 1 and words[0] in honorifics:
        return honorifics[words[0]], " ".join(words[1:])
    if len(words) > 1 and words[-1] in abbreviations:
        return honorifics[words[-1]], " ".join(words[:-1])
    return "", " ".join(words)


@cache
def _honorifics() -> tuple[frozenset[str], Mapping[str, str], frozenset[str]]:
    raw = parse_document(read_data_file("nagorik_toolkit.bangladesh", "honorifics.toml"), "honorifics.toml")
    abbreviations = {match_key(word): each["kind"] for each in raw["honorific"] for word in each["abbreviations"]}
    words = {match_key(word): each["kind"] for each in raw["honorific"] for word in each["words"]}
    return frozenset(map(match_key, raw["titles"])), words | abbreviations, frozenset(abbreviations)
