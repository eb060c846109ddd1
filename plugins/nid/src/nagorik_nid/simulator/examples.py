"""What a synthetic citizen fills in for each service."""

from datetime import date

from pydantic import JsonValue

from nagorik import Applicant
from nagorik_nid.simulator.lookup_desk import form_number
from nagorik_testing import ExampleApplication, SyntheticCitizen
from nagorik_toolkit import years_after

_HOME: dict[str, JsonValue] = {
    "division": "Dhaka",
    "district": "Dhaka",
    "upazila": "Savar",
    "union_or_ward": "নমুনা ইউনিয়ন",
    "home": "Example Road, House 0",
}
_COMES_OF_AGE = date(2006, 3, 14)
"""A birth date of somebody who is 18 and has no card yet."""
_FIRST_CARDS = date(2009, 6, 30)
"""When everybody got a card who was of age then; made up."""


def example(service: str, citizen: SyntheticCitizen) -> ExampleApplication:
    """An application for ``service`` that the Commission accepts.

    Raises:
        KeyError: There is no such service.
    """
    if service == "nid.new-voter":
        return _new_voter(citizen)
    if service == "nid.application-status":
        asked: dict[str, JsonValue] = {
            "birth_date": citizen.birth_date.isoformat(),
            "form_number": form_number(citizen),
        }
        return ExampleApplication(applicant=citizen.applicant(), form=asked)
    details: dict[str, dict[str, JsonValue]] = {
        "nid.verification": {"name": {"en": citizen.name.en, "bn": citizen.name.bn}},
        "nid.correction": {"changes": [{"field": "name-en", "value": citizen.name.en}]},
        "nid.reissue": {"reason": "damaged", "delivery": "urgent"},
        "nid.renewal": {"issued_on": max(_FIRST_CARDS, _of_age(citizen)).isoformat(), "delivery": "urgent"},
        "nid.migration": {"new_address": _HOME},
        "nid.card-status": {},
    }
    card: dict[str, JsonValue] = {
        "birth_date": citizen.birth_date.isoformat(),
        "nid": citizen.full_nid.value,
    }
    return ExampleApplication(applicant=citizen.applicant(), form={**card, **details[service]})


def _of_age(citizen: SyntheticCitizen) -> date:
    """The 18th birthday."""
    return years_after(citizen.birth_date, 18)


def _new_voter(citizen: SyntheticCitizen) -> ExampleApplication:
    number = f"{_COMES_OF_AGE.year}{citizen.birth_registration.value[4:]}"
    applicant = Applicant.model_validate(
        {
            "name": citizen.name,
            "birth_date": _COMES_OF_AGE,
            "identifiers": [{"type": "brn", "value": number}],
            "phone": citizen.phone,
        }
    )
    form: dict[str, JsonValue] = {
        "birth_date": _COMES_OF_AGE.isoformat(),
        "birth_registration": number,
        "name": {"en": citizen.name.en, "bn": citizen.name.bn},
        "father_name": citizen.father.bn,
        "mother_name": citizen.mother.bn,
        "mobile": citizen.phone.e164,
        "present_address": _HOME,
        "permanent_address": _HOME,
    }
    return ExampleApplication(applicant=applicant, form=form)
