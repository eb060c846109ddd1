"""What QA and training do by hand, over the simulator's admin API."""

from typing import Any

import httpx
import pytest
from httpx import ASGITransport

from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing.simulator.admin import with_admin

API = "/sim/bmet/v1"
BOOKING = {
    "clientReference": "NGK-1",
    "bmetNumber": "BM00000001",
    "registeredOn": "2026-10-01",
    "birthDate": "1990-01-31",
    "centre": "KHULNA",
}
CLEARANCE: dict[str, Any] = {
    "clientReference": "NGK-1",
    "card": "NEW",
    "bmetNumber": "BM00000001",
    "registeredOn": "2026-10-01",
    "birthDate": "1990-01-31",
    "passportNo": "A00000001",
    "occupation": "DRIVING",
    "country": "কাতার",
    "employer": "নমুনা",
    "papers": ["VISA", "CONTRACT", "PDO_CERTIFICATE", "BANK_ACCOUNT", "MEDICAL_REPORT"],
}

CARD = {"card": "REGISTRATION", "cardNumber": "BM00000001", "birthDate": "1990-01-31"}


@pytest.fixture
def agency() -> BmetSimulator:
    return BmetSimulator()


@pytest.fixture
def bmet(agency: BmetSimulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=ASGITransport(with_admin(agency)), base_url="http://127.0.0.1")


async def test_a_clearance_by_hand(bmet: httpx.AsyncClient) -> None:
    reference = (await bmet.post(f"{API}/clearances", json=CLEARANCE)).json()["reference"]
    desk = f"/_simulator/bmet/clearances/{reference}"
    payment = {"reference": "CD-1", "amount": "4500.00", "paidOn": "2026-11-24"}
    paid = await bmet.post(f"{API}/clearances/{reference}/payments", json=payment)
    assert paid.json() == {"state": "TAKEN", "reference": "CD-1"}
    await bmet.post(f"{desk}/query", json={"remarks": "ভিসার কপি অস্পষ্ট"})
    standing = (await bmet.get(f"{API}/clearances/{reference}")).json()
    assert (standing["status"], standing["remarks"]) == ("QUERY", "ভিসার কপি অস্পষ্ট")
    assert (await bmet.get(f"{API}/clearances/{reference}/documents/smart-card")).status_code == 409
    states = [(await bmet.post(f"{desk}/{action}")).json()["status"] for action in ("approve", "issue")]
    assert states == ["APPROVED", "ISSUED"]
    assert (await bmet.get(f"{API}/clearances/{reference}/documents/smart-card")).content.startswith(b"%PDF-")
    again = await bmet.post(f"{desk}/approve")
    assert (again.status_code, again.json()) == (409, {"error": "the application is ISSUED"})


async def test_strangers_fill_a_batch_and_somebody_misses_theirs(bmet: httpx.AsyncClient) -> None:
    reference = (await bmet.post(f"{API}/pdo-bookings", json=BOOKING)).json()["reference"]
    one = f"{API}/pdo-bookings/{reference}"
    await bmet.post(f"{one}/payments", json={"reference": "C-1", "amount": "300.00", "paidOn": "2026-11-24"})
    filled = (await bmet.post("/_simulator/bmet/batches/KHULNA/fill", json={"until": "2026-12-01"})).json()
    asked = {"from": "2026-11-29", "to": "2026-12-31"}
    shown = (await bmet.get(f"{one}/slots", params=asked)).json()["slots"]
    assert (shown[0]["id"], shown[0]["free"], shown[-1]["free"] > 0) == ("2026-11-29T09:00", 0, True)
    assert (await bmet.post(f"{one}/booking", json={"slot": "2026-11-29T09:00"})).json() == {"booked": False}
    assert (await bmet.post(f"{one}/booking", json={"slot": filled["free"][0]})).json()["booked"]
    missed = await bmet.post(f"/_simulator/bmet/orientations/{reference}/miss")
    assert missed.json()["remarks"].startswith("সব দিন")
    assert (await bmet.get(one)).json()["status"] == "BATCH_TO_CHOOSE"


@pytest.mark.parametrize(
    ("collection", "content", "more", "field"),
    [
        ("pdo-bookings", BOOKING, {"centre": "MARS"}, "centre"),
        ("pdo-bookings", BOOKING, {"bmetNumber": ""}, "bmetNumber"),
        ("pdo-bookings", BOOKING, {"birthDate": "2030-01-01"}, "birthDate"),
        ("pdo-bookings", BOOKING, {"registeredOn": "1/10/2026"}, "registeredOn"),
        ("clearances", CLEARANCE, {"papers": ["VISA"]}, "papers"),
        ("clearances", CLEARANCE, {"papers": None}, "papers"),
        ("clearances", CLEARANCE, {"card": "CORRECTION"}, "correction"),
        ("clearances", CLEARANCE, {"employer": None}, "employer"),
        ("registrations", CLEARANCE, {"mobile": "+8801300000001", "countries": []}, "countries"),
        ("clearances", CLEARANCE, {"recrutingAgency": "RL-0"}, "recrutingAgency"),
        ("lookups/cards", CARD, {"card": "VISA"}, "card"),
        ("lookups/cards", CARD, {"birthDate": "31/01/1990"}, "birthDate"),
        ("lookups/clearances", CARD, {}, "passportNo"),
    ],
)
async def test_bmet_has_its_own_rules(
    bmet: httpx.AsyncClient, collection: str, content: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    answer = await bmet.post(f"{API}/{collection}", json={**content, **more})
    assert (answer.status_code in {400, 422}, answer.json()["error"]["field"]) == (True, field)


@pytest.mark.parametrize("amount", ["299.99", "250.00", "0.00"])
async def test_another_sum_is_not_taken(agency: BmetSimulator, bmet: httpx.AsyncClient, amount: str) -> None:
    reference = (await bmet.post(f"{API}/pdo-bookings", json=BOOKING)).json()["reference"]
    payment = {"reference": "C-1", "amount": amount, "paidOn": "2026-11-24"}
    answer = await bmet.post(f"{API}/pdo-bookings/{reference}/payments", json=payment)
    assert answer.status_code == 400
    assert agency.ledger.effects("payment") == ()


async def test_who_chooses_no_batch_is_put_into_one(agency: BmetSimulator, bmet: httpx.AsyncClient) -> None:
    reference = (await bmet.post(f"{API}/pdo-bookings", json=BOOKING)).json()["reference"]
    one = f"{API}/pdo-bookings/{reference}"
    await bmet.post(f"{one}/payments", json={"reference": "C-1", "amount": "300.00", "paidOn": "2026-11-24"})
    words = []
    for days in (20, 1, 7):
        agency.clock.advance(days * 86_400)
        words.append((await bmet.get(one)).json()["status"])
    assert words == ["BATCH_TO_CHOOSE", "PDO_BOOKED", "PDO_COMPLETED"]
