import time
import unicodedata

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from nagorik.values import (
    NationalDataError,
    Text,
    looks_like_bijoy,
    looks_replaced,
    match_key,
    normalise,
)
from nagorik.values.sentences import is_blank

BANGLA = st.text(alphabet=st.characters(min_codepoint=0x0980, max_codepoint=0x09FF))


def _or_refused(function, text: str) -> str | None:
    try:
        return function(text)
    except NationalDataError:
        return None  # a long run of marks


@pytest.mark.parametrize(
    ("precomposed", "decomposed"),
    [("\u09dc", "\u09a1\u09bc"), ("\u09dd", "\u09a2\u09bc"), ("\u09df", "\u09af\u09bc"), ("\u09cb", "\u09c7\u09be")],
)
def test_two_ways_of_typing_a_letter_end_in_one_form(precomposed: str, decomposed: str):
    assert normalise(f"ক{precomposed}") == normalise(f"ক{decomposed}")


def test_nfc_takes_nukta_letters_apart():
    assert normalise("ময়মনসিংহ".replace("\u09af\u09bc", "\u09df")) == "ম\u09af\u09bcমনসিংহ"


def test_every_kind_of_blank_becomes_one_space():
    assert normalise("\u00a0রহিম\u2003\t উদ্দিন\r\n\u3000") == "রহিম উদ্দিন"


def test_joiners_stay_for_display_and_go_for_matching():
    assert normalise("র\u200d্যাব") == "র\u200d্যাব"
    assert match_key("র\u200d্যাব") == match_key("র্যাব")
    assert match_key("ক\u200cখ") == "কখ"


def test_key_ignores_case_and_digit_script():
    assert match_key("Ward ৭,  DHAKA") == match_key("ward 7, Dhaka") == "ward 7, dhaka"


def test_key_meets_a_letter_that_a_joiner_kept_apart():
    assert match_key("ক\u09c7\u200d\u09be") == match_key("ক\u09cb")


@given(st.text() | BANGLA)
def test_normalising_twice_changes_nothing(text: str):
    once = _or_refused(normalise, text)
    assert once is None or normalise(once) == once


@given(st.text() | BANGLA)
def test_normalised_text_is_nfc_with_no_blanks_at_the_ends(text: str):
    once = _or_refused(normalise, text)
    if once is not None:
        assert unicodedata.is_normalized("NFC", once)
        assert once == once.strip()
        assert "  " not in once


@given(st.text() | BANGLA)
def test_key_of_a_key_is_itself(text: str):
    key = _or_refused(match_key, text)
    assert key is None or match_key(key) == key


@given(BANGLA)
def test_key_is_the_same_for_nfc_and_nfd(text: str):
    nfc, nfd = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert _or_refused(match_key, nfc) == _or_refused(match_key, nfd)


def test_a_pile_of_marks_is_refused_before_it_costs_time():
    started = time.perf_counter()
    with pytest.raises(NationalDataError) as caught:
        normalise("a" + "\u0315\u0300" * 50_000)
    assert caught.value.code == "text.marks"
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["????? ????", "রহি\ufffd", "a ??? b"])
def test_lost_letters_are_noticed(text: str):
    assert looks_replaced(text)


@pytest.mark.parametrize("text", ["আপনার নাম কী?", "Really??", "", "রহিম"])
def test_a_question_is_no_damage(text: str):
    assert not looks_replaced(text)


@pytest.mark.parametrize("text", ["evsjv‡`k", "†gvt iwng", "Avãyj ‡gvwgb"])
def test_bijoy_signs_are_noticed(text: str):
    assert looks_like_bijoy(text)


@pytest.mark.parametrize("text", ["José Müller", "© 2025 Dhaka", "Šimun Čović", "«Dhaka»", "বাংলাদেশ ‡k", "O'Brien"])
def test_other_writing_is_not_taken_for_bijoy(text: str):
    assert not looks_like_bijoy(text)


def test_bijoy_of_ascii_letters_alone_cannot_be_told_from_latin():
    assert not looks_like_bijoy("Avwg")


@pytest.mark.parametrize(
    "blank", ["", " \t", "\u200b\u202e\ufeff", "\u200c\u200d", "\u3164 \u2800\ufe0f", "\x00\x1b", "\u0301"]
)
def test_text_that_cannot_be_read_is_none(blank):
    assert is_blank(blank)
    for words in ({"en": blank, "bn": "না"}, {"en": "No", "bn": blank}):
        with pytest.raises(ValidationError) as caught:
            Text.model_validate(words)
        assert [error["type"] for error in caught.value.errors()] == ["string_too_short"]


@pytest.mark.parametrize("readable", ["না", "No", "7", "৭", "—", "?", "\u200bx", "ক\u200d"])
def test_text_that_can_be_read_is_taken(readable):
    assert not is_blank(readable)
    assert Text(en=readable, bn=readable).en == readable
