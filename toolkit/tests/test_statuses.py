"""An agency's words: known in every spelling, kept as they came, and never guessed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.model.status import AgencyStatus, ApplicationState, Deliverable, Flag
from nagorik.values import Money, Text
from nagorik_toolkit.statuses import StatusTable, answered, parse_statuses
from nagorik_toolkit.texts import parse_texts

TEXTS = parse_texts('["x.rework"]\nen = "Correct it."\nbn = "ঠিক করুন।"\n["x.n"]\nen = "{n}"\nbn = "{n}"'.encode())
TABLE = """
[[statuses]]
words = ["Enrolment in Process", "Enrollment in Process"]
state = "awaiting_appearance"

[[statuses]]
words = ["Sent for Rework"]
state = "correction_requested"
reason = "x.rework"

[[statuses]]
words = ["নামজারি অনুমোদিত"]
state = "approved"
fee_due = "approval"
flags = ["third_party_verification"]

[[statuses]]
words = ["READY"]
state = "issued"
delivery = "counter"

[[statuses]]
words = ["E_LICENCE"]
state = "issued"
deliverable = "e-licence"
delivery = "download"
interim = true

[[statuses]]
words = ["Name mismatch"]
payment_confirmed = false
flags = ["payment_under_investigation"]
"""


def table(text: str = TABLE) -> StatusTable:
    return parse_statuses(text.encode(), texts=TEXTS)


@pytest.mark.parametrize(
    "word", ["Enrolment in Process", " enrollment  IN process ", "ENROLMENT_IN_PROCESS", "Enrolment-in-process"]
)
def test_spellings_of_one_word_are_one_and_stay_as_they_came(word: str) -> None:
    told = table().status(word)
    assert (told.state, told.raw) == (ApplicationState.AWAITING_APPEARANCE, word)


def test_bangla_is_known_in_both_encodings() -> None:
    composed, precomposed = "নামজারি অনুমোদিত", "নামজারি  অনুমোদিত\u200c"
    read = parse_statuses('[[statuses]]\nwords = ["যাচাই হ\u09df"]\nstate = "in_review"'.encode())
    assert read.status("যাচাই হ\u09af\u09bc").state is ApplicationState.IN_REVIEW
    for word in (composed, precomposed):
        told = table().status(word)
        assert (told.state, told.fee_due) == (ApplicationState.APPROVED, "approval")
        assert told.flags == {Flag.THIRD_PARTY_VERIFICATION}


@given(st.text(max_size=600))
def test_word_that_is_not_in_the_table_has_no_state(word: str) -> None:
    told = table().status("?" + word)
    assert (told.state, told.raw, told.final, told.deliverables) == (None, ("?" + word)[:400], False, ())


def test_endless_marks_are_nobodys_word() -> None:
    assert table().status("ক" + "\u09bc" * 100).state is None


def test_remark_is_kept_apart_and_reason_is_the_plugins_sentence() -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    told = table().status("Sent for Rework", remark=" ছবি অস্পষ্ট ", at=at, sequence=4)
    assert (told.raw, told.remark, told.at, told.sequence) == ("Sent for Rework", "ছবি অস্পষ্ট", at, 4)
    assert told.reason == TEXTS.text("x.rework")
    assert "অস্পষ্ট" not in repr(told)
    assert table().status("READY", deliverable="card", remark=" ").remark is None
    assert table().status("Sent for Rework", remark="ক" * 2000).remark == "ক" * 2000
    assert table().status("Sent for Rework", remark="ক" * 2001).remark == "ক" * 1999 + "…"


def test_sum_is_said_of_a_fee_that_is_demanded_and_of_nothing_else() -> None:
    assert table().status("নামজারি অনুমোদিত", fee_amount=Money.taka(1100)).fee_amount == Money.taka(1100)
    assert table().status("READY", deliverable="card", fee_amount=Money.taka(0)).fee_amount is None


def test_what_is_issued_is_named_by_the_table_or_by_the_plugin() -> None:
    [interim] = table().status("E_LICENCE", deliverable="card").deliverables
    assert (interim.kind, interim.delivery, interim.interim) == ("e-licence", "download", True)
    [card] = table().status("READY", deliverable="card").deliverables
    assert (card.kind, card.delivery, card.interim) == ("card", "counter", False)
    with pytest.raises(ValueError, match="name the deliverable of READY"):
        table().status("READY")


def test_question_is_over_with_its_answer() -> None:
    at, reason = datetime(2026, 1, 31, tzinfo=UTC), Text(bn="বৈধ", en="Valid")
    assert answered("validity", "VALID", reference="2030-01-01", reason=reason, remark="ok", at=at) == AgencyStatus(
        state=ApplicationState.DELIVERED,
        raw="VALID",
        remark="ok",
        at=at,
        reason=reason,
        deliverables=(Deliverable(kind="validity", delivery="none", reference="2030-01-01"),),
        final=True,
    )
    bare = answered("validity", "VALID")
    assert (bare.reason, bare.remark, bare.at, bare.deliverables[0].reference) == (None, None, None, None)


def test_what_is_said_of_the_payment_goes_before_what_the_word_implies() -> None:
    told = table().status("Name mismatch")
    assert (told.state, told.payment_confirmed) == (None, False)
    assert table().status("Name mismatch", payment_confirmed=True).payment_confirmed is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[statuses]]\nwords = ["A b"]\n[[statuses]]\nwords = ["a_B"]', "statuses.1: the word a_B stands for two"),
        ('[[statuses]]\nwords = ["A", "a"]', "stands for two things, or twice"),
        ('[[statuses]]\nwords = []\nstate = "issued"', "statuses.0.words"),
        ('[[statuses]]\nwords = ["A"]\nstate = "isued"', "statuses.0.state"),
        ('[[statuses]]\nwords = ["A"]\nreason = "x.gone"', "statuses.0: reason: there is no sentence x.gone"),
        ('[[statuses]]\nwords = ["A"]\nreason = "x.n"', "places that nothing fills"),
        ('[[statuses]]\nwords = ["A"]\ninterim = true', "has a delivery"),
        ('[[statuses]]\nwords = ["A"]\nstat = "issued"', "statuses.0.stat: there is no field stat"),
        ("", "write at least one [[statuses]]"),
        ('[A]\nstate = "issued"', "A: there is no such field"),
    ],
)
def test_what_is_wrong_is_told_with_its_entry(text: str, told: str) -> None:
    with pytest.raises(DataFileInvalid) as caught:
        table(text)
    assert told in str(caught.value)
