"""The one question that other agencies ask."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from nagorik.errors import AgencyUnavailable, ConsentMissing, ContractViolation, InputRejected
from nagorik.model.status import ApplicationState, Deliverable
from nagorik.model.submission import Accepted, Rejected
from nagorik.values import dhaka_zone
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import Altered, InjectedResponse, ServiceDesk, SyntheticCitizens

SERVICE = "passport.verification"
VERIFY = "POST /sim/epassport/api/v1/lookups/passports"


async def asked(desk: ServiceDesk[PassportSimulator], serial: int = 7, **more: str) -> Any:
    desk.citizen = SyntheticCitizens().citizen(serial)
    form = desk.form(SERVICE, **more)
    applicant = {"birth_date": date.fromisoformat(form["birth_date"])}
    return await desk.platform.submit(desk.draft(SERVICE, form, applicant=applicant), desk.references)


@pytest.mark.parametrize(("serial", "until"), [(7, "2031-06-30"), (8999, "2031-06-30"), (9000, "2027-01-31")])
async def test_valid_until_when(desk: ServiceDesk[PassportSimulator], serial: int, until: str) -> None:
    answer = await asked(desk, serial)
    assert isinstance(answer, Accepted)
    assert (answer.status.state, answer.status.raw) == (ApplicationState.DELIVERED, "VALID")
    assert answer.status.deliverables == (Deliverable(kind="passport-validity", delivery="none", reference=until),)
    assert desk.simulator.ledger.effects() == ()


async def test_the_last_day_is_told_as_people_read_it(desk: ServiceDesk[PassportSimulator]) -> None:
    reason = (await asked(desk, 9000)).status.reason
    assert (reason.en, reason.bn) == (
        "This passport is valid until 31 January 2027.",
        "এই পাসপোর্টের মেয়াদ ৩১ জানুয়ারি ২০২৭ পর্যন্ত।",
    )


@pytest.mark.parametrize(
    ("serial", "code"),
    [(9100, "passport.expired"), (9200, "passport.cancelled"), (9300, "passport.not-found")],
)
async def test_what_does_not_serve_is_an_answer(desk: ServiceDesk[PassportSimulator], serial: int, code: str) -> None:
    answer = await asked(desk, serial)
    assert isinstance(answer, Rejected)
    assert (answer.reason_code, bool(answer.reason.bn)) == (code, True)


@pytest.mark.parametrize(
    "more", [{"birth_date": "1901-01-01"}, {"passport_no": "B00000007"}, {"passport_no": "A10000007"}]
)
async def test_number_and_birth_date_belong_together(
    desk: ServiceDesk[PassportSimulator], more: dict[str, str]
) -> None:
    assert (await asked(desk, **more)).reason_code == "passport.not-found"


async def test_nobody_elses_passport_is_asked_about(desk: ServiceDesk[PassportSimulator]) -> None:
    with pytest.raises(InputRejected) as refused:
        await desk.file(desk.draft(SERVICE, desk.form(SERVICE, birth_date="1901-01-01")))
    assert [problem.pointer for problem in refused.value.fields] == ["/form/birth_date"]
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize(("day", "valid"), [(date(2031, 6, 30), True), (date(2031, 7, 1), False)])
async def test_the_last_day_counts_in_dhaka(desk: ServiceDesk[PassportSimulator], day: date, valid: bool) -> None:
    desk.simulator.clock.set(datetime.combine(day, time(0, 1), dhaka_zone()))
    assert isinstance(await asked(desk), Accepted if valid else Rejected)


@pytest.mark.parametrize("expires", [None, "24/11/2025"])
async def test_valid_with_no_day_to_come_is_no_answer(
    desk: ServiceDesk[PassportSimulator], expires: str | None
) -> None:
    desk.simulator.faults.add(VERIFY, Altered(put={"validUntil": expires}))
    with pytest.raises(ContractViolation):
        await asked(desk)


async def test_a_word_that_nobody_knows_is_no_answer(desk: ServiceDesk[PassportSimulator]) -> None:
    desk.simulator.faults.add(VERIFY, Altered(put={"result": "SUSPENDED"}))
    with pytest.raises(ContractViolation):
        await asked(desk)


async def test_it_is_asked_again_after_a_lost_answer_and_never_taken_for_a_no(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    desk.simulator.faults.add(VERIFY, InjectedResponse(status=503), count=None)
    with pytest.raises(AgencyUnavailable):
        await asked(desk)
    assert len(desk.simulator.ledger.requests(VERIFY)) > 1


async def test_nobody_is_asked_about_without_consent(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft(SERVICE, desk.form(SERVICE)).model_copy(update={"consent": None})
    with pytest.raises(ConsentMissing):
        await desk.platform.submit(draft, desk.references)
    assert desk.simulator.ledger.requests() == ()


async def test_days_within_the_last_half_year_can_be_told(desk: ServiceDesk[PassportSimulator]) -> None:
    answer = await asked(desk, 9000)
    until = date.fromisoformat(answer.status.deliverables[0].reference)
    assert until - desk.simulator.clock.now().date() < timedelta(days=180)
