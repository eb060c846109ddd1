import tomllib

import pytest

from nagorik.data_files import read_data_file
from nagorik.values import PersonName, match_key
from nagorik_toolkit.bangladesh import possibly_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"en": "Md. Rafiqul Islam"}, {"en": "MOHAMMAD RAFIQUL ISLAM"}),
        ({"en": "Md Rafiqul Islam"}, {"en": "Mohd. Rafiqul Islam"}),
        ({"en": "Md. Rafiqul Islam"}, {"en": "Rafiqul Islam"}),
        ({"bn": "মোঃ রফিকুল ইসলাম"}, {"bn": "মো. রফিকুল ইসলাম"}),
        ({"bn": "মো: রফিকুল ইসলাম"}, {"bn": "মোহাম্মদ রফিকুল ইসলাম"}),
        ({"bn": "মোছাঃ শেফালী খাতুন"}, {"bn": "মোসাম্মৎ শেফালী খাতুন"}),
        ({"en": "Mst. Shefali Khatun"}, {"en": "Mosammat Shefali Khatun"}),
    ],
)
def test_honorific_variants_are_a_hint_and_never_equality(one: dict[str, str], other: dict[str, str]):
    first, second = PersonName(**one), PersonName(**other)
    assert possibly_same(first, second)
    assert possibly_same(second, first)
    assert first != second
    assert not first.same_text(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"en": "Md. Shefali Khatun"}, {"en": "Mst. Shefali Khatun"}),
        ({"en": "Rafiqul Islam"}, {"en": "Rafiq Islam"}),
        ({"en": "Rafiqul Islam"}, {"bn": "রফিকুল ইসলাম"}),
        ({"en": "Mohammad"}, {"en": "Md"}),
        ({"en": "Rafiqul Islam", "bn": "রফিকুল ইসলাম"}, {"en": "Rafiqul Islam", "bn": "রফিক ইসলাম"}),
    ],
)
def test_names_that_differ_otherwise_give_no_hint(one: dict[str, str], other: dict[str, str]):
    assert not possibly_same(PersonName(**one), PersonName(**other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Nur Mohammad", "Nur"), ("Karim Late", "Karim"), ("Alhaj", "Haji"), ("Musa Karim", "Mosa Karim")],
)
def test_word_that_may_be_the_name_itself_is_kept(one: str, other: str):
    assert not possibly_same(PersonName(en=one), PersonName(en=other))


def test_each_honorific_is_of_one_kind():
    raw = tomllib.loads(read_data_file("nagorik_toolkit.bangladesh", "honorifics.toml").decode())
    words = [match_key(word) for each in raw["honorific"] for word in (*each["abbreviations"], *each["words"])]
    assert len(set(words)) == len(words)
    assert not set(words) & {match_key(word) for word in raw["titles"]}
