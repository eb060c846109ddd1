from datetime import UTC, datetime
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest

from nagorik.manifest import parse_manifest
from nagorik.model.status import ApplicationState as S, Flag
from nagorik_brta.data import DATA
from nagorik_brta.plugin import DELIVERABLES, PLUGIN
from nagorik_brta.simulator import BrtaSimulator
from nagorik_toolkit import Standing


def read(word: str, issued: tuple[str, ...] = (), **more: Any) -> Any:
    request: Any = SimpleNamespace(service="brta.smart-card")
    numbered = [{"kind": kind, "number": f"{kind}-1"} for kind in issued]
    shown = {"reference": "BSP-0000000001", "status": word, "issued": numbered, **more}
    return PLUGIN.read(request, Standing.model_validate(shown))


def appointment(start: str) -> dict[str, str]:
    return {"start": start, "place": "Test ground", "placeBn": "পরীক্ষার মাঠ"}


@pytest.mark.parametrize(
    ("word", "state", "final"),
    [
        ("FEE_PENDING", S.SUBMITTED, False),
        ("DRAFT", S.SUBMITTED, False),
        ("PAID", S.SUBMITTED, False),
        ("LEARNER_ISSUED", S.AWAITING_APPEARANCE, False),
        ("TEST_SCHEDULED", S.AWAITING_APPEARANCE, False),
        ("TEST_MISSED", S.AWAITING_APPEARANCE, False),
        ("TEST_FAILED", S.AWAITING_APPEARANCE, False),
        ("BIOMETRIC_DONE", S.IN_REVIEW, False),
        ("TEST_PASSED", S.DELIVERED, True),
        ("EXPIRED", S.EXPIRED, True),
        ("UNDER_REVIEW", S.IN_REVIEW, False),
        ("APPROVED", S.APPROVED, False),
        ("REJECTED", S.REJECTED, True),
        ("E_LICENCE_ISSUED", S.ISSUED, False),
        ("CARD_PRINTING", S.ISSUED, False),
        ("DISPATCHED", S.ISSUED, False),
        ("RETURNED", S.DELIVERY_FAILED, False),
        ("DELIVERED", S.DELIVERED, True),
        ("INSPECTION_DUE", S.AWAITING_APPEARANCE, False),
        ("INSPECTION_BOOKED", S.AWAITING_APPEARANCE, False),
        ("INSPECTION_MISSED", S.AWAITING_APPEARANCE, False),
        ("INSPECTION_FAILED", S.AWAITING_APPEARANCE, False),
        ("INSPECTED", S.IN_REVIEW, False),
        ("REGISTERED", S.ISSUED, False),
        ("PLATE_READY", S.ISSUED, False),
        ("TRANSFERRED", S.ISSUED, False),
        ("CERTIFICATE_READY", S.ISSUED, False),
        ("TOKEN_ISSUED", S.ISSUED, False),
        ("CERTIFICATE_ISSUED", S.ISSUED, False),
    ],
)
def test_word(word: str, state: S, final: bool) -> None:
    told = read(word)
    assert (told.state, told.raw, told.final) == (state, word, final)
    assert told.payment_confirmed is (word not in {"FEE_PENDING", "DRAFT"})
    assert told.fee_due == (None if told.payment_confirmed else "application")


@pytest.mark.parametrize("word", ["TEST_POSTPONED", "অজানা", "DELIVERED?", "APPROVED BY MISTAKE", "x" * 900])
def test_unknown_word_is_kept_and_means_nothing(word: str) -> None:
    told = read(word)
    assert (told.state, told.raw, told.final, told.payment_confirmed) == (None, word[:400], False, None)


def test_approved_printed_dispatched_and_delivered_are_four_things() -> None:
    approved, printing, dispatched, delivered = (
        read(word, issued)
        for word, issued in (
            ("APPROVED", ()),
            ("CARD_PRINTING", ("e-licence",)),
            ("DISPATCHED", ("e-licence", "smart-card")),
            ("DELIVERED", ("e-licence", "smart-card")),
        )
    )
    assert approved.deliverables == ()
    assert printing.flags == {Flag.IN_PRODUCTION}
    (e_licence,) = printing.deliverables
    assert (e_licence.kind, e_licence.interim, e_licence.delivery) == ("e-licence", True, "download")
    assert e_licence.reference == "e-licence-1"
    assert dispatched.deliverables == delivered.deliverables
    card = dispatched.deliverables[1]
    assert (card.kind, card.interim, card.delivery) == ("smart-card", False, "post")
    assert len({approved.state, printing.state, delivered.state}) == 3


def test_something_issued_of_an_unknown_kind_is_left_out() -> None:
    told = read("DISPATCHED", ("hologram", "smart-card"))
    assert [deliverable.kind for deliverable in told.deliverables] == ["smart-card"]


def test_remark_time_and_number_are_taken_over() -> None:
    told = read("RETURNED", remarks="ঠিকানায় কাউকে পাওয়া যায়নি", updatedAt="2026-12-01T09:05:00+06:00", sequence=7)
    assert (told.remark, told.sequence) == ("ঠিকানায় কাউকে পাওয়া যায়নি", 7)
    assert told.at == datetime(2026, 12, 1, 3, 5, tzinfo=UTC)
    assert told.reason is not None
    assert "use the e-licence" in told.reason.en


@pytest.mark.parametrize("word", ["LEARNER_ISSUED", "TEST_SCHEDULED"])
def test_day_of_the_test_is_told_as_it_is_in_dhaka_or_said_to_be_unknown(word: str) -> None:
    told = read(word, appointment=appointment("2027-01-31T23:30:00+06:00")).reason
    assert told is not None
    assert "on 31 January 2027" in told.en
    assert "৩১ জানুয়ারি ২০২৭ তারিখে" in told.bn
    open_ = read(word).reason
    assert open_ is not None
    assert "has not told us the date" in open_.en


def test_day_of_a_test_that_is_over_is_not_told_as_one_to_come() -> None:
    told = read("TEST_MISSED", appointment=appointment("2027-01-31T10:00:00+06:00")).reason
    assert told is not None
    assert "January" not in told.en


@pytest.mark.parametrize(
    ("remark", "said"), [("ছবি অস্পষ্ট", "remark says why"), (None, "gave no reason"), ("  ", "gave no reason")]
)
def test_refusal_points_at_the_remark_only_where_there_is_one(remark: str | None, said: str) -> None:
    told = read("REJECTED", remarks=remark).reason
    assert told is not None
    assert said in told.en


def test_what_is_issued_is_declared() -> None:
    manifest = parse_manifest(files("nagorik_brta").joinpath("plugin.toml").read_bytes())
    declared = {kind for service in manifest.services for kind in service.deliverables}
    assert DELIVERABLES.keys() | {"licence-validity"} == declared


def test_every_word_of_the_simulated_portal_is_known() -> None:
    words = {word for book in BrtaSimulator().books.values() for word in book.workflow.states}
    assert len(words) == 28
    assert [word for word in words if DATA.statuses.meaning_of(word) is None] == []
