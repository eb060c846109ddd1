"""The modelled look-ups."""

import pytest

from nagorik_nid.simulator import NidSimulator
from nagorik_testing import SyntheticCitizens

from .conftest import API

PLACE = NidSimulator.agency.lookups["cards"].answers["otherwise"]["place"]


def form_number(citizen):
    """The number on the citizen's slip."""
    return f"000000{citizen.alias[-4:]}"


async def ask(client, what, **asked):
    return await client.post(f"{API}/lookups/{what}", json=asked)


@pytest.mark.parametrize(
    ("serial", "word"),
    [
        (42, "DOCUMENT_REVIEW"),
        (9000, "READY_TO_DOWNLOAD"),
        (9199, "REJECTED"),
        (9200, "ADDITIONAL_DOCS"),
        (9300, "HEARING"),
    ],
)
async def test_form_of_everybody_stands_somewhere(client, serial, word):
    citizen = SyntheticCitizens(7).citizen(serial)
    asked = {"formNumber": form_number(citizen), "birthDate": str(citizen.birth_date)}
    found = (await ask(client, "applications", **asked)).json()
    assert (found["status"], found["since"], found["number"][:4]) == (word, "2026-11-14", "ENQ-")
    assert found["result"] == "FOUND"


@pytest.mark.parametrize("serial", [9400, 9999])
async def test_some_have_filed_nothing(client, serial):
    citizen = SyntheticCitizens(7).citizen(serial)
    asked = {"formNumber": form_number(citizen), "birthDate": str(citizen.birth_date)}
    found = (await ask(client, "applications", **asked)).json()
    assert found["result"] == "NOT_FOUND"


@pytest.mark.parametrize("number", ["000000004", "00000000042", "000000٠٠٤٢", "000000-042", "NIDW-1"])
async def test_form_number_that_nobody_has(client, citizen, number):
    found = (await ask(client, "applications", formNumber=number, birthDate=str(citizen.birth_date))).json()
    assert (found["result"], "status" in found) == ("NOT_FOUND", False)


@pytest.mark.parametrize("what", ["applications", "cards"])
async def test_another_date_of_birth_finds_nothing(client, citizen, what):
    found = (await ask(client, what, formNumber=form_number(citizen), birthDate="1949-12-31")).json()
    assert found["result"] == "NOT_FOUND"


async def test_nid_number_goes_before_the_form_number(client, citizen):
    other = SyntheticCitizens(7).citizen(9100)
    asked = {"nid": citizen.smart_nid.value, "formNumber": form_number(other), "birthDate": str(citizen.birth_date)}
    assert (await ask(client, "cards", **asked)).json()["place"] == PLACE


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        ("applications", {"birthDate": "1990-01-31"}, "formNumber"),
        ("applications", {"formNumber": "0000000042", "birthDate": "31/01/1990"}, "birthDate"),
        ("cards", {"birthDate": "1990-01-31"}, "formNumber"),
        ("cards", {"nid": "123", "birthDate": "1990-01-31"}, "nid"),
    ],
)
async def test_question_that_is_none_is_refused_by_its_field(client, what, asked, field):
    answer = await ask(client, what, **asked)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


async def test_look_up_needs_a_login_and_leaves_nothing_behind(nid, client, citizen):
    before = len(nid.ledger.effects())
    await ask(client, "cards", nid=citizen.full_nid.value, birthDate=str(citizen.birth_date))
    assert len(nid.ledger.effects()) == before
    client.headers.pop("Authorization")
    assert (await ask(client, "cards", nid=citizen.full_nid.value, birthDate="1990-01-31")).status_code == 401
