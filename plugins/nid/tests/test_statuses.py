from datetime import UTC, datetime
from importlib.resources import files

import pytest
from pydantic import ValidationError

from nagorik.manifest import parse_manifest
from nagorik.model.status import ApplicationState as S
from nagorik_nid import statuses
from nagorik_nid.data import STATUSES
from nagorik_nid.simulator.agency import WORKFLOW
from nagorik_nid.statuses import read
from nagorik_nid.wire import Filed, Standing

SERVICE = "nid.reissue"


def standing(word: str, **more: object) -> Standing:
    return Standing.model_validate({"status": word, **more})


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
    status = read(SERVICE, standing(word))
    assert (status.state, status.raw, status.payment_confirmed, status.final) == (state, word, paid, final)
    assert [deliverable.delivery for deliverable in status.deliverables] == ([collected] if collected else [])


def test_every_word_that_the_simulator_speaks_is_known() -> None:
    assert set(WORKFLOW.states) == set(STATUSES.words)


@pytest.mark.parametrize("word", ["BIOMETRIC_HOLD", "DRAFTED", "খসড়া", "X" * 500])
def test_unknown_word_is_kept_and_means_nothing(word: str) -> None:
    status = read(SERVICE, standing(word, remarks=" মন্তব্য "))
    assert (status.state, status.payment_confirmed, status.final, status.deliverables) == (None, None, False, ())
    assert (status.raw, status.remark) == (word[:400], "মন্তব্য")


@pytest.mark.parametrize("word", [" DRAFT ", "draft", "Draft"])
def test_blanks_and_case_of_a_word_do_not_matter(word: str) -> None:
    assert read(SERVICE, standing(word)).state is S.SUBMITTED


@pytest.mark.parametrize(
    ("word", "payment", "confirmed"),
    [
        ("DRAFT", "CONFIRMED", True),
        ("DRAFT", "PENDING", False),
        ("SUBMITTED", "NONE", False),
        ("SUBMITTED", "ON_HOLD", None),
        ("SUBMITTED", None, True),
    ],
)
def test_what_the_ec_says_of_the_payment_goes_before_what_the_word_implies(
    word: str, payment: str | None, confirmed: bool | None
) -> None:
    assert read(SERVICE, standing(word, paymentStatus=payment)).payment_confirmed is confirmed


def test_time_is_dhakas() -> None:
    # Five past midnight in Dhaka is still the day before in UTC.
    assert standing("PAID", updatedAt="01/11/2026 00:05").updated_at == datetime(2026, 10, 31, 18, 5, tzinfo=UTC)
    # In the summer of 2009 clocks were an hour ahead.
    assert standing("PAID", updatedAt="01/07/2009 12:00").updated_at == datetime(2009, 7, 1, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-11-01 00:05", "11/31/2026 00:05", "01/11/2026", "yesterday"])
def test_time_in_another_style_breaks_the_contract(written: str) -> None:
    with pytest.raises(ValidationError):
        standing("PAID", updatedAt=written)


def test_refusal_and_question_tell_the_citizen_why_and_others_do_not() -> None:
    told = {word for word in STATUSES.words if read(SERVICE, standing(word)).reason is not None}
    assert told == {"ADDITIONAL_DOCS", "REJECTED"}


@pytest.mark.parametrize("number", ["", "NIDW-1/../2", "NIDW 1", "NIDW-1?dob=", "নং-১", "N" * 41])
def test_number_that_no_path_takes_is_not_taken(number: str) -> None:
    with pytest.raises(ValidationError):
        Filed.model_validate({"applicationId": number, "status": "DRAFT"})


def test_every_service_that_is_filed_has_its_deliverable() -> None:
    manifest = parse_manifest(files("nagorik_nid").joinpath("plugin.toml").read_bytes())
    filed = {service.id: service.deliverables for service in manifest.services if service.fees}
    assert {service: (kind,) for service, kind in statuses.DELIVERABLES.items()} == filed
