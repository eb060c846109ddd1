"""The modelled look-ups."""

import pytest

from nagorik_nid.simulator.lookup_desk import PLACE, form_number
from nagorik_testing import SyntheticCitizens

from .conftest import API


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
    found = (await ask(client, "application", formNumber=form_number(citizen), dob=str(citizen.birth_date))).json()
    assert (found["result"], found["status"], found["lookupNo"][:4]) == ("FOUND", word, "LKP-")


@pytest.mark.parametrize("serial", [9400, 9999])
async def test_some_have_filed_nothing(client, serial):
    citizen = SyntheticCitizens(7).citizen(serial)
    found = (await ask(client, "application", formNumber=form_number(citizen), dob=str(citizen.birth_date))).json()
    assert found["result"] == "NOT_FOUND"


@pytest.mark.parametrize("number", ["000000004", "00000000042", "000000٠٠٤٢", "000000-042", "NIDW-1"])
async def test_form_number_that_nobody_has(client, citizen, number):
    found = (await ask(client, "application", formNumber=number, dob=str(citizen.birth_date))).json()
    assert (found["result"], "status" in found) == ("NOT_FOUND", False)


@pytest.mark.parametrize("what", ["application", "card"])
async def test_another_date_of_birth_finds_nothing(client, citizen, what):
    found = (await ask(client, what, formNumber=form_number(citizen), dob="1949-12-31")).json()
    assert found["result"] == "NOT_FOUND"


async def test_nid_number_goes_before_the_form_number(client, citizen):
    other = SyntheticCitizens(7).citizen(9100)
    asked = {"nid": citizen.smart_nid.value, "formNumber": form_number(other), "dob": str(citizen.birth_date)}
    assert (await ask(client, "card", **asked)).json()["place"] == PLACE


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        ("application", {"dob": "1990-01-31"}, "formNumber"),
        ("application", {"formNumber": "0000000042", "dob": "31/01/1990"}, "dob"),
        ("card", {"dob": "1990-01-31"}, "formNumber"),
        ("card", {"nid": "123", "dob": "1990-01-31"}, "nid"),
    ],
)
async def test_question_that_is_none_is_refused_by_its_field(client, what, asked, field):
    answer = await ask(client, what, **asked)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


async def test_look_up_needs_a_login_and_leaves_nothing_behind(nid, client, citizen):
    before = len(nid.ledger.effects())
    await ask(client, "card", nid=citizen.full_nid.value, dob=str(citizen.birth_date))
    assert len(nid.ledger.effects()) == before
    client.headers.pop("Authorization")
    assert (await ask(client, "card", nid=citizen.full_nid.value, dob="1990-01-31")).status_code == 401
