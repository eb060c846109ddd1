"""What a citizen goes through, against the simulated BRTA."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from nagorik.errors import AgencyRejected, ContractViolation, InputRejected, OutcomeUnknown
from nagorik.model.application import DocumentReference
from nagorik.model.status import ApplicationState as S
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found
from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import AnswerLost, InjectedResponse, MaintenancePage, NotSent, ServiceDesk, SimulatorTransport

API = "/sim/brta/bsp/api"
FILING, SCHEDULING = f"POST {API}/learners", f"POST {API}/learners/{{reference}}/booking"
ADDRESS = f"GET {API}/tax-tokens/{{reference}}/documents/{{kind}}"


def document(kind: str, size: int) -> DocumentReference:
    return DocumentReference(id=f"{kind}-1", kind=kind, media_type="image/jpeg", bytes=size, sha256="0" * 64)


async def test_learner_from_filing_to_the_passed_test(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    filed = await desk.file(draft)
    assert isinstance(filed, Accepted)
    assert (filed.status.state, filed.status.fee_due) == (S.SUBMITTED, "application")
    assert (await desk.pay(draft)).confirmed

    learner = await desk.status(draft)
    assert (learner.state, learner.raw) == (S.AWAITING_APPEARANCE, "LEARNER_ISSUED")
    assert learner.remark.startswith("রোল ")
    assert "Take the test on 24 January 2027" in learner.reason.en
    assert "২৪ জানুয়ারি ২০২৭ তারিখে" in learner.reason.bn
    (licence,) = learner.deliverables
    assert (licence.kind, licence.interim) == ("learner-licence", True)

    desk.simulator.clock.advance(timedelta(days=60))
    assert (await desk.status(draft)).raw == "LEARNER_ISSUED"
    assert (await desk.until(draft, "BIOMETRIC_DONE")).state is S.IN_REVIEW
    passed = await desk.until(draft, "TEST_PASSED")
    assert (passed.state, passed.final) == (S.DELIVERED, True)
    assert [deliverable.kind for deliverable in passed.deliverables] == ["learner-licence", "driving-test-result"]


async def test_missed_test_and_retest(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "missed-and-failed")
    await desk.file(draft)
    await desk.pay(draft)
    missed = await desk.until(draft, "TEST_MISSED")
    assert "Book another date" in missed.reason.en
    first = (await desk.slots(draft))[0]
    assert (await desk.platform.book_slot(draft, desk.references, first)).booked
    told = await desk.status(draft)
    assert (told.state, told.raw) == (S.AWAITING_APPEARANCE, "TEST_SCHEDULED")
    desk.simulator.clock.set(first.ends_at)
    assert (await desk.status(draft)).raw == "BIOMETRIC_DONE"
    failed = await desk.until(draft, "TEST_FAILED")
    assert "retest" in failed.reason.en
    again = (await desk.slots(draft))[2]
    assert (await desk.platform.book_slot(draft, desk.references, again)).booked
    assert (await desk.until(draft, "TEST_PASSED")).final
    assert len(desk.simulator.ledger.effects("application")) == 1
    assert len(desk.simulator.ledger.effects("appointment")) == 2


async def test_learner_who_never_comes_lapses(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "missed")
    await desk.file(draft)
    await desk.pay(draft)
    lapsed = await desk.until(draft, "EXPIRED")
    assert (lapsed.state, lapsed.final) == (S.EXPIRED, True)
    with pytest.raises(AgencyRejected):
        await desk.platform.book_slot(draft, desk.references, (await desk.slots(draft))[0])


async def test_slot_that_is_full_is_an_answer_and_the_next_one_is_offered(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    await desk.pay(draft)
    first, second = (await desk.slots(draft))[:2]
    for holder in ("a", "b"):
        desk.simulator.boards["learners"].take("TEST", first.id, holder)
    assert not (await desk.platform.book_slot(draft, desk.references, first)).booked
    assert first.id not in {slot.id for slot in await desk.slots(draft)}
    assert (await desk.platform.book_slot(draft, desk.references, second)).booked


async def test_booking_whose_answer_is_lost_is_looked_up_and_not_taken_twice(
    desk: ServiceDesk[BrtaSimulator],
) -> None:
    draft = desk.draft()
    await desk.file(draft)
    await desk.pay(draft)
    slot = (await desk.slots(draft))[0]
    desk.simulator.faults.add(SCHEDULING, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.book_slot(draft, desk.references, slot)
    assert (await desk.status(draft)).raw == "TEST_SCHEDULED"
    assert (await desk.platform.book_slot(draft, desk.references, slot)).booked
    assert len(desk.simulator.ledger.effects("appointment")) == 1


async def test_a_learner_who_passed_gets_e_licence_and_then_the_card(desk: ServiceDesk[BrtaSimulator]) -> None:
    learner = desk.draft()
    await desk.file(learner)
    await desk.pay(learner)
    await desk.until(learner, "TEST_PASSED")
    number = f"LL-{desk.reference.removeprefix('BSP-')}"
    form = desk.form("brta.smart-card", learner_number=number)
    decision = await desk.platform.check_eligibility("brta.smart-card", desk.citizen.applicant(), form=form)
    assert {criterion.verdict.value for criterion in decision.criteria} == {"pass"}

    card = desk.draft("brta.smart-card", form)
    await desk.file(card)
    assert (await desk.pay(card, number="RECEIPT-2")).confirmed
    assert (await desk.until(card, "APPROVED")).deliverables == ()
    desk.simulator.clock.advance(timedelta(hours=3))
    issued = await desk.status(card)
    assert (issued.state, issued.raw) == (S.ISSUED, "E_LICENCE_ISSUED")
    assert (await desk.fetch(card, issued.deliverables[0])).startswith(b"%PDF-")
    delivered = await desk.until(card, "DELIVERED")
    assert [deliverable.kind for deliverable in delivered.deliverables] == ["e-licence", "smart-card"]
    words = [entry.state for entry in desk.simulator.books["smart-cards"].get(desk.reference).history]
    assert words[-5:] == ["APPROVED", "E_LICENCE_ISSUED", "CARD_PRINTING", "DISPATCHED", "DELIVERED"]


async def test_card_that_comes_back_goes_out_again(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft("brta.renewal")
    desk.simulator.script.set(desk.references.client_reference, "lost-in-post")
    await desk.file(draft)
    await desk.pay(draft)
    back = await desk.until(draft, "RETURNED")
    assert (back.state, back.final) == (S.DELIVERY_FAILED, False)
    assert back.deliverables[0].kind == "e-licence"
    assert (await desk.until(draft, "DISPATCHED")).state is S.ISSUED
    assert (await desk.until(draft, "DELIVERED")).state is S.DELIVERED


@pytest.mark.parametrize(
    ("service", "word", "kind"),
    [
        ("brta.tax-token", "TOKEN_ISSUED", "tax-token"),
        ("brta.fitness", "CERTIFICATE_ISSUED", "fitness-certificate"),
        ("brta.registration", "REGISTERED", "registration-acknowledgement"),
        ("brta.transfer", "TRANSFERRED", "transfer-slip"),
    ],
)
async def test_vehicle_gets_its_paper(desk: ServiceDesk[BrtaSimulator], service: str, word: str, kind: str) -> None:
    draft = desk.draft(service)
    await desk.file(draft)
    await desk.pay(draft)
    issued = await desk.until(draft, word)
    (deliverable,) = issued.deliverables
    assert (issued.state, deliverable.kind) == (S.ISSUED, kind)
    assert (await desk.fetch(draft, deliverable)).startswith(b"%PDF-")


async def test_motorcycle_after_ten_years_pays_nothing(desk: ServiceDesk[BrtaSimulator]) -> None:
    form = desk.form("brta.tax-token", plan="after-ten-years", registered_on="2015-01-01")
    draft = desk.draft("brta.tax-token", form)
    assert (await desk.platform.quote_fees(draft)).total.plain() == "0.00"
    assert (await desk.file(draft)).status.fee_due is None
    assert (await desk.until(draft, "TOKEN_ISSUED")).state is S.ISSUED


async def test_fitness_by_appointment_missed_failed_and_passed(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft("brta.fitness")
    desk.simulator.script.set(desk.references.client_reference, "missed-and-failed")
    await desk.file(draft)
    await desk.pay(draft)
    for word in ("INSPECTION_DUE", "INSPECTION_MISSED", "INSPECTION_FAILED"):
        told = await desk.until(draft, word)
        assert (told.state, told.reason is not None) == (S.AWAITING_APPEARANCE, True)
        slot = (await desk.slots(draft))[0]
        assert slot.place.en.startswith("Inspection yard")
        assert (await desk.platform.book_slot(draft, desk.references, slot)).booked
        desk.simulator.clock.set(slot.ends_at)
    assert (await desk.until(draft, "CERTIFICATE_ISSUED")).deliverables[0].kind == "fitness-certificate"


async def test_next_owner_collects_the_certificate_after_the_slip(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft("brta.transfer")
    await desk.file(draft)
    await desk.pay(draft)
    assert (await desk.until(draft, "INSPECTION_DUE")).state is S.AWAITING_APPEARANCE
    slot = (await desk.slots(draft))[0]
    assert (await desk.platform.book_slot(draft, desk.references, slot)).booked
    assert (await desk.until(draft, "TRANSFERRED")).state is S.ISSUED
    ready = await desk.until(draft, "CERTIFICATE_READY")
    slip, certificate = ready.deliverables
    assert (slip.interim, slip.delivery) == (True, "download")
    assert (certificate.kind, certificate.delivery) == ("registration-certificate", "counter")
    delivered = await desk.until(draft, "DELIVERED")
    assert (delivered.final, delivered.deliverables) == (True, ready.deliverables)


async def test_lost_licence_is_printed_again_or_refused_with_a_remark(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft("brta.duplicate")
    await desk.file(draft)
    await desk.pay(draft)
    delivered = await desk.until(draft, "DELIVERED")
    assert [deliverable.kind for deliverable in delivered.deliverables] == ["e-licence", "smart-card"]

    desk.reference = None
    again = desk.draft("brta.duplicate")
    desk.simulator.script.set(desk.references.client_reference, "reject")
    await desk.file(again)
    await desk.pay(again, number="RECEIPT-2")
    refused = await desk.until(again, "REJECTED")
    assert (refused.state, refused.final, bool(refused.remark)) == (S.REJECTED, True, True)
    assert "remark says why" in refused.reason.en


async def test_payment_told_twice_is_one_and_another_one_is_refused(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    assert (await desk.pay(draft)).confirmed
    assert (await desk.pay(draft)).confirmed
    assert len(desk.simulator.ledger.effects("payment")) == 1
    with pytest.raises(AgencyRejected):
        await desk.pay(draft, number="RECEIPT-9")


async def test_what_is_due_is_the_price_of_the_day_on_which_it_was_paid(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft("brta.renewal", desk.form("brta.renewal", expires_on="2025-11-24"))
    await desk.file(draft)
    desk.simulator.clock.advance(timedelta(days=1))
    transport = SimulatorTransport(desk.simulator)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        path = f"{API}/renewals/{desk.reference}/payments"
        for day, amount, status in (
            ("2026-11-25", "4730.00", 400),
            ("2026-11-24", "5248.00", 400),
            ("2026-11-24", "4730.00", 200),
        ):
            answer = await http.post(path, json={"reference": "R-1", "amount": amount, "paidOn": day})
            assert answer.status_code == status
    assert len(desk.simulator.ledger.effects("payment")) == 1


async def test_payment_before_filing_is_told_to_nobody(desk: ServiceDesk[BrtaSimulator]) -> None:
    assert not (await desk.pay(desk.draft())).confirmed
    assert desk.simulator.ledger.effects("payment") == ()


async def test_lost_answer_is_looked_up_and_found(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft("brta.registration")
    desk.simulator.faults.add(f"POST {API}/registrations", AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.submit(draft, desk.references)
    found = await desk.find(draft)
    assert isinstance(found, Found)
    assert found.status.raw == "FEE_PENDING"
    assert len(desk.simulator.ledger.effects("application")) == 1
    assert not desk.simulator.faults.unused


async def test_what_never_arrived_is_definitely_absent(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    assert await desk.find(draft) == DefinitelyAbsent(as_of=desk.simulator.clock.now())


async def test_two_under_one_reference_are_a_persons_case(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    await desk.file(draft)
    assert await desk.find(draft) == CannotTell(because="several-applications")


async def test_search_that_has_not_seen_everything_proves_no_absence(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    desk.simulator.books["learners"].replication.lag = timedelta(minutes=3)
    assert await desk.find(draft) == CannotTell(because="search-incomplete")


async def test_page_of_the_portal_with_status_200_is_no_filed_application(desk: ServiceDesk[BrtaSimulator]) -> None:
    desk.simulator.faults.add(FILING, MaintenancePage())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.submit(desk.draft(), desk.references)


@pytest.mark.parametrize(
    ("kind", "size", "limit"),
    [("photo", 150, None), ("medical-certificate", 600, None), ("photo", 151, "150"), ("nid-card", 601, "600")],
)
async def test_files_are_as_large_as_brta_takes_them(
    desk: ServiceDesk[BrtaSimulator], kind: str, size: int, limit: str | None
) -> None:
    draft = desk.draft().model_copy(update={"documents": (document(kind, size * 1024),)})
    if limit is None:
        assert isinstance(await desk.file(draft), Accepted)
        return
    with pytest.raises(InputRejected) as refused:
        await desk.platform.submit(draft, desk.references)
    (problem,) = refused.value.fields
    assert (problem.pointer, limit in problem.text.en) == ("/documents/0", True)
    assert desk.simulator.ledger.requests() == ()


async def test_field_that_the_portal_refuses_is_told_at_the_form(desk: ServiceDesk[BrtaSimulator]) -> None:
    error = json.dumps({"error": {"field": "licenceNumber", "message": "DK1234567CL0001 is unknown"}})
    desk.simulator.faults.add(f"POST {API}/renewals", InjectedResponse(status=400, body=error))
    with pytest.raises(InputRejected) as refused:
        await desk.platform.submit(desk.draft("brta.renewal"), desk.references)
    assert [problem.pointer for problem in refused.value.fields] == ["/form/licence_number"]
    assert "DK1234567CL0001" not in str(refused.value.to_problem())


class Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@contextmanager
def listening() -> Iterator[list[str]]:
    """Every line of every logger, at every level."""
    root, heard = logging.getLogger(), Everything()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    try:
        yield heard.lines
    finally:
        root.removeHandler(heard)
        root.setLevel(level)


async def test_session_in_an_address_reaches_neither_a_log_nor_an_error(
    desk: ServiceDesk[BrtaSimulator], capsys: pytest.CaptureFixture[str]
) -> None:
    draft = desk.draft("brta.tax-token")
    await desk.file(draft)
    await desk.pay(draft)
    deliverable = (await desk.until(draft, "TOKEN_ISSUED")).deliverables[0]
    with listening() as lines:
        await desk.fetch(draft, deliverable)
        desk.simulator.faults.add(f"GET {API}/documents/open/{{ticket}}", NotSent(), count=9)
        with pytest.raises(Exception) as failed:  # noqa: PT011 - whichever it is, nothing may stand in it
            await desk.fetch(draft, deliverable)
    printed = capsys.readouterr()
    errors = (str(failed.value), repr(failed.value), repr(failed.value.__cause__))
    told = "\n".join([*lines, *errors, printed.out, printed.err])
    assert "agency-unavailable" in told
    assert "jsessionid" not in told
    assert ".server" not in told


async def test_session_that_has_ended_shows_a_login_page_which_is_no_licence(
    desk: ServiceDesk[BrtaSimulator],
) -> None:
    draft = desk.draft("brta.tax-token")
    await desk.file(draft)
    await desk.pay(draft)
    deliverable = (await desk.until(draft, "TOKEN_ISSUED")).deliverables[0]
    old = f'{{"href": "{API}/documents/open/tax-token;jsessionid={"0" * 32}.server4"}}'
    desk.simulator.faults.add(ADDRESS, InjectedResponse(status=200, body=old))
    with pytest.raises(ContractViolation) as violation:
        await desk.fetch(draft, deliverable)
    assert violation.value.detail == "deliverable-not-a-pdf"


@pytest.mark.parametrize(
    "href", ["https://elsewhere.example/x", "/sim/brta/../../etc;jsessionid=1", "//x;jsessionid=1"]
)
async def test_address_of_another_shape_is_not_followed(desk: ServiceDesk[BrtaSimulator], href: str) -> None:
    draft = desk.draft("brta.tax-token")
    await desk.file(draft)
    await desk.pay(draft)
    deliverable = (await desk.until(draft, "TOKEN_ISSUED")).deliverables[0]
    desk.simulator.faults.add(ADDRESS, InjectedResponse(status=200, body=json.dumps({"href": href})))
    with pytest.raises(ContractViolation):
        await desk.fetch(draft, deliverable)


async def test_no_number_of_a_citizen_or_a_vehicle_stands_in_an_address(desk: ServiceDesk[BrtaSimulator]) -> None:
    for service in ("brta.smart-card", "brta.renewal", "brta.tax-token"):
        desk.reference = None
        draft = desk.draft(service)
        await desk.platform.check_eligibility(service, draft.applicant, form=draft.form)
        await desk.platform.quote_fees(draft)
        await desk.file(draft)
        await desk.status(draft)
    own = {str(value) for service in ("brta.smart-card", "brta.renewal") for value in desk.form(service).values()}
    for request in desk.simulator.ledger.requests():
        assert not any(value in repr(request) for value in own if len(value) > 9 and value != "2026-12-31")


async def test_health_is_one_read(desk: ServiceDesk[BrtaSimulator]) -> None:
    health = await desk.platform.check_health("brta")
    assert health.state.value == "up"
    assert [request.operation for request in desk.simulator.ledger.requests()] == [f"GET {API}/health"]
