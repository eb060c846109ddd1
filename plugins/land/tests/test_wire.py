"""What a land office is told."""

import json
from datetime import date

import pytest

from nagorik import AgencyResponse, Form, InputRejected, PersonName, SubmitRequest
from nagorik_land.forms import (
    DevelopmentTaxForm,
    HoldingRegistrationForm,
    KhatianCopyForm,
    MouzaMapForm,
    MutationForm,
)
from nagorik_land.plugin import PLUGIN, read_error
from nagorik_land.simulator import LandSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

CITIZEN = SyntheticCitizens().citizen(11)
FORMS: dict[str, type[Form]] = {
    "land.mutation": MutationForm,
    "land.khatian-copy": KhatianCopyForm,
    "land.mouza-map": MouzaMapForm,
    "land.development-tax": DevelopmentTaxForm,
    "land.holding-registration": HoldingRegistrationForm,
}


@pytest.mark.parametrize("service", FORMS)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        (PersonName(bn="নমুনা নাগরিক", en="NOMUNA NAGORIK"), "নমুনা নাগরিক"),
        (PersonName(en="NOMUNA NAGORIK"), "NOMUNA NAGORIK"),
    ],
)
def test_applicant_goes_by_the_bangla_name_where_there_is_one(service: str, name: PersonName, told: str) -> None:
    example = LandSimulator().example(service, CITIZEN)
    request = SubmitRequest(
        service=service,
        on=date(2026, 11, 24),
        applicant=example.applicant.model_copy(update={"name": name}),
        form=validate_form(FORMS[service], example.form),
        client_reference="NGK-1",
    )
    assert PLUGIN.details(request)["applicant"] == told


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("district", "/form/place/district"),
        ("upazila", "/form/place/upazila"),
        ("mouza", "/form/place/mouza"),
        ("jlNumber", "/form/place/jl_number"),
        ("khatianNumber", "/form/khatian_number"),
        ("holdingNumber", "/form/holding_number"),
        ("sheetNumber", "/form/sheet_number"),
        ("fiscalYear", "/form/fiscal_year"),
        ("area", "/form/area"),
        ("plots", "/form/plots"),
        ("deedNumber", "/form/deed_number"),
        ("survey", "/form/survey"),
        ("plotNumber", "/form/plot_number"),
        ("mobile", "/form/mobile"),
        ("nid", "/form/nid"),
        ("birthDate", "/form/birth_date"),
        ("division", "/form/division"),
        ("applicationNumber", "/form/application_number"),
    ],
)
def test_field_that_the_agency_refuses_is_shown_to_whoever_filled_it_in(name: str, pointer: str) -> None:
    answer = AgencyResponse(400, [], json.dumps({"error": {"field": name}}).encode())
    refused = read_error(answer)
    assert isinstance(refused, InputRejected)
    assert [problem.pointer for problem in refused.fields] == [pointer]
