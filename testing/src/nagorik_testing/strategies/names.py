"""Names in both scripts, and the ways in which one name is written."""

import unicodedata
from typing import Final

from hypothesis import strategies as st

from nagorik.bangladesh import PersonName
from nagorik_testing.strategies.people import citizens

MALE: Final = ("Md. ", "MD ", "Mohd. ", "Mohammad ", "Mohammed ", "Muhammad ")
FEMALE: Final = ("Mst. ", "MST ", "Most. ", "Mosammat ")
MALE_BN: Final = ("মোঃ ", "মো. ", "মো: ", "মোহাম্মদ ", "মোহাম্মাদ ", "মুহাম্মদ ")
FEMALE_BN: Final = ("মোছাঃ ", "মোছা. ", "মোসা: ", "মোছাম্মৎ ", "মোসাম্মৎ ")
_WORDS: Final = ("পড়ুয়া", "দৃঢ়তা", "নমুনায়ন", "কৌশল", "পোশাক", "উদাহরণ")
"""Schoolgoer, firmness, sampling, skill, clothing, example: words that hold every letter with two encodings."""
_DECOMPOSED: Final = {"\u09dc": "\u09a1\u09bc", "\u09dd": "\u09a2\u09bc", "\u09df": "\u09af\u09bc"}
"""ড়, ঢ় and য় as letter and nukta, which is what NFC makes of them."""


@st.composite
def person_names(draw: st.DrawFn) -> PersonName:
    """A citizen's name in Bangla, in English or in both, with an honorific before it or not."""
    name = draw(citizens()).name
    en, bn = draw(st.sampled_from(((MALE, MALE_BN), (FEMALE, FEMALE_BN))))
    before = (draw(st.sampled_from(("", *en))), draw(st.sampled_from(("", *bn))))
    parts = draw(st.sampled_from((("en",), ("bn",), ("en", "bn"))))
    return PersonName(
        en=f"{before[0]}{name.en}" if "en" in parts else None, bn=f"{before[1]}{name.bn}" if "bn" in parts else None
    )


@st.composite
def honorific_pairs(draw: st.DrawFn) -> tuple[PersonName, PersonName]:
    """Two spellings of one name that differ in its honorific: Md. and Mohammad, মোঃ and none."""
    name = draw(citizens()).name
    en, bn = draw(st.sampled_from(((MALE, MALE_BN), (FEMALE, FEMALE_BN))))
    if draw(st.booleans()):
        one, other = draw(st.lists(st.sampled_from(("", *en)), min_size=2, max_size=2, unique=True))
        return PersonName(en=f"{one}{name.en}"), PersonName(en=f"{other}{name.en}")
    one, other = draw(st.lists(st.sampled_from(("", *bn)), min_size=2, max_size=2, unique=True))
    return PersonName(bn=f"{one}{name.bn}"), PersonName(bn=f"{other}{name.bn}")


@st.composite
def bangla_spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A Bangla text in two encodings that look the same: য় as one character or two, ো as one sign or two."""
    text = " ".join(draw(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3)))
    one = "".join(_DECOMPOSED.get(character, character) for character in unicodedata.normalize("NFC", text))
    other = one
    for precomposed, pair in _DECOMPOSED.items():
        if draw(st.booleans()):
            other = other.replace(pair, precomposed)
    if draw(st.booleans()):
        other = other.replace("\u09cb", "\u09c7\u09be").replace("\u09cc", "\u09c7\u09d7")
    return one, other
