"""Hypothesis strategies for people and values that cannot be anybody's; needs ``nagorik-testing[strategies]``.

A ``Written`` is a text as people write it and the value that it means; a ``Refused`` is a text that looks like one
and the code by which the core refuses it.
"""

from nagorik_testing.strategies.days import birth_dates_around, instants_at_dhaka_midnight, leap_days, written_dates
from nagorik_testing.strategies.identifiers import (
    birth_registration_numbers,
    foreign_nids,
    identifiers,
    nids,
    refused_birth_registration_numbers,
    refused_nids,
    written_birth_registration_numbers,
    written_nids,
)
from nagorik_testing.strategies.money import amounts, amounts_at_rounding, refused_amounts, written_amounts
from nagorik_testing.strategies.names import bangla_spellings, honorific_pairs, person_names
from nagorik_testing.strategies.people import citizens
from nagorik_testing.strategies.phones import mobile_numbers, refused_mobile_numbers, written_mobile_numbers
from nagorik_testing.strategies.places import Address, addresses, areas, written_areas
from nagorik_testing.strategies.writing import Refused, Written

__all__ = [
    "Address",
    "Refused",
    "Written",
    "addresses",
    "amounts",
    "amounts_at_rounding",
    "areas",
    "bangla_spellings",
    "birth_dates_around",
    "birth_registration_numbers",
    "citizens",
    "foreign_nids",
    "honorific_pairs",
    "identifiers",
    "instants_at_dhaka_midnight",
    "leap_days",
    "mobile_numbers",
    "nids",
    "person_names",
    "refused_amounts",
    "refused_birth_registration_numbers",
    "refused_mobile_numbers",
    "refused_nids",
    "written_amounts",
    "written_areas",
    "written_birth_registration_numbers",
    "written_dates",
    "written_mobile_numbers",
    "written_nids",
]
