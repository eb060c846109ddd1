"""What a synthetic citizen fills in for each service."""

from pydantic import JsonValue

from nagorik_brta.simulator.licences import licence_number
from nagorik_brta.simulator.register import number_of
from nagorik_testing import ExampleApplication, SyntheticCitizen

_HOME: dict[str, JsonValue] = {
    "division": "ঢাকা",
    "district": "ঢাকা",
    "upazila": "সাভার",
    "home": "নমুনা সড়ক, বাসা ০",
    "postcode": "1340",
}


def example(service: str, citizen: SyntheticCitizen) -> ExampleApplication:
    """An application for ``service`` that BRTA accepts.

    Raises:
        KeyError: There is no such service.
    """
    person: dict[str, JsonValue] = {
        "birth_date": citizen.birth_date.isoformat(),
        "nid": citizen.full_nid.value,
        "mobile": citizen.phone.e164,
    }
    vehicle: dict[str, JsonValue] = {
        "registration_number": f"ঢাকা মেট্রো-ল-০০-{citizen.alias[-4:]}",
        "vehicle": "motorcycle",
        "mobile": citizen.phone.e164,
    }
    serial = citizen.alias[-4:]
    kind: dict[str, JsonValue] = {"kind": "non-professional"}
    forms: dict[str, dict[str, JsonValue]] = {
        "brta.learner": {
            **person,
            **kind,
            "categories": ["motorcycle", "light"],
            "class_viii_passed": True,
            "medically_fit": True,
            "office": "সাভার সার্কেল",
        },
        "brta.smart-card": {**person, **kind, "learner_number": number_of(citizen.alias), "delivery_address": _HOME},
        "brta.renewal": {
            **person,
            **kind,
            "licence_number": licence_number(citizen.alias),
            "expires_on": "2026-12-31",
            "delivery_address": _HOME,
        },
        "brta.duplicate": {
            **person,
            "licence_number": licence_number(citizen.alias),
            "gd_reference": f"জিডি {serial}, ০১/১১/২০২৬, নমুনা থানা",
            "not_seized": True,
            "delivery_address": _HOME,
        },
        "brta.licence-check": {
            "licence_number": licence_number(citizen.alias),
            "birth_date": citizen.birth_date.isoformat(),
        },
        "brta.registration": {
            **person,
            "engine_cc": 150,
            "chassis_number": f"NAMUNA{serial}",
            "office": "সাভার সার্কেল",
        },
        "brta.transfer": {
            **person,
            "registration_number": vehicle["registration_number"],
            "vehicle": "motorcycle",
            "engine_cc": 125,
            "acquired_by": "purchase",
            "papers_signed": True,
            "office": "সাভার সার্কেল",
        },
        "brta.tax-token": {
            **vehicle,
            "weight_kg": 120,
            "plan": "two-years",
            "token_expires_on": "2026-12-31",
            "registered_on": "2020-12-31",
        },
        "brta.fitness": {
            **vehicle,
            "registration_number": f"ঢাকা মেট্রো-গ-০০-{serial}",
            "vehicle": "car",
            "office": "সাভার সার্কেল",
        },
    }
    return ExampleApplication(applicant=citizen.applicant(), form=forms[service])
