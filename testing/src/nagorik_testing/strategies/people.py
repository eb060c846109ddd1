"""Synthetic citizens."""

from hypothesis import strategies as st

from nagorik_testing.citizens import SyntheticCitizen, SyntheticCitizens


def citizens(seed: int = 0) -> st.SearchStrategy[SyntheticCitizen]:
    """One of the people of a seed."""
    people = SyntheticCitizens(seed)
    return st.integers(0, len(people) - 1).map(people.citizen)
