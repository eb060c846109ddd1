"""What the Election Commission refuses, and where the citizen reads of it."""

import json

import pytest

from nagorik import AgencyResponse, InputRejected
from nagorik_nid import partner_service


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("nid10Digit", "/form/nid"),
        ("nid17Digit", "/form/nid"),
        ("nid", "/form/nid"),
        ("dateOfBirth", "/form/birth_date"),
        ("dob", "/form/birth_date"),
        ("nameEn", "/form/name/en"),
        ("name", "/form/name/bn"),
        ("father", "/form/father_name"),
        ("mother", "/form/mother_name"),
        ("spouse", "/form/spouse_name"),
        ("permanentAddress", "/form/permanent_address"),
        ("presentAddress", "/form/present_address"),
        ("changes", "/form/changes"),
        ("formNumber", "/form/form_number"),
        ("delivery", "/form/delivery"),
        ("documents", "/documents"),
    ],
)
def test_field_that_the_agency_refuses_is_shown_to_whoever_filled_it_in(name: str, pointer: str) -> None:
    answer = AgencyResponse(400, [], json.dumps({"error": {"field": name}}).encode())
    refused = partner_service.read_error(answer)
    assert isinstance(refused, InputRejected)
    assert [problem.pointer for problem in refused.fields] == [pointer]
