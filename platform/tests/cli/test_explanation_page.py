"""What somebody else wrote, as it is shown: bounded, on one line, without what steers a terminal."""

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated

import pytest
from hypothesis import given, strategies as st
from pydantic import Field

from nagorik.errors import AgencyRejected, FieldProblem, InputRejected, Layer
from nagorik.forms import Label
from nagorik.model.fee import FeeDue, Quote, QuoteLine, Source
from nagorik.model.status import LONGEST_REMARK, AgencyStatus, ApplicationState
from nagorik.operations import Operation
from nagorik.privacy import MASK, Form
from nagorik.values import Money
from nagorik.values.sentences import Text, is_blank
from nagorik_platform.cli.explanation_page import (
    as_written,
    fee_document,
    fee_lines,
    field_document,
    field_lines,
    refusal_text,
    report_text,
    with_numbers_masked,
)
from nagorik_platform.lifecycle.refusals import refusal_of
from nagorik_toolkit import NoTariff, form_schema, validate_form

SCHEMA = {
    "properties": {"plot": {"title": "Plot", "x-title-bn": "দাগ"}, "a/b": {"title": "Odd", "x-title-bn": "অদ্ভুত"}}
}
REASON = Text(en="Call 01711-223344 about NID 1975 2692 5948 888.", bn="০১৭১১২২৩৩৪৪ নম্বরে জানান।")


@given(st.text())
def test_what_somebody_wrote_is_one_bounded_line_that_steers_nothing(words):
    shown = as_written(words)
    assert len(shown) <= LONGEST_REMARK
    assert len(shown.splitlines()) <= 1
    kinds = {unicodedata.category(char) for char in shown if char not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Zl", "Zp"}
    assert as_written(shown) == shown
    assert (shown == "") == is_blank(words)


@given(st.text())
def test_no_long_number_is_left_for_whoever_need_not_know_it(words):
    shown = with_numbers_masked(words)
    run = longest = 0
    for char in shown:
        run = run + 1 if char.isdecimal() else 0
        longest = max(longest, run)
    assert longest < 9


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("NID 19752692594888888.", f"NID {MASK}."),
        ("NID ১৯৭৫২৬৯২৫৯৪৮৮৮৮৮৮।", f"NID {MASK}।"),
        ("Call 01711-223 344 now", f"Call {MASK} now"),
        ("Come on 24-11-2026 10:30, room 12", "Come on 24-11-2026 10:30, room 12"),
        ("Come on 2026-11-24, deed 123456", "Come on 2026-11-24, deed 123456"),
        ("Come on ২৪/১১/২০২৬।", "Come on ২৪/১১/২০২৬।"),
        ("24-11-2026 1234567890", f"24-11-2026 {MASK}"),
        ("123-4-5678-901", MASK),
    ],
)
def test_numbers_that_could_be_somebodys_are_masked_and_days_are_not(words, shown):
    assert with_numbers_masked(words) == shown
    assert as_written(words) == words


def test_number_that_the_cut_would_shorten_is_masked_whole():
    long = "w" * (LONGEST_REMARK - 9)
    assert with_numbers_masked(f"{long} 19752692594888888") == f"{long} {MASK}"


def test_joiners_of_bangla_are_kept():
    assert as_written("র\u200d্যাব ও ক\u200cখ") == "র\u200d্যাব ও ক\u200cখ"


@pytest.mark.parametrize(
    ("pointer", "label"),
    [
        ("/form/plot", {"en": "Plot", "bn": "দাগ"}),
        ("/form/plot/0/number", {"en": "Plot", "bn": "দাগ"}),
        ("/form/a~1b", {"en": "Odd", "bn": "অদ্ভুত"}),
        ("/form/none", None),
        ("/form", None),
        ("/documents/plot", None),
        ("plot", None),
        ("", None),
    ],
)
def test_field_goes_by_its_label_where_the_form_has_one(pointer, label):
    problem = FieldProblem(pointer=pointer, code="x", text=Text(en="Plot: Wrong.", bn="ভুল।"))
    told = field_document(problem, SCHEMA)
    assert (told["pointer"], told["label"]) == (pointer, label)
    assert told["text"]["en"] == ("Wrong." if label == {"en": "Plot", "bn": "দাগ"} else "Plot: Wrong.")


class Child(Form):
    """Whoever is registered."""

    name: Annotated[str, Label(en="Name", bn="নাম")]
    school: str = ""


class Family(Form):
    """A form with a form in it, once and many times."""

    children: Annotated[tuple[Child, ...], Label(en="Children", bn="সন্তান")]
    father: Annotated[Child | None, Label(en="Father", bn="পিতা")] = None
    rooms: Annotated[tuple[tuple[str, ...], ...], Label(en="Rooms", bn="কক্ষ")] = ()
    by_name: Annotated[dict[str, Child], Label(en="By name", bn="নামে")] = Field(default={})


@pytest.mark.parametrize(
    ("pointer", "en", "bn"),
    [
        ("/form/father/name", "Father – Name", "পিতা – নাম"),
        ("/form/father", "Father", "পিতা"),
        ("/form/children/0/name", "Children 1 – Name", "সন্তান ১ – নাম"),
        ("/form/children/11", "Children 12", "সন্তান ১২"),
        ("/form/children/0/school", "Children 1", "সন্তান ১"),
        ("/form/children/x/name", "Children", "সন্তান"),
        (f"/form/children/{'9' * 5000}/name", "Children", "সন্তান"),
        ("/form/rooms/1/2", "Rooms 2 3", "কক্ষ ২ ৩"),
        ("/form/by_name/0099000202/name", "By name", "নামে"),
    ],
)
def test_field_within_a_field_goes_by_all_labels_on_the_way(pointer, en, bn):
    problem = FieldProblem(pointer=pointer, code="x", text=Text(en=f"{en.split()[0]}: Wrong.", bn="ভুল।"))
    told = field_document(problem, form_schema(Family))
    assert told["label"] == {"en": en, "bn": bn}


def test_two_fields_within_a_field_are_told_apart_and_lose_the_fields_own_label():
    with pytest.raises(InputRejected) as caught:
        validate_form(Family, {"children": [{"name": "A"}, {}, {}]})
    refusal = refusal_of(caught.value)
    assert refusal is not None
    told = [field_document(one, form_schema(Family)) for one in refusal.fields]
    assert [one["label"]["en"] for one in told] == ["Children 2 – Name", "Children 3 – Name"]
    assert not any(one["text"]["en"].startswith("Children") for one in told)


def test_schema_that_leads_to_itself_has_an_end():
    schema = {"properties": {"a": {"$ref": "#/$defs/A", "title": "A", "x-title-bn": "ক"}}}
    schema["$defs"] = {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"items": {"$ref": "#/$defs/A"}}, 7]}}
    problem = FieldProblem(pointer="/form/a" + "/0" * 50, code="x", text=Text(en="Wrong.", bn="ভুল।"))
    told = field_document(problem, schema)
    assert told["label"]["en"] == "A" + " 1" * 50


@pytest.mark.parametrize("pointer", ["", "/", "/form", "\u202e"])
def test_problem_of_the_form_as_a_whole_has_a_name(pointer):
    refusal = refusal_of(InputRejected([FieldProblem(pointer=pointer, code="x", text=Text(en="Wrong.", bn="ভুল।"))]))
    assert refusal is not None
    assert list(field_lines([field_document(one, SCHEMA) for one in refusal.fields])) == [
        "  – পুরো ফরম: ভুল।",
        "    The form as a whole: Wrong.",
    ]


@pytest.mark.parametrize("schema", [None, {}, {"properties": 3}, {"properties": {"plot": {"title": "Plot"}}}])
def test_field_of_a_form_that_cannot_be_had_goes_by_its_pointer(schema):
    problem = FieldProblem(pointer="/form/plot", code="x", text=Text(en="Wrong.", bn="ভুল।"))
    assert field_document(problem, schema)["label"] is None


OF_AN_APPLICATION = sorted(
    set(Operation)
    - {Operation.SLOTS, Operation.BOOK_SLOT, Operation.CALLBACK, Operation.HEALTH}
    - {Operation.LIST_PAYMENTS, Operation.PAYMENT_NOTICE}
)


@pytest.mark.parametrize("operation", OF_AN_APPLICATION)
def test_refusal_of_anything_that_is_called_for_an_application_has_a_sentence(operation):
    refusal = refusal_of(AgencyRejected("x", reason=REASON))
    assert refusal is not None
    told = refusal_text(operation, refusal, words=with_numbers_masked)
    assert told.en.endswith(f"«Call {MASK} about NID {MASK}.»")
    assert told.bn.endswith(f"«{MASK} নম্বরে জানান।»")


def test_refused_payment_is_not_called_a_fault_of_the_form():
    refusal = refusal_of(InputRejected(()))
    assert refusal is not None
    assert refusal_text(Operation.ADVISE_PAYMENT, refusal).en == "The agency did not accept the payment."
    assert refusal_text(Operation.SUBMIT, refusal).en == "Some of what was filled in is not accepted."


@pytest.mark.parametrize(
    ("state", "told"), [("rejected", "The reason that the agency gives:"), ("issued", "The agency says:")]
)
def test_what_stands_beside_a_state_is_a_reason_only_where_the_agency_refused(state, told):
    status = AgencyStatus(state=ApplicationState(state), raw="x", reason=REASON)
    said = report_text(status)
    assert said is not None
    assert said.en == f"{told} «{REASON.en}»"


@pytest.mark.parametrize("remark", [None, "", " ", "\x00\u202e", "\u200c\u200d", "\u3164\ufe0f \u2800"])
def test_report_without_words_says_nothing(remark):
    assert report_text(AgencyStatus(state=None, raw="x", remark=remark)) is None


def test_day_without_a_tariff_is_told_as_what_it_is_and_as_no_fault_of_a_program():
    sentence = NoTariff("fees", date(2015, 8, 31), first=date(2015, 9, 1)).sentence
    refusal = refusal_of(AgencyRejected("no-tariff", reason=sentence, layer=Layer.PLUGIN))
    assert refusal.fault is None
    told = refusal_text(Operation.QUOTE, refusal, words=with_numbers_masked)
    assert told.en == f"The fee could not be worked out. «{sentence.en}»"
    assert told.bn == f"ফি নির্ণয় করা যায়নি। «{sentence.bn}»"


def test_price_with_a_cost_of_unknown_amount_names_it_and_says_at_least():
    quote = Quote(
        id="quote-1",
        lines=(QuoteLine(code="fee", text=Text(en="Fee", bn="ফি"), amount=Money.taka(45), vat=Money.taka(0)),),
        total=Money.taka(45),
        unpriced=(Text(en="Income tax", bn="আয়কর"),),
        due=FeeDue.AFTER_SUBMISSION,
        issued_at=datetime(2026, 11, 24, tzinfo=UTC),
        expires_at=datetime(2026, 11, 25, tzinfo=UTC),
        source=Source(title="A page", verified=False),
    )
    shown = "\n".join(fee_lines(fee_document(quote)))
    assert "আয়কর · Income tax: কত তা এখানে জানা নেই; সংস্থায় জেনে নিন · amount not known here; ask the agency" in shown
    assert "মোট, কমপক্ষে · Total, at least: ৪৫ টাকা · Tk 45" in shown
