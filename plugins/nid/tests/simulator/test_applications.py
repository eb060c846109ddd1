"""The modelled interface for applications."""

from datetime import timedelta

import httpx
import pytest

from nagorik import dhaka_date
from nagorik_testing import AnswerLost, Replication

from .conftest import API, log_in

DAY = 24 * 3600.0


FILE = f"{API}/reissues"


def born(citizen):
    """Who knows the date of birth."""
    return {"Applicant-Birth-Date": str(citizen.birth_date)}


def correction(*fields):
    """The question what a correction costs."""
    return {"service": "CORRECTION", "changes": [{"field": field} for field in fields]}


def reissue(citizen, **given):
    return {
        "birthDate": str(citizen.birth_date),
        "nid": citizen.full_nid.value,
        "reason": "LOST",
        "delivery": "URGENT",
        "collection": "DOWNLOAD",
        "documents": [{"kind": "gd-copy", "sha256": "0" * 64}],
        "clientReference": "ref-1",
        **given,
    }


class Desk:
    """What a partner's system does, with its login kept alive."""

    def __init__(self, client, nid, citizen):
        self.client, self.nid, self.citizen = client, nid, citizen

    async def file(self, **given):
        answer = await self.client.post(FILE, json=reissue(self.citizen, **given))
        assert answer.status_code == 201, answer.text
        return answer.json()["reference"]

    async def pay(self, number, *, reference="CD-000001", amount="345.00"):
        body = {"reference": reference, "amount": amount, "paidOn": str(dhaka_date(self.nid.clock.now()))}
        return await self.client.post(f"{FILE}/{number}/payments", json=body)

    async def standing(self, number):
        await log_in(self.client)
        return (await self.client.get(f"{FILE}/{number}", headers=born(self.citizen))).json()

    async def status(self, number):
        return (await self.standing(number))["status"]

    async def in_review(self, **given):
        number = await self.file(**given)
        await self.pay(number)
        self.nid.clock.advance(1 * DAY + 3600)
        assert await self.status(number) == "DOCUMENT_REVIEW"
        return number

    async def post(self, number, action, **body):
        await log_in(self.client)
        return await self.client.post(f"{FILE}/{number}/{action}", json=body)


@pytest.fixture
def desk(client, nid, citizen):
    return Desk(client, nid, citizen)


async def quote(client, **asked):
    return (await client.post(f"{API}/prices", json=asked)).json()


@pytest.mark.parametrize(
    ("asked", "totals"),
    [
        ({"service": "REISSUE", "delivery": "REGULAR"}, ["230.00", "345.00", "575.00", "575.00"]),
        ({"service": "REISSUE", "delivery": "URGENT"}, ["345.00", "575.00", "1150.00", "1150.00"]),
        ({"service": "RENEWAL", "delivery": "REGULAR"}, ["115.00"] * 4),
        ({"service": "RENEWAL", "delivery": "URGENT"}, ["172.50"] * 4),
        (correction("NAME_EN"), ["230.00", "345.00", "460.00", "460.00"]),
        (correction("MARITAL_STATUS"), ["115.00", "230.00", "345.00", "345.00"]),
        (correction("NAME_BN", "OTHER"), ["345.00", "460.00", "805.00", "805.00"]),
        ({"service": "MIGRATION"}, ["0.00"] * 4),
    ],
)
async def test_fee_rises_with_each_earlier_application_of_the_same_holder(nid, client, citizen, asked, totals):
    holder = nid.register.holder(citizen.smart_nid.value)
    found = []
    for number in (citizen.smart_nid, citizen.legacy_nid, citizen.full_nid, citizen.full_nid):
        found.append(await quote(client, nid=number.value, **asked))
        nid.earlier[f"{asked['service'].lower()}s", holder] += 1
    assert [one["total"] for one in found] == totals
    assert [one["attempt"] for one in found] == [1, 2, 3, 4]


async def test_price_is_the_total_with_the_number_of_the_attempt(client, citizen):
    asked = {"nid": citizen.smart_nid.value, "service": "REISSUE", "delivery": "URGENT"}
    assert await quote(client, **asked) == {"attempt": 1, "total": "345.00"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"service": "LOTTERY"}, "service"),
        ({"nid": "123"}, "nid"),
        ({"nid": None}, "nid"),
        ({"delivery": "YESTERDAY"}, "delivery"),
        (correction("EYE_COLOUR"), "field"),
        ({"service": "CORRECTION", "changes": ["NAME_EN"]}, "changes"),
    ],
)
async def test_price_that_there_is_not_is_refused_by_field(client, citizen, asked, field):
    asked = {"nid": citizen.smart_nid.value, "service": "REISSUE", "delivery": "URGENT", **asked}
    answer = await client.post(f"{API}/prices", json=asked)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


async def test_every_filing_is_an_application_whatever_its_client_reference(nid, desk):
    first, second = await desk.file(), await desk.file()
    assert first != second
    assert first.startswith("NIDW-")
    assert len(first) == len("NIDW-") + 10
    filed = nid.ledger.effects("application", client_reference="ref-1")
    assert [effect.reference for effect in filed] == [first, second]


async def test_lost_answer_is_found_by_client_reference(nid, client, desk):
    nid.faults.add(f"POST {FILE}", AnswerLost(), client_reference="citizen-0042")
    with pytest.raises(httpx.ReadError):
        await desk.file()
    found = (await client.get(FILE, params={"clientReference": "ref-1"})).json()
    (effect,) = nid.ledger.effects("application")
    assert [item["reference"] for item in found["items"]] == [effect.reference]
    assert found["complete"] is True
    assert not nid.faults.unused


@pytest.mark.parametrize("admitted", [True, False])
async def test_search_lags_behind_and_says_so_or_does_not(nid, client, desk, admitted):
    nid.books["reissues"].replication = Replication(lag=timedelta(minutes=3), admitted=admitted)
    await desk.file()
    absent = (await client.get(FILE, params={"clientReference": "ref-1"})).json()
    assert absent == {"items": [], "complete": not admitted}
    nid.clock.advance(180)
    found = (await client.get(FILE, params={"clientReference": "ref-1"})).json()
    assert (len(found["items"]), found["complete"]) == (1, True)


async def test_payment_arrives_half_an_hour_after_paying_and_may_be_told_twice(nid, desk):
    number = await desk.file()
    unpaid = await desk.standing(number)
    assert (unpaid["status"], unpaid["payment"]) == ("DRAFT", {"state": "UNPAID"})
    assert (await desk.pay(number)).json()["state"] == "PENDING"
    nid.clock.advance(30 * 60 - 1)
    waiting = await desk.standing(number)
    assert (waiting["status"], waiting["payment"]) == ("DRAFT", {"state": "PENDING"})
    nid.clock.advance(1)
    assert (await desk.pay(number)).json()["state"] == "TAKEN"
    there = await desk.standing(number)
    assert (there["status"], there["payment"]) == ("PAID", {"state": "TAKEN"})
    assert len(nid.ledger.effects("payment")) == 1
    assert nid.ledger.effects("payment")[0].amount == "345.00"


@pytest.mark.parametrize(
    ("payment", "status", "field"),
    [
        ({"amount": "230.00"}, 400, "amount"),
        ({"amount": "345.001"}, 400, "amount"),
        ({"paidOn": "2026-11-24T00:00:00+06:00"}, 400, "paidOn"),
        ({"paidOn": None}, 400, "paidOn"),
    ],
)
async def test_wrong_payment_is_refused_and_leaves_nothing(nid, desk, payment, status, field):
    number = await desk.file()
    body = {"reference": "CD-1", "amount": "345.00", "paidOn": "2026-11-24", **payment}
    answer = await desk.post(number, "payments", **body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    assert nid.ledger.effects("payment") == ()
    assert (await desk.pay(number, reference="CD-1")).status_code == 200


async def test_reference_pays_for_one_application_and_an_application_once(desk):
    first, second = await desk.file(), await desk.file(clientReference="ref-2")
    assert (await desk.pay(first)).status_code == 200
    assert (await desk.pay(second)).status_code == 409
    assert (await desk.pay(first, reference="CD-000002")).status_code == 409


async def test_price_that_was_told_is_the_price_that_is_due(nid, client, desk, citizen):
    asked = {"nid": citizen.smart_nid.value, "service": "REISSUE", "delivery": "URGENT"}
    assert (await quote(client, **asked))["total"] == "345.00"
    number, second = await desk.file(), await desk.file(clientReference="ref-2")
    await desk.pay(number)
    assert (await desk.pay(second, reference="CD-000002")).status_code == 200  # of before the first was paid for
    later = await quote(client, **asked)
    assert (later["attempt"], later["total"]) == (3, "1150.00")


async def test_approved_application_climbs_the_ladder_on_the_simulated_clock(nid, client, desk, citizen):
    number = await desk.file()
    await desk.pay(number)
    seen = []
    for seconds in (0, 30 * 60, 5 * 60, DAY, 7 * DAY, 3600):
        nid.clock.advance(seconds)
        seen.append(await desk.standing(number))
    assert [one["status"] for one in seen] == [
        "DRAFT",
        "PAID",
        "SUBMITTED",
        "DOCUMENT_REVIEW",
        "APPROVED",
        "READY_TO_DOWNLOAD",
    ]
    assert [one["sequence"] for one in seen] == [0, 1, 2, 3, 4, 5]
    assert seen[1]["updatedAt"] == "2026-11-24T10:30:00+06:00"
    assert seen[5]["issued"] == [{"kind": "nid-card", "number": f"COPY-{number.removeprefix('NIDW-')}"}]
    card = await client.get(f"{FILE}/{number}/documents/nid-card", headers=born(citizen))
    assert (card.headers["content-type"], card.content[:5]) == ("application/pdf", b"%PDF-")


async def test_statuses_are_entered_at_their_own_times_however_late_one_looks(nid, desk):
    number = await desk.file()
    await desk.pay(number)
    nid.clock.advance(100 * DAY)
    standing = await desk.standing(number)
    assert (standing["status"], standing["updatedAt"]) == ("READY_TO_DOWNLOAD", "2026-12-02T11:35:00+06:00")


async def test_regular_delivery_takes_thirty_days_and_a_card_is_collected(nid, desk):
    number = await desk.file(delivery="REGULAR", collection="OFFICE")
    await desk.pay(number, amount="230.00")
    nid.clock.advance(1 * DAY + 35 * 60 + 30 * DAY)
    assert await desk.status(number) == "APPROVED"
    nid.clock.advance(3 * DAY)
    assert await desk.status(number) == "PRINTED"
    nid.books["reissues"].act(nid.books["reissues"].get(number), "hand-over")
    assert await desk.status(number) == "HANDED_OVER"


async def test_free_application_needs_no_payment(nid, client, citizen):
    moved = {"birthDate": str(citizen.birth_date), "nid": citizen.full_nid.value, "newAddress": {"home": "০"}}
    filed = await client.post(f"{API}/migrations", json={**moved, "documents": [], "clientReference": "ref-1"})
    nid.clock.advance(5 * 60)
    migration = nid.books["migrations"].get(filed.json()["reference"])
    assert (filed.json()["status"], migration.state) == ("DRAFT", "SUBMITTED")
    told = {"reference": "CD-1", "amount": "0.00", "paidOn": "2026-11-24"}
    answer = await client.post(f"{API}/migrations/{migration.number}/payments", json=told)
    assert (answer.status_code, nid.ledger.effects("payment")) == (409, ())


async def test_scripted_correction_waits_for_documents_and_takes_them_once(nid, desk):
    nid.script.set("ref-1", "correction", values={"remarks": "সনদ দিন"})
    number = await desk.in_review()
    nid.clock.advance(2 * DAY)
    standing = await desk.standing(number)
    assert (standing["status"], standing["remarks"]) == ("ADDITIONAL_DOCS", "সনদ দিন")
    nid.clock.advance(50 * DAY)
    assert await desk.status(number) == "ADDITIONAL_DOCS"
    corrected = {**reissue(desk.citizen), "documents": [{"kind": "ssc-certificate", "sha256": "1" * 64}]}
    del corrected["clientReference"]
    for _ in range(2):
        answer = await desk.post(number, "correction", **corrected)
        assert (answer.status_code, answer.json()["status"]) == (200, "DOCUMENT_REVIEW")
    assert (await desk.post(number, "correction", **{**corrected, "documents": []})).status_code == 409
    assert nid.ledger.effect_counts["additional-documents"] == 1
    nid.clock.advance(7 * DAY)
    assert await desk.status(number) == "APPROVED"


async def test_scripted_appearance_waits_for_the_hearing_that_an_officer_holds(nid, client, desk):
    nid.script.set("citizen-0042", "appearance")
    number = await desk.in_review()
    nid.clock.advance(9 * DAY)
    assert await desk.status(number) == "HEARING"
    held = await client.post(f"/_simulator/nid/reissues/{number}/hold-hearing")
    assert held.json()["status"] == "DOCUMENT_REVIEW"
    again = await client.post(f"/_simulator/nid/reissues/{number}/hold-hearing")
    assert (again.status_code, again.json()) == (409, {"error": "the application is DOCUMENT_REVIEW"})


async def test_officers_outlive_a_reset(nid, client, desk):
    nid.reset()
    await log_in(client)
    number = await desk.in_review()
    answer = await client.post(f"/_simulator/nid/reissues/{number}/reject", json={"remarks": "অস্পষ্ট ছবি"})
    assert (answer.json()["status"], answer.json()["remarks"]) == ("REJECTED", "অস্পষ্ট ছবি")


async def test_script_says_the_outcome_and_how_long_it_takes(nid, desk):
    nid.script.set("*", "reject", durations={"review": 3600})
    number = await desk.in_review()
    nid.clock.advance(3600)
    standing = await desk.standing(number)
    assert standing["status"] == "REJECTED"
    assert standing["remarks"]


async def test_marker_in_the_form_scripts_by_hand(nid, desk):
    number = await desk.in_review(gdReference="sim:stall")
    nid.clock.advance(365 * DAY)
    assert await desk.status(number) == "DOCUMENT_REVIEW"


async def test_withdrawal_before_the_decision_ends_it_and_after_it_changes_nothing(nid, desk):
    number = await desk.file()
    given_back = (await desk.post(number, "withdrawal")).json()
    assert (given_back["status"], given_back["withdrawn"]) == ("WITHDRAWN", True)
    assert (await desk.post(number, "withdrawal")).json()["withdrawn"] is True
    assert nid.ledger.effect_counts["withdrawal"] == 1
    other = await desk.in_review(clientReference="ref-2")
    nid.books["reissues"].act(nid.books["reissues"].get(other), "approve")
    too_late = (await desk.post(other, "withdrawal")).json()
    assert (too_late["status"], too_late["withdrawn"]) == ("APPROVED", False)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": "LOTTERY"}, "reason"),
        ({"nid": "123"}, "nid"),
        ({"nid": None}, "nid"),
        ({"birthDate": "24/11/1990"}, "birthDate"),
        ({"birthDate": "1901-01-01"}, "birthDate"),
        ({"delivery": "YESTERDAY"}, "delivery"),
        ({"changes": []}, "changes"),
        ({"documents": {}, "clientReference": 5}, "clientReference"),
        ({"documents": ["scan.pdf"]}, "documents"),
        ({"collection": "PIGEON"}, "collection"),
    ],
)
async def test_wrong_filing_is_refused_by_field_and_leaves_nothing(nid, client, citizen, given, field):
    answer = await client.post(FILE, json=reissue(citizen, **given))
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert nid.ledger.effects("application") == ()


async def test_day_of_birth_to_come_is_refused(client, citizen):
    answer = await client.post(FILE, json=reissue(citizen, birthDate="2099-01-01"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "birthDate")


@pytest.mark.parametrize(("changes", "status"), [([], 422), (["NAME_EN"], 400), ([{"field": "NAME_EN"}], 400)])
async def test_correction_of_nothing_is_refused(nid, client, citizen, changes, status):
    asked = {"birthDate": str(citizen.birth_date), "nid": citizen.full_nid.value, "changes": changes}
    answer = await client.post(f"{API}/corrections", json={**asked, "documents": [], "clientReference": "ref-1"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, "changes")
    assert nid.ledger.effects("application") == ()


async def test_application_is_shown_only_to_who_knows_the_date_of_birth(client, desk):
    number = await desk.file()
    wrong = await client.get(f"{FILE}/{number}", headers={"Applicant-Birth-Date": "1990-01-01"})
    missing = await client.get(f"{FILE}/{number}")
    unknown = await client.get(f"{FILE}/NIDW-0", headers={"Applicant-Birth-Date": "1990-01-01"})
    assert [answer.status_code for answer in (wrong, missing, unknown)] == [404, 404, 404]
    assert wrong.json() == missing.json() == unknown.json()


async def test_nothing_is_answered_without_a_token(client, desk):
    number = await desk.file()
    del client.headers["Authorization"]
    for method, path in [("POST", "/prices"), ("POST", "/reissues"), ("GET", f"/reissues/{number}")]:
        assert (await client.request(method, API + path)).status_code == 401


async def test_ledger_tells_requests_by_client_reference_and_nothing_of_the_citizen(nid, desk, citizen):
    number = await desk.in_review()
    requests = nid.ledger.requests(client_reference="ref-1")
    assert [seen.operation for seen in requests] == [
        f"POST {FILE}",
        f"POST {FILE}/{{reference}}/payments",
        f"GET {FILE}/{{reference}}",
    ]
    written = str(nid.ledger.as_document())
    assert number in written
    assert citizen.full_nid.value not in written
