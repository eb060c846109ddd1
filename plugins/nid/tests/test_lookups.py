"""The two look-ups, against the simulated EC and against answers of the model's shape."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from nagorik.errors import ContractViolation, InputRejected
from nagorik.model.status import ApplicationState, Deliverable
from nagorik.model.submission import Accepted, Rejected, SubmitRequest
from nagorik.operations import Operation
from nagorik_nid.data import DATA
from nagorik_nid.lookups import ApplicationFound, CardFound, application_found, card_found, sentence_of
from nagorik_nid.simulator import NidSimulator
from nagorik_testing import SyntheticCitizen, SyntheticCitizens
from nagorik_toolkit import day_text

Desk = Any
STATUSES, TEXTS = DATA.statuses, DATA.texts
PLACE = NidSimulator.agency.lookups["cards"].answers["otherwise"]["place"]
FOUND: dict[str, JsonValue] = {"number": "LKP-1", "result": "FOUND", "since": "2026-11-20"}
SCHEDULED: dict[str, JsonValue] = {
    "number": "LKP-1",
    "result": "SCHEDULED",
    "distributionOn": "2026-11-24",
    "place": "নমুনা",
}


def form_number(citizen: SyntheticCitizen) -> str:
    """The number on the citizen's slip."""
    return f"000000{citizen.alias[-4:]}"


async def ask(desk: Desk, service: str, form: dict[str, JsonValue]) -> Any:
    asked = {"birth_date": desk.citizen.birth_date.isoformat(), **form}
    request = desk.request(SubmitRequest, service, asked, client_reference="nagorik-0001")
    return await desk.call(Operation.SUBMIT, request)


def with_serial(desk: Desk, serial: int) -> Desk:
    desk.citizen = SyntheticCitizens().citizen(serial)
    return desk


# An application that was filed elsewhere


@pytest.mark.parametrize(
    ("serial", "word", "said"),
    [
        (7, "DOCUMENT_REVIEW", "checking your application since"),
        (9001, "READY_TO_DOWNLOAD", "ready to download since"),
        (9101, "REJECTED", "rejected your application on"),
        (9201, "ADDITIONAL_DOCS", "asked for more papers"),
        (9301, "HEARING", "asked you to come to a hearing"),
    ],
)
async def test_application_filed_elsewhere_is_told_with_the_day_it_got_there(
    desk: Desk, serial: int, word: str, said: str
) -> None:
    desk = with_serial(desk, serial)
    found = await ask(desk, "nid.application-status", {"form_number": form_number(desk.citizen)})
    assert isinstance(found, Accepted)
    status = found.status
    assert (status.state, status.raw, status.final) == (ApplicationState.DELIVERED, word, True)
    assert status.deliverables == (Deliverable(kind="application-status", delivery="none"),)
    since = day_text(desk.today() - timedelta(days=10))
    assert said in status.reason.en
    assert (since.en in status.reason.en, since.bn in status.reason.bn) == (True, True)
    assert (status.remark is not None) == (word in {"REJECTED", "ADDITIONAL_DOCS"})


async def test_application_filed_here_is_found_by_its_number_too(desk: Desk) -> None:
    request = desk.request(SubmitRequest, "nid.reissue", desk.card(reason="damaged"), client_reference="nagorik-0002")
    filed = await desk.call(Operation.SUBMIT, request)
    found = await ask(desk, "nid.application-status", {"form_number": filed.reference})
    assert found.status.raw == "DRAFT"
    assert "whether a fee is still due" in found.status.reason.en


@pytest.mark.parametrize("written", ["0000000008", "0000009901", "NIDW-0000000000", "123"])
async def test_unknown_number_and_somebody_elses_are_not_told_apart(desk: Desk, written: str) -> None:
    rejected = await ask(desk, "nid.application-status", {"form_number": written})
    assert isinstance(rejected, Rejected)
    assert rejected.reason_code == "nid.application-not-found"


@pytest.mark.parametrize("word", [*STATUSES.words, "SENT TO THE MOON"])
def test_every_word_of_the_ec_has_a_sentence_with_its_day(word: str) -> None:
    found = application_found(ApplicationFound.model_validate({**FOUND, "status": word}))
    assert isinstance(found, Accepted)
    assert found.status.raw == word
    assert found.status.reason is not None
    assert "20 November 2026" in found.status.reason.en
    assert "২০ নভেম্বর ২০২৬" in found.status.reason.bn


def test_sentences_tell_the_words_apart_and_a_strange_word_is_told_as_such() -> None:
    codes = {word: sentence_of(STATUSES.status(word, deliverable="x")) for word in STATUSES.words}
    assert len(set(codes.values())) == len(codes) - 1  # paid and submitted are one to the citizen
    assert codes["PAID"] == codes["SUBMITTED"]
    assert all(code in TEXTS for code in codes.values())
    assert sentence_of(STATUSES.status("SENT TO THE MOON")) == "application.unknown-word"


@pytest.mark.parametrize("missing", ["status", "since"])
def test_found_without_how_it_stands_proves_nothing(missing: str) -> None:
    answer = {name: value for name, value in {**FOUND, "status": "PAID"}.items() if name != missing}
    with pytest.raises(ContractViolation):
        application_found(ApplicationFound.model_validate(answer))


# Where a smart card is given out


@pytest.mark.parametrize("kind", ["smart", "legacy", "full", "form"])
async def test_card_is_found_by_any_number(desk: Desk, kind: Any) -> None:
    number: dict[str, JsonValue] = (
        {"form_number": form_number(desk.citizen)} if kind == "form" else {"nid": desk.citizen.nid(kind).value}
    )
    found = await ask(desk, "nid.card-status", number)
    assert isinstance(found, Accepted)
    status = found.status
    assert (status.state, status.raw, status.remark) == (ApplicationState.DELIVERED, "SCHEDULED", PLACE)
    assert day_text(desk.today() + timedelta(days=30)).bn in status.reason.bn
    assert status.deliverables == (Deliverable(kind="card-status", delivery="none"),)


@pytest.mark.parametrize(
    ("serial", "word", "said"),
    [(9001, "SCHEDULED", "The date for your smart card was"), (9101, "NOT_SCHEDULED", "has not set a date")],
)
async def test_date_gone_by_and_no_date_are_answers(desk: Desk, serial: int, word: str, said: str) -> None:
    desk = with_serial(desk, serial)
    found = await ask(desk, "nid.card-status", {"nid": desk.citizen.full_nid.value})
    assert (found.status.raw, said in found.status.reason.en) == (word, True)


async def test_number_that_nobody_has_is_told(desk: Desk) -> None:
    rejected = await ask(desk, "nid.card-status", {"form_number": "0000000008"})
    assert (type(rejected), rejected.reason_code) == (Rejected, "nid.card-not-found")


async def test_ones_own_birth_registration_number_finds_no_card(desk: Desk) -> None:
    with pytest.raises(InputRejected) as rejected:
        await ask(desk, "nid.card-status", {"nid": desk.citizen.birth_registration.value})
    assert ("/form/nid", "nid.nid-number") in [(problem.pointer, problem.code) for problem in rejected.value.fields]
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize(("days", "code"), [(-1, "card.scheduled"), (0, "card.scheduled"), (1, "card.past")])
def test_day_of_the_distribution_is_not_gone_by(days: int, code: str) -> None:
    answer = CardFound.model_validate(SCHEDULED)
    assert answer.on is not None
    found = card_found(answer, answer.on + timedelta(days=days))
    assert isinstance(found, Accepted)
    assert found.status.reason == TEXTS.text(code, day=day_text(answer.on))


@pytest.mark.parametrize("missing", ["distributionOn", "place"])
def test_scheduled_without_day_or_place_proves_nothing(missing: str) -> None:
    answer = {name: value for name, value in SCHEDULED.items() if name != missing}
    with pytest.raises(ContractViolation):
        card_found(CardFound.model_validate(answer), date(2026, 11, 24))
