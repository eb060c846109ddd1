"""Cards and clearances are looked up; whatever BMET answers is told, and nothing is left there."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from nagorik.errors import AgencyUnavailable, ConsentMissing, ContractViolation, InputRejected
from nagorik.model.eligibility import Eligibility, EligibilityRequest, Verdict
from nagorik.model.status import ApplicationState, Deliverable
from nagorik.model.submission import Accepted, Rejected
from nagorik.values import Text, dhaka_zone
from nagorik_bmet.data import DATA
from nagorik_bmet.forms import CardVerificationForm, ClearanceVerificationForm
from nagorik_bmet.plugin import PLUGIN
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import Altered, InjectedResponse, ServiceDesk, SyntheticCitizens
from nagorik_toolkit import day_text, form_schema

CARD, CLEARANCE = "bmet.card-verification", "bmet.clearance-verification"
SERVICES = (CARD, CLEARANCE)
API = "/sim/bmet/v1"
ASK = {CARD: f"POST {API}/lookups/cards", CLEARANCE: f"POST {API}/lookups/clearances"}
LAST_DAY = date(2028, 9, 30)
"""Of a registration of 1 October 2026."""

Desk = ServiceDesk[BmetSimulator]


async def asked(desk: Desk, service: str, serial: int = 7, **more: str) -> Any:
    desk.citizen = SyntheticCitizens().citizen(serial)
    draft = desk.draft(service, desk.form(service, **more))
    return await desk.platform.submit(draft, desk.references)


def said(answer: Any) -> tuple[Text, Deliverable]:
    """The sentence for the worker, and what the answer carries for whoever asked."""
    assert isinstance(answer, Accepted)
    assert (answer.status.state, answer.status.final) == (ApplicationState.DELIVERED, True)
    [carried] = answer.status.deliverables
    assert answer.status.reason is not None
    return answer.status.reason, carried


# A card


async def test_a_registration_is_valid_until_when(desk: Desk) -> None:
    sentence, carried = said(await asked(desk, CARD))
    assert sentence == DATA.texts.text("card.registration-valid-until", until=day_text(LAST_DAY))
    assert "30 September 2028" in sentence.en
    assert carried == Deliverable(kind="card-validity", delivery="none", reference="2028-09-30")


@pytest.mark.parametrize(("day", "valid"), [(LAST_DAY, True), (LAST_DAY + timedelta(days=1), False)])
async def test_the_last_day_of_a_registration_counts_in_dhaka(desk: Desk, day: date, valid: bool) -> None:
    desk.simulator.clock.set(datetime.combine(day, time(0, 1), dhaka_zone()))
    assert isinstance(await asked(desk, CARD), Accepted if valid else Rejected)


async def test_how_long_a_smart_card_is_valid_is_not_made_up(desk: Desk) -> None:
    sentence, carried = said(await asked(desk, CARD, card="smart-card", card_number="EC00000007"))
    assert sentence == DATA.texts.text("card.smart-card-valid")
    assert carried.reference is None


async def test_an_end_that_bmet_names_for_a_smart_card_is_told(desk: Desk) -> None:
    desk.simulator.faults.add(ASK[CARD], Altered(put={"validUntil": "2027-01-31"}))
    sentence, carried = said(await asked(desk, CARD, card="smart-card", card_number="EC00000007"))
    assert sentence == DATA.texts.text("card.smart-card-valid-until", until=day_text(date(2027, 1, 31)))
    assert carried.reference == "2027-01-31"


async def test_a_registration_without_an_end_is_valid_today_and_no_more_is_said(desk: Desk) -> None:
    desk.simulator.faults.add(ASK[CARD], Altered(put={"validUntil": None}))
    sentence, carried = said(await asked(desk, CARD))
    assert (sentence, carried.reference) == (DATA.texts.text("card.registration-valid"), None)


@pytest.mark.parametrize(
    ("serial", "more", "code"),
    [
        (9000, {}, "bmet.registration-expired"),
        (9300, {}, "bmet.card-not-found"),
        (7, {"card_number": "BM00000008"}, "bmet.card-not-found"),
        (7, {"card_number": "BM10000007"}, "bmet.card-not-found"),
        (7, {"card_number": "X"}, "bmet.card-not-found"),
        (7, {"card": "smart-card"}, "bmet.card-not-found"),
        (9100, {"card": "smart-card", "card_number": "EC00009100"}, "bmet.card-not-found"),
    ],
)
async def test_a_card_that_does_not_serve_is_an_answer(
    desk: Desk, serial: int, more: dict[str, str], code: str
) -> None:
    answer = await asked(desk, CARD, serial, **more)
    assert answer == Rejected(reason_code=code, reason=DATA.texts.text(code))


async def test_a_smart_card_that_has_expired_is_told_as_such(desk: Desk) -> None:
    desk.simulator.faults.add(ASK[CARD], Altered(put={"result": "EXPIRED"}))
    answer = await asked(desk, CARD, card="smart-card", card_number="EC00000007")
    assert answer.reason_code == "bmet.smart-card-expired"


@pytest.mark.parametrize("until", ["2026-11-23", "30/09/2028"])
async def test_valid_with_no_day_to_come_is_no_answer(desk: Desk, until: str) -> None:
    desk.simulator.faults.add(ASK[CARD], Altered(put={"validUntil": until}))
    with pytest.raises(ContractViolation):
        await asked(desk, CARD)


# A clearance


@pytest.mark.parametrize(
    ("serial", "word", "sentence", "carried"),
    [
        (7, "READY", "clearance.ready", ("clearance", "EC00000007")),
        (8999, "READY", "clearance.ready", ("clearance", "EC00008999")),
        (9100, "IN_PROCESS", "clearance.in-process", ("clearance-progress", None)),
        (9200, "FINGERPRINTS_MISSING", "clearance.fingerprints-missing", ("clearance-progress", None)),
    ],
)
async def test_how_far_a_clearance_is(
    desk: Desk, serial: int, word: str, sentence: str, carried: tuple[str, str | None]
) -> None:
    answer = await asked(desk, CLEARANCE, serial)
    told, deliverable = said(answer)
    assert (answer.status.raw, told) == (word, DATA.texts.text(sentence))
    assert (deliverable.kind, deliverable.reference) == carried


@pytest.mark.parametrize(
    ("serial", "more"), [(9300, {}), (7, {"passport_no": "B00000007"}), (7, {"passport_no": "A00000008"})]
)
async def test_a_passport_without_a_clearance_is_an_answer(desk: Desk, serial: int, more: dict[str, str]) -> None:
    code = "bmet.clearance-not-found"
    assert await asked(desk, CLEARANCE, serial, **more) == Rejected(reason_code=code, reason=DATA.texts.text(code))


async def test_a_clearance_without_a_number_is_given_all_the_same(desk: Desk) -> None:
    desk.simulator.faults.add(ASK[CLEARANCE], Altered(put={"issued": None}))
    _, carried = said(await asked(desk, CLEARANCE))
    assert carried == Deliverable(kind="clearance", delivery="none", reference=None)


# What was applied for here


async def test_what_the_counters_issue_can_be_looked_up(desk: Desk) -> None:
    registration = desk.draft("bmet.registration")
    await desk.file(registration)
    await desk.pay(registration)
    desk.simulator.clock.advance(timedelta(hours=2))
    [card] = (await desk.status(registration)).deliverables
    sentence, _ = said(await asked(desk, CARD, card_number=card.reference))
    assert sentence == DATA.texts.text("card.registration-valid-until", until=day_text(date(2028, 11, 23)))

    clearance = desk.draft("bmet.clearance")
    await desk.file(clearance)
    await desk.pay(clearance)
    assert said(await asked(desk, CLEARANCE))[0] == DATA.texts.text("clearance.in-process")
    desk.simulator.clock.advance(timedelta(days=4))
    _, ready = said(await asked(desk, CLEARANCE))
    assert ready.reference is not None
    assert isinstance(await asked(desk, CARD, card="smart-card", card_number=ready.reference), Accepted)


# Both


@pytest.mark.parametrize("service", SERVICES)
async def test_nothing_is_left_at_bmet(desk: Desk, service: str) -> None:
    await asked(desk, service)
    assert desk.simulator.ledger.effects() == ()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_word_that_nobody_knows_is_no_answer(desk: Desk, service: str) -> None:
    desk.simulator.faults.add(ASK[service], Altered(put={"result": "ON_HOLD"}))
    with pytest.raises(ContractViolation):
        await asked(desk, service)


@pytest.mark.parametrize("service", SERVICES)
async def test_it_is_asked_again_after_a_lost_answer_and_never_taken_for_a_no(desk: Desk, service: str) -> None:
    desk.simulator.faults.add(ASK[service], InjectedResponse(status=503), count=None)
    with pytest.raises(AgencyUnavailable):
        await asked(desk, service)
    assert len(desk.simulator.ledger.requests(ASK[service])) > 1


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_is_looked_up_without_consent(desk: Desk, service: str) -> None:
    draft = desk.draft(service, desk.form(service)).model_copy(update={"consent": None})
    with pytest.raises(ConsentMissing):
        await desk.platform.submit(draft, desk.references)
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_looks_up_somebody_else(desk: Desk, service: str) -> None:
    with pytest.raises(InputRejected) as refused:
        await asked(desk, service, birth_date="1990-01-01")
    assert [problem.pointer for problem in refused.value.fields] == ["/form/birth_date"]
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("born", [date(2027, 1, 1), date(1890, 1, 1)])
async def test_a_birth_date_that_nobody_has_is_told(service: str, born: date) -> None:
    applicant = SyntheticCitizens().citizen(7).applicant().model_copy(update={"birth_date": born})
    request = EligibilityRequest(service=service, on=date(2026, 11, 24), applicant=applicant)
    context: Any = None  # nobody is asked
    decision = await PLUGIN.nagorik_check_eligibility(request, context)
    assert decision.eligibility is Eligibility.INELIGIBLE
    assert {one.id: one.verdict for one in decision.criteria} == {
        "own-application": Verdict.CANNOT_TELL,
        "birth-date": Verdict.FAIL,
    }


@pytest.mark.parametrize("form", [CardVerificationForm, ClearanceVerificationForm])
def test_every_field_of_a_look_up_has_a_label_and_help_in_both_languages(form: Any) -> None:
    for name, field in form_schema(form)["properties"].items():
        assert all(field[key] for key in ("title", "x-title-bn", "description", "x-description-bn")), name


async def test_a_field_that_bmet_refuses_is_told_at_its_field(desk: Desk) -> None:
    body = '{"error": {"field": "cardNumber", "message": "is too long"}}'
    refusal = InjectedResponse(status=422, body=body, headers={"content-type": "application/json"})
    desk.simulator.faults.add(ASK[CARD], refusal)
    with pytest.raises(InputRejected) as refused:
        await asked(desk, CARD)
    assert [(p.pointer, p.code) for p in refused.value.fields] == [("/form/card_number", "bmet.field-refused")]
