import tomllib
import unicodedata
from string import ascii_letters

import pytest

from nagorik.data_files import read_data_file
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
from nagorik_toolkit.bangladesh.areas import area_key


def _code(function, *arguments: object, **named: object) -> str:
    with pytest.raises(NationalDataError) as caught:
        function(*arguments, **named)
    return caught.value.code


def test_country_is_complete():
    assert (len(divisions()), len(districts()), len(upazilas())) == (8, 64, 495)


def test_every_area_lies_in_one_of_the_level_above():
    assert {each.within for each in divisions()} == {None}
    assert {each.within for each in districts()} == {each.id for each in divisions()}
    assert {each.within for each in upazilas()} == {each.id for each in districts()}
    assert sum(len(upazilas(district)) for district in districts()) == 495
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


def test_name_that_several_districts_have_needs_its_district():
    assert _code(find_upazila, "Kaliganj") == "area.ambiguous"
    assert _code(find_upazila, "কালীগঞ্জ") == "area.ambiguous"
    assert find_upazila("Kaliganj", district=find_district("Gazipur")).within == find_district("Gazipur").id
    assert _code(find_upazila, "Kaliganj", district=find_district("Dhaka")) == "area.unknown"


def test_two_spellings_of_one_name_are_told_apart_by_the_district():
    assert [_code(find_upazila, name) for name in ("ফুলবাড়ী", "Fulbari", "Phulbari")] == ["area.ambiguous"] * 3
    assert find_upazila("Phulbari", district=find_district("Dinajpur")).en == "Fulbari"
    assert find_upazila("ফুলবাড়ী", district=find_district("Kurigram")).within == find_district("Kurigram").id


def test_every_area_is_found_by_each_of_its_names():
    for each in (*divisions(), *districts()):
        find = find_division if each.kind == "division" else find_district
        assert {find(name) for name in (each.bn, each.en, *each.also)} == {each}
    for each in upazilas():
        district = area(each.within)
        assert {find_upazila(name, district=district) for name in (each.bn, each.en, *each.also)} == {each}


def test_every_spelling_is_in_one_script_and_none_is_there_twice():
    for each in (*divisions(), *districts(), *upazilas()):
        keys = [area_key(name) for name in (each.bn, each.en, *each.also)]
        assert len(set(keys)) == len(keys), each.en
        assert each.en.isascii()
        assert not set(each.bn) & set(ascii_letters)
        assert all(name.isascii() or not set(name) & set(ascii_letters) for name in each.also)


def test_change_of_a_name_has_its_source():
    raw = tomllib.loads(read_data_file("nagorik_toolkit.bangladesh", "areas.toml").decode())
    assert {"title", "as_of", "verified"} == set(raw["source"])
    sourced = {row["en"] for kind in ("district", "upazila") for row in raw["areas"][kind] if row.get("source")}
    assert sourced >= {
        "Cumilla",
        "Chattogram",
        "Barishal",
        "Jashore",
        "Bogura",
        "Zianagar",
        "Shantiganj",
        "Shayestaganj",
    }


def test_sadar_is_that_of_the_district():
    assert _code(find_upazila, "Sadar") == "area.ambiguous"
    for name in ("Sadar", "সদর", "Bogra Sadar", "বগুড়া সদর উপজেলা"):
        assert find_upazila(name, district=find_district("Bogura")).en == "Bogura Sadar"


@pytest.mark.parametrize(
    ("district", "written", "upazila"),
    [
        ("Rangamati", "Kawkhali (Betbunia)", "Kawkhali"),
        ("Brahmanbaria", "আখাউরা", "Akhaura"),
        ("Khulna", "Dacope", "Dakop"),
        ("Gazipur", "জয়দেবপুর", "Gazipur Sadar"),
    ],
)
def test_remark_is_passed_over_and_letters_of_one_sound_are_one(district: str, written: str, upazila: str):
    assert find_upazila(written, district=find_district(district)).en == upazila


def test_level_is_no_name():
    for name in ("জেলা", "District", "Zila", "'", "-", "জেলা: "):
        assert _code(find_district, name) == "area.unknown"


@pytest.mark.parametrize("name", ["", "Atlantis", "null", None, 47, "x" * 100_000])
def test_unknown_name_is_refused(name: object):
    assert _code(find_district, name) == "area.unknown"


def test_division_narrows_a_district():
    assert find_district("Dhaka", division=find_division("Dhaka")).en == "Dhaka"
    assert _code(find_district, "Dhaka", division=find_division("Khulna")) == "area.unknown"


def test_area_does_not_change():
    with pytest.raises(AttributeError, match="frozen"):
        divisions()[0].en = "x"  # type: ignore[misc]
