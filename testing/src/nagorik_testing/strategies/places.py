"""Real areas, and addresses in them where nobody lives."""

from typing import Final, NamedTuple

from hypothesis import strategies as st

from nagorik.bangladesh import Area, AreaKind, area, districts, divisions, to_bangla_digits, upazilas
from nagorik_testing.strategies.writing import BLANKS, Written

_KINDS: Final[tuple[AreaKind, ...]] = ("division", "district", "upazila")


class Address(NamedTuple):
    """A house that does not stand, in an upazila that does."""

    house: str
    """House and road, in Bangla or in English."""
    upazila: Area
    district: Area
    division: Area


def areas(kind: AreaKind | None = None) -> st.SearchStrategy[Area]:
    """A division, a district or an upazila of the geo data."""
    if kind is None:
        return st.sampled_from(_KINDS).flatmap(areas)
    known = {"division": divisions, "district": districts, "upazila": upazilas}
    return st.deferred(lambda: st.sampled_from(known[kind]()))


@st.composite
def written_areas(draw: st.DrawFn, kind: AreaKind | None = None) -> Written[Area]:
    """An area by its name in either language or an older spelling, in any case, with blanks around it.

    An upazila's name may be another's too: look it up within its district.
    """
    found = draw(areas(kind))
    name = draw(st.sampled_from((found.bn, found.en, found.en.upper(), found.en.lower(), *found.also)))
    return Written(draw(st.sampled_from(BLANKS)) + name + draw(st.sampled_from(BLANKS)), found)


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    """An address with a made-up house and road in a real upazila."""
    upazila = draw(areas("upazila"))
    district = area(upazila.within)
    house, road = draw(st.integers(1, 999)), draw(st.integers(1, 99))
    bangla = f"বাড়ি {to_bangla_digits(str(house))}, নমুনা সড়ক {to_bangla_digits(str(road))}"
    line = draw(st.sampled_from((bangla, f"House {house}, Nomuna Road {road}")))
    return Address(line, upazila, district, area(district.within))
