import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from nagorik.privacy import MASK
from nagorik.values import PersonName

WORDS = st.text(alphabet=st.characters(categories=("Ll", "Lu"), max_codepoint=0x7F), min_size=3, max_size=12)


class Applicant(BaseModel):
    name: PersonName


def _codes(**parts: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        PersonName(**parts)  # type: ignore[arg-type]
    return [line["type"] for line in caught.value.errors()]


def test_name_is_kept_as_on_the_card_but_for_spacing():
    name = PersonName(bn=" মোঃ  রফিকুল\u00a0ইসলাম ", en="MD. rafiqul  ISLAM")
    assert name.bn == "মোঃ রফিকুল ইসলাম"
    assert name.en == "MD. rafiqul ISLAM"
    assert name.model_dump() == {"bn": "মোঃ রফিকুল ইসলাম", "en": "MD. rafiqul ISLAM"}


def test_single_word_and_one_language_are_enough():
    assert PersonName(bn="শেফালী").en is None
    assert PersonName(en="Shefali").bn is None


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({}, "name.absent"),
        ({"bn": "Rafiqul"}, "name.bn-script"),
        ({"bn": "iwdKzj Bmjvg ‡gv"}, "name.bijoy"),
        ({"en": "রফিকুল"}, "name.en-script"),
        ({"en": "Rafiqul ইসলাম"}, "name.en-script"),
        ({"en": "   "}, "name.empty"),
        ({"bn": "?????"}, "name.damaged"),
        ({"en": "Raf\x00iqul"}, "invisible.control"),
        ({"en": "\u202eRafiqul"}, "invisible.direction"),
        ({"en": "Rafi\u200bqul"}, "invisible.zero-width-space"),
        ({"bn": "রফিকুল Rafiqul"}, "name.bn-script"),
        ({"en": "Avwg evsjv‡`k"}, "name.bijoy"),
        ({"en": "Avwg evsjv‡"}, "name.characters"),
        ({"bn": "রফিকুল #"}, "name.characters"),
        ({"en": "Rafiqul@Islam"}, "name.characters"),
        ({"en": "x" * 201}, "name.too-long"),
        ({"en": 5}, "name.not-text"),
        ({"en": b"Rafiqul"}, "name.not-text"),
        ({"bn": "ক" + "\u0981" + "\u09bc" * 40}, "text.marks"),
    ],
)
def test_what_is_not_a_name_is_refused_with_its_reason(parts: dict[str, object], code: str):
    assert _codes(**parts) == [code]


def test_bare_text_is_not_taken_for_a_name():
    with pytest.raises(ValidationError):
        PersonName.model_validate("রফিকুল ইসলাম")


def test_mask_keeps_first_and_last_letter_of_each_word():
    assert PersonName(en="Rafiqul Islam").masked() == "R•••l I•••m"
    assert PersonName(en="Li Xu").masked() == "L••• X•••"
    assert PersonName(en="A Rahman").masked() == "••• R•••n"


def test_mask_cuts_bangla_at_letters_as_drawn():
    assert PersonName(bn="কৃষ্ণেন্দু").masked() == "কৃ•••ন্দু"
    assert PersonName(bn="মোঃ রফিকুল ইসলাম").masked() == "••• র•••ল ই•••ম"
    assert PersonName(bn="রীনা").masked() == "রী•••"


def test_representation_is_masked():
    name = PersonName(bn="রফিকুল ইসলাম", en="Rafiqul Islam")
    assert repr(name) == str(name) == "PersonName(র•••ল ই•••ম / R•••l I•••m)"
    assert "afiqu" not in repr(Applicant(name=name))
    assert "ফিকু" not in repr(Applicant(name=name))


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_mask_never_tells_the_length_of_a_word(words: list[str]):
    masked = PersonName(en=" ".join(words)).masked().split(" ")
    assert [len(word) for word in masked] == [2 + len(MASK)] * len(words)


def test_error_tells_nothing_of_the_name():
    with pytest.raises(ValidationError) as caught:
        Applicant.model_validate({"name": {"bn": "Rafiqul Islam", "en": "রফিকুল"}})
    for told in (str(caught.value), str(caught.value.errors()), caught.value.json()):
        assert "Rafiqul" not in told
        assert "রফিকুল" not in told


def test_same_text_ignores_case_spacing_and_encoding():
    assert PersonName(en="RAFIQUL ISLAM").same_text(PersonName(en="Rafiqul  Islam"))
    assert PersonName(bn="ম\u09dfনা").same_text(PersonName(bn="ম\u09af\u09bcনা"))
    assert not PersonName(en="Moyna").same_text(PersonName(bn="ময়না"))


def test_joiners_stay_in_the_name():
    assert PersonName(bn="র\u200d্যাবেয়া").bn == "র\u200d্যাবে\u09af\u09bcা"
