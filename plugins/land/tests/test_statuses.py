import tomllib
import unicodedata
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from nagorik.errors import ContractViolation
from nagorik.manifest import parse_manifest
from nagorik.model.status import AgencyStatus, ApplicationState as S, StatusRequest
from nagorik_land import enquiries
from nagorik_land.data import DATA
from nagorik_land.plugin import ORDERS, PAPERS, PLUGIN
from nagorik_land.simulator import LandSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import Standing, validate_form

STATUSES = DATA.statuses


def standing(word: str, **more: object) -> Standing:
    return Standing.model_validate({"reference": "LNM-00000001", "status": word, **more})


def read(service: str, standing: Standing) -> AgencyStatus:
    """How an application for land in Savar, Dhaka, stands."""
    example = LandSimulator().example(service, SyntheticCitizens().citizen(7))
    form: Any = validate_form(PLUGIN.forms[service], dict(example.form))
    return PLUGIN.read(
        StatusRequest.model_construct(service=service, form=form, agency_reference=standing.reference), standing
    )


def case_number(number: str) -> dict[str, Any]:
    return {"issued": [{"kind": "case-number", "number": number}]}


@pytest.mark.parametrize(
    ("word", "state", "paid", "due", "final"),
    [
        ("ফি বকেয়া", S.SUBMITTED, False, None, False),
        ("নোটিশ ফি", S.SUBMITTED, None, "notice", False),
        ("আবেদন গৃহীত", S.SUBMITTED, True, None, False),
        ("ইউনিয়ন ভূমি অফিসে প্রতিবেদন", S.IN_REVIEW, True, None, False),
        ("কানুনগো/সার্ভেয়ার", S.IN_REVIEW, True, None, False),
        ("শুনানি", S.AWAITING_APPEARANCE, True, None, False),
        ("নামঞ্জুর", S.REJECTED, True, None, True),
        ("অনুমোদিত", S.APPROVED, None, None, False),
        ("ডিসিআর ফি", S.APPROVED, None, "dcr", False),
        ("ডিসিআর ফি পরিশোধিত", S.APPROVED, True, None, False),
        ("খতিয়ান প্রস্তুত", S.ISSUED, True, None, False),
        ("প্রস্তুত হচ্ছে", S.IN_REVIEW, True, None, False),
        ("সরবরাহ করা হয়েছে", S.DELIVERED, True, None, True),
        ("রেকর্ডে পাওয়া যায়নি", S.REJECTED, True, None, True),
        ("কর বকেয়া", S.SUBMITTED, False, None, False),
        ("কর পরিশোধিত", S.SUBMITTED, True, None, False),
        ("নিবন্ধনের আবেদন গৃহীত", S.SUBMITTED, None, None, False),
        ("ইউনিয়ন ভূমি অফিসে যাচাই", S.IN_REVIEW, None, None, False),
        ("হোল্ডিং নিবন্ধিত", S.DELIVERED, None, None, True),
        ("নিবন্ধন নামঞ্জুর", S.REJECTED, None, None, True),
    ],
)
def test_word(word: str, state: S, paid: bool | None, due: str | None, final: bool) -> None:
    status = read("land.mutation", standing(word))
    assert (status.state, status.payment_confirmed, status.fee_due, status.final) == (state, paid, due, final)
    assert status.raw == standing(word).status


@pytest.mark.parametrize(
    ("service", "word", "kind", "delivery"),
    [
        ("land.khatian-copy", "কাউন্টারে প্রস্তুত", "khatian-copy", "counter"),
        ("land.khatian-copy", "ডাকে পাঠানো হয়েছে", "khatian-copy", "post"),
        ("land.mouza-map", "কাউন্টারে প্রস্তুত", "mouza-map", "counter"),
        ("land.development-tax", "দাখিলা প্রস্তুত", "land-tax-receipt", "download"),
        ("land.development-tax", "মওকুফ দাখিলা প্রস্তুত", "waiver-receipt", "download"),
    ],
)
def test_what_is_issued(service: str, word: str, kind: str, delivery: str) -> None:
    status = read(service, standing(word))
    assert status.state is S.ISSUED
    assert [(deliverable.kind, deliverable.delivery) for deliverable in status.deliverables] == [(kind, delivery)]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_with_a_nukta_are_one_word_in_both_encodings(form: str) -> None:
    word = unicodedata.normalize(form, "ইউনিয়ন ভূমি অফিসে প্রতিবেদন")  # type: ignore[arg-type]
    assert read("land.mutation", standing(word.replace("\u09af\u09bc", "\u09df"))).state is S.IN_REVIEW


@pytest.mark.parametrize("word", ["পুনঃতদন্ত", "শুনানি স্থগিত", "ISSUED", "অনুমোদিত নয়"])
def test_a_word_that_nobody_knows_is_kept_and_not_guessed(word: str) -> None:
    status = read("land.mutation", standing(word))
    assert (status.state, status.raw, status.fee_due, status.final) == (None, word, None, False)


@pytest.mark.parametrize("service", ["land.mutation", "land.development-tax", "land.holding-registration"])
@pytest.mark.parametrize("word", ["কাউন্টারে প্রস্তুত", "ডাকে পাঠানো হয়েছে"])
def test_a_record_room_s_word_means_nothing_elsewhere(service: str, word: str) -> None:
    status = read(service, standing(word, remarks="নমুনা"))
    assert (status.state, status.raw, status.deliverables, status.final) == (None, standing(word).status, (), False)
    assert (status.payment_confirmed, status.remark) == (None, "নমুনা")


def test_the_day_of_the_hearing_is_dhaka_s() -> None:
    hearing = {"start": "2026-11-30T18:30:00Z", "place": "Savar, Dhaka", "placeBn": "Savar, Dhaka"}
    status = read("land.mutation", standing("শুনানি", appointment=hearing))
    assert status.reason is not None
    assert "1 December 2026" in status.reason.en
    assert "১ ডিসেম্বর ২০২৬" in status.reason.bn


def test_a_hearing_without_a_day_says_so() -> None:
    reason = read("land.mutation", standing("শুনানি")).reason
    assert reason is not None
    assert "has not given the date yet" in reason.en


def test_officer_s_words_stay_beside_the_state() -> None:
    status = read("land.mutation", standing("নামঞ্জুর", remarks="দলিলের দাগ মেলে না"))
    assert status.remark == "দলিলের দাগ মেলে না"
    assert status.reason is not None


@pytest.mark.parametrize("number", ["12/2026-27", "১২/২০২৬-২৭"])
def test_a_case_number_is_shown_with_its_office(number: str) -> None:
    status = read("land.mutation", standing("শুনানি", remarks="উপস্থিত হোন", **case_number(number)))
    assert status.remark == "12/2026-27, Savar, Dhaka: উপস্থিত হোন"


def test_a_case_number_without_an_office_is_not_shown() -> None:
    request = StatusRequest.model_construct(
        service="land.mutation-status", form=None, agency_reference="LNM-00000001"
    )
    assert PLUGIN.read(request, standing("শুনানি", **case_number("12/2026-27"))).remark == "শুনানি"


@pytest.mark.parametrize("number", ["12", "12/2026", "2026-27/12", "12/26-27"])
def test_what_is_no_case_number_breaks_the_contract(number: str) -> None:
    with pytest.raises(ContractViolation) as violated:
        read("land.mutation", standing("শুনানি", **case_number(number)))
    assert violated.value.detail == "no-case-number"


@pytest.mark.parametrize("number", ["LNM 1", "LNM/1", "../1", "১২৩", "12/2026-27"])
def test_a_reference_is_one_that_a_path_takes(number: str) -> None:
    with pytest.raises(ValidationError):
        standing("ফি বকেয়া", reference=number)


def test_times_are_dhaka_s() -> None:
    status = read("land.mutation", standing("অনুমোদিত", updatedAt="2026-11-25T00:10:00+06:00", sequence=7))
    assert (status.at, status.sequence) == (datetime(2026, 11, 24, 18, 10, tzinfo=UTC), 7)


def test_what_is_issued_is_declared() -> None:
    manifest = parse_manifest(files("nagorik_land").joinpath("plugin.toml").read_bytes())
    named = {meaning.deliverable for word in STATUSES.words if (meaning := STATUSES.meaning_of(word))} - {None}
    declared = {kind for service in manifest.services for kind in service.deliverables}
    told = {enquiries.KHATIANS, enquiries.STANDING}
    assert named | {service.removeprefix("land.") for service in ORDERS} | PAPERS | told == declared


def test_every_word_of_the_simulated_offices_is_known() -> None:
    workflows = [
        files("nagorik_land.simulator") / f"{name}.toml" for name in ("mutation", "order", "tax", "registration")
    ]
    spoken = {word for file in workflows for word in tomllib.loads(file.read_text("utf-8"))["states"].values()}
    assert [word for word in spoken if STATUSES.meaning_of(word) is None] == []
