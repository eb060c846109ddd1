"""A whole case played by hand, over the admin API, as QA and trainers do it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from nagorik.values import dhaka_date
from nagorik_land.simulator import LandSimulator
from nagorik_testing.simulator.admin import with_admin

MUTATIONS = "/sim/land/v1/mutations"
PLACE = {
    "clientReference": "NGK-1",
    "district": "Dhaka",
    "upazila": "Savar",
    "mouza": "নমুনা মৌজা",
    "jlNumber": "000",
    "applicant": "NOMUNA",
    "mobile": "+8801300000000",
}
APPLICATION = {
    **PLACE,
    "khatianNumber": "12",
    "plots": [{"number": "1", "area": "০.১২৫০"}],
    "recordedOwner": "নমুনা",
    "acquisition": "INHERITANCE",
}


@pytest.fixture
def office() -> LandSimulator:
    return LandSimulator()


@pytest.fixture
async def http(office: LandSimulator) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=with_admin(office))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def filed(http: httpx.AsyncClient, path: str, content: dict[str, Any]) -> str:
    answer = await http.post(path, json=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reference"])


def payment(office: LandSimulator, reference: str, amount: str, stage: str = "application") -> dict[str, str]:
    paid_on = f"{dhaka_date(office.clock.now()):%d/%m/%Y}"
    return {"reference": reference, "amount": amount, "paidOn": paid_on, "stage": stage}


async def pay(
    office: LandSimulator, http: httpx.AsyncClient, one: str, amount: str, stage: str = "application"
) -> None:
    path, content = f"{one}/payments", payment(office, f"{one}-{stage}", amount, stage)
    assert (await http.post(path, json=content)).json()["state"] == "PENDING"
    office.clock.advance(600)
    assert (await http.post(path, json=content)).json()["state"] == "TAKEN"


async def act(http: httpx.AsyncClient, name: str, number: str, action: str, **more: str) -> httpx.Response:
    return await http.post(f"/_simulator/land/{name}/{number}/{action}", json=more)


async def word(http: httpx.AsyncClient, path: str) -> str:
    return str((await http.get(path)).json()["status"])


async def test_a_mutation_is_played_to_its_khatian(office: LandSimulator, http: httpx.AsyncClient) -> None:
    number = await filed(http, MUTATIONS, APPLICATION)
    one = f"{MUTATIONS}/{number}"
    await pay(office, http, one, "20.00")
    assert await word(http, one) == "নোটিশ ফি"
    await pay(office, http, one, "50.00", "notice")
    assert await word(http, one) == "আবেদন গৃহীত"
    await act(http, "mutations", number, "summon")
    before = (await http.get(one)).json()
    office.clock.advance(86_400)
    await act(http, "mutations", number, "put-off-hearing", remarks="নতুন তারিখ")
    after = (await http.get(one)).json()
    assert (after["status"], after["remarks"]) == ("শুনানি", "নতুন তারিখ")
    assert after["appointment"]["start"] != before["appointment"]["start"]
    await act(http, "mutations", number, "hold-hearing")
    office.clock.advance(6 * 3600)
    assert await word(http, one) == "ডিসিআর ফি"
    assert (await http.get(f"{one}/documents/dcr")).status_code == 409
    await pay(office, http, one, "1100.00", "dcr")
    assert (await http.get(f"{one}/documents/dcr")).content.startswith(b"%PDF-")
    assert (await http.get(f"{one}/documents/khatian")).status_code == 409
    await act(http, "mutations", number, "issue-khatian")
    assert (await http.get(f"{one}/documents/khatian")).content.startswith(b"%PDF-")


async def test_an_officer_refuses_in_words(http: httpx.AsyncClient, office: LandSimulator) -> None:
    number = await filed(http, MUTATIONS, APPLICATION)
    await pay(office, http, f"{MUTATIONS}/{number}", "20.00")
    await pay(office, http, f"{MUTATIONS}/{number}", "50.00", "notice")
    answer = await act(http, "mutations", number, "reject", remarks="দলিল জাল")
    assert answer.json() == {"number": number, "status": "REJECTED", "remarks": "দলিল জাল"}


async def test_an_action_out_of_turn_is_refused(http: httpx.AsyncClient) -> None:
    number = await filed(http, MUTATIONS, APPLICATION)
    assert (await act(http, "mutations", number, "hold-hearing")).status_code == 409
    assert (await act(http, "mutations", "LNM-0", "reject")).status_code == 404


async def test_the_record_room_hands_over_or_finds_nothing(http: httpx.AsyncClient, office: LandSimulator) -> None:
    orders = "/sim/land/v1/mouza-maps"
    order = {**PLACE, "sheetNumber": "1", "delivery": "COUNTER"}
    found, missing = await filed(http, orders, order), await filed(http, orders, order)
    for number in (found, missing):
        await pay(office, http, f"{orders}/{number}", "520.00")
    await act(http, "mouza-maps", missing, "report-missing")
    assert await word(http, f"{orders}/{missing}") == "রেকর্ডে পাওয়া যায়নি"
    office.clock.advance(6 * 86_400)
    assert await word(http, f"{orders}/{found}") == "কাউন্টারে প্রস্তুত"
    await act(http, "mouza-maps", found, "hand-over")
    assert await word(http, f"{orders}/{found}") == "সরবরাহ করা হয়েছে"


@pytest.mark.parametrize(
    ("action", "state", "registered"), [("register", "REGISTERED", True), ("refuse", "REFUSED", False)]
)
async def test_the_union_office_registers_or_refuses(
    http: httpx.AsyncClient, action: str, state: str, registered: bool
) -> None:
    registrations = "/sim/land/v1/registrations"
    content: dict[str, Any] = {
        **PLACE,
        "nid": "1" * 17,
        "birthDate": "31/01/1990",
        "mobile": "+8801300000000",
        "survey": "BS",
    }
    content |= {"khatianNumber": "12", "plots": APPLICATION["plots"]}
    filed_as = await filed(http, registrations, content)
    assert (await http.get(f"{registrations}/{filed_as}")).json()["issued"] == []
    answer = await act(http, "registrations", filed_as, action, remarks="নমুনা")
    assert answer.json() == {"number": filed_as, "status": state, "remarks": "নমুনা"}
    number = {"kind": "holding-number", "number": filed_as.removeprefix("LNR-")}
    assert (await http.get(f"{registrations}/{filed_as}")).json()["issued"] == [number] * registered


async def test_a_payment_is_known_by_its_reference(http: httpx.AsyncClient, office: LandSimulator) -> None:
    one, other = await filed(http, MUTATIONS, APPLICATION), await filed(http, MUTATIONS, APPLICATION)
    content = payment(office, "R-1", "20.00")
    for _ in range(2):
        assert (await http.post(f"{MUTATIONS}/{one}/payments", json=content)).status_code == 200
    assert (await http.post(f"{MUTATIONS}/{other}/payments", json=content)).status_code == 409
    another = {**content, "reference": "R-2"}
    office.clock.advance(600)
    assert (await http.post(f"{MUTATIONS}/{one}/payments", json=another)).status_code == 409
    assert len(office.ledger.effects("payment")) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"plots": []}, "plots"),
        ({"plots": [{"number": "1", "area": "much"}]}, "plots"),
        ({"acquisition": "PURCHASE"}, "deedNumber"),
        ({"acquisition": "LUCK"}, "acquisition"),
        ({"mouza": ""}, "mouza"),
        ({"khatianNumber": 12}, "khatianNumber"),
        ({"khatianNo": "12"}, "khatianNo"),
    ],
)
async def test_what_is_wrong_is_refused_by_field(http: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    answer = await http.post(MUTATIONS, json={**APPLICATION, **change})
    assert (answer.status_code in {400, 422}, answer.json()["error"]["field"]) == (True, field)


async def test_the_same_seed_gives_the_same_numbers(http: httpx.AsyncClient, office: LandSimulator) -> None:
    first = await filed(http, MUTATIONS, APPLICATION)
    office.reset()
    assert await filed(http, MUTATIONS, APPLICATION) == first
