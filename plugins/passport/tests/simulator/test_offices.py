"""What QA and training do by hand, over the simulator's admin API."""

import httpx
import pytest
from httpx import ASGITransport

from nagorik_passport.simulator import PassportSimulator
from nagorik_passport.simulator.registrations import DAY
from nagorik_testing import SyntheticCitizens
from nagorik_testing.simulator.admin import with_admin

API = "/sim/epassport/api/v1"
CITIZEN = SyntheticCitizens().citizen(7)
REGISTRATION = {
    "kind": "NEW",
    "clientReference": "NGK-1",
    "surname": "NOMUNA",
    "dob": f"{CITIZEN.birth_date:{DAY}}",
    "idType": "NID",
    "idNumber": CITIZEN.full_nid.value,
    "bookletPages": 48,
    "validityYears": 5,
    "delivery": "REGULAR",
    "place": "BANGLADESH",
    "office": "Uttara",
}
CHALLAN = {"challanNo": "C-1", "amount": "4025.00", "payerName": "Somebody Else", "paidOn": "24/11/2026"}


@pytest.fixture
def agency() -> PassportSimulator:
    return PassportSimulator()


@pytest.fixture
def portal(agency: PassportSimulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=ASGITransport(with_admin(agency)), base_url="http://127.0.0.1")


async def file(portal: httpx.AsyncClient, **more: object) -> httpx.Response:
    return await portal.post(f"{API}/registrations", json={**REGISTRATION, **more})


async def test_whole_case_by_hand(agency: PassportSimulator, portal: httpx.AsyncClient) -> None:
    oid = (await file(portal)).json()["oid"]
    desk = f"/_simulator/passport/applications/{oid}"
    await portal.post(f"{API}/registrations/{oid}/payments", json=CHALLAN)
    agency.clock.advance(7200)
    words = []
    for action in ("correct-payer", "enrol", "send-for-rework"):
        answer = await portal.post(f"{desk}/{action}", json={"remarks": "ছবি স্পষ্ট নয়"})
        words.append(answer.json()["status"])
    standing = (await portal.get(f"{API}/application-status", params={"oid": oid, "dob": REGISTRATION["dob"]})).json()
    assert (standing["status"], standing["remarks"]) == ("Sent for Rework", "ছবি স্পষ্ট নয়")
    await portal.post(f"{API}/registrations/{oid}/rework", json=REGISTRATION)
    for action in ("ask-police", "clear", "approve", "ship", "receive", "hand-over"):
        answer = await portal.post(f"{desk}/{action}")
        assert answer.status_code == 200, action
        words.append(answer.json()["status"])
    assert words[-6:] == ["POLICE", "FINAL", "APPROVED", "SHIPPED", "READY", "ISSUED"]
    assert words[:3] == ["PAID", "ENROLMENT", "REWORK"]


async def test_officer_cannot_approve_what_is_not_enrolled(portal: httpx.AsyncClient) -> None:
    oid = (await file(portal)).json()["oid"]
    answer = await portal.post(f"/_simulator/passport/applications/{oid}/approve")
    assert (answer.status_code, answer.json()) == (409, {"error": "the application is SUBMITTED"})


async def test_officer_marks_an_appointment_as_missed_and_fills_the_board(
    agency: PassportSimulator, portal: httpx.AsyncClient
) -> None:
    oid = (await file(portal, surname="SOMEBODY ELSE")).json()["oid"]
    await portal.post(f"{API}/registrations/{oid}/payments", json=CHALLAN)
    agency.clock.advance(7200)
    await portal.post(f"{API}/registrations/{oid}/appointments", json={"slotId": "2026-11-25T10:00"})
    answer = await portal.post(f"/_simulator/passport/applications/{oid}/miss")
    assert answer.json()["remarks"].startswith("নির্ধারিত সময়ে")
    filled = await portal.post("/_simulator/passport/slots/UTTARA/fill", json={"until": "2026-12-10"})
    assert all(slot > "2026-12-10" for slot in filled.json()["free"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"bookletPages": 32}, "bookletPages"),
        ({"validityYears": 10, "dob": "01/01/2015"}, "validityYears"),
        ({"validityYears": 10, "dob": "24/11/1960"}, "validityYears"),
        ({"dob": "01/01/2030"}, "dob"),
        ({"delivery": "SUPER_EXPRESS", "place": "MISSION"}, "delivery"),
        ({"delivery": "SUPER_EXPRESS", "permanentAddressChanged": True}, "delivery"),
        ({"office": ""}, "office"),
        ({"idNumber": None}, "idNumber"),
    ],
)
async def test_portal_has_its_own_rules(portal: httpx.AsyncClient, more: dict[str, object], field: str) -> None:
    answer = await file(portal, **more)
    assert (answer.status_code in {400, 422}, answer.json()["error"]["field"]) == (True, field)


async def test_paying_again_what_is_paid_is_refused_and_the_same_challan_is_not(
    agency: PassportSimulator, portal: httpx.AsyncClient
) -> None:
    oid = (await file(portal, surname="SOMEBODY ELSE")).json()["oid"]
    pay = f"{API}/registrations/{oid}/payments"
    assert (await portal.post(pay, json=CHALLAN)).json() == {"verification": "PENDING"}
    assert (await portal.post(pay, json=CHALLAN)).json() == {"verification": "PENDING"}
    assert (await portal.post(pay, json={**CHALLAN, "challanNo": "C-2"})).status_code == 409
    agency.clock.advance(7200)
    assert (await portal.post(pay, json=CHALLAN)).json() == {"verification": "VERIFIED"}


async def test_half_of_the_applications_meet_other_spellings(
    agency: PassportSimulator, portal: httpx.AsyncClient
) -> None:
    words = set()
    for _ in range(12):
        oid = (await file(portal, place="MISSION")).json()["oid"]
        await portal.post(f"/_simulator/passport/applications/{oid}/enrol")
        told = await portal.get(f"{API}/application-status", params={"oid": oid, "dob": REGISTRATION["dob"]})
        words.add(told.json()["status"])
    assert words == {"Enrolment in Process", "Enrollment in Process"}
