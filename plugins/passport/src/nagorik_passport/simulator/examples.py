"""What a synthetic citizen fills in for each service."""

from pydantic import JsonValue

from nagorik_passport.simulator.elsewhere import application_id, registration_id
from nagorik_passport.simulator.register import passport_number
from nagorik_testing import ExampleApplication, SyntheticCitizen

_HOME: dict[str, JsonValue] = {
    "division": "ঢাকা",
    "district": "ঢাকা",
    "upazila": "সাভার",
    "home": "নমুনা সড়ক, বাসা ০",
    "postcode": "1340",
}


def example(service: str, citizen: SyntheticCitizen) -> ExampleApplication:
    """An application for ``service`` that the department accepts.

    Raises:
        KeyError: There is no such service.
    """
    born: JsonValue = citizen.birth_date.isoformat()
    given_name, _, surname = (citizen.name.en or "").partition(" ")
    application: dict[str, JsonValue] = {
        "birth_date": born,
        "given_name": given_name,
        "surname": surname,
        "nid": citizen.full_nid.value,
        "pages": 48,
        "validity_years": 5,
        "delivery": "express",
        "office": "সাভার",
        "mobile": citizen.phone.e164,
        "present_address": _HOME,
        "permanent_address": _HOME,
    }
    earlier: dict[str, JsonValue] = {
        "previous_passport": passport_number(citizen),
        "reason": "expired",
        "permanent_address_changed": False,
    }
    forms: dict[str, dict[str, JsonValue]] = {
        "passport.new": {**application, "had_passport": False},
        "passport.reissue": {**application, **earlier},
        "passport.verification": {"passport_no": passport_number(citizen), "birth_date": born},
        "passport.status": {"application_no": application_id(citizen), "birth_date": born},
        "passport.appointment-change": {"application_no": registration_id(citizen), "birth_date": born},
    }
    return ExampleApplication(applicant=citizen.applicant(), form=forms[service])
