"""Divisions, districts and upazilas by one catalogue, and postcodes."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

from nagorik.data_files import parse_document, read_data_file
from nagorik.privacy import Model
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import match_key, refuse_invisible, to_ascii_digits

AreaKind = Literal["division", "district", "upazila"]

_LONGEST_NAME: Final = 100
_LEVEL: Final = re.compile(
    r"^(?:dist(?:rict)?|zill?a|upazill?a|জেলা|উপজেলা)\s*[:.-]\s*"
    r"|\s*\([^()]*\)$"
    r"|\s+(?:(?:hill )?district|dist\.?|zill?a|upazill?a|division|(?:পার্বত্য )?জেলা|উপজেলা|বিভাগ)$"
)
"""What people write along: the level or a remark, as in ঢাকা জেলা, Rangamati Hill District, Kawkhali (Betbunia)."""
_SIGNS: Final = re.compile(r"[\s.,'’‘`´-]")
_DOUBLED: Final = re.compile(r"([b-df-np-tv-z])\1+")
_ONE_LETTER: Final = str.maketrans(
    {"ী": "ি", "ূ": "ু", "ঈ": "ই", "ঊ": "উ", "ণ": "ন", "শ": "স", "ষ": "স", "\u0981": None, "y": "i", "z": "j"}
)
_ONE_SOUND: Final = (
    ("\u09a1\u09bc", "র"),
    ("\u09a2\u09bc", "র"),
    ("ঞ\u09cdজ", "নজ"),
    ("ন\u09cdজ", "নজ"),
    ("ঙ\u09cdগ", "ঙ"),
    ("ংগ", "ঙ"),
    ("ং", "ঙ"),
    ("gonj", "ganj"),
    ("gunj", "ganj"),
    ("ph", "f"),
    ("sh", "s"),
    ("chh", "ch"),
    ("ee", "i"),
    ("oo", "u"),
)
"""Letters that stand for one sound in names of places, and are written for each other."""


class Area(Model):
    """A division, a district or an upazila."""

    id: str
    """``geo:district:8``; stable within these data, and no agency's code."""
    kind: AreaKind
    """Which level it is."""
    bn: str
    """Its name of today in Bangla."""
    en: str
    """Its name of today in English."""
    also: tuple[str, ...] = ()
    """Other spellings and former names in either language, as people still write them."""
    within: str | None = None
    """The id of the area it lies in; ``None`` for a division."""


def divisions() -> tuple[Area, ...]:
    """All divisions."""
    return _areas("division")


def districts(division: Area | None = None) -> tuple[Area, ...]:
    """All districts, or those of one division."""
    return _inside(_areas("district"), division)


def upazilas(district: Area | None = None) -> tuple[Area, ...]:
    """All upazilas, or those of one district."""
    return _inside(_areas("upazila"), district)


def area(area_id: object) -> Area:
    """The area with an ``Area.id``.

    Raises:
        NationalDataError: ``area.unknown``.
    """
    found = _by_id().get(area_id) if isinstance(area_id, str) else None
    if found is None:
        raise NationalDataError("area.unknown")
    return found


def find_division(name: str) -> Area:
    """The division of that name, in either language and any known spelling.

    Raises:
        NationalDataError: ``area.unknown``.
    """
    return _find("division", name, None)


def find_district(name: str, *, division: Area | None = None) -> Area:
    """The district of that name, in either language and any known spelling.

    Raises:
        NationalDataError: ``area.unknown``.
    """
    return _find("district", name, division)


def find_upazila(name: str, *, district: Area | None = None) -> Area:
    """The upazila of that name, in either language and any known spelling, or a former name.

    With its district, the upazila that a district's town lies in is also found as ``Sadar`` or ``সদর``.

    Raises:
        NationalDataError: ``area.ambiguous`` where several districts have one of that name and ``district`` does
            not say which; ``area.unknown`` for a name that no area has.
    """
    return _find("upazila", name, district)


def area_key(name: str) -> str:
    """A key under which spellings of one place's name meet; for comparing only, never to be shown or stored.

    Beyond ``match_key``: without the word for the level, blanks and signs, and with one letter for each sound. No two
    divisions, no two districts and no two upazilas of one district have a key in common.

    Raises:
        NationalDataError: as ``match_key``.
    """
    key = _SIGNS.sub("", _LEVEL.sub("", match_key(name))).translate(_ONE_LETTER)
    for letters, sound in _ONE_SOUND:
        key = key.replace(letters, sound)
    return _DOUBLED.sub(r"\1", key)


def _find(kind: AreaKind, name: object, within: Area | None) -> Area:
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise NationalDataError("area.unknown")
    candidates = _inside(_by_key(kind).get(area_key(name), ()), within)
    if not candidates:
        raise NationalDataError("area.unknown")
    if len(candidates) > 1:
        raise NationalDataError("area.ambiguous")
    return candidates[0]


def _inside(areas: tuple[Area, ...], outer: Area | None) -> tuple[Area, ...]:
    return areas if outer is None else tuple(each for each in areas if each.within == outer.id)


@cache
def _by_key(kind: AreaKind) -> Mapping[str, tuple[Area, ...]]:
    index: dict[str, tuple[Area, ...]] = {}
    for each in _areas(kind):
        for key in {area_key(name) for name in _names(each)}:
            index[key] = (*index.get(key, ()), each)
    return index


def _names(each: Area) -> Iterator[str]:
    yield from (each.bn, each.en, *each.also)
    if each.kind == "upazila" and each.en.endswith(" Sadar"):
        yield from ("Sadar", "সদর")
        district = area(each.within)
        for name in (district.bn, district.en, *district.also):
            yield f"{name} {'Sadar' if name.isascii() else 'সদর'}"


@cache
def _by_id() -> Mapping[str, Area]:
    return {each.id: each for kind in ("division", "district", "upazila") for each in _areas(kind)}


@cache
def _areas(kind: AreaKind) -> tuple[Area, ...]:
    outer = {"district": "division", "upazila": "district"}.get(kind)
    return tuple(
        Area(
            id=f"geo:{kind}:{row['id']}",
            kind=kind,
            bn=row["bn"],
            en=row["en"],
            also=tuple(row.get("also", ())),
            within=f"geo:{outer}:{row['within']}" if outer else None,
        )
        for row in _file()["areas"][kind]
    )


@cache
def _file() -> Mapping[str, Any]:
    return parse_document(read_data_file("nagorik_toolkit.bangladesh", "areas.toml"), "areas.toml")


_POSTCODE: Final = re.compile(r"[0-9]{4}")
_LONGEST_INPUT: Final = 16


def read_postcode(text: object) -> str:
    """A postcode in ASCII digits, from Bangla or ASCII ones; whether the post office has it is not looked up.

    Raises:
        NationalDataError: ``postcode.shape``; ``invisible.*``.
    """
    postcode = to_ascii_digits(text.strip()[:_LONGEST_INPUT]) if isinstance(text, str) else ""
    refuse_invisible(postcode)
    if not _POSTCODE.fullmatch(postcode):
        raise NationalDataError("postcode.shape")
    return postcode
