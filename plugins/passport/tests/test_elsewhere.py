"""Applications that were filed elsewhere: what the citizen is told of one, and another appointment for it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, InputRejected, OutcomeUnknown
from nagorik.model.eligibility import EligibilityRequest, Verdict
from nagorik.model.status import ApplicationState as S, Deliverable
from nagorik.model.submission import Accepted, Rejected
from nagorik_passport.data import DATA
from nagorik_passport.forms import PassportStatusForm
from nagorik_passport.plugin import PLUGIN, PortalStanding
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import Altered, AnswerLost, InjectedResponse, ServiceDesk, SyntheticCitizens
from nagorik_toolkit import validate_form

API = "/sim/epassport/api/v1"
LOOK_UP = f"POST {API}/lookups/applications"
SHOW, BOOK = f"GET {API}/registrations/{{reference}}", f"POST {API}/registrations/{{reference}}/booking"
STATUS, CHANGE = "passport.status", "passport.appointment-change"
CITIZEN = SyntheticCitizens().citizen(7)
BOTH = pytest.mark.parametrize("service", [STATUS, CHANGE])


async def asked(desk: ServiceDesk[PassportSimulator], service: str = STATUS, serial: int = 7, **more: str) -> Any:
    desk.citizen = SyntheticCitizens().citizen(serial)
    form = desk.form(service, **more)
    applicant = {"birth_date": date.fromisoformat(form["birth_date"])}
    return await desk.file(desk.draft(service, form, applicant=applicant))


def looked_up(word: str, **more: Any) -> Any:
    request: Any = SimpleNamespace(service=STATUS, form=None)
    shown = {"reference": "OID0000000007", "status": word, **more}
    return PLUGIN.read(request, PortalStanding.model_validate(shown))


# The status


@pytest.mark.parametrize(
    ("serial", "word", "known", "words"),
    [
        (7, "Appointment Scheduled", "awaiting_appearance", "appointment on 6 December 2026 at 10:00, Agargaon"),
        (9000, "Pending Backend Verification", "in_review", "is checking your application"),
        (9100, "Sent for Rework", "correction_requested", "its remark says what"),
        (9200, "Passport Ready for Issuance", "issued", "with the delivery slip"),
        (9300, "Payment verification result - Name mismatch", "awaiting_payment", "Do not pay again yet"),
        (9400, "Submitted", "awaiting_appearance", "Ask the office whether you need an appointment"),
        (9500, "Pending SB Police Clearance", "in_review", "police verification is not finished"),
    ],
)
async def test_the_portals_word_is_told_with_what_it_means(
    desk: ServiceDesk[PassportSimulator], serial: int, word: str, known: str, words: str
) -> None:
    answer = await asked(desk, serial=serial)
    assert isinstance(answer, Accepted)
    assert (answer.status.state, answer.status.final, answer.status.raw) == (S.DELIVERED, True, word)
    assert answer.status.deliverables == (Deliverable(kind="application-status", delivery="none", reference=known),)
    assert answer.status.reason is not None
    assert words in answer.status.reason.en
    assert (answer.status.fee_due, desk.simulator.ledger.effects()) == (None, ())


async def test_an_officers_remark_is_passed_on(desk: ServiceDesk[PassportSimulator]) -> None:
    assert "স্থায়ী ঠিকানা" in (await asked(desk, serial=9100)).status.remark


async def test_it_goes_on_as_time_does(desk: ServiceDesk[PassportSimulator]) -> None:
    assert (await asked(desk)).status.deliverables[0].reference == "awaiting_appearance"
    desk.simulator.clock.advance(timedelta(days=40))
    assert (await asked(desk)).status.deliverables[0].reference == "delivered"


@pytest.mark.parametrize("number", ["OID0000000007", "4000-0000000007"])
@pytest.mark.parametrize(("service", "reference"), [(STATUS, "OID0000000007"), (CHANGE, "APT-0000000007")])
async def test_either_number_finds_it(
    desk: ServiceDesk[PassportSimulator], service: str, reference: str, number: str
) -> None:
    assert (await asked(desk, service, application_no=number)).reference == reference


async def test_what_was_filed_through_this_platform_is_found_too(desk: ServiceDesk[PassportSimulator]) -> None:
    await desk.file(desk.draft())
    assert desk.reference is not None
    own = desk.reference
    answer = await asked(desk, application_no=own)
    assert (answer.reference, answer.status.raw) == (own, "Submitted")


@BOTH
@pytest.mark.parametrize(
    "more",
    [
        {"application_no": "OID0000000008"},
        {"application_no": "OID1000000007"},
        {"application_no": "4000-0000000008"},
        {"application_no": "OID0000009999"},
        {"birth_date": "1901-01-01"},
    ],
)
async def test_number_and_birth_date_belong_together(
    desk: ServiceDesk[PassportSimulator], service: str, more: dict[str, str]
) -> None:
    answer = await asked(desk, service, **more)
    assert isinstance(answer, Rejected)
    assert (answer.reason_code, bool(answer.reason.bn)) == ("application.not-found", True)


@BOTH
async def test_nobody_elses_application_is_asked_about(desk: ServiceDesk[PassportSimulator], service: str) -> None:
    with pytest.raises(InputRejected) as refused:
        await desk.file(desk.draft(service, desk.form(service, birth_date="1901-01-01")))
    assert [problem.pointer for problem in refused.value.fields] == ["/form/birth_date"]
    assert desk.simulator.ledger.requests() == ()


@BOTH
async def test_nobody_is_found_absent_by_a_portal_that_is_down(
    desk: ServiceDesk[PassportSimulator], service: str
) -> None:
    desk.simulator.faults.add(LOOK_UP, InjectedResponse(status=503), count=None)
    with pytest.raises(AgencyUnavailable):
        await asked(desk, service)


async def test_a_word_that_nobody_knows_is_told_as_unknown(desk: ServiceDesk[PassportSimulator]) -> None:
    desk.simulator.faults.add(LOOK_UP, Altered(put={"application.status": "Pending Something New"}))
    status = (await asked(desk)).status
    assert (status.raw, status.deliverables[0].reference) == ("Pending Something New", None)
    assert "a word that we do not know" in status.reason.en


def test_every_word_of_the_portal_has_a_sentence_of_its_own_meaning() -> None:
    told = {}
    for word in DATA.statuses.words:
        status = looked_up(word)
        assert status.reason is not None, word
        told[word] = status.reason.en
    assert not any("do not know" in sentence for sentence in told.values())
    assert len(set(told.values())) >= 12


@pytest.mark.parametrize(
    ("word", "english", "bangla"),
    [
        ("Enrollment in Process", "checking your application", "যাচাই করছে"),
        ("Pending for SB/DSB Police Clearance", "police verification", "পুলিশ ভেরিফিকেশন"),
        ("Approved", "is printed next", "এরপর পাসপোর্ট ছাপা হবে"),
        ("Pending in Print Queue", "cannot collect it yet", "এখনো তা নেওয়া যাবে না"),
        ("Passport Shipped", "cannot collect it yet", "এখনো তা নেওয়া যাবে না"),
        ("Passport Ready for Issuance", "is ready", "তৈরি"),
        ("Passport Issued", "has been issued", "দেওয়া হয়েছে"),
        ("Sent for Rework", "has not told us what", "জানায়নি"),
    ],
)
def test_what_a_word_means_is_told_in_both_languages(word: str, english: str, bangla: str) -> None:
    status = looked_up(word, updatedAt="2026-11-24T10:05:00+06:00")
    assert status.reason is not None
    assert (english in status.reason.en, bangla in status.reason.bn) == (True, True)
    assert status.at == datetime(2026, 11, 24, 4, 5, tzinfo=UTC)


def test_what_is_due_elsewhere_is_not_asked_for_here() -> None:
    status = looked_up("Submitted", payment={"state": "UNPAID"})
    assert (status.fee_due, status.state) == (None, S.DELIVERED)
    assert status.reason is not None
    assert "Pay the fee if you have not" in status.reason.en


# The number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("oid 0000000007", "OID0000000007"),
        ("OID০০০০০০০০০৭", "OID0000000007"),
        (" 4000-000000007 ", "4000-000000007"),
        ("৪০০০-০০০০০০০০৭", "4000-000000007"),
    ],
)
def test_number_is_taken_as_people_write_it(written: str, number: str) -> None:
    form = validate_form(PassportStatusForm, {"application_no": written, "birth_date": "1990-01-31"})
    assert form.application_no == number


@BOTH
@pytest.mark.parametrize(
    "number", ["0000000007", "OID", "OID12", "4000000000007", "A00000007", "OID1234-5", "জিডি ৭"]
)
async def test_what_is_no_number_is_refused_at_its_field(
    desk: ServiceDesk[PassportSimulator], service: str, number: str
) -> None:
    with pytest.raises(InputRejected) as refused:
        await asked(desk, service, application_no=number)
    assert [problem.pointer for problem in refused.value.fields] == ["/form/application_no"]
    assert desk.simulator.ledger.requests() == ()


@BOTH
@pytest.mark.parametrize(("days", "verdict"), [(0, Verdict.PASS), (1, Verdict.FAIL)])
def test_each_person_asks_about_their_own(service: str, days: int, verdict: Verdict) -> None:
    born = CITIZEN.birth_date + timedelta(days=days)
    form = validate_form(PassportStatusForm, {"application_no": "OID0000000007", "birth_date": born.isoformat()})
    request = EligibilityRequest(service=service, on=date(2026, 11, 24), applicant=CITIZEN.applicant(), form=form)
    assert {one.id: one.verdict for one in PLUGIN.judge(request)} == {"own-application": verdict}


# Another appointment


async def opened(desk: ServiceDesk[PassportSimulator]) -> Any:
    draft = desk.draft(CHANGE)
    answer = await desk.file(draft)
    assert isinstance(answer, Accepted)
    assert (answer.status.state, answer.status.raw) == (S.AWAITING_APPEARANCE, "Appointment Scheduled")
    assert answer.status.reason is not None
    assert "6 December 2026 at 10:00, Agargaon, Dhaka" in answer.status.reason.en
    assert "৬ ডিসেম্বর ২০২৬, ১০:০০, আগারগাঁও, ঢাকা" in answer.status.reason.bn
    assert desk.simulator.ledger.effects() == ()
    return draft


async def test_another_appointment_takes_the_place_of_the_one_there_was(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await opened(desk)
    slot = (await desk.slots(draft, 20))[-1]
    assert (await desk.platform.book_slot(draft, desk.references, slot)).booked
    changed = await desk.status(draft)
    assert (changed.state, changed.final) == (S.DELIVERED, True)
    assert [(one.kind, one.delivery) for one in changed.deliverables] == [("appointment", "none")]
    assert changed.reason is not None
    assert changed.reason.en.startswith("Your new appointment is on ")
    assert "at 09:30, Agargaon, Dhaka" in changed.reason.en
    status = (await asked(desk)).status
    assert changed.reason.en.split(" on ")[1] in status.reason.en
    desk.simulator.clock.set(slot.ends_at + timedelta(minutes=1))
    assert (await asked(desk)).status.raw == "Enrolment in Process"


async def test_lost_answer_to_the_booking_shows_in_the_status(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await opened(desk)
    slot = (await desk.slots(draft))[0]
    desk.simulator.faults.add(BOOK, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.book_slot(draft, desk.references, slot)
    assert len(desk.simulator.ledger.requests(BOOK)) == 1
    assert (await desk.status(draft)).state is S.DELIVERED


async def test_a_booking_that_another_platform_made_is_not_taken_for_ours(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    draft = await opened(desk)
    slot = (await desk.slots(draft))[0]
    others = replace(desk.references, client_reference="NGK-OTHER-1")
    assert (await desk.platform.book_slot(draft, others, slot)).booked
    assert (await desk.status(draft)).state is S.AWAITING_APPEARANCE


async def test_an_appointment_that_is_gone_leaves_the_old_one(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await opened(desk)
    slot = (await desk.slots(draft))[0]
    desk.simulator.boards["registrations"].fill("AGARGAON", slot.starts_at.date())
    assert not (await desk.platform.book_slot(draft, desk.references, slot)).booked
    told = await desk.status(draft)
    assert told.reason is not None
    assert (told.state, "6 December 2026" in told.reason.en) == (S.AWAITING_APPEARANCE, True)


async def test_an_appointment_whose_time_is_over_is_not_changed(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await opened(desk)
    slot = (await desk.slots(draft, 20))[-1]
    desk.simulator.clock.advance(timedelta(days=15))
    over = await desk.status(draft)
    assert over.reason is not None
    assert (over.state, over.final, "was not changed" in over.reason.en) == (S.EXPIRED, True, True)
    with pytest.raises(AgencyRejected):
        await desk.platform.book_slot(draft, desk.references, slot)


@pytest.mark.parametrize("serial", [9000, 9200, 9300, 9400])
async def test_where_no_appointment_can_be_changed_that_is_the_answer(
    desk: ServiceDesk[PassportSimulator], serial: int
) -> None:
    answer = await asked(desk, CHANGE, serial)
    assert isinstance(answer, Rejected)
    assert (answer.reason_code, "Ask the passport office" in answer.reason.en) == ("appointment.none", True)


async def test_a_missed_appointment_is_none_that_can_be_changed(desk: ServiceDesk[PassportSimulator]) -> None:
    desk.simulator.script.set(CITIZEN.alias, "missed")
    draft = await opened(desk)
    desk.simulator.clock.advance(timedelta(days=13))
    assert (await desk.status(draft)).state is S.EXPIRED
    assert (await asked(desk, CHANGE)).reason_code == "appointment.none"


async def test_a_word_that_nobody_knows_leaves_the_change_where_it_is(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = await opened(desk)
    desk.simulator.faults.add(SHOW, Altered(put={"status": "Appointment Frozen"}))
    told = await desk.status(draft)
    assert (told.state, told.raw, told.final) == (None, "Appointment Frozen", False)
