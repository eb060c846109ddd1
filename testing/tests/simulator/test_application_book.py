"""The book: who filed what, who paid, who may be found, and what officers do over the admin API."""

import re
from datetime import timedelta

import httpx
import pytest
from small_agency import Registry
from starlette.responses import JSONResponse

from nagorik.values import Money
from nagorik_testing import (
    AnswerLost,
    ApplicationBook,
    Refusal,
    Replication,
    Workflow,
    content_of,
    routes_of,
    text_in,
)

from .test_workflow import GOOD

FEE = Money.taka(500)


class Office(Registry):
    outcomes = tuple(GOOD["outcomes"])

    def open_office(self):
        self.book = ApplicationBook(self, Workflow.model_validate(GOOD), numbers="OID-####")

    def routes(self):
        return routes_of({"POST /": self.file, "GET /{number}": self.show}, prefix="/files")

    async def file(self, request):
        content = await content_of(request)
        case = self.book.file(
            None, client_reference=text_in(content, "clientReference"), alias="citizen-0042", content=content
        )
        return JSONResponse({"number": case.number}, status_code=201)

    async def show(self, request):
        return JSONResponse({"state": self.book.get(request.path_params["number"]).state})


@pytest.fixture
def office():
    return Office(seed=3)


async def test_request_is_known_by_the_case_that_its_path_names(office, reach):
    async with reach(office) as client:
        number = (await client.post("/files/", json={"clientReference": "ref-1"})).json()["number"]
        assert re.fullmatch(r"OID-[0-9]{4}", number)
        office.faults.add("GET /files/{number}", AnswerLost(how="closed"), client_reference="citizen-0042")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"/files/{number}")
    assert office.ledger.requests("GET /files/{number}")[0].client_reference == "ref-1"
    assert not office.faults.unused


async def test_unknown_number_and_a_missing_field_are_refused_in_the_envelope(office, reach):
    async with reach(office) as client:
        absent = await client.get("/files/OID-0")
        wrong = await client.post("/files/", json={})
        text = await client.post("/files/", content=b"[1]")
    error = {"field": "applicationId", "message": "no such application"}
    assert (absent.status_code, absent.json()) == (
        404,
        {"status": "ERROR", "statusCode": "NOT_FOUND", "error": error},
    )
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "clientReference")
    assert (text.status_code, text.json()["error"]["field"]) == (400, "body")
    assert len(office.book) == 0


async def test_officers_are_listed_and_act_and_applicants_actions_are_not_theirs(office, reach):
    path = "/_simulator/registry/applications/{number}"
    async with reach(office) as client:
        described = (await client.get("/_simulator")).json()
        assert described["officers"] == [f"{path}/approve"]
        case = office.book.file(None)
        one = path.format(number=case.number)
        early = await client.post(f"{one}/approve")
        assert (early.status_code, early.json()) == (409, {"error": "the application is RECEIVED"})
        office.clock.advance(timedelta(days=1))
        done = await client.post(f"{one}/approve", json={"remarks": "অনুমোদিত"})
        assert done.json() == {"number": case.number, "status": "DONE", "remarks": "অনুমোদিত"}
        assert (await client.post(f"{one}/hand-in")).status_code == 404
        assert (await client.post(f"{path.format(number='OID-x')}/approve")).status_code == 404


async def test_officers_serve_the_new_book_after_a_reset(office, reach):
    office.book.file(None)
    office.reset()
    assert len(office.book) == 0
    case = office.book.file(None)
    office.clock.advance(timedelta(days=1))
    async with reach(office) as client:
        answer = await client.post(f"/_simulator/registry/applications/{case.number}/approve")
    assert answer.json()["status"] == "DONE"


def test_payment_is_written_down_once_and_pays_for_one_application(office):
    first, second = office.book.file(None), office.book.file(None)
    now = office.clock.now()
    with pytest.raises(Refusal, match="amount"):
        office.book.pay(first, "CD-1", Money.taka(499), due=FEE, arrives_at=now)
    assert office.book.pay(first, "CD-1", FEE, due=FEE, arrives_at=now)
    assert not office.book.pay(first, "CD-1", FEE, due=FEE, arrives_at=now)
    with pytest.raises(Refusal, match="reference") as refused:
        office.book.pay(second, "CD-1", FEE, due=FEE, arrives_at=now)
    assert refused.value.status == 409
    assert [effect.amount for effect in office.ledger.effects("payment")] == ["500.00"]


@pytest.mark.parametrize("admitted", [True, False])
def test_search_lags_and_says_so_or_does_not(office, admitted):
    office.book.replication = Replication(timedelta(minutes=3), admitted=admitted)
    case = office.book.file(None, client_reference="ref-1")
    office.book.file(None, client_reference="ref-2")
    assert office.book.search("ref-1") == ([], not admitted)
    office.clock.advance(180)
    assert office.book.search("ref-1") == ([case], True)


def test_action_may_fall_due_later_and_a_nearer_one_takes_its_place(office):
    case = office.book.file(None)
    office.clock.advance(timedelta(days=1))
    office.book.act(office.book.get(case.number), "approve", due=office.clock.now() + timedelta(days=2))
    assert office.book.get(case.number).state == "REVIEW"
    office.clock.advance(timedelta(days=2))
    assert office.book.get(case.number).state == "DONE"


def test_numbers_are_drawn_by_the_seed_and_never_twice():
    first, second = Office(seed=3), Office(seed=3)
    numbers = [first.book.file(None).number for _ in range(200)]
    assert numbers == [second.book.file(None).number for _ in range(200)]
    assert len(set(numbers)) == 200
