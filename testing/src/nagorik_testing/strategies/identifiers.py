"""National ID and birth registration numbers, and their neighbours that are none."""

from typing import Final

from hypothesis import strategies as st

from nagorik.bangladesh import BirthRegistrationNumber, Nid, NidKind, to_bangla_digits
from nagorik_testing.citizens import SyntheticCitizen
from nagorik_testing.strategies.people import citizens
from nagorik_testing.strategies.writing import Refused, Written, grouped

KINDS: Final[tuple[NidKind, ...]] = ("smart", "legacy", "full")
_NO_LENGTH: Final = (1, 9, 11, 12, 14, 15, 16, 18, 24)
"""Digits of which no NID consists, those beside the three lengths first of all."""
_NO_YEAR: Final = ("0000", "1899", "2100", "9999")
_LONGEST: Final = 24


def nids(kind: NidKind | None = None) -> st.SearchStrategy[Nid]:
    """A National ID number of 10, 13 or 17 digits, or of one kind."""
    kinds = st.sampled_from(KINDS) if kind is None else st.just(kind)
    return st.builds(SyntheticCitizen.nid, citizens(), kinds)


def birth_registration_numbers() -> st.SearchStrategy[BirthRegistrationNumber]:
    """A birth registration number of 17 digits."""
    return citizens().map(lambda citizen: citizen.birth_registration)


def identifiers() -> st.SearchStrategy[Nid | BirthRegistrationNumber]:
    """Either; those of 17 digits differ in nothing but their type."""
    return nids() | birth_registration_numbers()


def written_nids(kind: NidKind | None = None) -> st.SearchStrategy[Written[Nid]]:
    """A National ID number as people write it: Bangla digits, blanks, dashes."""
    return nids(kind).flatmap(lambda nid: grouped(nid.value).map(lambda text: Written(text, nid)))


def written_birth_registration_numbers() -> st.SearchStrategy[Written[BirthRegistrationNumber]]:
    """A birth registration number as people write it."""
    return birth_registration_numbers().flatmap(
        lambda number: grouped(number.value).map(lambda text: Written(text, number))
    )


def foreign_nids() -> st.SearchStrategy[tuple[SyntheticCitizen, Nid]]:
    """A citizen and a number of 17 digits that is well formed and holds another year than the citizen's birth."""
    years = st.integers(1900, 2099)
    return (
        st.tuples(citizens(), years)
        .filter(lambda drawn: drawn[0].birth_date.year != drawn[1])
        .map(lambda drawn: (drawn[0], Nid(value=f"{drawn[1]}{drawn[0].legacy_nid.value}")))
    )


def refused_nids() -> st.SearchStrategy[Refused]:
    """What is taken for a National ID number and is none: a digit lost, a spreadsheet's number, a year of nobody."""
    return st.one_of(
        _of_length(_NO_LENGTH, "nid.length"),
        _of_no_year("nid.year"),
        _spoilt(),
    )


def refused_birth_registration_numbers() -> st.SearchStrategy[Refused]:
    """What is taken for a birth registration number and is none, above all the older numbers of 16 digits."""
    return st.one_of(
        _of_length((16,), "brn.legacy"),
        _of_length((1, 10, 13, 15, 18, 24), "brn.length"),
        _of_no_year("brn.year"),
        _spoilt(),
    )


def _of_length(lengths: tuple[int, ...], code: str) -> st.SearchStrategy[Refused]:
    drawn = st.tuples(citizens(), st.sampled_from(lengths))
    digits = drawn.map(lambda one: one[0].full_nid.value.ljust(_LONGEST, "0")[: one[1]])
    return digits.flatmap(
        lambda number: (grouped(number) if len(number) > 1 else st.just(number)).map(lambda text: Refused(text, code))
    )


def _of_no_year(code: str) -> st.SearchStrategy[Refused]:
    drawn = st.tuples(citizens(), st.sampled_from(_NO_YEAR))
    return drawn.map(lambda one: Refused(f"{one[1]}{one[0].legacy_nid.value}", code))


@st.composite
def _spoilt(draw: st.DrawFn) -> Refused:
    number = draw(nids()).value
    arabic = number.translate({ord(digit): 0x0660 + int(digit) for digit in "0123456789"})
    text, code = draw(
        st.sampled_from(
            (
                (f"{float(number):.2E}", "identifier.scientific"),
                (to_bangla_digits(f"{float(number):.2E}"), "identifier.scientific"),
                (f"{number}.0", "identifier.decimal"),
                (f"{number[:-1]}O", "identifier.characters"),
                (f"NID {number}", "identifier.characters"),
                (arabic, "identifier.characters"),
                ("", "identifier.empty"),
                (" - ", "identifier.empty"),
                (number * 7, "identifier.too-long"),
            )
        )
    )
    return Refused(text, code)
