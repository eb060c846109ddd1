"""What a counter asks a land office without filing anything: khatians of a mouza, and mutations filed elsewhere."""

from typing import Any

import pytest
from pydantic import ValidationError

from nagorik.errors import AgencyUnavailable, ConsentMissing, ContractViolation, InputRejected
from nagorik.model.status import ApplicationState, Deliverable
from nagorik.model.submission import Accepted, Rejected, SubmitRequest
from nagorik.values import Text, to_bangla_digits
from nagorik_land.data import DATA
from nagorik_land.enquiries import FoundMutation, mutation
from nagorik_land.forms import KhatianSearchForm, MutationStatusForm
from nagorik_land.plugin import PLUGIN
from nagorik_land.simulator import LandSimulator, mutation_number
from nagorik_testing import Altered, InjectedResponse, ServiceDesk, SyntheticCitizens
from nagorik_toolkit import validate_form

SEARCH, STATUS = "land.khatian-search", "land.mutation-status"
ENQUIRIES = {SEARCH: "POST /sim/land/v1/lookups/khatians", STATUS: "POST /sim/land/v1/lookups/mutations"}
CITIZEN = SyntheticCitizens().citizen(7)


async def asked(desk: ServiceDesk[LandSimulator], service: str, **more: Any) -> Any:
    return await desk.platform.submit(desk.draft(service, desk.form(service, **more)), desk.references)


def numbers(answer: Accepted) -> list[str]:
    (told,) = answer.status.deliverables
    assert (told.kind, told.delivery) == ("khatian-numbers", "none")
    return (told.reference or "").split(", ")


def in_both_digits(written: str) -> Text:
    return Text(bn=to_bangla_digits(written), en=written)


def told_of(word: str, **more: object) -> Accepted | Rejected:
    """What the citizen is told of a mutation with that word."""
    case = {"reference": "00074", "status": word, **more}
    found = FoundMutation.model_validate({"number": "LNE-1", "case": case})
    assert found.case is not None
    return mutation(found.number, PLUGIN.read(SubmitRequest.model_construct(service=STATUS, form=None), found.case))


# Khatians


@pytest.mark.parametrize(
    ("khatian", "plot", "found"),
    [
        ("123", None, ["123"]),
        (None, "245", ["123"]),
        (None, "246", ["123", "124"]),
        ("১২৪", "২৪৬", ["124"]),
        ("900", None, ["900"]),
    ],
)
async def test_a_khatian_is_found_by_its_number_its_plot_or_both(
    land_desk: ServiceDesk[LandSimulator], khatian: str | None, plot: str | None, found: list[str]
) -> None:
    answer = await asked(land_desk, SEARCH, khatian_number=khatian, plot_number=plot)
    assert isinstance(answer, Accepted)
    assert (answer.status.state, answer.status.final) == (ApplicationState.DELIVERED, True)
    assert numbers(answer) == found
    assert answer.status.reason == DATA.texts.text("land.khatians-found", numbers=in_both_digits(", ".join(found)))
    assert land_desk.simulator.ledger.effects() == ()


@pytest.mark.parametrize(("khatian", "plot"), [("901", None), ("123/1", None), ("123", "1"), (None, "২৪৫ক")])
async def test_no_khatian_is_an_answer(
    land_desk: ServiceDesk[LandSimulator], khatian: str | None, plot: str | None
) -> None:
    answer = await asked(land_desk, SEARCH, khatian_number=khatian, plot_number=plot)
    assert answer == Rejected(reason_code="land.khatian-not-found", reason=DATA.texts.text("land.khatian-not-found"))


async def test_more_khatians_than_are_told_are_said(land_desk: ServiceDesk[LandSimulator]) -> None:
    answer = await asked(land_desk, SEARCH, khatian_number=None, plot_number="300")
    shown = numbers(answer)
    assert (len(shown), shown[0], shown[-1]) == (50, "150", "199")
    assert answer.status.reason == DATA.texts.text("land.more-khatians", numbers=in_both_digits(", ".join(shown)))


async def test_a_khatian_is_told_once_and_in_ascii_digits(land_desk: ServiceDesk[LandSimulator]) -> None:
    told: Any = [{"number": "১২৩"}, {"number": "123"}, {"number": "১২৩/ক"}]
    land_desk.simulator.faults.add(ENQUIRIES[SEARCH], Altered(put={"khatians": told}))
    assert numbers(await asked(land_desk, SEARCH)) == ["123", "123/ক"]


async def test_whose_a_khatian_is_does_not_reach_the_platform(land_desk: ServiceDesk[LandSimulator]) -> None:
    told: Any = [{"number": "123", "owners": [CITIZEN.name.bn]}]
    land_desk.simulator.faults.add(ENQUIRIES[SEARCH], Altered(put={"khatians": told}))
    assert str(CITIZEN.name.bn) not in (await asked(land_desk, SEARCH)).model_dump_json()


def test_a_search_needs_one_of_the_numbers() -> None:
    example = LandSimulator().example(SEARCH, CITIZEN).form
    with pytest.raises(InputRejected) as caught:
        validate_form(KhatianSearchForm, {**example, "khatian_number": None, "plot_number": None})
    assert [(field.pointer, field.code) for field in caught.value.fields] == [
        ("/form/plot_number", "land.search-needs-number")
    ]


def test_a_wrong_khatian_number_brings_one_complaint() -> None:
    example = LandSimulator().example(SEARCH, CITIZEN).form
    with pytest.raises(InputRejected) as caught:
        validate_form(KhatianSearchForm, {**example, "khatian_number": "খতিয়ান", "plot_number": None})
    assert [field.pointer for field in caught.value.fields] == ["/form/khatian_number"]


def test_a_search_needs_no_jl_number() -> None:
    place = dict(LandSimulator().example(SEARCH, CITIZEN).form["place"])  # type: ignore[arg-type]
    assert "jl_number" not in place


# Mutations filed elsewhere


@pytest.mark.parametrize(
    ("digit", "word", "meaning"),
    [
        (1, "ফি বকেয়া", "case.fee-due"),
        (2, "নোটিশ ফি", "case.fee-due"),
        (3, "আবেদন গৃহীত", "case.received"),
        (4, "ইউনিয়ন ভূমি অফিসে প্রতিবেদন", "case.in-review"),
        (6, "অনুমোদিত", "case.approved"),
        (7, "ডিসিআর ফি", "case.fee-due"),
        (8, "খতিয়ান প্রস্তুত", "case.ready"),
        (9, "নামঞ্জুর", "land.refused"),
    ],
)
async def test_the_office_s_word_is_told_with_its_meaning(
    land_desk: ServiceDesk[LandSimulator], digit: int, word: str, meaning: str
) -> None:
    answer = await asked(land_desk, STATUS, application_number=mutation_number(CITIZEN, digit))
    assert isinstance(answer, Accepted)
    status = answer.status
    told = DATA.statuses.status(word).raw
    assert (status.state, status.final, status.raw) == (ApplicationState.DELIVERED, True, told)
    assert status.deliverables == (Deliverable(kind="mutation-standing", delivery="none", reference=told),)
    assert status.reason == DATA.texts.text(meaning)
    assert status.remark is not None
    assert status.remark.startswith(f"{told}; {mutation_number(CITIZEN, digit)}/2026-27, Savar, Dhaka")
    assert (status.fee_due, land_desk.simulator.ledger.effects()) == (None, ())


async def test_the_date_of_a_hearing_is_told(land_desk: ServiceDesk[LandSimulator]) -> None:
    answer = await asked(land_desk, STATUS, application_number=mutation_number(CITIZEN, 5))
    assert "on 29 November 2026" in answer.status.reason.en
    assert "২৯ নভেম্বর ২০২৬" in answer.status.reason.bn


@pytest.mark.parametrize("word", ["সরবরাহ করা হয়েছে", "হোল্ডিং নিবন্ধিত"])
def test_another_desk_s_word_is_none_of_a_mutation(word: str) -> None:
    answer = told_of(word)
    assert isinstance(answer, Accepted)
    assert answer.status.reason == DATA.texts.text("case.word-not-known")


def test_long_remarks_are_cut() -> None:
    answer = told_of("শুনানি", remarks="ক" * 2000)
    assert isinstance(answer, Accepted)
    assert len(answer.status.remark or "") == 2000


def test_a_word_that_nobody_knows_is_told_and_not_guessed() -> None:
    answer = told_of("পুনঃতদন্ত")
    assert isinstance(answer, Accepted)
    assert (answer.status.raw, answer.status.remark) == ("পুনঃতদন্ত", "পুনঃতদন্ত")
    assert answer.status.reason == DATA.texts.text("case.word-not-known")


async def test_number_and_nid_belong_together(land_desk: ServiceDesk[LandSimulator]) -> None:
    stranger = SyntheticCitizens().citizen(8)
    for number in (mutation_number(stranger, 4), mutation_number(CITIZEN, 0), "LNM-1"):
        answer = await asked(land_desk, STATUS, application_number=number)
        assert answer == Rejected(reason_code="land.case-not-found", reason=DATA.texts.text("land.case-not-found"))


@pytest.mark.parametrize("kind", ["full_nid", "smart_nid"])
async def test_either_number_of_a_card_will_do(land_desk: ServiceDesk[LandSimulator], kind: str) -> None:
    assert isinstance(await asked(land_desk, STATUS, nid=getattr(CITIZEN, kind).value), Accepted)


async def test_a_number_may_be_written_in_bangla(land_desk: ServiceDesk[LandSimulator]) -> None:
    number = to_bangla_digits(mutation_number(CITIZEN, 4))
    assert isinstance(await asked(land_desk, STATUS, application_number=number), Accepted)


@pytest.mark.parametrize("number", ["12/2026-27", "১২ ৩৪", "-1", "1--2", "আবেদন", ""])
def test_a_case_number_is_no_application_number(number: str) -> None:
    example = LandSimulator().example(STATUS, CITIZEN).form
    with pytest.raises(InputRejected) as caught:
        validate_form(MutationStatusForm, {**example, "application_number": number})
    assert [field.pointer for field in caught.value.fields] == ["/form/application_number"]


async def test_the_nid_is_in_no_address(land_desk: ServiceDesk[LandSimulator]) -> None:
    await asked(land_desk, STATUS)
    (request,) = land_desk.simulator.ledger.requests()
    assert request.operation == ENQUIRIES[STATUS]


def test_an_answer_without_a_case_is_no_no() -> None:
    with pytest.raises(ValidationError):
        FoundMutation.model_validate({"number": "LNE-1"})


# Both


@pytest.mark.parametrize("service", ENQUIRIES)
async def test_it_is_asked_again_after_a_lost_answer_and_never_taken_for_a_no(
    land_desk: ServiceDesk[LandSimulator], service: str
) -> None:
    land_desk.simulator.faults.add(ENQUIRIES[service], InjectedResponse(status=503), count=None)
    with pytest.raises(AgencyUnavailable):
        await asked(land_desk, service)
    assert len(land_desk.simulator.ledger.requests(ENQUIRIES[service])) > 1


@pytest.mark.parametrize(
    ("service", "put"),
    [
        (SEARCH, {"complete": None}),
        (SEARCH, {"khatians": "none"}),
        (SEARCH, {"khatians": [], "complete": False}),
        (STATUS, {"case": {}}),
    ],
)
async def test_half_an_answer_is_none(
    land_desk: ServiceDesk[LandSimulator], service: str, put: dict[str, Any]
) -> None:
    land_desk.simulator.faults.add(ENQUIRIES[service], Altered(put=put))
    with pytest.raises(ContractViolation):
        await asked(land_desk, service)


@pytest.mark.parametrize("service", ENQUIRIES)
async def test_no_office_is_asked_without_consent(land_desk: ServiceDesk[LandSimulator], service: str) -> None:
    draft = land_desk.draft(service, land_desk.form(service)).model_copy(update={"consent": None})
    with pytest.raises(ConsentMissing):
        await land_desk.platform.submit(draft, land_desk.references)
    assert land_desk.simulator.ledger.requests() == ()
