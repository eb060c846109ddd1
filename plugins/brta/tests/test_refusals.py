"""What BRTA's portal refuses, and where the citizen reads of it."""

import json

import pytest

from nagorik import AgencyResponse, InputRejected
from nagorik_brta.plugin import PLUGIN


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("birthDate", "/form/birth_date"),
        ("nid", "/form/nid"),
        ("mobile", "/form/mobile"),
        ("categories", "/form/categories"),
        ("learnerNumber", "/form/learner_number"),
        ("licenceNumber", "/form/licence_number"),
        ("gdReference", "/form/gd_reference"),
        ("expiresOn", "/form/expires_on"),
        ("tokenExpiresOn", "/form/token_expires_on"),
        ("registrationNumber", "/form/registration_number"),
        ("engineCc", "/form/engine_cc"),
        ("weightKg", "/form/weight_kg"),
        ("plan", "/form/plan"),
        ("office", "/form/office"),
    ],
)
def test_field_that_the_agency_refuses_is_shown_to_whoever_filled_it_in(name: str, pointer: str) -> None:
    answer = AgencyResponse(400, [], json.dumps({"error": {"field": name}}).encode())
    refused = PLUGIN.read_error(answer)
    assert isinstance(refused, InputRejected)
    assert [problem.pointer for problem in refused.fields] == [pointer]
