"""What a citizen goes through, against the simulated EC."""

import json
from datetime import timedelta
from typing import Any

import pytest

from nagorik.errors import AgencyRejected, ContractViolation, InputRejected, OutcomeUnknown
from nagorik.model.fee import FeeDue, QuoteRequest
from nagorik.model.payment import AdvisePaymentRequest, PaymentReceipt
from nagorik.model.status import ApplicationState, DeliverableRequest, HealthState, StatusRequest
from nagorik.model.submission import (
    Accepted,
    CannotTell,
    CorrectionRequest,
    DefinitelyAbsent,
    FindRequest,
    Found,
    SubmitRequest,
    WithdrawRequest,
)
from nagorik.operations import Operation
from nagorik_nid.plugin import PLUGIN
from nagorik_testing import Case, InjectedResponse

Desk = Any  # the fixture's class lives in conftest.py, which is not imported
REFERENCE = "nagorik-0001"
HALF_AN_HOUR = timedelta(minutes=30)
"""How long a payment takes to reach the EC."""
LOST = {"reason": "lost", "gd_reference": "GD 123 of 1 November 2026, Namuna thana"}

HOME = {
    "division": "ঢাকা",
    "district": "ঢাকা",
    "upazila": "সাভার",
    "union_or_ward": "ওয়ার্ড ১",
    "home": "নমুনা রোড, বাসা ১",
}


def case(desk: Desk, service: str, reference: str) -> Case[Any]:
    """An application as the simulated EC has it."""
    found: Case[Any] = desk.simulator.books[PLUGIN.collection(service).rpartition("/")[2]].get(reference)
    return found


def officer(desk: Desk, service: str, reference: str, action: str, **more: str) -> None:
    book = desk.simulator.books[PLUGIN.collection(service).rpartition("/")[2]]
    book.act(book.get(reference), action, **more)


def as_new_voter(desk: Desk) -> dict[str, Any]:
    """Let a citizen who has no NID number sit at the desk; what they fill in."""
    example = desk.simulator.example("nid.new-voter", desk.citizen)
    desk.applicant = lambda: example.applicant
    return {**example.form, "present_address": HOME, "permanent_address": HOME}


async def quote(desk: Desk, service: str, form: dict[str, Any]) -> Any:
    request = desk.request(QuoteRequest, service, form, at=desk.simulator.clock.now())
    return await desk.call(Operation.QUOTE, request)


async def submit(desk: Desk, service: str, form: dict[str, Any]) -> str:
    accepted = await desk.call(
        Operation.SUBMIT, desk.request(SubmitRequest, service, form, client_reference=REFERENCE)
    )
    assert isinstance(accepted, Accepted)
    return accepted.reference


async def status(desk: Desk, service: str, form: dict[str, Any], reference: str) -> Any:
    request = desk.request(StatusRequest, service, form, client_reference=REFERENCE, agency_reference=reference)
    return await desk.call(Operation.STATUS, request)


async def advise(desk: Desk, service: str, form: dict[str, Any], reference: str | None, paid: Any) -> bool:
    receipt = PaymentReceipt(
        payment="payment-1",
        quote=paid.id,
        stage=paid.stage,
        gateway="cashdesk.counter",
        reference="RECEIPT-1",
        amount=paid.total,
        captured_at=desk.simulator.clock.now(),
    )
    request = desk.request(
        AdvisePaymentRequest,
        service,
        form,
        client_reference=REFERENCE,
        agency_reference=reference,
        receipt=receipt,
    )
    return bool((await desk.call(Operation.ADVISE_PAYMENT, request)).confirmed)


async def find(desk: Desk, service: str, form: dict[str, Any]) -> Any:
    request = desk.request(FindRequest, service, form, client_reference=REFERENCE, sent_at=desk.simulator.clock.now())
    return await desk.call(Operation.FIND, request)


async def until(desk: Desk, service: str, form: dict[str, Any], reference: str, word: str) -> Any:
    for _ in range(200):
        told = await status(desk, service, form, reference)
        if told.raw == word:
            return told
        desk.simulator.clock.advance(timedelta(hours=12))
    raise AssertionError(word)


async def test_new_voters_parents_are_filed_under_their_own_names(desk: Desk) -> None:
    form = as_new_voter(desk) | {"father_nid": "9910012000001", "mother_nid": "0099000001", "blood_group": "AB-"}
    filed = case(desk, "nid.new-voter", await submit(desk, "nid.new-voter", form)).details
    assert (filed["fatherName"], filed["motherName"]) == (form["father_name"], form["mother_name"])
    # Of 13 digits as it is: the child's year of birth is not the father's.
    assert (filed["fatherNid"], filed["motherNid"], filed["bloodGroup"]) == ("9910012000001", "0099000001", "AB-")
    assert filed["name"] == form["name"]


async def test_lost_card_from_price_to_download(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST, delivery="urgent")

    price = await quote(desk, service, form)
    assert (price.total.plain(), price.due) == ("345.00", FeeDue.BEFORE_SUBMISSION)
    assert price.expires_at - price.issued_at == timedelta(hours=24)

    reference = await submit(desk, service, form)
    unpaid = await status(desk, service, form, reference)
    assert (unpaid.state, unpaid.raw, unpaid.payment_confirmed) == (ApplicationState.SUBMITTED, "DRAFT", False)

    assert await advise(desk, service, form, reference, price) is False
    desk.simulator.clock.advance(HALF_AN_HOUR)
    assert await advise(desk, service, form, reference, price) is True
    assert len(desk.simulator.ledger.effects("payment")) == 1

    ready = await until(desk, service, form, reference, "READY_TO_DOWNLOAD")
    assert (ready.state, ready.payment_confirmed, ready.final) == (ApplicationState.ISSUED, True, False)
    (deliverable,) = ready.deliverables
    assert (deliverable.kind, deliverable.delivery) == ("nid-card", "download")

    fetched = await desk.call(
        Operation.DELIVERABLE,
        desk.request(DeliverableRequest, service, form, agency_reference=reference, deliverable=deliverable),
    )
    content = b"".join([part async for part in desk.contexts(Operation.HEALTH).documents.open(fetched.document)])
    assert content.startswith(b"%PDF-")
    assert (fetched.document.kind, fetched.document.media_type) == ("nid-card", "application/pdf")


@pytest.mark.parametrize(
    ("corrected", "value", "named"),
    [
        ("name-bn", "নমুনা নাগরিক", "NAME_BN"),
        ("name-en", "NAMUNA NAGORIK", "NAME_EN"),
        ("father-name", "নমুনা পিতা", "FATHER_NAME"),
        ("mother-name", "নমুনা মাতা", "MOTHER_NAME"),
        ("spouse-name", "নমুনা সঙ্গী", "SPOUSE_NAME"),
        ("marital-status", "married", "MARITAL_STATUS"),
        ("birth-date", "1991-01-31", "BIRTH_DATE"),
        ("blood-group", "O+", "BLOOD_GROUP"),
        ("address", "নমুনা রোড, বাসা ১", "ADDRESS"),
        ("other", "নমুনা", "OTHER"),
    ],
)
async def test_correction_is_asked_for_by_the_name_that_the_ec_has_for_it(
    desk: Desk, corrected: str, value: str, named: str
) -> None:
    form = desk.card(changes=[{"field": corrected, "value": value}])
    filed = case(desk, "nid.correction", await submit(desk, "nid.correction", form)).details
    assert filed["changes"] == [{"field": named, "value": value}]
    priced = desk.request(QuoteRequest, "nid.correction", form, at=desk.simulator.clock.now())
    assert PLUGIN.price_question(priced)["changes"] == [{"field": named}]


async def test_card_is_renewed_and_its_date_of_issue_sent(desk: Desk) -> None:
    service, form = "nid.renewal", desk.card(issued_on="2009-06-30", delivery="urgent", collection="office")
    price = await quote(desk, service, form)
    assert (price.total.plain(), price.due) == ("172.50", FeeDue.BEFORE_SUBMISSION)

    undated = case(desk, service, await submit(desk, service, form | {"issued_on": None})).details
    assert "issuedOn" not in undated

    reference = await submit(desk, service, form)
    filed = case(desk, service, reference).details
    assert (filed["issuedOn"], filed["delivery"], filed["collection"]) == ("2009-06-30", "URGENT", "OFFICE")
    await advise(desk, service, form, reference, price)
    printed = await until(desk, service, form, reference, "PRINTED")
    assert [(each.kind, each.delivery) for each in printed.deliverables] == [("nid-card", "counter")]
    assert (await quote(desk, service, form)).total == price.total


async def test_card_collected_at_the_office_is_delivered_when_handed_over(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(reason="damaged", collection="office")
    price = await quote(desk, service, form)
    reference = await submit(desk, service, form)
    await advise(desk, service, form, reference, price)
    desk.simulator.clock.advance(HALF_AN_HOUR)

    printed = await until(desk, service, form, reference, "PRINTED")
    assert (printed.state, printed.deliverables[0].delivery) == (ApplicationState.ISSUED, "counter")
    handed = await until(desk, service, form, reference, "HANDED_OVER")
    assert (handed.state, handed.final) == (ApplicationState.DELIVERED, True)
    assert handed.sequence > printed.sequence


async def test_payment_before_filing_is_not_advised(desk: Desk) -> None:
    form = desk.card(**LOST)
    price = await quote(desk, "nid.reissue", form)
    assert await advise(desk, "nid.reissue", form, None, price) is False
    assert desk.simulator.ledger.effects("payment") == ()


async def test_second_payment_for_one_application_is_refused(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    price = await quote(desk, service, form)
    reference = await submit(desk, service, form)
    await advise(desk, service, form, reference, price)
    other = PaymentReceipt(
        payment="payment-2",
        quote=price.id,
        stage=price.stage,
        gateway="cashdesk.counter",
        reference="RECEIPT-2",
        amount=price.total,
        captured_at=desk.simulator.clock.now(),
    )
    request = desk.request(
        AdvisePaymentRequest,
        service,
        form,
        client_reference=REFERENCE,
        agency_reference=reference,
        receipt=other,
    )
    with pytest.raises(AgencyRejected) as refused:
        await desk.call(Operation.ADVISE_PAYMENT, request)
    assert refused.value.reason_code == "http-409"


async def test_free_migration_needs_no_payment(desk: Desk) -> None:
    service, form = "nid.migration", desk.card(new_address=HOME)
    assert (await quote(desk, service, form)).total.plain() == "0.00"
    reference = await submit(desk, service, form)
    told = await until(desk, service, form, reference, "SUBMITTED")
    assert told.state is ApplicationState.SUBMITTED
    issued = await until(desk, service, form, reference, "READY_TO_DOWNLOAD")
    assert issued.deliverables[0].kind == "voter-area-confirmation"


async def test_new_voter_is_filed_without_an_nid(desk: Desk) -> None:
    service, form = "nid.new-voter", as_new_voter(desk)
    assert (await quote(desk, service, form)).total.plain() == "0.00"
    reference = await submit(desk, service, form)
    assert (await status(desk, service, form, reference)).raw == "DRAFT"


@pytest.mark.parametrize(
    ("fields", "total"),
    [(("name-bn",), "230.00"), (("marital-status",), "115.00"), (("name-bn", "other"), "345.00")],
)
async def test_correction_costs_by_what_is_corrected(desk: Desk, fields: tuple[str, ...], total: str) -> None:
    changes = [{"field": field, "value": "নমুনা"} for field in fields]
    assert (await quote(desk, "nid.correction", desk.card(changes=changes))).total.plain() == total


@pytest.mark.parametrize(
    ("earlier", "total"), [(0, "230.00"), (1, "345.00"), (2, "575.00"), (3, "575.00"), (9, "575.00")]
)
async def test_reissue_costs_by_how_often_the_ec_has_seen_it(desk: Desk, earlier: int, total: str) -> None:
    holder = desk.simulator.register.holder(desk.citizen.full_nid.value)
    desk.simulator.earlier["reissues", holder] += earlier
    assert (await quote(desk, "nid.reissue", desk.card(**LOST))).total.plain() == total


@pytest.mark.parametrize("told", [{"attempt": 1, "total": "200.00"}, {"attempt": 3, "total": "230.00"}])
async def test_price_that_differs_from_the_schedule_is_nobodys_to_pay(desk: Desk, told: dict[str, Any]) -> None:
    desk.simulator.faults.add("POST /sim/nid/v1/prices", InjectedResponse(status=200, body=json.dumps(told)))
    with pytest.raises(ContractViolation) as violation:
        await quote(desk, "nid.reissue", desk.card(**LOST))
    assert violation.value.detail == "fee-differs-from-schedule"


@pytest.mark.parametrize(
    "told", [{"total": "230.00"}, {"attempt": 0, "total": "230.00"}, {"attempt": 1, "total": "?"}]
)
async def test_price_without_a_count_or_an_amount_is_no_price(desk: Desk, told: dict[str, Any]) -> None:
    desk.simulator.faults.add("POST /sim/nid/v1/prices", InjectedResponse(status=200, body=json.dumps(told)))
    with pytest.raises(ContractViolation):
        await quote(desk, "nid.reissue", desk.card(**LOST))


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"Content-Type": "application/pdf"}, "<html>login</html>"), ({"Content-Type": "text/html"}, "%PDF-1.4")],
)
async def test_file_that_is_no_pdf_is_not_kept(desk: Desk, headers: dict[str, str], body: str) -> None:
    fault = InjectedResponse(status=200, headers=headers, body=body)
    desk.simulator.faults.add("GET /sim/nid/v1/reissues/{reference}/documents/{kind}", fault)
    deliverable = {"kind": "nid-card", "delivery": "download"}
    request = desk.request(
        DeliverableRequest, "nid.reissue", desk.card(**LOST), agency_reference="NIDW-1", deliverable=deliverable
    )
    with pytest.raises(ContractViolation) as violation:
        await desk.call(Operation.DELIVERABLE, request)
    assert violation.value.detail == "deliverable-not-a-pdf"


async def test_application_is_found_by_our_reference(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    before = await find(desk, service, form)
    assert before == DefinitelyAbsent(as_of=desk.simulator.clock.now())
    reference = await submit(desk, service, form)
    found = await find(desk, service, form)
    assert isinstance(found, Found)
    assert (found.reference, found.status.raw) == (reference, "DRAFT")


async def test_two_applications_under_one_reference_are_for_a_person(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    await submit(desk, service, form)
    await submit(desk, service, form)
    assert await find(desk, service, form) == CannotTell(because="several-applications")


async def test_search_that_has_not_seen_everything_proves_no_absence(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    await submit(desk, service, form)
    desk.simulator.books["reissues"].replication.lag = timedelta(minutes=3)
    assert await find(desk, service, form) == CannotTell(because="search-incomplete")


async def test_papers_that_were_asked_for_are_sent(desk: Desk) -> None:
    service, form = "nid.correction", desk.card(changes=[{"field": "name-en", "value": "NAMUNA NAGORIK"}])
    price = await quote(desk, service, form)
    reference = await submit(desk, service, form)
    await advise(desk, service, form, reference, price)
    desk.simulator.clock.advance(HALF_AN_HOUR)
    await until(desk, service, form, reference, "DOCUMENT_REVIEW")
    officer(desk, service, reference, "request-documents", remarks="এসএসসি সনদ দিন")

    asked = await status(desk, service, form, reference)
    assert asked.state is ApplicationState.CORRECTION_REQUESTED
    assert (asked.raw, asked.remark) == ("ADDITIONAL_DOCS", "এসএসসি সনদ দিন")
    assert asked.reason.en.startswith("The Election Commission asks for more papers")

    request = desk.request(
        CorrectionRequest,
        service,
        form,
        client_reference=REFERENCE,
        agency_reference=reference,
        documents=(desk.paper(),),
    )
    answered = await desk.call(Operation.ANSWER_CORRECTION, request)
    assert (answered.state, answered.raw) == (ApplicationState.IN_REVIEW, "DOCUMENT_REVIEW")


async def test_papers_that_nobody_asked_for_are_refused(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    reference = await submit(desk, service, form)
    request = desk.request(CorrectionRequest, service, form, client_reference=REFERENCE, agency_reference=reference)
    with pytest.raises(AgencyRejected):
        await desk.call(Operation.ANSWER_CORRECTION, request)


async def test_hearing_waits_for_the_citizen(desk: Desk) -> None:
    service, form = "nid.migration", desk.card(new_address=HOME)
    reference = await submit(desk, service, form)
    await until(desk, service, form, reference, "DOCUMENT_REVIEW")
    officer(desk, service, reference, "summon")
    assert (await status(desk, service, form, reference)).state is ApplicationState.AWAITING_APPEARANCE


async def test_withdrawal_is_granted_before_a_decision_and_not_after(desk: Desk) -> None:
    service, form = "nid.migration", desk.card(new_address=HOME)

    async def withdraw(reference: str) -> Any:
        request = desk.request(WithdrawRequest, service, form, client_reference=REFERENCE, agency_reference=reference)
        return await desk.call(Operation.WITHDRAW, request)

    early = await withdraw(await submit(desk, service, form))
    assert (early.withdrawn, early.status.state, early.status.final) == (True, ApplicationState.WITHDRAWN, True)

    decided = await submit(desk, service, form)
    await until(desk, service, form, decided, "DOCUMENT_REVIEW")
    officer(desk, service, decided, "reject", remarks="ঠিকানার প্রমাণ নেই")
    late = await withdraw(decided)
    assert (late.withdrawn, late.status.state, late.status.final) == (False, ApplicationState.REJECTED, True)
    assert (late.status.raw, late.status.remark) == ("REJECTED", "ঠিকানার প্রমাণ নেই")


async def test_status_is_told_to_nobody_with_another_birth_date(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    reference = await submit(desk, service, form)
    born = desk.citizen.birth_date
    other = born.replace(day=born.day % 28 + 1).isoformat()
    with pytest.raises(AgencyRejected) as refused:
        await status(desk, service, form | {"birth_date": other}, reference)
    assert refused.value.reason_code == "http-404"


async def test_deliverable_that_is_not_there_yet_is_refused(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    reference = await submit(desk, service, form)
    deliverable = {"kind": "nid-card", "delivery": "download"}
    request = desk.request(DeliverableRequest, service, form, agency_reference=reference, deliverable=deliverable)
    with pytest.raises(AgencyRejected):
        await desk.call(Operation.DELIVERABLE, request)


async def test_health_is_one_read_that_names_nobody(desk: Desk) -> None:
    health = await PLUGIN.nagorik_check_health(desk.context(Operation.HEALTH, None))
    assert health.state is HealthState.UP
    asked = [request.operation for request in desk.simulator.ledger.requests()]
    assert [operation for operation in asked if "login" not in operation] == ["GET /sim/nid/v1/health"]


async def test_all_calls_share_one_login(desk: Desk) -> None:
    service, form = "nid.reissue", desk.card(**LOST)
    reference = await submit(desk, service, form)
    for _ in range(3):
        await status(desk, service, form, reference)
    assert len(desk.simulator.ledger.effects("login")) == 1


@pytest.mark.parametrize("service", ["nid.reissue", "nid.verification"])
async def test_ones_own_birth_registration_number_is_never_sent_as_an_nid_number(desk: Desk, service: str) -> None:
    form = desk.card(nid=desk.citizen.birth_registration.value)
    if service == "nid.reissue":
        form["reason"] = "damaged"
    with pytest.raises(InputRejected) as caught:
        await desk.call(Operation.SUBMIT, desk.request(SubmitRequest, service, form, client_reference=REFERENCE))
    assert ("/form/nid", "nid.nid-number") in [(told.pointer, told.code) for told in caught.value.fields]
    assert desk.simulator.ledger.requests() == ()


async def test_success_with_an_error_in_it_is_no_answered_correction(desk: Desk) -> None:
    form = desk.card(changes=[{"field": "other", "value": "নমুনা"}])
    reference = await submit(desk, "nid.correction", form)
    error = '{"status": "ERROR", "error": {"field": "documents"}}'
    desk.simulator.faults.add(
        "POST /sim/nid/v1/corrections/{reference}/correction", InjectedResponse(status=200, body=error)
    )
    request = desk.request(
        CorrectionRequest, "nid.correction", form, client_reference=REFERENCE, agency_reference=reference
    )
    with pytest.raises(OutcomeUnknown):
        await desk.call(Operation.ANSWER_CORRECTION, request)


async def test_what_no_source_prices_costs_what_the_commission_says_and_the_quote_says_so(desk: Desk) -> None:
    changes = [{"field": "name-en", "value": "NAMUNA"}, {"field": "other", "value": "NAMUNA"}]
    form, totals = desk.card(changes=changes), []
    holder = desk.simulator.register.holder(desk.citizen.full_nid.value)
    for _ in range(3):
        price = await quote(desk, "nid.correction", form)
        totals.append((price.total.plain(), price.lines[0].code))
        desk.simulator.earlier["corrections", holder] += 1
    assert totals == [("345.00", "correction-both"), ("460.00", "correction-both"), ("805.00", "not-compared")]
    assert "no published fee" in price.lines[0].text.en
    assert "প্রকাশিত ফি নেই" in price.lines[0].text.bn
    assert not price.source.verified
