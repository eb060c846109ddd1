"""What a citizen goes through, against the simulated department."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from nagorik.errors import AgencyRejected, ContractViolation, InputRejected, OutcomeUnknown
from nagorik.model.status import ApplicationState as S, Flag
from nagorik.model.submission import CannotTell, DefinitelyAbsent, Found
from nagorik.values import dhaka_zone
from nagorik_passport.simulator import SPELLINGS, PassportSimulator
from nagorik_testing import Altered, AnswerLost, InjectedResponse, ServiceDesk

API = "/sim/epassport/api/v1"
CREATE, REWORK = f"POST {API}/registrations", f"POST {API}/registrations/{{reference}}/correction"
BOOK = f"POST {API}/registrations/{{reference}}/booking"
WEEK = timedelta(days=7)


def spellings(word: str) -> set[str]:
    return {word, SPELLINGS.get(word, word)}


async def course(desk: ServiceDesk[PassportSimulator], draft: Any, hours: int = 3, **script: Any) -> list[Any]:
    """Every status of an application that is filed and paid for, until the passport is issued."""
    desk.simulator.script.set(desk.references.client_reference, **script)
    await desk.file(draft)
    seen = [await desk.status(draft)]
    await desk.pay(draft)
    for _ in range(500):
        told = await desk.status(draft)
        if (told.raw, told.state) != (seen[-1].raw, seen[-1].state):
            seen.append(told)
        if told.final:
            return seen
        desk.simulator.clock.advance(timedelta(hours=hours))
    return seen


async def test_passport_from_filing_to_the_counter(desk: ServiceDesk[PassportSimulator]) -> None:
    seen = await course(desk, desk.draft(), hours=1, outcome="issue")
    assert [told.state for told in seen] == [
        S.SUBMITTED,
        S.AWAITING_APPEARANCE,
        S.IN_REVIEW,
        S.IN_REVIEW,
        S.IN_REVIEW,
        S.APPROVED,
        S.APPROVED,
        S.APPROVED,
        S.ISSUED,
        S.DELIVERED,
    ]
    assert seen[0].fee_due == "application"
    assert seen[-2].deliverables[-1].delivery == "counter"
    assert all(Flag.THIRD_PARTY_VERIFICATION not in told.flags for told in seen)


@pytest.mark.parametrize(("delivery", "working_days"), [("regular", 15), ("express", 7), ("super-express", 2)])
async def test_time_runs_from_the_enrolment_and_not_from_the_payment(
    desk: ServiceDesk[PassportSimulator], delivery: str, working_days: int
) -> None:
    form = desk.form("passport.reissue", delivery=delivery, office="আগারগাঁও")
    seen = await course(desk, desk.draft("passport.reissue", form), outcome="issue")
    at = {told.state: told.at for told in reversed(seen)}
    assert at[S.IN_REVIEW] - at[S.AWAITING_APPEARANCE] >= timedelta(days=14) - timedelta(hours=2)
    assert at[S.ISSUED] - at[S.IN_REVIEW] <= timedelta(days=working_days)


async def test_police_is_asked_where_the_script_says_so(desk: ServiceDesk[PassportSimulator]) -> None:
    seen = await course(desk, desk.draft(), outcome="police")
    police = [told for told in seen if Flag.THIRD_PARTY_VERIFICATION in told.flags]
    assert {told.raw for told in police} <= spellings("Pending SB Police Clearance")
    assert len(police) == 1


@pytest.mark.parametrize(("day", "asked"), [(date(2025, 2, 17), True), (date(2025, 2, 18), False)])
@pytest.mark.parametrize("service", ["passport.new", "passport.reissue"])
async def test_police_was_asked_about_new_applications_until_the_circular(
    desk: ServiceDesk[PassportSimulator], service: str, day: date, asked: bool
) -> None:
    desk.simulator.clock.set(datetime.combine(day, datetime.min.time(), dhaka_zone()) + timedelta(hours=10))
    seen = await course(desk, desk.draft(service), outcome="issue")
    flagged = any(Flag.THIRD_PARTY_VERIFICATION in told.flags for told in seen)
    assert flagged is (asked and service == "passport.new")


async def test_lost_answer_is_found_by_our_reference_and_filed_once(desk: ServiceDesk[PassportSimulator]) -> None:
    draft, sent_at = desk.draft(), desk.simulator.clock.now()
    desk.simulator.faults.add(CREATE, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.file(draft)
    found = await desk.find(draft, sent_at)
    assert isinstance(found, Found)
    assert found.status.fee_due == "application"
    assert len(desk.simulator.ledger.effects("application")) == 1


async def test_two_under_one_reference_are_for_a_person(desk: ServiceDesk[PassportSimulator]) -> None:
    draft, sent_at = desk.draft(), desk.simulator.clock.now()
    await desk.file(draft)
    await desk.file(draft)
    answer = await desk.find(draft, sent_at)
    assert answer == CannotTell(because="several-applications")


async def test_search_that_lags_behind_cannot_tell(desk: ServiceDesk[PassportSimulator]) -> None:
    draft, sent_at = desk.draft(), desk.simulator.clock.now()
    desk.simulator.books["registrations"].replication.lag = timedelta(minutes=10)
    await desk.file(draft)
    answer = await desk.find(draft, sent_at)
    assert answer == CannotTell(because="search-incomplete")
    desk.simulator.clock.advance(timedelta(minutes=10))
    assert isinstance(await desk.find(draft, sent_at), Found)


async def test_nothing_filed_is_definitely_absent(desk: ServiceDesk[PassportSimulator]) -> None:
    now = desk.simulator.clock.now()
    answer = await desk.find(desk.draft(), now)
    assert answer == DefinitelyAbsent(as_of=now)


@pytest.mark.parametrize(
    ("born", "changes", "pointers"),
    [
        ("1960-11-24", {"validity_years": 10}, {"/form/validity_years"}),
        ("1960-11-24", {"pages": 64}, {"/form/pages"}),
        ("1990-01-31", {"nid": None}, {"/form/nid"}),
        ("2010-01-01", {"nid": None}, {"/form/birth_registration"}),
        ("2010-01-01", {"nid": None, "birth_registration": "20109910000000007"}, {"/form/father_nid"}),
        ("1990-01-31", {"delivery": "super-express", "place": "mission"}, {"/form/delivery"}),
        ("1990-01-31", {"surname": "SOMEBODY ELSE"}, {"/form/surname"}),
        ("1990-01-31", {"had_passport": True}, {"/form/had_passport"}),
        ("1990-01-31", {"birth_date": "1990-01-30"}, {"/form/birth_date"}),
    ],
)
async def test_what_the_day_forbids_is_not_sent(
    desk: ServiceDesk[PassportSimulator], born: str, changes: dict[str, Any], pointers: set[str]
) -> None:
    applicant = {"birth_date": date.fromisoformat(born), "identifiers": ()}
    form = desk.form(**{"birth_date": born, "nid": f"{born[:4]}9910000000007", **changes})
    with pytest.raises(InputRejected) as refused:
        await desk.file(desk.draft(form=form, applicant=applicant))
    assert {problem.pointer for problem in refused.value.fields} == pointers
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ("birthDate", "birth_date"),
        ("givenName", "given_name"),
        ("surname", "surname"),
        ("nid", "nid"),
        ("birthRegistration", "birth_registration"),
        ("fatherNid", "father_nid"),
        ("motherNid", "mother_nid"),
        ("pages", "pages"),
        ("validityYears", "validity_years"),
        ("delivery", "delivery"),
        ("office", "office"),
        ("previousPassport", None),
        ("passportNo", None),
        ("generalDiary", None),
        ("applicationNo", None),
    ],
)
async def test_field_that_the_portal_refuses_is_told_at_its_field(
    desk: ServiceDesk[PassportSimulator], named: str, field: str | None
) -> None:
    # A field of another form is refused as a whole: the citizen has none of that name to correct.
    body = json.dumps({"error": {"field": named, "message": "is not readable"}})
    refusal = InjectedResponse(status=422, body=body, headers={"content-type": "application/json"})
    desk.simulator.faults.add(CREATE, refusal)
    with pytest.raises(InputRejected) as refused:
        await desk.file(desk.draft())
    assert [(p.pointer, p.code) for p in refused.value.fields] == [
        (f"/form/{field}" if field else "/form", "portal.field-refused")
    ]


async def test_status_is_for_who_knows_the_date_of_birth(desk: ServiceDesk[PassportSimulator]) -> None:
    await desk.file(desk.draft())
    stranger = desk.draft(form=desk.form(birth_date="1900-01-01", nid=None, birth_registration=None))
    with pytest.raises(AgencyRejected):
        await desk.status(stranger)


async def test_rework_is_answered_with_the_corrected_form(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "correction")
    await desk.file(draft)
    await desk.pay(draft)
    asked = await desk.until(draft, "Sent for Rework", every=timedelta(hours=6))
    assert (asked.state, asked.remark is not None) == (S.CORRECTION_REQUESTED, True)
    corrected = desk.draft(form=desk.form(permanent_address={**HOME, "upazila": "ধামরাই"}))
    answer = await desk.platform.answer_correction(corrected, desk.references, about="1")
    assert (answer.state, answer.raw) == (S.IN_REVIEW, "Pending Backend Verification")
    assert len(desk.simulator.ledger.effects("rework")) == 1


HOME = {"division": "ঢাকা", "district": "ঢাকা", "upazila": "সাভার", "home": "নমুনা সড়ক", "postcode": "১৩৪০"}


async def test_lost_answer_to_a_rework_is_not_sent_again(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "correction")
    await desk.file(draft)
    await desk.pay(draft)
    await desk.until(draft, "Sent for Rework", every=timedelta(hours=6))
    desk.simulator.faults.add(REWORK, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.answer_correction(draft, desk.references, about="1")
    assert len(desk.simulator.ledger.requests(REWORK)) == 1
    assert (await desk.status(draft)).state is S.IN_REVIEW


async def test_slip_is_had_from_the_enrolment_on(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    assert (await desk.status(draft)).deliverables == ()
    await desk.pay(draft)
    told = await desk.until(draft, "Pending Backend Verification", every=timedelta(hours=6))
    fetched = await desk.platform.fetch_deliverable(
        draft, agency_reference=desk.reference, deliverable=told.deliverables[0]
    )
    assert (fetched.deliverable.kind, fetched.document.media_type) == ("delivery-slip", "application/pdf")


@pytest.mark.parametrize(
    ("media_type", "body"), [("application/pdf", "<html>Login</html>"), ("text/html", "%PDF-1.4")]
)
async def test_slip_that_is_no_pdf_is_not_kept(
    desk: ServiceDesk[PassportSimulator], media_type: str, body: str
) -> None:
    draft = desk.draft()
    await desk.file(draft)
    await desk.pay(draft)
    told = await desk.until(draft, "Pending Backend Verification", every=timedelta(hours=6))
    page = InjectedResponse(status=200, body=body, headers={"content-type": media_type})
    desk.simulator.faults.add(f"GET {API}/registrations/{{reference}}/documents/{{kind}}", page)
    with pytest.raises(ContractViolation):
        await desk.platform.fetch_deliverable(
            draft, agency_reference=desk.reference, deliverable=told.deliverables[0]
        )


# Appointments


async def busy(desk: ServiceDesk[PassportSimulator]) -> Any:
    """An application at an office that takes people by appointment, paid for."""
    draft = desk.draft(form=desk.form(office="Agargaon"))
    await desk.file(draft)
    await desk.pay(draft)
    desk.simulator.clock.advance(timedelta(hours=3))
    return draft


async def test_appointment_is_taken_and_kept(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await busy(desk)
    offered = await desk.slots(draft, 7)
    first = offered[0]
    assert (first.place.bn, first.free) == ("আগারগাঁও, ঢাকা", 2)
    assert first.ends_at - first.starts_at == timedelta(minutes=30)
    booking = await desk.platform.book_slot(draft, desk.references, first)
    assert (booking.booked, booking.reference is not None) == (True, True)
    assert (await desk.status(draft)).raw == "Appointment Scheduled"
    desk.simulator.clock.set(first.ends_at + timedelta(minutes=1))
    assert (await desk.status(draft)).state is S.IN_REVIEW


async def test_booking_the_same_again_is_one_appointment_and_another_replaces_it(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    draft = await busy(desk)
    first, second, *_ = await desk.slots(draft, 7)
    for slot in (first, first, second):
        assert (await desk.platform.book_slot(draft, desk.references, slot)).booked
    assert len(desk.simulator.ledger.effects("appointment")) == 2
    free = {slot.id: slot.free for slot in await desk.slots(draft, 7)}
    assert (free[first.id], free[second.id]) == (2, 1)


async def test_lost_answer_to_a_booking_shows_in_the_status_and_is_not_sent_again(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    draft = await busy(desk)
    first = (await desk.slots(draft, 7))[0]
    desk.simulator.faults.add(BOOK, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.book_slot(draft, desk.references, first)
    assert len(desk.simulator.ledger.requests(BOOK)) == 1
    assert (await desk.status(draft)).raw == "Appointment Scheduled"


async def test_slots_are_those_between_the_two_instants(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await busy(desk)
    everything = await desk.slots(draft, 7)
    first, last = everything[1], everything[-1]
    found = await desk.platform.list_slots(
        draft, earliest=first.starts_at, latest=last.starts_at, agency_reference=desk.reference
    )
    assert found.slots == everything[1:-1]


async def test_slot_that_has_gone_is_an_answer(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await busy(desk)
    first = (await desk.slots(draft, 7))[0]
    desk.simulator.boards["registrations"].fill("AGARGAON", first.starts_at.date())
    assert not (await desk.platform.book_slot(draft, desk.references, first)).booked
    assert first.id not in {slot.id for slot in await desk.slots(draft, 7)}


async def test_full_office_offers_nothing(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await busy(desk)
    desk.simulator.boards["registrations"].fill("AGARGAON", (desk.simulator.clock.now() + WEEK).date())
    assert await desk.slots(draft, 7) == ()
    assert len(await desk.slots(draft, days=14)) > 0


async def test_quiet_office_takes_people_as_they_come(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft()
    assert (await desk.platform.list_slots(draft, earliest=NOW, latest=NOW + WEEK)).slots == ()
    await desk.file(draft)
    await desk.pay(draft)
    assert await desk.slots(draft, 7) == ()
    await desk.until(draft, "Pending Backend Verification", every=timedelta(hours=6))


NOW = datetime(2026, 11, 24, 4, tzinfo=dhaka_zone())


async def test_missed_appointment_is_taken_anew(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await busy(desk)
    desk.simulator.script.set(desk.references.client_reference, "missed")
    first, *_ = await desk.slots(draft, 7)
    await desk.platform.book_slot(draft, desk.references, first)
    desk.simulator.clock.set(first.ends_at + timedelta(minutes=1))
    missed = await desk.status(draft)
    assert (missed.state, missed.raw) == (S.AWAITING_APPEARANCE, "Submitted")
    assert "নতুন সময় নিন" in missed.remark
    again, *_ = await desk.slots(draft, 7)
    assert (await desk.platform.book_slot(draft, desk.references, again)).booked
    desk.simulator.clock.set(again.ends_at + timedelta(minutes=1))
    assert (await desk.status(draft)).state is S.IN_REVIEW


async def test_portal_that_adds_fields_is_understood(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    desk.simulator.faults.add(f"GET {API}/registrations/{{reference}}", Altered(put={"colour": "green"}))
    assert (await desk.status(draft)).state is S.SUBMITTED


async def test_health_names_nobody(desk: ServiceDesk[PassportSimulator]) -> None:
    assert (await desk.platform.check_health("passport")).state.value == "up"
