"""What the base makes of an agency's answer that is not the answer to what was asked."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from nagorik.errors import ContractViolation, InputRejected, OutcomeUnknown
from nagorik.model.payment import PaymentReceipt
from nagorik.model.status import ApplicationState
from nagorik.model.submission import Found
from nagorik.values import Money, Nid
from nagorik_bmet.simulator import BmetSimulator
from nagorik_land.simulator import LandSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import Altered, AnswerLost, InjectedResponse, ServiceDesk

BMET, NID = "/sim/bmet/v1", "/sim/nid/v1"
ANOTHER = Altered(put={"reference": "OTHER-5555"})

Desk = ServiceDesk[Any]


@pytest.fixture
def bmet() -> Desk:
    return ServiceDesk.before(BmetSimulator(), service="bmet.registration")


# Another application


async def test_a_status_of_another_application_is_none(bmet: Desk) -> None:
    draft = bmet.draft()
    await bmet.file(draft)
    bmet.simulator.faults.add(f"GET {BMET}/registrations/{{reference}}", ANOTHER)
    with pytest.raises(ContractViolation) as refused:
        await bmet.status(draft)
    assert refused.value.detail == "another-reference"


async def test_a_correction_of_another_application_may_be_ours(bmet: Desk) -> None:
    draft = bmet.draft("bmet.clearance")
    bmet.simulator.script.set(bmet.references.client_reference, "correction")
    await bmet.file(draft)
    await bmet.pay(draft)
    bmet.simulator.clock.advance(timedelta(days=3))
    assert (await bmet.status(draft)).state is ApplicationState.CORRECTION_REQUESTED
    bmet.simulator.faults.add(f"POST {BMET}/clearances/{{reference}}/correction", ANOTHER)
    with pytest.raises(OutcomeUnknown):
        await bmet.platform.answer_correction(draft, bmet.references, about="1")


async def test_a_withdrawal_of_another_application_may_be_ours() -> None:
    desk: Desk = ServiceDesk.before(NidSimulator(), service="nid.correction")
    draft = desk.draft()
    await desk.file(draft)
    desk.simulator.faults.add(f"POST {NID}/corrections/{{reference}}/withdrawal", ANOTHER)
    with pytest.raises(OutcomeUnknown):
        await desk.platform.withdraw(draft, desk.references)


async def test_a_booking_for_another_application_may_be_ours(bmet: Desk) -> None:
    draft = bmet.draft("bmet.orientation")
    await bmet.file(draft)
    await bmet.pay(draft)
    now, reference = bmet.simulator.clock.now(), bmet.reference
    offered = await bmet.platform.list_slots(
        draft, earliest=now, latest=now + timedelta(days=30), agency_reference=reference
    )
    bmet.simulator.faults.add(f"POST {BMET}/pdo-bookings/{{reference}}/booking", ANOTHER)
    with pytest.raises(OutcomeUnknown):
        await bmet.platform.book_slot(draft, bmet.references, offered.slots[0])


async def test_a_change_is_known_by_its_appointment() -> None:
    desk: Desk = ServiceDesk.before(PassportSimulator(), service="passport.appointment-change")
    draft = desk.draft()
    await desk.file(draft)
    assert (await desk.status(draft)).state is ApplicationState.AWAITING_APPEARANCE
    address = "GET /sim/epassport/api/v1/registrations/{reference}"
    desk.simulator.faults.add(address, Altered(put={"appointment.number": "APT-000000555"}))
    with pytest.raises(ContractViolation) as refused:
        await desk.status(draft)
    assert refused.value.detail == "another-reference"


# A success that is none

FAILED = [{"error": "the index is being built"}, {"errors": ["locked"]}, {"success": False}]


@pytest.mark.parametrize("said", FAILED)
async def test_a_search_that_failed_has_found_out_nothing(bmet: Desk, said: dict[str, Any]) -> None:
    draft, sent_at = bmet.draft(), bmet.now
    bmet.simulator.faults.add(f"POST {BMET}/registrations", AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await bmet.file(draft)
    bmet.simulator.faults.add(f"GET {BMET}/registrations", Altered(put={**said, "items": [], "complete": True}))
    with pytest.raises(ContractViolation):
        await bmet.find(draft, sent_at)


@pytest.mark.parametrize("said", FAILED)
async def test_a_filing_that_failed_with_a_standing_may_be_there(bmet: Desk, said: dict[str, Any]) -> None:
    bmet.simulator.faults.add(f"POST {BMET}/registrations", Altered(put=said))
    with pytest.raises(OutcomeUnknown):
        await bmet.file(bmet.draft())


# Places that no citizen can read


@pytest.mark.parametrize("place", [" ", "x" * 4001], ids=["blank", "too long"])
async def test_a_place_that_cannot_be_shown_breaks_the_contract(bmet: Desk, place: str) -> None:
    draft = bmet.draft("bmet.orientation")
    await bmet.file(draft)
    await bmet.pay(draft)
    bmet.simulator.faults.add(f"GET {BMET}/pdo-bookings/{{reference}}/slots", Altered(put={"placeBn": place}))
    now = bmet.now
    with pytest.raises(ContractViolation):
        await bmet.platform.list_slots(
            draft, earliest=now, latest=now + timedelta(days=30), agency_reference=bmet.reference
        )


# Our reference, which the agency has already


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_reference_that_is_taken_may_be_our_own_filing(bmet: Desk, status: int) -> None:
    draft, sent_at = bmet.draft(), bmet.now
    filing = f"POST {BMET}/registrations"
    bmet.simulator.faults.add(filing, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await bmet.file(draft)
    taken: JsonValue = {"error": {"field": "clientReference", "message": "already used"}}
    bmet.simulator.faults.add(filing, InjectedResponse(status=status, document=taken))
    with pytest.raises(OutcomeUnknown) as unknown:
        await bmet.file(draft)
    assert unknown.value.because == "client-reference-taken"
    assert isinstance(await bmet.find(draft, sent_at), Found)


# A search that looks at something else than our reference


@pytest.mark.parametrize(
    "search",
    [Altered(put={"items.0.clientReference": "NGK-OTHER"}), Altered(remove=("items.0.clientReference",))],
    ids=["another's", "nobody's"],
)
async def test_an_application_that_does_not_name_our_reference_is_not_ours(bmet: Desk, search: Altered) -> None:
    draft, sent_at = bmet.draft(), bmet.now
    await bmet.file(draft)
    bmet.simulator.faults.add(f"GET {BMET}/registrations", search)
    with pytest.raises(ContractViolation) as refused:
        await bmet.find(draft, sent_at)
    assert refused.value.detail == "another-client-reference"


# Payments


async def test_an_answer_about_another_payment_confirms_nothing(bmet: Desk) -> None:
    draft = bmet.draft()
    await bmet.file(draft)
    bmet.simulator.faults.add(f"POST {BMET}/registrations/{{reference}}/payments", ANOTHER)
    with pytest.raises(OutcomeUnknown):
        await bmet.pay(draft)


async def test_a_payment_in_another_currency_is_not_reported(bmet: Desk) -> None:
    draft = bmet.draft()
    await bmet.file(draft)
    receipt = PaymentReceipt(
        payment="payment-1",
        quote="quote-1",
        stage="application",
        gateway="cashdesk.counter",
        reference="R-1",
        amount=Money.of(200, "USD"),
        captured_at=bmet.now,
    )
    with pytest.raises(ContractViolation) as refused:
        await bmet.platform.advise_payment(draft, bmet.references, receipt)
    assert refused.value.detail == "not-in-taka"
    assert bmet.simulator.ledger.effects("payment") == ()


# A number that no agency can be sent


async def test_a_number_of_another_year_is_refused_where_it_is_filled_in() -> None:
    desk: Desk = ServiceDesk.before(LandSimulator(), service="land.mutation-status")
    filled = desk.form()
    own = str(filled["nid"])
    other = {"nid": f"{int(own[:4]) - 5}{own[4:]}"}
    draft = desk.draft(form={**filled, **other}, applicant={"identifiers": (Nid.parse(other["nid"]),)})
    with pytest.raises(InputRejected) as refused:
        await desk.file(draft)
    assert [(one.pointer, one.code) for one in refused.value.fields] == [("/form/nid", "nid.birth-year-mismatch")]
    assert desk.simulator.ledger.requests() == ()


# A field of another form


@pytest.mark.parametrize(
    ("service", "wire_name", "pointer"),
    [
        ("bmet.registration", "occupation", "/form/occupation"),
        ("bmet.registration", "employer", "/form"),
        ("bmet.clearance", "employer", "/form/employer"),
    ],
)
async def test_a_refusal_points_into_the_form_that_was_sent(
    bmet: Desk, service: str, wire_name: str, pointer: str
) -> None:
    collection = service.removeprefix("bmet.") + "s"
    refused: JsonValue = {"error": {"field": wire_name, "message": "is not accepted"}}
    bmet.simulator.faults.add(f"POST {BMET}/{collection}", InjectedResponse(status=422, document=refused))
    with pytest.raises(InputRejected) as caught:
        await bmet.file(bmet.draft(service))
    assert [one.pointer for one in caught.value.fields] == [pointer]
