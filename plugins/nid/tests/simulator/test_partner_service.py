"""The wire of the Commission's own document, its inconsistencies included."""

import unicodedata

import pytest

from nagorik_nid.simulator import NidSimulator
from nagorik_nid.simulator.login_endpoint import FIRST_PASSWORD, USERNAME

from .conftest import PARTNER, log_in

VERIFY = f"{PARTNER}/demographic/verification"
DENIED = {
    "status": "UNAUTHORIZED",
    "statusCode": "ERROR",
    "error": {"field": "authorization", "message": "Access is denied"},
}


def question(citizen, **verify):
    return {
        "identify": {"nid10Digit": citizen.smart_nid.value, "nid17Digit": None},
        "verify": verify or {"nameEn": citizen.name.en},
    }


async def test_login_answers_in_the_envelope_and_is_counted(nid, client):
    answer = await log_in(client)
    document = answer.json()
    assert (document["status"], document["statusCode"]) == ("OK", "SUCCESS")
    assert set(document["success"]["data"]) == {"username", "access_token", "refresh_token"}
    assert nid.login_endpoint.logins == 2


async def test_wrong_password_is_told_from_a_dead_token(client):
    answer = await log_in(client, "wrong")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Bad credentials"


async def test_token_dies_after_twelve_hours_of_the_simulated_clock(nid, client, citizen):
    nid.clock.advance(12 * 3600 - 1)
    assert (await client.post(VERIFY, json=question(citizen))).status_code == 200
    nid.clock.advance(1)
    answer = await client.post(VERIFY, json=question(citizen))
    assert (answer.status_code, answer.json()) == (401, DENIED)


async def test_restart_of_the_service_kills_every_token(nid, client, citizen):
    nid.restart()
    assert (await client.post(VERIFY, json=question(citizen))).status_code == 401


async def test_logout_kills_the_token(client, citizen):
    assert (await client.post(f"{PARTNER}/auth/logout", json={})).status_code == 200
    assert (await client.post(VERIFY, json=question(citizen))).status_code == 401


async def test_expired_password_denies_every_call_until_it_is_changed(nid, client, citizen):
    nid.login_endpoint.password_expired = True
    assert (await log_in(client)).status_code == 200
    for path in ("demographic/verification", "partner-billing/get-billing-report"):
        assert (await client.post(f"{PARTNER}/{path}", json={})).json() == DENIED
    assert (await client.post("/sim/nid/v1/prices", json={})).status_code == 401
    change = {"currentPassword": FIRST_PASSWORD, "newPassword": "another-1", "confirmPassword": "another-1"}
    assert (await client.post(f"{PARTNER}/common/change-user-password", json=change)).status_code == 200
    assert (await client.post(VERIFY, json=question(citizen))).status_code == 200
    assert (await log_in(client)).status_code == 401


async def test_match_has_its_verdict_outside_the_envelope_and_stray_blanks(client, citizen):
    asked = {
        "nameEn": citizen.name.en,
        "name": citizen.name.bn,
        "dateOfBirth": f" {citizen.birth_date}",
        " father ": citizen.father.bn,
    }
    answer = await client.post(VERIFY, json=question(citizen, **asked))
    document = answer.json()
    assert answer.status_code == 200
    assert document["verified"] is True
    assert document["fieldVerificationResult"] == {
        "nameEn": True,
        "name": True,
        "dateOfBirth": True,
        " father ": True,
    }
    data = document["success"]["data"]
    assert (data["nationalId"], data["pin"]) == (citizen.smart_nid.value, citizen.full_nid.value)
    assert data["dateOfBirth"] == f" {citizen.birth_date}"


async def test_seventeen_digits_on_the_other_path_find_the_same_voter(client, citizen):
    asked = {"identify": {"nid17Digit": citizen.full_nid.value}, "verify": {"nameEn": citizen.name.en}}
    answer = await client.post(f"{PARTNER}/voter/demographic/verification", json=asked)
    assert answer.json()["success"]["data"]["nationalId"] == citizen.smart_nid.value


async def test_mismatch_is_406_with_verified_as_text_and_data_only_where_the_english_name_matched(client, citizen):
    told = await client.post(VERIFY, json=question(citizen, nameEn=citizen.name.en, mother="অন্য কেউ"))
    silent = await client.post(VERIFY, json=question(citizen, nameEn=citizen.name.en.title()))
    assert (told.status_code, silent.status_code) == (406, 406)
    assert told.json()["verified"] == "false"
    assert told.json()["error"]["message"] == "Person data mismatch"
    assert told.json()["fieldVerificationResult"] == {"nameEn": True, "mother": False}
    assert told.json()["partialResponse"]["pin"] == citizen.full_nid.value
    assert "partialResponse" not in silent.json()


async def test_english_name_is_compared_letter_by_letter_and_bangla_in_one_form(client, citizen):
    spelt = unicodedata.normalize("NFD", citizen.father.bn)
    assert (await client.post(VERIFY, json=question(citizen, father=f"  {spelt} "))).status_code == 200
    assert (await client.post(VERIFY, json=question(citizen, nameEn=citizen.name.en + " "))).status_code == 406


async def test_photograph_expires_after_120_seconds_and_needs_no_token(nid, client, citizen):
    photo = (await client.post(VERIFY, json=question(citizen))).json()["success"]["data"]["photo"]
    del client.headers["Authorization"]
    fresh = await client.get(photo)
    assert (fresh.status_code, fresh.content[:8]) == (200, b"\x89PNG\r\n\x1a\n")
    nid.clock.advance(120)
    stale = await client.get(photo)
    assert (stale.status_code, stale.headers["content-type"]) == (403, "application/xml")


async def test_sla_and_lock_are_403_each_in_its_own_place(nid, client, citizen):
    nid.register.enrol(citizen).locked = True
    locked = await client.post(VERIFY, json=question(citizen))
    assert (locked.status_code, locked.json()["error"]["message"]) == (403, "Voter is locked")
    nid.verification.sla_fields = None
    unassigned = await client.post(VERIFY, json=question(citizen))
    assert (unassigned.status_code, unassigned.json()["error"]) == (403, {"field": "SLA is not Assigned"})


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"verify": {"nameEn": "X"}}, 400, "identify"),
        ({"identify": {"nid10Digit": "123"}, "verify": {"nameEn": "X"}}, 400, "nid10Digit"),
        ({"identify": {"nid10Digit": "০০৯৯০০০০৪২"}, "verify": {"nameEn": "X"}}, 400, "nid10Digit"),
        ({"identify": {"nid10Digit": "0099000042"}, "verify": {}}, 400, "verify"),
        ({"identify": {"nid10Digit": "0099000042"}, "verify": {"bloodGroup": "A+"}}, 400, "bloodGroup"),
        ({"identify": {"nid10Digit": "9999999999"}, "verify": {"nameEn": "X"}}, 404, "nid"),
        ([], 400, "body"),
    ],
)
async def test_wrong_questions_are_refused_in_the_partners_shape(client, asked, status, field):
    answer = await client.post(VERIFY, json=asked)
    document = answer.json()
    assert (answer.status_code, document["error"]["field"]) == (status, field)
    assert document["statusCode"] == "ERROR"


async def test_every_call_is_billed_the_failed_ones_too(nid, client, citizen):
    await client.post(VERIFY, json=question(citizen))
    await client.post(VERIFY, json={})
    nid.clock.advance(24 * 3600)
    await log_in(client)
    await client.post(VERIFY, json=question(citizen, nameEn="Nobody"))
    days = {"startDate": "2026-11-24", "endDate": "2026-11-24"}
    report = f"{PARTNER}/partner-billing/get-billing-report"
    assert (await client.post(report, json=days)).json()["success"]["data"] == {
        "totalCall": 2,
        "successCall": 1,
        "failedCall": 1,
        "totalBill": 4,
    }
    days["endDate"] = "2026-11-25"
    assert (await client.post(report, json=days)).json()["success"]["data"]["totalBill"] == 6
    assert nid.ledger.effect_counts["verification"] == 3


async def test_nothing_personal_is_in_the_ledger(nid, client, citizen):
    await client.post(VERIFY, json=question(citizen, nameEn=citizen.name.en, name=citizen.name.bn))
    written = str(nid.ledger.as_document())
    for canary in (citizen.smart_nid.value, citizen.full_nid.value, citizen.name.en, str(citizen.birth_date)):
        assert canary not in written


def test_two_simulators_of_one_seed_are_alike(nid):
    other, different = NidSimulator(seed=7), NidSimulator(seed=8)
    assert nid.random.random() == other.random.random() != different.random.random()


def test_settings_let_the_plugin_log_in(nid):
    assert nid.settings("http://127.0.0.1:1") == {
        "base_url": "http://127.0.0.1:1",
        "username": USERNAME,
        "password": FIRST_PASSWORD,
    }
