"""What QA and training do by hand, over the simulator's admin API."""

import httpx
import pytest
from httpx import ASGITransport

from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_testing.simulator.admin import with_admin

API = "/sim/epassport/api/v1"
CITIZEN = SyntheticCitizens().citizen(7)
REGISTRATION = {
    "kind": "NEW",
    "clientReference": "NGK-1",
    "surname": "NOMUNA",
    "birthDate": f"{CITIZEN.birth_date:%d/%m/%Y}",
    "nid": CITIZEN.full_nid.value,
    "pages": 48,
    "validityYears": 5,
    "delivery": "REGULAR",
    "staff": "NONE",
    "place": "BANGLADESH",
    "office": "Uttara",
    "missionGroup": "GENERAL",
    "mobile": "+8801300000007",
    "permanentAddress": "নমুনা সড়ক",
    "hadPassport": False,
}
CORRECTED = {name: value for name, value in REGISTRATION.items() if name != "clientReference"}
CHALLAN = {"reference": "C-1", "amount": "4025.00", "payer": "Somebody Else", "paidOn": "24/11/2026"}
OWN = {"Applicant-Birth-Date": str(REGISTRATION["birthDate"])}


@pytest.fixture
def agency() -> PassportSimulator:
    return PassportSimulator()


@pytest.fixture
def portal(agency: PassportSimulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=ASGITransport(with_admin(agency)), base_url="http://127.0.0.1")


async def file(portal: httpx.AsyncClient, **more: object) -> httpx.Response:
    return await portal.post(f"{API}/registrations", json={**REGISTRATION, **more})


async def test_whole_case_by_hand(agency: PassportSimulator, portal: httpx.AsyncClient) -> None:
    oid = (await file(portal)).json()["reference"]
    desk = f"/_simulator/passport/applications/{oid}"
    await portal.post(f"{API}/registrations/{oid}/payments", json=CHALLAN)
    agency.clock.advance(7200)
    words = []
    for action in ("correct-payer", "enrol", "send-for-rework"):
        answer = await portal.post(f"{desk}/{action}", json={"remarks": "ছবি স্পষ্ট নয়"})
        words.append(answer.json()["status"])
    standing = (await portal.get(f"{API}/registrations/{oid}", headers=OWN)).json()
    assert (standing["status"], standing["remarks"]) == ("Sent for Rework", "ছবি স্পষ্ট নয়")
    await portal.post(f"{API}/registrations/{oid}/correction", json=CORRECTED)
    for action in ("ask-police", "clear", "approve", "ship", "receive", "hand-over"):
        answer = await portal.post(f"{desk}/{action}")
        assert answer.status_code == 200, action
        words.append(answer.json()["status"])
    assert words[-6:] == ["POLICE", "FINAL", "APPROVED", "SHIPPED", "READY", "ISSUED"]
    assert words[:3] == ["PAID", "ENROLMENT", "REWORK"]


async def test_officer_cannot_approve_what_is_not_enrolled(portal: httpx.AsyncClient) -> None:
    oid = (await file(portal)).json()["reference"]
    answer = await portal.post(f"/_simulator/passport/applications/{oid}/approve")
    assert (answer.status_code, answer.json()) == (409, {"error": "the application is SUBMITTED"})


async def test_officer_marks_an_appointment_as_missed_and_fills_the_board(
    agency: PassportSimulator, portal: httpx.AsyncClient
) -> None:
    oid = (await file(portal, surname="SOMEBODY ELSE")).json()["reference"]
    await portal.post(f"{API}/registrations/{oid}/payments", json=CHALLAN)
    agency.clock.advance(7200)
    await portal.post(f"{API}/registrations/{oid}/booking", json={"slot": "2026-11-25T10:00"})
    answer = await portal.post(f"/_simulator/passport/applications/{oid}/miss")
    assert answer.json()["remarks"].startswith("নির্ধারিত সময়ে")
    filled = await portal.post("/_simulator/passport/slots/UTTARA/fill", json={"until": "2026-12-10"})
    assert all(slot > "2026-12-10" for slot in filled.json()["free"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"pages": 32}, "pages"),
        ({"validityYears": 10, "birthDate": "01/01/2015"}, "validityYears"),
        ({"validityYears": 10, "birthDate": "24/11/1960"}, "validityYears"),
        ({"birthDate": "01/01/2030"}, "birthDate"),
        ({"birthDate": "2015-01-01"}, "birthDate"),
        ({"kind": "REISSUE"}, "previousPassport"),
        ({"hadPasport": True}, "hadPasport"),
        ({"delivery": "SUPER_EXPRESS", "place": "MISSION"}, "delivery"),
        ({"delivery": "SUPER_EXPRESS", "permanentAddressChanged": True}, "delivery"),
        ({"office": ""}, "office"),
        ({"nid": None}, "nid"),
    ],
)
async def test_portal_has_its_own_rules(portal: httpx.AsyncClient, more: dict[str, object], field: str) -> None:
    answer = await file(portal, **more)
    assert (answer.status_code in {400, 422}, answer.json()["error"]["field"]) == (True, field)


async def test_paying_again_what_is_paid_is_refused_and_the_same_challan_is_not(
    agency: PassportSimulator, portal: httpx.AsyncClient
) -> None:
    oid = (await file(portal, surname="SOMEBODY ELSE")).json()["reference"]
    pay = f"{API}/registrations/{oid}/payments"
    assert (await portal.post(pay, json=CHALLAN)).json()["state"] == "PENDING"
    assert (await portal.post(pay, json=CHALLAN)).json()["state"] == "PENDING"
    assert (await portal.post(pay, json={**CHALLAN, "reference": "C-2"})).status_code == 409
    agency.clock.advance(7200)
    assert (await portal.post(pay, json=CHALLAN)).json()["state"] == "TAKEN"


async def test_half_of_the_applications_meet_other_spellings(
    agency: PassportSimulator, portal: httpx.AsyncClient
) -> None:
    words = set()
    for _ in range(12):
        oid = (await file(portal, place="MISSION")).json()["reference"]
        await portal.post(f"/_simulator/passport/applications/{oid}/enrol")
        told = await portal.get(f"{API}/registrations/{oid}", headers=OWN)
        words.add(told.json()["status"])
    assert words == {"Enrolment in Process", "Enrollment in Process"}
