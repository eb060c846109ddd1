from datetime import UTC, datetime
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from nagorik.model.status import AgencyStatus, ApplicationState as S
from nagorik_nid.data import DATA
from nagorik_nid.plugin import PLUGIN
from nagorik_testing import Workflow
from nagorik_toolkit import Standing

STATUSES = DATA.statuses
WORKFLOW = Workflow.read(files("nagorik_nid.simulator") / "workflow.toml")


def standing(word: str, **more: object) -> Standing:
    return Standing.model_validate({"reference": "NIDW-1", "status": word, **more})


def read(told: Standing, service: str = "nid.reissue") -> AgencyStatus:
    request: Any = SimpleNamespace(service=service)
    return PLUGIN.read(request, told)


@pytest.mark.parametrize(
    ("word", "state", "paid", "collected", "final"),
    [
        ("DRAFT", S.SUBMITTED, False, None, False),
        ("PAID", S.SUBMITTED, True, None, False),
        ("SUBMITTED", S.SUBMITTED, True, None, False),
        ("DOCUMENT_REVIEW", S.IN_REVIEW, True, None, False),
        ("ADDITIONAL_DOCS", S.CORRECTION_REQUESTED, True, None, False),
        ("HEARING", S.AWAITING_APPEARANCE, True, None, False),
        ("APPROVED", S.APPROVED, True, None, False),
        ("REJECTED", S.REJECTED, True, None, True),
        ("READY_TO_DOWNLOAD", S.ISSUED, True, "download", False),
        ("PRINTED", S.ISSUED, True, "counter", False),
        ("HANDED_OVER", S.DELIVERED, True, None, True),
        ("WITHDRAWN", S.WITHDRAWN, None, None, True),
    ],
)
def test_word(word: str, state: S, paid: bool | None, collected: str | None, final: bool) -> None:
    status = read(standing(word))
    assert (status.state, status.raw, status.payment_confirmed, status.final) == (state, word, paid, final)
    assert [deliverable.delivery for deliverable in status.deliverables] == ([collected] if collected else [])


def test_every_word_that_the_simulator_speaks_is_known() -> None:
    assert set(WORKFLOW.states.values()) == set(STATUSES.words)


@pytest.mark.parametrize("word", ["BIOMETRIC_HOLD", "DRAFTED", "খসড়া", "X" * 500])
def test_unknown_word_is_kept_and_means_nothing(word: str) -> None:
    status = read(standing(word, remarks=" মন্তব্য "))
    assert (status.state, status.payment_confirmed, status.final, status.deliverables) == (None, None, False, ())
    assert (status.raw, status.remark) == (word[:400], "মন্তব্য")


@pytest.mark.parametrize("word", [" DRAFT ", "draft", "Draft"])
def test_blanks_and_case_of_a_word_do_not_matter(word: str) -> None:
    assert read(standing(word)).state is S.SUBMITTED


@pytest.mark.parametrize(
    ("word", "payment", "confirmed"),
    [
        ("DRAFT", {"state": "TAKEN"}, True),
        ("DRAFT", {"state": "PENDING"}, False),
        ("SUBMITTED", {"state": "UNPAID"}, False),
        ("SUBMITTED", None, True),
    ],
)
def test_what_the_ec_says_of_the_payment_goes_before_what_the_word_implies(
    word: str, payment: dict[str, str] | None, confirmed: bool
) -> None:
    assert read(standing(word, payment=payment)).payment_confirmed is confirmed


def test_payment_in_a_word_that_the_interface_does_not_have_breaks_the_contract() -> None:
    with pytest.raises(ValidationError):
        standing("SUBMITTED", payment={"state": "ON_HOLD"})


def test_time_names_its_offset() -> None:
    # Five past midnight in Dhaka is still the day before in UTC.
    told = read(standing("PAID", updatedAt="2026-11-01T00:05:00+06:00"))
    assert told.at == datetime(2026, 10, 31, 18, 5, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-11-01 00:05", "01/11/2026 00:05", "2026-11-01", "yesterday"])
def test_time_in_another_style_breaks_the_contract(written: str) -> None:
    with pytest.raises(ValidationError):
        standing("PAID", updatedAt=written)


def test_refusal_and_question_tell_the_citizen_why_and_others_do_not() -> None:
    told = {word for word in STATUSES.words if read(standing(word)).reason is not None}
    assert told == {"ADDITIONAL_DOCS", "REJECTED"}


@pytest.mark.parametrize("number", ["", "NIDW-1/../2", "NIDW 1", "NIDW-1?dob=", "নং-১", "N" * 41])
def test_number_that_no_path_takes_is_not_taken(number: str) -> None:
    with pytest.raises(ValidationError):
        Standing.model_validate({"reference": number, "status": "DRAFT"})


def test_every_service_that_is_filed_has_its_deliverable() -> None:
    filed = {service.id: service.deliverables for service in PLUGIN.manifest.services if service.fees}
    assert len(filed) == 5
    for service, kinds in filed.items():
        ready = read(standing("READY_TO_DOWNLOAD"), service)
        assert tuple(deliverable.kind for deliverable in ready.deliverables) == kinds
