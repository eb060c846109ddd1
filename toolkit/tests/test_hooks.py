"""What most hooks do alike: what an answer means, and that nothing is asked before an application is filed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nagorik import (
    AdvisePaymentRequest,
    AgencyStatus,
    Applicant,
    ApplicationState,
    BookSlotRequest,
    CannotTell,
    ContractViolation,
    DefinitelyAbsent,
    Deliverable,
    DeliverableRequest,
    DocumentReference,
    Download,
    FindRequest,
    Form,
    Found,
    Money,
    PaymentReceipt,
    PersonName,
    Slot,
    SlotsRequest,
    Text,
    WireModel,
)
from nagorik_toolkit import (
    Matches,
    advise_payment,
    book_slot,
    fetch_pdf,
    find_by_client_reference,
    keep_pdf,
    list_slots,
    search_result,
)

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACE = Text(bn="সাভার", en="Savar")
ASKED: dict[str, Any] = {
    "service": "x.y",
    "on": date(2026, 11, 24),
    "applicant": Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=date(1990, 1, 1)),
    "form": Form(),
}


class Filed(WireModel):
    reference: str


class Answer(WireModel):
    confirmed: bool = True
    booked: bool = True
    number: str | None = None


class Agency:
    """Answers every question with the next of its answers, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)
        self.asked: list[tuple[Any, ...]] = []

    async def read(self, step: str, method: str, path: str, *, expect: Any, **asked: Any) -> Any:
        self.asked.append((step, method, path, *asked.values()))
        return expect.model_validate(next(self._answers))

    async def write(self, step: str, method: str, path: str, *, expect: Any, json: Any) -> Any:
        self.asked.append((step, method, path, json))
        return expect.model_validate(next(self._answers))

    async def download(self, step: str, path: str, *, params: Any, headers: Any) -> Download:
        self.asked.append((step, path, params))
        return Download(*next(self._answers))


class Documents:
    """The host's."""

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        assert not isinstance(content, bytes), "as a whole in memory"
        size = sum(len(piece) for piece in content)
        return DocumentReference(id="document-1", kind=kind, media_type=media_type, bytes=size, sha256="0" * 64)


def context(agency: Agency) -> Any:
    return SimpleNamespace(http=agency, clock=SimpleNamespace(now=lambda: NOW), documents=Documents())


def status(filed: Filed) -> AgencyStatus:
    return AgencyStatus(state=ApplicationState.SUBMITTED, raw=f"RECEIVED {filed.reference}")


def found(reference: str) -> Found:
    return Found(reference=reference, status=status(Filed(reference=reference)))


def slot(number: int, *, free: int = 1, hours: float = 0) -> Slot:
    begins = NOW + hours * HOUR
    return Slot(id=f"S-{number}", starts_at=begins, ends_at=begins + HOUR, place=PLACE, free=free)


# The search


@pytest.mark.parametrize("complete", [True, False])
def test_one_match_is_the_application(complete: bool) -> None:
    assert search_result([found("A-1")], complete=complete, asked_at=NOW) == found("A-1")


@pytest.mark.parametrize("complete", [True, False])
def test_several_matches_are_a_persons_case(complete: bool) -> None:
    told = search_result([found("A-1"), found("A-2")], complete=complete, asked_at=NOW)
    assert told == CannotTell(because="several-applications")


def test_nothing_is_absent_only_where_the_search_was_complete() -> None:
    assert search_result([], complete=True, asked_at=NOW) == DefinitelyAbsent(as_of=NOW)
    assert search_result([], complete=False, asked_at=NOW) == CannotTell(because="search-incomplete")


@pytest.mark.parametrize(
    ("named", "method", "asked"),
    [
        ({}, "GET", {"clientReference": "NGK-1"}),
        ({"parameter": "ourNo"}, "GET", {"ourNo": "NGK-1"}),
        ({"method": "POST", "json": {"find": "NGK-1"}}, "POST", {"find": "NGK-1"}),
    ],
)
async def test_search_is_by_the_client_reference(named: Any, method: str, asked: dict[str, str]) -> None:
    agency = Agency({"items": [{"reference": "A-1"}], "complete": True})
    request = FindRequest(**ASKED, client_reference="NGK-1", sent_at=NOW)
    told = await find_by_client_reference(
        request, context(agency), "/files", expect=Matches[Filed], status=status, **named
    )
    assert told == found("A-1")
    assert agency.asked == [("applications.search", method, "/files", asked)]


async def test_search_that_found_nothing_holds_for_the_instant_before_it_was_sent() -> None:
    request = FindRequest(**ASKED, client_reference="NGK-1", sent_at=NOW)
    agency = Agency({"items": [], "complete": True})
    told = await find_by_client_reference(request, context(agency), "/files", expect=Matches[Filed], status=status)
    assert told == DefinitelyAbsent(as_of=NOW)


def test_answer_that_does_not_say_whether_it_is_complete_is_none() -> None:
    with pytest.raises(ValueError, match="complete"):
        Matches[Filed].model_validate({"items": []})


# The advice of a payment


def advice(reference: str | None) -> AdvisePaymentRequest:
    receipt = PaymentReceipt(
        payment="payment-1",
        quote="quote-1",
        stage="application",
        gateway="till.counter",
        reference="R-1",
        amount=Money.taka(100),
        captured_at=NOW,
    )
    return AdvisePaymentRequest(**ASKED, client_reference="NGK-1", agency_reference=reference, receipt=receipt)


@pytest.mark.parametrize("confirmed", [True, False])
async def test_agency_says_whether_it_holds_the_money(confirmed: bool) -> None:
    agency = Agency({"confirmed": confirmed})
    told = await advise_payment(advice("A-1"), context(agency), "pay", "/files/A-1", json={"no": 1}, expect=Answer)
    assert told.confirmed is confirmed
    assert agency.asked == [("pay", "POST", "/files/A-1", {"no": 1})]


async def test_nothing_is_told_of_what_is_paid_before_it_is_filed() -> None:
    told = await advise_payment(advice(None), context(Agency()), "pay", "/files", json={}, expect=Answer)
    assert not told.confirmed


# Appointments


def wanted(reference: str | None) -> SlotsRequest:
    return SlotsRequest(**ASKED, agency_reference=reference, earliest=NOW, latest=NOW + HOUR)


async def test_only_free_slots_within_what_was_asked_for_are_offered() -> None:
    offered = [slot(1), slot(2, free=0), slot(3, hours=-0.5), slot(4, hours=1), slot(5, hours=0.5)]
    agency = Agency({})
    told = await list_slots(
        wanted("A-1"),
        context(agency),
        "slots",
        "/slots",
        params={"from": "today"},
        expect=Answer,
        slots=lambda _: offered,
    )
    assert [each.id for each in told.slots] == ["S-1", "S-5"]
    assert agency.asked == [("slots", "GET", "/slots", {"from": "today"})]


async def test_no_slots_are_asked_for_before_the_application_is_filed() -> None:
    told = await list_slots(
        wanted(None), context(Agency()), "slots", "/slots", params={}, expect=Answer, slots=lambda _: [slot(1)]
    )
    assert told.slots == ()


@pytest.mark.parametrize(("booked", "number"), [(True, "B-1"), (False, None)])
async def test_slot_is_taken_or_gone(booked: bool, number: str | None) -> None:
    request = BookSlotRequest(**ASKED, client_reference="NGK-1", agency_reference="A-1", slot=slot(1))
    agency = Agency({"booked": booked, "number": number})
    told = await book_slot(request, context(agency), "book", "/slots", json={"slot": "S-1"}, expect=Answer)
    assert (told.booked, told.reference) == (booked, number)
    assert agency.asked == [("book", "POST", "/slots", {"slot": "S-1"})]


async def test_no_slot_is_taken_before_the_application_is_filed() -> None:
    request = BookSlotRequest(**ASKED, client_reference="NGK-1", slot=slot(1))
    assert not (await book_slot(request, context(Agency()), "book", "/slots", json={}, expect=Answer)).booked


# The paper


PAPER = DeliverableRequest(
    **ASKED, agency_reference="A-1", deliverable=Deliverable(kind="licence", delivery="download")
)


async def test_pdf_goes_into_the_hosts_documents() -> None:
    agency = Agency((b"%PDF-1.4", "application/pdf"))
    told = await fetch_pdf(PAPER, context(agency), "paper", "/paper", params={"dob": "1990"})
    assert told.deliverable == PAPER.deliverable
    assert (told.document.kind, told.document.media_type, told.document.bytes) == ("licence", "application/pdf", 8)
    assert agency.asked == [("paper", "/paper", {"dob": "1990"})]


@pytest.mark.parametrize("content", [b"%PDF-1.4", [b"%PDF-", b"1.4"], iter([b"%PDF-", b"1.4"])])
async def test_pdf_from_elsewhere_is_kept_whole(content: bytes | Iterable[bytes]) -> None:
    told = await keep_pdf(PAPER, context(Agency()), content)
    assert (told.deliverable, told.document.bytes) == (PAPER.deliverable, 8)


@pytest.mark.parametrize(
    ("content", "label"), [(b"<html>", "application/pdf"), (b"%PDF-1.4", "text/html"), (b"%PDF-1.4", None)]
)
async def test_what_is_no_pdf_by_its_label_or_its_beginning_is_not_kept(content: bytes, label: str | None) -> None:
    with pytest.raises(ContractViolation) as caught:
        await fetch_pdf(PAPER, context(Agency((content, label))), "paper", "/paper")
    assert caught.value.detail == "deliverable-not-a-pdf"
