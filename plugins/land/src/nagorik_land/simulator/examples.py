"""What a synthetic citizen fills in for each service."""

from pydantic import JsonValue

from nagorik_land.simulator.enquiry_desk import mutation_number
from nagorik_testing import ExampleApplication, SyntheticCitizen

_PLACE: dict[str, JsonValue] = {
    "division": "Dhaka",
    "district": "Dhaka",
    "upazila": "Savar",
    "mouza": "নমুনা মৌজা",
    "jl_number": "000",
}
_ADDRESS: dict[str, JsonValue] = {
    "division": "Dhaka",
    "district": "Dhaka",
    "upazila": "Savar",
    "home": "Example Road, House 0",
    "postcode": "1340",
}


def example(service: str, citizen: SyntheticCitizen) -> ExampleApplication:
    """An application for ``service`` that an office accepts.

    Raises:
        KeyError: There is no such service.
    """
    mobile = citizen.phone.e164
    own: dict[str, JsonValue] = {"nid": citizen.full_nid.value, "birth_date": citizen.birth_date.isoformat()}
    details: dict[str, dict[str, JsonValue]] = {
        "land.mutation": {
            "khatian_number": "123",
            "plots": [{"number": "45/1", "area": "০.১২৫০"}, {"number": "46", "area": "0.0800"}],
            "recorded_owner": citizen.father.bn,
            "acquisition": "purchase",
            "deed_number": "1234",
            "deed_date": "2010-05-04",
            "mobile": mobile,
        },
        "land.khatian-copy": {
            "survey": "bs",
            "khatian_number": "123",
            "address": _ADDRESS,
            "mobile": mobile,
        },
        "land.mouza-map": {"sheet_number": "1", "mobile": mobile},
        "land.development-tax": {
            "holding_number": "120",
            "fiscal_year": "2026-27",
            "area": "০.০৫০০",
            "area_class": "rural",
            "use": "residential",
        },
        "land.holding-registration": {
            **own,
            "mobile": mobile,
            "survey": "bs",
            "khatian_number": "123",
            "plots": [{"number": "45/1", "area": "০.১২৫০"}],
            "holding_number": "120",
        },
        "land.khatian-search": {"survey": "bs", "khatian_number": "123", "plot_number": "246"},
        "land.mutation-status": {
            "division": "dhaka",
            "application_number": mutation_number(citizen, 4),
            "nid": citizen.full_nid.value,
        },
    }
    places: dict[str, dict[str, JsonValue]] = {
        "land.khatian-search": {"place": {name: part for name, part in _PLACE.items() if name != "jl_number"}},
        "land.mutation-status": {},
    }
    place = places.get(service, {"place": _PLACE})
    return ExampleApplication(applicant=citizen.applicant(), form={**place, **details[service]})
