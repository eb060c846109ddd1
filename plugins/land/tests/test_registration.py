"""Land registered for its tax: what is filed, what the office says, and the number that it gives."""

from typing import Any

import pytest

from nagorik.errors import InputRejected, OutcomeUnknown
from nagorik.model.status import AgencyStatus, ApplicationState as S, Deliverable
from nagorik.model.submission import Accepted, DefinitelyAbsent, Found
from nagorik.values import Text, to_bangla_digits
from nagorik_land.data import DATA
from nagorik_land.forms import HoldingRegistrationForm
from nagorik_land.simulator import LandSimulator
from nagorik_testing import Altered, AnswerLost, InjectedResponse, ServiceDesk, SyntheticCitizens, serial_of
from nagorik_toolkit import validate_form

SERVICE = "land.holding-registration"
REGISTRATIONS = "/sim/land/v1/registrations"
REGISTERED, REFUSED = "হোল্ডিং নিবন্ধিত", "নিবন্ধন নামঞ্জুর"
CITIZEN = SyntheticCitizens().citizen(7)
Desk = ServiceDesk[LandSimulator]


async def filed(desk: Desk, **more: Any) -> AgencyStatus:
    accepted = await desk.file(desk.draft(SERVICE, **more))
    assert isinstance(accepted, Accepted)
    return accepted.status


async def until(desk: Desk, word: str) -> AgencyStatus:
    return await desk.until(desk.draft(SERVICE), word)


async def test_land_is_registered_under_the_number_that_its_owner_knows(land_desk: Desk) -> None:
    received = await filed(land_desk, holding_number="১২০")
    assert (received.state, received.payment_confirmed, received.fee_due) == (S.SUBMITTED, None, None)
    checking = await until(land_desk, "ইউনিয়ন ভূমি অফিসে যাচাই")
    assert (checking.state, checking.deliverables) == (S.IN_REVIEW, ())
    registered = await until(land_desk, REGISTERED)
    assert (registered.state, registered.final) == (S.DELIVERED, True)
    assert registered.deliverables == (Deliverable(kind="holding-number", delivery="none", reference="120"),)
    assert registered.reason == DATA.texts.text("land.holding-registered", number=Text(bn="১২০", en="120"))
    assert [effect.kind for effect in land_desk.simulator.ledger.effects()] == ["application"]


async def test_land_without_a_number_gets_one(land_desk: Desk) -> None:
    await filed(land_desk, holding_number=None)
    registered = await until(land_desk, REGISTERED)
    (case,) = land_desk.simulator.books["registrations"]
    assert [deliverable.reference for deliverable in registered.deliverables] == [serial_of(case)]


async def test_a_refusal_is_told_with_what_the_office_wrote(land_desk: Desk) -> None:
    land_desk.simulator.script.set("*", "reject")
    await filed(land_desk)
    refused = await until(land_desk, REFUSED)
    assert (refused.state, refused.final, refused.deliverables) == (S.REJECTED, True, ())
    assert refused.reason == DATA.texts.text("land.registration-refused")
    assert refused.remark == "খতিয়ানের সঙ্গে আবেদনের তথ্য মেলেনি"


async def test_a_number_in_bangla_is_kept_in_ascii_digits(land_desk: Desk) -> None:
    await filed(land_desk)
    await until(land_desk, REGISTERED)
    one = f"GET {REGISTRATIONS}/{{reference}}"
    given: Any = [{"kind": "holding-number", "number": to_bangla_digits("4321")}]
    land_desk.simulator.faults.add(one, Altered(put={"issued": given}))
    status = await land_desk.status(land_desk.draft(SERVICE))
    assert [deliverable.reference for deliverable in status.deliverables] == ["4321"]


async def test_a_lost_answer_is_looked_up_and_not_filed_twice(land_desk: Desk) -> None:
    draft = land_desk.draft(SERVICE)
    assert isinstance(await land_desk.find(draft), DefinitelyAbsent)
    land_desk.simulator.faults.add(f"POST {REGISTRATIONS}", AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await land_desk.file(draft)
    assert isinstance(await land_desk.find(draft), Found)
    assert len(land_desk.simulator.ledger.effects("application")) == 1


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("nid", "/form/nid"),
        ("birthDate", "/form/birth_date"),
        ("mobile", "/form/mobile"),
        ("survey", "/form/survey"),
        ("khatianNumber", "/form/khatian_number"),
        ("plots", "/form/plots"),
        ("holdingNumber", "/form/holding_number"),
    ],
)
async def test_what_the_office_refuses_is_shown_where_it_was_filled_in(
    land_desk: Desk, field: str, pointer: str
) -> None:
    body = f'{{"error":{{"field":"{field}","message":"no"}}}}'
    refusal = InjectedResponse(status=400, body=body, headers={"Content-Type": "application/json"})
    land_desk.simulator.faults.add(f"POST {REGISTRATIONS}", refusal)
    with pytest.raises(InputRejected) as caught:
        await filed(land_desk)
    assert [problem.pointer for problem in caught.value.fields] == [pointer]


async def test_nobody_pays_for_a_registration(land_desk: Desk) -> None:
    operations = {operation.value for operation in land_desk.platform.service(SERVICE).operations}
    assert operations == {"eligibility", "find", "status", "submit"}


async def test_the_papers_that_a_page_names_may_be_left_out(land_desk: Desk) -> None:
    documents = land_desk.platform.service(SERVICE).documents
    assert [document.kind for document in documents] == ["khatian", "land-tax-receipt", "nid-card"]
    assert not any(document.required for document in documents)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"nid": "12345"}, "/form/nid"),
        ({"birth_date": "1890-01-01"}, "/form/birth_date"),
        ({"plots": []}, "/form/plots"),
        ({"survey": "xs"}, "/form/survey"),
        ({"holding_number": "নম্বর"}, "/form/holding_number"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(change: dict[str, Any], pointer: str) -> None:
    form = LandSimulator().example(SERVICE, CITIZEN).form
    with pytest.raises(InputRejected) as caught:
        validate_form(HoldingRegistrationForm, {**form, **change})
    assert [problem.pointer for problem in caught.value.fields] == [pointer]


def test_one_s_own_holding_number_is_optional() -> None:
    form = LandSimulator().example(SERVICE, CITIZEN).form
    read = validate_form(HoldingRegistrationForm, {**form, "holding_number": None})
    assert read.holding_number is None  # type: ignore[attr-defined]
