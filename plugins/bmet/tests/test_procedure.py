"""What a worker goes through, against the simulated BMET."""

from datetime import timedelta
from typing import Any

import pytest

from nagorik.errors import AgencyRejected, ContractViolation, InputRejected, OutcomeUnknown
from nagorik.model.status import ApplicationState as S
from nagorik.model.submission import CannotTell, DefinitelyAbsent, Found
from nagorik_bmet.data import DATA
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import Altered, AnswerLost, InjectedResponse, ServiceDesk

API = "/sim/bmet/v1"
REGISTER, BOOK = f"POST {API}/registrations", f"POST {API}/pdo-bookings"
SEAT, ANSWER = f"POST {API}/pdo-bookings/{{reference}}/booking", f"POST {API}/clearances/{{reference}}/correction"
PAY = f"POST {API}/registrations/{{reference}}/payments"
MONTH = timedelta(days=30)


async def fetched(desk: ServiceDesk[BmetSimulator], draft: Any, told: Any) -> Any:
    [deliverable] = told.deliverables
    return await desk.platform.fetch_deliverable(draft, agency_reference=desk.reference, deliverable=deliverable)


async def test_registration_from_filing_to_the_card(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = desk.draft("bmet.registration")
    assert (await desk.file(draft)).status.fee_due == "application"
    assert (await desk.pay(draft)).confirmed
    assert (await desk.status(draft)).state is S.IN_REVIEW
    desk.simulator.clock.advance(timedelta(hours=2))
    told = await desk.status(draft)
    assert (told.state, told.deliverables[0].reference[:2]) == (S.ISSUED, "BM")
    got = await fetched(desk, draft, told)
    assert (got.deliverable.kind, got.document.media_type) == ("registration-card", "application/pdf")


async def test_a_payment_told_twice_is_one(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = desk.draft("bmet.registration")
    await desk.file(draft)
    desk.simulator.faults.add(PAY, AnswerLost())
    assert (await desk.pay(draft)).confirmed
    assert (await desk.pay(draft)).confirmed
    assert len(desk.simulator.ledger.effects("payment")) == 1
    with pytest.raises(AgencyRejected):
        await desk.pay(draft, number="CD-2")


async def test_what_nobody_pays_lapses(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = desk.draft("bmet.registration")
    await desk.file(draft)
    desk.simulator.clock.advance(timedelta(days=90))
    told = await desk.status(draft)
    assert (told.state, told.final, told.reason is not None) == (S.EXPIRED, True, True)


@pytest.mark.parametrize(
    ("service", "operation"),
    [("bmet.registration", REGISTER), ("bmet.orientation", BOOK), ("bmet.clearance", f"POST {API}/clearances")],
)
async def test_lost_answer_is_found_by_our_reference_and_filed_once(
    desk: ServiceDesk[BmetSimulator], service: str, operation: str
) -> None:
    draft, sent_at = desk.draft(service), desk.simulator.clock.now()
    desk.simulator.faults.add(operation, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.file(draft)
    found = await desk.find(draft, sent_at)
    assert isinstance(found, Found)
    assert len(desk.simulator.ledger.effects("application")) == 1
    assert len(desk.simulator.ledger.requests(operation)) == 1


async def test_two_under_one_reference_are_for_a_person(desk: ServiceDesk[BmetSimulator]) -> None:
    draft, sent_at = desk.draft("bmet.registration"), desk.simulator.clock.now()
    await desk.file(draft)
    await desk.file(draft)
    answer = await desk.find(draft, sent_at)
    assert answer == CannotTell(because="several-applications")


async def test_search_that_lags_behind_cannot_tell(desk: ServiceDesk[BmetSimulator]) -> None:
    draft, sent_at = desk.draft("bmet.registration"), desk.simulator.clock.now()
    desk.simulator.books["registrations"].replication.lag = timedelta(minutes=10)
    await desk.file(draft)
    answer = await desk.find(draft, sent_at)
    assert answer == CannotTell(because="search-incomplete")
    desk.simulator.clock.advance(timedelta(minutes=10))
    assert isinstance(await desk.find(draft, sent_at), Found)


async def test_nothing_filed_is_definitely_absent(desk: ServiceDesk[BmetSimulator]) -> None:
    now = desk.simulator.clock.now()
    answer = await desk.find(desk.draft("bmet.registration"), now)
    assert answer == DefinitelyAbsent(as_of=now)


@pytest.mark.parametrize(
    ("service", "more", "pointer"),
    [
        ("bmet.registration", {"birth_date": "1990-01-01"}, "/form/birth_date"),
        ("bmet.orientation", {"registered_on": "2024-11-24"}, "/form/registered_on"),
        ("bmet.clearance", {"papers": ["visa", "contract", "bank-account", "medical-report"]}, "/form/papers"),
    ],
)
async def test_what_the_day_forbids_is_not_sent(
    desk: ServiceDesk[BmetSimulator], service: str, more: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InputRejected) as refused:
        await desk.file(desk.draft(service, **more))
    assert {problem.pointer for problem in refused.value.fields} == {pointer}
    assert desk.simulator.ledger.requests() == ()


async def test_field_that_bmet_refuses_is_told_at_its_field(desk: ServiceDesk[BmetSimulator]) -> None:
    body = '{"error": {"field": "mobile", "message": "is in use"}}'
    refusal = InjectedResponse(status=422, body=body, headers={"content-type": "application/json"})
    desk.simulator.faults.add(REGISTER, refusal)
    with pytest.raises(InputRejected) as refused:
        await desk.file(desk.draft("bmet.registration"))
    assert [(p.pointer, p.code) for p in refused.value.fields] == [("/form/mobile", "bmet.field-refused")]


# The orientation


async def paid(desk: ServiceDesk[BmetSimulator]) -> Any:
    draft = desk.draft("bmet.orientation", centre="rajshahi")
    await desk.file(draft)
    await desk.pay(draft)
    return draft


async def batches(desk: ServiceDesk[BmetSimulator], draft: Any) -> Any:
    now = desk.simulator.clock.now()
    found = await desk.platform.list_slots(draft, earliest=now, latest=now + MONTH, agency_reference=desk.reference)
    return found.slots


async def test_three_days_at_the_centre_and_a_certificate(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await paid(desk)
    told = await desk.status(draft)
    assert (told.state, told.reason) == (S.AWAITING_APPEARANCE, DATA.texts.text("status.batch"))
    first, *rest = await batches(desk, draft)
    assert (first.place.bn, first.free, len(rest)) == ("টিটিসি, রাজশাহী", 20, 3)
    assert (first.ends_at.date() - first.starts_at.date()).days == 2
    assert (await desk.platform.book_slot(draft, desk.references, first)).reference is not None
    assert (await desk.status(draft)).raw == "PDO_BOOKED"
    desk.simulator.clock.set(first.ends_at)
    told = await desk.status(draft)
    assert told.state is S.ISSUED
    assert (await fetched(desk, draft, told)).deliverable.kind == "pdo-certificate"


async def test_a_batch_that_fills_up_is_an_answer_and_another_one_is_chosen(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await paid(desk)
    desk.simulator.script.set(desk.references.client_reference, "full")
    first, second, *_ = await batches(desk, draft)
    assert not (await desk.platform.book_slot(draft, desk.references, first)).booked
    assert (await desk.status(draft)).raw == "BATCH_TO_CHOOSE"
    offered = await batches(desk, draft)
    assert offered[0].id == second.id
    assert (await desk.platform.book_slot(draft, desk.references, second)).booked
    assert len(desk.simulator.ledger.effects("appointment")) == 1
    desk.simulator.clock.set(second.ends_at)
    assert (await desk.status(draft)).state is S.ISSUED


async def test_the_same_batch_again_is_one_seat_and_another_replaces_it(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await paid(desk)
    first, second, *_ = await batches(desk, draft)
    for batch in (first, first, second):
        assert (await desk.platform.book_slot(draft, desk.references, batch)).booked
    free = {batch.id: batch.free for batch in await batches(desk, draft)}
    assert (free[first.id], free[second.id]) == (20, 19)
    desk.simulator.clock.set(first.ends_at)
    assert (await desk.status(draft)).raw == "PDO_BOOKED"
    desk.simulator.clock.set(second.ends_at)
    assert (await desk.status(draft)).state is S.ISSUED


async def test_a_lost_booking_shows_in_the_status_and_is_sent_once(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await paid(desk)
    first, *_ = await batches(desk, draft)
    desk.simulator.faults.add(SEAT, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.book_slot(draft, desk.references, first)
    assert len(desk.simulator.ledger.requests(SEAT)) == 1
    assert (await desk.status(draft)).raw == "PDO_BOOKED"


async def test_a_missed_batch_is_chosen_anew(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await paid(desk)
    desk.simulator.script.set(desk.references.client_reference, "missed")
    first, *_ = await batches(desk, draft)
    await desk.platform.book_slot(draft, desk.references, first)
    desk.simulator.clock.set(first.ends_at)
    missed = await desk.status(draft)
    assert (missed.raw, "অন্য ব্যাচ" in missed.remark) == ("BATCH_TO_CHOOSE", True)
    again, *_ = await batches(desk, draft)
    assert (await desk.platform.book_slot(draft, desk.references, again)).booked
    desk.simulator.clock.set(again.ends_at)
    assert (await desk.status(draft)).state is S.ISSUED


async def test_before_it_is_filed_there_are_no_batches_and_before_it_is_paid_no_seat(
    desk: ServiceDesk[BmetSimulator],
) -> None:
    draft = desk.draft("bmet.orientation")
    assert await batches(desk, draft) == ()
    await desk.file(draft)
    first, *_ = await batches(desk, draft)
    with pytest.raises(AgencyRejected):
        await desk.platform.book_slot(draft, desk.references, first)


# The clearance


async def cleared(desk: ServiceDesk[BmetSimulator]) -> Any:
    draft = desk.draft("bmet.clearance")
    await desk.file(draft)
    await desk.pay(draft)
    return draft


async def test_a_free_correction_asks_for_no_money(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = desk.draft("bmet.clearance", card="correction", correction="নামের বানান")
    filed = await desk.file(draft)
    assert (filed.status.state, filed.status.fee_due) == (S.IN_REVIEW, None)
    desk.simulator.clock.advance(timedelta(days=4))
    told = await desk.status(draft)
    assert told.state is S.ISSUED
    assert (await fetched(desk, draft, told)).deliverable.kind == "smart-card"


async def test_until_the_letter_the_card_was_paid_for_too(desk: ServiceDesk[BmetSimulator]) -> None:
    desk.simulator.clock.set(desk.simulator.clock.now() - timedelta(days=724))  # 30 November 2024
    draft = desk.draft("bmet.clearance")
    assert (await desk.file(draft)).status.fee_due == "application"
    assert (await desk.pay(draft)).confirmed
    assert [effect.amount for effect in desk.simulator.ledger.effects("payment")] == ["4750.00"]
    desk.simulator.clock.advance(timedelta(days=4))
    assert (await desk.status(draft)).state is S.ISSUED


async def test_a_query_is_answered_with_the_corrected_form(desk: ServiceDesk[BmetSimulator]) -> None:
    desk.simulator.script.set(desk.references.client_reference, "correction")
    draft = await cleared(desk)
    desk.simulator.clock.advance(timedelta(days=3))
    asked = await desk.status(draft)
    assert (asked.state, "নিয়োগকর্তার নাম" in asked.remark) == (S.CORRECTION_REQUESTED, True)
    corrected = desk.draft("bmet.clearance", employer="নমুনা নির্মাণ কোম্পানি লিমিটেড")
    answer = await desk.platform.answer_correction(corrected, desk.references, about="1")
    assert (answer.state, answer.raw) == (S.IN_REVIEW, "CLEARANCE_SUBMITTED")
    desk.simulator.clock.advance(timedelta(days=4))
    assert (await desk.status(corrected)).state is S.ISSUED
    assert len(desk.simulator.ledger.effects("answer")) == 1


async def test_lost_answer_to_a_query_is_not_sent_again(desk: ServiceDesk[BmetSimulator]) -> None:
    desk.simulator.script.set(desk.references.client_reference, "correction")
    draft = await cleared(desk)
    desk.simulator.clock.advance(timedelta(days=3))
    desk.simulator.faults.add(ANSWER, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.answer_correction(draft, desk.references, about="1")
    assert len(desk.simulator.ledger.requests(ANSWER)) == 1
    assert (await desk.status(draft)).state is S.IN_REVIEW


async def test_document_that_is_no_pdf_is_not_kept(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await cleared(desk)
    desk.simulator.clock.advance(timedelta(days=4))
    told = await desk.status(draft)
    page = InjectedResponse(status=200, body="<html>Login</html>", headers={"content-type": "application/pdf"})
    desk.simulator.faults.add(f"GET {API}/clearances/{{reference}}/documents/{{kind}}", page)
    with pytest.raises(ContractViolation):
        await fetched(desk, draft, told)


async def test_answers_with_more_fields_are_understood(desk: ServiceDesk[BmetSimulator]) -> None:
    draft = await cleared(desk)
    desk.simulator.faults.add(f"GET {API}/clearances/{{reference}}", Altered(put={"colour": "green"}))
    assert (await desk.status(draft)).state is S.IN_REVIEW


async def test_health_names_nobody(desk: ServiceDesk[BmetSimulator]) -> None:
    assert (await desk.platform.check_health("bmet")).state.value == "up"
