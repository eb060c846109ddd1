"""Hypothesis strategies for people and numbers that cannot be anybody's; needs ``nagorik-testing[strategies]``."""

from hypothesis import strategies as st

from nagorik.bangladesh import BirthRegistrationNumber, MobileNumber, Nid
from nagorik_testing.citizens import SyntheticCitizen, SyntheticCitizens


def citizens(seed: int = 0) -> st.SearchStrategy[SyntheticCitizen]:
    """One of the people of a seed."""
    people = SyntheticCitizens(seed)
    return st.integers(0, len(people) - 1).map(people.citizen)


def nids() -> st.SearchStrategy[Nid]:
    """A National ID number of 10, 13 or 17 digits."""
    return st.builds(SyntheticCitizen.nid, citizens(), st.sampled_from(("smart", "legacy", "full")))


def birth_registration_numbers() -> st.SearchStrategy[BirthRegistrationNumber]:
    """A birth registration number of 17 digits."""
    return citizens().map(lambda citizen: citizen.birth_registration)


def mobile_numbers() -> st.SearchStrategy[MobileNumber]:
    """A mobile number."""
    return citizens().map(lambda citizen: citizen.phone)
