import unicodedata

import pytest
from hypothesis import given, strategies as st

from nagorik.values import Money, NationalDataError
from nagorik.values.money import MAX_POISHA
from nagorik_toolkit.bangladesh import amount_in_words, number_in_words

UNITS = {"লাখ": 100_000, "হাজার": 1000, "lakh": 100_000, "thousand": 1000, "hundred": 100}
LANGUAGES = ("bn", "en")


def _value(words: str, language: str) -> int:
    """The number back from its words, by the rule of lakh and crore."""
    below = {number_in_words(number, language): number for number in range(100)}  # type: ignore[arg-type]
    total = part = 0
    for word in words.split():
        if word in ("কোটি", "crore"):
            total, part = (total + part) * 10_000_000, 0
        elif word in UNITS and word != "hundred":
            total, part = total + part * UNITS[word], 0
        elif word == "hundred":
            part *= 100
        elif word.endswith("শত"):
            part += below[word.removesuffix("শত")] * 100
        else:
            part += below[word]
    return total + part


@given(st.integers(min_value=0, max_value=MAX_POISHA), st.sampled_from(LANGUAGES))
def test_words_are_those_of_the_number(number: int, language: str):
    assert _value(number_in_words(number, language), language) == number  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_below_a_hundred_has_a_word_of_its_own(language: str):
    words = [number_in_words(number, language) for number in range(100)]  # type: ignore[arg-type]
    assert len(set(words)) == 100
    assert all(unicodedata.is_normalized("NFC", word) for word in words)


@pytest.mark.parametrize(
    ("number", "bn", "en"),
    [
        (0, "শূন্য", "zero"),
        (44, "চুয়াল্লিশ", "forty-four"),
        (101, "একশত এক", "one hundred one"),
        (1_00_000, "এক লাখ", "one lakh"),
        (1_00_00_000, "এক কোটি", "one crore"),
        (10_00_00_00_000, "এক হাজার কোটি", "one thousand crore"),
        (1_23_45_678, "এক কোটি তেইশ লাখ পঁয়তাল্লিশ হাজার ছয়শত আটাত্তর", None),
        (10**14 + 5, "এক কোটি কোটি পাঁচ", "one crore crore five"),
    ],
)
def test_numbers_are_counted_by_lakh_and_crore(number: int, bn: str, en: str | None):
    assert number_in_words(number, "bn") == unicodedata.normalize("NFC", bn)
    assert en is None or number_in_words(number, "en") == en


def test_poisha_stand_only_where_there_are_any():
    assert amount_in_words(Money(poisha=100), "en") == "one taka only"
    assert amount_in_words(Money(poisha=101), "en") == "one taka and one poisha only"
    assert amount_in_words(Money(poisha=1), "en") == "one poisha only"
    assert amount_in_words(Money(poisha=150), "bn") == "এক টাকা পঞ্চাশ পয়সা মাত্র".replace("\u09df", "\u09af\u09bc")


def test_dollars_and_numbers_below_zero_are_refused():
    with pytest.raises(NationalDataError) as caught:
        amount_in_words(Money.of(1, "USD"), "en")
    assert caught.value.code == "money.currency"
    with pytest.raises(ValueError, match="below zero"):
        number_in_words(-1, "bn")
