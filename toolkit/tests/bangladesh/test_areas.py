import unicodedata

import pytest

from nagorik.values import NationalDataError
from nagorik_toolkit.bangladesh import (
    area,
    districts,
    divisions,
    find_district,
    find_division,
    find_upazila,
    upazilas,
)


def _code(function, *arguments: object, **named: object) -> str:
    with pytest.raises(NationalDataError) as caught:
        function(*arguments, **named)
    return caught.value.code


def test_country_is_complete():
    assert (len(divisions()), len(districts()), len(upazilas())) == (8, 64, 494)


def test_every_area_lies_in_one_of_the_level_above():
    assert {each.within for each in divisions()} == {None}
    assert {each.within for each in districts()} == {each.id for each in divisions()}
    assert {each.within for each in upazilas()} == {each.id for each in districts()}
    assert sum(len(upazilas(district)) for district in districts()) == 494
    assert sum(len(districts(division)) for division in divisions()) == 64


def test_every_name_is_clean():
    for each in (*divisions(), *districts(), *upazilas()):
        for name in (each.bn, each.en):
            assert name
            assert name == name.strip()
            assert name != "null"
            assert unicodedata.is_normalized("NFC", name)


def test_id_says_that_it_is_of_the_geo_data():
    dhaka = find_district("Dhaka")
    assert dhaka.id == "geo:district:47"
    assert area(dhaka.id) == dhaka
    ids = [each.id for each in (*divisions(), *districts(), *upazilas())]
    assert len(set(ids)) == len(ids)
    assert _code(area, "geo:district:65") == "area.unknown"
    assert _code(area, 47) == "area.unknown"


@pytest.mark.parametrize(
    ("en", "others", "bn"),
    [
        ("Chattogram", ["Chittagong", "Chattagram"], "চট্টগ্রাম"),
        ("Cumilla", ["Comilla"], "কুমিল্লা"),
        ("Barishal", ["Barisal"], "বরিশাল"),
        ("Jashore", ["Jessore"], "যশোর"),
        ("Bogura", ["Bogra"], "বগুড়া"),
    ],
)
def test_renamed_district_is_found_under_each_spelling(en: str, others: list[str], bn: str):
    found = {find_district(name) for name in (en, *others, bn, en.upper(), f" {bn} ")}
    assert {(each.en, each.bn) for each in found} == {(en, unicodedata.normalize("NFC", bn))}


def test_renamed_division_is_found_under_each_spelling():
    names = ("Chattogram", "Chittagong", "Chattagram", "চট্টগ্রাম")
    assert {find_division(name).en for name in names} == {"Chattogram"}
    assert find_division("Barisal").en == "Barishal"


def test_precomposed_and_decomposed_letters_find_the_same_district():
    assert find_district("ম\u09dfমনসিংহ") == find_district("ম\u09af\u09bcমনসিংহ") == find_district("Mymensingh")


def test_upazila_with_a_tab_in_the_data_is_found():
    assert find_upazila("শাহরাস্তি").bn == "শাহরাস্তি"


def test_name_that_several_districts_have_needs_its_district():
    assert _code(find_upazila, "Kaliganj") == "area.ambiguous"
    assert _code(find_upazila, "কালীগঞ্জ") == "area.ambiguous"
    assert find_upazila("Kaliganj", district=find_district("Gazipur")).within == find_district("Gazipur").id
    assert _code(find_upazila, "Kaliganj", district=find_district("Dhaka")) == "area.unknown"


def test_name_may_be_ambiguous_in_one_language_only():
    assert _code(find_upazila, "ফুলবাড়ী") == "area.ambiguous"
    assert find_upazila("ফুলবাড়ী", district=find_district("Kurigram")).within == find_district("Kurigram").id


def test_every_upazila_is_found_by_both_names_in_its_district():
    for each in upazilas():
        assert each.within
        district = area(each.within)
        assert find_upazila(each.en, district=district) == find_upazila(each.bn, district=district) == each


@pytest.mark.parametrize("name", ["", "Atlantis", "null", None, 47, "x" * 100_000])
def test_unknown_name_is_refused(name: object):
    assert _code(find_district, name) == "area.unknown"


def test_division_narrows_a_district():
    assert find_district("Dhaka", division=find_division("Dhaka")).en == "Dhaka"
    assert _code(find_district, "Dhaka", division=find_division("Khulna")) == "area.unknown"


def test_area_does_not_change():
    with pytest.raises(AttributeError, match="frozen"):
        divisions()[0].en = "x"  # type: ignore[misc]
