"""The portal's words and what they mean."""

from datetime import UTC, datetime
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from nagorik.manifest import parse_manifest
from nagorik.model.status import ApplicationState as S, Flag
from nagorik_passport import elsewhere
from nagorik_passport.data import DATA
from nagorik_passport.forms import NewPassportForm
from nagorik_passport.plugin import PLUGIN, SLIP, PortalStanding
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

POLICE, PRINTING = frozenset({Flag.THIRD_PARTY_VERIFICATION}), frozenset({Flag.IN_PRODUCTION})
NONE: frozenset[Flag] = frozenset()


def read(word: str, **more: Any) -> Any:
    return standing({"status": word, **more})


def standing(shown: dict[str, Any], form: Any = None) -> Any:
    request: Any = SimpleNamespace(service="passport.new", form=form)
    return PLUGIN.read(request, PortalStanding.model_validate({"reference": "OID0000000007", **shown}))


@pytest.mark.parametrize(
    ("words", "state", "flags"),
    [
        (("Submitted", "SUBMITTED"), S.SUBMITTED, NONE),
        (("Appointment Scheduled", "appointment  scheduled"), S.AWAITING_APPEARANCE, NONE),
        (("Enrolment in Process", "Enrollment in Process", "ENROLMENT_IN_PROCESS"), S.IN_REVIEW, NONE),
        (("Pending Backend Verification", "Pending for Backend Verification"), S.IN_REVIEW, NONE),
        (("Pending SB Police Clearance", "Pending for SB Police Clearance"), S.IN_REVIEW, POLICE),
        (("Pending SB/DSB Police Clearance", "pending DSB police clearance"), S.IN_REVIEW, POLICE),
        (("Sent for Rework", "Sent-for-rework"), S.CORRECTION_REQUESTED, NONE),
        (("Pending Final Approval", "Pending for Final Approval"), S.IN_REVIEW, NONE),
        (("Approved",), S.APPROVED, NONE),
        (("Pending in Print Queue", "Pending for Print Queue"), S.APPROVED, PRINTING),
        (("Passport Shipped",), S.APPROVED, PRINTING),
        (("Passport Ready for Issuance", "Passport is ready for issuance"), S.ISSUED, NONE),
        (("Passport Issued",), S.DELIVERED, NONE),
        (("Payment verification result - Name mismatch",), S.AWAITING_PAYMENT, NONE),
        (("Payment verification result: name mismatch",), S.AWAITING_PAYMENT, NONE),
        (("pending payment investigation (amount mismatch)",), S.AWAITING_PAYMENT, NONE),
        (("Pending for payment investigation (reference number mismatch)",), S.AWAITING_PAYMENT, NONE),
    ],
)
def test_words_and_their_spellings(words: tuple[str, ...], state: S, flags: frozenset[Flag]) -> None:
    for word in words:
        status = read(word)
        assert (status.state, status.flags, status.raw) == (state, flags, word)
        # Whatever follows the enrolment says that the fee was paid; before it, the payment's own standing does.
        paid = None if word.upper() == "SUBMITTED" else state is not S.AWAITING_PAYMENT
        assert status.payment_confirmed is paid


@pytest.mark.parametrize("word", ["Rejected", "Cancelled", "Passport", "Approved?", "Pending", "অনুমোদিত"])
def test_a_word_that_nobody_knows_is_kept_and_means_nothing(word: str) -> None:
    status = read(word, payment={"state": "UNPAID"})
    assert (status.state, status.raw, status.fee_due) == (None, word, None)


@given(
    st.text(min_size=1, max_size=60).filter(
        lambda word: word.strip() and DATA.statuses.meaning_of(word.strip()) is None
    )
)
def test_no_other_word_has_a_state(word: str) -> None:
    assert read(word).state is None


@pytest.mark.parametrize(
    ("payment", "state", "fee_due", "confirmed"),
    [
        ("UNPAID", S.SUBMITTED, "application", False),
        ("PENDING", S.SUBMITTED, "application", False),
        ("MISMATCH", S.SUBMITTED, "application", False),
        ("TAKEN", S.AWAITING_APPEARANCE, None, True),
        (None, S.SUBMITTED, None, None),
    ],
)
def test_submitted_is_followed_by_the_fee_and_then_by_the_enrolment(
    payment: str | None, state: S, fee_due: str | None, confirmed: bool | None
) -> None:
    status = read("Submitted", payment=payment and {"state": payment})
    assert (status.state, status.fee_due, status.payment_confirmed) == (state, fee_due, confirmed)


def test_at_a_mission_nothing_is_due_here() -> None:
    status = read("Submitted", atMission=True)
    assert (status.state, status.fee_due, status.payment_confirmed) == (S.AWAITING_APPEARANCE, None, None)


def test_a_word_for_a_payment_that_nobody_knows_is_no_standing() -> None:
    with pytest.raises(ValidationError):
        read("Submitted", payment={"state": "SOMETHING_NEW"})


@pytest.mark.parametrize("kind", ["Name", "Amount", "Reference number"])
def test_a_mismatch_keeps_the_fee_open_and_says_what_to_do(kind: str) -> None:
    word = "Payment verification result - Name mismatch"
    if kind != "Name":
        word = f"Pending payment investigation ({kind.lower()} mismatch)"
    status = read(word)
    assert (status.fee_due, status.payment_confirmed) == ("application", False)
    assert status.reason is not None
    assert "Do not pay again yet" in status.reason.en
    assert "আবার টাকা দেবেন না" in status.reason.bn


def test_slip_is_beside_whatever_is_issued() -> None:
    issued = [{"kind": "delivery-slip", "number": "4000-0000000007"}]
    (slip,) = read("Pending Backend Verification", issued=issued).deliverables
    assert (slip.kind, slip.interim, slip.reference) == (
        "delivery-slip",
        True,
        "4000-0000000007",
    )  # it stands in until there is a passport
    ready = read("Passport Ready for Issuance", issued=issued)
    assert [(deliverable.kind, deliverable.delivery) for deliverable in ready.deliverables] == [
        ("delivery-slip", "download"),
        ("passport", "counter"),
    ]


def test_remark_of_a_rework_is_the_officers_own() -> None:
    status = read("Sent for Rework", remarks="ঠিকানা মেলে না", updatedAt="2026-11-24T10:05:00+06:00", sequence=4)
    assert (status.remark, status.sequence, status.reason is not None) == ("ঠিকানা মেলে না", 4, True)
    assert status.at == datetime(2026, 11, 24, 4, 5, tzinfo=UTC)


def test_a_rework_without_a_remark_refers_to_no_remark() -> None:
    told = read("Sent for Rework", remarks=" ").reason
    assert told is not None
    assert ("remark" in told.en, "মন্তব্য" in told.bn, "Contact the office" in told.en) == (False, False, True)
    explained = read("Sent for Rework", remarks="ঠিকানা মেলে না").reason
    assert explained is not None
    assert ("remark" in explained.en, "মন্তব্যে" in explained.bn) == (True, True)


def test_what_is_issued_is_declared() -> None:
    manifest = parse_manifest(files("nagorik_passport").joinpath("plugin.toml").read_bytes())
    declared = {kind for service in manifest.services for kind in service.deliverables}
    issued = {
        deliverable.kind for word in DATA.statuses.words for deliverable in DATA.statuses.status(word).deliverables
    }
    assert declared == issued | {SLIP, "passport-validity", elsewhere.STANDING, elsewhere.APPOINTMENT}


def form(**more: Any) -> Any:
    return validate_form(
        NewPassportForm, {**PassportSimulator().example("passport.new", SyntheticCitizens().citizen(7)).form, **more}
    )


@pytest.mark.parametrize(
    ("delivery", "day"),
    # Enrolled on Sunday, 29 November 2026; Fridays, Saturdays and 16 December do not count.
    [("super-express", 1), ("express", 8), ("regular", 21)],
)
@pytest.mark.parametrize("word", ["Enrolment in Process", "Pending Final Approval", "Passport Shipped"])
def test_day_to_expect_the_passport_counts_from_the_enrolment(delivery: str, day: int, word: str) -> None:
    told = standing({"status": word, "enrolledOn": "29/11/2026"}, form(delivery=delivery)).reason
    assert told is not None
    assert told.en.startswith("Your photo and fingerprints were taken on 29 November 2026.")
    assert told.en.endswith(f"until about {day} December 2026.")
    assert told.bn.startswith("২৯ নভেম্বর ২০২৬ তারিখে")


@pytest.mark.parametrize(
    ("shown", "more"),
    [
        ({"status": "Submitted", "payment": {"state": "TAKEN"}}, {}),
        ({"status": "Enrolment in Process"}, {}),  # the portal does not say when
        ({"status": "Enrolment in Process", "enrolledOn": "29/11/2026"}, {"place": "mission", "office": "Rome"}),
        ({"status": "Passport Issued", "enrolledOn": "29/11/2026"}, {}),
        (
            {"status": "Enrolment in Process", "enrolledOn": "29/12/2098"},
            {},
        ),  # no holidays of the next year
    ],
)
def test_no_day_is_told_before_the_enrolment_for_a_mission_or_afterwards(
    shown: dict[str, Any], more: dict[str, Any]
) -> None:
    assert standing(shown, form(**more)).reason is None


def test_no_processing_time_is_counted_from_the_filing() -> None:
    manifest = parse_manifest(files("nagorik_passport").joinpath("plugin.toml").read_bytes())
    assert {service.processing for service in manifest.services} == {None}
