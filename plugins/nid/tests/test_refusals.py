"""What the Election Commission refuses, and where the citizen reads of it."""

import json

import pytest

from nagorik import AgencyResponse, InputRejected
from nagorik_nid.plugin import PLUGIN


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        # As the partner service's document calls them.
        ("nid10Digit", "/form/nid"),
        ("nid17Digit", "/form/nid"),
        ("nid", "/form/nid"),
        ("dateOfBirth", "/form/birth_date"),
        ("nameEn", "/form/name/en"),
        ("name", "/form/name/bn"),
        ("father", "/form/father_name"),
        ("mother", "/form/mother_name"),
        ("spouse", "/form/spouse_name"),
        ("permanentAddress", "/form/permanent_address"),
        ("presentAddress", "/form/present_address"),
        # As the modelled half does.
        ("birthDate", "/form/birth_date"),
        ("birthRegistration", "/form/birth_registration"),
        ("fatherNid", "/form/father_nid"),
        ("changes", "/form/changes"),
        ("formNumber", "/form/form_number"),
        ("gdReference", "/form/gd_reference"),
        ("delivery", "/form/delivery"),
        ("issuedOn", "/form/issued_on"),
        ("newAddress", "/form/new_address"),
        ("documents", "/documents"),
    ],
)
def test_field_that_the_agency_refuses_is_shown_to_whoever_filled_it_in(name: str, pointer: str) -> None:
    answer = AgencyResponse(400, [], json.dumps({"error": {"field": name}}).encode())
    refused = PLUGIN.read_error(answer)
    assert isinstance(refused, InputRejected)
    assert [problem.pointer for problem in refused.fields] == [pointer]
