"""What a synthetic citizen fills in for each service."""

from datetime import date, timedelta

from pydantic import JsonValue

from nagorik_testing import ExampleApplication, SyntheticCitizen

SERIAL_PLACES = 4


def example(service: str, citizen: SyntheticCitizen, today: date) -> ExampleApplication:
    """An application for ``service`` that BMET accepts.

    Raises:
        KeyError: There is no such service.
    """
    passport = f"A0000{citizen.alias[-SERIAL_PLACES:]}"
    born: JsonValue = citizen.birth_date.isoformat()
    registered: dict[str, JsonValue] = {
        "birth_date": born,
        "bmet_number": f"BM0000{citizen.alias[-SERIAL_PLACES:]}",
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
    }
    return ExampleApplication(applicant=citizen.applicant(), form=forms[service])
