"""What a synthetic citizen fills in for each service."""

from datetime import date, timedelta

from pydantic import JsonValue

from nagorik_bmet.simulator.register import passport_number, registration_number
from nagorik_testing import ExampleApplication, SyntheticCitizen


def example(service: str, citizen: SyntheticCitizen, today: date) -> ExampleApplication:
    """An application for ``service`` that BMET accepts.

    Raises:
        KeyError: There is no such service.
    """
    passport = passport_number(citizen)
    born: JsonValue = citizen.birth_date.isoformat()
    registered: dict[str, JsonValue] = {
        "birth_date": born,
        "bmet_number": registration_number(citizen),
        "registered_on": (today - timedelta(days=30)).isoformat(),
    }
    forms: dict[str, dict[str, JsonValue]] = {
        "bmet.registration": {
            "birth_date": born,
            "passport_no": passport,
            "mobile": citizen.phone.e164,
            "occupation": "construction",
            "skills": ["ঝালাই", "আরবি ভাষা"],
            "countries": ["সৌদি আরব", "কাতার"],
        },
        "bmet.orientation": {**registered, "centre": "dhaka"},
        "bmet.clearance": {
            **registered,
            "passport_no": passport,
            "occupation": "construction",
            "country": "সৌদি আরব",
            "employer": "নমুনা নির্মাণ কোম্পানি",
            "papers": ["visa", "contract", "pdo-certificate", "bank-account", "medical-report"],
        },
        "bmet.card-verification": {
            "birth_date": born,
            "card": "registration",
            "card_number": registration_number(citizen),
        },
        "bmet.clearance-verification": {"birth_date": born, "passport_no": passport},
    }
    return ExampleApplication(applicant=citizen.applicant(), form=forms[service])
